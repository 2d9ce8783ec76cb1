"""A live step: what a stream of a series' detector takes for one more step, when all before it are known."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from anomaly import SequenceDetector
from benchmarks.speed.figures import JobResult, Target, single
from benchmarks.speed.jobs.processes import Program, processor_of, take_turns
from benchmarks.speed.rounds import Settings

_SENSORS = (1, 38)
_STEPS, _QUICK_STEPS = 10_000, 1_000
_TARGET = Target("at most", 0.001)
_WITHOUT_NUMBA = """
import sys
sys.modules["numba"] = sys.modules["llvmlite"] = None
"""
_LIVE = """
import json, sys, time
import numpy as np
from anomaly import load_detector
x = np.load(sys.argv[2])
stream = load_detector(sys.argv[1]).stream()
ready = len(x) // 2
stream.push(x[:ready])
for step in x[ready : ready + ready // 4]:
    stream.push(step[np.newaxis])
steps = x[ready + ready // 4 :]
start, used = time.perf_counter(), time.process_time()
for step in steps:
    stream.push(step[np.newaxis])
seconds, processor = (time.perf_counter() - start) / len(steps), (time.process_time() - used) / len(steps)
print(json.dumps({"seconds": seconds, "processor": processor}))
"""
_WAYS = {"compiled": _LIVE, "NumPy alone": _WITHOUT_NUMBA + _LIVE}


def live(settings: Settings) -> JobResult:
    """Score the steps of a series one by one, as they come."""
    n = _QUICK_STEPS if settings.quick else _STEPS
    result = JobResult("live", f"one more step of a stream, by a detector fitted to {n:,} steps")
    with tempfile.TemporaryDirectory() as name:
        programs = []
        for sensors in _SENSORS:
            model, data = Path(name) / f"{sensors}.npz", Path(name) / f"{sensors}.npy"
            SequenceDetector(random_state=0).fit(_series(n, sensors, 0)).save(model)
            np.save(data, _series(n // 5, sensors, 1))
            programs += [
                Program(_title(sensors, way), ["-c", script, str(model), str(data)], settings.python, reports=True)
                for way, script in _WAYS.items()
            ]
        take_turns(settings, programs, result, "one")
    for sensors in _SENSORS:
        for way in _WAYS:
            used = processor_of(result, _title(sensors, way), "one")
            if used:
                result.figures.append(single(f"a step, {_title(sensors, way)}", used, "s", _TARGET))
    return result


def _title(sensors: int, way: str) -> str:
    return f"{sensors} sensor{'s' * (sensors > 1)}, {way}"


def _series(n: int, sensors: int, seed: int) -> np.ndarray:
    """Return oscillations of one period, each with a phase of its own, and noise."""
    rng = np.random.default_rng([seed, sensors])
    phases = np.random.default_rng(sensors).uniform(0, 2 * np.pi, sensors)
    angles = 2 * np.pi * np.arange(n)[:, np.newaxis] / 50 + phases
    return np.asarray(np.sin(angles) + 0.1 * rng.normal(size=(n, sensors)))
