r"""What a search for nearest neighbors knows of each query: records that may be near, and a limit for others.

A query holds records with their squared distances in float32. Its limit is made of the k-th smallest of them and of a
bound on rounding: a record beyond the limit is none of the k nearest. Where many records are held, those beyond the
limit are dropped; at the end, those within it are measured in float64 and sorted by (distance, index).

Products of records far from the center round by more than near records are apart. Queries for which that would let too
many records through have their tiles computed by differences instead.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from nnlite.engine.codegen.distances import LEAF, squared_distance, trailing_zeros
from nnlite.engine.codegen.pointers import prefetch, shift
from nnlite.engine.codegen.scalars import select, square_root

_WHOLE = 16
_HALVINGS = 20
_AHEAD, _LINE = 3, 16
_UNIT = 2.0**-24  # of rounding in float32
_TINY = np.float32(1e-30)  # what underflows
_PRODUCTS, _UNDECIDED, _DIFFERENCES, _LEAVING = 0, 1, 2, 3
_NEVER = np.float32(np.inf)


class Index(NamedTuple):
    """Records, in leaves: pointers to float32, but for `order` (int32).

    With a `width` above 0, records and boxes are also there in so many coordinates of a projection, of which `axes` are
    the directions; `sides` is the number of coordinates of boxes.
    """

    panels: Any
    starts: Any
    low: Any
    high: Any
    records: Any
    order: Any
    leaves: Any
    count: Any
    depth: Any
    axes: Any
    projected_panels: Any
    projected_starts: Any
    width: Any
    sides: Any


class Block(NamedTuple):
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
    projected: Any
    projected_squares: Any
    reaches: Any
    k: Any
    room: Any


@njit(error_model="numpy")
def begin(block: Any, q: Any) -> None:
    """Hold nothing for a query, and limit nothing."""
    block.limits[q] = _NEVER
    block.reaches[q] = _NEVER
    block.fill[q] = 0
    block.form[q] = _UNDECIDED
    block.measured[q] = 0
    best, nearest = shift(block.distances, q * block.k), shift(block.nearest, q * block.k)
    for c in range(block.k):
        best[c] = np.inf
        nearest[c] = np.int64(-1)


@njit(error_model="numpy")
def _fetch(index: Any, place: Any) -> None:
    """Let the processor read a record while others are measured."""
    record = shift(index.records, np.int64(place) * index.depth)
    for j in range(0, index.depth, _LINE):
        prefetch(shift(record, j))


@njit(error_model="numpy")
def measure(index: Any, block: Any, q: Any) -> None:
    """Measure what a query holds and may be near; keep the k nearest, by (distance, index)."""
    depth, k = index.depth, block.k
    x = shift(block.x, q * depth)
    best, nearest = shift(block.distances, q * k), shift(block.nearest, q * k)
    held, held_at = shift(block.held, q * block.room), shift(block.held_at, q * block.room)
    fill = np.int64(block.fill[q])
    for h in range(min(_AHEAD, fill)):
        _fetch(index, held_at[h])
    for h in range(fill):
        if h + _AHEAD < fill:
            _fetch(index, held_at[h + _AHEAD])
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
    block.reaches[q] = _reach(index, block.limits[q], square)


@njit(error_model="numpy")
def _reach(index: Any, limit: Any, square: Any) -> Any:
    """Return the limit of squared distances in the projection, which are no larger but for rounding.

    Each of w coordinates of a query is a sum of d products, off by d u |x| at most, and those of a record are rounded.
    """
    if index.width == 0:
        return limit
    root = square_root(limit)
    unit = np.float32(_UNIT) * (np.float32(index.depth + 16) * square_root(np.float32(index.width)) + np.float32(16))
    moved = unit * (np.float32(2) * square_root(square) + root)
    error = np.float32(_UNIT * (index.width + 16)) * (np.float32(9) * square + np.float32(4) * limit)
    return ((root + moved) * (root + moved) + np.float32(2) * error) * (np.float32(1) + np.float32(8) * unit) + _TINY


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
    measure(index, block, q)
    block.measured[q] = 1
    distance = block.distances[q * block.k + block.k - 1]
    if distance < np.inf:
        _set_limit(index, block, q, np.float32(distance * distance))


@njit(error_model="numpy")
def shrink(index: Any, block: Any, q: Any) -> None:
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
def takes_products(index: Any, block: Any, q: Any) -> Any:
    """Return whether a query's next tile is one of products; if it no longer is, forget what products gave."""
    if block.form[q] == _LEAVING:
        block.form[q] = _DIFFERENCES
        _measure_all(index, block, q)
    return block.form[q] == _PRODUCTS


@njit(error_model="numpy")
def hold(index: Any, block: Any, q: Any, place: Any, bits: Any, found: Any) -> None:
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
        shrink(index, block, q)
