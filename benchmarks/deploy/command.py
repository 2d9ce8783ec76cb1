"""``python -m benchmarks deploy``: the table of ``docs/deploy.md``."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from anomaly import TableDetector
from anomaly.export import export_c
from benchmarks.deploy import service
from benchmarks.deploy.worker import WAYS
from benchmarks.pages import replaced

_ROWS, _COLUMNS, _PROTOTYPES = 5000, 10, 200
_MANY = """
void many(const float *x, float *y, int n);
void many(const float *x, float *y, int n) {
  for (int i = 0; i < n; i++) y[i] = program_score(x + i * PROGRAM_COLUMNS);
}
"""
_LABELS = {
    "python": "Python, with Numba",
    "numpy": "Python, NumPy alone",
    "serve, JSON": "`anomaly serve`, JSON",
    "serve, Arrow": "`anomaly serve`, Arrow",
    "onnx": "ONNX Runtime",
    "python, prototypes": "Python, with Numba; 200 prototypes",
    "onnx, prototypes": "ONNX Runtime; 200 prototypes",
    "c": "C; 200 prototypes",
}


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks deploy", description=__doc__)
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the table into a page, between its two marks")
    parser.add_argument("--repeat", type=int, default=3, help="runs, of which the medians are shown (default: 3)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sizes = _make(folder)
        runs = [_run(folder) for _ in range(options.repeat)]
    found = {way: {key: float(np.median([run[way][key] for run in runs])) for key in runs[0][way]} for way in runs[0]}
    for way, size in sizes.items():
        found[way]["size"] = size
    for way in ("serve, JSON", "serve, Arrow"):
        found[way]["share"] = float(np.median([run[way]["rows"] / run["python"]["rows"] for run in runs]))
    text = table(found)
    print(text)
    if options.write is not None:
        options.write.write_text(replaced(options.write.read_text(), "python -m benchmarks deploy", text))


def _make(folder: Path) -> dict[str, float]:
    """Write the detector in all forms; return the size of each in MB."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(_ROWS, _COLUMNS)) @ rng.normal(size=(_COLUMNS, _COLUMNS))
    detector = TableDetector(random_state=0).fit({f"c{i}": column for i, column in enumerate(x.T)})
    few = detector.keep_records("prototypes", _PROTOTYPES)
    detector.save(folder / "m.npz")
    few.save(folder / "few.npz")
    detector.export(folder / "d.onnx")
    few.export(folder / "few.onnx")
    np.save(folder / "records.npy", x)
    header, source = export_c(few, folder / "program")
    flags = ["-std=c99", "-O3", "-march=native", "-ffp-contract=off", "-fPIC"]
    wrapper = folder / "many.c"
    wrapper.write_text(f'#include "{header}"\n{_MANY}')
    subprocess.run(["gcc", *flags, "-shared", source, wrapper, "-o", folder / "program.so", "-lm"], check=True)
    files = {"python": "m.npz", "numpy": "m.npz", "serve, JSON": "m.npz", "serve, Arrow": "m.npz", "onnx": "d.onnx"}
    files |= {"python, prototypes": "few.npz", "onnx, prototypes": "few.onnx", "c": "program.so"}
    return {way: (folder / name).stat().st_size / 1e6 for way, name in files.items()}


def _run(folder: Path) -> dict[str, dict[str, float]]:
    found = {}
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    for way in WAYS:
        command = [sys.executable, "-m", "benchmarks.deploy.worker", way, str(folder), str(time.time())]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        found[way] = json.loads(done.stdout)
    names = [f"c{i}" for i in range(_COLUMNS)]
    os.environ.update(environment)
    found["serve, JSON"] = service.measure(folder, names, "application/json")
    found["serve, Arrow"] = service.measure(folder, names, "application/vnd.apache.arrow.stream")
    return found


def table(found: dict[str, dict[str, Any]]) -> str:
    """Return the table in Markdown.

    Examples
    --------
    >>> figures = {"start": 0.5, "memory": 99.6, "size": 1.23, "rows": 123456.0, "one": 7.77}
    >>> print(table({"onnx": figures}).splitlines()[-1])
    | ONNX Runtime | 0.50 | 100 | 1.23 | 123,000 | 8 | |
    """
    lines = [
        "| way | start, s | memory, MB | size, MB | records/s | one record, us | batch in the service |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for way in (way for way in _LABELS if way in found):
        one = found[way]
        more = ""
        if "p99" in one:
            more = f"{one['share']:.0%} of Python's records/s; p50 {one['p50']:.1f}, p99 {one['p99']:.1f} ms"
        rows = float(f"{one['rows']:.3g}")
        cells = [_LABELS[way], f"{one['start']:.2f}", f"{one['memory']:.0f}", f"{one['size']:.2f}", f"{rows:,.0f}"]
        lines.append("| " + " | ".join([*cells, f"{_two_digits(one['one']):,.0f}", more]) + " |")
    return "\n".join(lines).replace("|  |", "| |")


def _two_digits(value: float) -> float:
    return float(f"{value:.2g}")
