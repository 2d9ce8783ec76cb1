"""The Skoltech Anomaly Benchmark: a water-circulation testbed, eight sensors, one experiment a file.

Protocol: for each file, fit on the first 400 rows and predict a label for every later row; the F1 score and the rates
of false and missed alarms come from the counts of all files together. Detectors have their defaults: no setting is
chosen by the labels.

What the figures are worth: in most files the labels stand at nearly one place. Flagging the rows from 50 to 85 % of
each file, without a look at any sensor, has an F1 of 0.860 on the eleven files that were at hand, and of at least 0.94
on seven of them. So this is a check, and no measure to choose settings by; the rule stands beside the detectors.

Published for all 34 files: Conv-AE F1 0.78 (false alarms 13.6 %, missed 28.0 %), MSET 0.78, T-squared with Q 0.76,
LSTM-AE 0.74, isolation forest 0.29.

References
----------
Katser & Kozitsin, "Skoltech Anomaly Benchmark (SKAB)", 2020.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from anomaly.cli.texts import table
from anomaly.tables.csv_files import read_csv
from benchmarks.series.parts.part import Case, Figures, Outcome, Segment, without_gaps
from nnlite.types import Array

DESCRIPTION = "SKAB, a water-circulation testbed with eight sensors"

TRAINING_ROWS = 400
WITHOUT_SENSORS = "rows 50 to 85 %"
"""A rule that looks at no sensor: it flags that part of each file."""

_NO_SENSORS = ("datetime", "anomaly", "changepoint")
_QUICK_FILES = 2


def experiments(folder: Path) -> list[Path]:
    """Return the files of the experiments in order, without that of normal operation, which has no labels.

    Raises
    ------
    FileNotFoundError
        If there are none.
    """
    files = sorted(path for path in (folder / "skab").glob("*/*.csv") if path.stem != "anomaly-free")
    if not files:
        raise FileNotFoundError(f"there is no skab/*/*.csv in {folder}")
    return files


def sensors_of(path: Path) -> tuple[Array, Array]:
    """Return the sensors of an experiment, and its labels, 0 where the file has none."""
    data = read_csv(path)
    sensors = [name for name in data.names if name not in _NO_SENSORS]
    labels = data["anomaly"] if "anomaly" in data.names else np.zeros(len(data))
    series = np.column_stack([np.asarray(data[name], np.float64) for name in sensors])
    return without_gaps(series), np.array([float(cell) for cell in labels]).astype(np.int64)


def cases(folder: Path, seed: int, quick: bool) -> Iterator[Case]:
    """Yield the experiments; quickly, the last two."""
    del seed
    for path in experiments(folder)[-_QUICK_FILES if quick else None :]:
        series, labels = sensors_of(path)
        rest = Segment(series[TRAINING_ROWS:], labels[TRAINING_ROWS:])
        yield Case(f"{path.parent.name}/{path.stem}", path.parent.name, series[:TRAINING_ROWS], [rest])


def figures(case: Case, outcome: Outcome) -> Figures:
    """Return the counts of the flags, and of the rule that looks at no sensor."""
    labels, n = case.segments[0].labels, len(case.train) + len(case.segments[0].labels)
    place = np.arange(len(case.train), n) / n
    return {
        "counts": counts(labels, outcome.flags[0]),
        "counts_without_sensors": counts(labels, (place >= 0.5) & (place < 0.85)),
        "seconds": outcome.fit_seconds + outcome.score_seconds,
    }


def refused(case: Case) -> Figures:
    """Return the counts of no alarm."""
    n = len(case.segments[0].series)
    return figures(case, Outcome([np.zeros(n)], [np.zeros(n, np.int64)], 0.0, 0.0))


def counts(labels: Array, flags: Array) -> list[int]:
    """Return the numbers of true alarms, false alarms, missed alarms and true negatives."""
    truth, found = labels.astype(np.bool_), flags.astype(np.bool_)
    return [int(one.sum()) for one in (truth & found, ~truth & found, truth & ~found, ~truth & ~found)]


def rates(of: Array) -> dict[str, float]:
    """Return F1, and the rates of false and of missed alarms."""
    hits, false, missed, quiet = (int(one) for one in of)
    return {
        "f1": 2 * hits / max(1, 2 * hits + false + missed),
        "false_alarm_rate": false / max(1, false + quiet),
        "missed_alarm_rate": missed / max(1, missed + hits),
    }


def report(results: dict[str, list[dict[str, Any]]]) -> tuple[str, dict[str, Any]]:
    """Return a table of the rates of all files together, and its figures; the best detector first."""
    summary = {
        name: rates(np.sum([one["counts"] for one in own], axis=0))
        | {"seconds": float(np.mean([one["seconds"] for one in own]))}
        for name, own in results.items()
    }
    first = next(iter(results.values()))
    blind = rates(np.sum([one["counts_without_sensors"] for one in first], axis=0))
    ranked = sorted(summary, key=lambda name: -summary[name]["f1"])
    rows = [
        [
            name,
            f"{one['f1']:.3f}",
            f"{one['false_alarm_rate']:.1%}",
            f"{one['missed_alarm_rate']:.1%}",
            f"{one['seconds']:.2f}" if "seconds" in one else "-",
        ]
        for name, one in [*((name, summary[name]) for name in ranked), (WITHOUT_SENSORS, blind)]
    ]
    n_files = len({one["case"] for one in first})
    text = "\n".join(
        [
            f"{n_files} files, counts of all files together",
            table(["detector", "F1", "false alarms", "missed alarms", "seconds"], rows),
            "SKAB's labels stand at nearly one place in most files: flagging the rows from 50 to 85 % of each, without "
            f"a look at any sensor, has F1 {blind['f1']:.3f} on these.",
        ]
    )
    return text, {"without_sensors": blind, "detectors": {name: summary[name] for name in ranked}}
