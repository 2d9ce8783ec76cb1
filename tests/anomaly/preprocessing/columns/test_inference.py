"""Inference of the kind of a column."""

import numpy as np
import pytest

from anomaly.errors import DataError
from anomaly.preprocessing.columns.date_columns import DateColumn
from anomaly.preprocessing.columns.inference import infer_column
from tests.anomaly.preprocessing.cells import objects


def kind_of(cells):
    column = infer_column("c", cells, str)[0]
    return "category" if column is None else column.kind


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (np.array([1.0, 2.0]), "number"),
        (objects(["1", "NA", "2e3"]), "number"),
        (objects(["1", "0", "1"]), "number"),
        (np.array([True, False]), "boolean"),
        (objects(["Yes", "no", "", "NO"]), "boolean"),
        (objects(["yes", "no", "maybe"]), "category"),
        (objects(["yes", "yes"]), "category"),
        (np.array(["2024-01-01", "NaT"], dtype="M8[D]"), "date"),
        (objects(["2024-01-01", "2024-01-02 00:00", None]), "date"),
        (np.array(["2024-01-01T06:00", "2024-01-01"], dtype="M8[m]"), "datetime"),
        (objects(["2024-01-01T06:00:00Z", ""]), "datetime"),
        (objects(["red", "7"]), "category"),
    ],
)
def test_the_kind_of_a_column_is_inferred(cells, kind):
    assert kind_of(cells) == kind


def test_numbers_with_text_among_few_are_categories_and_a_typing_error_is_refused():
    assert kind_of(objects(["2", "3", "4", "5more"] * 5)) == "category"
    with pytest.raises(DataError, match="0, column 'c': found '3o', but 99 of the column's 100 values are numbers"):
        infer_column("c", objects(["3o"] + ["2", "3", "4"] * 33), str)
    assert infer_column("c", objects(["2,5", "3", "4"] * 33), str)[1][:3].tolist() == [2.5, 3.0, 4.0]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["31.01.2024", "01.02.2024"], ["2024-01-31", "2024-02-01"]),
        (["12/31/2024", "1/2/2024"], ["2024-12-31", "2024-01-02"]),
        (["01.02.2024 12:30", "02.02.2024 12:30:15"], ["2024-02-01 12:30", "2024-02-02 12:30:15"]),
        (["12/31/2024, 11:59 PM", "12/31/2024, 1:05 a.m."], ["2024-12-31 23:59", "2024-12-31 01:05"]),
        (["2024.01.31", "2024.02.01"], ["2024-01-31", "2024-02-01"]),
        (["2024/1/31", "2024/12/31", None], ["2024-01-31", "2024-12-31", ""]),
    ],
)
def test_dates_of_another_format_are_dates(cells, expected):
    column, numbers = infer_column("d", objects(cells), str)
    assert isinstance(column, DateColumn)
    np.testing.assert_allclose(numbers, DateColumn.parse(objects(expected)))


def test_a_text_among_dates_and_dates_that_may_begin_with_the_month_are_refused():
    with pytest.raises(DataError, match="row 2, column 'd': found 'unknown', but 2 of the column's 3 values are dates"):
        infer_column("d", objects(["1-2-2024", "2-2-2024", "unknown"]), "row {}".format)
    with pytest.raises(DataError, match="'1-2-2024' may be read in several ways, .* %d-%m-%Y or %m-%d-%Y; .*--date-fo"):
        infer_column("d", objects(["1-2-2024", "2-3-2024"]), "row {}".format)


@pytest.mark.parametrize(
    "cells",
    [["192.168.1.1", "10.0.0.12"], ["1.0.12", "1.0.13"], ["01.02.2024", "red", "blue"], ["1/2", "3/4"], ["1.2/2024"]],
)
def test_text_that_resembles_dates_is_categories(cells):
    assert kind_of(objects(cells)) == "category"
