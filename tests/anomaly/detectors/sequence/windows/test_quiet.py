"""Windows that are quieter than any of training."""

import json

import numpy as np
import pytest

from anomaly.detectors.sequence.windows.covering import Typical
from anomaly.detectors.sequence.windows.measures import MEASURES, REPEATED, Activity, Novelty
from anomaly.detectors.sequence.windows.quiet import QuietWindows
from anomaly.detectors.sequence.windows.sampling import windows_of
from anomaly.detectors.sequence.windows.stream import WindowStream

WINDOW = 40


def steps(n=600, seed=0):
    return np.random.default_rng(seed).normal(size=(n, 2)).astype(np.float32)


def fitted(name="activity", training=None, **settings):
    span = WINDOW if name == "activity" else REPEATED
    member = QuietWindows(MEASURES[name](), WINDOW, span)
    member.fit([windows_of(steps() if training is None else training, WINDOW)], np.random.default_rng(0), **settings)
    return member


@pytest.mark.parametrize("name", MEASURES)
def test_windows_like_those_of_training_have_distance_1(name):
    found = fitted(name).distances(windows_of(steps(), WINDOW), None)
    np.testing.assert_allclose(found, 0.5)
    later = fitted(name).distances(windows_of(steps(seed=1), WINDOW), None).sum(axis=1)
    assert (later == 1).mean() > 0.8
    assert later.max() < 4


def still(series):
    series[:, 1] = series[0, 1]


def repeated(series):
    series[:, 1] = series[np.arange(len(series)) % 20, 1]


@pytest.mark.parametrize(("name", "fault"), [("activity", still), ("novelty", still), ("novelty", repeated)])
def test_a_sensor_that_is_too_quiet_has_the_distance(name, fault):
    series = steps(WINDOW, seed=2)
    fault(series)
    found = fitted(name).distances(windows_of(series, WINDOW), None)
    assert found[0, 0] == pytest.approx(0.5)
    assert found[0, 1] > 3


def test_the_distance_is_that_of_all_measures_and_sensors():
    member, series = fitted(), windows_of(steps(WINDOW, seed=2) / 2, WINDOW)
    below = np.maximum(member.lowest_ - Activity().values(series, None)[0], 0) / member.scales_
    assert (below > 0).any(axis=1).all()
    found = member.distances(series, None)[0]
    np.testing.assert_allclose(found.sum(), (1 + np.sqrt(np.square(below).mean())) ** 2)
    parts = np.square(below).sum(axis=1)
    np.testing.assert_allclose((found - 0.5) / (found - 0.5).sum(), parts / parts.sum())


def test_no_window_is_farther_than_a_very_quiet_one():
    member = fitted()
    member.scales_ = member.scales_ / 100
    found = member.distances(np.zeros((1, 2, WINDOW), np.float32), None)
    assert found.sum() == pytest.approx(441)


def test_training_has_honest_distances():
    series = steps()
    series[200:250] /= 100
    member = QuietWindows(Activity(), WINDOW, WINDOW)
    (found,) = member.fit([windows_of(series, WINDOW)], np.random.default_rng(0))
    # By the other windows they are odd, and by all of them they are not.
    assert found[205].sum() > 3
    assert member.distances(windows_of(series, WINDOW), None).sum(axis=1).max() == 1
    few = np.delete(np.arange(len(found)), np.arange(150, 260))
    others = fitted(training=series, usable=few)
    assert others.distances(windows_of(series, WINDOW), None)[205].sum() > 3


def test_few_steps_have_little_weight():
    assert fitted().weight == pytest.approx((561 / 2000) ** 2)
    assert fitted(training=steps(3000)).weight == 1
    half = QuietWindows(Activity(), WINDOW, WINDOW, share=0.5)
    half.fit([windows_of(steps(3000), WINDOW)], np.random.default_rng(0))
    assert half.weight == 0.5


@pytest.mark.parametrize("causal", [False, True])
def test_only_the_last_steps_of_a_window_have_its_value(causal):
    member, typical = fitted("novelty"), Typical(1.0)
    series = steps(200, seed=3)
    series[100:120] = series[80:100]
    whole = np.zeros(series.shape, np.bool_)
    stream = WindowStream(member, typical, causal)
    found = np.concatenate([stream.push(series, whole), stream.finish()]).sum(axis=1)
    assert found.shape == (200,)
    odd = np.flatnonzero(found > 2)
    assert odd.min() > 100 - REPEATED
    assert odd.max() < 120 + REPEATED
    assert len(odd) > 10


def test_the_first_steps_of_a_segment_are_final_at_once():
    stream = WindowStream(fitted("novelty"), Typical(1.0), causal=False)
    whole = np.zeros((600, 2), np.bool_)
    assert [len(stream.push(steps()[k : k + 1], whole[:1])) for k in range(WINDOW - REPEATED)] == [1] * 24
    assert len(stream.push(steps()[24:39], whole[:15])) == 0
    assert len(stream.push(steps()[39:41], whole[:2])) == 2
    stream = WindowStream(fitted("novelty"), Typical(1.0), causal=False)
    short = [stream.push(steps()[:30], whole[:30]), stream.finish()]
    assert [len(part) for part in short] == [24, 6]
    np.testing.assert_allclose(np.concatenate(short), 0.5)


@pytest.mark.parametrize("name", MEASURES)
def test_files_hold_all_of_it(name):
    config, arrays = fitted(name).get_state()
    again = QuietWindows.from_state(json.loads(json.dumps(config)), arrays, 2)
    series = windows_of(steps(seed=4) / 3, WINDOW)
    np.testing.assert_array_equal(again.distances(series, None), fitted(name).distances(series, None))
    assert (again.weight, again.describe()) == (fitted(name).weight, fitted(name).describe())


@pytest.mark.parametrize("name", ["lowest", "scales"])
@pytest.mark.parametrize("change", [lambda a: a[:1], lambda a: a * np.nan, lambda a: a.astype(np.float32)])
def test_files_that_are_not_valid_are_refused(name, change):
    config, arrays = fitted().get_state()
    with pytest.raises(ValueError, match="lowest measures"):
        QuietWindows.from_state(config, {**arrays, name: change(arrays[name])}, 2)


def test_weights_and_lengths_in_files_are_checked():
    config, arrays = fitted().get_state()
    for wrong in ({"weight": 0.0}, {"weight": 2.0}, {"span": 0}, {"span": 41}, {"weight": float("nan")}):
        with pytest.raises(ValueError, match="span"):
            QuietWindows.from_state({**config, **wrong}, arrays, 2)
    with pytest.raises(ValueError, match="above 0"):
        QuietWindows.from_state(config, {**arrays, "scales": -arrays["scales"]}, 2)


def test_words():
    assert QuietWindows(Activity(), 32, 32).describe() == "too little activity in 32 steps"
    assert QuietWindows(Novelty(), 176, 16).describe() == "too little novelty in 16 steps, against those in 176"
