"""False alarms on fresh normal segments, made-up and real: how many a week, and how many at the start of a segment.

Each detector is fitted to a normal series and scores twenty fresh segments of the same kind, each by itself: 504 steps,
so that all of them are a week at a step a minute. Real series are cut in two: the first half is for training, the
second is cut into such segments. Alarms are runs of flagged steps. The start of a segment is its first 64 steps, an
eighth of it: if alarms there are more than an eighth of all, the detector is not ready when a segment begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from anomaly.cli.texts import table
from anomaly.events import find_segments
from benchmarks.series.normal_series import MADE_UP, real
from benchmarks.series.parts.part import Case, Figures, Outcome, Segment
from nnlite.types import Array

DESCRIPTION = "false alarms on fresh normal segments, made-up and real"

WEEK = 10_080
_TRAINING, _SEGMENTS, _START = 3000, 20, 64
_LENGTH = WEEK // _SEGMENTS


def cases(folder: Path, seed: int, quick: bool) -> Iterator[Case]:
    """Yield the series; quickly, two of the made-up ones. Real ones are the same with every seed."""
    for number, (name, make) in enumerate(MADE_UP.items()):
        if not quick or name in ("sine", "six sensors"):
            rng = np.random.default_rng([seed, number])
            train = make(_TRAINING, rng)
            yield _case(name, "made-up", train, [make(_LENGTH, rng) for _ in range(_SEGMENTS)])
    if not quick:
        for name, series in real(folder):
            half = len(series) // 2
            n = max(1, (len(series) - half) // _LENGTH)
            yield _case(name, "real", series[:half], np.array_split(series[half:], n))


def _case(name: str, group: str, train: Array, fresh: list[Array]) -> Case:
    return Case(name, group, train, [Segment(one, np.zeros(len(one), np.int64)) for one in fresh])


def figures(_: Case, outcome: Outcome) -> Figures:
    """Return counts of alarms, and of segments with one."""
    return {
        "steps": sum(len(flags) for flags in outcome.flags),
        "flagged": int(sum(flags.sum() for flags in outcome.flags)),
        "alarms": sum(len(find_segments(flags)) for flags in outcome.flags),
        "segments": len(outcome.flags),
        "alarmed": sum(bool(flags.any()) for flags in outcome.flags),
        "alarmed_at_start": sum(bool(flags[:_START].any()) for flags in outcome.flags),
        "seconds": outcome.fit_seconds + outcome.score_seconds,
    }


def refused(case: Case) -> Figures:
    """Return the figures of no alarm."""
    lengths = [len(segment.series) for segment in case.segments]
    return figures(case, Outcome([np.zeros(n) for n in lengths], [np.zeros(n, np.int64) for n in lengths], 0.0, 0.0))


def report(results: dict[str, list[dict[str, Any]]]) -> tuple[str, dict[str, Any]]:
    """Return tables of made-up and of real series, and their figures; the quietest detector first."""
    groups = sorted({one["group"] for one in next(iter(results.values()))})
    summary = {
        name: {group: _summary([one for one in own if one["group"] == group]) for group in groups}
        for name, own in results.items()
    }
    parts = [f"fresh normal segments; a week is {WEEK:,} steps; the start is the first {_START} of {_LENGTH} steps"]
    for group in groups:
        ranked = sorted(summary, key=lambda name: summary[name][group]["alarms_a_week"])
        rows = [[name, *_cells(summary[name][group])] for name in ranked]
        head = [group, "alarms a week", "worst series", "normal flagged", "segments with an alarm", "at the start"]
        parts.append(table(head, rows))
    return "\n".join(parts), {"detectors": summary}


def _cells(one: Figures) -> list[str]:
    rates = (f"{one[name]:.1%}" for name in ("false_alarm_rate", "segments_alarmed", "segments_alarmed_at_start"))
    return [f"{one['alarms_a_week']:.1f}", f"{one['alarms_a_week_of_worst']:.1f} ({one['worst']})", *rates]


def _summary(results: list[dict[str, Any]]) -> Figures:
    weekly = [WEEK * one["alarms"] / one["steps"] for one in results]
    n_segments = sum(one["segments"] for one in results)
    return {
        "series": len(results),
        "alarms_a_week": float(np.mean(weekly)),
        "alarms_a_week_of_worst": float(np.max(weekly)),
        "worst": results[int(np.argmax(weekly))]["case"],
        "false_alarm_rate": float(np.mean([one["flagged"] / one["steps"] for one in results])),
        "segments_alarmed": sum(one["alarmed"] for one in results) / n_segments,
        "segments_alarmed_at_start": sum(one["alarmed_at_start"] for one in results) / n_segments,
    }
