"""Conversion of time series to tables."""

import numpy as np
import pandas as pd
import pytest

from anomaly.tables import as_table
from anomaly.tables.series import as_series, is_collection


def test_collections_are_lists_of_series():
    array = np.zeros((4, 2))
    assert is_collection([array, array])
    assert is_collection([as_table(array)])
    assert is_collection([{"x": [1, 2]}, {"x": [3]}])
    assert is_collection([array[:, 0], array[:2, 0]])
    assert is_collection((pd.Series([1, 2]), array[:, 0], array))
    for one in (array, [[1, 2], [3, 4]], [{"x": 1}, {"x": 2}], {"x": [1]}, [], [1, 2], [(1, 2)], array[:, 0]):
        assert not is_collection(one)


@pytest.mark.parametrize(
    ("data", "cells"),
    [
        (np.array([1.0, None, 3.0], dtype=object), [1.0, np.nan, 3.0]),
        (np.array([True, False]), [True, False]),
        (np.ma.masked_equal([1.0, 2.0, 3.0], 2.0), [1.0, np.nan, 3.0]),
        ([1, 2.5, None], [1.0, 2.5, np.nan]),
        ((np.float32(1.0), np.int64(2)), [1.0, 2.0]),
        (range(3), [0.0, 1.0, 2.0]),
        (pd.Series([1, None], dtype="Int64"), [1.0, np.nan]),
    ],
)
def test_a_sequence_of_cells_is_one_unnamed_sensor(data, cells):
    table = as_series(data)
    assert (table.names, table.named) == (("x0",), False)
    np.testing.assert_array_equal(table["x0"], cells)


@pytest.mark.parametrize(("name", "read"), [("speed", "speed"), (0, "0")])
def test_a_column_of_a_data_frame_keeps_its_name(name, read):
    table = as_series(pd.Series([1.0, 2.0], name=name))
    assert (table.names, table.named) == ((read,), True)


def test_tables_are_converted_as_tables():
    assert as_series([[1, 2], [3, 4], [5, 6]]).names == ("x0", "x1")
    assert as_series([{"a": 1, "b": 2}, {"a": 3, "b": 4}]).names == ("a", "b")
    assert as_series(np.array([(1, 2), (3, 4)], dtype=[("a", int), ("b", int)])).names == ("a", "b")
