"""Conversion of arrays, data frames, rows and records to tables."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from anomaly.errors import DataError
from anomaly.tables import as_table

# -- arrays ------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "uint8"])
def test_matrices_of_numbers_are_not_copied(dtype):
    source = np.arange(6, dtype=dtype).reshape(3, 2)
    table = as_table(source)
    assert np.shares_memory(table.matrix, source)
    assert table.names == ("x0", "x1")
    assert not table.named
    assert table["x1"].dtype == np.float64
    assert table["x1"].tolist() == [1.0, 3.0, 5.0]


@pytest.mark.parametrize("dtype", ["float16", "longdouble"])
def test_unusual_precisions_become_float64(dtype):
    assert as_table(np.ones((2, 2), dtype=dtype)).matrix.dtype == np.float64


@given(arrays(np.float64, (4, 3), elements=st.floats(allow_nan=True)))
def test_columns_of_a_matrix_are_its_columns(matrix):
    np.testing.assert_array_equal(np.array(as_table(matrix).columns).T, matrix)


def test_object_arrays_are_converted_column_by_column():
    table = as_table(np.array([[1, "a", None], [2.5, "b", True]], dtype=object))
    assert [column.dtype.kind for column in table.columns] == ["f", "O", "f"]
    assert not table.named


def test_arrays_of_other_kinds():
    assert as_table(np.array([["1", "a"]]))["x0"].tolist() == ["1"]
    assert as_table(np.array([[True, False]]))["x1"].dtype == np.bool_
    assert as_table(np.array([["2020-01-01"]], dtype="M8[D]"))["x0"].dtype.kind == "M"


def test_structured_arrays_have_names():
    source = np.array([(1, "a"), (2, "b")], dtype=[("n", int), ("t", "U1")])
    table = as_table(source)
    assert table.names == ("n", "t")
    assert table["n"].tolist() == [1.0, 2.0]
    assert table["t"].tolist() == ["a", "b"]
    assert table.named


def test_masked_values_are_missing():
    numbers = np.ma.array([[1, 2], [3, 4]], mask=[[False, True], [False, False]])
    np.testing.assert_array_equal(as_table(numbers).columns, [[1, 3], [np.nan, 4]])
    texts = np.ma.array([["a"], ["b"]], mask=[[False], [True]])
    assert as_table(texts)["x0"].tolist() == ["a", None]


class Arrayish:
    def __array__(self, dtype=None, copy=None):
        return np.eye(2)


def test_objects_with_an_array_method_are_converted():
    assert as_table(Arrayish()).matrix.tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_names_replace_those_of_the_source():
    table = as_table(np.zeros((1, 2)), names=["a", "b"])
    assert table.names == ("a", "b")
    assert table.named
    with pytest.raises(DataError, match="found 1 names for 2 columns"):
        as_table(np.zeros((1, 2)), names=["a"])


def test_a_table_is_returned_unchanged():
    table = as_table({"n": [1, 2, None]})
    assert as_table(table) is table


# -- lists and dicts ---------------------------------------------------------------------------


def test_absent_keys_are_missing_values():
    table = as_table([{"a": 1, "b": "x"}, {"c": True}, {"b": "y", "a": 2.5}])
    assert table.names == ("a", "b", "c")
    np.testing.assert_array_equal(table["a"], [1, np.nan, 2.5])
    assert table["b"].tolist() == ["x", None, "y"]
    np.testing.assert_array_equal(table["c"], [np.nan, 1, np.nan])


@pytest.mark.parametrize(
    "rows",
    [
        [[1, 2.5], [3, 4]],
        [(1, 2.5), [3, 4]],
        [np.array([1, 2.5]), np.array([3, 4])],
        ([1, 2.5], [3, 4]),
        iter([[1, 2.5], [3, 4]]),
    ],
)
def test_rows_of_numbers_are_a_matrix(rows):
    assert as_table(rows).matrix.tolist() == [[1.0, 2.5], [3.0, 4.0]]


@pytest.mark.parametrize("second", [3, "3", None, True, 2**70])
def test_mixed_rows_are_converted_column_by_column(second):
    table = as_table([[1, 2], ["x", second]])
    assert table["x0"].tolist() == ["1", "x"]
    assert not table.named


def test_rows_of_large_integers_are_numbers():
    assert as_table([[1], [2**70]])["x0"].tolist() == [1.0, 2.0**70]


@pytest.mark.parametrize(
    "values", [[1, 2], (1, 2), range(1, 3), np.array([1, 2]), pd.Series([1, 2]), pl.Series([1, 2]), pd.Index([1, 2])]
)
def test_columns_may_be_any_sequence(values):
    table = as_table({"a": values, 5: ["x", "y"]})
    assert table.names == ("a", "5")
    assert table["a"].tolist() == [1.0, 2.0]


class Sparse:
    def toarray(self):
        raise AssertionError("not to be converted behind the user's back")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.zeros(3), r"expected a 2-D array .* found 1-D of shape \(3,\). Reshape your data"),
        (np.zeros(()), "found 0-D"),
        (np.zeros((1, 2, 3)), r"found shape \(1, 2, 3\)"),
        (np.zeros((0, 3)), r"0 sample\(s\) \(shape=\(0, 3\)\) while a minimum of 1 is required."),
        (np.zeros((12, 0)), r"0 feature\(s\) \(shape=\(12, 0\)\) while a minimum of 1 is required."),
        (np.zeros((1, 1), dtype=complex), "Complex data not supported"),
        (np.zeros((1, 1), dtype=[("a", float)]), "structured array must be 1-D"),
        (np.zeros(0, dtype=[("a", float)]), r"0 sample\(s\)"),
        ([], "empty list"),
        ([[]], r"0 feature\(s\)"),
        ([{}], r"0 sample\(s\)|0 feature\(s\)"),
        ({}, r"0 sample\(s\)|0 feature\(s\)"),
        ({"a": []}, r"0 sample\(s\)"),
        ([1, 2, 3], "row 1: expected a list of values, found int 1. Reshape your data"),
        (["abc"], "row 1: expected a list of values, found str 'abc'"),
        ([np.zeros((2, 2))], "row 1: expected a list of values, found ndarray"),
        ([[1], {"a": 1}], "row 2: expected a list of values, found dict"),
        ([{"a": 1}, [1]], "row 2: expected a dict as in row 1, found list"),
        ([[1, 2], [3]], "row 2 has 1 values; expected 2, as in row 1"),
        ([[1, 2], [3, [4]]], "row 2, column 'x1': found a list"),
        ({"a": 1}, "column 'a' must be a list or a 1-D array; found int 1. For a single record"),
        ({"a": "abc"}, "found str 'abc'"),
        ({"a": np.zeros((2, 2))}, "found ndarray"),
        ({"a": [1], "b": [1, 2]}, "'b' has 2 rows; expected 1"),
        ("data.csv", "found 'data.csv'; to read a file use"),
        (b"data", "found b'data'"),
        (Sparse(), r"sparse matrix; convert it with its method toarray\(\)"),
        (5, "found int"),
        (None, "found NoneType"),
    ],
)
def test_data_that_are_no_table_are_refused(data, message):
    with pytest.raises(DataError, match=message):
        as_table(data)
