"""Random orders of the records.

The random numbers are those of NumPy's default generator, PCG64 (O'Neill, "PCG: a family of simple fast
space-efficient statistically good algorithms for random number generation", Harvey Mudd College HMC-CS-2014-0905,
2014), and the shuffling algorithm is NumPy's too: the layers' path, in which NumPy shuffles, takes the records in the
same order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from nnlite.engine.codegen.pointers import as_pointer, shift
from nnlite.engine.codegen.scalars import high_product, select

_FACTOR_HIGH, _FACTOR_LOW = np.uint64(2549297995355413924), np.uint64(4865540595714422341)
_ONE, _WORD_BITS, _ROTATION_SHIFT, _LOW = np.uint64(1), np.uint64(32), np.uint64(58), np.uint64(0xFFFFFFFF)
_ROTATION_MASK = np.uint64(63)


@njit(error_model="numpy", inline="always")
def _step(high: Any, low: Any, add_high: Any, add_low: Any) -> Any:
    """Return the next state, of 128 bits in two halves: state * factor + increment."""
    next_high = high_product(low, _FACTOR_LOW) + high * _FACTOR_LOW + low * _FACTOR_HIGH + add_high
    next_low = low * _FACTOR_LOW + add_low
    if next_low < add_low:
        next_high += _ONE
    return next_high, next_low


@njit(error_model="numpy", inline="always")
def _output(high: Any, low: Any) -> Any:
    """Return 64 random bits: the exclusive or of the halves, rotated by the state's first six bits."""
    folded, rotation = high ^ low, high >> _ROTATION_SHIFT
    return (folded >> rotation) | (folded << ((np.uint64(64) - rotation) & _ROTATION_MASK))


@njit(error_model="numpy", inline="always")
def _swap(order: Any, i: Any, mask: Any, bits: Any) -> Any:
    """Swap record i with a random one up to it, unless the drawn number is too large; return the next i and its mask.

    The acceptance is as good as random, so a branch would be mispredicted again and again. A rejected draw swaps a
    record with itself instead.
    """
    drawn = bits & mask
    accepted = drawn <= np.uint64(i)
    j = select(accepted, np.int64(drawn), i)
    order[i], order[j] = order[j], order[i]
    i -= np.int64(accepted)
    return i, mask >> np.uint64((mask >> _ONE) >= np.uint64(i))


def orders(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Write random orders of the records, one for each epoch (R. A. Fisher and F. Yates's shuffle).

    An index up to i is drawn from as many bits as i has, repeatedly until it is at most i. These are the lowest of 32
    bits, and an output of the generator has two times 32.

    op: orders (int32), records, epochs; the generator's state: high and low half, increment's high and low half,
    whether 32 spare bits exist, and these.
    """
    high, low, add_high, add_low = np.uint64(op[3]), np.uint64(op[4]), np.uint64(op[5]), np.uint64(op[6])
    has_spare, spare = op[7] != 0, np.uint64(op[8])
    records = op[1]
    for epoch in range(op[2]):
        order = shift(as_pointer(op[0], np.int32(0)), epoch * records)
        for k in range(records):
            order[k] = k
        i, mask = records - 1, _LOW
        while mask >> _ONE >= np.uint64(i) and mask > _ONE:
            mask >>= _ONE
        while i > 0:
            if not has_spare:
                high, low = _step(high, low, add_high, add_low)
                drawn = _output(high, low)
                spare, has_spare = drawn >> _WORD_BITS, True
                i, mask = _swap(order, i, mask, drawn & _LOW)
            if i > 0:
                i, mask = _swap(order, i, mask, spare)
                has_spare = False
    op[3], op[4], op[7], op[8] = np.int64(high), np.int64(low), np.int64(has_spare), np.int64(spare)
