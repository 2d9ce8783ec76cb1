"""Members, and their values of the steps of training."""

import numpy as np
import pytest

from anomaly.detectors.sequence.windows.covariance import WindowCovariance
from anomaly.detectors.sequence.windows.fitting import fit_member, members_for, step_member, step_parts
from anomaly.detectors.sequence.windows.nearest import NearestWindows
from anomaly.detectors.sequence.windows.quiet import QuietWindows
from anomaly.detectors.sequence.windows.sampling import windows_of
from anomaly.detectors.sequence.windows.views import RawView, ShapeView, StatisticsView


def segments(lengths=(120, 5, 40), n_features=2):
    rng = np.random.default_rng(0)
    steps = [rng.normal(size=(n, n_features)).astype(np.float32) for n in lengths]
    return [(s, np.zeros(s.shape, np.bool_)) for s in steps]


def described(period, n_features, longest):
    return [member.describe() for member in members_for(period, n_features, longest)]


def test_one_sensor_is_compared_in_windows_of_several_periods():
    assert described(20, 1, 1000) == [
        *(f"nearest window of {w} steps by values" for w in (10, 20, 40, 80)),
        *(f"nearest window of {w} steps by shape" for w in (10, 20, 40)),
        "nearest window of 5 steps by statistics",
        "too little activity in 32 steps",
        "too little novelty in 16 steps, against those in 176",
    ]


def test_sensors_are_compared_by_covariance():
    assert described(20, 4, 1000) == [
        "covariance of windows of 4 steps",
        "covariance of windows of 40 steps",
        "nearest window of 20 steps by statistics",
        "too little activity in 16 steps",
    ]


def test_what_is_too_quiet_has_at_most_the_weight_of_one_member():
    for n_features, weight in ((1, 1.0), (4, 0.5)):
        quiet = [member for member in members_for(20, n_features, 1000) if isinstance(member, QuietWindows)]
        assert sum(member.weight for member in quiet) == weight


@pytest.mark.parametrize("period", [2, 8, 64, 300])
@pytest.mark.parametrize("n_features", [1, 2, 30, 1000])
@pytest.mark.parametrize("longest", [8, 100, 10_000])
def test_windows_are_neither_too_short_nor_too_long(period, n_features, longest):
    members = members_for(period, n_features, longest)
    assert all(4 <= member.window <= max(4, longest // 4) for member in members)
    of_covariance = [member.window for member in members if isinstance(member, WindowCovariance)]
    assert all(window * n_features <= max(800, 8 * n_features) for window in of_covariance)


def test_windows_of_the_same_length_are_compared_once():
    assert described(64, 1, 8) == [
        "nearest window of 4 steps by values",
        "nearest window of 4 steps by shape",
        "nearest window of 4 steps by statistics",
    ]


def test_steps_are_told_apart_by_values_or_by_covariance():
    one = step_member(members_for(20, 1, 1000), 20)
    assert isinstance(one, NearestWindows)
    assert isinstance(one.view, RawView)
    assert (one.view.name, one.window) == ("values", 20)
    assert isinstance(step_member(members_for(20, 3, 1000), 20), WindowCovariance)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("view", [RawView, ShapeView, StatisticsView, None])
def test_values_of_training_are_those_of_distances_to_other_windows(view, causal):
    def member():
        return WindowCovariance(8, 1e-2) if view is None else NearestWindows(view(), 8)

    fitted = fit_member(member(), segments(), causal, np.random.default_rng(0))
    found = member().fit([windows_of(segments()[k][0], 8) for k in (0, 2)], np.random.default_rng(0))
    assert fitted.typical.distance == np.median(np.concatenate(found).sum(axis=1))
    assert 0 < fitted.typical.certainty <= 1
    assert [part.shape for part in fitted.segments] == [(120, 2), (5, 2), (40, 2)]
    for k, distances in zip((0, 2), found, strict=True):
        if causal:
            np.testing.assert_array_equal(fitted.segments[k][7:], distances)
            np.testing.assert_allclose(fitted.segments[k][:7], fitted.typical.distance / 2)
        else:
            np.testing.assert_allclose(fitted.segments[k][20], distances[13:21].mean(axis=0))


def test_parts_of_the_steps_of_training_are_to_other_windows():
    member = NearestWindows(RawView(), 8)
    fit_member(member, segments(), False, np.random.default_rng(0))
    parts = step_parts(member, segments())
    assert parts.shape == (165,)
    assert (parts[120:125] == 1).all()
    # A window that found itself would have no parts.
    assert parts.min() > 0.01
    odd = segments()
    odd[0][0][60] += 8
    member.fit([windows_of(steps, 8) for steps, _ in odd if len(steps) >= 8], np.random.default_rng(0))
    assert step_parts(member, odd).argmax() == 60


@pytest.mark.parametrize(("n_steps", "n_features"), [(200, 4), (400, 3), (400, 8), (1000, 20), (2000, 8)])
def test_distances_in_training_are_like_those_of_fresh_windows(n_steps, n_features):
    rng = np.random.default_rng(0)
    training, fresh = (rng.normal(size=(n, n_features)).astype(np.float32) for n in (n_steps, 500))
    for member in members_for(25, n_features, n_steps):
        (found,) = member.fit([windows_of(training, member.window)], rng)
        later = member.distances(windows_of(fresh, member.window), None)
        assert 0.75 < np.median(found.sum(axis=1)) / np.median(later.sum(axis=1)) < 1.4, member.describe()


def test_a_sensor_that_was_missing_in_training_is_not_known_as_still():
    rng = np.random.default_rng(0)
    steps = np.sin(np.arange(1200) / 5)[:, np.newaxis] + 0.1 * rng.normal(size=(1200, 1))
    filled, missing = steps.astype(np.float32), np.zeros(steps.shape, bool)
    filled[600:700], missing[600:700] = filled[599], True
    still = np.full((1, 1, 16), filled[599, 0], np.float32)
    far = {}
    for mask in (missing, np.zeros_like(missing)):
        member = NearestWindows(RawView(), 16)
        fit_member(member, [(filled, mask)], False, np.random.default_rng(0))
        far[bool(mask.any())] = member.distances(still, None).sum()
    assert far[False] < 0.01 < 0.2 < far[True]
