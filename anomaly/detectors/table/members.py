"""Members of an ensemble: their interface, the common scale of their scores, and validation of their saved states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol

import numpy as np

from nnlite.types import Array

_THIRD_QUARTILE = 0.75
# Far beyond the result of any training: the largest number accepted from a file.
_LARGEST = 1e9


class Member(Protocol):
    """A model that scores records by their features.

    Its scores are in units of the median score of the training records. `spread` describes their distribution, for
    `anomaly.detectors.table.ensemble.Blend`. A member is a value: its methods return new members and change nothing.
    """

    kind: ClassVar[str]
    scale: float
    spread: float

    @property
    def width(self) -> int:
        """Number of features."""

    def calibrate(self, chunks: Sequence[Array]) -> tuple[Member, Array]:
        """Return the member with scale and spread from training records, and their scores."""

    def with_scale_of(self, other: Member) -> Member:
        """Return the member with the scale of another one, so that scores of the two can be compared."""

    def scores(self, x: Array) -> Array:
        """Return the score of each record, as float64 of shape (n_records,)."""

    def contributions(self, x: Array) -> Array:
        """Return each feature's contribution to each record's score, as float64 of shape (n_records, width)."""

    def get_state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return the fitted state, as JSON values and arrays."""


def standardize(raw: Array) -> tuple[Array, float, float]:
    """Put scores of training records on the common scale of members.

    Parameters
    ----------
    raw : ndarray of float64 of shape (n_records,)
        Scores, at least 0.

    Returns
    -------
    scores : ndarray of float64 of shape (n_records,)
        Scores divided by `scale`.
    scale : float
        Their median (see `typical`).
    spread : float
        Their spread (see `spread_of`).
    """
    scale = typical(raw)
    scores = raw / scale
    return scores, scale, spread_of(scores)


def typical(scores: Array) -> float:
    """Return the median of scores; their mean if that is 0, and 1 if all are 0."""
    return float(np.median(scores)) or float(scores.mean()) or 1.0


def spread_of(scores: Array) -> float:
    """Return twice the logarithm of the third quartile of scores whose median is 1, at least 0."""
    return 2 * float(np.log(max(np.quantile(scores, _THIRD_QUARTILE), 1.0)))


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
