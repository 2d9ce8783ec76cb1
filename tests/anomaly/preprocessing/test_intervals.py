"""Intervals to exclude: their forms, and the rows in them."""

import numpy as np
import pandas as pd
import pytest

from anomaly.errors import DataError, IntervalWarning
from anomaly.preprocessing.intervals import as_intervals, mask_of_series
from anomaly.tables import as_table


def rows_of(exclude, table, time="t", group=None, name=None):
    return np.flatnonzero(mask_of_series(exclude, [table], time, group).rows(table, name)).tolist()


HOURS = (np.datetime64("2024-03-01") + np.arange(10).astype("m8[h]")).astype("M8[m]")


@pytest.mark.parametrize(
    "exclude",
    [
        [("2024-03-01T02:00", "2024-03-01T04:00")],
        [(HOURS[2], HOURS[4])],
        {"start": ["2024-03-01 02:00"], "end": ["2024-03-01 04:59"]},
        {"end": [HOURS[4]], "start": [HOURS[2]]},
        pd.DataFrame({"start": [HOURS[2]], "end": [HOURS[4]]}),
        [("2024-03-01T03:00+01:00", "2024-03-01T04:00Z")],
        [(HOURS[2], HOURS[2]), (HOURS[3], HOURS[4])],
    ],
)
@pytest.mark.parametrize("times", [HOURS, HOURS.astype(str).astype(object)])
def test_times_may_be_written_in_any_form_of_the_column(exclude, times):
    assert rows_of(exclude, as_table({"t": times, "x": np.zeros(10)})) == [2, 3, 4]


def test_row_numbers_stand_for_times_where_there_are_none():
    table = as_table({"x": np.zeros(10)})
    assert rows_of([(3, 5)], table, None) == [2, 3, 4]
    part = table.rows(slice(4, None))  # rows keep their numbers
    assert np.flatnonzero(mask_of_series([(3, 5)], [part], None).rows(part)).tolist() == [0]


def test_intervals_of_a_group_are_of_its_rows_alone():
    table = as_table({"t": np.arange(5.0), "x": np.zeros(5)})
    exclude = {"start": [0, 3], "end": [1, 3], "machine": ["A", ""]}
    assert rows_of(exclude, table, "t", "machine", "A") == [0, 1, 3]
    assert rows_of(exclude, table, "t", "machine", "B") == [3]
    with pytest.raises(DataError, match="the intervals name groups in their column 'machine', and no column of"):
        rows_of(exclude, table)


def test_a_row_without_a_time_goes_with_the_row_before():
    times = [0.0, np.nan, 2.0, np.nan, 4.0]
    table = as_table({"t": times, "x": np.zeros(5)})
    mask = mask_of_series([(2, 3)], [table], "t")
    found = np.concatenate([mask.rows(table.rows(part)) for part in (slice(0, 3), slice(3, 4), slice(4, 5))])
    assert found.tolist() == [False, False, True, True, False]


@pytest.mark.parametrize(
    ("exclude", "message"),
    [
        ([(5, 3)], "row 1 of the intervals: it ends before it begins: 5.0 to 3.0"),
        ({"start": [1, 2], "end": [1, None]}, "row 2 of the intervals: 'end' is missing"),
        ([("2024-01-01", "2024-01-02")], "found '2024-01-01' as 'x0', expected a number, as in column 't' of the rows"),
        ({"from": [1], "to": [2]}, "must have the columns start and end, and perhaps a third.*found 'from', 'to'"),
        ([(1, 2, 3, 4)], "must have the columns start and end"),
    ],
)
def test_errors_name_the_interval(exclude, message):
    with pytest.raises(DataError, match=message):
        rows_of(exclude, as_table({"t": np.arange(5.0), "x": np.zeros(5)}))


def test_intervals_that_match_nothing_are_warned_of():
    table = as_table({"t": np.arange(5.0), "x": np.zeros(5)})
    mask = mask_of_series([(1, 2), (70, 80), (90, 91)], [table], "t")
    mask.rows(table)
    with pytest.warns(IntervalWarning, match="2 of 3 intervals to exclude match no row, the first from 70.0 to 80.0"):
        mask.warn_of_unmatched()


def test_intervals_are_taken_as_they_are():
    intervals = as_intervals([(1, 2)])
    assert as_intervals(intervals) is intervals
