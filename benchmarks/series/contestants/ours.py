"""The package's own detector, with its defaults or with other settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anomaly
from nnlite.types import Array


class Ours:
    """`anomaly.SequenceDetector`.

    Parameters
    ----------
    seed : int
        Seed of its random numbers.
    settings : mapping
        Parameters other than the defaults.
    causal : bool, default False
        Whether no score may depend on later steps.
    """

    def __init__(self, seed: int, settings: Mapping[str, Any], causal: bool = False) -> None:
        given = {**settings, "causal": True} if causal else settings
        self.detector = anomaly.SequenceDetector(random_state=seed, **given)

    def fit(self, train: Array) -> None:
        self.detector.fit(train)
        self.threshold = float(self.detector.threshold_)

    def scores(self, segment: Array) -> Array:
        return self.detector.decision_function(segment)

    def scored(self, segment: Array) -> tuple[Array, Array]:
        """Return scores and labels: the limit follows the scores, so that no threshold tells its alarms."""
        contributions, labels = self.detector.scored(segment)
        return contributions.sum(axis=1), labels
