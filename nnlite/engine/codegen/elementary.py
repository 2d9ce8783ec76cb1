"""Elementary functions for kernels: exp, expm1, log, log1p, tanh, sigmoid, softplus and erf of one float.

They are called in compiled code only, on float32 or float64, and return the type they get. A kernel can't call the ones
of the C library: those take one number at a time. These are straight lines of arithmetic without branches, calls or
tables, so a loop that calls one becomes a loop over vectors, and they need nothing but the machine.

All follow the same plan: reduce the argument exactly to a small interval, evaluate there a polynomial whose greatest
relative error is least (found by Remez's exchange in 50 digits), and undo the reduction. Both precisions share the plan
and differ in the coefficients. Where a function has two formulas, both are computed and one is selected.

Errors, in units in the last place: at most 2 in float32 and 3 in float64; over 80 million and 2 million numbers of the
whole range, the largest found was 1.9.
Infinities, NaNs, zeros of either sign and results too small to be normal come out right.

The only liberty LLVM gets is `contract`: a product and a sum may become one fused multiply-add, which rounds less.
`reassoc` would undo the exact reductions, as they subtract things that cancel; `nnan` and `ninf` would drop the special
cases; `nsz` the sign of zero; `arcp` and `afn` would trade digits away.

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
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import extending, njit, types

from nnlite.engine.codegen.scalars import bits_of, float_of, polynomial, select, with_sign

overload: Any = extending.overload

# Inlined whole, so that the loop vectoriser sees arithmetic; division by zero gives infinity as in NumPy.
OPTIONS: dict[str, Any] = {"fastmath": {"contract"}, "error_model": "numpy", "forceinline": True}


@dataclass(frozen=True)
class Format:
    """A binary floating-point format, and the constants of each function in it."""

    real: Any  # the NumPy scalar types of the numbers and of their bits
    bits: Any
    digits: int  # stored bits of the significand
    bias: int  # of the exponent
    exp_range: tuple[float, float]  # beyond, exp is 0 or infinite
    expm1_floor: float  # below, expm1 is -1
    erf_ceiling: float  # above, erf is 1
    ln2_high: float  # so short that n ln2_high is exact
    exp_tail: tuple[float, ...]  # (e^r - 1 - r) / r^2
    log_tail: tuple[float, ...]  # (2 artanh(s) / s - 2) / s^2 by s^2
    tanh_tail: tuple[float, ...]  # (tanh(x) / x - 1) / x^2 by x^2
    erf_tail: tuple[float, ...]  # erf(x) / x - 1 by x^2
    erfc_log: tuple[float, ...]  # -log(erfc(1 + t))

    @property
    def sign_bit(self) -> int:
        """Place of the highest bit."""
        return 8 * np.dtype(self.real).itemsize - 1

    @property
    def ln2_low(self) -> float:
        """What `ln2_high` lacks of log 2: to 60 digits, log 2 = 0.6931471805599453 + 2.319046813846299558e-17."""
        return (math.log(2) - self.ln2_high) + 2.319046813846299558e-17


SINGLE = Format(
    real=np.float32,
    bits=np.uint32,
    digits=23,
    bias=127,
    exp_range=(-104.0, 89.0),
    expm1_floor=-18.0,
    erf_ceiling=4.0,
    ln2_high=float.fromhex("0x1.62e4p-1"),
    exp_tail=(
        *(0.500000004641367593, 0.166666668170914119, 0.0416663546635562056),
        *(0.0083332730467411443, 0.0013941008322051954, 0.000199141717567135158),
    ),
    log_tail=(0.666666655996580766, 0.400003464481261383, 0.285365436565532646, 0.235975175230131907),
    tanh_tail=(
        *(-0.333333308640062283, 0.133332079816832822, -0.0539469668466181944),
        *(0.0217016056908922998, -0.00817916910189853124, 0.002144210578503251),
    ),
    erf_tail=(
        *(0.128379165905992386, -0.376126270702176951, 0.112835992938799329, -0.0268544020405286133),
        *(0.00518944384026617685, -0.00080199442150261376, 0.0000788585054981360513),
    ),
    erfc_log=(
        *(1.84960551648039392, 2.63896681592796147, 0.843118336512997634, 0.0415006877303149035),
        *(-0.00989089077162009395, 0.00182616219541619186, -0.000185573700116992731),
    ),
)

DOUBLE = Format(
    real=np.float64,
    bits=np.uint64,
    digits=52,
    bias=1023,
    exp_range=(-746.0, 710.0),
    expm1_floor=-40.0,
    erf_ceiling=6.0,
    ln2_high=float.fromhex("0x1.62e42fefap-1"),
    exp_tail=(
        *(0.5, 0.166666666666666766, 0.0416666666666667014, 0.00833333333332161573),
        *(0.0013888888888866842, 0.000198412698861587385, 0.0000248015873605440825, 2.75572441817185666e-6),
        *(2.75572427722812621e-7, 2.51090449629020351e-8, 2.09244389462278732e-9),
    ),
    log_tail=(
        *(0.666666666666673981, 0.399999999993748051, 0.285714287520681733, 0.22222197503295371),
        *(0.181836236194959388, 0.1531244517671989, 0.148128456197401115),
    ),
    tanh_tail=(
        *(-0.333333333333333131, 0.133333333333297772, -0.053968253966072175, 0.02186948846894303),
        *(-0.00886323431429374812, 0.00359211400025427876, -0.00145572585412478492, 0.00058945102255853382),
        *(-0.000237008583791561901, 0.0000915512486552524098, -0.0000301784537622230037, 6.03796716639614349e-6),
    ),
    erf_tail=(
        *(0.128379167095512567, -0.376126389031835444, 0.112837916709451569, -0.0268661706432600687),
        *(0.00522397760728526559, -0.000854832598282586608, 0.00012055295108323653, -0.000014924740469669401),
        *(1.64474645893267678e-6, -1.62087597286519946e-7, 1.37211370200039955e-8, -7.79768671199881803e-10),
    ),
    erfc_log=(
        *(1.84960550993324829, 2.63896751423477578, 0.843107256359412747, 0.0415610980250771577),
        *(-0.0100338251790920745, 0.00197790121566053233, -0.00023731643440844839, -0.0000262963274529461316),
        *(0.0000271989731890153637, -9.67137748530758837e-6, 2.1319404809527831e-6, -2.04812637448836133e-7),
        *(-5.80110715415801731e-8, 3.33910022070487743e-8, -8.51869003721132177e-9, 1.31908638248902134e-9),
        *(-1.1932397718409061e-10, 4.86492489902820157e-12),
    ),
)

_FORMATS = {types.float32: SINGLE, types.float64: DOUBLE}
Recipe = Callable[[Format], Callable[..., Any]]


def _elementary(recipe: Recipe) -> Any:
    """Make of a recipe, which builds the function for a format, one that compiled code calls on either type."""

    @functools.wraps(recipe)
    def function(x: Any) -> Any:  # noqa: ARG001
        raise TypeError(
            f"nnlite.engine.codegen.elementary.{recipe.__name__} was called from Python; call it in compiled code"
        )

    @overload(function, jit_options=OPTIONS, strict=False)
    def choose(x: Any) -> Any:
        return recipe(_FORMATS[x]) if x in _FORMATS else None

    return function


def _part(recipe: Recipe) -> Any:
    """Make of a recipe a builder of compiled functions that others are put together from."""
    return functools.cache(lambda form: njit(**OPTIONS)(recipe(form)))


@_part
def _power_of_two(form: Format) -> Any:
    """Return 2^n for a whole number n of type float, where that is a normal number.

    Adding 1.5 * 2^digits puts n into the lowest bits of the sum; shifted left, they are an exponent.
    """
    shifter = form.real(1.5 * 2**form.digits + form.bias)
    digits = form.bits(form.digits)

    def compute(n: Any) -> Any:
        return float_of(bits_of(n + shifter) << digits, n)

    return compute


@_part
def _reduce_exp(form: Format) -> Any:
    """Return n, r and c with x = n log(2) + r + c: n whole, r at most log(2) / 2, c what r has lost in rounding."""
    shifter, per_ln2 = form.real(1.5 * 2**form.digits), form.real(1 / math.log(2))
    high, low = form.real(form.ln2_high), form.real(form.ln2_low)

    def compute(x: Any) -> Any:
        n = (x * per_ln2 + shifter) - shifter  # so large a sum has no bits for a fraction
        exact = x - n * high
        r = exact - n * low
        return n, r, (exact - r) - n * low

    return compute


@_elementary
def exp(form: Format) -> Any:
    """Return e^x = 2^n e^r, where x = n log(2) + r.

    The power of two is applied in two halves, as 2^n itself need not be a number where the result still is one.
    """
    reduce, power_of_two, tail = _reduce_exp(form), _power_of_two(form), polynomial(form.exp_tail)
    least, most = map(form.real, form.exp_range)
    shifter, half, one = form.real(1.5 * 2**form.digits), form.real(0.5), form.real(1)

    def compute(x: Any) -> Any:
        x = select(x < least, least, x)  # NaN fails both comparisons and stays
        x = select(x > most, most, x)
        n, r, c = reduce(x)
        y = one + (r + (r * r * tail(r) + c))
        first = (n * half + shifter) - shifter
        return y * power_of_two(first) * power_of_two(n - first)

    return compute


@_part
def _exp_below_one(form: Format) -> Any:
    """Return e^x for x of at most 0, with the bits of `exp`, in a few operations less.

    No number is too large for a float here, so the power of two can be applied at one go, lifted by 2^h where the
    result may be subnormal, and let down again.
    """
    reduce, power_of_two, tail = _reduce_exp(form), _power_of_two(form), polynomial(form.exp_tail)
    least, one = form.real(form.exp_range[0]), form.real(1)
    height = form.bias // 2
    lift, down = form.real(height), form.real(2.0**-height)

    def compute(x: Any) -> Any:
        n, r, c = reduce(select(x < least, least, x))
        y = one + (r + (r * r * tail(r) + c))
        return y * power_of_two(n + lift) * down

    return compute


@_elementary
def expm1(form: Format) -> Any:
    """Return e^x - 1 = 2^n (e^r - 1) + (2^n - 1), without the cancellation near zero.

    Computed with 2^(n - 1) and doubled, as 2^n may be one binade too large.
    """
    reduce, power_of_two, tail = _reduce_exp(form), _power_of_two(form), polynomial(form.exp_tail)
    least, most = form.real(form.expm1_floor), form.real(form.exp_range[1])
    zero, half, one, two = map(form.real, (0, 0.5, 1, 2))

    def compute(x: Any) -> Any:
        bounded = select(x < least, least, x)
        bounded = select(bounded > most, most, bounded)
        n, r, c = reduce(bounded)
        y = r + (r * r * tail(r) + c)
        half_power = power_of_two(n - one)
        y = select(n == zero, y, two * (half_power * y + (half_power - half)))
        return with_sign(y, x)

    return compute


@_part
def split_exponent(form: Format) -> Any:
    """Return k and m with x = 2^k m and m between sqrt(1/2) and sqrt(2), for a positive normal x."""
    one, root = form.bits(form.real(1).view(form.bits)), form.bits(form.real(math.sqrt(0.5)).view(form.bits))
    offset, below = form.bits(one - root), form.bits(2**form.digits - 1)
    digits, word = form.bits(form.digits), form.bits
    whole = form.real(2**form.digits)
    whole_bits, biased = form.bits(whole.view(form.bits)), form.real(2**form.digits + form.bias)

    def compute(x: Any) -> Any:
        bits = word(bits_of(x) + offset)  # Numba adds in 64 bits
        # The exponent as the lowest bits of a large float is a float already: AVX2 can't convert 64-bit integers.
        k = float_of((bits >> digits) | whole_bits, x) - biased
        return k, float_of((bits & below) + root, x)

    return compute


@_part
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

    Only powers of at most 1 occur, so nothing overflows; and below zero what the division rounds away hardly counts.
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

    There g(x) = -log(erfc(x)) is a polynomial in x - 1, so a relative error in e^-g counts for less the farther out x
    is.
    """
    near_tail, far_log = polynomial(form.erf_tail), polynomial(form.erfc_log)
    most, one = form.real(form.erf_ceiling), form.real(1)

    def compute(x: Any) -> Any:
        size = abs(x)
        near = size + size * near_tail(x * x)
        far = one - exp(-far_log(select(size > most, most, size) - one))
        return with_sign(select(size < one, near, far), x)

    return compute
