"""Drawing the orders in which epochs take their records.

The random numbers are those of NumPy's default generator, PCG64 (O'Neill, "PCG: a family of simple fast
space-efficient statistically good algorithms for random number generation", Harvey Mudd College HMC-CS-2014-0905,
2014), and so is what is done with them: the textbook path, which lets NumPy shuffle, takes the records in the same
order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from nnlite.engine.codegen.pointers import as_pointer, shift
from nnlite.engine.codegen.scalars import high_product, select

_FACTOR_HIGH, _FACTOR_LOW = np.uint64(2549297995355413924), np.uint64(4865540595714422341)
_ONE, _HALF, _ROTATED, _LOW = np.uint64(1), np.uint64(32), np.uint64(58), np.uint64(0xFFFFFFFF)
_TURN = np.uint64(63)


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
    """Return 64 random bits: the halves laid over each other, and rotated by the state's first six bits."""
    mixed, turn = high ^ low, high >> _ROTATED
    return (mixed >> turn) | (mixed << ((np.uint64(64) - turn) & _TURN))


@njit(error_model="numpy", inline="always")
def _place(order: Any, i: Any, mask: Any, bits: Any) -> Any:
    """Swap record i with one drawn from those up to it, unless the bits make too large a number; return what is next.

    Whether they do is as good as random, so a branch would be guessed wrong again and again. A refused draw swaps a
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

    A place up to i is drawn by taking as many bits as i has, until they make no larger number. They are the lowest of
    32, and an output makes two times 32.

    op: orders (int32), records, epochs; the generator's state: high and low half, increment's high and low half,
    whether 32 bits are left over, and those.
    """
    high, low, add_high, add_low = np.uint64(op[3]), np.uint64(op[4]), np.uint64(op[5]), np.uint64(op[6])
    spare, left = op[7] != 0, np.uint64(op[8])
    records = op[1]
    for epoch in range(op[2]):
        order = shift(as_pointer(op[0], np.int32(0)), epoch * records)
        for k in range(records):
            order[k] = k
        i, mask = records - 1, _LOW
        while mask >> _ONE >= np.uint64(i) and mask > _ONE:
            mask >>= _ONE
        while i > 0:
            if not spare:
                high, low = _step(high, low, add_high, add_low)
                drawn = _output(high, low)
                left, spare = drawn >> _HALF, True
                i, mask = _place(order, i, mask, drawn & _LOW)
            if i > 0:
                i, mask = _place(order, i, mask, left)
                spare = False
    op[3], op[4], op[7], op[8] = np.int64(high), np.int64(low), np.int64(spare), np.int64(left)
