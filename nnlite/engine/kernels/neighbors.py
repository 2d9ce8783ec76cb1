"""The search for the nearest of many records: boxes that prune, tiles with a running limit, float64 at the end.

Records lie in leaves of 32, packed column by column. A tile (`nnlite.engine.codegen.distances`) compares 6 queries with
a leaf in float32. Each query has a limit, made of the k-th smallest of the squared distances seen so far and of a bound
on rounding: a pair beyond the limit is none of the k nearest. Other pairs are held; where there is no more room, and at
the end, those still within the limit are measured in float64 and sorted by (distance, index). So what is found is
exact, and the same however records and queries are grouped.

Products of records far from the center round by more than near records are apart. For queries where that would let
too many pairs through, the tile works by differences instead.

Where leaves are compact (see `nnlite.engine.runtime.neighbor_tree`), a leaf is left out for queries that are further
from its box than their limit.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from nnlite.engine.codegen.distances import LEAF, ROWS, distances, squared_distance, trailing_zeros
from nnlite.engine.codegen.pointers import as_pointer, shift
from nnlite.engine.codegen.processor import vector_width
from nnlite.engine.codegen.scalars import select, square_root

_TILES = distances(vector_width(np.float32))
_LANES, _WIDTH = _TILES.lanes, _TILES.width
_by_products, _by_differences, _within = _TILES.by_products, _TILES.by_differences, _TILES.within
_WHOLE = 16
_HALVINGS = 20
_UNIT = 2.0**-24  # of rounding in float32
_TINY = np.float32(1e-30)  # what underflows
_PRODUCTS, _UNDECIDED, _DIFFERENCES, _LEAVING = 0, 1, 2, 3
_NEVER = np.float32(np.inf)
_DONE = np.float32(np.nan)  # is within no limit


class _Index(NamedTuple):
    """Records, in leaves: pointers to float32, but for `order` (int32)."""

    panels: Any
    starts: Any
    low: Any
    high: Any
    records: Any
    order: Any
    leaves: Any
    count: Any
    depth: Any


class _Block(NamedTuple):
    """Queries, and what is known of each: pointers."""

    x: Any
    centered: Any
    squares: Any
    limits: Any
    held: Any
    held_at: Any
    fill: Any
    form: Any
    measured: Any
    rows: Any
    other_rows: Any
    found: Any
    bits: Any
    counters: Any
    distances: Any
    nearest: Any
    k: Any
    room: Any


class _Boxes(NamedTuple):
    """How far queries are from boxes: pointers."""

    columns: Any
    bounds: Any
    best: Any
    leaf_of: Any
    ends: Any


@njit(error_model="numpy", inline="always")
def _read_index(op: Any, f: Any, i: Any) -> Any:
    return _Index(
        as_pointer(op[0], f), as_pointer(op[1], f), as_pointer(op[2], f), as_pointer(op[3], f), as_pointer(op[4], f),
        as_pointer(op[5], i), op[6], op[7], op[8],
    )  # fmt: skip


@njit(error_model="numpy")
def _measure(index: Any, block: Any, q: Any) -> None:
    """Measure what a query holds and may be near; keep the k nearest, by (distance, index)."""
    depth, k = index.depth, block.k
    x = shift(block.x, q * depth)
    best, nearest = shift(block.distances, q * k), shift(block.nearest, q * k)
    held, held_at = shift(block.held, q * block.room), shift(block.held_at, q * block.room)
    for h in range(block.fill[q]):
        if held[h] > block.limits[q]:
            continue
        place = np.int64(held_at[h])
        distance = square_root(squared_distance(x, shift(index.records, place * depth), depth))
        i = np.int64(index.order[place])
        p = k - 1
        if distance > best[p] or (distance == best[p] and i > nearest[p]):
            continue
        while p > 0 and (best[p - 1] > distance or (best[p - 1] == distance and nearest[p - 1] > i)):
            best[p], nearest[p] = best[p - 1], nearest[p - 1]
            p -= 1
        best[p], nearest[p] = distance, i
    block.fill[q] = 0


@njit(error_model="numpy")
def _set_limit(index: Any, block: Any, q: Any, t: Any) -> None:
    """Set a query's limit, k records being seen with squared distances up to t, and choose the form of its tiles.

    A product is off by at most (d + 16) u (|x| + |r|)^2, where |r| <= |x| + distance. By differences, centering moves a
    record by u |r|, and a query by u |x|; a sum of squares is off by less than (d + 16) u of itself.
    """
    unit = np.float32(_UNIT * (index.depth + 16))
    square = block.squares[q]
    error = unit * (np.float32(9) * square + np.float32(4) * t)
    form = block.form[q]
    if form == _PRODUCTS and np.float32(8) * error > t:
        # From the next leaf on: the values of this one come from products.
        form = block.form[q] = _LEAVING
        block.counters[0] = 1
    elif form == _UNDECIDED and np.float32(16) * error < t:
        form = block.form[q] = _PRODUCTS
        block.counters[0] = 1
    if form in (_PRODUCTS, _LEAVING):
        limit = t + np.float32(2) * error
    else:
        root = square_root(t)
        moved = np.float32(8 * _UNIT) * (square_root(square) + root)
        limit = (root + np.float32(2) * moved) * (root + np.float32(2) * moved)
    block.limits[q] = limit * (np.float32(1) + np.float32(8) * unit) + _TINY


@njit(error_model="numpy", fastmath={"nnan", "nsz"})
def _range(values: Any, count: Any) -> Any:
    """Return the least and the greatest of some values."""
    low, high = values[0], values[0]
    for i in range(count):
        low = select(values[i] < low, values[i], low)
        high = select(values[i] > high, values[i], high)
    return low, high


@njit(error_model="numpy")
def _count_up_to(values: Any, count: Any, bound: Any) -> Any:
    found = np.int32(0)
    for i in range(count):
        found += np.int32(values[i] <= bound)
    return np.int64(found)


@njit(error_model="numpy")
def _kth(values: Any, fill: Any, k: Any) -> Any:
    """Return a number that k of the values are below, or a few more: by halving where it may lie."""
    low, high = _range(values, fill)
    whole = (fill + _WHOLE - 1) // _WHOLE * _WHOLE
    for i in range(fill, whole):
        values[i] = _NEVER
    count, enough = fill, k + 2 + k // _WHOLE
    for _ in range(_HALVINGS):
        if count <= enough:
            break
        middle = low + (high - low) * np.float32(0.5)
        found = _count_up_to(values, whole, middle)
        if found >= k:
            high, count = middle, found
        else:
            low = middle
    return high


@njit(error_model="numpy")
def _measure_all(index: Any, block: Any, q: Any) -> None:
    """Measure what a query holds, and set its limit by what is exact."""
    _measure(index, block, q)
    block.measured[q] = 1
    distance = block.distances[q * block.k + block.k - 1]
    if distance < np.inf:
        _set_limit(index, block, q, np.float32(distance * distance))


@njit(error_model="numpy")
def _shrink(index: Any, block: Any, q: Any) -> None:
    """Set a query's limit by what it holds, and drop what is beyond it."""
    if block.measured[q]:
        _measure_all(index, block, q)
        return
    fill = np.int64(block.fill[q])
    if fill < block.k:
        return
    held, held_at = shift(block.held, q * block.room), shift(block.held_at, q * block.room)
    _set_limit(index, block, q, _kth(held, fill, block.k))
    limit, kept = block.limits[q], 0
    for h in range(fill):
        held[kept], held_at[kept] = held[h], held_at[h]
        kept += np.int64(held[h] <= limit)
    block.fill[q] = np.int32(kept)
    if kept > (block.room - LEAF) // 8 * 7:
        # Rounding or ties keep too many within the limit.
        _measure_all(index, block, q)


