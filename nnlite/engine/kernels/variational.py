"""The Gaussian code of a variational autoencoder: its samples, their divergence, and the gradients of both."""

from __future__ import annotations

from typing import Any

from numba import njit

from nnlite.engine.batch_state import BATCH_SIZE, ROWS, SEEDS, STEP_COUNT, THREAD
from nnlite.engine.codegen import elementary
from nnlite.engine.codegen.pointers import as_pointer, like, shift
from nnlite.engine.kernels.activation import clear_padding
from nnlite.engine.kernels.noise import normal_pair, philox

# Beyond this log variance the divergence is linear, and sigma constant: see `nnlite.layers.variational`.
_LARGEST_LOG_VARIANCE = 10.0


def sample(op: Any, state: Any, zero: Any) -> None:
    """Sample z = mu + sigma epsilon. op: mu and v of each position, sigma epsilon, z, size, positions, ld, stream."""
    size, ld = op[3], op[5]
    seed, step, thread = as_pointer(state[SEEDS], op[0])[op[6]], state[STEP_COUNT], state[THREAD]
    half = size * ld // 2
    for t in range(op[4]):
        mean = shift(as_pointer(op[0], zero), 2 * t * size * ld)
        log_variance = shift(mean, size * ld)
        noise = shift(as_pointer(op[1], zero), t * size * ld)
        z = shift(as_pointer(op[2], zero), t * size * ld)
        for i in range(half):
            a, b, _, _ = philox(t * half + i, step, thread, seed)
            noise[i], noise[i + half] = normal_pair(a, b, zero)
        _scale_noise(log_variance, noise, size * ld)
        for i in range(size * ld):
            z[i] = mean[i] + noise[i]


@njit(fastmath={"contract"}, error_model="numpy")
def _scale_noise(log_variance: Any, noise: Any, n: Any) -> None:
    for i in range(n):
        noise[i] *= elementary.exp(min(log_variance[i], like(noise[i], _LARGEST_LOG_VARIANCE)) * like(noise[i], 0.5))


def divergence(op: Any, state: Any, zero: Any) -> None:
    """Add beta times the divergence, a mean over the records. op: mu and v, size, positions, ld, beta, total."""
    size, ld, rows = op[1], op[3], state[ROWS]
    total = 0.0
    for t in range(op[2]):
        mean = shift(as_pointer(op[0], zero), 2 * t * size * ld)
        for j in range(size):
            total += _row_divergence(shift(mean, j * ld), shift(mean, (size + j) * ld), rows, zero)
    accumulator = as_pointer(op[5], 0.0)
    accumulator[0] += as_pointer(op[4], 0.0)[0] * total / 2


@njit(fastmath={"contract", "reassoc", "nsz"}, error_model="numpy")
def _row_divergence(mean: Any, log_variance: Any, rows: Any, zero: Any) -> Any:
    total = zero
    for i in range(rows):
        bounded = min(log_variance[i], like(zero, _LARGEST_LOG_VARIANCE))
        exp_minus_one = elementary.expm1(bounded)
        total += (
            mean[i] * mean[i]
            + exp_minus_one
            + (exp_minus_one + like(zero, 1.0)) * (log_variance[i] - bounded)
            - log_variance[i]
        )
    return total


def backward(op: Any, state: Any, zero: Any) -> None:
    """Compute dmu and dv. op: mu and v, sigma epsilon or 0, dz, dmu and dv, size, positions, ld, beta."""
    size, ld = op[4], op[6]
    n, half, bound = size * ld, like(zero, 0.5), like(zero, _LARGEST_LOG_VARIANCE)
    weight = like(zero, as_pointer(op[7], 0.0)[0] / state[BATCH_SIZE])
    for t in range(op[5]):
        mean, dmean = shift(as_pointer(op[0], zero), 2 * t * n), shift(as_pointer(op[3], zero), 2 * t * n)
        log_variance, dlog_variance = shift(mean, n), shift(dmean, n)
        dz = shift(as_pointer(op[2], zero), t * n)
        for i in range(n):
            dmean[i] = dz[i] + weight * mean[i]
        for i in range(n):
            dlog_variance[i] = weight * elementary.expm1(min(log_variance[i], bound)) * half
        if op[1] != 0:
            noise = shift(as_pointer(op[1], zero), t * n)
            for i in range(n):
                dlog_variance[i] += dz[i] * noise[i] * (half if log_variance[i] < bound else zero)
    clear_padding(as_pointer(op[3], zero), 2 * size * op[5], ld, state, zero)
