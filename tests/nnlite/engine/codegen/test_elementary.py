"""The elementary functions of compiled code are accurate, and loops over them are vectorized."""

import re

import numpy as np
import pytest
from numba import njit, types
from scipy import special

from nnlite.engine.codegen import elementary
from nnlite.engine.codegen.pointers import pointer_to

NAMES = ("exp", "expm1", "log", "log1p", "tanh", "sigmoid", "softplus", "erf")
FLOATS = (np.float32, np.float64)


def _compile(name):
    function = getattr(elementary, name)

    @njit(error_model="numpy")
    def run(x, y):
        source, target = pointer_to(x), pointer_to(y)
        for i in range(x.size):
            target[i] = function(source[i])

    def apply(x):
        y = np.empty_like(x)
        run(x, y)
        return y

    return apply


@pytest.fixture(scope="module")
def compiled():
    return {name: _compile(name) for name in NAMES}


def _sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e, 1) / (1 + e)


def _softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def _erf(x):
    if x.dtype == np.float64:
        return special.erf(x)
    # Abramowitz & Stegun 7.1.6: a sum of positive terms, without cancellation.
    size = np.minimum(np.abs(x), 7)
    term = total = size
    for n in range(1, 260):
        term = term * (2 * size * size) / (2 * n + 1)
        total = total + term
    pi = np.longdouble("3.14159265358979323846264338327950288")
    value = np.minimum(2 / np.sqrt(pi) * np.exp(-size * size) * total, 1)
    return np.copysign(np.where(np.isnan(x), x, value), x)


REFERENCES = {
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "tanh": np.tanh,
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "erf": _erf,
}


def _errors(name, x, y):
    """Return the error of every y in units in the last place; infinite where a special value is wrong."""
    kind = np.finfo(x.dtype)
    with np.errstate(all="ignore"):
        right = REFERENCES[name](x.astype(np.float64 if x.dtype == np.float32 else np.longdouble))
        _, exponent = np.frexp(np.maximum(np.abs(right), kind.smallest_normal))
        unit = np.ldexp(right.dtype.type(1), exponent - 1 - kind.nmant)
        errors = np.abs(y - right) / unit
        rounded = right.astype(x.dtype)
    special_values = ~np.isfinite(rounded)
    same = (y == rounded) | (np.isnan(y) & np.isnan(rounded))
    errors = np.where(special_values, np.where(same, 0, np.inf), errors)
    exact_zero = right == 0
    return np.where(exact_zero & (np.signbit(y) != np.signbit(right)), np.inf, errors)


@pytest.mark.parametrize("name", NAMES)
def test_float32_is_accurate_to_two_ulps_over_the_whole_range(compiled, name) -> None:
    # A prime step: every exponent of both signs, and all patterns of low bits.
    x = np.arange(0, 2**32, 2039, dtype=np.uint64).astype(np.uint32).view(np.float32)
    assert _errors(name, x, compiled[name](x)).max() <= 2


@pytest.mark.parametrize("name", NAMES)
def test_float32_is_accurate_where_formulas_switch(compiled, name) -> None:
    # All floats near the limits of the reductions, of the domain and of the format.
    edges = [
        0.34657359,
        0.625,
        1,
        0.41421356,
        4,
        9,
        17.328680,
        18,
        87.33655,
        88.722839,
        103.97208,
        0.70710678,
        1.4142135,
    ]
    middle = np.array([*edges, *(-e for e in edges)], np.float32).view(np.int32)
    x = (middle[:, None] + np.arange(-3000, 3000, dtype=np.int32)).ravel().view(np.float32)
    assert _errors(name, x, compiled[name](x)).max() <= 2


@pytest.mark.parametrize("name", NAMES)
def test_float64_is_accurate_to_three_ulps(compiled, name) -> None:
    generator = np.random.default_rng(3)
    n = 2**15
    x = np.concatenate(
        [
            generator.normal(size=n) * 10.0 ** generator.uniform(-3, 1.5, n),
            generator.uniform(-1.2, 8, n),
            generator.uniform(-750, 720, n),
            generator.integers(0, 2**64, n, dtype=np.uint64).view(np.float64),
        ]
    )
    assert _errors(name, x, compiled[name](x)).max() <= 3


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", NAMES)
def test_special_values(compiled, name, dtype) -> None:
    kind = np.finfo(dtype)
    positive = [0, kind.smallest_subnormal, 3 * kind.smallest_subnormal, kind.tiny, kind.eps, 1, kind.max, np.inf]
    x = np.array([*positive, *(-p for p in positive), -0.0, np.nan], dtype)
    y = compiled[name](x)
    assert y.dtype == dtype
    errors = _errors(name, x, y)
    assert errors.max() <= 2, list(zip(x, y, errors, strict=True))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ["expm1", "log1p", "tanh", "erf"])
def test_signed_zeros(compiled, name, dtype) -> None:
    y = compiled[name](np.array([0.0, -0.0], dtype))
    assert y.tolist() == [0, 0]
    assert np.signbit(y).tolist() == [False, True]


def test_exp_underflows_gradually(compiled) -> None:
    x = np.array([-87.5, -100.0, -103.0, -103.9, -104.1], np.float32)
    assert np.array_equal(compiled["exp"](x), np.exp(x.astype(np.float64)).astype(np.float32))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", NAMES)
def test_functions_are_monotonic(compiled, name, dtype) -> None:
    low, high = {"log": (1e-6, 30), "log1p": (-0.999, 30)}.get(name, (-30, 30))
    x = np.linspace(low, high, 20_001).astype(dtype)
    y = compiled[name](x)
    # Neighbours may differ by their errors alone, where the function is flat.
    assert np.all(np.diff(y) >= -4 * np.spacing(np.abs(y[1:])))
    assert y[0] < y[-1]


@pytest.mark.parametrize(("name", "low"), [("tanh", -1), ("erf", -1), ("sigmoid", 0)])
@pytest.mark.parametrize("dtype", FLOATS)
def test_bounded_functions_stay_in_range(compiled, name, low, dtype) -> None:
    y = compiled[name](np.linspace(-50, 50, 100_003).astype(dtype))
    assert y.min() >= low
    assert y.max() == 1


@pytest.mark.parametrize("real", [types.float32, types.float64])
@pytest.mark.parametrize("name", NAMES)
def test_loops_are_vectorized_without_calls(name, real) -> None:
    function, pointer = getattr(elementary, name), types.CPointer(real)

    @njit(types.void(pointer, pointer, types.int64), error_model="numpy")
    def run(x, y, n):
        for i in range(n):
            y[i] = function(x[i])

    # The kernel itself comes first; Numba's wrapper follows.
    (code,) = run.inspect_llvm().values()
    kernel = code[code.index("define ") : code.index("define ", code.index("define ") + 1)]
    assert re.search(rf"f(add|mul)( contract)? <\d+ x {'float' if real == types.float32 else 'double'}>", kernel)
    called = set(re.findall(r"\bcall\b[^@\n]*@([\w.]+)", kernel))
    assert all(target.startswith("llvm.") for target in called), called


def test_calls_from_python_raise() -> None:
    with pytest.raises(TypeError, match="exp was called from Python; call it in compiled code"):
        elementary.exp(1.0)
