"""Promises about files and processes: rejected files, memory of reading, modules that an import loads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import tracemalloc
from functools import cache
from pathlib import Path

import numpy as np

from anomaly import TableDetector, load_detector
from anomaly.cli import main
from anomaly.datasets import make_transactions
from anomaly.tables import as_table
from anomaly.tables.csv_files import iter_csv, read_csv
from anomaly.tables.csv_writer import write_csv
from benchmarks.promises.promise import NEVER, Promise, at_most
from benchmarks.promises.table_detector import QUICK
from benchmarks.speed.environment import PROJECT
from benchmarks.speed.jobs.start import bytecode
from nnlite.archive import FileFormatError

_IMPORT = """
import json, sys, time
import numpy
start = time.perf_counter()
import {module}
took = time.perf_counter() - start
{then}
print(json.dumps([took, sorted({{name.split(".")[0] for name in sys.modules}})]))
"""
_HEAVY = {"numba", "llvmlite", "matplotlib", "scipy", "pandas", "polars", "sklearn"}


@cache
def _saved() -> bytes:
    x = np.random.default_rng(0).normal(size=(60, 3))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "detector.npz"
        TableDetector(random_state=0, **QUICK).fit(x).save(path)
        return path.read_bytes()


def _loads_differently(content: bytes) -> bool:
    """Return whether a file loads with other contents; the only error allowed is the promised one."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "detector.npz"
        path.write_bytes(content)
        try:
            detector = load_detector(path)
        except FileFormatError:
            return False
        detector.save(path)
        return path.read_bytes() != _saved()


def _undetected(seed: int, data: str) -> float:
    """Return the number of 20 damaged files that load with other contents, or fail with another error."""
    rng = np.random.default_rng(seed)
    content = _saved()
    wrong = 0
    for _ in range(20):
        if data == "truncated":
            damaged = content[: int(rng.integers(len(content)))]
        elif data == "foreign":
            damaged = rng.bytes(int(rng.integers(5000)))
        else:
            changed = bytearray(content)
            start = int(rng.integers(len(content) - 8))
            changed[start : start + 8] = rng.bytes(8)
            damaged = bytes(changed)
        try:
            wrong += damaged != content and _loads_differently(damaged)
        except Exception:
            wrong += 1
    return float(wrong)


def _memory_over_size(seed: int, data: str) -> float:
    """Return the peak of Python's memory while a large file is loaded, over the size of the file."""
    x = np.random.default_rng(seed).normal(size=(8000, 20))
    larger = {"hidden": (512, 512), "neighbors": 0, "noise": 0.2} if data == "a large network" else {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "detector.npz"
        TableDetector(random_state=0, **{**QUICK, "epochs": 1, **larger}).fit(x).save(path)
        load_detector(path)
        tracemalloc.start()
        detector = load_detector(path)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        del detector
        return peak / path.stat().st_size


def _memory_growth(seed: int, data: str) -> float:
    """Return the peak of memory for reading or scoring 160,000 rows, over that for 80,000."""
    columns = make_transactions(n_records=1000, random_state=seed).columns
    table = as_table({name: columns[name] for name in ("amount", "merchant_category")})
    peaks = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        TableDetector(random_state=0, **{**QUICK, "hidden": (4,)}).fit(table).save(folder / "m.npz")
        for times in (80, 160):
            write_csv(folder / "rows.csv", (table for _ in range(times)))
            tracemalloc.start()
            if data == "iter_csv":
                for chunk in iter_csv(folder / "rows.csv", chunk_rows=20_000):
                    assert chunk.n_rows
            else:
                main(["score", str(folder / "rows.csv"), "-m", str(folder / "m.npz"), "-o", str(folder / "out.csv")])
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    return peaks[1] / peaks[0]


def _cells_differ(seed: int, data: str) -> float:
    """Return the number of values that a CSV file changes, or writes with more digits than necessary."""
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=300) * 10.0 ** rng.integers(-200, 200, size=300)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "numbers.csv"
        write_csv(path, as_table({"x": numbers, "y": numbers[::-1]}))
        table = read_csv(path)
    cells = list(map(str, table["x"]))
    digits = [len(cell.lower().split("e")[0].replace(".", "").strip("-0")) for cell in cells]
    long = sum(d > 1 and float(f"{x:.{d - 2}e}") == x for d, x in zip(digits, numbers.tolist(), strict=True))
    return float((np.array(list(map(float, cells))) != numbers).sum() + long)


