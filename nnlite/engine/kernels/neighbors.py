"""The search for the nearest of many records: tiles with a running limit, and boxes that prune.

Records lie in leaves of 32, packed column by column. A tile (`nnlite.engine.codegen.distances`) compares 6 queries with
a leaf in float32, and names the pairs within the limits of the queries (`nnlite.engine.kernels.candidates`). What is
found is exact, and the same however records and queries are grouped.

Where leaves are compact (see `nnlite.engine.runtime.neighbor_tree`), a leaf is left out for queries that are further
from its box than their limit. Where few directions hold most of the variance, boxes are around the records' projections
on these, and a tile compares those first (`nnlite.engine.kernels.projection`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from nnlite.engine.codegen.distances import LEAF, ROWS, distances, trailing_zeros
from nnlite.engine.codegen.pointers import as_pointer, shift
from nnlite.engine.codegen.processor import vector_width
from nnlite.engine.codegen.scalars import select
from nnlite.engine.kernels.boxes import box_distances, box_distances_of_one
from nnlite.engine.kernels.candidates import Block, Index, begin, hold, measure, shrink, takes_products
from nnlite.engine.kernels.projection import keep_near, project

_TILES = distances(vector_width(np.float32))
_WIDTH = _TILES.width
_by_products, _one_by_products = _TILES.by_products, _TILES.one_by_products
_by_differences, _within = _TILES.by_differences, _TILES.within
_FEW = 4
_NEVER = np.float32(np.inf)
_DONE = np.float32(np.nan)  # is within no limit


class _Boxes(NamedTuple):
    """How far queries are from boxes: pointers."""

    columns: Any
    bounds: Any
    best: Any
    leaf_of: Any
    ends: Any
    low: Any
    high: Any


@njit(error_model="numpy", inline="always")
def _read_index(op: Any, f: Any, i: Any) -> Any:
    return Index(
        as_pointer(op[0], f), as_pointer(op[1], f), as_pointer(op[2], f), as_pointer(op[3], f), as_pointer(op[4], f),
        as_pointer(op[5], i), op[6], op[7], op[8], as_pointer(op[42], f), as_pointer(op[43], f), as_pointer(op[44], f),
        op[45], op[45] if op[45] else op[8],
    )  # fmt: skip


@njit(error_model="numpy")
def _fill_up(rows: Any, count: Any) -> None:
    """Repeat the last query until tiles are full."""
    for r in range(count, (count + ROWS - 1) // ROWS * ROWS):
        rows[r] = rows[count - 1]


@njit(error_model="numpy")
def _visit(index: Any, block: Any, leaf: Any, rows: Any, count: Any, differences: Any) -> None:
    """Compare the queries of `rows` with a leaf."""
    if count == 0:
        return
    _fill_up(rows, count)
    if index.width and not differences:
        count = keep_near(index, block, leaf, rows, count)
        if count == 0:
            return
        _fill_up(rows, count)
    block.counters[1] += count * index.depth
    for part in range(0, LEAF, _WIDTH):
        place = leaf * LEAF + part
        panel, starts = shift(index.panels, leaf * index.depth * LEAF + part), shift(index.starts, place)
        # The last leaf may not be full.
        left = index.count - place
        full = np.int64(-1) if left >= _WIDTH else (np.int64(1) << max(left, 0)) - 1
        for first in range(0, count, ROWS):
            some = shift(rows, first)
            if differences:
                _by_differences(block.centered, index.depth, some, panel, starts, block.squares, block.limits,
                                block.found, block.bits)  # fmt: skip
            elif count - first == 1:
                _one_by_products(block.centered, index.depth, some, panel, starts, block.squares, block.limits,
                                 block.found, block.bits)  # fmt: skip
            else:
                _by_products(block.centered, index.depth, some, panel, starts, block.squares, block.limits,
                             block.found, block.bits)  # fmt: skip
            hits = block.bits[ROWS] & ((np.int64(1) << min(ROWS, count - first)) - 1)
            while hits:
                r = trailing_zeros(hits)
                hits &= hits - 1
                hold(index, block, some[r], place, block.bits[r] & full, shift(block.found, r * _WIDTH))


@njit(error_model="numpy")
def _start(index: Any, block: Any, n: Any, center: Any) -> None:
    """Set what is known of n queries before anything is."""
    depth = index.depth
    for q in range(n):
        x, centered = shift(block.x, q * depth), shift(block.centered, q * depth)
        square = 0.0
        for j in range(depth):
            value = x[j] - center[j]
            centered[j] = value
            square += np.float64(value) * np.float64(value)
        block.squares[q] = np.float32(square)
        begin(block, q)
    if index.width:
        project(index, block, n)


@njit(error_model="numpy")
def _search_all(index: Any, block: Any, n: Any) -> None:
    """Compare n queries with every leaf."""
    block.counters[0] = 1
    products, others = 0, 0
    for leaf in range(index.leaves):
        if block.counters[0]:
            block.counters[0] = 0
            products, others = 0, 0
            for q in range(n):
                if takes_products(index, block, q):
                    block.rows[products] = q
                    products += 1
                else:
                    block.other_rows[others] = q
                    others += 1
        _visit(index, block, leaf, block.rows, products, False)
        _visit(index, block, leaf, block.other_rows, others, True)


@njit(error_model="numpy")
def _first_leaves(index: Any, block: Any, n: Any, stride: Any, w: Any) -> None:
    """Visit the leaf whose box is nearest, and as many beside it as hold k records."""
    leaves, bounds, best, leaf_of, ends = index.leaves, w.bounds, w.best, w.leaf_of, w.ends
    for q in range(n):
        best[q] = _NEVER
        leaf_of[q] = np.int32(0)
    for leaf in range(leaves):
        row, number = shift(bounds, leaf * stride), np.int32(leaf)
        for q in range(n):
            nearer = row[q] < best[q]
            best[q] = select(nearer, row[q], best[q])
            leaf_of[q] = select(nearer, number, leaf_of[q])
    # Queries sorted by their leaves, by counting.
    by_leaf = block.other_rows
    for leaf in range(leaves + 1):
        ends[leaf] = np.int64(0)
    for q in range(n):
        ends[leaf_of[q] + 1] += 1
    for leaf in range(leaves):
        ends[leaf + 1] += ends[leaf]
    for q in range(n):
        by_leaf[ends[leaf_of[q]]] = np.int64(q)
        ends[leaf_of[q]] += 1
    wide, begun = min((block.k + LEAF - 1) // LEAF, leaves), np.int64(0)
    for leaf in range(leaves):
        count = ends[leaf] - begun
        if count:
            first = min(leaf, leaves - wide)
            for beside in range(first, first + wide):
                for r in range(count):
                    q = by_leaf[begun + r]
                    block.rows[r] = q
                    bounds[beside * stride + q] = _DONE
                _visit(index, block, beside, block.rows, count, True)
        begun = ends[leaf]
    for q in range(n):
        leaf_of[q] = np.int32(by_leaf[q])
    for q in range(n):
        shrink(index, block, q)


@njit(error_model="numpy")
def _search_boxes(index: Any, block: Any, n: Any, stride: Any, w: Any) -> None:
    """Compare n queries with the leaves whose boxes are within their limits."""
    sides, columns, bounds = index.sides, w.columns, w.bounds
    rows = block.projected if index.width else block.centered
    for j in range(sides):
        column = shift(columns, j * stride)
        for q in range(n):
            column[q] = rows[q * sides + j]
    box_distances(index, columns, n, stride, bounds)
    _first_leaves(index, block, n, stride, w)
    for q in range(n, stride):
        block.reaches[q] = _DONE
    # The nearest boxes first, as what is found there makes the limits smaller.
    for turn in range(3):
        factor = np.float32(0.05) if turn == 0 else np.float32(0.25) if turn == 1 else np.float32(1)
        for q in range(n):
            if turn and block.fill[q] > block.k + block.k // 4:
                shrink(index, block, q)
        for leaf in range(index.leaves):
            row = shift(bounds, leaf * stride)
            products, others = 0, 0
            for first in range(0, n, 64):
                bits = _within(shift(row, first), shift(block.reaches, first), factor)
                while bits:
                    q = first + trailing_zeros(bits)
                    bits &= bits - 1
                    row[q] = _DONE
                    if takes_products(index, block, q):
                        block.rows[products] = q
                        products += 1
                    else:
                        block.other_rows[others] = q
                        others += 1
            _visit(index, block, leaf, block.rows, products, False)
            _visit(index, block, leaf, block.other_rows, others, True)


@njit(error_model="numpy")
def _search_boxes_for_one(index: Any, block: Any, q: Any, w: Any) -> None:
    """Compare one query with the leaves whose boxes are within its limit, without a block's arrays."""
    leaves, bounds = index.leaves, w.bounds
    row = block.projected if index.width else block.centered
    box_distances_of_one(index, shift(row, q * index.sides), w.low, w.high, bounds)
    nearest = np.int64(0)
    for leaf in range(leaves):
        if bounds[leaf] < bounds[nearest]:
            nearest = leaf
    wide = min((block.k + LEAF - 1) // LEAF, leaves)
    first = min(nearest, leaves - wide)
    for leaf in range(first, first + wide):
        block.rows[0] = q
        bounds[leaf] = _DONE
        _visit(index, block, leaf, block.rows, 1, True)
    shrink(index, block, q)
    for turn in range(3):
        factor = np.float32(0.05) if turn == 0 else np.float32(0.25) if turn == 1 else np.float32(1)
        if turn and block.fill[q] > block.k + block.k // 4:
            shrink(index, block, q)
        for leaf in range(leaves):
            if bounds[leaf] <= block.reaches[q] * factor:
                bounds[leaf] = _DONE
                block.rows[0] = q
                _visit(index, block, leaf, block.rows, 1, not takes_products(index, block, q))


def search(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Write the distances and indices of the k nearest records of each query.

    op: panels, starts, low, high, records, order (int32), leaves, records' number, depth; center; x, queries' number,
    distances (float64), nearest (int64), k; block, stride, whether to look at boxes, room; and workspace, for `block`
    queries: centered, squares, limits, held, held_at (int32), fill (int32), form (int32), measured (int32), rows
    (int64), other rows (int64), found, bits (int64), counters (int64: changed, visits), columns, bounds, best, leaf_of
    (int32), ends (int64); low and high column by column; projected, projected squares, reaches; and axes, with a row of
    zeros, projected panels, projected starts, width. A query holds up to
    `room` records, of which the last 32 are for one more tile.
    """
    f, d, i, n = np.float32(0), 0.0, np.int32(0), np.int64(0)
    index = _read_index(op, f, i)
    center, queries, k, size, stride = as_pointer(op[9], f), op[11], op[14], op[15], op[16]
    w = shift(op, 19)
    boxes = _Boxes(
        as_pointer(w[13], f),
        as_pointer(w[14], f),
        as_pointer(w[15], f),
        as_pointer(w[16], i),
        as_pointer(w[17], n),
        as_pointer(w[18], f),
        as_pointer(w[19], f),
    )
    for first in range(0, queries, size):
        block = Block(
            shift(as_pointer(op[10], f), first * index.depth), as_pointer(w[0], f), as_pointer(w[1], f),
            as_pointer(w[2], f), as_pointer(w[3], f), as_pointer(w[4], i), as_pointer(w[5], i), as_pointer(w[6], i),
            as_pointer(w[7], i), as_pointer(w[8], n), as_pointer(w[9], n), as_pointer(w[10], f), as_pointer(w[11], n),
            as_pointer(w[12], n), shift(as_pointer(op[12], d), first * k), shift(as_pointer(op[13], n), first * k),
            as_pointer(w[20], f), as_pointer(w[21], f), as_pointer(w[22], f), k, op[18],
        )  # fmt: skip
        count = min(size, queries - first)
        _start(index, block, count, center)
        if op[17] and count <= _FEW:
            for q in range(count):
                _search_boxes_for_one(index, block, q, boxes)
        elif op[17]:
            _search_boxes(index, block, count, stride, boxes)
        else:
            _search_all(index, block, count)
        for turn in range(count):
            # Queries of the same leaf one after the other: they hold the same records, more or less.
            q = np.int64(boxes.leaf_of[turn]) if op[17] and count > _FEW else turn
            shrink(index, block, q)
            measure(index, block, q)
