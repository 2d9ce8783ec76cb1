"""Elementary functions for compiled code: exp, log and their kin, without a call to any library.

`math.exp` in compiled code is a call into the C library, one number at a time. These are straight lines of additions
and multiplications, so a loop over them fills the processor's vectors. All go the same way: the argument is brought
into a small interval, a polynomial does the rest, and the result is put together by its exponent. The polynomials are
the functions' own series, cut off where the next term is below half a unit in the last place.

Products and sums may be contracted to one instruction; nothing may be reordered, for the reductions live on the exact
order of their subtractions (W. J. Cody & W. Waite, *Software Manual for the Elementary Functions*, 1980).
"""

from __future__ import annotations

import math
from typing import Any

from numba import njit

from nnlite.engine.floats import absolute, nearest_integer, polynomial, power_of_two, split, where
from nnlite.engine.pointers import like

# Inlined whatever their length: a loop that calls one of them is not vectorised.
_function = njit(fastmath={"contract"}, error_model="numpy", forceinline=True)

# ln 2 in two parts: the first has so few bits that its product with any exponent is exact.
_LN2_HIGH, _LN2_LOW = 0.693359375, -2.12194440054690583e-4
_LN2_HIGH_64, _LN2_LOW_64 = 6.93147180369123816490e-01, 1.90821492927058770002e-10


def _series(first: int, terms: int) -> list[float]:
    """Return 1/first!, 1/(first + 1)!, ...: the series of exp from there on."""
    return [1 / math.factorial(k) for k in range(first, first + terms)]


_exp_tail = polynomial(_series(2, 6), _series(2, 12))
_atanh_tail = polynomial([2 / k for k in range(3, 12, 2)], [2 / k for k in range(3, 26, 2)])
_tanh_near = polynomial(
    [-1 / 3, 2 / 15, -17 / 315, 62 / 2835, -1382 / 155925, 21844 / 6081075, -929569 / 638512875],
    [-1 / 3, 2 / 15, -17 / 315, 62 / 2835, -1382 / 155925, 21844 / 6081075, -929569 / 638512875],
)


@_function
def _is_double(x: Any) -> Any:
    """Tell the type of x: the test is on a constant, and gone when this is compiled."""
    return like(x, 0.1) == 0.1


@_function
def _reduce(x: Any) -> Any:
    """Return k and r with x = k ln 2 + r and r at most half of ln 2.

    x is kept where its exponential is neither 0 nor infinite, or just beyond.
    """
    least, most = like(x, -746.0 if _is_double(x) else -104.0), like(x, 710.0 if _is_double(x) else 89.0)
    x = where(x < least, least, where(x > most, most, x))
    k = nearest_integer(x * like(x, 1.4426950408889634))
    if _is_double(x):
        return k, (x - k * like(x, _LN2_HIGH_64)) - k * like(x, _LN2_LOW_64)
    return k, (x - k * like(x, _LN2_HIGH)) - k * like(x, _LN2_LOW)


@_function
def _powers(k: Any) -> Any:
    """Return two powers of two whose product is 2^k: a result may be subnormal, where 2^k itself is none."""
    half = nearest_integer(k * like(k, 0.5))
    return power_of_two(half), power_of_two(k - half)


@_function
def exp(x: Any) -> Any:
    """Return e to the x."""
    k, r = _reduce(x)
    first, second = _powers(k)
    return (like(x, 1.0) + (r + r * r * _exp_tail(r))) * first * second


@_function
def expm1(x: Any) -> Any:
    """Return e to the x, less 1, without the loss of digits near 0."""
    k, r = _reduce(x)
    first, second = _powers(k)
    tail = r + r * r * _exp_tail(r)
    value = tail * first * second + (first * second - like(x, 1.0))
    # The largest powers are infinite, though what they are multiplied with is not yet there.
    value = where(k > like(x, 60.0), (like(x, 1.0) + tail) * first * second, value)
    return where(x == like(x, 0.0), x, value)


@_function
def _log(x: Any) -> Any:
    """Return the logarithm of a positive normal number."""
    m, e = split(x)
    f = m - like(x, 1.0)
    s = f / (like(x, 2.0) + f)
    square = s * s
    # log(1 + f) = 2 atanh(s) = 2 s + s R = f - s (f - R): what is exact comes first.
    fraction = s * (f - square * _atanh_tail(square))
    if _is_double(x):
        return e * like(x, _LN2_HIGH_64) - ((fraction - e * like(x, _LN2_LOW_64)) - f)
    return e * like(x, _LN2_HIGH) - ((fraction - e * like(x, _LN2_LOW)) - f)


@_function
def log(x: Any) -> Any:
    """Return the natural logarithm; -inf at 0, nan below."""
    # Numbers that may be subnormal are taken up by 2^64 first.
    small = x < like(x, 1e-300 if _is_double(x) else 1e-37)
    value = _log(where(small, x * like(x, 1.8446744073709552e19), x))
    value = where(small, value - like(x, 64 * 0.6931471805599453), value)
    value = where(x == like(x, 0.0), like(x, -math.inf), value)
    value = where(x < like(x, 0.0), like(x, math.nan), value)
    return where((x < like(x, math.inf)), value, x)


