"""Dropout and Gaussian noise.

The random numbers are those of Philox4x32-10 (Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2,
3", SC 2011): four numbers of 32 bits are a scrambled counter, and nothing is remembered from one to the next. The
counter is made of the place in the batch, the step, and the thread; the key is the stream's seed. So every number is
independent of the order in which they are made, and the loops are vectorised.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from nnlite.engine.batch_state import COUNT, SEEDS, THREAD
from nnlite.engine.codegen import elementary
from nnlite.engine.codegen.pointers import as_number, as_pointer, like
from nnlite.engine.codegen.scalars import polynomial, select, square_root

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_FIRST, _SECOND = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_GOLDEN, _ROOT = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)

# sin and cos of an angle of at most pi/4, as sin(a)/a and cos(a), by a squared.
_sine = polynomial([(-1) ** k / math.factorial(2 * k + 1) for k in range(8)])
_cosine = polynomial([(-1) ** k / math.factorial(2 * k) for k in range(9)])


@njit(error_model="numpy", inline="always")
def _round(a: Any, b: Any, c: Any, d: Any, key: Any, other: Any) -> Any:
    x, y = _FIRST * a, _SECOND * c
    return (y >> _HALF) ^ b ^ key, y & _LOW, (x >> _HALF) ^ d ^ other, x & _LOW


@njit(error_model="numpy", inline="always")
def philox(place: Any, step: Any, thread: Any, seed: Any) -> Any:
    """Return four random numbers of 32 bits, each in an uint64."""
    a, b, c, d = np.uint64(place) & _LOW, np.uint64(step) & _LOW, np.uint64(thread) & _LOW, np.uint64(step) >> _HALF
    k, m = np.uint64(seed) & _LOW, np.uint64(seed) >> _HALF
    # Ten rounds, written out: a loop within the caller's loop would keep that from being vectorised.
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
    """Return two standard normal numbers, made of two times 32 random bits.

    G. E. P. Box & M. E. Muller, "A note on the generation of random normal deviates", Annals of Mathematical
    Statistics 29 (1958): a radius from the one, a direction from the other. The direction's last three bits choose
    the octant.
    """
    # From (0, 1]: never 0, whose logarithm is infinite.
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
    seed, step, thread = as_pointer(state[SEEDS], op[0])[op[4]], state[COUNT], state[THREAD]
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
    """Set a share to zero and scale the rest up. op: x, y, mask, features, ld, stream, rate."""
    x, y, mask, rate = as_pointer(op[0], zero), as_pointer(op[1], zero), as_pointer(op[2], zero), as_number(op[6])
    seed, step, thread = as_pointer(state[SEEDS], op[0])[op[5]], state[COUNT], state[THREAD]
    kept, least = like(zero, 1 / (1 - rate)), np.uint64(rate * 2.0**32)
    quarter = op[3] * op[4] // 4
    for i in range(quarter):
        a, b, c, d = philox(i, step, thread, seed)
        mask[i] = select(a >= least, kept, zero)
        mask[i + quarter] = select(b >= least, kept, zero)
        mask[i + 2 * quarter] = select(c >= least, kept, zero)
        mask[i + 3 * quarter] = select(d >= least, kept, zero)
    for i in range(4 * quarter):
        y[i] = x[i] * mask[i]


def dropout_backward(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Compute dx = dy m. op: mask, dy becomes dx, length."""
    mask, dy = as_pointer(op[0], zero), as_pointer(op[1], zero)
    for i in range(op[2]):
        dy[i] *= mask[i]
