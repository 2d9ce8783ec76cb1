"""The elementary functions are exact to the last places, right at the edges, and compiled to vectors without a call."""

import re
from functools import cache

import numpy as np
import pytest
from numba import njit, types
from scipy import special

from nnlite.engine import elementary
from nnlite.engine.kernels import activation

DTYPES = [np.float32, np.float64]

# Errors in units in the last place; what is measured, rounded up. The engine promises 2 for exp, tanh and sigmoid.
ULPS = {
    "exp": {np.float32: 1.1, np.float64: 1.1},
    "expm1": {np.float32: 1.7, np.float64: 1.9},
    "log": {np.float32: 0.9, np.float64: 1.0},
    "log1p": {np.float32: 1.6, np.float64: 1.5},
    "sigmoid": {np.float32: 2.0, np.float64: 2.2},
    "tanh": {np.float32: 1.7, np.float64: 2.8},
    "softplus": {np.float32: 2.0, np.float64: 2.2},
    "erf": {np.float32: 2.8, np.float64: 4.5},
}
NAMES = list(ULPS)


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


REFERENCES = {
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "softplus": lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))),
    "erf": lambda x: special.erf(x.astype(np.float64)),
}


@cache
def loop(name):
    """Return a function that applies an elementary function to an array."""
    function = getattr(elementary, name)

    @njit(error_model="numpy")
    def apply(x, y):
        for i in range(x.size):
            y[i] = function(x[i])

    return apply


def compute(name, x):
    y = np.empty_like(x)
    loop(name)(x, y)
    return y


def exact(name, x):
    """Return the function's values, more exact than x's own type can hold them."""
    with np.errstate(all="ignore"):
        return REFERENCES[name](x.astype(np.float64 if x.dtype == np.float32 else np.longdouble))


def numbers(dtype):
    """Return numbers of all sizes: all signs and exponents, and more of those that networks see."""
    rng = np.random.default_rng(0)
    if dtype == np.float32:
        bits = np.arange(0, 2**32, 16411, dtype=np.uint64).astype(np.uint32).view(np.float32)
        everywhere = bits[np.isfinite(bits)]
    else:
        everywhere = rng.choice([-1, 1], 20_000) * 2.0 ** rng.uniform(-1074, 1023, 20_000)
    usual = [rng.normal(size=50_000) * scale for scale in (1e-8, 1e-3, 0.1, 0.5, 2, 8, 40, 300)]
    return np.concatenate([everywhere, *usual]).astype(dtype)


def ulps(found, expected):
    """Return by how many units in the last place of the rounded result each value is off."""
    with np.errstate(over="ignore"):
        rounded = expected.astype(found.dtype)
    finite = np.isfinite(rounded)
    np.testing.assert_array_equal(found[~finite], rounded[~finite])
    return np.abs(found[finite] - expected[finite]) / np.spacing(np.abs(rounded[finite]))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_errors_stay_below_so_many_units_in_the_last_place(name, dtype):
    if dtype == np.float64 and np.finfo(np.longdouble).nmant <= np.finfo(np.float64).nmant:
        pytest.skip("long double is no longer than double here, so nothing is exact enough to compare with")
    x = numbers(dtype)
    y = compute(name, x)
    assert y.dtype == dtype
    errors = ulps(y, exact(name, x))
    assert errors.max() <= ULPS[name][dtype]
    assert np.sqrt((errors**2).mean()) < 0.7


inf, nan = np.inf, np.nan
SPECIAL = {
    "exp": [(0.0, 1.0), (-0.0, 1.0), (inf, inf), (-inf, 0.0), (1e4, inf), (-1e4, 0.0)],
    "expm1": [(0.0, 0.0), (-0.0, -0.0), (inf, inf), (-inf, -1.0), (1e4, inf), (-1e4, -1.0)],
    "log": [(0.0, -inf), (-0.0, -inf), (1.0, 0.0), (inf, inf), (-inf, nan), (-1.0, nan)],
    "log1p": [(0.0, 0.0), (-0.0, -0.0), (-1.0, -inf), (inf, inf), (-inf, nan), (-2.0, nan)],
    "sigmoid": [(0.0, 0.5), (-0.0, 0.5), (inf, 1.0), (-inf, 0.0), (1e4, 1.0), (-1e4, 0.0)],
    "tanh": [(0.0, 0.0), (-0.0, -0.0), (inf, 1.0), (-inf, -1.0), (1e4, 1.0), (-1e4, -1.0)],
    "softplus": [(0.0, np.log(2.0)), (inf, inf), (-inf, 0.0), (1e4, 1e4), (-1e4, 0.0)],
    "erf": [(0.0, 0.0), (-0.0, -0.0), (inf, 1.0), (-inf, -1.0), (1e4, 1.0), (-1e4, -1.0)],
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_values_at_the_edges(name, dtype):
    x, expected = np.array([*SPECIAL[name], (nan, nan)], dtype).T.copy()
    found = compute(name, x)
    np.testing.assert_array_equal(found, expected)
    known = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(found[known]), np.signbit(expected[known]))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["expm1", "log1p", "tanh", "erf"])