@_function
def log1p(x: Any) -> Any:
    """Return the logarithm of 1 + x, without the loss of digits near 0."""
    u = like(x, 1.0) + x
    # What rounding 1 + x lost is made up for by the slope of the logarithm.
    lost = where((u > like(x, 0.0)) & (u < like(x, math.inf)), (x - (u - like(x, 1.0))) / u, like(x, 0.0))
    return where(absolute(x) < like(x, 1e-18), x, log(u) + lost)


@_function
def sigmoid(x: Any) -> Any:
    """Return 1 / (1 + e to the -x)."""
    k, r = _reduce(-absolute(x))
    first, second = _powers(k)
    tail = r + r * r * _exp_tail(r)
    high = like(x, 1.0) + tail
    low = tail - (high - like(x, 1.0))
    whole = high * first * second
    share = like(x, 1.0) / (like(x, 1.0) + whole)
    # Below 0 the result is e / (1 + e), and the digits that rounding e lost still count.
    inverse = share * first
    below = (high * inverse + low * share * inverse) * second
    value = where(x < like(x, 0.0), below, share)
    return where(x == x, value, x)


@_function
def tanh(x: Any) -> Any:
    """Return the hyperbolic tangent."""
    size = absolute(x)
    # e^(2 size) - 1, as in expm1; beyond 22 nothing changes any more.
    k, r = _reduce(where(size > like(x, 22.0), like(x, 22.0), size) * like(x, 2.0))
    power = power_of_two(k)
    grown = (r + r * r * _exp_tail(r)) * power + (power - like(x, 1.0))
    square = size * size
    near = size + size * square * _tanh_near(square)
    value = where(size < like(x, 0.09 if _is_double(x) else 0.35), near, grown / (grown + like(x, 2.0)))
    return where(x < like(x, 0.0), -value, where(x == like(x, 0.0), x, value))


@_function
def softplus(x: Any) -> Any:
    """Return log(1 + e to the x)."""
    # 1 + e^-|x| is between 1 and 2: none of the special cases of log1p.
    e = exp(-absolute(x))
    u = like(x, 1.0) + e
    rest = _log(u) + (e - (u - like(x, 1.0))) / u
    return where(x > like(x, 0.0), rest + x, where(x == x, rest, x))


# erf near 0: the series 2/sqrt(pi) (x - x^3/3 + x^5/10 - ...).
_ERF_SERIES = [2 / math.sqrt(math.pi) * (-1) ** n / (math.factorial(n) * (2 * n + 1)) for n in range(14)]
_erf_near = polynomial(_ERF_SERIES[:7], _ERF_SERIES)
# Farther out, 1 - erf(x) = e^(-x^2) g(t) / (1 + 2 x) with t = (x - 3.75) / (x + 3.75): the map brings all positive x
# into (-1, 1), where g is so smooth that a polynomial of moderate degree meets it (M. M. Shepherd & J. G.
# Laframboise, "Chebyshev approximation of (1 + 2 x) exp(x^2) erfc x", Mathematics of Computation 36, 1981).
# Coefficients: Chebyshev fits of degree 12 and 22, in powers of t.
_erf_far = polynomial(
    [
        1.23751263,
        -0.140240658,
        0.00358549531,
        0.08227842,
        -0.108805228,
        0.0922907696,
        -0.0586854405,
        0.0284092524,
        -0.00977008718,
        0.00167591222,
        0.000330167456,
        -0.000224116747,
        2.2046719e-05,
    ],
    [
        1.2375126308378281,
        -0.14024059858554389,
        0.0035854154854917247,
        0.08227673848990491,
        -0.10880393014287201,
        0.09230432116620868,
        -0.058693398570658535,
        0.028362277352733275,
        -0.009746579729251267,
        0.0017556262738538694,
        0.00029371459301865842,
        -0.00029015572139252585,
        5.1645887598485126e-05,
        2.2388353010451433e-05,
        -1.1436799721958649e-05,
        -9.8032369304251897e-07,
        1.740412675311292e-06,
        -4.9968591929132642e-08,
        -2.4734211436775337e-07,
        1.8386575525074951e-08,
        3.1434696010340762e-08,
        -1.8753083840601664e-09,
        -2.5189327430339028e-09,
    ],
)


@_function
def erf(x: Any) -> Any:
    """Return the error function."""
    size = absolute(x)
    size = where(size > like(x, 7.0), like(x, 7.0), size)
    square = size * size
    near = size * _erf_near(square)
    t = (size - like(x, 3.75)) / (size + like(x, 3.75))
    far = like(x, 1.0) - exp(-square) * _erf_far(t) / (like(x, 1.0) + like(x, 2.0) * size)
    value = where(size < like(x, 0.5), near, far)
    return where(x < like(x, 0.0), -value, where(x == like(x, 0.0), x, value))
