"""Mahalanobis distances of windows, by SciPy and by exact solutions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import mahalanobis
from scipy.stats import multivariate_normal

from anomaly.detectors.sequence.windows.covariance import Precision, WindowCovariance
from anomaly.detectors.sequence.windows.sampling import windows_of

WINDOW, FEATURES = 5, 3
VALUES = WINDOW * FEATURES
SHRINKAGE = 1e-2


def steps(n=400, n_features=FEATURES, seed=0, memory=0.8):
    """Return correlated sensors with memory, of standard deviation 1."""
    rng = np.random.default_rng(seed)
    noise, series = rng.normal(size=(n + 50, n_features)), np.zeros((n + 50, n_features))
    for t in range(1, len(series)):
        series[t] = memory * series[t - 1] + noise[t]
    series = series[50:] @ (np.eye(n_features) + 0.5 * np.random.default_rng(7).normal(size=(n_features, n_features)))
    return (series / series.std(axis=0)).astype(np.float32)


def fitted(shrinkage=SHRINKAGE, **options):
    member = WindowCovariance(WINDOW, shrinkage)
    found = member.fit([windows_of(steps(**options), WINDOW)], np.random.default_rng(0))
    return member, found


def fresh(n=30, seed=1):
    return np.array(windows_of(steps(n + WINDOW - 1, seed=seed), WINDOW)).astype(np.float64)


def precision():
    return fitted()[0].precisions_[0]


def completed(windows, missing):
    """Return windows less their mean, in which missing samples have their conditional expectation."""
    known = precision()
    covariance = np.linalg.inv(known.matrix)
    x = windows.reshape(len(windows), -1) - known.mean
    for row, gone in zip(x, missing.reshape(x.shape), strict=True):
        row[gone] = covariance[np.ix_(gone, ~gone)] @ np.linalg.solve(covariance[np.ix_(~gone, ~gone)], row[~gone])
    return x


def test_the_covariance_is_that_of_the_windows_shrunken():
    windows = np.array(windows_of(steps(), WINDOW)).reshape(-1, VALUES)
    covariance = np.cov(windows.T, ddof=1)
    shrunken = covariance + SHRINKAGE * np.trace(covariance) / VALUES * np.eye(VALUES)
    np.testing.assert_allclose(precision().mean, windows.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(np.linalg.inv(precision().matrix), shrunken, atol=1e-5)


def test_distances_are_those_of_scipy():
    known = precision()
    expected = [mahalanobis(w.ravel(), known.mean, known.matrix) / np.sqrt(VALUES) for w in fresh()]
    np.testing.assert_allclose(fitted()[0].distances(fresh(), None).sum(axis=1), expected, rtol=1e-9)


@settings(max_examples=40)
@given(st.integers(0, 999), st.floats(0.02, 0.9))
def test_missing_samples_have_their_conditional_expectation(seed, share):
    missing = np.random.default_rng(seed).random(fresh().shape) < share
    x, product = precision().products(fresh(), missing)
    np.testing.assert_allclose(x.reshape(len(x), -1), completed(fresh(), missing), atol=1e-6)
    np.testing.assert_allclose(product.reshape(len(x), -1), x.reshape(len(x), -1) @ precision().matrix, atol=1e-9)


@pytest.mark.parametrize("shrinkage", [1e-2, 1e-3, 1e-6])
@pytest.mark.parametrize("hole", ["one step", "all but one step", "sensor", "all but one sensor"])
def test_distances_with_missing_samples_are_exact_however_strong_correlations_are(hole, shrinkage):
    walk = np.cumsum(np.random.default_rng(0).normal(size=(2000, 2)), axis=0)
    walk = (walk - walk.mean(axis=0)) / walk.std(axis=0)
    series = walk @ np.random.default_rng(1).normal(size=(2, 4)) + 0.01 * np.random.default_rng(2).normal(
        size=(2000, 4)
    )
    windows, missing = windows_of(series, 12), np.zeros((50, 4, 12), np.bool_)
    member = WindowCovariance(12, shrinkage)
    member.fit([windows], np.random.default_rng(0))
    missing[
        {
            "one step": np.s_[:, :, 5],
            "all but one step": np.s_[:, :, :-1],
            "sensor": np.s_[:, 1],
            "all but one sensor": np.s_[:, 1:],
        }[hole]
    ] = True
    mask, (known,) = missing[0].ravel(), member.precisions_
    covariance = np.linalg.inv(known.matrix)[np.ix_(~mask, ~mask)]
    present = windows[::39][:50].reshape(50, -1)[:, ~mask] - known.mean[~mask]
    squares = np.einsum("ni,ij,nj->n", present, np.linalg.inv(covariance), present)
    expected = np.sqrt(squares / (~mask).sum())
    np.testing.assert_allclose(member.distances(windows[::39][:50], missing).sum(axis=1), expected, rtol=1e-4)


def test_the_square_of_the_samples_present_is_that_of_their_own_distribution():
    missing = np.random.default_rng(0).random(fresh().shape) < 0.3
    found = fitted()[0].distances(fresh(), missing).sum(axis=1)
    covariance = np.linalg.inv(precision().matrix)
    for window, gone, distance in zip(fresh().reshape(-1, VALUES), missing.reshape(-1, VALUES), found, strict=True):
        normal = multivariate_normal(precision().mean[~gone], covariance[np.ix_(~gone, ~gone)])
        square = 2 * (normal.logpdf(normal.mean) - normal.logpdf(window[~gone]))
        np.testing.assert_allclose(distance, np.sqrt(square / (~gone).sum()), rtol=1e-6)


def test_missing_samples_have_no_part_in_distances():
    missing = np.random.default_rng(0).random(fresh().shape) < 0.3
    other = np.where(missing, 1000.0, fresh())
    np.testing.assert_allclose(
        fitted()[0].distances(other, missing), fitted()[0].distances(fresh(), missing), rtol=1e-6
    )


def test_where_nothing_is_known_the_mean_is_expected():
    everything = np.ones(fresh().shape, np.bool_)
    member, _ = fitted()
    assert np.isnan(member.distances(fresh(), everything)).all()
    expected = np.broadcast_to(precision().mean.reshape(FEATURES, WINDOW), fresh().shape)
    np.testing.assert_allclose(member.expected(fresh(), everything), expected, atol=1e-6)


def test_the_drop_of_a_sensor_is_that_of_its_conditional_expectation():
    x, product = precision().products(fresh(), None)
    squares = (x * product).sum(axis=(1, 2))
    for j in range(FEATURES):
        without = np.zeros(fresh().shape, np.bool_)
        without[:, j] = True
        y, of_y = precision().products(fresh(), without)
        drops = squares - (y * of_y).sum(axis=(1, 2))
        np.testing.assert_allclose(precision().drops(product)[:, j], drops, rtol=1e-6, atol=1e-9)
        expected = y + precision().mean.reshape(FEATURES, WINDOW)
        np.testing.assert_allclose(fitted()[0].expected(fresh(), None)[:, j], expected[:, j], atol=1e-6)


def test_parts_of_sensors_are_as_their_drops():
    parts = fitted()[0].distances(fresh(), None)
    _, product = precision().products(fresh(), None)
    drops = precision().drops(product)
    np.testing.assert_allclose(
        parts / parts.sum(axis=1, keepdims=True), drops / drops.sum(axis=1, keepdims=True), rtol=1e-9
    )
    assert (parts >= 0).all()


def test_a_sensor_that_moves_alone_has_the_largest_part():
    windows = fresh()
    windows[:, 1, 2] += 5
    assert (fitted()[0].distances(windows, None).argmax(axis=1) == 1).all()


def test_a_step_that_is_odd_has_the_largest_part():
    windows = fresh()
    windows[:, :, 2] += np.array([5, -5, 5])
    member, _ = fitted()
    parts = member.step_parts(windows, None)
    assert (parts.argmax(axis=1) == 2).mean() > 0.9
    squares = VALUES * np.square(member.distances(fresh(), None).sum(axis=1))
    assert (member.step_parts(fresh(), None).sum(axis=1) >= squares - 1e-9).all()


def test_distances_in_training_are_by_windows_that_do_not_overlap():
    # Of noise in 100 values, 476 windows are fitted so well that their own distances are too small.
    noise = np.random.default_rng(0).normal(size=(500, 4)).astype(np.float32)
    later = np.random.default_rng(1).normal(size=(500, 4)).astype(np.float32)
    member = WindowCovariance(25, 1e-3)
    (honest,) = member.fit([windows_of(noise, 25)], np.random.default_rng(0))
    own = member.distances(windows_of(noise, 25), None).sum(axis=1).mean()
    unseen = member.distances(windows_of(later, 25), None).sum(axis=1).mean()
    assert own < 0.93 * unseen
    assert 0.9 * unseen < honest.sum(axis=1).mean() < 1.6 * unseen


def test_distances_in_training_do_not_depend_on_the_window():
    series = steps()
    _, (before,) = fitted()
    series[200] += 50
    member = WindowCovariance(WINDOW, SHRINKAGE)
    (after,) = member.fit([windows_of(series, WINDOW)], np.random.default_rng(0))
    # A window with an outlier is found as odd as if training had none.
    by_others = fitted()[0].distances(windows_of(series, WINDOW)[198:201], None).sum(axis=1)
    np.testing.assert_allclose(after[198:201].sum(axis=1), by_others, rtol=0.2)
    assert before[198:201].sum(axis=1).max() < 0.2 * by_others.min()


@pytest.mark.parametrize("lengths", [[400], [100, 60, 240]])
def test_segments_are_one_after_the_other(lengths):
    segments = [windows_of(s, WINDOW) for s in np.split(steps(), np.cumsum(lengths)[:-1])]
    found = WindowCovariance(WINDOW, SHRINKAGE).fit(segments, np.random.default_rng(0))
    assert [part.shape for part in found] == [(n - WINDOW + 1, FEATURES) for n in lengths]


def test_few_windows_are_enough():
    member, (found,) = fitted(n=WINDOW + 2)
    assert found.shape == (3, FEATURES)
    assert np.isfinite(found).all()
    assert np.isfinite(member.distances(fresh(), None)).all()


def test_many_sensors_are_divided_into_groups():
    series = np.random.default_rng(0).normal(size=(100, 450)).astype(np.float32)
    member = WindowCovariance(4, SHRINKAGE)
    member.fit([windows_of(series, 4)], np.random.default_rng(0))
    assert [len(p.blocks) for p in member.precisions_] == [200, 200, 50]
    found = member.distances(windows_of(series, 4), None)
    squares, first = np.zeros(97), 0
    for known in member.precisions_:
        x = windows_of(series, 4)[:, first : first + len(known.blocks)].reshape(97, -1) - known.mean
        squares += np.einsum("ni,ij,nj->n", x, known.matrix, x)
        first += len(known.blocks)
    assert found.shape == (97, 450)
    np.testing.assert_allclose(found.sum(axis=1), np.sqrt(squares / 1800), rtol=1e-6)


def test_constant_windows_are_at_no_distance():
    member = WindowCovariance(WINDOW, SHRINKAGE)
    (found,) = member.fit([windows_of(np.ones((50, 2), np.float32), WINDOW)], np.random.default_rng(0))
    np.testing.assert_allclose(found, 0, atol=1e-9)


def test_a_covariance_from_its_state():
    member, _ = fitted()
    config, arrays = member.get_state()
    again = WindowCovariance.from_state(config, arrays, FEATURES)
    missing = np.random.default_rng(0).random(fresh().shape) < 0.3
    np.testing.assert_array_equal(again.distances(fresh(), missing), member.distances(fresh(), missing))
    assert again.describe() == "covariance of windows of 5 steps"


@pytest.mark.parametrize("name", ["mean_0", "precision_0"])
@pytest.mark.parametrize(
    "change", [lambda a: a * np.nan, lambda a: a[:3], lambda a: a[np.newaxis], lambda a: a.astype(np.float32)]
)
def test_a_covariance_that_is_not_valid(name, change):
    config, arrays = fitted()[0].get_state()
    with pytest.raises(ValueError, match="expected"):
        WindowCovariance.from_state(config, {**arrays, name: change(arrays[name])}, FEATURES)


def test_a_precision_that_no_covariance_has():
    config, arrays = fitted()[0].get_state()
    with pytest.raises(ValueError, match="positive definite"):
        WindowCovariance.from_state(config, {**arrays, "precision_0": -arrays["precision_0"]}, FEATURES)
    with pytest.raises(ValueError, match="expected covariances of 4 features"):
        WindowCovariance.from_state(config, arrays, FEATURES + 1)


def test_blocks_are_inverses_of_those_of_the_precision():
    matrix = precision().matrix
    for j, block in enumerate(Precision.of(precision().mean, matrix, FEATURES).blocks):
        steps_of = slice(j * WINDOW, (j + 1) * WINDOW)
        np.testing.assert_allclose(block @ matrix[steps_of, steps_of], np.eye(WINDOW), atol=1e-8)
