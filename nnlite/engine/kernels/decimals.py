"""Decimal numbers of text, as the nearest double: what Python's `float` gives, to the last bit.

A decimal of up to 19 digits is an integer w times a power of ten. Where both are exact doubles, one multiplication or
division rounds once, and rightly. Else w is multiplied by the power of five as an integer of 128 bits, which decides
the rounding in all but a few cases: Lemire, "Number parsing at a gigabyte per second", Software: Practice and
Experience 51 (2021). What is not decided is left to Python.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from nnlite.engine.codegen.scalars import float_of, high_product, leading_zeros

LEAST_POWER, MOST_POWER = -300, 280
"""Powers of ten in the table. Beyond, and for results below the smallest normal double, Python parses."""

_ONE, _NINE_BITS, _SIGNIFICAND = np.uint64(1), np.uint64(0x1FF), np.uint64((1 << 52) - 1)
_MOST_DIGITS = 19
_LONGEST_EXPONENT = 100_000


@njit(error_model="numpy")
def nearest_double(w: Any, q: Any, powers: Any, tens: Any) -> Any:
    """Return w * 10**q, rightly rounded; NaN where this is not decided here.

    powers: the upper and the lower 64 bits of each power of five, from LEAST_POWER; tens: 10**0 to 10**22.
    """
    if w < np.uint64(9007199254740993) and -22 <= q <= 22:
        return np.float64(w) / tens[-q] if q < 0 else np.float64(w) * tens[q]
    if w == np.uint64(0):
        return 0.0
    if q < LEAST_POWER or q > MOST_POWER:
        return np.nan
    zeros = leading_zeros(w)
    w = w << np.uint64(zeros)
    place = 2 * (q - LEAST_POWER)
    high, low = high_product(w, powers[place]), w * powers[place]
    if high & _NINE_BITS == _NINE_BITS:
        more = high_product(w, powers[place + 1])
        low = low + more
        if more > low:
            high += _ONE
    if low == np.uint64(0xFFFFFFFFFFFFFFFF) and (q < -27 or q > 55):
        return np.nan
    upper = np.int64(high >> np.uint64(63))
    shift = np.uint64(upper + 9)
    significand = high >> shift
    exponent = ((217706 * q) >> 16) + 63 + upper - zeros + 1023
    if exponent <= 0 or exponent >= 2046:
        return np.nan
    # Half way between two doubles: to the even one.
    is_half = low <= _ONE and -4 <= q <= 23 and significand & np.uint64(3) == _ONE
    if is_half and significand << shift == high:
        significand &= ~_ONE
    significand += significand & _ONE
    significand >>= _ONE
    if significand >= np.uint64(1 << 53):
        significand = np.uint64(1 << 52)
        exponent += 1
    return float_of((significand & _SIGNIFICAND) | (np.uint64(exponent) << np.uint64(52)), 0.0)


@njit(error_model="numpy")
def parse_plain(data: Any, i: Any, end: Any, point: Any, powers: Any, tens: Any) -> Any:
    """Parse a plain number that begins at i: return whether it is one, its value, and the position after it.

    A plain number is a sign or none, digits without a leading zero, a decimal point and digits, and an exponent, of
    which all but one digit may be absent. It is none here, either, where its value is not decided.
    """
    c = data[i] if i < end else np.uint8(0)
    is_negative = c == 45
    if is_negative or c == 43:
        i += 1
    w, first = np.uint64(0), i
    while i < end:
        digit = np.uint8(data[i] - np.uint8(48))
        if digit > 9:
            break
        w = w * np.uint64(10) + np.uint64(digit)
        i += 1
    digits, q = i - first, 0
    if digits > 1 and data[first] == 48:
        return False, 0.0, i
    if i < end and data[i] == point:
        i += 1
        begin = i
        while i < end:
            digit = np.uint8(data[i] - np.uint8(48))
            if digit > 9:
                break
            w = w * np.uint64(10) + np.uint64(digit)
            i += 1
        q = begin - i
        digits += i - begin
    if digits == 0:
        return False, 0.0, i
    if i < end and (data[i] == 101 or data[i] == 69):
        i, power = _exponent(data, i + 1, end)
        if i < 0:
            return False, 0.0, i
        q += power
    if digits > _MOST_DIGITS:
        # Leading zeros are none of them.
        j = first
        while data[j] == 48 or data[j] == point:
            digits -= np.int64(data[j] == 48)
            j += 1
            if j >= i:
                break
        if digits > _MOST_DIGITS:
            return False, 0.0, i
    value = nearest_double(w, q, powers, tens)
    return value == value, -value if is_negative else value, i


@njit(error_model="numpy")
def _exponent(data: Any, i: Any, end: Any) -> Any:
    """Return the position after an exponent that begins at i, or -1 if there is none, and its value."""
    is_negative = i < end and data[i] == 45
    if i < end and (is_negative or data[i] == 43):
        i += 1
    first, power = i, 0
    while i < end:
        digit = np.uint8(data[i] - np.uint8(48))
        if digit > 9:
            break
        if power < _LONGEST_EXPONENT:
            power = 10 * power + np.int64(digit)
        i += 1
    return (i if i > first else -1), (-power if is_negative else power)
