"""Members of an ensemble: their interface, what those by errors share, and validation of their saved states."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol, TypeAlias, TypeVar

import numpy as np

from nnlite.job import counted
from nnlite.types import Array

E = TypeVar("E", bound="WeightedErrors")
# Far beyond the result of any training: the largest number accepted from a file.
_LARGEST = 1e9


Completed: TypeAlias = "tuple[Array, Array | None]"
"""Features with holes filled, and which are known (see `anomaly.detectors.features.FeatureSet.known`)."""


class Member(Protocol):
    """A model that scores records by their features.

    Its scores are in units of `scale`, the median score of the training records, and `spread` describes their
    distribution; see `anomaly.detectors.table.ensemble`. A member is a value: its methods return new members and change
    nothing.
    """

    kind: ClassVar[str]
    scale: float
    spread: float

    @property
    def width(self) -> int:
        """Number of features."""

    def calibrate(self, chunks: Sequence[Completed]) -> tuple[Member, Array]:
        """Return the member fitted to training records, and their scores in units of 1, as float64 of shape (n,)."""

    def with_scale(self, scale: float, spread: float) -> Member:
        """Return the member with another scale and spread."""

    def with_scale_of(self, other: Member) -> Member:
        """Return the member with all units of another one, so that scores of the two can be compared."""

    def scores(self, x: Array, known: Array | None = None) -> Array:
        """Return the score of each record, as float64 of shape (n_records,).

        Parameters
        ----------
        x : ndarray of float32 of shape (n_records, width)
            Features, with holes filled.
        known : ndarray of bool of shape (n_records, width), optional
            Features that are neither holes nor marks (see `anomaly.detectors.features`); by default all.
        """

    def contributions(self, x: Array, known: Array | None = None) -> Array:
        """Return each feature's contribution to each record's score, as float64 of shape (n_records, width)."""

    def get_state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return the fitted state, as JSON values and arrays."""


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


def read_matrix(arrays: Mapping[str, Array], name: str) -> Array:
    """Return a matrix of finite float32 numbers from a saved state; ValueError if it is none."""
    matrix = arrays[name]
    if matrix.ndim != 2 or not matrix.size or matrix.dtype != np.float32 or not np.isfinite(matrix).all():
        raise ValueError(f"its {name} are no matrix of finite float32 numbers: shape {matrix.shape}, {matrix.dtype}")
    return matrix


def read_positive(config: Mapping[str, Any], name: str) -> float:
    """Return a positive number from a saved state; ValueError if it is none."""
    value = config[name]
    if not isinstance(value, float) or not 0 < value < np.inf:
        raise ValueError(f"its {name} is {value!r}")
    return value


def read_at_least_0(config: Mapping[str, Any], name: str, default: float | None = None) -> float:
    """Return a number of at least 0 from a saved state, or the default if there is none."""
    value = config[name] if default is None else config.get(name, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= _LARGEST:
        raise ValueError(f"its {name} is {value!r}")
    return float(value)
