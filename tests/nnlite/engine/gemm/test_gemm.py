"""The engine's matrix products agree with NumPy, stay inside their matrices and are reproducible bit for bit."""

import re
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from nnlite.engine.codegen.pointers import pointer_to
from nnlite.engine.codegen.processor import Machine, host_machine
from nnlite.engine.gemm import gemm
from nnlite.engine.gemm.gemm import ADD, BIAS, ZERO

WIDE = Machine(vector_bytes=64, rows=12)
NARROW = Machine(vector_bytes=16, rows=6)
CASES = [
    pytest.param(host_machine(), np.float32, id="host-float32"),
    pytest.param(host_machine(), np.float64, id="host-float64"),
    pytest.param(WIDE, np.float32, id="wide-float32"),
    pytest.param(NARROW, np.float64, id="narrow-float64"),
]
FORMS = ["tn", "nn", "nt"]


@cache
def compiled(machine):
    """Return a function on flat arrays that runs one of the three products."""
    _, tn, nn, nt = gemm.build(machine)

    @njit
    def run(form, a, lda, b, ldb, c, ldc, rows, columns, depth, start, bias, workspace):
        p, q, r, w = pointer_to(a), pointer_to(b), pointer_to(c), pointer_to(workspace)
        if form == 0:
            tn(p, lda, q, ldb, r, ldc, rows, columns, depth, start, pointer_to(bias), w)
        elif form == 1:
            nn(p, lda, q, ldb, r, ldc, rows, columns, depth, start, w)
        else:
            nt(p, lda, q, ldb, r, ldc, rows, columns, depth, start, w)

    return run


class Embedded:
    """A matrix inside a flat buffer of NaN, with `extra` items between its rows and at both ends."""

    def __init__(self, values: np.ndarray, extra: int) -> None:
        rows, columns = values.shape
        self.ld = columns + extra
        self.buffer = np.full(extra + rows * self.ld + extra, np.nan, values.dtype)
        self.flat = self.buffer[extra:]
        self.matrix = self.flat[: rows * self.ld].reshape(rows, self.ld)[:, :columns]
        self.matrix[...] = values

    def is_intact_outside(self) -> bool:
        return np.count_nonzero(~np.isnan(self.buffer)) == self.matrix.size and not np.isnan(self.matrix).any()


def multiply(machine, dtype, form, rows, columns, depth, start=ZERO, extra=0, seed=0):
    """Run a product; return its result, NumPy's in float64, and a bound of the rounding error."""
    rng = np.random.default_rng(seed)
    a = rng.standard_normal((rows, depth)).astype(dtype)
    b = rng.standard_normal((depth, columns)).astype(dtype)
    initial = rng.standard_normal((rows, columns)).astype(dtype)
    bias = rng.standard_normal(rows).astype(dtype)
    left, right = Embedded(a.T if form == "tn" else a, extra), Embedded(b.T if form == "nt" else b, extra)
    result = Embedded(initial, extra)
    items = gemm.workspace_items(columns, depth, machine)
    workspace = np.full(items + 1, np.nan, dtype)
    compiled(machine)(
        FORMS.index(form), left.flat, left.ld, right.flat, right.ld, result.flat, result.ld,
        rows, columns, depth, start, bias, workspace,
    )  # fmt: skip
    assert result.is_intact_outside()
    assert np.isnan(workspace[items]), "the product wrote beyond its workspace"
    a, b = a.astype(np.float64), b.astype(np.float64)
    expected = a @ b + {ZERO: 0.0, ADD: initial.astype(np.float64), BIAS: bias.astype(np.float64)[:, None]}[start]
    bound = (abs(a) @ abs(b) + 10) * (depth + 2) * np.finfo(dtype).eps
    return result.matrix, expected, bound


def assert_product(machine, dtype, form, rows, columns, depth, **options) -> None:
    """Round up the dimension along the batch, multiply, and compare."""
    lanes = machine.lanes(np.dtype(dtype).itemsize)
    if form == "nt":
        depth = -(-depth // lanes) * lanes
    else:
        columns = -(-columns // lanes) * lanes
    result, expected, bound = multiply(machine, dtype, form, rows, columns, depth, **options)
    assert (abs(result - expected) <= bound).all()


SIZES = st.integers(1, 40) | st.sampled_from([63, 64, 65, 100, 129])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("machine", "dtype"), CASES)
@given(rows=SIZES, columns=SIZES, depth=SIZES, extra=st.sampled_from([0, 1, 3, 16]), data=st.data())
@settings(deadline=None, max_examples=60)
def test_products_of_any_size_agree_with_numpy(machine, dtype, form, rows, columns, depth, extra, data):
    start = data.draw(st.sampled_from([ZERO, ADD, BIAS] if form == "tn" else [ZERO, ADD]))
    assert_product(machine, dtype, form, rows, columns, depth, start=start, extra=extra)


@pytest.mark.parametrize("start", [ZERO, ADD])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("machine", "dtype"), CASES)
@pytest.mark.parametrize("sizes", [(13, 1100, 40), (70, 67, 600), (5, 30, 1300), (30, 530, 530)])
def test_products_at_the_edges_of_blocks(machine, dtype, form, start, sizes):
    assert_product(machine, dtype, form, *sizes, start=start, extra=5)


