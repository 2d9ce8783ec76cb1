"""The tiles of the matrix product as intrinsics, for use in compiled functions."""

# Numba hands intrinsics their types by the names of their parameters, used or not.
# ruff: noqa: ARG001
# mypy: allow-untyped-defs

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from nnlite.engine.emit import I64, Machine
from nnlite.engine.gemm_dot import DOT_ROWS, dot_function
from nnlite.engine.gemm_tile import PANEL, copy_function, strip_function, transpose_function


def _call_one_of(
    builder: ir.IRBuilder, key: ir.Value, functions: dict[int, ir.Function], arguments: Sequence[ir.Value]
) -> None:
    """Call ``functions[key]``."""
    end = builder.append_basic_block("called")
    switch = builder.switch(key, end)
    for value, function in functions.items():
        block = builder.append_basic_block(f"case{value}")
        switch.add_case(ir.Constant(I64, value), block)
        builder.position_at_end(block)
        builder.call(function, arguments)
        builder.branch(end)
    builder.position_at_end(end)


class Tiles(NamedTuple):
    """The intrinsics for one machine, for use in compiled functions.

    Attributes
    ----------
    lanes : intrinsic ``(pointer)``
        Items in a vector of the pointer's type, a constant.
    strip : intrinsic ``(rows, a, a_row, a_step, b, b_row, b_panel, c, c_row, vectors, k, start, bias)``
        C = start + A B. ``A[r, k]`` lies at ``a[r * a_row + k * a_step]``, so A may be transposed or packed. B is
        read in rows of vectors, `b_row` apart, two vectors to a panel, panels `b_panel` apart (two vectors when B
        is not packed). `start` is ZERO, ADD or BIAS; `bias` is read for BIAS alone.
    dot_strip : intrinsic ``(rows, x, x_row, y, y_row, c, c_row, columns, vectors, start)``
        C = start + X Yᵀ, with `vectors` vectors along the rows of X and Y. `start` is ZERO or ADD.
    copy_rows : intrinsic ``(count, source, source_row, target, target_row, depth)``
        Pack `depth` rows of `count` items; `count` is at most the rows of a tile, or one or two vectors.
    transpose_rows : intrinsic ``(source, source_row, target, target_row, depth)``
        Pack four rows as four columns of `depth` items, a multiple of four.
    """

    lanes: Any
    strip: Any
    dot_strip: Any
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
    """Return the intrinsics whose tiles have the shape that suits `machine`."""
    n = types.int64

    def shape(pointer: Any) -> tuple[ir.Type, int]:
        item_bytes = pointer.dtype.bitwidth // 8
        return (ir.FloatType() if item_bytes == 4 else ir.DoubleType()), machine.lanes(item_bytes)

    @intrinsic
    def strip(typing_context, rows, a, a_row, a_step, b, b_row, b_panel, c, c_row, vectors, k, start, bias):
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            functions = {r: strip_function(builder.module, *shape(a), r) for r in range(1, machine.rows + 1)}
            _call_one_of(builder, arguments[0], functions, arguments[1:])
            return context.get_dummy_value()

        return types.void(n, a, n, n, a, n, n, a, n, n, n, n, a), generate

    @intrinsic
    def dot_strip(typing_context, rows, x, x_row, y, y_row, c, c_row, columns, vectors, start):
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            functions = {r: dot_function(builder.module, *shape(x), r) for r in range(1, DOT_ROWS + 1)}
            _call_one_of(builder, arguments[0], functions, arguments[1:])
            return context.get_dummy_value()

        return types.void(n, x, n, x, n, x, n, n, n, n), generate

    @intrinsic
    def copy_rows(typing_context, count, source, source_row, target, target_row, depth):
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            item, lanes = shape(source)
            counts = sorted({*range(1, machine.rows + 1), lanes, PANEL * lanes})
            functions = {count: copy_function(builder.module, item, lanes, count) for count in counts}
            _call_one_of(builder, arguments[0], functions, arguments[1:])
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
        strip=strip,
        dot_strip=dot_strip,
        copy_rows=copy_rows,
        transpose_rows=transpose_rows,
    )
