"""Optimizer steps: one loop over the weights and their gradients. The formulas are those of `nnlite.optimizers`."""

from __future__ import annotations

from typing import Any

from numba import njit

from nnlite.engine.batch_state import CORRECTIONS, RATES, STEP
from nnlite.engine.codegen.pointers import as_number, as_pointer, like, shift
from nnlite.engine.codegen.scalars import square_root


@njit(error_model="numpy")
def current_rate(state: Any) -> Any:
    """Return the learning rate of this step, in double precision."""
    return as_pointer(state[RATES], 0.0)[state[STEP]]


def sgd(op: Any, state: Any, zero: Any) -> None:
    """op: weights, gradients, momentum or 0, length, mu, whether Nesterov momentum."""
    weights, gradients, momentum = as_pointer(op[0], zero), as_pointer(op[1], zero), as_pointer(op[2], zero)
    rate, mu = like(zero, current_rate(state)), like(zero, as_number(op[4]))
    if op[2] == 0:
        for i in range(op[3]):
            weights[i] -= rate * gradients[i]
    elif op[5] == 0:
        for i in range(op[3]):
            v = mu * momentum[i] - rate * gradients[i]
            momentum[i] = v
            weights[i] += v
    else:
        for i in range(op[3]):
            update = rate * gradients[i]
            v = mu * momentum[i] - update
            momentum[i] = v
            weights[i] += mu * v - update


def rmsprop(op: Any, state: Any, zero: Any) -> None:
    """op: weights, gradients, velocity, mean gradient or 0, momentum or 0, length, rho, mu, epsilon."""
    weights, gradients, velocity = as_pointer(op[0], zero), as_pointer(op[1], zero), as_pointer(op[2], zero)
    mean_gradient, momentum = as_pointer(op[3], zero), as_pointer(op[4], zero)
    centered, with_momentum = op[3] != 0, op[4] != 0
    rate, rho, one_minus_rho = (
        like(zero, current_rate(state)),
        like(zero, as_number(op[6])),
        like(zero, 1 - as_number(op[6])),
    )
    mu, epsilon = like(zero, as_number(op[7])), like(zero, as_number(op[8]))
    for i in range(op[5]):
        g = gradients[i]
        v = rho * velocity[i] + one_minus_rho * (g * g)
        velocity[i] = v
        denominator = v + epsilon
        if centered:
            mean = rho * mean_gradient[i] + one_minus_rho * g
            mean_gradient[i] = mean
            denominator -= mean * mean
        update = rate * g / square_root(denominator)
        if with_momentum:
            update += mu * momentum[i]
            momentum[i] = update
        weights[i] -= update


def adam(op: Any, state: Any, zero: Any) -> None:
    """op: weights, gradients, m, v, length, beta 1, beta 2, epsilon."""
    weights, gradients = as_pointer(op[0], zero), as_pointer(op[1], zero)
    momentum, velocity = as_pointer(op[2], zero), as_pointer(op[3], zero)
    beta_1, beta_2 = like(zero, as_number(op[5])), like(zero, as_number(op[6]))
    one_minus_beta_1, one_minus_beta_2 = like(zero, 1 - as_number(op[5])), like(zero, 1 - as_number(op[6]))
    epsilon = like(zero, as_number(op[7]))
    step = like(zero, current_rate(state) * as_pointer(state[CORRECTIONS], 0.0)[state[STEP]])
    for i in range(op[4]):
        g = gradients[i]
        m = beta_1 * momentum[i] + one_minus_beta_1 * g
        v = beta_2 * velocity[i] + one_minus_beta_2 * (g * g)
        momentum[i] = m
        velocity[i] = v
        weights[i] -= step * m / (square_root(v) + epsilon)


def amsgrad(op: Any, state: Any, zero: Any) -> None:
    """op: weights, gradients, m, v, maximum of v, length, beta 1, beta 2, epsilon."""
    weights, gradients = as_pointer(op[0], zero), as_pointer(op[1], zero)
    momentum, velocity, largest = as_pointer(op[2], zero), as_pointer(op[3], zero), as_pointer(op[4], zero)
    beta_1, beta_2 = like(zero, as_number(op[6])), like(zero, as_number(op[7]))
    one_minus_beta_1, one_minus_beta_2 = like(zero, 1 - as_number(op[6])), like(zero, 1 - as_number(op[7]))
    epsilon = like(zero, as_number(op[8]))
    step = like(zero, current_rate(state) * as_pointer(state[CORRECTIONS], 0.0)[state[STEP]])
    for i in range(op[5]):
        g = gradients[i]
        m = beta_1 * momentum[i] + one_minus_beta_1 * g
        v = beta_2 * velocity[i] + one_minus_beta_2 * (g * g)
        maximum = max(largest[i], v)
        momentum[i] = m
        velocity[i] = v
        largest[i] = maximum
        weights[i] -= step * m / (square_root(maximum) + epsilon)


def decay(op: Any, state: Any, zero: Any) -> None:
    """Apply weight decay. op: weights, length, lambda."""
    weights, factor = as_pointer(op[0], zero), like(zero, 1 - current_rate(state) * as_number(op[2]))
    for i in range(op[1]):
        weights[i] *= factor


def clip_values(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Clip each value to plus and minus a limit. op: gradients, length, limit."""
    gradients, limit = as_pointer(op[0], zero), like(zero, as_number(op[2]))
    for i in range(op[1]):
        gradients[i] = min(max(gradients[i], -limit), limit)


def clip_norm(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Scale the gradients down to a largest norm. op: gradients, length, limit."""
    gradients, limit = as_pointer(op[0], zero), as_number(op[2])
    norm = square_root(_sum_of_squares(gradients, op[1]))
    if norm > limit:
        factor = like(zero, limit / norm)
        for i in range(op[1]):
            gradients[i] *= factor


@njit(fastmath={"contract", "reassoc", "nsz"}, error_model="numpy")
def _sum_of_squares(x: Any, n: Any) -> Any:
    total = 0.0
    for i in range(n):
        value = like(0.0, x[i])
        total += value * value
    return total


def gather_gradients(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Add up the gradients of all threads, in their order. op: gradients of the first, threads, distance, length."""
    sums = as_pointer(op[0], zero)
    for thread in range(1, op[1]):
        terms = shift(sums, thread * op[2])
        for i in range(op[3]):
            sums[i] += terms[i]
