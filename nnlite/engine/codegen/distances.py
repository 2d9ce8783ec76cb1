r"""Register tiles of squared distances, and the vector operations of a search for nearest neighbors.

A tile compares 6 queries with two vectors of records. As in `nnlite.engine.gemm.gemm_tile`, the sums stay in registers
over all columns. At the end each is compared with the limit of its query while still in a register, and one bit a
pair says which are within: where nothing is near, nothing is stored but bits.

There are two forms. By products, :math:`|x|^2 - 2 (x \cdot r - |r|^2 / 2)`, is one multiply-add a number. By
differences, :math:`\sum_j (x_j - r_j)^2`, is a subtraction more, but rounds in proportion to the distance alone.
"""

# Numba hands intrinsics their types by the names of their parameters, used or not.
# ruff: noqa: ARG001
# mypy: allow-untyped-defs

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from llvmlite import ir
from numba import extending, types
from numba.core import cgutils

from nnlite.engine.codegen.emit import I32, I64, Emitter, declare_function
from nnlite.engine.codegen.pointers import emit_prefetch

intrinsic: Any = extending.intrinsic

ROWS = 6
"""Queries of a tile."""
LEAF = 32
"""Records that lie side by side, column by column."""
_VECTORS = 2
_DOUBLE, _FLOAT = ir.DoubleType(), ir.FloatType()
_SUM_LANES = 8
_WORD = 64
_LINE, _COLUMNS_AHEAD = 64, 16


class Distances(NamedTuple):
    """The intrinsics for vectors of so many float32 numbers.

    Attributes
    ----------
    lanes, width : int
        Numbers in a vector; records in a tile.
    by_products : intrinsic ``(x, depth, rows, panel, starts, squares, limits, found, bits)``
        Approximate squared distances of the queries ``x[rows[r]]`` from the first records of a panel (columns of
        `LEAF` items) into ``found[r * width + i]``. Bit i of ``bits[r]`` is set unless that is more than
        ``limits[rows[r]]``; bit r of ``bits[ROWS]`` is set if there is one in row r. `starts` holds
        -|r|^2 / 2, `squares` |x|^2.
    one_by_products : intrinsic
        The same for the first query alone: a sixth of the work.
    by_differences : intrinsic
        As `by_products`, by differences; `starts` and `squares` are not read.
    within : intrinsic ``(values, limits, factor)``
        Bits of the 64 values that are at most their limits times a factor.
    """

    lanes: int
    width: int
    by_products: Any
    one_by_products: Any
    by_differences: Any
    within: Any


@cache
def distances(lanes: int) -> Distances:
    """Return the intrinsics for vectors of `lanes` float32 numbers."""
    f, n = types.CPointer(types.float32), types.int64
    integers = types.CPointer(n)

    @intrinsic
    def by_products(typing_context, x, depth, rows, panel, starts, squares, limits, found, bits):
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            builder.call(_tile_function(builder.module, lanes, False, ROWS), arguments)
            return context.get_dummy_value()

        return types.void(f, n, integers, f, f, f, f, f, integers), generate

    @intrinsic
    def one_by_products(typing_context, x, depth, rows, panel, starts, squares, limits, found, bits):
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            builder.call(_tile_function(builder.module, lanes, False, 1), arguments)
            return context.get_dummy_value()

        return types.void(f, n, integers, f, f, f, f, f, integers), generate

    @intrinsic
    def by_differences(typing_context, x, depth, rows, panel, starts, squares, limits, found, bits):
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            builder.call(_tile_function(builder.module, lanes, True, ROWS), arguments)
            return context.get_dummy_value()

        return types.void(f, n, integers, f, f, f, f, f, integers), generate

    @intrinsic
    def within(typing_context, values, limits, factor):
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            values, limits, factor = arguments
            vector, bits = ir.VectorType(_FLOAT, lanes), ir.Constant(I64, 0)
            spread = builder.insert_element(ir.Constant(vector, ir.Undefined), factor, ir.Constant(I32, 0))
            spread = builder.shuffle_vector(spread, spread, ir.Constant(ir.VectorType(I32, lanes), [0] * lanes))
            for first in range(0, _WORD, lanes):
                pair = []
                for pointer in (values, limits):
                    place = builder.gep(pointer, [ir.Constant(I64, first)])
                    pair.append(builder.load(builder.bitcast(place, vector.as_pointer()), align=4))
                less = builder.fcmp_ordered("<=", pair[0], builder.fmul(pair[1], spread))
                bits = builder.or_(bits, _as_bits(builder, less, lanes, first))
            return bits

        return n(f, f, types.float32), generate

    return Distances(lanes, _VECTORS * lanes, by_products, one_by_products, by_differences, within)


def _as_bits(builder: ir.IRBuilder, mask: ir.Value, lanes: int, first: int) -> ir.Value:
    """Return a vector of truth values as the bits of an integer, from bit `first` on."""
    bits = builder.zext(builder.bitcast(mask, ir.IntType(lanes)), I64)
    return builder.shl(bits, ir.Constant(I64, first)) if first else bits