@njit(error_model="numpy")
def _takes_products(index: Any, block: Any, q: Any) -> Any:
    """Return whether a query's next tile is one of products; if it no longer is, forget what products gave."""
    if block.form[q] == _LEAVING:
        block.form[q] = _DIFFERENCES
        _measure_all(index, block, q)
    return block.form[q] == _PRODUCTS


@njit(error_model="numpy")
def _hold(index: Any, block: Any, q: Any, place: Any, bits: Any, found: Any) -> None:
    """Hold the records that bits name. There is room for all of a tile, always."""
    fill = np.int64(block.fill[q])
    held, held_at = shift(block.held, q * block.room), shift(block.held_at, q * block.room)
    while bits:
        lane = trailing_zeros(bits)
        bits &= bits - 1
        held[fill], held_at[fill] = found[lane], np.int32(place + lane)
        fill += 1
    block.fill[q] = np.int32(fill)
    if fill > block.room - LEAF:
        _shrink(index, block, q)


@njit(error_model="numpy")
def _visit(index: Any, block: Any, leaf: Any, rows: Any, count: Any, differences: Any) -> None:
    """Compare the queries of `rows` with a leaf."""
    if count == 0:
        return
    block.counters[1] += count
    for r in range(count, (count + ROWS - 1) // ROWS * ROWS):
        rows[r] = rows[count - 1]
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
            else:
                _by_products(block.centered, index.depth, some, panel, starts, block.squares, block.limits,
                             block.found, block.bits)  # fmt: skip
            hits = block.bits[ROWS] & ((np.int64(1) << min(ROWS, count - first)) - 1)
            while hits:
                r = trailing_zeros(hits)
                hits &= hits - 1
                _hold(index, block, some[r], place, block.bits[r] & full, shift(block.found, r * _WIDTH))


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
        block.limits[q] = _NEVER
        block.fill[q] = 0
        block.form[q] = _UNDECIDED
        block.measured[q] = 0
        best, nearest = shift(block.distances, q * block.k), shift(block.nearest, q * block.k)
        for c in range(block.k):
            best[c] = np.inf
            nearest[c] = np.int64(-1)


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
                if _takes_products(index, block, q):
                    block.rows[products] = q
                    products += 1
                else:
                    block.other_rows[others] = q
                    others += 1
        _visit(index, block, leaf, block.rows, products, False)
        _visit(index, block, leaf, block.other_rows, others, True)


@njit(error_model="numpy", fastmath={"contract"})
def _box_distances(index: Any, columns: Any, n: Any, stride: Any, bounds: Any) -> None:
    """Write the squared distance of every query from every leaf's box: ``bounds[leaf * stride + q]``."""
    depth = index.depth
    for leaf in range(index.leaves):
        row = shift(bounds, leaf * stride)
        for q in range(n):
            row[q] = np.float32(0)
        for j in range(0, depth, 2):
            # Of an odd number of columns, the last is taken twice, and counts once.
            i = min(j + 1, depth - 1)
            weight = np.float32(i - j)
            low, high, column = index.low[leaf * depth + j], index.high[leaf * depth + j], shift(columns, j * stride)
            low_2, high_2 = index.low[leaf * depth + i], index.high[leaf * depth + i]
            column_2 = shift(columns, i * stride)
            for q in range(n):
                v, w = column[q], column_2[q]
                inside = select(v > low, v, low)
                apart = v - select(inside < high, inside, high)
                inside = select(w > low_2, w, low_2)
                apart_2 = (w - select(inside < high_2, inside, high_2)) * weight
                row[q] += apart * apart + apart_2 * apart_2


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
        _shrink(index, block, q)


@njit(error_model="numpy")
def _search_boxes(index: Any, block: Any, n: Any, stride: Any, w: Any) -> None:
    """Compare n queries with the leaves whose boxes are within their limits."""
    depth, columns, bounds = index.depth, w.columns, w.bounds
    for j in range(depth):
        column = shift(columns, j * stride)
        for q in range(n):
            column[q] = block.centered[q * depth + j]
    _box_distances(index, columns, n, stride, bounds)
    _first_leaves(index, block, n, stride, w)
    for q in range(n, stride):
        block.limits[q] = _DONE
    # The nearest boxes first, as what is found there makes the limits smaller.
    for turn in range(3):
        factor = np.float32(0.05) if turn == 0 else np.float32(0.25) if turn == 1 else np.float32(1)
        for q in range(n):
            if turn and block.fill[q] > block.k + block.k // 4:
                _shrink(index, block, q)
        for leaf in range(index.leaves):
            row = shift(bounds, leaf * stride)
            products, others = 0, 0
            for first in range(0, n, 64):
                bits = _within(shift(row, first), shift(block.limits, first), factor)
                while bits:
                    q = first + trailing_zeros(bits)
                    bits &= bits - 1
                    row[q] = _DONE
                    if _takes_products(index, block, q):
                        block.rows[products] = q
                        products += 1
                    else:
                        block.other_rows[others] = q
                        others += 1
            _visit(index, block, leaf, block.rows, products, False)
            _visit(index, block, leaf, block.other_rows, others, True)


def search(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Write the distances and indices of the k nearest records of each query.

    op: panels, starts, low, high, records, order (int32), leaves, records' number, depth; center; x, queries' number,
    distances (float64), nearest (int64), k; block, stride, whether to look at boxes, room; and workspace, for `block`
    queries: centered, squares, limits, held, held_at (int32), fill (int32), form (int32), measured (int32), rows
    (int64), other rows (int64), found, bits (int64), counters (int64: changed, visits), columns, bounds, best, leaf_of
    (int32), ends (int64). A query holds up to `room` records, of which the last 32 are for one more tile.
    """
    f, d, i, n = np.float32(0), 0.0, np.int32(0), np.int64(0)
    index = _read_index(op, f, i)
    center, queries, k, size, stride = as_pointer(op[9], f), op[11], op[14], op[15], op[16]
    w = shift(op, 19)
    boxes = _Boxes(
        as_pointer(w[13], f), as_pointer(w[14], f), as_pointer(w[15], f), as_pointer(w[16], i), as_pointer(w[17], n)
    )
    for begin in range(0, queries, size):
        block = _Block(
            shift(as_pointer(op[10], f), begin * index.depth), as_pointer(w[0], f), as_pointer(w[1], f),
            as_pointer(w[2], f), as_pointer(w[3], f), as_pointer(w[4], i), as_pointer(w[5], i), as_pointer(w[6], i),
            as_pointer(w[7], i), as_pointer(w[8], n), as_pointer(w[9], n), as_pointer(w[10], f), as_pointer(w[11], n),
            as_pointer(w[12], n), shift(as_pointer(op[12], d), begin * k), shift(as_pointer(op[13], n), begin * k),
            k, op[18],
        )  # fmt: skip
        count = min(size, queries - begin)
        _start(index, block, count, center)
        if op[17]:
            _search_boxes(index, block, count, stride, boxes)
        else:
            _search_all(index, block, count)
        for q in range(count):
            _shrink(index, block, q)
            _measure(index, block, q)
