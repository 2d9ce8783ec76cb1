"""Register tiles: the innermost loops of the matrix product, written in LLVM's vectors.

A compiler's plain triple loop loads two numbers for every multiply-add. A core performs two vector multiply-adds a
cycle, but also only two loads: such a loop reaches half of the peak at best, a tenth if the numbers come from beyond
the first-level cache. The remedy is to keep a *tile* of the result in registers during the whole sum over k, and to use
every number loaded for a full row or column of the tile::

                          B   k-th row, two vectors
                         +--------+--------+
                         | b0     | b1     |
                         +--------+--------+
        A   k-th column  +--------+--------+
            +----+       | acc    | acc    |      acc[r][v] += a[r] * b[v]
            | a0 |       +--------+--------+
            | a1 |       | acc    | acc    |      6 x 2 vectors of results stay in 12 of 16 registers;
            | .. |       :        :        :      a step of k loads 6 numbers (each broadcast to a register)
            | a5 |       | acc    | acc    |      and 2 vectors, for 12 vector multiply-adds:
            +----+       +--------+--------+      1.5 for each load, where the plain loop has 0.5.

There are also enough independent accumulators: a multiply-add has a latency of four cycles, so eight must be in flight
for two to start every cycle.

LLVM's vectorizer finds no such tile, so the loops are emitted explicitly. A *strip* is a row of tiles: one function for
every number of rows up to the tile's, so that an edge needs no copies and no wasted work. `gemm_dot` has tiles for sums
along contiguous rows, `gemm` the order of the tiles and the packing.

Each element is summed in the order of k, in one lane: its bits depend neither on its position in a tile nor on
alignment.
"""

from __future__ import annotations

from llvmlite import ir

from nnlite.engine.codegen.emit import I64, Emitter, declare_function
from nnlite.engine.gemm.gemm_sizes import ADD, BIAS, PANEL


