"""A minimizer of smooth functions with known gradients: L-BFGS, in plain NumPy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nnlite.types import Array

_MOST_STEPS = 200
_MEMORY = 8


def minimize(
    function: Callable[[Array], tuple[float, Array]], start: Array, tolerance: float = 1e-12, steps: int = _MOST_STEPS
) -> Array:
    r"""Return a local minimum of a function, found by L-BFGS.

    The direction is :math:`-H g`, where g is the gradient and H an estimate of the inverse second derivative, from the
    changes of the gradient in the last steps; the step is halved until the value falls enough.

    Parameters
    ----------
    function : callable
        Returns the value at a point and the gradient, of shape (n,). A point whose value is not finite is not entered.
    start : ndarray of float64 of shape (n,)
        The first point.
    tolerance : float, default 1e-12
        The search ends when a step lowers the value by less than this share of it (or of 1, if it is smaller).
    steps : int, default 200
        The most steps.

    Returns
    -------
    ndarray of float64 of shape (n,)
        The point with the lowest value.

    References
    ----------
    Nocedal & Wright, *Numerical Optimization* (2006), algorithm 7.4.

    Examples
    --------
    >>> import numpy as np
    >>> minimize(lambda p: (float(((p - 3) ** 2).sum()), 2 * (p - 3)), np.zeros(2)).round(6).tolist()
    [3.0, 3.0]
    """
    point, (value, slope) = start, function(start)
    changes: list[tuple[Array, Array]] = []
    for _ in range(steps):
        direction = -_times_inverse(slope, changes)
        descent = float(slope @ direction)
        # The first direction has no sensible length of its own.
        size = 1.0 if changes else 1 / max(1.0, float(np.abs(slope).max()))
        while True:
            there = point + size * direction
            new_value, new_slope = function(there)
            if new_value <= value + 1e-4 * size * descent:
                break
            size /= 2
            if size < 1e-12:
                return point
        step, turn = there - point, new_slope - slope
        if step @ turn > 1e-12 * (turn @ turn):
            changes = [*changes[1 - _MEMORY :], (step, turn)]
        gained = value - new_value
        point, value, slope = there, new_value, new_slope
        if gained <= tolerance * max(1.0, abs(value)):
            break
    return point


def _times_inverse(slope: Array, changes: list[tuple[Array, Array]]) -> Array:
    """Multiply a gradient by the estimated inverse of the second derivative."""
    result = slope.copy()
    factors = []
    for step, turn in reversed(changes):
        factors.append(step @ result / (step @ turn))
        result -= factors[-1] * turn
    if changes:
        step, turn = changes[-1]
        result *= step @ turn / (turn @ turn)
    for (step, turn), factor in zip(changes, reversed(factors), strict=True):
        result += step * (factor - turn @ result / (step @ turn))
    return result
