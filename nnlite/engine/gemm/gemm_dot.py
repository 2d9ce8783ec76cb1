"""Register tiles for products along contiguous rows, C = X Yᵀ: the gradient of a weight.

Both operands are loaded in vectors along k, so a tile of 3 x 4 elements keeps 12 vectors of partial sums, and a step
loads 7 vectors for 12 multiply-adds::

                 y0  y1  y2  y3      rows of Y, one vector of k at a time
               +---+---+---+---+
            x0 | a | a | a | a |     acc[r][j] += x[r] * y[j], lane by lane;
            x1 | a | a | a | a |     at the end, the lanes of each accumulator are summed
            x2 | a | a | a | a |
               +---+---+---+---+

Nothing is transposed and no shape is padded, which makes this the fastest form for small layers. The final reduction,
in one fixed tree, costs as much as three or four steps, and there are more loads than in `gemm_tile`: for larger
products it is faster to transpose Y during packing.
"""

from __future__ import annotations

from collections.abc import Sequence

from llvmlite import ir

from nnlite.engine.codegen.emit import I32, I64, Emitter, declare_function
from nnlite.engine.gemm.gemm_sizes import ADD

DOT_ROWS, DOT_COLUMNS = 3, 4


def dot_function(module: ir.Module, item: ir.Type, lanes: int, rows: int) -> ir.Function:
    """C(rows x columns) = start + X(rows x k) Y(columns x k)ᵀ, for `vectors` vectors of k (see `Tiles.dots`)."""
    pointer = item.as_pointer()
    function, new = declare_function(
        module,
        f"nnlite_dot_{item}x{lanes}_{rows}",
        [pointer, I64, pointer, I64, pointer, I64, I64, I64, I64],
    )
    if not new:
        return function
    x, x_row, y, y_row, c, c_row, columns, vectors, start = function.args
    emit = Emitter(function, lanes)
    builder = emit.builder
    y_slot, c_slot, remaining = emit.variable(y), emit.variable(c), emit.variable(columns)
    for width in emit.widths_covering(remaining, (DOT_COLUMNS, 2, 1)):
        tile = [[emit.variable(emit.zeros()) for _ in range(width)] for _ in range(rows)]
        x_now, y_now = emit.variable(x), emit.variable(builder.load(y_slot))
        with emit.repeat(vectors):
            x_vectors = [emit.load(emit.at(builder.load(x_now), emit.times(x_row, r))) for r in range(rows)]
            for j in range(width):
                y_vector = emit.load(emit.at(builder.load(y_now), emit.times(y_row, j)))
                for row, x_vector in zip(tile, x_vectors, strict=True):
                    builder.store(builder.call(emit.fma, [x_vector, y_vector, builder.load(row[j])]), row[j])
            emit.advance(x_now, ir.Constant(I64, lanes))
            emit.advance(y_now, ir.Constant(I64, lanes))
        _reduce_and_store(emit, tile, builder.load(c_slot), c_row, start)
        emit.advance(y_slot, emit.times(y_row, width))
        emit.advance(c_slot, ir.Constant(I64, width))
    builder.ret_void()
    return function


def dots_function(module: ir.Module, item: ir.Type, lanes: int) -> ir.Function:
    """C(m x columns) = start + X(m x k) Y(columns x k)ᵀ, by strips (see `Tiles.dots`)."""
    pointer = item.as_pointer()
    function, new = declare_function(
        module, f"nnlite_dots_{item}x{lanes}", [I64, pointer, I64, pointer, I64, pointer, I64, I64, I64, I64]
    )
    if not new:
        return function
    m, x, x_row, y, y_row, c, c_row, columns, vectors, start = function.args
    strips = {rows: dot_function(module, item, lanes, rows) for rows in range(1, DOT_ROWS + 1)}
    emit = Emitter(function, lanes)
    with emit.chunks(m, DOT_ROWS) as (first, rows):
        x_strip, c_strip = (emit.at(p, emit.builder.mul(first, row)) for p, row in ((x, x_row), (c, c_row)))
        emit.call_indexed(rows, strips, [x_strip, x_row, y, y_row, c_strip, c_row, columns, vectors, start])
    emit.builder.ret_void()
    return function


def _reduce_and_store(emit: Emitter, tile: list[list[ir.Value]], c: ir.Value, c_row: ir.Value, start: ir.Value) -> None:
    """Sum the lanes of every accumulator, four accumulators at a time, and store the sums."""
    builder = emit.builder
    cells = [
        (builder.load(accumulator), emit.at(c, emit.times(c_row, r), ir.Constant(I64, j)))
        for r, row in enumerate(tile)
        for j, accumulator in enumerate(row)
    ]
    add = builder.icmp_signed("==", start, ir.Constant(I64, ADD))
    for first in range(0, len(cells), 4):
        group = cells[first : first + 4]
        vectors = [vector for vector, _ in group]
        sums = _sums_of_four(emit, vectors + vectors[:1] * (4 - len(group)))
        if len(tile[0]) == 4:
            target = group[0][1]
            slot = emit.variable(sums)
            with builder.if_then(add):
                builder.store(builder.fadd(emit.load(target, 4), sums), slot)
            emit.store(builder.load(slot), target)
            continue
        for lane, (_, target) in enumerate(group):
            total = builder.extract_element(sums, ir.Constant(I32, lane))
            slot = emit.variable(total)
            with builder.if_then(add):
                builder.store(builder.fadd(builder.load(target), total), slot)
            builder.store(builder.load(slot), target)


def _sums_of_four(emit: Emitter, vectors: list[ir.Value]) -> ir.Value:
    """Return the sums of the lanes of four vectors as one vector of four: six shuffles instead of three for each."""
    a, b, c, d = vectors
    n = emit.lanes

    def fold(p: ir.Value, q: ir.Value, low: Sequence[int], high: Sequence[int]) -> ir.Value:
        """Select lanes of p (0-3) and q (4-7) in every group of four, twice, and add the two selections."""
        selections = [
            emit.shuffle(p, q, [g + lane if lane < 4 else n + g + lane - 4 for g in range(0, n, 4) for lane in lanes])
            for lanes in (low, high)
        ]
        return emit.builder.fadd(*selections)

    ab = fold(a, b, (0, 4, 1, 5), (2, 6, 3, 7))
    cd = fold(c, d, (0, 4, 1, 5), (2, 6, 3, 7))
    sums = fold(ab, cd, (0, 1, 4, 5), (2, 3, 6, 7))
    while sums.type.count > 4:
        half = sums.type.count // 2
        sums = emit.builder.fadd(emit.shuffle(sums, sums, range(half)), emit.shuffle(sums, sums, range(half, 2 * half)))
    return sums
