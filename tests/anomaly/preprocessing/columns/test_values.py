import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.errors import DataError
from anomaly.preprocessing.columns.categories import CategoryColumn
from anomaly.preprocessing.columns.values import (
    BooleanColumn,
    DateColumn,
    IgnoredColumn,
    MomentColumn,
    NumberColumn,
    column_from_config,
    infer,
)
from tests.anomaly.preprocessing.cells import objects


def kind_of(cells):
    column = infer("c", cells, str)[0]
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
        (np.array(["2024-01-01T06:00", "2024-01-01"], dtype="M8[m]"), "moment"),
        (objects(["2024-01-01T06:00:00Z", ""]), "moment"),
        (objects(["red", "7"]), "category"),
    ],
)
def test_the_kind_of_a_column_is_found_out(cells, kind):
    assert kind_of(cells) == kind


@given(st.lists(st.one_of(st.none(), st.booleans()), min_size=1, max_size=20))
def test_truth_values_come_back(cells):
    column = objects([None if cell is None else str(cell) for cell in cells])
    restored = BooleanColumn.restore(BooleanColumn.parse(column)).tolist()
    if None in cells:
        assert restored == [None if cell is None else str(cell).lower() for cell in cells]
    else:
        assert restored == cells


@given(st.lists(st.one_of(st.none(), st.integers(-(2**52), 2**52)), min_size=1, max_size=20))
def test_moments_come_back_to_the_microsecond(microseconds):
    cells = np.array(["NaT" if n is None else n for n in microseconds], dtype="M8[us]")
    restored = DateColumn.restore(DateColumn.parse(cells))
    np.testing.assert_array_equal(np.isnat(restored), np.isnat(cells))
    off = (restored - cells)[~np.isnat(cells)].astype(int)
    # A float64 of days holds some millionths of a second, far from 1970.
    assert (np.abs(off) <= 1 + np.abs(cells[~np.isnat(cells)].astype(int)) * 2e-15).all()


def test_numbers_beyond_all_years_become_the_last_day_there_is():
    assert DateColumn.restore(np.array([1e300, -1e300])).astype("M8[Y]").astype(str).tolist() == ["9999", "0001"]


@pytest.mark.parametrize(
    ("column", "cells", "index"),
    [
        (BooleanColumn, np.array([0.0, 1.0, 2.0]), 2),
        (BooleanColumn, np.array(["NaT", "2024-01-01"], dtype="M8[D]"), 1),
        (BooleanColumn, objects(["yes", "perhaps"]), 1),
        (NumberColumn, np.array(["NaT", "2024-01-01"], dtype="M8[D]"), 1),
        (NumberColumn, objects(["1", None, "one"]), 2),
        (DateColumn, np.array([np.nan, 3.0]), 1),
        (MomentColumn, objects(["2024-01-01 10:00", "ten"]), 1),
    ],
)
def test_a_cell_of_another_kind_is_named_with_its_place(column, cells, index):
    with pytest.raises(DataError, match=f"row {index}, column 'c': found .*, expected .*name it as categorical"):
        column("c").read(cells, lambda i: f"row {i}")


@pytest.mark.parametrize("column", [BooleanColumn, NumberColumn, DateColumn, MomentColumn])
@pytest.mark.parametrize("cells", [np.full(2, np.nan), np.array(["NaT"] * 2, dtype="M8[s]"), objects([None, "NA"])])
def test_nothing_at_all_is_missing_whatever_its_type(column, cells):
    assert np.isnan(column("c").read(cells, str)).all()


# -- hours and weekdays ------------------------------------------------------------------------


def aspects(*texts):
    return np.array(MomentColumn.aspects_of(MomentColumn.parse(objects(texts)))).T


@given(st.integers(0, 10**6), st.integers(0, 86_399))
def test_hour_and_weekday_lie_on_circles(day, second):
    moment = np.array([day * 86_400 + second], dtype="M8[s]")
    values = MomentColumn.aspects_of(MomentColumn.parse(moment))
    hour_sine, hour_cosine, week_sine, week_cosine = (value[0] for value in values)
    assert hour_sine**2 + hour_cosine**2 == pytest.approx(1)
    assert week_sine**2 + week_cosine**2 == pytest.approx(1)
    assert np.arctan2(hour_sine, hour_cosine) % (2 * np.pi) == pytest.approx(2 * np.pi * second / 86_400, abs=1e-4)


def test_the_same_hour_of_another_week_is_the_same_point():
    np.testing.assert_allclose(*aspects("2024-03-04 03:00", "2031-09-01 03:00"), atol=1e-5)  # Mondays both


def test_around_midnight_is_near_and_noon_is_far():
    before, after, noon = aspects("2024-03-05 23:59", "2024-03-06 00:01", "2024-03-06 12:00")
    assert np.abs(before - after).max() < 0.01
    assert np.abs(before - noon)[:2].max() > 1.9


def test_missing_moments_have_missing_hours():
    assert np.isnan(aspects("", "2024-03-05 23:59")).tolist() == [[True] * 4, [False] * 4]


# -- files -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [BooleanColumn, NumberColumn, DateColumn, MomentColumn, IgnoredColumn])
def test_columns_come_back_from_their_description(kind):
    copy = column_from_config(kind("c").get_config())
    assert (type(copy), copy.name) == (kind, "c")


CATEGORY = CategoryColumn.learn("c", objects(["a", "a"]), 2, 50)[0].get_config()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (None, "expected a str 'kind'"),
        ({"kind": "evil", "name": "c"}, "no kind of column 'evil'"),
        ({"kind": "number", "name": 3}, "expected a str 'name'"),
        ({**CATEGORY, "categories": "a"}, "expected a list 'categories'"),
        ({**CATEGORY, "categories": ["a", "a"]}, "distinct texts"),
        ({**CATEGORY, "rare": [1]}, "distinct texts"),
        ({**CATEGORY, "has_missing": 1}, "expected a bool 'has_missing'"),
    ],
)
def test_impossible_descriptions_are_refused(config, message):
    with pytest.raises(DataError, match=message):
        column_from_config(config)


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
def test_dates_that_are_written_otherwise_are_refused(cells):
    message = f"row 0, column 'd': found '{re.escape(cells[0])}', a date that is not written 2024-02-01; rewrite it"
    with pytest.raises(DataError, match=message):
        infer("d", objects(cells), "row {}".format)


@pytest.mark.parametrize(
    "cells",
    [["192.168.1.1", "10.0.0.12"], ["1.0.12", "1.0.13"], ["01.02.2024", "red", "blue"], ["1/2", "3/4"], ["1.2/2024"]],
)
def test_what_only_looks_a_little_like_dates_is_categories(cells):
    assert kind_of(objects(cells)) == "category"
