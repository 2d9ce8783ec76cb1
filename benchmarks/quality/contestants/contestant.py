"""Interface of a detector in the comparison."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np

from benchmarks.entries import Entry
from benchmarks.quality.protocols import Records

__all__ = ["Contestant", "Entry", "Given", "Make"]


class Contestant(Protocol):
    """A detector with its defaults, and whatever it needs to take records of any kind."""

    def fit(self, train: Records) -> None:
        """Fit the detector to records."""

    def own_scores(self) -> np.ndarray:
        """Return the scores of the training records, of shape (n_train,); larger is more anomalous."""

    def scores(self, test: Records) -> np.ndarray:
        """Return the scores of other records, of shape (n_test,)."""


class Given(NamedTuple):
    """What a detector is given; all other settings are its defaults."""

    seed: int
    contamination: float | None = None


Make: TypeAlias = "Callable[[Given], Contestant]"
