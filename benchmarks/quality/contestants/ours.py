"""The package's own detectors, which take records as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from anomaly import AutoencoderDetector, TableDetector
from benchmarks.quality.contestants.contestant import Given, Make
from benchmarks.quality.protocols import Records


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
