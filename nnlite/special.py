"""Error function, which the exact GELU needs and NumPy does not provide."""

from __future__ import annotations

import math

import numpy as np

from nnlite.types import Array

_TERMS = 40
_SWITCH = 2.5


def erf(x: Array) -> Array:
    r"""Return the error function of every value.

    .. math:: \operatorname{erf}(x) = \frac{2}{\sqrt\pi} \int_0^x e^{-t^2}\,dt

    For small arguments it is computed as a series of positive terms, without cancellation,

    .. math:: \operatorname{erf}(x) = \frac{2}{\sqrt\pi}\, e^{-x^2}
              \sum_{n \ge 0} \frac{2^n x^{2n+1}}{1 \cdot 3 \cdots (2n+1)}

    and for large ones as 1 - erfc(x), with a continued fraction for the complementary error function,

    .. math:: \operatorname{erfc}(x) = \frac{e^{-x^2}}{\sqrt\pi} \cdot
              \cfrac{1}{x + \cfrac{1/2}{x + \cfrac{1}{x + \cfrac{3/2}{x + \cdots}}}}

    Parameters
    ----------
    x : ndarray
        Arguments.

    Returns
    -------
    ndarray
        Values in the dtype of `x`, accurate to a few units in the last place.

    References
    ----------
    Abramowitz & Stegun, *Handbook of Mathematical Functions*, 7.1.6 and 7.1.14.

    Examples
    --------
    >>> import numpy as np
    >>> erf(np.array([0.0, 1.0, 10.0])).round(12).tolist()
    [0.0, 0.842700792950, 1.0]
    """
    magnitude = np.abs(x).astype(np.float64)
    near = np.minimum(magnitude, _SWITCH)
    far = np.clip(magnitude, _SWITCH, 30.0)
    result = np.where(magnitude < _SWITCH, _series(near), 1 - _erfc(far))
    # NaN fails every comparison; erf(NaN) is NaN.
    result = np.where(np.isnan(magnitude), magnitude, np.copysign(result, x))
    return result.astype(x.dtype)


def _series(x: Array) -> Array:
    square = 2 * x * x
    term, total = x, x
    for n in range(1, _TERMS):
        term = term * square / (2 * n + 1)
        total = total + term
    return 2 / math.sqrt(math.pi) * np.exp(-x * x) * total


def _erfc(x: Array) -> Array:
    fraction = x
    for n in range(_TERMS, 0, -1):
        fraction = x + n / 2 / fraction
    return np.exp(-x * x) / (math.sqrt(math.pi) * fraction)
