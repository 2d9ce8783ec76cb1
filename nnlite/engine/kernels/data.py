"""Moving data: records in and out of the engine's layout, copies, sums."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite.engine.batch_state import ORDER, ROWS, START, WIDTH
from nnlite.engine.codegen.pointers import as_pointer, shift
from nnlite.engine.gemm.transposing import eight_columns, eight_rows


def gather(op: Any, state: Any, zero: Any) -> None:
    """Fetch the batch's records: records x features to features x batch.

    Eight records at a time (see `nnlite.engine.gemm.transposing`). Pads become zeros.

    op: records, x, features, ld.
    """
    features, ld = op[2], op[3]
    rows, width = state[ROWS], state[WIDTH]
    start, order = state[START], as_pointer(state[ORDER], np.int32(0))
    in_order = state[ORDER] == 0
    data, x = as_pointer(op[0], zero), as_pointer(op[1], zero)
    i = 0
    while i + 8 <= rows:
        if in_order:
            r0 = shift(data, (start + i) * features)
            r1, r2, r3 = shift(r0, features), shift(r0, 2 * features), shift(r0, 3 * features)
            r4, r5, r6, r7 = (
                shift(r0, 4 * features),
                shift(r0, 5 * features),
                shift(r0, 6 * features),
                shift(r0, 7 * features),
            )
        else:
            o = shift(order, start + i)
            r0, r1 = shift(data, o[0] * features), shift(data, o[1] * features)
            r2, r3 = shift(data, o[2] * features), shift(data, o[3] * features)
            r4, r5 = shift(data, o[4] * features), shift(data, o[5] * features)
            r6, r7 = shift(data, o[6] * features), shift(data, o[7] * features)
        for j in range(eight_columns(r0, r1, r2, r3, r4, r5, r6, r7, shift(x, i), ld, features), features):
            to = shift(x, j * ld + i)
            to[0], to[1], to[2], to[3] = r0[j], r1[j], r2[j], r3[j]
            to[4], to[5], to[6], to[7] = r4[j], r5[j], r6[j], r7[j]
        i += 8
    while i < rows:
        record = shift(data, (start + i if in_order else order[start + i]) * features)
        for j in range(features):
            x[j * ld + i] = record[j]
        i += 1
    while i < width:
        for j in range(features):
            x[j * ld + i] = zero
        i += 1


def scatter(op: Any, state: Any, zero: Any) -> None:
    """Hand the batch's results out: features x batch to records x features, in the records' own order.

    op: y, results, features, ld.
    """
    y, results, features, ld = as_pointer(op[0], zero), as_pointer(op[1], zero), op[2], op[3]
    rows, start = state[ROWS], state[START]
    i = 0
    while i + 8 <= rows:
        all_to = shift(results, (start + i) * features)
        for j in range(eight_rows(shift(y, i), ld, all_to, features, features), features):
            of, to = shift(y, j * ld + i), shift(all_to, j)
            to[0], to[features], to[2 * features], to[3 * features] = of[0], of[1], of[2], of[3]
            to[4 * features], to[5 * features], to[6 * features], to[7 * features] = of[4], of[5], of[6], of[7]
        i += 8
    while i < rows:
        to = shift(results, (start + i) * features)
        for j in range(features):
            to[j] = y[j * ld + i]
        i += 1


def copy(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Copy blocks. op: source, target, number of blocks, length of each, from one to the next: source, target."""
    source, target, length = as_pointer(op[0], zero), as_pointer(op[1], zero), op[3]
    for block in range(op[2]):
        of, to = shift(source, block * op[4]), shift(target, block * op[5])
        for i in range(length):
            to[i] = of[i]


def accumulate(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Add to what is there. op: terms, sums, length."""
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
