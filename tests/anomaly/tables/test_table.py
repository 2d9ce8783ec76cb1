"""Selection and concatenation of tables."""

import numpy as np
import pandas as pd
import pytest

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


def test_select_returns_columns_in_the_requested_order(table):
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


def test_rename_keeps_declared_categories():
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


def test_a_selection_of_rows_may_be_empty(table):
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
def test_invalid_row_selections_are_refused(table, selector, message):
    with pytest.raises(DataError, match=message):
        table.rows(selector)


def test_positions_contain_the_line_of_a_file():
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
def test_invalid_names_and_cells_are_refused(names, cells, message):
    with pytest.raises(DataError, match=message):
        Table(names, cells)


# -- concatenation -----------------------------------------------------------------------------


@pytest.mark.parametrize("data", [{"a": [1.0, 2.0, 3.0], "b": ["x", None, "z"]}, np.arange(6.0).reshape(3, 2)])
def test_concatenated_parts_are_the_whole(data):
    whole = as_table(data)
    again = concatenate([whole.rows(slice(0, 1)), whole.rows(slice(1, 3))])
    for name in whole.names:
        assert again[name].tolist() == whole[name].tolist()
    assert [again.position(i) for i in range(3)] == ["row 1", "row 2", "row 3"]


def test_line_numbers_are_kept_in_concatenation():
    part = Table(("a",), (np.zeros(1),), line_numbers=[7])
    assert concatenate([part, part]).position(1) == "line 7 (row 1)"
    assert concatenate([part]) is part


def test_tables_of_different_columns_cannot_be_concatenated():
    with pytest.raises(DataError, match="same columns; found 'a' and 'b'"):
        concatenate([as_table({"a": [1]}), as_table({"b": [1]})])
    with pytest.raises(DataError, match="'a' cannot be concatenated from parts of dtypes float64, object"):
        concatenate([as_table({"a": [1]}), as_table({"a": ["x"]})])
