import re
from datetime import datetime, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.preprocessing.columns.parsing import (
    UnreadableError,
    category_number,
    category_text,
    distinct_cells,
    parse_boolean,
    parse_days,
    parse_each,
    parse_number,
    parse_numbers,
)
from anomaly.tables.cells import MISSING_TEXTS
from tests.anomaly.preprocessing.cells import objects

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
words = st.one_of(
    st.sampled_from([*sorted(MISSING_TEXTS), "1", "-2.5e3", "1_000", " 7 ", "inf", "abc", "١٢"]), st.text(max_size=6)
)


def outcome(parse, *arguments):
    """Return the numbers read, or the row that cannot be."""
    try:
        return parse(*arguments)
    except UnreadableError as error:
        return error.index


@given(st.lists(st.one_of(st.none(), words), max_size=12))
def test_the_fast_way_reads_numbers_as_the_slow_way_does(cells):
    column = objects(cells)
    np.testing.assert_array_equal(outcome(parse_numbers, column), outcome(parse_each, column, parse_number))


@given(st.floats(allow_nan=False))
def test_any_number_is_read_from_its_text(number):
    assert parse_number(repr(number)) == number


def test_the_first_unreadable_cell_is_named():
    with pytest.raises(UnreadableError) as raised:
        parse_each(objects(["1", None, "x", "y", "x"]), parse_number)
    assert raised.value.index == 2


@given(
    st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)),
    st.integers(-14 * 60, 14 * 60),
    st.sampled_from("T "),
)
def test_iso_datetimes_are_parsed_to_the_microsecond(datetime, minutes, between):
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    text = datetime.isoformat(between, "microseconds") + f"{sign}{hours:02}:{rest:02}"
    expected = (datetime.replace(tzinfo=timezone.utc) - EPOCH).total_seconds() - 60 * minutes
    assert parse_days(text) * 86_400 == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    "text",
    [
        "2024-02-30",
        "2024-13-01",
        "24-01-01",
        "2024-01/02",
        "2024-01-01 25:00",
        "2024-01-01T",
        "yesterday",
        "0000-01-01",
    ],
)
def test_what_is_no_date_is_none(text):
    assert parse_days(text) is None


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("1970/01/02", 1.0),
        ("1970-01-01T06:00Z", 0.25),
        ("1970-01-01 06:00:00,0 UTC", 0.25),
        ("1969-12-31", -1.0),
        ("1970-01-01 00:00+0600", -0.25),
    ],
)
def test_dates_may_be_written_in_these_ways(text, days):
    assert parse_days(text) == days


def test_booleans_have_many_words():
    assert [parse_boolean(word) for word in ("TRUE", "No", "t", "F", "y", "1", "0.0", "2", "")] == [
        1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, None, None
    ]  # fmt: skip


def test_cells_as_categories():
    assert [category_text(cell) for cell in (None, " NA ", "x ", 3.0, np.nan, 0.5, True)] == [
        None, None, "x", "3", None, "0.5", "True"
    ]  # fmt: skip
    assert category_number("True") == 1.0
    assert category_number("2.50") == 2.5
    assert category_number("red") is None


@pytest.mark.parametrize(
    "cells",
    [
        objects(["b", None, "a", "b"]),
        np.array([2.0, np.nan, 1.0, np.nan]),
        np.array([True, False, True]),
        np.array(["2020-01-01", "NaT", "2020-01-01"], dtype="M8[D]"),
    ],
)
def test_distinct_cells_put_back_are_the_column(cells):
    values, indices = distinct_cells(cells)
    assert len(indices) == len(cells)
    for cell, index in zip(cells.tolist(), indices, strict=True):
        value = values[index]
        if cell is None or cell != cell:
            assert value is None or value != value
        else:
            assert re.match(r"2020-01-01|True|False", str(value)) or value == cell
