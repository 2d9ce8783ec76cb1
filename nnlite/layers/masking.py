"""Series of different lengths in one array: which steps count, and which are filling."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite.layers.base import Layer
from nnlite.types import Array


class Masking(Layer):
    r"""Mark the steps that hold nothing but one value, so that later layers skip them.

    A step counts if any of its features differs from `mask_value`. Those that don't are set to 0. What becomes of
    the mask is each later layer's own business:

    - recurrent layers hand their state past a step that doesn't count, as if it were not there; a series with no step
      left gives the state it began with;
    - `GlobalAveragePooling1D` leaves such steps out of the mean;
    - the loss leaves them out, if the mask reaches the model's output, and divides by the number of steps that count;
      so do the metrics;
    - layers whose output still has the input's steps hand the mask on; others, such as convolutions, drop it.

    Parameters
    ----------
    mask_value : float, default 0.0
        What fills a step that doesn't count.
    **settings
        See `Layer`.

    Raises
    ------
    ValueError
        If `mask_value` is NaN, which nothing equals: put another value in its place first.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Input, LSTM, Masking
    >>> from nnlite.models import Sequential
    >>> model = Sequential([Input((3, 1)), Masking(mask_value=-1.0), LSTM(2)])
    >>> short = np.array([[[0.5], [0.7], [-1.0]]])
    >>> bool((model.predict(short) == model.predict(np.array([[[0.5], [-1.0], [0.7]]]))).all())
    True
    """

    def __init__(self, mask_value: float = 0.0, **settings: Any) -> None:
        super().__init__(**settings)
        if np.isnan(mask_value):
            raise ValueError(
                "Masking: mask_value must be a number; found NaN, which nothing equals. Fill missing steps with a "
                "value that does not occur, such as numpy.nan_to_num(x, nan=-1e6), and mask that"
            )
        self.mask_value = mask_value

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Array]:  # noqa: ARG002
        """Set the steps that don't count to 0."""
        counts = self._counts(x)[..., np.newaxis]
        return np.where(counts, x, x.dtype.type(0)), counts

    def backward(self, dy: Array, cache: Array) -> Array:
        """Return dx: dy where a step counts, else 0."""
        return np.where(cache, dy, dy.dtype.type(0))

    def compute_mask(self, x: Array, mask: Any, y: Any) -> Array:  # noqa: ARG002
        """Return True for every step with a feature other than `mask_value`."""
        return self._counts(x)

    def _counts(self, x: Array) -> Array:
        counts: Array = (x != x.dtype.type(self.mask_value)).any(axis=-1)
        return counts

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "mask_value": self.mask_value}


def masked_weight(weight: Array | None, mask: Array | None, y: Array, *, rescale: bool = True) -> Array | None:
    """Turn a mask on a model's output into weights of its steps.

    Parameters
    ----------
    weight : ndarray, shape (rows,) or (rows, steps), optional
        Weights that were asked for.
    mask : ndarray of bool, shape (rows, steps), optional
        Which steps count. None: all.
    y : ndarray, shape (rows, steps, ...)
        The output.
    rescale : bool, default True
        Whether the steps that count make up for those that don't, so that the mean weight stays what it was, as a loss
        needs it, which divides by all steps.

    Returns
    -------
    ndarray, shape (rows, steps, ...), or None
        One weight for every sample. Where no step of the batch counts, all are 0.

    Examples
    --------
    >>> import numpy as np
    >>> masked_weight(None, np.array([[True, True, False, False]]), np.zeros((1, 4, 2))).tolist()
    [[2.0, 2.0, 0.0, 0.0]]
    """
    if mask is None:
        return weight
    samples = y.shape[:-1]
    scaled = mask.astype(y.dtype) * y.dtype.type(mask.size / max(int(mask.sum()), 1) if rescale else 1)
    scaled = np.broadcast_to(scaled.reshape(*mask.shape, *(1,) * (len(samples) - mask.ndim)), samples)
    if weight is None:
        return scaled
    weight = np.asarray(weight, y.dtype)
    if weight.ndim == len(samples) + 1 and weight.shape[-1] == 1:
        weight = weight[..., 0]
    return scaled * weight.reshape(*weight.shape, *(1,) * (len(samples) - weight.ndim))
