"""The error function, which NumPy lacks and the exact GELU needs."""

from __future__ import annotations

import math

import numpy as np

from nnlite.types import Array

_TERMS = 40
_SWITCH = 2.5


def erf(x: Array) -> Array:
    r"""Return the error function of every value.

    .. math:: \operatorname{erf}(x) = \frac{2}{\sqrt\pi} \int_0^x e^{-t^2}\,dt

    Near zero it is summed as a series of positive terms, so that nothing cancels,

    .. math:: \operatorname{erf}(x) = \frac{2}{\sqrt\pi}\, e^{-x^2}
              \sum_{n \ge 0} \frac{2^n x^{2n+1}}{1 \cdot 3 \cdots (2n+1)}

    and farther out as one minus a continued fraction for the small rest,

    .. math:: \operatorname{erfc}(x) = \frac{e^{-x^2}}{\sqrt\pi} \cdot
              \cfrac{1}{x + \cfrac{1/2}{x + \cfrac{1}{x + \cfrac{3/2}{x + \cdots}}}}

    Parameters
    ----------
    x : ndarray
        Any numbers.

    Returns
    -------
    ndarray
        Of the dtype of `x`, right to a few units in the last place.

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
    result = np.where(magnitude < _SWITCH, _series(near), 1 - _rest(far))
    # NaN fails every comparison; it has to come out as it went in.
    result = np.where(np.isnan(magnitude), magnitude, np.copysign(result, x))
    return result.astype(x.dtype)


def _series(x: Array) -> Array:
    square = 2 * x * x
    term, total = x, x
    for n in range(1, _TERMS):
        term = term * square / (2 * n + 1)
        total = total + term
    return 2 / math.sqrt(math.pi) * np.exp(-x * x) * total


def _rest(x: Array) -> Array:
    fraction = x
    for n in range(_TERMS, 0, -1):
        fraction = x + n / 2 / fraction
    return np.exp(-x * x) / (math.sqrt(math.pi) * fraction)
