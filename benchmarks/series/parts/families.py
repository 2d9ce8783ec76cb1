"""Labelled public series of many families: VUS-PR, and alarms at each detector's own threshold.

The folder has ``series/index.csv`` with columns ``name``, ``training_length`` and others, and a file for each name,
whose last column is ``label``. Protocol: fit on the first `training_length` rows, or on all where none is given, and
score the rest by itself. VUS-PR is that of TSB-AD with buffers up to a period of the training part, at most 60 steps,
and 60 thresholds; means are over series.

Affiliation-F1 alone says little: it is 0.68 for flagging every step. So it stands beside the fraction of normal steps
flagged, the false events per 1,000 steps, and the number of series without any alarm.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from anomaly.cli.texts import table
from anomaly.metrics import average_precision_score, evaluate_events, vus_pr
from benchmarks.series.parts.part import Case, Figures, Outcome, Segment, mean_of, without_gaps
from benchmarks.series.windows import period_of
from nnlite.types import Array

DESCRIPTION = "labelled public series of many families"

_LARGEST_BUFFER, _N_THRESHOLDS = 60, 60
_QUICK_ROWS = 2500

_COLUMNS = {
    "VUS-PR": "vus_pr",
    "one column": "one_column",
    "many": "many_columns",
    "AP": "average_precision",
    "affiliation-F1": "affiliation_f1",
    "normal flagged": "false_alarm_rate",
    "false/1,000": "false_events_per_1000_steps",
    "events found": "event_recall",
    "no alarm": "silent",
    "seconds": "seconds",
}


def cases(folder: Path, seed: int, quick: bool) -> Iterator[Case]:
    """Yield the series; quickly, the short ones."""
    del seed
    with (folder / "series" / "index.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if not quick or int(row["rows"]) <= _QUICK_ROWS:
                yield _read(folder / "series" / f"{row['name']}.csv", row["name"], int(row["training_length"] or 0))


def _read(path: Path, name: str, training: int) -> Case:
    values = np.genfromtxt(path, delimiter=",", skip_header=1)
    series, labels = without_gaps(values[:, :-1]), values[:, -1].astype(np.int64)
    scored = series[training:] if training else series
    return Case(
        name, name.split("_")[0], series[:training] if training else scored, [Segment(scored, labels[training:])]
    )


def figures(case: Case, outcome: Outcome) -> Figures:
    """Return VUS-PR and what the alarms are worth."""
    labels, scores, flags = case.segments[0].labels, outcome.scores[0], outcome.flags[0]
    events = evaluate_events(labels, flags.astype(np.float64), 0.5, largest_buffer=0)
    names = ("affiliation_f1", "affiliation_f1_of_all_flagged", "false_alarm_rate", "false_events_per_1000_steps")
    return {
        "vus_pr": vus_pr_of(case, scores),
        "average_precision": average_precision_score(labels, scores),
        **{name: getattr(events, name) for name in (*names, "event_recall")},
        "silent": int(not flags.any()),
        "columns": case.train.shape[1],
        "seconds": outcome.fit_seconds + outcome.score_seconds,
    }


def vus_pr_of(case: Case, scores: Array) -> float:
    """Return VUS-PR of the scores of a series, by the protocol."""
    buffer = min(_LARGEST_BUFFER, period_of(case.train))
    return vus_pr(case.segments[0].labels, scores, buffer, n_thresholds=_N_THRESHOLDS)


def refused(case: Case) -> Figures:
    """Return the metrics of equal scores and no alarm: those of a detector that refuses a series."""
    n = len(case.segments[0].series)
    return figures(case, Outcome([np.zeros(n)], [np.zeros(n, np.int64)], 0.0, 0.0))


def report(results: dict[str, list[dict[str, Any]]]) -> tuple[str, dict[str, Any]]:
    """Return a table of means, one by family, and their figures; the best detector first."""
    summary = {name: _means(own) for name, own in results.items()}
    ranked = sorted(summary, key=lambda name: -summary[name]["vus_pr"])
    first = results[ranked[0]]
    rows = [[name, *(_text(key, summary[name][key]) for key in _COLUMNS.values())] for name in ranked]
    families = sorted({result["group"] for result in first})
    by_family = [
        [f"{family} ({sum(one['group'] == family for one in first)})"]
        + [f"{summary[name]['by_family'][family]:.3f}" for name in ranked]
        for family in families
    ]
    everything = mean_of(first, "affiliation_f1_of_all_flagged")
    text = "\n".join(
        [
            f"{len(first)} series; VUS-PR as TSB-AD defines it; the others at each detector's own threshold",
            table(["detector", *_COLUMNS], rows),
            f"Affiliation-F1 flatters: flagging every step has {everything:.3f} on these series. Read it beside normal "
            "flagged (fraction of normal steps) and false events per 1,000 steps.",
            "",
            "VUS-PR by family (number of series)",
            table(["family", *ranked], by_family),
        ]
    )
    return text, {"affiliation_f1_of_all_flagged": everything, "detectors": {name: summary[name] for name in ranked}}


def _means(results: list[dict[str, Any]]) -> Figures:
    names = ("vus_pr", "average_precision", "affiliation_f1", "false_alarm_rate", "false_events_per_1000_steps")
    families = {result["group"] for result in results}
    return {
        **{name: mean_of(results, name) for name in (*names, "event_recall", "seconds")},
        "one_column": mean_of([one for one in results if one["columns"] == 1], "vus_pr"),
        "many_columns": mean_of([one for one in results if one["columns"] > 1], "vus_pr"),
        "silent": sum(one["silent"] for one in results),
        "series": len(results),
        "by_family": {
            name: mean_of([one for one in results if one["group"] == name], "vus_pr") for name in sorted(families)
        },
    }


def _text(name: str, value: float) -> str:
    if np.isnan(value):
        return "-"
    if name == "silent":
        return str(value)
    return f"{value:.1%}" if name == "false_alarm_rate" else f"{value:.2f}" if name == "seconds" else f"{value:.3f}"
