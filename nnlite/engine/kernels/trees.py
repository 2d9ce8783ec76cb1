"""Records through complete binary trees."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from nnlite.engine.codegen.pointers import as_pointer, shift

_BLOCK = 64


@njit(error_model="numpy")
def _add_ends(
    x: Any, width: Any, records: Any, features: Any, thresholds: Any, values: Any, depth: Any, sums: Any
) -> None:
    """Add the values of the ends that some records reach in one tree."""
    nodes = (np.int64(1) << depth) - 1
    for q in range(records):
        record, node = shift(x, q * width), np.int64(0)
        for _ in range(depth):
            node = 2 * node + 1 + np.int64(record[features[node]] > thresholds[node])
        sums[q] += values[node - nodes]


def sums(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Write each record's sum over the trees. Float32, int32 and float64.

    op: x, number of records, features; trees, their depth, features (int32), thresholds, values (float64); sums
    (float64).
    """
    f, d, i = np.float32(0), 0.0, np.int32(0)
    width, trees, depth = op[2], op[3], op[4]
    nodes, ends = (np.int64(1) << depth) - 1, np.int64(1) << depth
    for first in range(0, op[1], _BLOCK):
        records = min(_BLOCK, op[1] - first)
        x, result = shift(as_pointer(op[0], f), first * width), shift(as_pointer(op[8], d), first)
        for q in range(records):
            result[q] = d
        for tree in range(trees):
            _add_ends(
                x, width, records, shift(as_pointer(op[5], i), tree * nodes), shift(as_pointer(op[6], f), tree * nodes),
                shift(as_pointer(op[7], d), tree * ends), depth, result,
            )  # fmt: skip