def _tile_function(module: ir.Module, lanes: int, differences: bool, n_rows: int) -> ir.Function:
    pointer, places = _FLOAT.as_pointer(), I64.as_pointer()
    arguments = [pointer, I64, places, pointer, pointer, pointer, pointer, pointer, places]
    function, new = declare_function(
        module, f"nnlite_distances_{'direct' if differences else 'product'}_{n_rows}x{lanes}", arguments
    )
    if not new:
        return function
    x, depth, rows, panel, starts, squares, limits, found, bits = function.args
    emit = Emitter(function, lanes)
    builder = emit.builder
    queries = [builder.load(emit.at(rows, ir.Constant(I64, r))) for r in range(n_rows)]
    bases = [emit.at(x, builder.mul(query, depth)) for query in queries]
    offsets = [ir.Constant(I64, v * lanes) for v in range(_VECTORS)]
    first = [emit.zeros() if differences else emit.load(emit.at(starts, offset)) for offset in offsets]
    sums = [[emit.variable(value) for value in first] for _ in range(n_rows)]
    panel_slot, column_slot = emit.variable(panel), emit.variable(ir.Constant(I64, 0))
    with emit.repeat(depth):
        column, records = builder.load(column_slot), builder.load(panel_slot)
        vectors = [emit.load(emit.at(records, offset)) for offset in offsets]
        # Few queries may look at a leaf, and leaves in no order: its lines come from far, and the first ones late.
        for line in range(0, 4 * lanes * _VECTORS, _LINE):
            emit_prefetch(builder, emit.at(records, ir.Constant(I64, _COLUMNS_AHEAD * LEAF + line // 4)))
        for base, row in zip(bases, sums, strict=True):
            spread = emit.splat(builder.load(emit.at(base, column)))
            for slot, vector in zip(row, vectors, strict=True):
                if differences:
                    apart = builder.fsub(spread, vector)
                    value = builder.call(emit.fma, [apart, apart, builder.load(slot)])
                else:
                    value = builder.call(emit.fma, [spread, vector, builder.load(slot)])
                builder.store(value, slot)
        builder.store(builder.add(column, ir.Constant(I64, 1)), column_slot)
        emit.advance(panel_slot, ir.Constant(I64, LEAF))
    minus_two = emit.splat(ir.Constant(_FLOAT, -2.0))
    all_bits = ir.Constant(I64, 0)
    for r, (query, row) in enumerate(zip(queries, sums, strict=True)):
        limit, row_bits = emit.splat(builder.load(emit.at(limits, query))), ir.Constant(I64, 0)
        square = None if differences else emit.splat(builder.load(emit.at(squares, query)))
        for v, slot in enumerate(row):
            value = builder.load(slot)
            if square is not None:
                value = builder.call(emit.fma, [value, minus_two, square])
            mask = builder.fcmp_unordered("<=", value, limit)
            row_bits = builder.or_(row_bits, _as_bits(builder, mask, lanes, v * lanes))
            emit.store(value, emit.at(found, ir.Constant(I64, (r * _VECTORS + v) * lanes)))
        builder.store(row_bits, emit.at(bits, ir.Constant(I64, r)))
        some = builder.zext(builder.icmp_signed("!=", row_bits, ir.Constant(I64, 0)), I64)
        all_bits = builder.or_(all_bits, builder.shl(some, ir.Constant(I64, r)))
    builder.store(all_bits, emit.at(bits, ir.Constant(I64, ROWS)))
    builder.ret_void()
    return function


@intrinsic
def trailing_zeros(typing_context, bits):
    """Return the place of the lowest bit that is set, of an integer that is not 0."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.int64), generate


@intrinsic
def squared_distance(typing_context, a, b, depth):
    """Return the float64 sum of the squares of float32 differences, always added in the same order.

    A square has no more digits than float64 holds, so additions alone round. Column j is added to the sum number
    j % 8; these eight are added pair by pair, then the columns after the last multiple of eight one by one.
    """
    f = types.CPointer(types.float32)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        result = cgutils.alloca_once(builder, _DOUBLE)
        builder.call(_squared_distance_function(builder.module), [*arguments, result])
        return builder.load(result)

    return types.float64(f, f, types.int64), generate


def _squared_distance_function(module: ir.Module) -> ir.Function:
    arguments = [_FLOAT.as_pointer(), _FLOAT.as_pointer(), I64, _DOUBLE.as_pointer()]
    function, new = declare_function(module, "nnlite_squared_distance", arguments)
    if not new:
        return function
    a, b, depth, result = function.args
    emit = Emitter(function, _SUM_LANES)
    builder = emit.builder
    wide = ir.VectorType(_DOUBLE, _SUM_LANES)
    slots = [emit.variable(pointer) for pointer in (a, b)]
    sums = emit.variable(ir.Constant(wide, [0.0] * _SUM_LANES))
    with emit.repeat(builder.ashr(depth, ir.Constant(I64, 3))):
        one, other = (emit.load(builder.load(slot)) for slot in slots)
        apart = builder.fpext(builder.fsub(one, other), wide)
        builder.store(builder.fadd(builder.load(sums), builder.fmul(apart, apart)), sums)
        for slot in slots:
            emit.advance(slot, ir.Constant(I64, _SUM_LANES))
    total, half = builder.load(sums), _SUM_LANES
    while half > 1:
        even, odd = (emit.shuffle(total, total, range(first, half, 2)) for first in (0, 1))
        total, half = builder.fadd(even, odd), half // 2
    total = emit.variable(builder.extract_element(total, ir.Constant(I32, 0)))
    with emit.repeat(builder.and_(depth, ir.Constant(I64, _SUM_LANES - 1))):
        one, other = (builder.load(builder.load(slot)) for slot in slots)
        apart = builder.fpext(builder.fsub(one, other), _DOUBLE)
        builder.store(builder.fadd(builder.load(total), builder.fmul(apart, apart)), total)
        for slot in slots:
            emit.advance(slot, ir.Constant(I64, 1))
    builder.store(builder.load(total), result)
    builder.ret_void()
    return function