def strip_function(module: ir.Module, item: ir.Type, lanes: int, rows: int) -> ir.Function:
    """C(rows x n) = start + A(rows x k) B(k x n), for `vectors` vectors of columns (see `Tiles.strips`)."""
    pointer = item.as_pointer()
    function, new = declare_function(
        module,
        f"nnlite_strip_{item}x{lanes}_{rows}",
        [pointer, I64, I64, pointer, I64, I64, pointer, I64, I64, I64, I64, pointer],
    )
    if not new:
        return function
    a, a_row, a_step, b, b_row, b_panel, c, c_row, vectors, depth, start, bias = function.args
    emit = Emitter(function, lanes)
    b_slot, c_slot, remaining = emit.variable(b), emit.variable(c), emit.variable(vectors)
    # With few rows, a wider tile keeps enough multiply-adds in flight.
    for width in emit.widths_covering(remaining, (4, 2, 1) if rows <= 2 else (2, 1)):
        b_now, c_now = emit.builder.load(b_slot), emit.builder.load(c_slot)
        targets = [
            [emit.at(c_now, emit.times(c_row, r), ir.Constant(I64, v * lanes)) for v in range(width)]
            for r in range(rows)
        ]
        tile = [[emit.variable(emit.zeros()) for _ in range(width)] for _ in range(rows)]
        _start_tile(emit, tile, targets, start, bias)
        _multiply_add(emit, tile, (a, a_row, a_step), (b_now, b_row, b_panel), depth)
        for row, row_targets in zip(tile, targets, strict=True):
            for accumulator, target in zip(row, row_targets, strict=True):
                emit.store(emit.builder.load(accumulator), target)
        emit.advance(b_slot, emit.times(b_panel, max(1, width // PANEL)))
        emit.advance(c_slot, ir.Constant(I64, width * lanes))
    emit.builder.ret_void()
    return function


def _start_tile(
    emit: Emitter, tile: list[list[ir.Value]], targets: list[list[ir.Value]], start: ir.Value, bias: ir.Value
) -> None:
    builder = emit.builder
    with builder.if_then(builder.icmp_signed("==", start, ir.Constant(I64, ADD))):
        for row, row_targets in zip(tile, targets, strict=True):
            for accumulator, target in zip(row, row_targets, strict=True):
                builder.store(emit.load(target), accumulator)
    with builder.if_then(builder.icmp_signed("==", start, ir.Constant(I64, BIAS))):
        for r, row in enumerate(tile):
            broadcast = emit.splat(builder.load(emit.at(bias, ir.Constant(I64, r))))
            for accumulator in row:
                builder.store(broadcast, accumulator)


def _multiply_add(
    emit: Emitter,
    tile: list[list[ir.Value]],
    left_operand: tuple[ir.Value, ir.Value, ir.Value],
    right: tuple[ir.Value, ir.Value, ir.Value],
    depth: ir.Value,
) -> None:
    """Emit the loop over k, which takes nearly all of the time."""
    (a, a_row, a_step), (b, b_row, b_panel) = left_operand, right
    builder, rows, width = emit.builder, len(tile), len(tile[0])
    # x86 adds one register to a pointer for free: one pointer serves three rows, with offsets of one and two strides.
    strides = [ir.Constant(I64, 0), a_row, emit.opaque(emit.times(a_row, 2))]
    a_slots = [emit.variable(emit.opaque(emit.at(a, emit.times(a_row, r)))) for r in range(0, rows, 3)]
    b_slots = [emit.variable(emit.at(b, emit.times(b_panel, p))) for p in range((width + PANEL - 1) // PANEL)]
    with emit.repeat(depth):
        b_vectors = [
            emit.load(emit.at(builder.load(b_slots[v // PANEL]), ir.Constant(I64, v % PANEL * emit.lanes)))
            for v in range(width)
        ]
        for r, row in enumerate(tile):
            broadcast = emit.splat(builder.load(emit.at(builder.load(a_slots[r // 3]), strides[r % 3])))
            for accumulator, b_vector in zip(row, b_vectors, strict=True):
                builder.store(builder.call(emit.fma, [broadcast, b_vector, builder.load(accumulator)]), accumulator)
        for slot in a_slots:
            emit.advance(slot, a_step)
        for slot in b_slots:
            emit.advance(slot, b_row)


def copy_function(module: ir.Module, item: ir.Type, lanes: int, count: int) -> ir.Function:
    """Copy `depth` rows of `count` items, for packing: ``target[l * target_row + i] = source[l * source_row + i]``."""
    pointer = item.as_pointer()
    function, new = declare_function(module, f"nnlite_copy_{item}x{lanes}_{count}", [pointer, I64, pointer, I64, I64])
    if not new:
        return function
    source, source_row, target, target_row, depth = function.args
    emit = Emitter(function, lanes)
    source_slot, target_slot = emit.variable(source), emit.variable(target)
    with emit.repeat(depth):
        start = 0
        while start < count:
            width = lanes
            while width > count - start:
                width //= 2
            offset = ir.Constant(I64, start)
            vector = emit.load(emit.at(emit.builder.load(source_slot), offset), width)
            emit.store(vector, emit.at(emit.builder.load(target_slot), offset))
            start += width
        emit.advance(source_slot, source_row)
        emit.advance(target_slot, target_row)
    emit.builder.ret_void()
    return function


def strips_function(module: ir.Module, item: ir.Type, lanes: int, max_rows: int) -> ir.Function:
    """C(m x n) = start + A B, by strips of at most `most` rows (see `Tiles.strips`)."""
    pointer = item.as_pointer()
    function, new = declare_function(
        module,
        f"nnlite_strips_{item}x{lanes}_{max_rows}",
        [I64, pointer, I64, I64, pointer, I64, I64, pointer, I64, I64, I64, I64, pointer],
    )
    if not new:
        return function
    m, a, a_row, a_step, b, b_row, b_panel, c, c_row, vectors, depth, start, bias = function.args
    strips = {rows: strip_function(module, item, lanes, rows) for rows in range(1, max_rows + 1)}
    emit = Emitter(function, lanes)
    builder = emit.builder
    with emit.chunks(m, max_rows) as (first, rows):
        a_strip, c_strip = emit.at(a, builder.mul(first, a_row)), emit.at(c, builder.mul(first, c_row))
        left, right = (a_strip, a_row, a_step), (b, b_row, b_panel)
        emit.call_indexed(rows, strips, [*left, *right, c_strip, c_row, vectors, depth, start, emit.at(bias, first)])
    builder.ret_void()
    return function


def transpose_function(module: ir.Module, item: ir.Type, lanes: int) -> ir.Function:
    """Write four rows as four columns, for packing: ``target[l * target_row + i] = source[i * source_row + l]``."""
    pointer = item.as_pointer()
    function, new = declare_function(module, f"nnlite_transpose_{item}x{lanes}", [pointer, I64, pointer, I64, I64])
    if not new:
        return function
    source, source_row, target, target_row, depth = function.args
    emit = Emitter(function, lanes)
    source_slot, target_slot = emit.variable(source), emit.variable(target)
    with emit.repeat(emit.builder.lshr(depth, ir.Constant(I64, 2))):
        a, b, c, d = (
            emit.load(emit.at(emit.builder.load(source_slot), emit.times(source_row, i)), 4) for i in range(4)
        )
        ab, cd = ([emit.shuffle(p, q, lanes) for lanes in ((0, 4, 1, 5), (2, 6, 3, 7))] for p, q in ((a, b), (c, d)))
        for i in range(4):
            column = emit.shuffle(ab[i // 2], cd[i // 2], (0, 1, 4, 5) if i % 2 == 0 else (2, 3, 6, 7))
            emit.store(column, emit.at(emit.builder.load(target_slot), emit.times(target_row, i)))
        emit.advance(source_slot, ir.Constant(I64, 4))
        emit.advance(target_slot, emit.times(target_row, 4))
    emit.builder.ret_void()
    return function
