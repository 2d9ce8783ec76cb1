"""Dropout and Gaussian noise.

The random numbers are those of Philox4x32-10 (Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2,
3", SC 2011), a counter-based generator: four numbers of 32 bits are a function of a counter, without a state. The
counter consists of the index in the batch, the step, and the thread; the key is the stream's seed. So every number is
independent of the order of computation, and the loops are vectorized.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from nnlite.engine.batch_state import SEEDS, STEP_COUNT, THREAD
from nnlite.engine.codegen import elementary
from nnlite.engine.codegen.pointers import as_number, as_pointer, like
from nnlite.engine.codegen.scalars import polynomial, select, square_root

_LOW = np.uint64(0xFFFFFFFF)
_WORD_BITS = np.uint64(32)
_FIRST, _SECOND = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_GOLDEN, _ROOT = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)

# sin(a)/a and cos(a) for an angle of at most pi/4, as polynomials in a squared.
_sine = polynomial([(-1) ** k / math.factorial(2 * k + 1) for k in range(8)])
_cosine = polynomial([(-1) ** k / math.factorial(2 * k) for k in range(9)])


@njit(error_model="numpy", inline="always")
def _round(a: Any, b: Any, c: Any, d: Any, key: Any, second_key: Any) -> Any:
    x, y = _FIRST * a, _SECOND * c
    return (y >> _WORD_BITS) ^ b ^ key, y & _LOW, (x >> _WORD_BITS) ^ d ^ second_key, x & _LOW


@njit(error_model="numpy", inline="always")
def philox(index: Any, step: Any, thread: Any, seed: Any) -> Any:
    """Return four random numbers of 32 bits, each in an uint64."""
    a, b, c, d = (
        np.uint64(index) & _LOW,
        np.uint64(step) & _LOW,
        np.uint64(thread) & _LOW,
        np.uint64(step) >> _WORD_BITS,
    )
    k, m = np.uint64(seed) & _LOW, np.uint64(seed) >> _WORD_BITS
    # Ten rounds, unrolled: an inner loop would prevent the vectorization of the caller's loop.
    a, b, c, d = _round(a, b, c, d, k, m)
    a, b, c, d = _round(a, b, c, d, (k + np.uint64(1) * _GOLDEN) & _LOW, (m + np.uint64(1) * _ROOT) & _LOW)
    a, b, c, d = _round(a, b, c, d, (k + np.uint64(2) * _GOLDEN) & _LOW, (m + np.uint64(2) * _ROOT) & _LOW)
    a, b, c, d = _round(a, b, c, d, (k + np.uint64(3) * _GOLDEN) & _LOW, (m + np.uint64(3) * _ROOT) & _LOW)
    a, b, c, d = _round(a, b, c, d, (k + np.uint64(4) * _GOLDEN) & _LOW, (m + np.uint64(4) * _ROOT) & _LOW)
    a, b, c, d = _round(a, b, c, d, (k + np.uint64(5) * _GOLDEN) & _LOW, (m + np.uint64(5) * _ROOT) & _LOW)
    a, b, c, d = _round(a, b, c, d, (k + np.uint64(6) * _GOLDEN) & _LOW, (m + np.uint64(6) * _ROOT) & _LOW)
    a, b, c, d = _round(a, b, c, d, (k + np.uint64(7) * _GOLDEN) & _LOW, (m + np.uint64(7) * _ROOT) & _LOW)
    a, b, c, d = _round(a, b, c, d, (k + np.uint64(8) * _GOLDEN) & _LOW, (m + np.uint64(8) * _ROOT) & _LOW)
    a, b, c, d = _round(a, b, c, d, (k + np.uint64(9) * _GOLDEN) & _LOW, (m + np.uint64(9) * _ROOT) & _LOW)
    return a, b, c, d


@njit(**elementary.OPTIONS)
def normal_pair(bits: Any, angle: Any, zero: Any) -> Any:
    """Return two standard normal numbers, computed from two times 32 random bits.

    G. E. P. Box & M. E. Muller, "A note on the generation of random normal deviates", Annals of Mathematical
    Statistics 29 (1958): the radius from one, the angle from the other. The last three bits of the angle choose the
    octant.
    """
    # In (0, 1]: the logarithm of 0 is infinite.
    u = (like(zero, np.int64(bits)) + like(zero, 0.5)) * like(zero, 2.0**-32)
    radius = square_root(like(zero, -2.0) * elementary.log(u))
    a = (like(zero, np.int64(angle >> np.uint64(3))) * like(zero, 2.0**-28) - like(zero, 1.0)) * like(zero, np.pi / 4)
    square = a * a
    sine, cosine = a * _sine(square), _cosine(square)
    swap, flip = (angle & np.uint64(1)) != 0, (angle & np.uint64(2)) != 0
    first, second = select(swap, sine, cosine), select(swap, cosine, sine)
    first = select(flip, -first, first)
    second = select((angle & np.uint64(4)) != 0, -second, second)
    return radius * first, radius * second


def gaussian(op: Any, state: Any, zero: Any) -> None:
    """Add normal noise. op: x, y, features, ld, stream, standard deviation."""
    x, y, deviation = as_pointer(op[0], zero), as_pointer(op[1], zero), like(zero, as_number(op[5]))
    seed, step, thread = as_pointer(state[SEEDS], op[0])[op[4]], state[STEP_COUNT], state[THREAD]
    quarter = op[2] * op[3] // 4
    for i in range(quarter):
        a, b, c, d = philox(i, step, thread, seed)
        z0, z1 = normal_pair(a, b, zero)
        z2, z3 = normal_pair(c, d, zero)
        j, k, m = i + quarter, i + 2 * quarter, i + 3 * quarter
        y[i] = x[i] + deviation * z0
        y[j] = x[j] + deviation * z1
        y[k] = x[k] + deviation * z2
        y[m] = x[m] + deviation * z3


def dropout(op: Any, state: Any, zero: Any) -> None:
    """Set a fraction of the values to zero and scale the others up. op: x, y, mask, features, ld, stream, rate."""
    x, y, mask, rate = as_pointer(op[0], zero), as_pointer(op[1], zero), as_pointer(op[2], zero), as_number(op[6])
    seed, step, thread = as_pointer(state[SEEDS], op[0])[op[5]], state[STEP_COUNT], state[THREAD]
    scale, threshold = like(zero, 1 / (1 - rate)), np.uint64(rate * 2.0**32)
    quarter = op[3] * op[4] // 4
    for i in range(quarter):
        a, b, c, d = philox(i, step, thread, seed)
        mask[i] = select(a >= threshold, scale, zero)
        mask[i + quarter] = select(b >= threshold, scale, zero)
        mask[i + 2 * quarter] = select(c >= threshold, scale, zero)
        mask[i + 3 * quarter] = select(d >= threshold, scale, zero)
    for i in range(4 * quarter):
        y[i] = x[i] * mask[i]


def dropout_backward(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Compute dx = dy m. op: mask; dy, overwritten by dx; length."""
    mask, dy = as_pointer(op[0], zero), as_pointer(op[1], zero)
    for i in range(op[2]):
        dy[i] *= mask[i]
