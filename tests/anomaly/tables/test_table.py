import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from anomaly.errors import DataError
from anomaly.tables import Table, as_table, concatenate


@pytest.fixture
def table():
    return as_table({"n": [1, 2, None], "t": ["a", None, "c"], "b": [True, False, True]})


# -- the table ---------------------------------------------------------------------------------


def test_columns_are_found_by_name(table):
    assert table.names == ("n", "t", "b")
    assert len(table) == table.n_rows == 3
    np.testing.assert_array_equal(table["n"], [1, 2, np.nan])
    assert table["t"].tolist() == ["a", None, "c"]
    assert table["b"].dtype == np.bool_


def test_unknown_columns_are_refused(table):
    for action in (lambda: table["x"], lambda: table.select(["n", "x"]), lambda: table.drop(["x"])):
        with pytest.raises(DataError, match="no column 'x'; the columns are 'n', 't', 'b'"):
            action()


def test_a_table_cannot_be_changed(table):
    with pytest.raises(AttributeError):
        table.names = ("x", "y", "z")
    with pytest.raises(ValueError, match="read-only"):
        table["n"][0] = 5
    with pytest.raises(ValueError, match="read-only"):
        as_table(np.zeros((2, 2))).matrix[0, 0] = 5


def test_the_source_stays_writeable():
    source = np.zeros((2, 2))
    as_table(source)
    source[0, 0] = 1
    column = np.zeros(2)
    as_table({"a": column})
    column[0] = 1


def test_repr_names_size_and_columns(table):
    assert repr(table) == "Table(3 rows x 3 columns: 'n', 't', 'b')"


def test_select_keeps_the_order_asked_for(table):
    chosen = table.select(["b", "n"])
    assert chosen.names == ("b", "n")
    np.testing.assert_array_equal(chosen["n"], table["n"])


def test_drop_keeps_the_rest(table):
    assert table.drop(["t"]).names == ("n", "b")
    assert table.drop([]).names == table.names


def test_selecting_nothing_is_refused(table):
    with pytest.raises(DataError, match="no column is left"):
        table.select([])
    with pytest.raises(DataError, match="no column is left"):
        table.drop(table.names)


def test_selecting_a_column_twice_is_refused(table):
    with pytest.raises(DataError, match="more than once: 'n'"):
        table.select(["n", "n"])


def test_rename_carries_over_what_was_declared():
    table = as_table(pd.DataFrame({"a": pd.Categorical([1, 2]), "b": [1, 2]})).rename(["x", "y"])
    assert table.names == ("x", "y")
    assert table.categorical == {"x"}


def test_rename_needs_a_name_for_each_column(table):
    with pytest.raises(DataError, match="found 2 names for 3 columns"):
        table.rename(["x", "y"])


@pytest.mark.parametrize(
    "selector",
    [slice(1, 3), np.array([False, True, True]), [False, True, True], np.array([1, 2]), [1, 2], [-2, -1], (1, 2)],
)
@pytest.mark.parametrize("make", [dict, lambda d: np.array([d["n"], d["m"]]).T])
def test_rows_keep_their_numbers(selector, make):
    chosen = as_table(make({"n": [1.0, 2.0, 3.0], "m": [4.0, 5.0, 6.0]})).rows(selector)
    assert chosen.columns[1].tolist() == [5.0, 6.0]
    assert [chosen.position(i) for i in range(2)] == ["row 2", "row 3"]
    assert chosen.first_row == 2


def test_selections_of_selections_keep_their_numbers(table):
    assert table.rows(slice(1, None)).rows([1]).position(0) == "row 3"
    assert table.rows([2, 1]).rows(slice(1, None)).position(0) == "row 2"


def test_rows_may_be_none(table):
    assert len(table.rows(slice(0, 0))) == len(table.rows([])) == len(table.rows([False] * 3)) == 0


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ([True, False], r"one value per row \(3\); found 2"),
        ([3], "row indices must be below 3; found 3 to 3"),
        ([-4], "row indices must be below 3; found -4 to -4"),
        ([0.5], "must be whole numbers; found dtype float64"),
        (1, r"found an array of shape \(\)"),
    ],
)
def test_unusable_row_selections_are_refused(table, selector, message):
    with pytest.raises(DataError, match=message):
        table.rows(selector)


