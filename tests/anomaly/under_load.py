"""Detectors under load: threads, processes of every way to start them, many detectors, an empty cache of compiled code.

    python -m tests.anomaly.under_load --seconds 3600

scores in eight threads for so long, and prints a line for each trial; it exits 1 if a score drifts or memory grows.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

import anomaly

N = 8
MEGABYTES = 30
"""Growth of memory that is still called flat: of a run that is as long as you like."""

Detectors = dict[str, tuple[anomaly.BaseDetector, Any]]


def detectors() -> Detectors:
    """Return small detectors of tables and series, each with what it scores."""
    rng = np.random.default_rng(0)
    table, series = rng.normal(size=(200, 4)), np.sin(np.arange(400)[:, np.newaxis] / 5) + rng.normal(0, 0.1, (400, 2))
    small = {"epochs": 2, "random_state": 0}
    return {
        "table": (anomaly.TableDetector(hidden=(8,), **small).fit(table), table[:50]),
        "variational": (anomaly.VariationalDetector(hidden=(8,), **small).fit(table), table[:50]),
        "series": (anomaly.SequenceDetector(window=8, random_state=0).fit(series), series[:120]),
        "networks": (anomaly.SequenceDetector(window=8, network="conv", **small).fit(series), series[:120]),
    }


def resident() -> float:
    """Return the memory of this process in use, in megabytes; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def in_threads(found: Detectors, seconds: float, threads: int = N) -> tuple[int, list[str], float]:
    """Score, save, load and fit in threads; return the number of rounds, what differed, and the growth of memory."""
    expected = {name: detector.decision_function(some) for name, (detector, some) in found.items()}
    wrong: list[str] = []
    rounds = [0] * threads
    warm, end = threading.Barrier(threads + 1), time.monotonic() + seconds

    def work(number: int) -> None:
        try:
            rounds_of(number)
        except Exception as error:  # a thread that ends early would let the others wait for ever
            wrong.append(f"{type(error).__name__}: {error}")
            warm.abort()

    def rounds_of(number: int) -> None:
        rng = np.random.default_rng(number)
        with tempfile.TemporaryDirectory() as folder:
            while True:
                for name, (detector, some) in found.items():
                    path = Path(folder) / "m.npz"
                    detector.save(path)
                    for one in (detector, anomaly.load_detector(path)):
                        scores = one.decision_function(some)
                        if not np.array_equal(scores, expected[name]):
                            wrong.append(f"{name}: scores moved by {np.abs(scores - expected[name]).max():.2g}")
                own = anomaly.AutoencoderDetector(hidden=(4, 2, 4), epochs=1, random_state=number)
                if not np.isfinite(own.fit(rng.normal(size=(60, 3))).threshold_):
                    wrong.append("a fit in a thread came out wrong")
                rounds[number] += 1
                if rounds[number] == 1:
                    with contextlib.suppress(threading.BrokenBarrierError):
                        warm.wait()
                if time.monotonic() > end or wrong:
                    return

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    with contextlib.suppress(threading.BrokenBarrierError):
        warm.wait()
    before = resident()
    for worker in workers:
        worker.join()
    return sum(rounds), wrong, resident() - before


def score(path: str, some: Any) -> Any:
    """Score with a detector of a file, in another process."""
    return anomaly.load_detector(path).decision_function(some)


def score_with(detector: anomaly.BaseDetector, some: Any) -> Any:
    """Score with a detector that came by pickle or with the memory of the parent."""
    return detector.decision_function(some)


def in_processes(found: Detectors, way: str, processes: int = N) -> list[str]:
    """Score in processes that were started by fork, spawn, forkserver or loky; return the names of what differs."""
    if way == "loky":
        from joblib import Parallel, delayed

        def run(function: Callable[..., Any], *arguments: Any) -> Any:
            return Parallel(processes, backend="loky")(delayed(function)(*arguments) for _ in range(processes))
    else:
        pool = ProcessPoolExecutor(processes, multiprocessing.get_context(way))

        def run(function: Callable[..., Any], *arguments: Any) -> Any:
            return [one.result() for one in [pool.submit(function, *arguments) for _ in range(processes)]]

    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        for name, (detector, some) in found.items():
            path = f"{folder}/{name}.npz"
            detector.save(path)
            expected = detector.decision_function(some)
            for results in (run(score, path, some), run(score_with, detector, some)):
                wrong += [f"{way}: {name}" for scores in results if not np.array_equal(scores, expected)]
    if way != "loky":
        pool.shutdown()
    return wrong


def on_an_empty_cache(processes: int = N) -> list[str]:
    """Fit in processes that all find an empty cache of compiled code; return what is wrong."""
    program = (
        "import numpy as np, anomaly; x = np.random.default_rng(0).normal(size=(300, 4)); "
        "d = anomaly.TableDetector(hidden=(8,), epochs=2, random_state=0).fit(x); "
        "print(d.decision_function(x).tobytes().hex()[:4000], end='')"
    )
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "NNLITE_CACHE_DIR": folder, "NUMBA_CACHE_DIR": folder, "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-W", "error", "-c", program]
        started = [
            subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(processes)
        ]
        results = [process.communicate() for process in started]
        errors = [error[-300:] for _, error in results if error]
        if len({output for output, _ in results}) != 1:
            errors.append("scores differ between processes")
        left = [path.name for path in Path(folder).rglob("*") if path.name.startswith(".") and path.is_file()]
    return errors + [f"left behind: {left}"] * bool(left)


def many(count: int = 100) -> tuple[list[str], float]:
    """Keep so many detectors in a process, and score with all; return what differs, and how memory grew after."""
    found = detectors()
    with tempfile.TemporaryDirectory() as folder:
        for name, (detector, _) in found.items():
            detector.save(f"{folder}/{name}.npz")
        names = [list(found)[i % len(found)] for i in range(count)]
        loaded = [anomaly.load_detector(f"{folder}/{name}.npz") for name in names]
    expected = {name: detector.decision_function(some) for name, (detector, some) in found.items()}
    wrong, before = [], 0.0
    for turn in range(3):
        for name, detector in zip(names, loaded, strict=True):
            if not np.array_equal(detector.decision_function(found[name][1]), expected[name]):
                wrong.append(name)
        before = before if turn else resident()
    return wrong, resident() - before


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    failed = []
    # Processes first: a process with threads must not fork.
    found = detectors()
    ways = [*multiprocessing.get_all_start_methods(), "loky"]
    for way in ways:
        wrong = in_processes(found, way)
        print(f"{N} processes by {way}: {wrong or 'the same scores'}", flush=True)
        failed += wrong
    wrong = on_an_empty_cache()
    print(f"{N} processes on an empty cache: {wrong or 'the same scores, nothing left behind'}", flush=True)
    failed += wrong
    wrong, growth = many()
    print(f"100 detectors: {wrong or 'the same scores'}, memory {growth:+.1f} MB", flush=True)
    failed += wrong
    rounds, wrong, grown = in_threads(found, options.seconds)
    print(f"{N} threads, {options.seconds:g} s, {rounds} rounds: {wrong or 'the same scores'}, memory {grown:+.1f} MB")
    failed += wrong
    return int(bool(failed) or max(growth, grown) > MEGABYTES)


if __name__ == "__main__":
    sys.exit(main())
