"""``python -m benchmarks waiting``: what progress costs, and how late a score of a live row is."""

from __future__ import annotations

import argparse
import os
import pty
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.arguments import positive

_ANOMALY = (sys.executable, "-m", "anomaly")


def main(arguments: Sequence[str]) -> int:
    """Measure, and print a line for each job."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks waiting", description=__doc__)
    parser.add_argument("--rounds", type=positive, default=9, help="alternating runs of each job (default: 9)")
    parser.add_argument("--records", type=positive, default=20_000, help="records to fit and to score (default: 20000)")
    parser.add_argument("--live", type=positive, default=200, help="live rows (default: 200)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        _write_table(path / "table.csv", options.records)
        _write_series(path / "series.csv")
        fit = ["fit", str(path / "table.csv"), "--model", str(path / "table.npz")]
        score = ["score", str(path / "table.csv"), "--model", str(path / "table.npz"), "--output", str(path / "scores")]
        print("CPU time with progress on a terminal over that with --quiet, median of the rounds (and its quartiles):")
        for name, command in (("fit", fit), ("score", score)):
            print(f"  {name:8} {_progress_cost(command, options.rounds)}", flush=True)
        series = ["fit", str(path / "series.csv"), "--series", "--time", "time", "--causal"]
        subprocess.run([*_ANOMALY, *series, "--model", str(path / "series.npz"), "--quiet"], check=True)
        print("milliseconds from a row of a pipe to its score (median, and 95 % are below):")
        for name in ("table", "series"):
            late = _delays(path / f"{name}.csv", path / f"{name}.npz", options.live)
            print(f"  {name:8} {np.median(late):.2f}  {np.quantile(late, 0.95):.2f}", flush=True)
    return 0


def _progress_cost(command: Sequence[str], rounds: int) -> str:
    ratios, seconds = [], []
    for k in range(rounds):
        # The order alternates, so that what slows the machine down meets both.
        pair = {quiet: _cpu_seconds([*command, *(["--quiet"] if quiet else [])]) for quiet in (bool(k % 2), not k % 2)}
        ratios.append(pair[False] / pair[True])
        seconds.append(pair[True])
    low, middle, high = np.quantile(ratios, [0.25, 0.5, 0.75])
    return f"{middle:.4f} ({low:.4f} to {high:.4f}) of {statistics.median(seconds):.2f} s"


def _cpu_seconds(command: Sequence[str]) -> float:
    """Run a command on a terminal of 80 columns; return its CPU time."""
    ours, its = pty.openpty()
    process = subprocess.Popen(
        [*_ANOMALY, *command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=its, start_new_session=True
    )
    os.close(its)
    reader = threading.Thread(target=_drain, args=(ours,))
    reader.start()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    reader.join()
    os.close(ours)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def _drain(terminal: int) -> None:
    try:
        while os.read(terminal, 65536):
            pass
    except OSError:  # Linux: the other end is closed
        pass


def _delays(data: Path, model: Path, count: int, pause: float = 0.01) -> list[float]:
    """Write rows to a pipe one by one, as ``tail -f`` does; return how many milliseconds later each score came."""
    lines = data.read_text().splitlines(keepends=True)
    command = [*_ANOMALY, "score", "-", "--model", str(model)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(lines[0])
    late = []
    for k, line in enumerate(lines[1 : count + 21]):
        began = time.perf_counter()
        process.stdin.write(line)
        process.stdin.flush()
        if not k:
            process.stdout.readline()  # the header comes with the first row
        process.stdout.readline()
        late.append(1000 * (time.perf_counter() - began))
        time.sleep(pause)
    process.stdin.close()
    process.wait()
    return late[20:]  # without start and first calls


def _write_table(path: Path, n: int) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 10))
    x[:, 1] = x[:, 0] + 0.1 * x[:, 1]
    names = ",".join(f"column_{k}" for k in range(10))
    np.savetxt(path, x, fmt="%.4f", delimiter=",", header=names, comments="")


def _write_series(path: Path, n: int = 3000) -> None:
    rng, t = np.random.default_rng(0), np.arange(n)
    a, b = np.sin(t / 10) + 0.1 * rng.normal(size=n), np.cos(t / 10) + 0.1 * rng.normal(size=n)
    times = np.datetime64("2026-01-01", "m") + t
    rows = [f"{time},{x:.4f},{y:.4f}\n" for time, x, y in zip(times, a, b, strict=True)]
    path.write_text("".join(["time,a,b\n", *rows]))
