"""Series of the Numenta Anomaly Benchmark: five minutes a row, weeks of them, and stretches labelled as anomalous.

The hardest is the temperature of a large machine over 79 days, with a planned stop and a failure that announced itself;
two made-up ones, a daily rhythm with a jump and one without, show that the same setting serves elsewhere.

Protocol: learn from the first week, which comes before the first labelled window; score all that follows without
looking ahead; alarms less than a day apart are one event. A labelled window is found if an event reaches into it; an
event that reaches into none is false. Windows are two days wide, with the fault in their middle: a delay of a day from
their start is none. The rows are taken as they stand, since the clock is put back once among them.

The setting was chosen by `benchmarks.series.choice` without a label: by faults put into the first weeks, to whose level
a random walk is added. Labels were looked at twice, after either of two such studies. The first had no random walk, and
chose a smoothing of 5: with four seeds it found 2 of the 4 windows of the machine, with 2.5 to 8 false events a month.
A week in which the means of the days differ by more than a day's readings do tells that the level will go further in
the ten to follow; hence the walk, and no more than one day in a month with an alarm. The second, made with the
figures of the first known, chose what stands here: 1 to 3 of the 4 windows, with 0 to 4.2 false events a month; and the
jump, and nothing where there is nothing, in the series that are made up.

An earlier setting found all four with 0.85 false events a month; but it was found by comparing figures on the labels,
and the rule for thresholds was another.

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

DAY = 288
TRAINING_ROWS = 7 * DAY
DAILY_FALSE_EVENTS = 1 / 30
SEEDS = (0, 1, 2, 3)

# Chosen by `benchmarks.series.choice`, without a label; three in place of each leave less to luck.
SETTING = {"causal": True, "window": 12, "smoothing": 72, "members": 3}


def read(path: Path, windows: list[list[str]]) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """Return a series, and the first and the last row (exclusive) of each labelled window."""
    table = read_csv(path)
    times = table["timestamp"].astype("M8[s]")
    rows = [np.flatnonzero((times >= np.datetime64(a[:19])) & (times <= np.datetime64(b[:19]))) for a, b in windows]
    return table["value"].astype(np.float64), [(int(r[0]), int(r[-1]) + 1) for r in rows]


def events_of(series: np.ndarray, seed: int) -> list[Event]:
    """Return the events behind the training week, counted from the start of the series."""
    detector = SequenceDetector(**SETTING, random_state=seed).fit(series[:TRAINING_ROWS])
    scores = detector.decision_function(series)
    flags = scores > detector.threshold_
    flags[:TRAINING_ROWS] = False
    return find_events(flags, scores, tolerance=DAY)


def judge(name: str, series: np.ndarray, windows: list[tuple[int, int]], seed: int) -> str:
    """Lay out what one seed finds in a series."""
    started = time.perf_counter()
    events = events_of(series, seed)
    found = [[e for e in events if e.start < b and e.end > a] for a, b in windows]
    false = sum(not any(e.start < b and e.end > a for a, b in windows) for e in events)
    delays = [max(0, here[0].start - a) / 12 for here, (a, _) in zip(found, windows, strict=True) if here]
    months = (len(series) - TRAINING_ROWS) / DAY / 30.44
    share, delay = f"{len(delays)} of {len(windows)}", f"{np.median(delays):.1f} h" if delays else "-"
    seconds = time.perf_counter() - started
    return f"{name:40} {seed:4} {share:>14} {false:13} {false / months:8.2f} {delay:>9} {seconds:6.1f} s"


def report(folder: Path) -> str:
    """Run the protocol on all files with several seeds, and lay out what came of it."""
    lines = [f"{'NAB':40} {'seed':>4} {'windows found':>14} {'false events':>13} {'a month':>8} {'delay':>9}"]
    for name, labelled in json.loads((folder / "windows.json").read_text()).items():
        series, windows = read(folder / name, labelled)
        lines += [judge(name, series, windows, seed) for seed in SEEDS]
    return "\n".join([*lines, ""])
