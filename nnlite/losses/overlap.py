"""Losses that compare the overlap of predictions with targets, for rare classes and parts of images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnlite.losses.base import EPSILON, Loss
from nnlite.types import Array


class Tversky(Loss):
    r"""One minus the Tversky index of targets y and predictions p.

    .. math:: \ell = 1 - \frac{I}{N}, \quad I = \sum_j y_j p_j, \quad
              N = I + \alpha \sum_j y_j (1 - p_j) + \beta \sum_j (1 - y_j)\, p_j + \epsilon

    .. math:: \frac{\partial \ell}{\partial p_j} = \frac{I\, N_j - y_j N}{N^2}, \qquad
              N_j = y_j - \alpha y_j + \beta (1 - y_j)

    Parameters
    ----------
    alpha, beta : float, default 0.5
        Weights of what is missed and of what is predicted wrongly.
    axis : int or sequence of int, optional
        Axes of the sums; by default all, so that a batch has one value.
    reduction, name : str
        See `Loss`.

    References
    ----------
    Salehi et al., "Tversky loss function for image segmentation", MLMI 2017.

    Examples
    --------
    >>> import numpy as np
    >>> round(Tversky()(np.array([[1.0, 0.0]]), np.array([[0.5, 0.5]])), 4)
    0.5
    """

    default_name = "tversky"

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        axis: int | Sequence[int] | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.alpha = alpha
        self.beta = beta
        self.axes = axis

    def align(self, y_true: Array, y_pred: Array) -> tuple[Array, Array]:
        """Return targets and predictions with the axes of the sums joined to the last one."""
        y_true = np.asarray(y_true, y_pred.dtype)
        if y_true.ndim == y_pred.ndim - 1 and y_pred.shape[-1] == 1:
            y_true = y_true[..., np.newaxis]
        if y_true.shape != y_pred.shape:
            raise ValueError(
                f"{self.name}: y_true and y_pred must have the same shape; found {y_true.shape} and {y_pred.shape}"
            )
        return self._joined(y_true), self._joined(y_pred)

    def _axes(self, dimensions: int) -> list[int]:
        given = range(dimensions) if self.axes is None else np.atleast_1d(self.axes)
        return [int(axis) % dimensions for axis in given]

    def _joined(self, x: Array) -> Array:
        axes = self._axes(x.ndim)
        others = [axis for axis in range(x.ndim) if axis not in axes]
        return x.transpose(*others, *axes).reshape(*(x.shape[axis] for axis in others), -1)

    def per_sample(self, y_true: Array, y_pred: Array) -> Array:
        """Return 1 - I / N."""
        overlap, whole = self._sums(y_true, y_pred)
        values: Array = 1 - overlap / whole
        return values

    def slope(self, y_true: Array, y_pred: Array) -> Array:
        """Return (I N_j - y_j N) / N²."""
        overlap, whole = (one[..., np.newaxis] for one in self._sums(y_true, y_pred))
        as_float = y_pred.dtype.type
        rise = y_true * as_float(1 - self.alpha) + as_float(self.beta) * (1 - y_true)
        slope: Array = (overlap * rise - y_true * whole) / np.square(whole)
        return slope

    def _sums(self, y: Array, p: Array) -> tuple[Array, Array]:
        as_float = p.dtype.type
        overlap = (y * p).sum(axis=-1)
        missed, wrong = (y * (1 - p)).sum(axis=-1), ((1 - y) * p).sum(axis=-1)
        whole = overlap + as_float(self.alpha) * missed + as_float(self.beta) * wrong + as_float(EPSILON)
        return overlap, whole

    def gradient(self, y_true: Array, y_pred: Array, sample_weight: Array | None = None) -> Array:
        """Return the derivative of the loss with respect to each prediction; see `Loss`."""
        slope = self.slope(*self.align(y_true, y_pred))
        factors = self._factors(np.empty(slope.shape[:-1], slope.dtype), sample_weight)
        axes = self._axes(y_pred.ndim)
        order = [*(axis for axis in range(y_pred.ndim) if axis not in axes), *axes]
        whole = (slope * factors[..., np.newaxis]).reshape([y_pred.shape[axis] for axis in order])
        return whole.transpose(np.argsort(order))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "alpha": self.alpha, "beta": self.beta, "axis": self.axes}


class Dice(Tversky):
    r"""One minus the Dice coefficient.

    .. math:: \ell = 1 - \frac{2 \sum_j y_j p_j}{\sum_j y_j + \sum_j p_j + \epsilon}

    This is the Tversky index with both weights 1/2, but for where :math:`\epsilon` stands: its backward is that of
    `Tversky`.

    Parameters
    ----------
    axis : int or sequence of int, optional
        Axes of the sums; by default all.
    reduction, name : str
        See `Loss`.

    Examples
    --------
    >>> import numpy as np
    >>> round(Dice()(np.array([[1.0, 0.0]]), np.array([[0.5, 0.5]])), 4)
    0.5
    """

    default_name = "dice"

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        axis: int | Sequence[int] | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(0.5, 0.5, reduction, name, axis, dtype)

    def _sums(self, y: Array, p: Array) -> tuple[Array, Array]:
        whole = (y.sum(axis=-1) + p.sum(axis=-1) + p.dtype.type(EPSILON)) / 2
        return (y * p).sum(axis=-1), whole

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        settings = super().get_config()
        return {key: settings[key] for key in ("reduction", "name", "axis")}
