"""Turning records into columns, and back: squares of numbers transposed in registers.

A batch is drawn from anywhere in the data, and stored features x batch; results go the other way. Number by number
that is a load and a store for each, one of them a whole row further on every time. Here eight records give a vector
each, a few shuffles turn the square of them over, and whole vectors are stored. A square of L x L numbers is turned
over in log2(L) stages: with b = 1, 2, 4, ..., in every pair of rows that differ in bit b, the upper right and the
lower left blocks of b x b change places::

    a0 a1 a2 a3     b = 1     a0 b0 a2 b2     b = 2     a0 b0 c0 d0
    b0 b1 b2 b3      ->       a1 b1 a3 b3      ->       a1 b1 c1 d1
    c0 c1 c2 c3               c0 d0 c2 d2               a2 b2 c2 d2
    d0 d1 d2 d3               c1 d1 c3 d3               a3 b3 c3 d3
"""

# Numba hands intrinsics their types by the names of their parameters, used or not.
# ruff: noqa: ARG001
# mypy: allow-untyped-defs

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import extending, types

from nnlite.engine.codegen.emit import I64, Emitter, new_function
from nnlite.engine.codegen.processor import host_machine

intrinsic: Any = extending.intrinsic
ROWS = 8
"""Records that are turned over together."""


@intrinsic
def eight_columns(typing_context, r0, r1, r2, r3, r4, r5, r6, r7, target, ld, count):
    """Write eight rows as eight columns: ``target[j * ld + i] = r_i[j]``; return for how many j, from 0, it was done.

    These are the whole squares among `count`; what is left over is the caller's.
    """
    return types.int64(*[target] * (ROWS + 1), types.int64, types.int64), _on_whole_squares(_columns_function, target)


@intrinsic
def eight_rows(typing_context, source, ld, target, row, count):
    """Write eight columns as eight rows: ``target[i * row + j] = source[j * ld + i]``; return for how many j, from 0.

    These are the whole squares among `count`; what is left over is the caller's.
    """
    return types.int64(target, types.int64, target, types.int64, types.int64), _on_whole_squares(_rows_function, target)


def _on_whole_squares(write: Callable[[ir.Module, ir.Type, int], ir.Function], pointer: Any) -> Any:
    """Return what generates a call of a function on the whole squares of what the last argument counts."""
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
    function, new = new_function(module, f"nnlite_rows_{item}x{lanes}", [pointer, I64, pointer, I64, I64])
    if not new:
        return function
    source, ld, target, row, count = function.args
    emit = Emitter(function, lanes)
    done, source_slot = emit.variable(ir.Constant(I64, 0)), emit.variable(source)
    with emit.loop(lambda: emit.builder.icmp_signed("<", emit.builder.load(done), count)):
        place, first_column = emit.builder.load(done), emit.builder.load(source_slot)
        for first in range(0, ROWS, lanes):
            columns = [emit.at(first_column, emit.times(ld, j), ir.Constant(I64, first)) for j in range(lanes)]
            for i, record in enumerate(_turned_over(emit, [emit.load(column) for column in columns])):
                emit.store(record, emit.at(target, emit.times(row, first + i), place))
        emit.advance(source_slot, emit.times(ld, lanes))
        emit.builder.store(emit.builder.add(place, ir.Constant(I64, lanes)), done)
    emit.builder.ret_void()
    return function


def _columns_function(module: ir.Module, item: ir.Type, lanes: int) -> ir.Function:
    pointer = item.as_pointer()
    name = f"nnlite_columns_{item}x{lanes}"
    function, new = new_function(module, name, [pointer] * (ROWS + 1) + [I64, I64])
    if not new:
        return function
    *rows, target, ld, count = function.args
    emit = Emitter(function, lanes)
    done, target_slot = emit.variable(ir.Constant(I64, 0)), emit.variable(target)
    with emit.loop(lambda: emit.builder.icmp_signed("<", emit.builder.load(done), count)):
        place = emit.builder.load(done)
        for first in range(0, ROWS, lanes):
            square = _turned_over(emit, [emit.load(emit.at(row, place)) for row in rows[first : first + lanes]])
            for j, column in enumerate(square):
                to = emit.at(emit.builder.load(target_slot), emit.times(ld, j), ir.Constant(I64, first))
                emit.store(column, to)
        emit.advance(target_slot, emit.times(ld, lanes))
        emit.builder.store(emit.builder.add(place, ir.Constant(I64, lanes)), done)
    emit.builder.ret_void()
    return function


def _turned_over(emit: Emitter, square: list[ir.Value]) -> list[ir.Value]:
    size, b = len(square), 1
    while b < size:
        turned = list(square)
        for r in range(size):
            if not r & b:
                upper, lower = square[r], square[r + b]
                turned[r] = emit.shuffle(upper, lower, [size + j - b if j & b else j for j in range(size)])
                turned[r + b] = emit.shuffle(upper, lower, [size + j if j & b else j + b for j in range(size)])
        square, b = turned, 2 * b
    return square
