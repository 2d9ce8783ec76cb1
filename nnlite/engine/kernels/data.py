"""Data movement: gathering and scattering of records, copies, sums."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite.engine.batch_state import FIRST_RECORD, ORDER, PADDED_ROWS, ROWS
from nnlite.engine.codegen.pointers import as_pointer, shift
from nnlite.engine.gemm.transposing import eight_columns, eight_rows


def gather(op: Any, state: Any, zero: Any) -> None:
    """Gather the batch's records: records x features to features x batch.

    Eight records at a time (see `nnlite.engine.gemm.transposing`). Padding becomes zeros.

    op: records, x, features, ld.
    """
    features, ld = op[2], op[3]
    rows, width = state[ROWS], state[PADDED_ROWS]
    start, order = state[FIRST_RECORD], as_pointer(state[ORDER], np.int32(0))
    consecutive = state[ORDER] == 0
    data, x = as_pointer(op[0], zero), as_pointer(op[1], zero)
    i = 0
    while i + 8 <= rows:
        if consecutive:
            r0 = shift(data, (start + i) * features)
            r1, r2, r3 = shift(r0, features), shift(r0, 2 * features), shift(r0, 3 * features)
            r4, r5, r6, r7 = (
                shift(r0, 4 * features),
                shift(r0, 5 * features),
                shift(r0, 6 * features),
                shift(r0, 7 * features),
            )
        else:
            indices = shift(order, start + i)
            r0, r1 = shift(data, indices[0] * features), shift(data, indices[1] * features)
            r2, r3 = shift(data, indices[2] * features), shift(data, indices[3] * features)
            r4, r5 = shift(data, indices[4] * features), shift(data, indices[5] * features)
            r6, r7 = shift(data, indices[6] * features), shift(data, indices[7] * features)
        for j in range(eight_columns(r0, r1, r2, r3, r4, r5, r6, r7, shift(x, i), ld, features), features):
            column = shift(x, j * ld + i)
            column[0], column[1], column[2], column[3] = r0[j], r1[j], r2[j], r3[j]
            column[4], column[5], column[6], column[7] = r4[j], r5[j], r6[j], r7[j]
        i += 8
    while i < rows:
        record = shift(data, (start + i if consecutive else order[start + i]) * features)
        for j in range(features):
            x[j * ld + i] = record[j]
        i += 1
    while i < width:
        for j in range(features):
            x[j * ld + i] = zero
        i += 1


def scatter(op: Any, state: Any, zero: Any) -> None:
    """Scatter the batch's results: features x batch to records x features, in the records' own order.

    op: y, results, features, ld.
    """
    y, results, features, ld = as_pointer(op[0], zero), as_pointer(op[1], zero), op[2], op[3]
    rows, start = state[ROWS], state[FIRST_RECORD]
    i = 0
    while i + 8 <= rows:
        records = shift(results, (start + i) * features)
        for j in range(eight_rows(shift(y, i), ld, records, features, features), features):
            source, target = shift(y, j * ld + i), shift(records, j)
            target[0], target[features], target[2 * features], target[3 * features] = (
                source[0],
                source[1],
                source[2],
                source[3],
            )
            target[4 * features], target[5 * features], target[6 * features], target[7 * features] = (
                source[4],
                source[5],
                source[6],
                source[7],
            )
        i += 8
    while i < rows:
        target = shift(results, (start + i) * features)
        for j in range(features):
            target[j] = y[j * ld + i]
        i += 1


def copy(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Copy blocks. op: source, target, number of blocks, length of each, stride of the source, of the target."""
    source, target, length = as_pointer(op[0], zero), as_pointer(op[1], zero), op[3]
    for block in range(op[2]):
        source_block, target_block = shift(source, block * op[4]), shift(target, block * op[5])
        for i in range(length):
            target_block[i] = source_block[i]


def accumulate(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Add terms to sums. op: terms, sums, length."""
    terms, sums = as_pointer(op[0], zero), as_pointer(op[1], zero)
    for i in range(op[2]):
        sums[i] += terms[i]


def add(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Add two tensors. op: a, b, sum, length."""
    a, b, c = as_pointer(op[0], zero), as_pointer(op[1], zero), as_pointer(op[2], zero)
    for i in range(op[3]):
        c[i] = a[i] + b[i]


def clear(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Write zeros. op: target, length."""
    target = as_pointer(op[0], zero)
    for i in range(op[1]):
        target[i] = zero
