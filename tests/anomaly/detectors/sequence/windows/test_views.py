"""Views of windows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from anomaly.detectors.sequence.windows.sampling import windows_of
from anomaly.detectors.sequence.windows.views import VIEWS, RawView, ShapeView, StatisticsView, statistics


def windows(n=30, n_features=2, window=12, seed=0):
    return np.random.default_rng(seed).normal(size=(n, n_features, window)).astype(np.float32)


def fitted(name, n_features=2):
    view = VIEWS[name]()
    view.fit(windows(n_features=n_features))
    return view


def holes(shape, seed=0, share=0.2):
    return np.random.default_rng(seed).random(shape) < share


def test_the_raw_view_is_the_window():
    assert RawView().values(windows(), None).dtype == np.float32
    np.testing.assert_array_equal(RawView().values(windows(), None), windows())


def test_the_shape_is_the_z_score_of_large_windows():
    large = 100 * windows()
    np.testing.assert_allclose(ShapeView().values(large, None), stats.zscore(large, axis=-1), rtol=1e-3, atol=1e-4)


@given(st.floats(-50, 50), st.floats(5, 50))
def test_the_shape_has_no_level_and_no_size(level, size):
    # Of windows whose spread is far above the floor.
    large = 20 * windows()
    moved = level + size * large
    np.testing.assert_allclose(ShapeView().values(moved, None), ShapeView().values(large, None), rtol=2e-2, atol=1e-3)


def test_noise_around_a_still_sensor_is_no_shape():
    assert np.abs(ShapeView().values(1e-3 * windows(), None)).max() < 0.05


@pytest.mark.parametrize("name", VIEWS)
def test_a_mask_without_missing_samples_changes_nothing(name):
    view, none = fitted(name), np.zeros(windows().shape, np.bool_)
    np.testing.assert_allclose(view.values(windows(), none), view.values(windows(), None), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", VIEWS)
def test_missing_samples_have_no_part_in_a_view(name):
    view, missing = fitted(name), holes(windows().shape, share=0.05)
    other = np.where(missing, np.float32(777.0), windows())
    np.testing.assert_array_equal(view.values(windows(), missing), view.values(other, missing))


@pytest.mark.parametrize("name", ["values", "shape"])
def test_values_of_missing_samples_are_not_known(name):
    missing = np.zeros((30, 2, 12), np.bool_)
    missing[np.arange(30), 0, np.arange(30) % 12] = True
    np.testing.assert_array_equal(np.isnan(fitted(name).values(windows(), missing)), missing)


@pytest.mark.parametrize("name", ["shape", "statistics"])
@given(first=st.integers(0, 39), length=st.integers(1, 4))
def test_shape_and_statistics_are_those_of_the_interpolated_window(name, first, length):
    full, missing = 20 * windows(5, 1, 40), np.zeros((5, 1, 40), np.bool_)
    missing[..., first : first + length] = True
    steps, complete = np.arange(40), full.copy()
    for window, gone in zip(complete[:, 0], missing[:, 0], strict=True):
        window[gone] = np.interp(steps[gone], steps[~gone], window[~gone])
    view = VIEWS[name]()
    view.fit(windows(n_features=1, window=40))
    found, expected = view.values(full, missing), view.values(complete, None)
    known = np.isfinite(found)
    assert (known == (~missing if name == "shape" else True)).all()
    np.testing.assert_allclose(found[known], expected[known], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["shape", "statistics"])
def test_windows_with_more_than_a_tenth_missing_are_not_described(name):
    missing = np.zeros((3, 2, 40), np.bool_)
    missing[:, 0, :5] = missing[:, 1, :4] = True
    view = VIEWS[name]()
    view.fit(windows(window=40))
    is_known = np.isfinite(view.values(windows(3, window=40), missing)).any(axis=-1)
    assert is_known.tolist() == [[False, True]] * 3


@pytest.mark.parametrize("fault", ["still", "calm", "regular"])
def test_windows_that_are_too_normal_differ_in_statistics(fault):
    faulty = windows(n_features=1)
    if fault == "still":
        faulty[...] = 0
    elif fault == "calm":
        faulty *= 0.1
    else:
        faulty = np.sin(np.arange(12, dtype=np.float32) / 2) + np.zeros_like(faulty)
    view = fitted("statistics", 1)
    assert np.square(view.values(faulty, None)).mean() > 2 * np.square(view.values(windows(seed=1)[:, :1], None)).mean()


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("mean", lambda a: a * np.nan),
        ("mean", lambda a: a[:1]),
        ("scale", lambda a: a * 0),
        ("scale", lambda a: a * np.inf),
        ("scale", lambda a: a[:, :3]),
    ],
)
def test_a_view_that_is_not_valid(name, change):
    state = fitted("statistics").get_state()
    with pytest.raises(ValueError, match="expected"):
        StatisticsView().set_state({**state, name: change(state[name])}, 2)


def test_a_view_from_its_state():
    view, again = fitted("statistics"), StatisticsView()
    again.set_state(view.get_state(), 2)
    np.testing.assert_array_equal(again.values(windows(), None), view.values(windows(), None))


@pytest.mark.parametrize("length", [3, 4, 7, 12, 40])
def test_statistics_of_windows_one_step_apart_are_those_of_each(length):
    rng = np.random.default_rng(0)
    steps = (5 + rng.normal(size=(300, 2))).astype(np.float32)
    steps[100:180, 0] = steps[100, 0]
    windows = windows_of(steps, length)
    each = np.concatenate([statistics(windows[k : k + 1]) for k in range(len(windows))])
    np.testing.assert_allclose(statistics(windows), each, rtol=1e-6, atol=1e-6)


def test_statistics_of_large_values_are_those_of_each():
    steps = np.float32(1e5) + np.random.default_rng(0).normal(size=(60, 1)).astype(np.float32)
    windows = windows_of(steps, 8)
    np.testing.assert_array_equal(statistics(windows)[7], statistics(windows[7:8])[0])
