"""Dense layers for noisy copies of records, one layer after the other, block by block.

The copies x + d of a record differ in constants d. The first layer is linear, W'(x + d) + b = (W'x + b) + W'd: its
product is one of records, not of copies, and W'd is computed once for all records.

All products are tiles that leave out columns of zeros (`nnlite.engine.codegen.sparse_rows`). A row's sums follow from
the row alone, so the outputs of a record are the same in every block, bit by bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from nnlite.engine.codegen.pointers import as_pointer, shift
from nnlite.engine.codegen.processor import host_machine
from nnlite.engine.codegen.scalars import select
from nnlite.engine.codegen.sparse_rows import sparse_rows

_TILES = sparse_rows(host_machine())
_ROWS, _WIDTH, _tile = _TILES.rows, _TILES.width, _TILES.tile
_FIELDS = 5
_NEVER = np.float32(-np.inf)


@njit(error_model="numpy")
def _list_columns(h: Any, depth: Any, columns: Any, found: Any) -> Any:
    """List the columns in which any row of a tile is not 0; return how many they are."""
    for k in range(depth):
        found[k] = np.int32(h[k] != 0)
    for r in range(1, _ROWS):
        row = shift(h, r * depth)
        for k in range(depth):
            found[k] |= np.int32(row[k] != 0)
    count = 0
    for k in range(depth):
        # Written before it is known whether it counts: no branch to guess.
        columns[count] = np.int32(k)
        count += np.int64(found[k])
    return count


@njit(error_model="numpy")
def _layer(op: Any, h: Any, rows: Any, z: Any, low: Any, columns: Any, found: Any, counts: Any) -> None:
    """Apply one layer to rows, a multiple of the tile's. op: packed weights, bias, inputs, units, whether ReLU."""
    weights, bias, depth, units = as_pointer(op[0], _NEVER), as_pointer(op[1], _NEVER), op[2], op[3]
    for first in range(0, rows, _ROWS):
        group = first // _ROWS
        counts[group] = _list_columns(shift(h, first * depth), depth, shift(columns, group * depth), found)
    for unit in range(0, units, _WIDTH):
        panel = shift(weights, unit * depth)
        for first in range(0, rows, _ROWS):
            group = first // _ROWS
            _tile(
                shift(h, first * depth), depth, shift(columns, group * depth), counts[group], panel, shift(bias, unit),
                shift(z, first * units + unit), units, low,
            )  # fmt: skip


@njit(error_model="numpy")
def _spread(shared: Any, offsets: Any, records: Any, copies: Any, units: Any, low: Any, h: Any) -> None:
    """Add the offsets of the copies to the first layer's outputs for records, and apply the activation."""
    for record in range(records):
        one = shift(shared, record * units)
        for copy in range(copies):
            offset, row = shift(offsets, copy * units), shift(h, (record * copies + copy) * units)
            for u in range(units):
                value = one[u] + offset[u]
                row[u] = select(value > low, value, select(value <= low, low, value))


@njit(error_model="numpy")
def _clear(h: Any, begin: Any, end: Any) -> None:
    for i in range(begin, end):
        h[i] = np.float32(0)


@njit(error_model="numpy", fastmath={"contract"})
def _mean_squares(x: Any, z: Any, records: Any, copies: Any, width: Any, units: Any, errors: Any) -> None:
    """Write the squared differences of records from their copies' outputs, the means over the copies."""
    for record in range(records):
        one, error = shift(x, record * width), shift(errors, record * width)
        for j in range(width):
            error[j] = np.float32(0)
        for copy in range(copies):
            row = shift(z, (record * copies + copy) * units)
            for j in range(width):
                apart = one[j] - row[j]
                error[j] += apart * apart
        for j in range(width):
            error[j] /= np.float32(copies)


@njit(error_model="numpy")
def _copy(z: Any, rows: Any, width: Any, units: Any, outputs: Any) -> None:
    for r in range(rows):
        for j in range(width):
            outputs[r * width + j] = z[r * units + j]


def run(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Apply dense layers to copies of records; write outputs, or the mean squared errors of each record.

    op: x, number of records, inputs; copies, offsets (0: none, and one copy); result, its columns, whether it is errors
    of x; records of a block; workspace: a block of x, two of activations, columns (int32), found (int32), counts
    (int64); number of layers, and of each: packed weights, bias, inputs, units in whole panels, whether it is a ReLU.
    """
    f, i, n = np.float32(0), np.int32(0), np.int64(0)
    inputs, copies, width = op[2], op[3], op[6]
    block, h, z = as_pointer(op[9], f), as_pointer(op[10], f), as_pointer(op[11], f)
    columns, found, counts = as_pointer(op[12], i), as_pointer(op[13], i), as_pointer(op[14], n)
    for first in range(0, op[1], op[8]):
        records = min(op[8], op[1] - first)
        x = shift(as_pointer(op[0], f), first * inputs)
        whole = (records + _ROWS - 1) // _ROWS * _ROWS
        for item in range(records * inputs):
            block[item] = x[item]
        _clear(block, records * inputs, whole * inputs)
        layer, rows = shift(op, 16), records
        low = f if layer[4] else _NEVER
        if op[4]:
            units = layer[3]
            _layer(layer, block, whole, z, _NEVER, columns, found, counts)
            rows = records * copies
            _spread(z, as_pointer(op[4], f), records, copies, units, low, h)
            whole = (rows + _ROWS - 1) // _ROWS * _ROWS
            _clear(h, rows * units, whole * units)
        else:
            _layer(layer, block, whole, h, low, columns, found, counts)
        for number in range(1, op[15]):
            layer = shift(op, 16 + _FIELDS * number)
            _layer(layer, h, whole, z, f if layer[4] else _NEVER, columns, found, counts)
            h, z = z, h
        if op[7]:
            _mean_squares(x, h, records, copies, width, layer[3], shift(as_pointer(op[5], f), first * width))
        else:
            _copy(h, rows, width, layer[3], shift(as_pointer(op[5], f), first * copies * width))
