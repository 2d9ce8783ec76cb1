"""All contestants, by name."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from benchmarks.entries import Entry, sources_version
from benchmarks.series.contestants.contestant import OnWindows, WithThreshold
from benchmarks.series.contestants.ours import Ours
from benchmarks.series.contestants.scikit_learn import Forest, MeanDistance
from benchmarks.series.contestants.stumpy import MatrixProfile
from benchmarks.series.contestants.tsb_ad import SubPca

OURS = "SequenceDetector"

CONTESTANTS: dict[str, Entry] = {
    OURS: Entry(partial(Ours, settings={}), (), "ours, with its defaults"),
    "Sub-PCA": Entry(
        lambda _: WithThreshold(SubPca), ("TSB_AD", "statsmodels", "scikit-learn"), "TSB-AD's, windows of one period"
    ),
    "matrix profile": Entry(lambda _: WithThreshold(MatrixProfile), ("stumpy",), "stumpy's, windows of one period"),
    "kNN": Entry(
        lambda _: WithThreshold(lambda: OnWindows(MeanDistance())),
        ("scikit-learn",),
        "mean distance to 5 windows of one period",
    ),
    "IForest": Entry(
        lambda seed: WithThreshold(lambda: OnWindows(Forest(seed))),
        ("scikit-learn",),
        "isolation forest on such windows",
    ),
}


def variant(settings: dict[str, Any]) -> str:
    """Return the name of our detector with other settings, from which `entry` makes it."""
    return f"{OURS} {json.dumps(settings)}" if settings else OURS


def entry(name: str) -> Entry:
    """Return a contestant by its name, or the variant of ours that the name holds."""
    if name.startswith(f"{OURS} "):
        settings = json.loads(name.removeprefix(OURS))
        return Entry(partial(Ours, settings=settings), (), "ours, with other settings")
    return CONTESTANTS[name]


def is_ours(name: str) -> bool:
    """Return whether a contestant is a detector of this package."""
    return name.split(" ")[0] == OURS


def version_of(name: str) -> str:
    """Return what a result of a contestant depends on: versions of packages, or a hash of our sources."""
    return sources_version() if is_ours(name) else entry(name).version()
