"""Records through complete binary trees."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from nnlite.engine.codegen.pointers import as_pointer, shift

_BLOCK = 64


@njit(error_model="numpy", inline="always")
def _child(record: Any, node: Any, features: Any, thresholds: Any) -> Any:
    return 2 * node + 1 + np.int64(record[features[node]] > thresholds[node])


@njit(error_model="numpy")
def _add_ends(
    x: Any, width: Any, records: Any, features: Any, thresholds: Any, values: Any, depth: Any, sums: Any
) -> None:
    """Add the values of the ends that some records reach in one tree.

    Each split waits for the one before it, so four records go down side by side.
    """
    nodes, zero = (np.int64(1) << depth) - 1, np.int64(0)
    for first in range(0, records - 3, 4):
        record = shift(x, first * width)
        record_2, record_3, record_4 = shift(record, width), shift(record, 2 * width), shift(record, 3 * width)
        node, node_2, node_3, node_4 = zero, zero, zero, zero
        for _ in range(depth):
            node = _child(record, node, features, thresholds)
            node_2 = _child(record_2, node_2, features, thresholds)
            node_3 = _child(record_3, node_3, features, thresholds)
            node_4 = _child(record_4, node_4, features, thresholds)
        sums[first] += values[node - nodes]
        sums[first + 1] += values[node_2 - nodes]
        sums[first + 2] += values[node_3 - nodes]
        sums[first + 3] += values[node_4 - nodes]
    for q in range(records // 4 * 4, records):
        record, node = shift(x, q * width), zero
        for _ in range(depth):
            node = _child(record, node, features, thresholds)
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
