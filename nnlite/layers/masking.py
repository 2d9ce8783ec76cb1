"""Masking: series of different lengths in one array, with padding that later layers skip."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite.layers.base import Layer
from nnlite.types import Array


class Masking(Layer):
    r"""Mask the steps whose features all equal one value, so that later layers skip them.

    A step is valid if any of its features differs from `mask_value`. Masked steps are set to 0. Later layers treat the
    mask as follows:

    - recurrent layers keep their state at masked steps; if all steps of a series are masked, the result is the initial
      state;
    - `GlobalAveragePooling1D` excludes masked steps from the mean;
    - the loss and the metrics exclude them, if the mask reaches the model's output, and divide by the number of valid
      steps;
    - layers whose output has the same steps as their input propagate the mask; others, such as convolutions, drop it.

    Parameters
    ----------
    mask_value : float, default 0.0
        Value of the features at masked steps.
    **settings
        See `Layer`.

    Raises
    ------
    ValueError
        If `mask_value` is NaN, which equals no value: replace NaN in the data by another value first.

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
                "Masking: mask_value must be a number; found NaN, which equals no value. Fill missing steps with a "
                "value that does not occur, such as numpy.nan_to_num(x, nan=-1e6), and mask that"
            )
        self.mask_value = mask_value

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Array]:  # noqa: ARG002
        """Set masked steps to 0."""
        valid = self._valid(x)[..., np.newaxis]
        return np.where(valid, x, x.dtype.type(0)), valid

    def backward(self, dy: Array, cache: Array) -> Array:
        """Return dx: dy at valid steps, else 0."""
        return np.where(cache, dy, dy.dtype.type(0))

    def compute_mask(self, x: Array, mask: Any = None, y: Any = None) -> Array:  # noqa: ARG002
        """Return True for every step with a feature other than `mask_value`."""
        return self._valid(x)

    def _valid(self, x: Array) -> Array:
        valid: Array = (x != x.dtype.type(self.mask_value)).any(axis=-1)
        return valid

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "mask_value": self.mask_value}


def masked_weight(weight: Array | None, mask: Array | None, y: Array, *, rescale: bool = True) -> Array | None:
    """Multiply the mask of a model's output into the sample weights.

    Parameters
    ----------
    weight : ndarray, shape (rows,) or (rows, steps), optional
        Sample weights.
    mask : ndarray of bool, shape (rows, steps), optional
        True for valid steps. None: all are valid.
    y : ndarray, shape (rows, steps, ...)
        Output of the model.
    rescale : bool, default True
        Whether to scale the mask to mean 1, as a loss needs it that divides by the number of all steps.

    Returns
    -------
    ndarray, shape (rows, steps, ...), or None
        One weight for every sample; all are 0 if all steps of the batch are masked.

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
