"""Faults of one kind each in normal series: AUROC by kind, and the fraction found at each detector's own threshold.

Made-up series of 2,000 steps, and where they are in the folder real ones: pieces of SKAB's normal operation. Every
detector is fitted once for each series and seed, and scores a fresh piece for each kind of fault
(`benchmarks.series.faults`), which lasts 300 steps of 2,000. So the settings of a detector can be compared without any
labels: ``--setting`` adds our detector with other ones, and the part "alarms" says what they cost on normal data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from anomaly.cli.texts import table
from anomaly.metrics import roc_auc_score
from benchmarks.series.faults import KINDS, OF_MANY, QUIET, inject
from benchmarks.series.normal_series import MADE_UP
from benchmarks.series.parts import skab
from benchmarks.series.parts.part import Case, Figures, Outcome, Segment
from nnlite.types import Array

DESCRIPTION = "faults of many kinds in normal series, half of them quiet"

_STEPS, _QUICK_STEPS = 2000, 800
_FAULT = 0.15
_PIECES = 4
_BASES = ("sine", "days and weeks", "autoregressive", "pulses", "six sensors")


def cases(folder: Path, seed: int, quick: bool) -> Iterator[Case]:
    """Yield the series, with a segment for each kind of fault; quickly, shorter ones and two series."""
    steps = _QUICK_STEPS if quick else _STEPS
    for number, base in enumerate(("sine", "six sensors") if quick else _BASES):
        rng = np.random.default_rng([seed, number])
        train = MADE_UP[base](steps, rng)
        yield _case(base, base, train, lambda base=base, rng=rng: MADE_UP[base](steps, rng), rng)
    operation = folder / "skab" / "anomaly-free" / "anomaly-free.csv"
    if operation.is_file() and not quick:
        for number, piece in enumerate(np.array_split(skab.sensors_of(operation)[0], 2 * _PIECES)[seed % 2 :: 2]):
            train, rest = np.array_split(piece, 2)
            rng = np.random.default_rng([seed, 100 + number])
            yield _case(f"SKAB normal operation {number}", "SKAB", train, lambda rest=rest: rest, rng)


def _case(name: str, group: str, train: Array, fresh: Callable[[], Array], rng: np.random.Generator) -> Case:
    kinds = [kind for kind in KINDS if train.shape[1] > 1 or kind not in OF_MANY]
    segments = []
    for kind in kinds:
        series = fresh()
        length = int(_FAULT * len(series))
        start = int(rng.integers(len(series) // 3, len(series) - length))
        segments.append(Segment(*inject(kind, series, start, length, train, rng), kind))
    return Case(name, group, train, segments)


def figures(case: Case, outcome: Outcome) -> Figures:
    """Return AUROC by kind, the fraction of the steps of each fault that are flagged, and that of normal steps."""
    every = list(zip(case.segments, outcome.scores, outcome.flags, strict=True))
    normal = np.concatenate([flags[segment.labels == 0] for segment, _, flags in every])
    return {
        "auroc": {segment.name: roc_auc_score(segment.labels, scores) for segment, scores, _ in every},
        "flagged": {segment.name: float(flags[segment.labels == 1].mean()) for segment, _, flags in every},
        "false_alarm_rate": float(normal.mean()),
        "seconds": outcome.fit_seconds + outcome.score_seconds,
    }


def refused(case: Case) -> Figures:
    """Return the figures of equal scores and no alarm."""
    lengths = [len(segment.series) for segment in case.segments]
    return figures(case, Outcome([np.zeros(n) for n in lengths], [np.zeros(n, np.int64) for n in lengths], 0.0, 0.0))


def report(results: dict[str, list[dict[str, Any]]]) -> tuple[str, dict[str, Any]]:
    """Return tables of AUROC by kind and of flagged steps, and their figures; the best detector first."""
    summary = {name: _summary(own) for name, own in results.items()}
    ranked = sorted(summary, key=lambda name: -summary[name]["auroc"]["all"])
    kinds = list(summary[ranked[0]]["auroc"])
    n_series = len(next(iter(results.values())))
    parts = [f"{n_series} series and seeds with a fault of each kind; AUROC of the steps (0.5: chance)"]
    parts.append(table(["kind", *ranked], [[k, *(f"{summary[n]['auroc'][k]:.3f}" for n in ranked)] for k in kinds]))
    parts.append("\nfraction of the steps of the fault that are flagged, at each detector's own threshold")
    flagged = [[kind, *(f"{summary[name]['flagged'][kind]:.1%}" for name in ranked)] for kind in kinds]
    normal = ["normal steps", *(f"{summary[name]['false_alarm_rate']:.1%}" for name in ranked)]
    parts.append(table(["kind", *ranked], [*flagged, normal]))
    return "\n".join(parts), {"detectors": {name: summary[name] for name in ranked}}


def _summary(results: list[dict[str, Any]]) -> Figures:
    kinds = [kind for kind in KINDS if any(kind in one["auroc"] for one in results)]
    summary: Figures = {"seconds": float(np.mean([one["seconds"] for one in results]))}
    for name in ("auroc", "flagged"):
        by_kind = {kind: float(np.mean([one[name][kind] for one in results if kind in one[name]])) for kind in kinds}
        quiet = [by_kind[kind] for kind in kinds if kind in QUIET]
        summary[name] = {**by_kind, "quiet kinds": float(np.mean(quiet)), "all": float(np.mean(list(by_kind.values())))}
    return summary | {"false_alarm_rate": float(np.mean([one["false_alarm_rate"] for one in results]))}
