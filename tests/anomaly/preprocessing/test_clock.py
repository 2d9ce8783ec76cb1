"""The timestamps of a series: segments and warnings."""

import itertools
import warnings

import numpy as np
import pytest

from anomaly.errors import ClockWarning, DataError
from anomaly.preprocessing.columns.inference import infer_column
from anomaly.preprocessing.series import SeriesPreprocessor
from anomaly.tables.series import as_series


def series(times):
    return as_series(
        {"t": np.array(times, dtype=object) if isinstance(times[0], str) else times, "x": range(len(times))}
    )


def minutes(n, step=1):
    return (np.datetime64("2024-10-27T00:00") + (np.arange(n) * step).astype("m8[m]")).astype(str).tolist()


@pytest.fixture(scope="module")
def preprocessor():
    return SeriesPreprocessor(time="t").fit([series(minutes(50))])


def read(preprocessor, times, *cuts):
    """Return the first row of each segment, and the warnings."""
    table = series(times)
    reader, starts = preprocessor.reader(warn=True), []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        edges = [0, *cuts, len(times)]
        for start, end in itertools.pairwise(edges):
            row = start
            for part in reader.read(table.rows(slice(start, end))):
                starts += [] if part.continues else [row]
                row += len(part.features)
        reader.finish()
    assert all(issubclass(one.category, ClockWarning) for one in caught)
    return starts, [str(one.message) for one in caught]


@pytest.mark.parametrize("cut", [[], [3], [4], [5], [2, 4, 6]])
def test_time_that_goes_back_begins_a_segment(preprocessor, cut):
    times = [*minutes(5), *minutes(5)]
    starts, messages = read(preprocessor, times, *cut)
    assert starts == [0, 5]
    (message,) = messages
    assert message.startswith(
        "row 6, column 't': time goes back from 2024-10-27T00:04 to 2024-10-27T00:00 (1 row): taken as the start of a"
    )
    assert "Local time goes back an hour in autumn" in message


def test_a_jump_back_of_days_is_no_summer_time(preprocessor):
    _, (message,) = read(preprocessor, ["2024-10-27 00:00", "2024-10-27 00:01", "2024-10-20 00:00"])
    assert "autumn" not in message


@pytest.mark.parametrize("cut", [[], [3], [4], [5], [1, 2, 3, 4, 5, 6]])
def test_missing_stamps_are_the_next_steps(preprocessor, cut):
    times = minutes(8)
    times[3] = times[4] = ""
    starts, messages = read(preprocessor, times, *cut)
    assert starts == [0]
    (message,) = messages
    # Where the rows come in different pieces, the first is told at once.
    assert message.startswith(f"row 4, column 't': the time is missing ({'1 row' if 4 in cut else '2 rows'})")
    late = minutes(20)
    late = [*late[:3], "", "", *late[17:]]
    assert read(preprocessor, late, *cut)[0] == [0, 5]


def test_stamps_may_be_missing_from_the_first_row_on_or_altogether(preprocessor):
    assert read(preprocessor, ["", "", *minutes(3)])[0] == [0]
    starts, (message,) = read(preprocessor, ["", "NA", ""])
    assert (starts, "(3 rows)" in message) == ([0], True)


def test_doubled_stamps_are_steps(preprocessor):
    times = minutes(6)
    times[2] = times[1]
    starts, (message,) = read(preprocessor, times)
    assert starts == [0]
    assert message == "row 3, column 't': the time is that of the row before (1 row): taken as a step of its own"


@pytest.mark.parametrize(("step", "ratio", "now"), [(6, "6", "6 min"), (2, "2", "2 min"), (60, "60", "1 h")])
def test_another_step_than_in_training_is_named(preprocessor, step, ratio, now):
    _, (message,) = read(preprocessor, minutes(30, step))
    assert f"the median step is {now}, and in training it was 1 min: a window spans {ratio} times as long" in message
    assert ("each row is a segment" in message) == (step > 10)


def test_a_shorter_step_is_named_in_seconds():
    fitted = SeriesPreprocessor(time="t").fit([series(minutes(50))])
    seconds = (np.datetime64("2024-10-27T00:00:00") + (6 * np.arange(30)).astype("m8[s]")).astype(str).tolist()
    _, (message,) = read(fitted, seconds, 3, 9, 15)
    assert "the median step is 6 s, and in training it was 1 min: a window spans 0.1 times" in message


def test_irregular_steps_of_the_same_median_are_no_other_step():
    warned = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        fitted = SeriesPreprocessor(time="t").fit([series(np.cumsum(rng.exponential(size=500)))])
        warned += bool(read(fitted, np.cumsum(rng.exponential(size=400)), *range(5, 400, 5))[1])
    assert warned == 0


def test_a_repeated_hour_of_local_time_is_read_right_with_offsets():
    local = [f"2024-10-27T02:{m:02d}" for m in range(60)]
    summer, winter = [f"{time}+02:00" for time in local], [f"{time}+01:00" for time in local]
    column, days = infer_column("t", np.array(summer + winter, dtype=object), str)
    assert column is not None
    np.testing.assert_allclose(np.diff(days) * 1440, 1.0, atol=1e-5)
    fitted = SeriesPreprocessor(time="t").fit([series(summer + winter)])
    assert read(fitted, summer + winter) == ([0], [])
    starts, (message,) = read(fitted, local + local)
    assert (starts, "stamps with a UTC offset" in message) == ([0, 60], True)


def test_training_warns_only_where_it_is_asked_to():
    table = series([*minutes(20), *minutes(20)])
    fitted = SeriesPreprocessor(time="t").fit([table])
    assert fitted.step_ == pytest.approx(1 / 1440)
    fitted.reader().read(table)
    with pytest.warns(ClockWarning, match=r"row 21.*\(2 rows\)"):
        fitted.check_clock([table, table])


def test_a_clock_that_runs_backwards_is_refused_and_named(preprocessor):
    with pytest.raises(DataError, match="column 't': the clock runs backwards, since the newest rows come first"):
        SeriesPreprocessor(time="t").fit([series(minutes(50)[::-1])])
    _, notes = read(preprocessor, minutes(50)[::-1])
    assert any("The clock runs backwards" in str(note) for note in notes)
    _, notes = read(preprocessor, minutes(30) + minutes(30))
    assert not any("runs backwards" in str(note) for note in notes)
