"""Queries in the few coordinates of a projection, and which of them may be near a leaf there.

A projection makes no distance larger. So a query that is beyond its limit from all records of a leaf in a few
coordinates is so in all, and need not be compared in the others.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from nnlite.engine.codegen.distances import LEAF, ROWS, distances
from nnlite.engine.codegen.pointers import shift
from nnlite.engine.codegen.processor import vector_width

_TILES = distances(vector_width(np.float32))
_WIDTH = _TILES.width
_by_products, _one_by_products = _TILES.by_products, _TILES.one_by_products


@njit(error_model="numpy")
def project(index: Any, block: Any, n: Any) -> None:
    """Write the coordinates of n queries and their squared lengths: tiles of products with the axes."""
    width = index.width
    for q in range(n + ROWS):
        # A tile gives |x|^2 - 2 (x a - |a|^2 / 2): here these squares are to be 0, and below the starts are.
        block.projected_squares[q] = np.float32(0)
    for first in range(0, n, ROWS):
        for r in range(ROWS):
            block.rows[r] = min(first + r, n - 1)
        for part in range(0, width, _WIDTH):
            axes, starts = shift(index.axes, part), shift(index.axes, index.depth * LEAF)
            if n == 1:
                _one_by_products(block.centered, index.depth, block.rows, axes, starts, block.projected_squares,
                                 block.limits, block.found, block.bits)  # fmt: skip
            else:
                _by_products(block.centered, index.depth, block.rows, axes, starts, block.projected_squares,
                             block.limits, block.found, block.bits)  # fmt: skip
            for r in range(min(ROWS, n - first)):
                row = shift(block.projected, (first + r) * width)
                for i in range(part, min(part + _WIDTH, width)):
                    row[i] = np.float32(-0.5) * block.found[r * _WIDTH + i - part]
    for q in range(n):
        row, square = shift(block.projected, q * width), np.float32(0)
        for i in range(width):
            square += row[i] * row[i]
        block.projected_squares[q] = square


@njit(error_model="numpy")
def keep_near(index: Any, block: Any, leaf: Any, rows: Any, count: Any) -> Any:
    """Move those of the queries of `rows` to the front that may be near records of a leaf; return how many."""
    width, kept = index.width, 0
    block.counters[1] += count * width
    panel, starts = shift(index.projected_panels, leaf * width * LEAF), shift(index.projected_starts, leaf * LEAF)
    for first in range(0, count, ROWS):
        some, hits = shift(rows, first), np.int64(0)
        for part in range(0, LEAF, _WIDTH):
            if count - first == 1:
                _one_by_products(block.projected, width, some, shift(panel, part), shift(starts, part),
                                 block.projected_squares, block.reaches, block.found, block.bits)  # fmt: skip
            else:
                _by_products(block.projected, width, some, shift(panel, part), shift(starts, part),
                             block.projected_squares, block.reaches, block.found, block.bits)  # fmt: skip
            hits |= block.bits[ROWS]
        for r in range(min(ROWS, count - first)):
            rows[kept] = some[r]
            kept += (hits >> r) & 1
    return kept