def test_the_smallest_numbers_keep_their_slope(name, dtype):
    info = np.finfo(dtype)
    x = np.array([info.smallest_subnormal, 3 * info.smallest_subnormal, info.tiny / 3, info.tiny, 1e-30], dtype)
    slope = 2 / np.sqrt(np.pi) if name == "erf" else 1.0
    for sign in (dtype(1), dtype(-1)):
        found = compute(name, sign * x)
        assert np.abs(found - sign * slope * x.astype(np.longdouble)).max() <= np.spacing(np.abs(found)).max()
        assert (np.signbit(found) == (sign < 0)).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_results_may_be_subnormal_and_the_largest_finite(dtype):
    info = np.finfo(dtype)
    lowest, highest = np.log(np.longdouble(info.smallest_subnormal)), np.log(np.longdouble(info.max))
    low = np.linspace(lowest, np.log(np.longdouble(info.tiny)), 50).astype(dtype)
    for name in ("exp", "sigmoid", "softplus"):
        found = compute(name, low)
        assert np.abs(found - np.exp(low.astype(np.longdouble))).max() <= 2 * info.smallest_subnormal
        assert (np.diff(found) >= 0).all()
    edge = dtype(highest)
    while np.longdouble(edge) > highest:
        edge = np.nextafter(edge, dtype(0))
    for name in ("exp", "expm1"):
        assert np.isfinite(compute(name, np.array([edge], dtype))).all()
        assert np.isinf(compute(name, np.array([edge * dtype(1 + 1e-3)], dtype))).all()
    subnormal = np.array([info.smallest_subnormal, info.tiny / 7], dtype)
    np.testing.assert_allclose(compute("log", subnormal), np.log(subnormal.astype(np.longdouble)), rtol=2 * info.eps)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_a_larger_argument_has_no_smaller_value(name, dtype):
    """Near 1, where its values lie closer than its errors, tanh may go back by two units in the last place."""
    low, high = {"log": (1e-6, 50), "log1p": (-0.999, 50)}.get(name, (-20, 20))
    step = 16 * np.finfo(dtype).eps  # what an error in the last places can't turn around
    x = np.unique((np.linspace(low, high, 200_001) * (1 + step)).astype(dtype))
    y = compute(name, x)
    assert (np.diff(y) >= (-2 * np.spacing(np.abs(y[1:])) if name == "tanh" else 0)).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_values_stay_within_their_bounds(dtype):
    x = numbers(dtype)
    assert (compute("exp", x) >= 0).all()
    assert (compute("expm1", x) >= -1).all()
    assert ((compute("sigmoid", x) >= 0) & (compute("sigmoid", x) <= 1)).all()
    assert (compute("softplus", x) >= np.maximum(x, 0)).all()
    for name in ("tanh", "erf"):
        y = compute(name, x)
        assert (np.abs(y) <= 1).all()
        np.testing.assert_array_equal(compute(name, -x), -y)


def is_vectorised(library, dtype):
    """Tell whether there are products of vectors in LLVM's code."""
    number = {"float32": "float", "float64": "double"}[dtype]
    return re.search(rf"= fmul[a-z ]* <\d+ x {number}>", library.get_llvm_str()) is not None


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_loops_are_vectors_and_call_nothing(name, dtype):
    function = getattr(elementary, name)
    item = getattr(types, dtype)
    pointer = types.CPointer(item)

    # As in the engine's kernels: pointers, and nothing made for callers in Python.
    @njit(
        types.void(pointer, pointer, types.int64),
        error_model="numpy",
        fastmath={"contract"},
        no_cpython_wrapper=True,
        no_cfunc_wrapper=True,
    )
    def apply(x, y, n):
        for i in range(n):
            y[i] = function(x[i])

    library = apply.overloads[apply.signatures[0]].library
    assert is_vectorised(library, dtype)
    calls = re.findall(r"^\s+(?:callq?|bl|blr|jal|jalr)\s+(\S+)", library.get_asm_str(), re.MULTILINE)
    assert not calls


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kernel", ["gelu_forward", "gelu_backward", "gelu_tanh_backward"])
def test_the_longest_activations_are_vectors_too(kernel, dtype):
    integers = types.CPointer(types.int64)
    signature = types.void(integers, integers, getattr(types, dtype))
    options = {"error_model": "numpy", "fastmath": {"contract"}, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    compiled = njit(signature, **options)(getattr(activation, kernel))
    assert is_vectorised(compiled.overloads[signature.args].library, dtype)
