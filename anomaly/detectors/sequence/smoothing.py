"""Exponentially weighted means of a series that arrives in pieces."""

from __future__ import annotations

import numpy as np

from nnlite.types import Array

_BLOCK = 64


class Smoother:
    r"""Exponentially weighted mean, starting from 0.

    .. math:: v_t = (1 - \alpha)\, v_{t-1} + \alpha\, x_t, \qquad \alpha = \frac{2}{\text{span} + 1}

    The state is kept between calls: the means do not depend on how the series is cut into pieces.

    Parameters
    ----------
    span : float
        Span in steps; 1 means no smoothing.

    Examples
    --------
    >>> import numpy as np
    >>> Smoother(span=3)(np.array([[8.0], [0.0], [8.0]]))[:, 0].tolist()
    [4.0, 2.0, 5.0]
    """

    def __init__(self, span: float) -> None:
        self._alpha = 2.0 / (span + 1.0)
        self._state: Array | None = None

    def __call__(self, values: Array) -> Array:
        """Return the means after each of the next steps, of shape (n_steps, n_features)."""
        if self._alpha >= 1.0 or not len(values):
            return values
        state = np.zeros(values.shape[1]) if self._state is None else self._state
        smooth = np.empty(values.shape)
        # Within a block, v is a lower triangular matrix of powers times x, plus the decayed state before it.
        ages = np.arange(_BLOCK)[:, np.newaxis] - np.arange(_BLOCK)
        weights = np.where(ages >= 0, self._alpha * (1.0 - self._alpha) ** np.maximum(ages, 0), 0.0)
        decay = (1.0 - self._alpha) ** np.arange(1, _BLOCK + 1)[:, np.newaxis]
        for start in range(0, len(values), _BLOCK):
            block = values[start : start + _BLOCK]
            n = len(block)
            smooth[start : start + n] = weights[:n, :n] @ block + decay[:n] * state
            state = smooth[start + n - 1]
        self._state = state.copy()
        return smooth


def smooth_present(values: Array, present: Array, span: float) -> Array:
    """Smooth each feature over its present samples alone; the zeros of missing samples would bias the mean.

    Parameters
    ----------
    values : ndarray of shape (n_steps, n_features)
        One segment of a series.
    present : ndarray of bool of shape (n_steps, n_features)
        Mask of the samples that were measured.
    span : float
        Span in steps.

    Returns
    -------
    ndarray of shape (n_steps, n_features)
        0 where a sample is missing.

    Examples
    --------
    >>> import numpy as np
    >>> values, present = np.array([[8.0], [0.0], [0.0]]), np.array([[True], [False], [True]])
    >>> smooth_present(values, present, span=3)[:, 0].tolist()
    [4.0, 0.0, 2.0]
    """
    if present.all():
        return Smoother(span)(values)
    smooth = np.zeros(values.shape)
    for feature, here in enumerate(present.T):
        smooth[here, feature] = Smoother(span)(values[here, feature : feature + 1])[:, 0]
    return smooth
