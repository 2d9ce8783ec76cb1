"""Distances to the nearest remembered window, by brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from anomaly.detectors.sequence.windows.nearest import MOST_WINDOWS, NearestWindows, parts_of_distance, places_of
from anomaly.detectors.sequence.windows.sampling import windows_of
from anomaly.detectors.sequence.windows.views import VIEWS

WINDOW = 6


def steps(n=80, n_features=2, seed=0):
    return np.random.default_rng(seed).normal(size=(n, n_features)).astype(np.float32)


def member(name="values", segments=None):
    fitted = NearestWindows(VIEWS[name](), WINDOW)
    found = fitted.fit([windows_of(s, WINDOW) for s in segments or [steps()]], np.random.default_rng(0))
    return fitted, found


def nearest(value, others):
    """Return the root mean square of the known differences to the nearest other."""
    squares = np.square(value.astype(float) - others)
    known = np.isfinite(value)
    return np.sqrt(min(square[known].mean() for square in squares))


@pytest.mark.parametrize("name", VIEWS)
@settings(max_examples=40)
@given(seed=st.integers(1, 999))
def test_distances_are_those_of_brute_force(name, seed):
    fitted, _ = member(name)
    windows = windows_of(steps(30, seed=seed), WINDOW)
    expected = [nearest(v, fitted.remembered_) for v in fitted.view.values(windows, None)]
    np.testing.assert_allclose(fitted.distances(windows, None).sum(axis=1), expected, rtol=1e-5)


def test_distances_are_those_of_scikit_learn():
    fitted, _ = member()
    windows = windows_of(steps(50, seed=1), WINDOW)
    search = NearestNeighbors(n_neighbors=1).fit(fitted.remembered_.reshape(len(fitted.remembered_), -1))
    expected = search.kneighbors(windows.reshape(len(windows), -1))[0][:, 0] / np.sqrt(2 * WINDOW)
    np.testing.assert_allclose(fitted.distances(windows, None).sum(axis=1), expected, rtol=1e-5)


@pytest.mark.parametrize("name", VIEWS)
@settings(max_examples=40)
@given(seed=st.integers(1, 999), share=st.floats(0.02, 0.6))
def test_distances_of_windows_with_missing_samples(name, seed, share):
    fitted, _ = member(name)
    windows = windows_of(steps(20, seed=seed), WINDOW)
    missing = np.random.default_rng(seed).random(windows.shape) < share
    missing[:, 0, :3] = False
    values = fitted.view.values(windows, missing)
    expected = [nearest(v, fitted.remembered_) if np.isfinite(v).any() else np.nan for v in values]
    np.testing.assert_allclose(fitted.distances(windows, missing).sum(axis=1), expected, rtol=1e-4)


def test_a_distance_is_not_known_where_nothing_is():
    windows = windows_of(steps(10, seed=1), WINDOW)
    assert np.isnan(member()[0].distances(windows, np.ones(windows.shape, np.bool_))).all()


@pytest.mark.parametrize("name", VIEWS)
def test_distances_in_training_are_to_windows_that_do_not_overlap(name):
    segments = [steps(40), steps(25, seed=1)]
    fitted, found = member(name, segments)
    values = [fitted.view.values(windows_of(s, WINDOW), None) for s in segments]
    for k, of_segment in enumerate(values):
        for i, value in enumerate(of_segment):
            others = [v for m, vs in enumerate(values) for j, v in enumerate(vs) if m != k or abs(i - j) >= WINDOW]
            np.testing.assert_allclose(found[k][i].sum(), nearest(value, np.array(others)), rtol=1e-5)


def test_a_window_of_training_finds_itself_later():
    fitted, found = member()
    np.testing.assert_allclose(fitted.distances(windows_of(steps(), WINDOW), None), 0, atol=1e-3)
    assert min(part.sum(axis=1).min() for part in found) > 0.1


def test_where_all_windows_overlap_they_are_compared_all_the_same():
    fitted, (found,) = member(segments=[steps(WINDOW + 2)])
    assert found.shape == (3, 2)
    assert np.isfinite(found).all()
    assert len(fitted.remembered_) == 3


def test_parts_of_sensors_are_their_fractions_of_the_square():
    fitted, _ = member()
    windows = windows_of(steps(30, seed=3), WINDOW)
    parts = fitted.distances(windows, None)
    squares = np.square(windows - fitted.expected(windows, None)).sum(axis=-1)
    fractions = squares / squares.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(parts / parts.sum(axis=1, keepdims=True), fractions, rtol=1e-4)
    assert (parts >= 0).all()


def test_a_missing_sensor_has_no_part_and_raises_no_other():
    fitted, _ = member()
    windows = windows_of(steps(30, seed=3), WINDOW)
    missing = np.zeros(windows.shape, np.bool_)
    missing[:, 1] = True
    one = NearestWindows(VIEWS["values"](), WINDOW)
    one.fit([windows_of(steps()[:, :1], WINDOW)], np.random.default_rng(0))
    found = fitted.distances(windows, missing)
    assert (found[:, 1] == 0).all()
    np.testing.assert_allclose(found[:, 0], one.distances(windows[:, :1], None)[:, 0], rtol=1e-4)


def test_a_mask_without_missing_samples_changes_nothing():
    windows = windows_of(steps(30, seed=3), WINDOW)
    none = np.zeros(windows.shape, np.bool_)
    np.testing.assert_array_equal(member()[0].distances(windows, none), member()[0].distances(windows, None))


def test_distances_do_not_depend_on_other_windows():
    fitted, _ = member()
    windows = windows_of(steps(600, seed=3), WINDOW)
    alone = np.concatenate([fitted.distances(windows[k : k + 1], None) for k in range(0, 595, 50)])
    np.testing.assert_allclose(fitted.distances(windows, None)[::50], alone, rtol=1e-6)


def test_not_more_windows_than_needed_are_remembered():
    fitted, (found,) = member(segments=[steps(4000)])
    assert 0.9 * MOST_WINDOWS < len(fitted.remembered_) <= MOST_WINDOWS
    assert found.shape == (4000 - WINDOW + 1, 2)


@given(st.integers(1, 20))
def test_a_distance_of_large_numbers_does_not_cancel(power):
    level = np.float32(2.0**power)
    fitted, _ = member(segments=[level + steps()])
    near = fitted.remembered_[10:11] + np.float32(0.5)
    assert fitted.distances(near, None).sum() <= 0.51


def test_parts_of_steps_are_squared_differences():
    fitted, _ = member()
    windows = windows_of(steps(30, seed=3), WINDOW)
    missing = np.random.default_rng(0).random(windows.shape) < 0.1
    differences = np.square(windows - fitted.expected(windows, missing))
    expected = np.where(missing, 0, differences).sum(axis=1)
    np.testing.assert_allclose(fitted.step_parts(windows, missing), expected, rtol=1e-5)
    counts = 2 * WINDOW - missing.sum(axis=(1, 2))
    roots = np.sqrt(expected.sum(axis=1) / counts)
    np.testing.assert_allclose(fitted.distances(windows, missing).sum(axis=1), roots, rtol=1e-4)


def test_parts_of_steps_in_training_are_to_windows_that_do_not_overlap():
    fitted, (found,) = member()
    parts = fitted.step_parts(windows_of(steps(), WINDOW), None, np.arange(75))
    np.testing.assert_allclose(np.sqrt(parts.mean(axis=1) / 2), found.sum(axis=1), rtol=1e-5)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=5), st.integers(1, 10))
def test_windows_of_different_segments_lie_apart(counts, window):
    starts = places_of(counts, window)
    for start, count, following in zip(starts, counts, starts[1:], strict=False):
        assert following - (start + count - 1) > window


def test_parts_of_no_distance_are_zero():
    assert parts_of_distance(np.zeros((2, 3)), np.array([0, 5]))[1].tolist() == [0, 0, 0]


@pytest.mark.parametrize("name", VIEWS)
def test_a_member_from_its_state(name):
    fitted, _ = member(name)
    config, arrays = fitted.get_state()
    again = NearestWindows.from_state(config, arrays, 2)
    windows = windows_of(steps(30, seed=3), WINDOW)
    np.testing.assert_array_equal(again.distances(windows, None), fitted.distances(windows, None))
    assert again.describe() == fitted.describe()


@pytest.mark.parametrize(
    "change",
    [
        lambda a: a * np.nan,
        lambda a: a[:0],
        lambda a: a[:, :1],
        lambda a: a[:, :, :3],
        lambda a: a[0],
        lambda a: a.astype(np.float64),
        lambda a: a.astype(np.int32),
    ],
)
def test_windows_that_are_not_valid(change):
    config, arrays = member()[0].get_state()
    with pytest.raises(ValueError, match="expected"):
        NearestWindows.from_state(config, {**arrays, "remembered": change(arrays["remembered"])}, 2)


def test_statistics_of_early_files_are_computed_as_they_were():
    config, arrays = member("statistics")[0].get_state()
    early = NearestWindows.from_state({name: config[name] for name in ("view", "window")}, arrays, 2)
    still = np.full((1, 2, WINDOW), 0.7, np.float32)
    still[0, 0] = 0.1
    assert not early.view.in_float64
    mean = still.sum(axis=-1, keepdims=True) / np.float32(WINDOW)
    spread = np.log(np.sqrt(np.square(still - mean).mean(axis=-1)) + np.float32(0.03))
    expected = (spread - early.view.mean_[:, 1]) / early.view.scale_[:, 1]
    np.testing.assert_array_equal(early.view.values(still, None)[..., 1], expected)


def test_of_very_many_sensors_fewer_windows_are_remembered():
    fitted = NearestWindows(VIEWS["values"](), WINDOW)
    fitted.fit([windows_of(steps(3000, 600), WINDOW)], np.random.default_rng(0))
    assert len(fitted.remembered_) * 600 * WINDOW <= 1 << 23


def test_few_and_many_windows_have_the_same_distances():
    fitted, _ = member(segments=[np.sin(np.arange(3000.0) / 9).astype(np.float32)[:, np.newaxis]])
    near = np.sin(np.arange(500) / 9 + 1e-3).astype(np.float32)[:, np.newaxis]
    windows = windows_of(near, WINDOW)
    alone = np.concatenate([fitted.distances(windows[k : k + 1], None) for k in range(len(windows))])
    np.testing.assert_allclose(fitted.distances(windows, None), alone, rtol=1e-6)
    parts = fitted.compare(windows, None)
    np.testing.assert_array_equal(parts[0], fitted.distances(windows, None))
    np.testing.assert_array_equal(parts[1], fitted.step_parts(windows, None))
