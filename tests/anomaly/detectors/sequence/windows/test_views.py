"""Views of windows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from anomaly.detectors.sequence.windows.views import VIEWS, RawView, ShapeView, StatisticsView


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
    np.testing.assert_allclose(
        ShapeView().values(moved, None), ShapeView().values(large, None), rtol=2e-2, atol=1e-3
    )


def test_noise_around_a_still_sensor_is_no_shape():
    assert np.abs(ShapeView().values(1e-3 * windows(), None)).max() < 0.05


@pytest.mark.parametrize("name", VIEWS)
def test_a_mask_without_missing_samples_changes_nothing(name):
    view, none = fitted(name), np.zeros(windows().shape, np.bool_)
    np.testing.assert_allclose(view.values(windows(), none), view.values(windows(), None), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", VIEWS)
def test_missing_samples_have_no_part_in_a_view(name):
    view, missing = fitted(name), holes(windows().shape)
    other = np.where(missing, np.float32(777.0), windows())
    np.testing.assert_array_equal(view.values(windows(), missing), view.values(other, missing))


@pytest.mark.parametrize("name", ["values", "shape"])
def test_values_of_missing_samples_are_not_known(name):
    missing = holes(windows().shape)
    missing[..., 1:] &= ~missing[..., :-1]  # no two in a row
    np.testing.assert_array_equal(np.isnan(fitted(name).values(windows(), missing)), missing)


def test_the_shape_of_the_samples_that_are_present():
    full, missing = 20 * windows(1, 1), np.zeros((1, 1, 12), np.bool_)
    missing[..., 1::2] = True
    expected = ShapeView().values(full[..., ::2], None)
    np.testing.assert_allclose(ShapeView().values(full, missing)[..., ::2], expected, rtol=1e-5, atol=1e-6)


def test_statistics_are_standardized_and_those_of_the_window():
    view = fitted("statistics")
    values = view.values(windows(), None)
    # Those that spread less than the least scale are a little smaller.
    np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-4)
    assert ((values.std(axis=0) > 0.6) & (values.std(axis=0) < 1)).all()
    found = values * view.scale_ + view.mean_
    np.testing.assert_allclose(found[..., 0], windows().mean(axis=-1), atol=1e-4)
    np.testing.assert_allclose(np.exp(found[..., 1]) - 0.03, windows().std(axis=-1), atol=1e-4)
    changes = np.diff(windows(), axis=-1)
    np.testing.assert_allclose(np.exp(found[..., 2]) - 0.01, np.sqrt(np.square(changes).mean(axis=-1)), atol=1e-4)
    np.testing.assert_allclose(np.exp(found[..., 3]) - 0.01, np.abs(changes).mean(axis=-1), atol=1e-4)
    np.testing.assert_allclose(found[..., 4], windows().max(axis=-1), atol=1e-4)
    np.testing.assert_allclose(found[..., 5], windows().min(axis=-1), atol=1e-4)


def test_statistics_of_the_samples_that_are_present():
    view, missing = fitted("statistics", 1), np.zeros((30, 1, 12), np.bool_)
    missing[..., -1:] = True
    expected = view.values(windows(n_features=1)[..., :-1], None)
    np.testing.assert_allclose(view.values(windows(n_features=1), missing), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["shape", "statistics"])
def test_windows_of_few_samples_are_not_described(name):
    missing = np.zeros((30, 2, 12), np.bool_)
    missing[:, :, ::2] = True
    assert np.isfinite(fitted(name).values(windows(), missing)[:, :, 1]).all()
    missing[:, 0, 1] = True
    values = fitted(name).values(windows(), missing)
    assert np.isnan(values[:, 0]).all()
    assert np.isfinite(values[:, 1]).any()


@pytest.mark.parametrize("name", ["shape", "statistics"])
@given(first=st.integers(0, 39), length=st.integers(1, 20))
def test_windows_with_a_long_hole_are_not_described(name, first, length):
    missing = np.zeros((1, 2, 40), np.bool_)
    missing[:, 0, first : first + length] = True
    view = VIEWS[name]()
    view.fit(windows(window=40))
    is_known = np.isfinite(view.values(windows(1, window=40), missing)).any(axis=-1)[0]
    # A sixteenth of 40 steps is between 2 and 3.
    assert is_known.tolist() == [min(length, 40 - first) <= 3, True]


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
