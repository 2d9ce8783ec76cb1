"""Elementary functions for kernels: exp, expm1, log, log1p, tanh, sigmoid, softplus and erf of one float.

They are for compiled code only, take float32 or float64, and return the same type. The functions of the C library take
one number at a time; these are straight-line arithmetic without branches, calls or tables, so a loop that calls one is
vectorized, and they need no library.

All follow the same scheme: reduce the argument exactly to a small interval, evaluate a minimax polynomial there, and
reverse the reduction. Both precisions share the scheme and differ in the coefficients (`coefficients`). Where a
function has two formulas, both are evaluated and one is selected.

Errors, in units in the last place: at most 2 in float32 and 3 in float64; over 80 million and 2 million numbers of the
whole range, the largest found was 1.9. Infinities, NaNs, signed zeros and subnormal results are correct.

The only fast-math flag is `contract`: a product and a sum may become one fused multiply-add, which rounds less.
`reassoc` would cancel the exact reductions; `nnan` and `ninf` would drop the special cases; `nsz` the sign of zero;
`arcp` and `afn` would lose digits.

References
----------
Cody & Waite, *Software Manual for the Elementary Functions*, 1980 (the reductions with a constant in two parts).
Muller, *Elementary Functions*, 3rd edition, 2016 (Remez; reconstruction).
Tang, "Table-driven implementation of the expm1 function", ACM TOMS 18, 1992.
Sun's fdlibm, 1993 (the form of log by f/(2 + f)).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import extending, njit, types

from nnlite.engine.codegen.coefficients import DOUBLE, SINGLE, Format
from nnlite.engine.codegen.scalars import bits_of, float_of, polynomial, select, with_sign

overload: Any = extending.overload

# Inlined, so that the loop vectorizer sees arithmetic; division by zero gives infinity as in NumPy.
OPTIONS: dict[str, Any] = {"fastmath": {"contract"}, "error_model": "numpy", "forceinline": True}

_FORMATS = {types.float32: SINGLE, types.float64: DOUBLE}
Recipe = Callable[[Format], Callable[..., Any]]


def _elementary(recipe: Recipe) -> Any:
    """Turn a recipe, which builds the function for a format, into a function of either float type for compiled code."""

    @functools.wraps(recipe)
    def function(x: Any) -> Any:  # noqa: ARG001
        raise TypeError(
            f"nnlite.engine.codegen.elementary.{recipe.__name__} was called from Python; call it in compiled code"
        )

    @overload(function, jit_options=OPTIONS, strict=False)
    def choose(x: Any) -> Any:
        return recipe(_FORMATS[x]) if x in _FORMATS else None

    return function


def _helper(recipe: Recipe) -> Any:
    """Turn a recipe into a cached builder of compiled helper functions."""
    return functools.cache(lambda form: njit(**OPTIONS)(recipe(form)))


@_helper
def _power_of_two(form: Format) -> Any:
    """Return 2^n for an integer n of a float type, where that is a normal number.

    Adding 1.5 * 2^digits puts n into the lowest bits of the sum; shifted left, they are the exponent.
    """
    shifter = form.real(1.5 * 2**form.digits + form.bias)
    digits = form.bits(form.digits)

    def compute(n: Any) -> Any:
        return float_of(bits_of(n + shifter) << digits, n)

    return compute


@_helper
def _reduce_exp(form: Format) -> Any:
    """Return n, r and c with x = n log(2) + r + c: n an integer, abs(r) <= log(2) / 2, c the rounding error of r."""
    shifter, per_ln2 = form.real(1.5 * 2**form.digits), form.real(1 / math.log(2))
    high, low = form.real(form.ln2_high), form.real(form.ln2_low)

    def compute(x: Any) -> Any:
        n = (x * per_ln2 + shifter) - shifter  # the sum is too large for fractional bits
        exact = x - n * high
        r = exact - n * low
        return n, r, (exact - r) - n * low

    return compute


@_elementary
def exp(form: Format) -> Any:
    """Return e^x = 2^n e^r, where x = n log(2) + r.

    The power of two is applied in two halves, as 2^n itself may overflow where the result is still finite.
    """
    reduce, power_of_two, tail = _reduce_exp(form), _power_of_two(form), polynomial(form.exp_tail)
    lowest, highest = map(form.real, form.exp_range)
    shifter, half, one = form.real(1.5 * 2**form.digits), form.real(0.5), form.real(1)

    def compute(x: Any) -> Any:
        x = select(x < lowest, lowest, x)  # NaN fails both comparisons and is kept
        x = select(x > highest, highest, x)
        n, r, c = reduce(x)
        y = one + (r + (r * r * tail(r) + c))
        first = (n * half + shifter) - shifter
        return y * power_of_two(first) * power_of_two(n - first)

    return compute


@_helper
def _exp_below_one(form: Format) -> Any:
    """Return e^x for x <= 0, with the bits of `exp`, in fewer operations.

    Nothing overflows here, so the power of two is applied at once: scaled up by 2^h, in case the result is subnormal,
    and then down again.
    """
    reduce, power_of_two, tail = _reduce_exp(form), _power_of_two(form), polynomial(form.exp_tail)
    lowest, one = form.real(form.exp_range[0]), form.real(1)
    height = form.bias // 2
    lift, down = form.real(height), form.real(2.0**-height)

    def compute(x: Any) -> Any:
        n, r, c = reduce(select(x < lowest, lowest, x))
        y = one + (r + (r * r * tail(r) + c))
        return y * power_of_two(n + lift) * down

    return compute


@_elementary
def expm1(form: Format) -> Any:
    """Return e^x - 1 = 2^n (e^r - 1) + (2^n - 1), without the cancellation near zero.

    Computed with 2^(n - 1) and doubled, as 2^n may overflow.
    """
    reduce, power_of_two, tail = _reduce_exp(form), _power_of_two(form), polynomial(form.exp_tail)
    lowest, highest = form.real(form.expm1_floor), form.real(form.exp_range[1])
    zero, half, one, two = map(form.real, (0, 0.5, 1, 2))

    def compute(x: Any) -> Any:
        bounded = select(x < lowest, lowest, x)
        bounded = select(bounded > highest, highest, bounded)
        n, r, c = reduce(bounded)
        y = r + (r * r * tail(r) + c)
        half_power = power_of_two(n - one)
        y = select(n == zero, y, two * (half_power * y + (half_power - half)))
        return with_sign(y, x)

    return compute


@_helper
def split_exponent(form: Format) -> Any:
    """Return k and m with x = 2^k m and m between sqrt(1/2) and sqrt(2), for a positive normal x."""
    one, root = form.bits(form.real(1).view(form.bits)), form.bits(form.real(math.sqrt(0.5)).view(form.bits))
    offset, below = form.bits(one - root), form.bits(2**form.digits - 1)
    digits, word = form.bits(form.digits), form.bits
    shifter = form.real(2**form.digits)
    whole_bits, biased = form.bits(shifter.view(form.bits)), form.real(2**form.digits + form.bias)

    def compute(x: Any) -> Any:
        bits = word(bits_of(x) + offset)  # Numba adds in 64 bits
        # The exponent as the lowest bits of a large float is a float already: AVX2 can't convert 64-bit integers.
        k = float_of((bits >> digits) | whole_bits, x) - biased
        return k, float_of((bits & below) + root, x)

    return compute


@_helper
def log_from(form: Format) -> Any:
    """Return log(2^k (1 + f)) = k log(2) + log(1 + f).

    With s = f / (2 + f), log(1 + f) = 2 artanh(s) = 2 s + s R(s^2); and 2 s = f - f^2/2 + s f^2/2, whose first term is
    exact.
    """
    tail = polynomial(form.log_tail)
    high, low, half, two = map(form.real, (form.ln2_high, form.ln2_low, 0.5, 2))

    def compute(k: Any, f: Any) -> Any:
        s = f / (two + f)
        z = s * s
        square = half * f * f
        rest = s * (square + z * tail(z)) + k * low
        return k * high - ((square - rest) - f)

    return compute


@_elementary
def log(form: Format) -> Any:
    """Return the natural logarithm: minus infinity at zero, NaN below."""
    split, logarithm = split_exponent(form), log_from(form)
    normal, lift, lifted = form.real(2.0 ** (1 - form.bias)), form.real(2.0**form.digits), form.real(form.digits)
    zero, one, infinity, nan = map(form.real, (0, 1, np.inf, np.nan))

    def compute(x: Any) -> Any:
        subnormal = x < normal
        k, m = split(select(subnormal, x * lift, x))
        y = logarithm(k - select(subnormal, lifted, zero), m - one)
        y = select(x < infinity, y, x)
        return select(x > zero, y, select(x == zero, -infinity, nan))

    return compute


@_elementary
def log1p(form: Format) -> Any:
    """Return log(1 + x), exact near zero too.

    1 + x serves only to find the exponent k; f = 2^-k (1 + x) - 1 = 2^-k x + (2^-k - 1) is then rounded once. (With a
    quarter of x and four times the power, which stays normal for every k.)
    """
    split, logarithm, power_of_two = split_exponent(form), log_from(form), _power_of_two(form)
    tiny = form.real(2.0 ** -(form.digits + 2))
    quarter, one, two, infinity, nan = map(form.real, (0.25, 1, 2, np.inf, np.nan))

    def compute(x: Any) -> Any:
        k, _ = split(one + x)
        power = power_of_two(two - k)
        y = logarithm(k, (quarter * x) * power + (quarter * power - one))
        y = select(abs(x) < tiny, x, y)
        y = select(x < infinity, y, x)
        return select(x > -one, y, select(x == -one, -infinity, nan))

    return compute


@_elementary
def tanh(form: Format) -> Any:
    """Return the hyperbolic tangent: an odd polynomial near zero, 1 - 2 / (e^(2 abs(x)) + 1) farther out."""
    tail = polynomial(form.tanh_tail)
    switch, one, two = map(form.real, (0.625, 1, 2))

    def compute(x: Any) -> Any:
        size = abs(x)
        z = x * x
        near = size + size * (z * tail(z))
        far = one - two / (exp(two * size) + one)
        return with_sign(select(size < switch, near, far), x)

    return compute


@_elementary
def sigmoid(form: Format) -> Any:
    """Return 1 / (1 + e^-x), below zero as e^x - e^2x / (1 + e^x).

    Only powers of at most 1 occur, so nothing overflows; and below zero the rounding error of the division is
    negligible.
    """
    zero, one = map(form.real, (0, 1))
    exp_below_one = _exp_below_one(form)

    def compute(x: Any) -> Any:
        e = exp_below_one(-abs(x))
        y = one / (one + e)
        return select(x < zero, e - e * (e * y), y)

    return compute


@_elementary
def softplus(form: Format) -> Any:
    """Return log(1 + e^x) = max(x, 0) + log(1 + e), where e = e^-abs(x).

    1 + e is 2 (1 + (e - 1) / 2) where e is near one.
    """
    logarithm, exp_below_one = log_from(form), _exp_below_one(form)
    switch, zero, half, one = map(form.real, (math.sqrt(2) - 1, 0, 0.5, 1))

    def compute(x: Any) -> Any:
        e = exp_below_one(-abs(x))
        doubled = e > switch
        y = logarithm(select(doubled, one, zero), select(doubled, half * e - half, e))
        return select(x > zero, x, zero) + y

    return compute


@_elementary
def erf(form: Format) -> Any:
    """Return the error function: an odd polynomial up to 1, one minus e^-g farther out.

    There g(x) = -log(erfc(x)) is a polynomial in x - 1, so a relative error in e^-g matters less the larger x is.
    """
    near_tail, far_log = polynomial(form.erf_tail), polynomial(form.erfc_log)
    highest, one = form.real(form.erf_ceiling), form.real(1)

    def compute(x: Any) -> Any:
        size = abs(x)
        near = size + size * near_tail(x * x)
        far = one - exp(-far_log(select(size > highest, highest, size) - one))
        return with_sign(select(size < one, near, far), x)

    return compute
