"""Transposition of records to columns and back, for any number and width."""

import numpy as np
import pytest
from numba import njit

from nnlite.engine.codegen.pointers import pointer_to, shift
from nnlite.engine.gemm.transposing import ROWS, eight_columns, eight_rows


@njit
def to_columns(data, columns):
    d, ld, count = pointer_to(data), columns.shape[1], data.shape[1]
    r0, r1, r2, r3 = d, shift(d, count), shift(d, 2 * count), shift(d, 3 * count)
    r4, r5, r6, r7 = shift(d, 4 * count), shift(d, 5 * count), shift(d, 6 * count), shift(d, 7 * count)
    return eight_columns(r0, r1, r2, r3, r4, r5, r6, r7, pointer_to(columns), ld, count)


@njit
def to_rows(columns, data):
    return eight_rows(pointer_to(columns), columns.shape[1], pointer_to(data), data.shape[1], len(columns))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("count", [1, 3, 4, 7, 8, 9, 16, 41])
def test_whole_squares_are_transposed_and_nothing_else_is_written(dtype, count):
    data = np.arange(ROWS * count, dtype=dtype).reshape(ROWS, count)
    columns = np.full((count, ROWS + 3), -1, dtype)
    written = to_columns(data, columns)
    assert count - 8 < written <= count
    np.testing.assert_array_equal(columns[:written, :ROWS], data.T[:written])
    assert (columns[written:] == -1).all()
    assert (columns[:, ROWS:] == -1).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("count", [1, 3, 4, 7, 8, 9, 16, 41])
def test_columns_are_transposed_back_between_others(dtype, count):
    columns = np.arange((ROWS + 3) * count, dtype=dtype).reshape(count, ROWS + 3)
    data = np.full((ROWS + 1, count + 2), -1, dtype)
    written = to_rows(columns, data)
    assert count - 8 < written <= count
    np.testing.assert_array_equal(data[:ROWS, :written], columns[:written, :ROWS].T)
    assert (data[ROWS:] == -1).all()
    assert (data[:, written:] == -1).all()
