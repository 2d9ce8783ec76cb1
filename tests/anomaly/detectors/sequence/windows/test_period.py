"""The period of a series."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.detectors.sequence.windows.period import LONGEST_PERIOD, NO_PERIOD, find_period, moving_mean


def sawtooth(n, period, seed=0, noise=0.1):
    """Return one sensor that repeats, with noise."""
    rng = np.random.default_rng(seed)
    return ((np.arange(n) % period) / period + noise * rng.normal(size=n))[:, np.newaxis]


@given(st.integers(9, 290), st.integers(0, 99))
def test_a_repeated_pattern_is_found(period, seed):
    found = find_period([sawtooth(max(6 * period, 400), period, seed)])
    assert abs(found - period) <= max(1, 0.02 * period)


@given(st.floats(-100, 100), st.floats(0.01, 100), st.integers(0, 99))
def test_the_unit_of_a_sensor_does_not_matter(shift, scale, seed):
    series = sawtooth(500, 40, seed)
    assert find_period([shift + scale * series]) == find_period([series])


def test_a_trend_and_outliers_do_not_hide_the_period():
    series = sawtooth(1000, 40)
    outliers = series.copy()
    outliers[[100, 333, 777]] += 1000
    for disturbed in (series + np.linspace(0, 2, 1000)[:, np.newaxis], outliers):
        assert abs(find_period([disturbed]) - 40) <= 1


@pytest.mark.parametrize("period", [10, 17, 50, 97, 200])
@pytest.mark.parametrize("noise", [0, 0.05])
def test_a_steep_trend_does_not_hide_the_period(period, noise):
    steps = np.arange(10 * period + 1000)
    wave = np.sin(2 * np.pi * steps / period) + noise * np.random.default_rng(0).normal(size=len(steps))
    for trend in (steps / 10, 50 * (steps / len(steps)) ** 2):
        assert abs(find_period([(wave + trend)[:, np.newaxis]]) - period) <= 1


@pytest.mark.parametrize("period", [10, 17, 50, 97, 200])
def test_the_period_of_pulses_of_a_single_step_is_exact(period):
    pulses = (np.arange(10 * period + 1000) % period == 0) * 1.0
    assert find_period([pulses[:, np.newaxis]]) == period


def test_sensors_vote_and_those_without_a_pattern_do_not_hide_it():
    noise = np.random.default_rng(0).normal(size=(1000, 2))
    assert find_period([np.hstack([sawtooth(1000, 40), sawtooth(1000, 40, 1), noise])]) == 40


def test_a_switch_among_sensors_has_no_vote():
    switch = (np.arange(1000) % 100 == 0).astype(float)[:, np.newaxis]
    assert find_period([np.hstack([sawtooth(1000, 40), switch])]) == find_period([sawtooth(1000, 40)])
    assert abs(find_period([switch]) - 100) <= 1


@pytest.mark.parametrize("series", [np.ones((1000, 2)), np.random.default_rng(0).normal(size=(1000, 1))])
def test_no_period_is_found_where_there_is_none(series):
    assert find_period([series]) == NO_PERIOD


def test_short_segments_have_windows_of_a_quarter():
    noise = np.random.default_rng(0).normal(size=(100, 1))
    assert [find_period([noise[:n]]) for n in (8, 12, 20, 24)] == [4, 4, 5, 6]


def test_the_longest_segment_decides():
    assert find_period([sawtooth(300, 20), sawtooth(900, 60), sawtooth(300, 20)]) == 60


def test_only_periods_within_bounds_are_found():
    assert find_period([sawtooth(5000, 2 * LONGEST_PERIOD, noise=0.0)]) <= LONGEST_PERIOD
    # Of a pattern of 5 steps, the shortest multiple of at least 8.
    assert find_period([sawtooth(500, 5, noise=0.0)]) == 10


@given(st.integers(1, 40), st.integers(1, 60))
def test_the_moving_mean_is_that_of_the_steps_around(length, n):
    values = np.random.default_rng(n).normal(size=n)
    around = [values[max(t - length // 2, 0) : t + length // 2 + 1].mean() for t in range(n)]
    np.testing.assert_allclose(moving_mean(values, length), around, atol=1e-12)