@pytest.mark.parametrize(("machine", "dtype"), CASES)
def test_a_blocked_product_starts_from_the_bias_once(machine, dtype):
    assert_product(machine, dtype, "tn", 7, 64, 700, start=BIAS)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("sizes", [(5, 32, 10), (10, 64, 32), (67, 96, 520)])
def test_bits_do_not_depend_on_alignment_or_row_stride(form, sizes):
    first, *others = (multiply(host_machine(), np.float32, form, *sizes, extra=extra)[0] for extra in (0, 1, 7, 16))
    for other in others:
        np.testing.assert_array_equal(other, first)


@pytest.mark.parametrize("form", ["tn", "nn"])
def test_bits_do_not_depend_on_the_position_in_a_tile(form):
    rng = np.random.default_rng(3)
    a, b = np.repeat(rng.standard_normal((1, 300)), 23, 0), np.repeat(rng.standard_normal((300, 1)), 77, 1)
    product = gemm.matmul(np.ascontiguousarray(a.T) if form == "tn" else a, b, form=form)
    assert np.unique(product).size == 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("form", FORMS)
@given(rows=SIZES, columns=SIZES, depth=SIZES)
@settings(deadline=None, max_examples=40)
def test_matmul_takes_any_size(form, dtype, rows, columns, depth):
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((rows, depth)).astype(dtype), rng.standard_normal((depth, columns)).astype(dtype)
    out = np.full((rows, columns), np.nan, dtype)
    result = gemm.matmul(a.T if form == "tn" else a, b.T if form == "nt" else b, out, form)
    assert result is out
    np.testing.assert_allclose(out, a.astype(float) @ b, atol=200 * np.finfo(dtype).eps * np.sqrt(depth))


@pytest.mark.parametrize("shape", [(0, 3, 2), (3, 0, 2), (3, 2, 0)])
def test_matmul_of_empty_matrices(shape):
    rows, columns, depth = shape
    assert not gemm.matmul(np.ones((rows, depth)), np.ones((depth, columns))).any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.ones((2, 3)), np.ones((2, 3))), "sums over 3 and 2 items"),
        ((np.ones((2, 3)), np.ones((3, 2), np.float32)), "expected two matrices, both float32 or both float64"),
        ((np.ones((2, 3)), np.ones(3)), "expected two matrices"),
        ((np.ones((2, 3)), np.ones((3, 2)), np.empty((2, 3))), "out is float64 (2, 3); expected float64 (2, 2)"),
        ((np.ones((2, 3)), np.ones((3, 2)), None, "tt"), "expected 'nn', 'tn' or 'nt'"),
    ],
)
def test_matmul_rejects_unsuitable_arguments(arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        gemm.matmul(*arguments)


def test_tiles_stay_in_registers():
    """In the loop over k of the largest tiles, every vector instruction is a load or a multiply-add."""
    run = compiled(host_machine())
    multiply(host_machine(), np.float32, "tn", 6, 16, 8)
    lanes = host_machine().lanes(4)
    for name, loads, products in (
        (f"nnlite_strip_floatx{lanes}_{host_machine().rows}", 2 + host_machine().rows, 2 * host_machine().rows),
        (f"nnlite_dot_floatx{lanes}_3", 7, 12),
    ):
        # Other tests of this process may have compiled it for other types as well.
        assembly = next(text for text in run.inspect_asm().values() if f"\n{name}:" in text)
        body = assembly.split(f"\n{name}:", 1)[1].split(".cfi_endproc", 1)[0].split("\n.Lfunc_end", 1)[0]
        loops = re.split(r"\n\.LBB\w+:", body)
        longest = max(loops, key=lambda block: block.count("vfmadd"))
        if longest.count("vfmadd") == 0:
            pytest.skip("this CPU has no fused multiply-add by that name")
        assert longest.count("vfmadd") == products
        assert "(%rsp)" not in "".join(line for line in longest.splitlines(True) if "mm" in line)
        assert longest.count("vmovups") + longest.count("vbroadcast") <= loads