def test_positions_tell_the_line_of_a_file():
    table = Table(("a",), (np.zeros(3),), row_numbers=[16, 17, 18], line_numbers=np.array([17, 18, 20]))
    assert table.position(1) == "line 18 (row 17)"
    assert table.rows([2]).position(0) == "line 20 (row 18)"


@pytest.mark.parametrize(
    ("names", "cells", "message"),
    [
        (("a", "a"), (np.zeros(1), np.zeros(1)), "more than once: 'a'"),
        (("a",), (np.zeros(1), np.zeros(1)), "found 1 names for 2 columns"),
        ((), (), "at least one column"),
        (("a", "b"), (np.zeros(1), np.zeros(2)), "'b' has 2 rows; expected 1, as in column 'a'"),
        (("a",), (np.zeros(1, dtype=np.float32),), "dtype float32; expected a 1-D array of float64"),
        (("a",), (np.zeros((1, 1)),), r"shape \(1, 1\)"),
        (("a",), np.zeros(1), "2-D and numeric; found shape"),
        (("a",), np.zeros((1, 1), dtype=bool), "2-D and numeric; found shape .* dtype bool"),
    ],
)
def test_unusable_parts_are_refused(names, cells, message):
    with pytest.raises(DataError, match=message):
        Table(names, cells)


# -- concatenation -----------------------------------------------------------------------------


@pytest.mark.parametrize("data", [{"a": [1.0, 2.0, 3.0], "b": ["x", None, "z"]}, np.arange(6.0).reshape(3, 2)])
def test_parts_put_together_are_the_whole(data):
    whole = as_table(data)
    again = concatenate([whole.rows(slice(0, 1)), whole.rows(slice(1, 3))])
    for name in whole.names:
        assert again[name].tolist() == whole[name].tolist()
    assert [again.position(i) for i in range(3)] == ["row 1", "row 2", "row 3"]


def test_lines_are_kept_when_put_together():
    part = Table(("a",), (np.zeros(1),), line_numbers=[7])
    assert concatenate([part, part]).position(1) == "line 7 (row 1)"
    assert concatenate([part]) is part


def test_different_columns_cannot_be_put_together():
    with pytest.raises(DataError, match="same columns; found 'a' and 'b'"):
        concatenate([as_table({"a": [1]}), as_table({"b": [1]})])
    with pytest.raises(DataError, match="'a' cannot be put together from parts of dtypes float64, object"):
        concatenate([as_table({"a": [1]}), as_table({"a": ["x"]})])


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


def test_objects_in_an_array_are_sorted_out_by_column():
    table = as_table(np.array([[1, "a", None], [2.5, "b", True]], dtype=object))
    assert [column.dtype.kind for column in table.columns] == ["f", "O", "f"]
    assert not table.named


def test_arrays_of_other_kinds():
    assert as_table(np.array([["1", "a"]]))["x0"].tolist() == ["1"]
    assert as_table(np.array([[True, False]]))["x1"].dtype == np.bool_
    assert as_table(np.array([["2020-01-01"]], dtype="M8[D]"))["x0"].dtype.kind == "M"


def test_structured_arrays_bring_their_names():
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


def test_anything_that_converts_itself_to_an_array_will_do():
    assert as_table(Arrayish()).matrix.tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_names_can_be_given():
    table = as_table(np.zeros((1, 2)), names=["a", "b"])
    assert table.names == ("a", "b")
    assert table.named
    with pytest.raises(DataError, match="found 1 names for 2 columns"):
        as_table(np.zeros((1, 2)), names=["a"])


def test_a_table_is_itself(table):
    assert as_table(table) is table


# -- lists and dicts ---------------------------------------------------------------------------


def test_keys_that_a_record_lacks_are_missing():
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
def test_rows_of_different_things_are_sorted_out_by_column(second):
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
        ({"a": 1}, "column 'a' must be a list or a 1-D array; found int 1. A single record"),
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
def test_what_is_no_table_is_refused_with_a_reason(data, message):
    with pytest.raises(DataError, match=message):
        as_table(data)
