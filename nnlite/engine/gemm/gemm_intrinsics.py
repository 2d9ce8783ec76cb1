"""The tiles of the matrix product as intrinsics, for use in compiled functions."""

# Numba passes types to intrinsics by the names of their parameters, used or not.
# ruff: noqa: ARG001
# mypy: allow-untyped-defs

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from nnlite.engine.codegen.emit import I64
from nnlite.engine.codegen.processor import Machine
from nnlite.engine.gemm.gemm_dot import dots_function
from nnlite.engine.gemm.gemm_sizes import PANEL
from nnlite.engine.gemm.gemm_tile import copy_function, strips_function, transpose_function


class Tiles(NamedTuple):
    """The intrinsics for one machine, for use in compiled functions.

    Attributes
    ----------
    lanes : intrinsic ``(pointer)``
        Items in a vector of the pointer's type, a constant.
    strips : intrinsic ``(m, a, a_row, a_step, b, b_row, b_panel, c, c_row, vectors, k, start, bias)``
        C = start + A B. ``A[r, k]`` lies at ``a[r * a_row + k * a_step]``, so A may be transposed. B is read in rows of
        vectors, `b_row` apart, two vectors to a panel, panels `b_panel` apart (two vectors when B is not packed).
        `start` is ZERO, ADD or BIAS; `bias` is read for BIAS alone.
    dots : intrinsic ``(m, x, x_row, y, y_row, c, c_row, columns, vectors, start)``
        C = start + X Yᵀ, with `vectors` vectors along the rows of X and Y. `start` is ZERO or ADD.
    copy_rows : intrinsic ``(count, source, source_row, target, target_row, depth)``
        Pack `depth` rows of `count` items, one or two vectors.
    transpose_rows : intrinsic ``(source, source_row, target, target_row, depth)``
        Pack four rows as four columns of `depth` items, a multiple of four.
    """

    lanes: Any
    strips: Any
    dots: Any
    copy_rows: Any
    transpose_rows: Any


def _constant(value_of: Callable[[Any], int]) -> Any:
    @intrinsic
    def constant(typing_context: Any, pointer: Any) -> Any:
        if not isinstance(pointer, types.CPointer):
            return None
        value = value_of(pointer.dtype)
        return types.int64(pointer), lambda *_: ir.Constant(I64, value)

    return constant


@cache
def tiles(machine: Machine) -> Tiles:
    """Return the intrinsics whose tiles suit `machine`."""
    n = types.int64

    def shape(pointer: Any) -> tuple[ir.Type, int]:
        item_bytes = pointer.dtype.bitwidth // 8
        return (ir.FloatType() if item_bytes == 4 else ir.DoubleType()), machine.lanes(item_bytes)

    @intrinsic
    def strips(typing_context, m, a, a_row, a_step, b, b_row, b_panel, c, c_row, vectors, k, start, bias):
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            builder.call(strips_function(builder.module, *shape(a), machine.rows), arguments)
            return context.get_dummy_value()

        return types.void(n, a, n, n, a, n, n, a, n, n, n, n, a), generate

    @intrinsic
    def dots(typing_context, m, x, x_row, y, y_row, c, c_row, columns, vectors, start):
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            builder.call(dots_function(builder.module, *shape(x)), arguments)
            return context.get_dummy_value()

        return types.void(n, x, n, x, n, x, n, n, n, n), generate

    @intrinsic
    def copy_rows(typing_context, count, source, source_row, target, target_row, depth):
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            item, lanes = shape(source)
            one, two = (copy_function(builder.module, item, lanes, count) for count in (lanes, PANEL * lanes))
            with builder.if_else(builder.icmp_signed("==", arguments[0], ir.Constant(I64, lanes))) as (
                one_vector,
                two_vectors,
            ):
                with one_vector:
                    builder.call(one, arguments[1:])
                with two_vectors:
                    builder.call(two, arguments[1:])
            return context.get_dummy_value()

        return types.void(n, source, n, source, n, n), generate

    @intrinsic
    def transpose_rows(typing_context, source, source_row, target, target_row, depth):
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            builder.call(transpose_function(builder.module, *shape(source)), arguments)
            return context.get_dummy_value()

        return types.void(source, n, source, n, n), generate

    return Tiles(
        lanes=_constant(lambda item: machine.lanes(item.bitwidth // 8)),
        strips=strips,
        dots=dots,
        copy_rows=copy_rows,
        transpose_rows=transpose_rows,
    )
