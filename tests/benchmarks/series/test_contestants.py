"""Detectors of other projects on windows."""

import numpy as np
import pytest

from anomaly import SequenceDetector
from benchmarks.series import measure
from benchmarks.series.contestants import CONTESTANTS, entry
from benchmarks.series.contestants.contestant import window_length
from benchmarks.series.parts.part import Case, Segment
from benchmarks.series.windows import at_centres, lengthened, period_of, windows_of

HERE = [name for name, one in CONTESTANTS.items() if not one.missing()]


def wave(n, period=25, seed=0):
    noise = 0.05 * np.random.default_rng(seed).normal(size=n)
    return (np.sin(2 * np.pi * np.arange(n) / period) + noise)[:, np.newaxis]


def test_the_period_is_that_of_the_first_column_that_varies():
    assert period_of(wave(1000)) % 25 == 0
    assert period_of(np.column_stack([np.ones(1000), wave(1000, 40)])) % 40 == 0
    assert period_of(np.random.default_rng(0).normal(size=(1000, 1))) == 100
    assert period_of(np.ones((50, 1))) == 100


def test_windows_are_one_period_long_and_fit_into_the_series():
    assert window_length(wave(1000)) == period_of(wave(1000))
    assert window_length(np.tile(wave(2000, 100), 2)) == 60
    assert window_length(np.arange(120.0)[:, np.newaxis]) == 20


def test_windows_and_their_centres():
    windows = windows_of(np.arange(10.0).reshape(5, 2), 3)
    assert windows[0].tolist() == [0, 2, 4, 1, 3, 5]
    assert at_centres(np.array([1.0, 2.0, 3.0]), 3).tolist() == [1, 1, 2, 3, 3]
    assert at_centres(np.array([1.0, 2.0]), 4).tolist() == [1, 1, 1, 2, 2]
    assert lengthened(np.array([[1.0], [2.0]]), 4)[:, 0].tolist() == [1, 2, 2, 2]


@pytest.mark.parametrize("name", [name for name in HERE if name != "SequenceDetector"])
def test_a_contestant_scores_every_step_and_finds_a_fault(name):
    contestant, train, fresh = entry(name).make(0), wave(800), wave(400, seed=1)
    fresh[200:230] = 2.0
    contestant.fit(train)
    scores = contestant.scores(fresh)
    assert scores.shape == (400,)
    assert 190 <= scores.argmax() <= 240
    assert scores.max() > contestant.threshold
    assert contestant.scores(train).shape == (800,)
    assert (contestant.scores(train) > contestant.threshold).mean() < 0.1
    assert contestant.scores(fresh[:5]).shape == (5,)


def test_every_contestant_says_what_it_is():
    assert all(one.description for one in CONTESTANTS.values())


def test_our_alarms_are_the_labels_of_the_detector_and_not_what_exceeds_its_threshold():
    rng = np.random.default_rng(0)
    train = np.sin(np.arange(600) / 8)[:, np.newaxis] + 0.1 * rng.normal(size=(600, 1))
    # All of it is above the threshold from training, and the limit follows.
    fresh = 3 * np.sin(np.arange(1200) / 5)[:, np.newaxis] + 0.3 * rng.normal(size=(1200, 1))
    case = Case("steady", "made-up", train, [Segment(fresh, np.zeros(1200, np.int64))])
    outcome = measure.run(case, entry("SequenceDetector").make(0))
    detector = SequenceDetector(random_state=0).fit(train)
    np.testing.assert_array_equal(outcome.flags[0], detector.predict(fresh))
    assert outcome.flags[0].mean() < 0.5 < (outcome.scores[0] > detector.threshold_).mean()
