"""The package's own detectors, which take records as they are."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import anomaly
from anomaly import AutoencoderDetector, TableDetector
from benchmarks.quality.contestants.contestant import Given, Make
from benchmarks.quality.protocols import Records

_ROOT = Path(anomaly.__file__).parents[1]


class Ours:
    """A detector of the package."""

    def __init__(self, detector: TableDetector | AutoencoderDetector) -> None:
        self.detector = detector

    def fit(self, train: Records) -> None:
        self.detector.fit(train)

    def own_scores(self) -> np.ndarray:
        return self.detector.decision_scores_

    def scores(self, test: Records) -> np.ndarray:
        return self.detector.decision_function(test)


def ours(kind: Callable[..., Any]) -> Make:
    """Return the maker of a detector of the package with its defaults."""

    def make(given: Given) -> Ours:
        settings = {} if given.contamination is None else {"contamination": given.contamination}
        return Ours(kind(random_state=given.seed, **settings))

    return make


@cache
def sources_version() -> str:
    """Return a short hash of the packages' sources, so that results of other versions are not taken for theirs."""
    digest = hashlib.sha256()
    for package in ("anomaly", "nnlite"):
        for path in sorted((_ROOT / package).rglob("*.py")):
            digest.update(path.relative_to(_ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return f"sources {digest.hexdigest()[:10]}"
