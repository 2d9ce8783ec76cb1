"""Correlations of targets and predictions along an axis, and their means over samples."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite.eager import as_tensor
from nnlite.metrics.base import Metric
from nnlite.types import Array

_EPSILON = 1e-7


def pearson_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Array:
    """Return Pearson's correlation of each sample.

    Parameters
    ----------
    y_true, y_pred : array_like
        Targets and predictions of the same shape.
    axis : int, default -1
        Axis of the values of one sample.

    Examples
    --------
    >>> pearson_correlation([[0.0, 1.0, 0.5]], [[0.1, 0.9, 1.0]]).round(3).tolist()
    [0.811]
    """
    y, p = _as_floats(y_true, y_pred)
    y, p = (part - part.mean(axis=axis, keepdims=True) for part in (y, p))
    y, p = (part / part.std(axis=axis, keepdims=True) for part in (y, p))
    return as_tensor((y * p).mean(axis=axis))


def concordance_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Array:
    """Return Lin's correlation of concordance of each sample: Pearson's, lowered by other means and spreads.

    Examples
    --------
    >>> concordance_correlation([[0.0, 1.0, 0.5]], [[0.1, 0.9, 1.0]]).round(3).tolist()
    [0.748]
    """
    y, p = _as_floats(y_true, y_pred)
    means = [part.mean(axis=axis, keepdims=True) for part in (y, p)]
    spreads = [part.var(axis=axis, keepdims=True) for part in (y, p)]
    norm = spreads[0] + spreads[1] + np.square(means[0] - means[1])
    covariance = (y - means[0]) * (p - means[1])
    return as_tensor((2 * covariance / (norm + p.dtype.type(_EPSILON))).mean(axis=axis))


def _as_floats(y_true: Any, y_pred: Any) -> tuple[Array, Array]:
    p = np.asarray(y_pred)
    p = p if p.dtype.kind == "f" else p.astype(np.float32)
    return np.asarray(y_true, p.dtype).reshape(p.shape), p


class PearsonCorrelation(Metric):
    """Mean over samples of `pearson_correlation`.

    Parameters
    ----------
    name : str, default "pearson_correlation"
        Name in the logs.
    dtype : str, optional
        See `Metric`.
    axis : int, default -1
        Axis of the values of one sample.
    """

    def __init__(self, name: str | None = "pearson_correlation", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(name, dtype)
        self.axis = axis

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """Return the correlation of each sample."""
        return pearson_correlation(y_true, y_pred, self.axis)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "axis": self.axis}


class ConcordanceCorrelation(PearsonCorrelation):
    """Mean over samples of `concordance_correlation`; arguments as of `PearsonCorrelation`."""

    def __init__(self, name: str | None = "concordance_correlation", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(name, dtype, axis)

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """Return the correlation of each sample."""
        return concordance_correlation(y_true, y_pred, self.axis)
