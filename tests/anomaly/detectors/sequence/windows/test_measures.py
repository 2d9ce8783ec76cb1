"""Measures that are low where a sensor is too quiet."""

import numpy as np
import pytest

from anomaly.detectors.sequence.windows.measures import MEASURES, REPEATED, Activity, Novelty
from anomaly.detectors.sequence.windows.sampling import windows_of
from anomaly.detectors.sequence.windows.views import statistics

WINDOW = 60


def steps(n=200, seed=0):
    return np.random.default_rng(seed).normal(size=(n, 2)).astype(np.float32)


def test_activity_is_spread_and_changes_in_logarithms():
    windows = windows_of(steps(), WINDOW)
    np.testing.assert_array_equal(Activity().values(windows, None), statistics(windows)[..., 1:4])


@pytest.mark.parametrize("lag", [REPEATED, 20, WINDOW - REPEATED])
def test_a_repetition_at_any_lag_has_no_novelty(lag):
    window = steps(WINDOW).T[np.newaxis].copy()
    assert (Novelty().values(window, None) > -1).all()
    window[:, 0, -REPEATED:] = window[:, 0, -REPEATED - lag : WINDOW - lag]
    found = Novelty().values(window, None)[0, :, 0]
    np.testing.assert_allclose(found[0], np.log(0.01))
    assert found[1] > -1


def test_novelty_is_the_distance_to_the_nearest_steps_before():
    (window,) = windows_of(steps(WINDOW), WINDOW)
    last, lags = window[:, -REPEATED:].astype(float), range(REPEATED, WINDOW - REPEATED + 1)
    sizes = [np.sqrt(np.square(last - window[:, WINDOW - REPEATED - k : WINDOW - k]).mean(axis=1)) for k in lags]
    np.testing.assert_allclose(
        Novelty().values(window[np.newaxis], None)[0, :, 0], np.log(np.min(sizes, axis=0) + 0.01), rtol=1e-6
    )


@pytest.mark.parametrize("name", MEASURES)
def test_a_window_has_the_same_measures_alone_and_among_others(name):
    windows, missing = windows_of(steps(), WINDOW), np.zeros((141, 2, WINDOW), np.bool_)
    together = MEASURES[name]().values(windows, None)
    alone = np.concatenate([MEASURES[name]().values(window[np.newaxis], None) for window in windows])
    np.testing.assert_allclose(together, alone, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(MEASURES[name]().values(windows, missing), alone, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(MEASURES[name]().values(windows.copy(), None), alone, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("n", [1, 40])
@pytest.mark.parametrize("name", MEASURES)
def test_filled_samples_tell_nothing(name, n):
    windows, missing = windows_of(steps(), WINDOW)[:n].copy(), np.zeros((n, 2, WINDOW), np.bool_)
    missing[:, 0, -3:] = True
    windows[missing] = 7.0
    found = MEASURES[name]().values(windows, missing)
    assert np.isnan(found[:, 0]).all()
    np.testing.assert_allclose(found[:, 1], MEASURES[name]().values(windows, None)[:, 1], rtol=1e-5)


def test_steps_before_that_are_missing_are_not_compared():
    window = steps(WINDOW).T[np.newaxis].copy()
    window[..., :REPEATED] = window[..., -REPEATED:]
    missing = np.zeros(window.shape, np.bool_)
    missing[..., 2] = True
    assert (Novelty().values(window, None) < -4).all()
    assert (Novelty().values(window, missing) > -1).all()