def _bytes_differ(seed: int, data: str) -> float:
    x = np.random.default_rng(seed).normal(size=(60, 3))
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{i}.npz" for i in range(2)]
        detector = TableDetector(random_state=seed, **QUICK).fit(x)
        for path in paths:
            detector.save(path)
        return float(paths[0].read_bytes() != paths[1].read_bytes())


def _process(module: str, then: str = "", environment: dict[str, str] | None = None) -> tuple[float, set[str]]:
    done = subprocess.run(
        [sys.executable, "-c", _IMPORT.format(module=module, then=then)],
        capture_output=True,
        text=True,
        check=True,
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": str(PROJECT), **(environment or {})},
    )
    took, names = json.loads(done.stdout)
    return took, set(names)


def _milliseconds(seed: int, data: str) -> float:
    with bytecode() as environment:
        _process("nnlite", environment=environment)  # writes it
        return 1000 * min(_process("nnlite", environment=environment)[0] for _ in range(5))


def _heavy_modules(seed: int, data: str) -> float:
    if data == "import nnlite":
        return float(len(_process("nnlite")[1] & _HEAVY))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "detector.npz"
        path.write_bytes(_saved())
        then = f"anomaly.load_detector({str(path)!r}).decision_function(numpy.zeros((5, 3)))"
        return float(len(_process("anomaly", then)[1] & _HEAVY))


PROMISES = (
    Promise(
        "README.md",
        "raises one clear error for a truncated or foreign file, or one with altered contents",
        "damaged files with other contents or errors, of 20",
        _undetected,
        NEVER,
        ("truncated", "altered", "foreign"),
        seeds=25,
        short=2,
    ),
    Promise(
        "README.md",
        "takes at most three times the memory of its bytes",
        "memory that loading takes / size of the file",
        _memory_over_size,
        at_most(3.0),
        ("many records", "a large network"),
        seeds=2,
        short=1,
    ),
    Promise(
        "anomaly.tables.csv_files.iter_csv",
        "in an amount of memory that does not depend on its length",
        "memory for 160,000 rows / for 80,000",
        _memory_growth,
        at_most(1.1),
        ("iter_csv",),
        seeds=2,
        short=0,
    ),
    Promise(
        "anomaly score --help",
        "Files of any length are read in a fixed amount of memory",
        "memory for 160,000 rows / for 80,000",
        _memory_growth,
        at_most(1.1),
        ("anomaly score",),
        seeds=2,
        short=0,
    ),
    Promise(
        "anomaly.tables.csv_writer.CsvWriter.write_columns",
        "with the fewest digits that give back the same number",
        "numbers that differ, or have more digits",
        _cells_differ,
        NEVER,
        seeds=20,
        short=3,
    ),
    Promise(
        "nnlite.archive.dump_archive",
        "the same contents give the same bytes",
        "files that differ",
        _bytes_differ,
        NEVER,
        seeds=5,
        short=1,
    ),
    Promise(
        "CONTRIBUTING.md",
        "must take less than 30 ms over `import numpy`",
        "milliseconds for import nnlite",
        _milliseconds,
        at_most(30.0),
        seeds=3,
        short=0,
    ),
    Promise(
        "README.md",
        "Scoring with a saved detector needs NumPy alone",
        "other packages that an import loads",
        _heavy_modules,
        NEVER,
        ("import nnlite", "load and score"),
        seeds=1,
        short=1,
    ),
)
