"""Alarm budgets: the highest scores above a threshold, up to a number for each period."""

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.errors import MissingTimeWarning
from anomaly.thresholds import AlarmBudget, BudgetedAlarms, alarms_within_budget

# Few values, so that there are ties.
_scores = st.lists(st.sampled_from([0.0, 0.5, 1.0, 1.5, 2.0, 7.25]), min_size=1, max_size=60)
_hours = st.integers(-(24 * 800), 24 * 800)


def by_definition(scores, numbers, count, threshold):
    """Return the alarms of each period, one record after the other."""
    alarms = np.zeros(len(scores), bool)
    for number in set(numbers):
        own = [i for i, other in enumerate(numbers) if other == number and scores[i] > threshold]
        alarms[sorted(own, key=lambda i: (-scores[i], i))[:count]] = True
    return alarms


@given(_scores, st.integers(1, 10), st.sampled_from([-np.inf, 0.5, 1.75]), st.data())
def test_alarms_are_the_highest_scores_of_each_period(scores, count, threshold, data):
    hours = data.draw(st.lists(_hours, min_size=len(scores), max_size=len(scores)))
    times = [datetime(2024, 3, 30, 12) + timedelta(hours=hour) for hour in hours]
    numbers = {
        None: [0] * len(times),
        "hour": [(time.date(), time.hour) for time in times],
        "day": [time.date() for time in times],
        "week": [time.isocalendar()[:2] for time in times],
        "month": [(time.year, time.month) for time in times],
    }
    for period, own in numbers.items():
        found = alarms_within_budget(scores, AlarmBudget(count, period), threshold, np.array(times, "M8[us]"))
        np.testing.assert_array_equal(found, by_definition(scores, own, count, threshold))


@given(_scores, st.integers(1, 10), st.lists(st.integers(0, 60), max_size=5), st.data())
def test_the_division_into_chunks_does_not_matter(scores, count, ends, data):
    hours = data.draw(st.lists(_hours, min_size=len(scores), max_size=len(scores)))
    times = np.datetime64("2024-03-30T12") + np.array(hours, "m8[h]")
    alarms = BudgetedAlarms(AlarmBudget(count, "week"), 0.5)
    for chunk, own in zip(np.split(scores, sorted(ends)), np.split(times, sorted(ends)), strict=True):
        alarms.push(chunk, own)
    whole = alarms_within_budget(scores, AlarmBudget(count, "week"), 0.5, times)
    np.testing.assert_array_equal(alarms.rows(), np.flatnonzero(whole))
    assert alarms.n_records == len(scores)
    assert alarms.n_above == (np.array(scores) > 0.5).sum()


@pytest.mark.parametrize("period", ["hour", "day", "week", "month"])
def test_days_begin_in_the_time_zone(period):
    zone, rng = ZoneInfo("Europe/Berlin"), np.random.default_rng(0)
    # A year holds both changes of the clock.
    times = np.datetime64("2024-01-01") + rng.integers(0, 366 * 24 * 60, size=3000).astype("m8[m]")
    local = [time.item().replace(tzinfo=timezone.utc).astimezone(zone) for time in times]
    key = {
        "hour": lambda t: (t.date(), t.hour),
        "day": lambda t: t.date(),
        "week": lambda t: t.isocalendar()[:2],
        "month": lambda t: (t.year, t.month),
    }[period]
    scores = rng.normal(size=3000)
    found = alarms_within_budget(scores, AlarmBudget(2, period, "Europe/Berlin"), times=times)
    np.testing.assert_array_equal(found, by_definition(scores, [key(t) for t in local], 2, -np.inf))


def test_a_day_of_another_zone_is_another_day():
    times = ["2024-06-30T21:30", "2024-06-30T22:30"]
    assert alarms_within_budget([1.0, 2.0], "1/day", times=times).tolist() == [False, True]
    berlin = AlarmBudget.parse("1/day", "Europe/Berlin")
    assert alarms_within_budget([1.0, 2.0], berlin, times=times).tolist() == [True, True]


def test_a_budget_is_an_upper_limit():
    scores, times = [5.0, 1.0, 6.0, 7.0], ["2024-01-01", "2024-01-02", "2024-01-04", "2024-01-04"]
    found = alarms_within_budget(scores, "1/day", threshold=2.0, times=times)
    assert found.tolist() == [True, False, False, True], "what the second and the third day leave is not carried over"
    assert alarms_within_budget(scores, 2).tolist() == [False, False, True, True]
    assert alarms_within_budget(scores, "50", threshold=5.0).tolist() == [False, False, True, True]


def test_of_equal_scores_the_earlier_records_are_alarms():
    assert alarms_within_budget([1.0, 3.0, 3.0, 3.0], 2).tolist() == [False, True, True, False]


def test_records_without_a_time_have_a_budget_of_their_own():
    times = np.array(["2024-01-01", "NaT", "2024-01-01", "NaT"], "M8[us]")
    with pytest.warns(
        MissingTimeWarning, match="2 of 4 records have no time: they count as one more period of the budget of 1/day"
    ):
        found = alarms_within_budget([1.0, 2.0, 3.0, 4.0], AlarmBudget(1, "day", "Asia/Kolkata"), times=times)
    assert found.tolist() == [False, False, True, True]


def test_memory_is_that_of_the_alarms():
    alarms = BudgetedAlarms(AlarmBudget(3, "day"))
    start = np.datetime64("2024-01-01")
    for day in range(20):
        alarms.push(np.random.default_rng(day).normal(size=1000), np.repeat(start + day % 4, 1000))
    assert sum(len(rows) for _, rows in alarms._found.values()) == 12
    assert len(alarms.rows()) == 12
    assert alarms.n_records == 20_000


def test_no_records_are_no_alarms():
    alarms = BudgetedAlarms(AlarmBudget(3, "day"))
    assert alarms.rows().tolist() == []
    alarms.push([], [])
    assert alarms.rows().tolist() == []


@pytest.mark.parametrize("text", ["50", " 50 / day ", "1/hour", "1/week", "1/month"])
def test_budgets_are_written_as_they_are_read(text):
    budget = AlarmBudget.parse(text)
    assert str(budget) == text.replace(" ", "")
    assert AlarmBudget.parse(str(budget)) == budget


@pytest.mark.parametrize("text", ["", "0", "0/day", "-5", "5/", "5/days", "5/year", "many", "5.5", "5/day/day"])
def test_other_texts_are_refused(text):
    with pytest.raises(ValueError, match=r"a budget must be a number of alarms.*such as 50/day; found "):
        AlarmBudget.parse(text)


def test_invalid_arguments():
    with pytest.raises(ValueError, match="alarms must be a whole number of at least 1; found 0"):
        AlarmBudget(0)
    with pytest.raises(ValueError, match="period must be one of None, 'hour', 'day', 'week', 'month'; found 'year'"):
        AlarmBudget(1, "year")
    for zone in ("Berlin", "", "../zone", "Europe", 5, None):
        with pytest.raises(ValueError, match="time_zone must be the IANA name of a time zone, such as 'Europe/Berlin'"):
            AlarmBudget(1, "day", zone)
    with pytest.raises(ValueError, match="a budget of 1/day needs the times of the records; found none"):
        alarms_within_budget([1.0], "1/day")
    with pytest.raises(ValueError, match=r"one time for each of 2 scores; found shape \(1,\)"):
        alarms_within_budget([1.0, 2.0], "1/day", times=["2024-01-01"])
    with pytest.raises(ValueError, match="scores must be finite numbers"):
        alarms_within_budget([np.nan], 1)
