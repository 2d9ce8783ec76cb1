"""How far queries are from the boxes around leaves of records, squared."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from nnlite.engine.codegen.pointers import shift
from nnlite.engine.codegen.scalars import select


@njit(error_model="numpy", fastmath={"contract"})
def box_distances(index: Any, columns: Any, n: Any, stride: Any, bounds: Any) -> None:
    """Write the squared distance of every query from every leaf's box: ``bounds[leaf * stride + q]``."""
    depth = index.sides
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


@njit(error_model="numpy", fastmath={"contract"})
def box_distances_of_one(index: Any, x: Any, low: Any, high: Any, bounds: Any) -> None:
    """Write the squared distance of one query from every leaf's box."""
    leaves = index.leaves
    for leaf in range(leaves):
        bounds[leaf] = np.float32(0)
    for j in range(index.sides):
        v, own_low, own_high = x[j], shift(low, j * leaves), shift(high, j * leaves)
        for leaf in range(leaves):
            inside = select(v > own_low[leaf], v, own_low[leaf])
            apart = v - select(inside < own_high[leaf], inside, own_high[leaf])
            bounds[leaf] += apart * apart
