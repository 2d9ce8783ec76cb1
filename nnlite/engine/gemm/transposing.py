"""Transposition of records to features x batch, and back: squares of numbers transposed in registers.

A batch gathers records from anywhere in the data, and stores them features x batch; results go the other way. Element
by element that is a load and a store for each, one of the two with the stride of a whole row. Here eight records are
loaded as a vector each, a few shuffles transpose the square, and whole vectors are stored. A square of L x L numbers is
transposed in log2(L) stages: with b = 1, 2, 4, ..., in every pair of rows whose indices differ in bit b, the upper
right and the lower left blocks of b x b are exchanged::

    a0 a1 a2 a3     b = 1     a0 b0 a2 b2     b = 2     a0 b0 c0 d0
    b0 b1 b2 b3      ->       a1 b1 a3 b3      ->       a1 b1 c1 d1
    c0 c1 c2 c3               c0 d0 c2 d2               a2 b2 c2 d2
    d0 d1 d2 d3               c1 d1 c3 d3               a3 b3 c3 d3
"""

# Numba passes types to intrinsics by the names of their parameters, used or not.
# ruff: noqa: ARG001
# mypy: allow-untyped-defs

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import extending, types

from nnlite.engine.codegen.emit import I64, Emitter, declare_function
from nnlite.engine.codegen.processor import host_machine

intrinsic: Any = extending.intrinsic
ROWS = 8
"""Records that are transposed together."""


@intrinsic
def eight_columns(typing_context, r0, r1, r2, r3, r4, r5, r6, r7, target, ld, count):
    """Write eight rows as eight columns: ``target[j * ld + i] = r_i[j]``; return the number of columns j written.

    Only whole squares are written; the caller copies the remaining columns up to `count`.
    """
    return types.int64(*[target] * (ROWS + 1), types.int64, types.int64), _call_on_whole_squares(
        _columns_function, target
    )


@intrinsic
def eight_rows(typing_context, source, ld, target, row, count):
    """Write eight columns as eight rows: ``target[i * row + j] = source[j * ld + i]``; return the number of j written.

    Only whole squares are written; the caller copies the remaining items up to `count`.
    """
    return types.int64(target, types.int64, target, types.int64, types.int64), _call_on_whole_squares(
        _rows_function, target
    )


def _call_on_whole_squares(write: Callable[[ir.Module, ir.Type, int], ir.Function], pointer: Any) -> Any:
    """Return a generator of a call on the whole squares among `count`, the last argument."""
    item_bytes = pointer.dtype.bitwidth // 8
    item = ir.FloatType() if item_bytes == 4 else ir.DoubleType()
    lanes = min(host_machine().lanes(item_bytes), ROWS)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        whole = builder.sub(arguments[-1], builder.urem(arguments[-1], ir.Constant(I64, lanes)))
        builder.call(write(builder.module, item, lanes), [*arguments[:-1], whole])
        return whole

    return generate


def _rows_function(module: ir.Module, item: ir.Type, lanes: int) -> ir.Function:
    pointer = item.as_pointer()
    function, new = declare_function(module, f"nnlite_rows_{item}x{lanes}", [pointer, I64, pointer, I64, I64])
    if not new:
        return function
    source, ld, target, row, count = function.args
    emit = Emitter(function, lanes)
    completed, source_slot = emit.variable(ir.Constant(I64, 0)), emit.variable(source)
    with emit.loop(lambda: emit.builder.icmp_signed("<", emit.builder.load(completed), count)):
        index, first_column = emit.builder.load(completed), emit.builder.load(source_slot)
        for first in range(0, ROWS, lanes):
            columns = [emit.at(first_column, emit.times(ld, j), ir.Constant(I64, first)) for j in range(lanes)]
            for i, record in enumerate(_transposed(emit, [emit.load(column) for column in columns])):
                emit.store(record, emit.at(target, emit.times(row, first + i), index))
        emit.advance(source_slot, emit.times(ld, lanes))
        emit.builder.store(emit.builder.add(index, ir.Constant(I64, lanes)), completed)
    emit.builder.ret_void()
    return function


def _columns_function(module: ir.Module, item: ir.Type, lanes: int) -> ir.Function:
    pointer = item.as_pointer()
    name = f"nnlite_columns_{item}x{lanes}"
    function, new = declare_function(module, name, [pointer] * (ROWS + 1) + [I64, I64])
    if not new:
        return function
    *rows, target, ld, count = function.args
    emit = Emitter(function, lanes)
    completed, target_slot = emit.variable(ir.Constant(I64, 0)), emit.variable(target)
    with emit.loop(lambda: emit.builder.icmp_signed("<", emit.builder.load(completed), count)):
        index = emit.builder.load(completed)
        for first in range(0, ROWS, lanes):
            square = _transposed(emit, [emit.load(emit.at(row, index)) for row in rows[first : first + lanes]])
            for j, column in enumerate(square):
                to = emit.at(emit.builder.load(target_slot), emit.times(ld, j), ir.Constant(I64, first))
                emit.store(column, to)
        emit.advance(target_slot, emit.times(ld, lanes))
        emit.builder.store(emit.builder.add(index, ir.Constant(I64, lanes)), completed)
    emit.builder.ret_void()
    return function


def _transposed(emit: Emitter, square: list[ir.Value]) -> list[ir.Value]:
    size, block = len(square), 1
    while block < size:
        exchanged = list(square)
        for r in range(size):
            if not r & block:
                upper, lower = square[r], square[r + block]
                exchanged[r] = emit.shuffle(upper, lower, [size + j - block if j & block else j for j in range(size)])
                exchanged[r + block] = emit.shuffle(
                    upper, lower, [size + j if j & block else j + block for j in range(size)]
                )
        square, block = exchanged, 2 * block
    return square
