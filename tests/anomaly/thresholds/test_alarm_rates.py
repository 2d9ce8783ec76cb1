import numpy as np
import pytest

from anomaly.thresholds.alarm_rates import AlarmRate

MINUTE = np.timedelta64(1, "m")


@pytest.mark.parametrize(
    ("text", "step", "rate"),
    [
        ("1/week", np.timedelta64(1, "h"), 1 / 168),
        ("1 / Week", np.timedelta64(3_600_000_000_000, "ns"), 1 / 168),
        ("0.5/day", MINUTE, 0.5 / 1440),
        ("3/12 hours", MINUTE, 3 / 720),
        ("1/hour", np.timedelta64(500, "ms"), 1 / 7200),
        ("2/minute", np.timedelta64(1, "s"), 1 / 30),
        ("1/month", np.timedelta64(1, "D"), 12 / 365.2425),
        ("1/2000 steps", None, 1 / 2000),
        ("1/2,000", None, 1 / 2000),
        ("1/10_000 steps", MINUTE, 1e-4),
    ],
)
def test_rates_per_step(text, step, rate):
    assert AlarmRate.parse(text).per_step(step) == pytest.approx(rate, rel=1e-12)


@pytest.mark.parametrize(
    "text", ["", "1", "week", "1/", "/week", "0/week", "-1/week", "1/fortnight", "1/week/2", "1 week"]
)
def test_texts_that_are_no_rate(text):
    with pytest.raises(ValueError, match=r"such as 1/week, 0\.5/day or 1/2000 steps .* found '"):
        AlarmRate.parse(text)


def test_a_period_of_no_length():
    with pytest.raises(ValueError, match="at least one unit; found '1/0 days'"):
        AlarmRate.parse("1/0 days")


@pytest.mark.parametrize("step", [None, np.timedelta64("NaT", "s")])
def test_a_rate_by_time_needs_the_step(step):
    with pytest.raises(ValueError, match=r"1/week need the time between two steps.*column of timestamps.*1/2000 steps"):
        AlarmRate.parse("1/week").per_step(step)


def test_a_step_must_be_positive():
    with pytest.raises(ValueError, match="must be above 0; found 0 minutes"):
        AlarmRate.parse("1/week").per_step(0 * MINUTE)


@pytest.mark.parametrize(
    ("text", "step"), [("2/minute", MINUTE), ("1/1 step", None), ("1/day", np.timedelta64(1, "W"))]
)
def test_an_alarm_at_each_step_is_no_rate(text, step):
    with pytest.raises(ValueError, match="must be less than 1: give a smaller number or a longer period"):
        AlarmRate.parse(text).per_step(step)


@pytest.mark.parametrize("text", ["1/week", "0.5/day", "3/12 hours", "1/2000 steps"])
def test_a_rate_is_written_as_it_is_read(text):
    assert str(AlarmRate.parse(text)) == text
    assert AlarmRate.parse(str(AlarmRate.parse(text))) == AlarmRate.parse(text)


def test_arguments():
    with pytest.raises(ValueError, match="alarms must be"):
        AlarmRate(0, "week")
    with pytest.raises(ValueError, match="period must be"):
        AlarmRate(1, "fortnight")
    with pytest.raises(ValueError, match="length must be"):
        AlarmRate(1, "week", 0)
