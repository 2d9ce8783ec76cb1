"""Inference of the kind of a column."""

import re

import numpy as np
import pytest

from anomaly.errors import DataError
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
    with pytest.raises(DataError, match="found '2,5', a number but for its comma"):
        infer_column("c", objects(["2,5", "3", "4"] * 33), str)


@pytest.mark.parametrize(
    "cells",
    [
        ["01.02.2024", "31.12.2024"],
        ["12/31/2024", "1/2/24"],
        ["1-2-2024", "2-2-2024", "unknown"],
        ["01.02.2024 12:30", "02.02.2024 12:30:15"],
        ["12/31/2024, 11:59 PM", "12/31/2024, 1:05 a.m."],
        ["2024.01.31", "2024.02.01"],
        ["2024/1/31", "2024/12/31", None],
    ],
)
def test_dates_of_another_format_are_refused(cells):
    message = f"row 0, column 'd': found '{re.escape(cells[0])}', a date that is not written 2024-02-01; rewrite it"
    with pytest.raises(DataError, match=message):
        infer_column("d", objects(cells), "row {}".format)


@pytest.mark.parametrize(
    "cells",
    [["192.168.1.1", "10.0.0.12"], ["1.0.12", "1.0.13"], ["01.02.2024", "red", "blue"], ["1/2", "3/4"], ["1.2/2024"]],
)
def test_text_that_resembles_dates_is_categories(cells):
    assert kind_of(objects(cells)) == "category"
