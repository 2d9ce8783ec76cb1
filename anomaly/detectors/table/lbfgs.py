"""L-BFGS: minimization of smooth functions with known gradients."""

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

    The direction is :math:`-H g`, where g is the gradient and H an estimate of the inverse Hessian from the changes of
    the gradient in the last steps; the step is halved until it satisfies the condition of sufficient decrease.

    Parameters
    ----------
    function : callable
        From a point to its value and gradient, of shape (n,). Steps to points of infinite value are halved.
    start : ndarray of float64 of shape (n,)
        The first point.
    tolerance : float, default 1e-12
        The search ends when a step lowers the value by less than this fraction of it (or of 1, if it is smaller).
    steps : int, default 200
        Largest number of steps.

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
    point, (value, gradient) = start, function(start)
    changes: list[tuple[Array, Array]] = []
    for _ in range(steps):
        direction = -_times_inverse(gradient, changes)
        descent = float(gradient @ direction)
        # Without an estimate of the Hessian, the length of the direction means nothing.
        size = 1.0 if changes else 1 / max(1.0, float(np.abs(gradient).max()))
        while True:
            candidate = point + size * direction
            new_value, new_gradient = function(candidate)
            if new_value <= value + 1e-4 * size * descent:
                break
            size /= 2
            if size < 1e-12:
                return point
        step, change = candidate - point, new_gradient - gradient
        if step @ change > 1e-12 * (change @ change):
            changes = [*changes[1 - _MEMORY :], (step, change)]
        decrease = value - new_value
        point, value, gradient = candidate, new_value, new_gradient
        if decrease <= tolerance * max(1.0, abs(value)):
            break
    return point


def _times_inverse(gradient: Array, changes: list[tuple[Array, Array]]) -> Array:
    """Multiply a gradient by the estimate of the inverse Hessian (the two-loop recursion)."""
    result = gradient.copy()
    factors = []
    for step, change in reversed(changes):
        factors.append(step @ result / (step @ change))
        result -= factors[-1] * change
    if changes:
        step, change = changes[-1]
        result *= step @ change / (change @ change)
    for (step, change), factor in zip(changes, reversed(factors), strict=True):
        result += step * (factor - change @ result / (step @ change))
    return result
