"""A series of the Numenta Anomaly Benchmark: the temperature of a large machine, every five minutes for 79 days.

Protocol: learn from the first week, which comes before the first labelled window; score all that follows without
looking ahead; alarms less than a day apart are one event. A labelled window is found if an event reaches into it; an
event that reaches into none is false. Windows are two days wide, with the fault in their middle: a delay of a day from
their start is none. The rows are taken as they stand, since the clock is put back once among them.

References
----------
Lavin & Ahmad, "Evaluating real-time anomaly detection algorithms: the Numenta Anomaly Benchmark", ICMLA 2015.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np

from anomaly import SequenceDetector
from anomaly.csvfiles import read_csv
from anomaly.events import Event, find_events

NAME = "machine_temperature_system_failure.csv"
DAY = 288
TRAINING_ROWS = 7 * DAY
SEEDS = (0, 1, 2)

# A machine that fails does so over hours: six of them in a window, and six of smoothing. Its level wanders with its
# load and the weather, far beyond what a week shows: windows are shown relative to their own level.
SETTING = {"window": 72, "smoothing": 72, "relative": True, "causal": True, "margin": 3.0, "epochs": 40}


def read(folder: Path) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """Return the series, and the first and the last row (exclusive) of each labelled window."""
    table = read_csv(folder / NAME)
    times = table["timestamp"].astype("M8[s]")
    windows = json.loads((folder / "windows.json").read_text())[NAME]
    rows = [np.flatnonzero((times >= np.datetime64(a[:19])) & (times <= np.datetime64(b[:19]))) for a, b in windows]
    return table["value"].astype(np.float64), [(int(r[0]), int(r[-1]) + 1) for r in rows]


def events_of(series: np.ndarray, seed: int) -> list[Event]:
    """Return the events behind the training week, counted from the start of the series."""
    detector = SequenceDetector(**SETTING, random_state=seed).fit(series[:TRAINING_ROWS])
    scores = detector.decision_function(series)
    flags = scores > detector.threshold_
    flags[:TRAINING_ROWS] = False
    return find_events(flags, scores, tolerance=DAY)


def report(folder: Path) -> str:
    """Run the protocol with three seeds, and lay out what came of it."""
    series, windows = read(folder)
    months = (len(series) - TRAINING_ROWS) / DAY / 30.44
    lines = [f"{'NAB ' + NAME:44} {'windows found':>14} {'false events':>13} {'a month':>8} {'delay':>9}"]
    for seed in SEEDS:
        started = time.perf_counter()
        events = events_of(series, seed)
        found = [[e for e in events if e.start < b and e.end > a] for a, b in windows]
        false = sum(not any(e.start < b and e.end > a for a, b in windows) for e in events)
        delays = [max(0, here[0].start - a) / 12 for here, (a, _) in zip(found, windows, strict=True) if here]
        name = f"seed {seed} ({time.perf_counter() - started:.1f} s)"
        share = f"{len(delays)} of {len(windows)}"
        lines.append(f"{name:44} {share:>14} {false:13} {false / months:8.2f} {np.median(delays):7.1f} h")
    return "\n".join([*lines, ""])
