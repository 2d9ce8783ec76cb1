"""Steps of the less frequent optimizers: one loop over the weights and their gradients.

The formulas are those of `nnlite.optimizers`.
"""

from __future__ import annotations

from typing import Any

from nnlite.engine.batch_state import CORRECTIONS, STEP
from nnlite.engine.codegen.pointers import as_number, as_pointer, like
from nnlite.engine.codegen.scalars import square_root
from nnlite.engine.kernels.optimizer import current_rate


def nadam(op: Any, state: Any, zero: Any) -> None:
    """op: weights, gradients, m, v, length, beta 1, beta 2, epsilon. Each step has three coefficients."""
    weights, gradients = as_pointer(op[0], zero), as_pointer(op[1], zero)
    momentum, velocity = as_pointer(op[2], zero), as_pointer(op[3], zero)
    beta_1, beta_2 = like(zero, as_number(op[5])), like(zero, as_number(op[6]))
    one_minus_beta_1, one_minus_beta_2 = like(zero, 1 - as_number(op[5])), like(zero, 1 - as_number(op[6]))
    epsilon, rate = like(zero, as_number(op[7])), current_rate(state)
    coefficients, first = as_pointer(state[CORRECTIONS], 0.0), 3 * state[STEP]
    of_momentum, of_gradient = like(zero, rate * coefficients[first]), like(zero, rate * coefficients[first + 1])
    of_root = like(zero, coefficients[first + 2])
    for i in range(op[4]):
        g = gradients[i]
        m = beta_1 * momentum[i] + one_minus_beta_1 * g
        v = beta_2 * velocity[i] + one_minus_beta_2 * (g * g)
        momentum[i] = m
        velocity[i] = v
        weights[i] -= (of_momentum * m + of_gradient * g) / (square_root(v) * of_root + epsilon)


def adamax(op: Any, state: Any, zero: Any) -> None:
    """op: weights, gradients, m, u, length, beta 1, beta 2, epsilon."""
    weights, gradients = as_pointer(op[0], zero), as_pointer(op[1], zero)
    momentum, norm = as_pointer(op[2], zero), as_pointer(op[3], zero)
    beta_1, beta_2 = like(zero, as_number(op[5])), like(zero, as_number(op[6]))
    one_minus_beta_1, epsilon = like(zero, 1 - as_number(op[5])), like(zero, as_number(op[7]))
    step = like(zero, current_rate(state) * as_pointer(state[CORRECTIONS], 0.0)[state[STEP]])
    for i in range(op[4]):
        g = gradients[i]
        m = beta_1 * momentum[i] + one_minus_beta_1 * g
        u = max(beta_2 * norm[i], abs(g))
        momentum[i] = m
        norm[i] = u
        weights[i] -= step * m / (u + epsilon)


def adagrad(op: Any, state: Any, zero: Any) -> None:
    """op: weights, gradients, accumulator, length, epsilon."""
    weights, gradients, accumulator = as_pointer(op[0], zero), as_pointer(op[1], zero), as_pointer(op[2], zero)
    epsilon, rate = like(zero, as_number(op[4])), like(zero, current_rate(state))
    for i in range(op[3]):
        g = gradients[i]
        a = accumulator[i] + g * g
        accumulator[i] = a
        weights[i] -= rate * g / square_root(a + epsilon)


def adadelta(op: Any, state: Any, zero: Any) -> None:
    """op: weights, gradients, average of squared gradients, of squared steps, length, rho, epsilon."""
    weights, gradients = as_pointer(op[0], zero), as_pointer(op[1], zero)
    squared_gradient, squared_step = as_pointer(op[2], zero), as_pointer(op[3], zero)
    rho, one_minus_rho = like(zero, as_number(op[5])), like(zero, 1 - as_number(op[5]))
    epsilon, rate = like(zero, as_number(op[6])), like(zero, current_rate(state))
    for i in range(op[4]):
        g = gradients[i]
        a = rho * squared_gradient[i] + one_minus_rho * (g * g)
        d = squared_step[i]
        step = square_root(d + epsilon) * g / square_root(a + epsilon)
        squared_gradient[i] = a
        squared_step[i] = rho * d + one_minus_rho * (step * step)
        weights[i] -= rate * step


def lion(op: Any, state: Any, zero: Any) -> None:
    """op: weights, gradients, m, length, beta 1, beta 2."""
    weights, gradients, momentum = as_pointer(op[0], zero), as_pointer(op[1], zero), as_pointer(op[2], zero)
    beta_1, beta_2 = like(zero, as_number(op[4])), like(zero, as_number(op[5]))
    one_minus_beta_1, one_minus_beta_2 = like(zero, 1 - as_number(op[4])), like(zero, 1 - as_number(op[5]))
    rate = like(zero, current_rate(state))
    for i in range(op[3]):
        g, m = gradients[i], momentum[i]
        direction = beta_1 * m + one_minus_beta_1 * g
        if direction > zero:
            weights[i] -= rate
        elif direction < zero:
            weights[i] += rate
        momentum[i] = beta_2 * m + one_minus_beta_2 * g


def ftrl(op: Any, state: Any, zero: Any) -> None:
    """op: weights, gradients, accumulator, linear, length, l1, l2, l2 shrinkage, beta. The power is -1/2."""
    weights, gradients = as_pointer(op[0], zero), as_pointer(op[1], zero)
    accumulator, linear = as_pointer(op[2], zero), as_pointer(op[3], zero)
    l1, shrinkage = like(zero, as_number(op[5])), like(zero, 2 * as_number(op[7]))
    inverse_rate = like(zero, 1 / current_rate(state))
    l2 = like(zero, 2 * as_number(op[6]) + as_number(op[8]) / current_rate(state))
    for i in range(op[4]):
        g, w, a = gradients[i], weights[i], accumulator[i]
        grown = a + g * g
        root = square_root(grown)
        z = linear[i] + g + shrinkage * w - (root - square_root(a)) * inverse_rate * w
        weights[i] = (min(max(z, -l1), l1) - z) / (root * inverse_rate + l2)
        linear[i] = z
        accumulator[i] = grown
