"""Conversion of cells to numbers and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.errors import DataError
from anomaly.preprocessing.columns.categories import CategoryColumn
from anomaly.preprocessing.columns.date_columns import CycleColumn, DateColumn, DatetimeColumn
from anomaly.preprocessing.columns.kinds import column_from_config
from anomaly.preprocessing.columns.values import BooleanColumn, IgnoredColumn, NumberColumn
from anomaly.tables.coded import with_decimal
from tests.anomaly.preprocessing.cells import objects


@given(st.lists(st.one_of(st.none(), st.booleans()), min_size=1, max_size=20))
def test_booleans_are_restored(cells):
    column = objects([None if cell is None else str(cell) for cell in cells])
    restored = BooleanColumn.restore(BooleanColumn.parse(column)).tolist()
    if None in cells:
        assert restored == [None if cell is None else str(cell).lower() for cell in cells]
    else:
        assert restored == cells


@given(st.lists(st.one_of(st.none(), st.integers(-(2**52), 2**52)), min_size=1, max_size=20))
def test_datetimes_are_restored_to_the_microsecond(microseconds):
    cells = np.array(["NaT" if n is None else n for n in microseconds], dtype="M8[us]")
    restored = DateColumn.restore(DateColumn.parse(cells))
    np.testing.assert_array_equal(np.isnat(restored), np.isnat(cells))
    off = (restored - cells)[~np.isnat(cells)].astype(int)
    # A float64 of days holds some millionths of a second, far from 1970.
    assert (np.abs(off) <= 1 + np.abs(cells[~np.isnat(cells)].astype(int)) * 2e-15).all()


def test_dates_are_clipped_to_the_years_1_to_9999():
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
        (DatetimeColumn, objects(["2024-01-01 10:00", "ten"]), 1),
    ],
)
def test_errors_name_the_cell_of_another_kind(column, cells, index):
    with pytest.raises(DataError, match=f"row {index}, column 'c': found .*, expected .*name it as categorical"):
        column("c").read(cells, lambda i: f"row {i}")


@pytest.mark.parametrize("column", [BooleanColumn, NumberColumn, DateColumn, DatetimeColumn])
@pytest.mark.parametrize("cells", [np.full(2, np.nan), np.array(["NaT"] * 2, dtype="M8[s]"), objects([None, "NA"])])
def test_missing_cells_of_any_dtype_are_missing(column, cells):
    assert np.isnan(column("c").read(cells, str)).all()


# -- hours and weekdays ------------------------------------------------------------------------


def cycles(*texts):
    return np.array(DatetimeColumn.cycles_of(DatetimeColumn.parse(objects(texts)))).T


@given(st.integers(0, 10**6), st.integers(0, 86_399))
def test_hour_and_weekday_lie_on_circles(day, second):
    datetimes = np.array([day * 86_400 + second], dtype="M8[s]")
    values = DatetimeColumn.cycles_of(DatetimeColumn.parse(datetimes))
    hour_sine, hour_cosine, week_sine, week_cosine = (value[0] for value in values)
    assert hour_sine**2 + hour_cosine**2 == pytest.approx(1)
    assert week_sine**2 + week_cosine**2 == pytest.approx(1)
    assert np.arctan2(hour_sine, hour_cosine) % (2 * np.pi) == pytest.approx(2 * np.pi * second / 86_400, abs=1e-4)


def test_the_same_hour_of_another_week_is_the_same_point():
    np.testing.assert_allclose(*cycles("2024-03-04 03:00", "2031-09-01 03:00"), atol=1e-5)  # Mondays both


def test_around_midnight_is_near_and_noon_is_far():
    before, after, noon = cycles("2024-03-05 23:59", "2024-03-06 00:01", "2024-03-06 12:00")
    assert np.abs(before - after).max() < 0.01
    assert np.abs(before - noon)[:2].max() > 1.9


def test_missing_datetimes_have_missing_hours():
    assert np.isnan(cycles("", "2024-03-05 23:59")).tolist() == [[True] * 4, [False] * 4]


# -- files -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [BooleanColumn, NumberColumn, DateColumn, DatetimeColumn, IgnoredColumn])
def test_columns_are_restored_from_their_configuration(kind):
    copy = column_from_config(kind("c").get_config())
    assert (type(copy), copy.name) == (kind, "c")


def test_files_of_earlier_versions_name_datetimes_moments():
    column = column_from_config({"kind": "moment", "name": "c", "resolution": 24})
    assert (type(column), column.kind, column.resolution) == (DatetimeColumn, "datetime", 24)
    column = column_from_config({"kind": "moment", "name": "c", "date": False, "weekday": False})
    assert (type(column), column.weekday) == (CycleColumn, False)


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
def test_invalid_configurations_are_refused(config, message):
    with pytest.raises(DataError, match=message):
        column_from_config(config)


def test_a_decimal_comma_among_numbers_is_named():
    column = NumberColumn.learn_all(["c"], np.arange(3.0)[:, np.newaxis])[0]
    with pytest.raises(DataError, match="found '38,59', expected a number; if the comma .*--decimal ,"):
        column.read(np.array(["1.5", "38,59"], dtype=object), lambda index: f"row {index + 1}")


def test_the_decimal_point_that_a_file_says_is_that_of_its_text():
    column = NumberColumn.learn_all(["c"], np.arange(3.0)[:, np.newaxis])[0]
    cells = with_decimal(objects(["38,59", None, "2"]), ",")
    assert column.read(cells, str).tolist() == pytest.approx([38.59, np.nan, 2.0], nan_ok=True)
