"""Records column by column: squared distances, and the records nearest by all columns or by all but one.

Every result follows from a record alone, and is that of NumPy bit by bit: nothing here multiplies and adds at once.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from nnlite.engine.codegen.pointers import as_pointer, shift
from nnlite.engine.codegen.scalars import select

_LARGEST = np.float32(np.finfo(np.float32).max)


class _Known(NamedTuple):
    """Records, and working memory for their distances from one more: pointers and numbers."""

    single: Any
    features: Any
    values: Any
    several: Any
    described: Any
    records: Any
    bound: Any
    distances: Any
    total: Any


@njit(error_model="numpy", inline="always")
def _read(op: Any, f: Any, n: Any) -> Any:
    return _Known(
        op[3], as_pointer(op[4], n), as_pointer(op[5], f), op[6], as_pointer(op[7], n), op[8],
        as_pointer(op[9], f)[0], as_pointer(op[10], f), as_pointer(op[11], f),
    )  # fmt: skip


@njit(error_model="numpy")
def _apart(value: Any, values: Any, count: Any, own: Any) -> None:
    """Add squared differences of one number from others."""
    for m in range(count):
        apart = value - values[m]
        square = apart * apart
        # A choice between, or the product and the sum would be rounded once.
        own[m] += select(square < _LARGEST, square, _LARGEST)


@njit(error_model="numpy")
def _measure(known: Any, x: Any, q: Any, f: Any, i: Any) -> None:
    """Write the squared distances of one record by each column, and the sum of the bounded ones."""
    count, bound, total = known.records, known.bound, known.total
    for m in range(count):
        total[m] = f
    for p in range(known.single + known.several):
        own = shift(known.distances, p * count)
        if p < known.single:
            value, values = x[known.features[p]], shift(known.values, p * count)
            for m in range(count):
                apart = value - values[m]
                own[m] = apart * apart
        else:
            of = shift(known.described, (p - known.single) * 4)
            if of[0]:
                codes, table = as_pointer(of[0], i), shift(as_pointer(of[1], f), q * of[2])
                for m in range(count):
                    own[m] = table[codes[m]]
            else:
                for m in range(count):
                    own[m] = f
                for j in range(of[3]):
                    _apart(x[of[2] + j], shift(as_pointer(of[1], f), j * count), count, own)
        for m in range(count):
            total[m] += select(own[m] < bound, own[m], bound)


@njit(error_model="numpy")
def _smallest(values: Any, count: Any, k: Any, least: Any, places: Any) -> None:
    """Write the places of the k smallest values in rising order; of equal ones the first come first."""
    held = np.int64(0)
    for m in range(count):
        value = values[m]
        if held == k and not value < least[k - 1]:
            continue
        at = min(held, k - 1)
        while at > 0 and value < least[at - 1]:
            least[at], places[at] = least[at - 1], places[at - 1]
            at -= 1
        least[at], places[at] = value, np.int64(m)
        held = min(held + 1, k)


def near(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Write the mean distance by each column from the k records nearest by all columns. Float32 and int64.

    op: x, number of rows, features; columns of one feature, their features (int64), records' values of them (one
    column after the other); columns of several features, and of each four numbers (int64): codes of records (int32),
    distances of each row from each code, number of codes, 0, or else 0, records' values (one feature after the other),
    first feature, number of features; number of records; bound; working memory: distances (columns x records), total
    (records), others (records), least (k), places (k, int64); k; means (rows x columns).
    """
    f, i, n = np.float32(0), np.int32(0), np.int64(0)
    known, k = _read(op, f, n), op[15]
    least, places, columns = as_pointer(op[13], f), as_pointer(op[14], n), op[3] + op[6]
    for q in range(op[1]):
        _measure(known, shift(as_pointer(op[0], f), q * op[2]), q, f, i)
        _smallest(known.total, known.records, k, least, places)
        means = shift(as_pointer(op[16], f), q * columns)
        for p in range(columns):
            own, total = shift(known.distances, p * known.records), f
            for at in range(k):
                total += own[places[at]]
            means[p] = total / np.float32(k)


def near_by_others(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Write the k records nearest by all columns but one, for some columns of each row.

    op: as `near`, but in place of means: where the columns of each row begin, and where the last ones end (int64); the
    columns (int64); the records (int64, k of each).
    """
    f, i, n = np.float32(0), np.int32(0), np.int64(0)
    known, k, others = _read(op, f, n), op[15], as_pointer(op[12], f)
    least, starts, columns = as_pointer(op[13], f), as_pointer(op[16], n), as_pointer(op[17], n)
    for q in range(op[1]):
        if starts[q] == starts[q + 1]:
            continue
        _measure(known, shift(as_pointer(op[0], f), q * op[2]), q, f, i)
        for pair in range(starts[q], starts[q + 1]):
            own = shift(known.distances, columns[pair] * known.records)
            for m in range(known.records):
                others[m] = known.total[m] - select(own[m] < known.bound, own[m], known.bound)
            _smallest(others, known.records, k, least, shift(as_pointer(op[18], n), pair * k))
