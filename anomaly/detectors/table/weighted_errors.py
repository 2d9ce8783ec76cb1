"""What networks and regressions have in common as members: they score a record by an error of each feature."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, TypeVar

import numpy as np

from anomaly.detectors.table.members import Completed, Member
from nnlite.job import counted
from nnlite.types import Array

E = TypeVar("E", bound="WeightedErrors")


class WeightedErrors(ABC):
    """Base of members whose score is the mean of the squared errors of a record's known features, each with a weight.

    The weight of a feature is the reciprocal of its mean error in training, so that all features count alike.

    Attributes
    ----------
    weights : ndarray of float32 of shape (n_features,)
        Weight of each feature.
    scale : float
        Unit of the scores.
    spread : float
        Spread of the training scores (see `anomaly.detectors.blend.spread_of`).
    least_error : float
        Smallest mean error that a feature's errors are divided by.
    """

    weights: Array
    scale: float
    spread: float
    least_error: ClassVar[float]

    @property
    @abstractmethod
    def width(self) -> int:
        """Number of features."""

    @abstractmethod
    def _errors(self, x: Array, known: Array | None) -> Array:
        """Return the squared error of each feature, of shape (n_records, n_features); 0 if it is not known."""

    @abstractmethod
    def _means(self, errors: Array, known: Array | None) -> Array:
        """Return the weighted mean error of each record over its known features, in units of 1, as float64."""

    def calibrate(self: E, chunks: Sequence[Completed]) -> tuple[E, Array]:
        """Return the member with weights from training records, and their scores in units of 1."""
        errors = [self._errors(x, known) for x, known in counted(chunks)]
        # A feature that is not known in any record has no errors, and any weight.
        counts = np.maximum(sum(len(x) if known is None else known.sum(axis=0) for x, known in chunks), 1)
        means = sum(e.sum(axis=0, dtype=np.float64) for e in errors) / counts
        member = self._replaced((1 / np.maximum(means, self.least_error)).astype(np.float32), 1.0, 1.0)
        raw = [member._means(e, known) for e, (_, known) in zip(errors, chunks, strict=True)]
        return member, np.concatenate(raw)

    def with_scale(self: E, scale: float, spread: float) -> E:
        """Return the member with another scale and spread."""
        return self._replaced(self.weights, scale, spread)

    def with_scale_of(self: E, other: Member) -> E:
        """Return the member with scale and spread of another one, and its weights if it has the same features.

        A member that learned from fewer records has larger errors: by its own weights they would be in larger units.
        """
        weights = other.weights if isinstance(other, type(self)) and self.width == other.width else self.weights
        return self._replaced(weights, other.scale, other.spread)

    def _replaced(self: E, weights: Array, scale: float, spread: float) -> E:
        member = copy.copy(self)
        member.weights, member.scale, member.spread = weights, scale, spread
        return member
