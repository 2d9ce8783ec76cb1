"""Series of the Numenta Anomaly Benchmark: rows five minutes apart, with labelled anomalous windows.

The hardest is the temperature of a large machine over 79 days, with a planned shutdown and a failure with early signs;
two synthetic series with a daily cycle, one with a jump and one without, test the same setting elsewhere.

Protocol: train on the first week, which precedes the first labelled window, and score all later rows causally. The
score is NAB's, of all files together and at the detector's own threshold, by its three profiles; a detector that flags
nothing has 0. NAB itself chooses the threshold by the labels, and its rows of the first week are in probation.
Beside it stand the windows found and the false events: alarms less than a day apart are one event, and an event that
overlaps no window is false. Windows are two days long, with the fault in their middle. Rows are one step apart whatever
their timestamps, since the clock is set back once.

References
----------
Lavin & Ahmad, "Evaluating real-time anomaly detection algorithms: the Numenta Anomaly Benchmark", ICMLA 2015.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from anomaly.cli.texts import table
from anomaly.events import find_events, find_segments
from anomaly.metrics import NAB_PROFILES, nab_corpus_score
from anomaly.tables.csv_files import read_csv
from benchmarks.series.parts.part import Case, Figures, Outcome, Segment, without_gaps
from nnlite.types import Array

DESCRIPTION = "NAB, series with early signs of faults, scored causally"

DAY = 288
TRAINING_ROWS = 7 * DAY
_QUICK_FILES = 1


def read(path: Path, windows: list[list[str]]) -> tuple[Array, Array]:
    """Return a series of one column, and labels that are 1 within windows."""
    data = read_csv(path)
    times = data["timestamp"].astype("M8[s]")
    labels = np.zeros(len(times), np.int64)
    for start, end in windows:
        labels[(times >= np.datetime64(start[:19])) & (times <= np.datetime64(end[:19]))] = 1
    return without_gaps(data["value"].astype(np.float64)[:, np.newaxis]), labels


def files(folder: Path) -> dict[str, list[list[str]]]:
    """Return the labelled windows of each file.

    Raises
    ------
    FileNotFoundError
        If there are none.
    """
    return json.loads((folder / "nab" / "windows.json").read_text())


def cases(folder: Path, seed: int, quick: bool) -> Iterator[Case]:
    """Yield the files; quickly, the first one that has windows."""
    del seed
    every = files(folder).items()
    for name, windows in [one for one in every if one[1]][:_QUICK_FILES] if quick else every:
        series, labels = read(folder / "nab" / name, windows)
        # All of the series is scored, so that it need not begin in the middle of nothing; its first week is left out.
        yield Case(Path(name).stem, "NAB", series[:TRAINING_ROWS], [Segment(series, labels)], causal=True)


def figures(case: Case, outcome: Outcome) -> Figures:
    """Return the alarms, and what a report needs beside them."""
    flags = outcome.flags[0].copy()
    flags[:TRAINING_ROWS] = 0
    labels = case.segments[0].labels
    events = find_events(flags, tolerance=DAY)
    return {
        "rows": len(labels),
        "windows": find_segments(labels),
        "alarms": find_segments(flags),
        "windows_found": sum(bool(flags[a:b].any()) for a, b in find_segments(labels)),
        "false_events": sum(not labels[event.start : event.end].any() for event in events),
        "seconds": outcome.fit_seconds + outcome.score_seconds,
    }


def refused(case: Case) -> Figures:
    """Return the figures of no alarm."""
    n = len(case.segments[0].series)
    return figures(case, Outcome([np.zeros(n)], [np.zeros(n, np.int64)], 0.0, 0.0))


def report(results: dict[str, list[dict[str, Any]]]) -> tuple[str, dict[str, Any]]:
    """Return a table of the scores of all files together, and its figures; the best detector first."""
    summary = {name: _summary(own) for name, own in results.items()}
    ranked = sorted(summary, key=lambda name: -summary[name]["standard"])
    rows = [
        [
            name,
            *(f"{summary[name][profile]:.1f}" for profile in NAB_PROFILES),
            f"{summary[name]['windows_found']} of {summary[name]['windows']}",
            f"{summary[name]['false_events_a_month']:.2f}",
            f"{summary[name]['seconds']:.2f}",
        ]
        for name in ranked
    ]
    text = "\n".join(
        [
            f"{len({one['case'] for one in next(iter(results.values()))})} files, NAB's score at the detector's own "
            "threshold; 0 for no alarm, 100 for the first row of each window alone",
            table(["detector", *NAB_PROFILES, "windows found", "false events a month", "seconds"], rows),
        ]
    )
    return text, {"detectors": {name: summary[name] for name in ranked}}


def _summary(results: list[dict[str, Any]]) -> Figures:
    series = [(_mask(one["rows"], one["windows"]), _mask(one["rows"], one["alarms"])) for one in results]
    months = sum(one["rows"] - TRAINING_ROWS for one in results) / DAY / 30.44
    has_windows = any(one["windows"] for one in results)
    return {
        **{
            profile: nab_corpus_score(series, 0.5, profile).score if has_windows else float("nan")
            for profile in NAB_PROFILES
        },
        "windows": sum(len(one["windows"]) for one in results),
        "windows_found": sum(one["windows_found"] for one in results),
        "false_events_a_month": sum(one["false_events"] for one in results) / months,
        "seconds": float(np.mean([one["seconds"] for one in results])),
    }


def _mask(n: int, segments: list[list[int]]) -> Array:
    mask = np.zeros(n, np.int64)
    for start, end in segments:
        mask[start:end] = 1
    return mask
