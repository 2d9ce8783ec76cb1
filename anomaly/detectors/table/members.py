"""Members of an ensemble: their interface, and validation of their saved states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol, TypeAlias

import numpy as np

from nnlite.types import Array

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
