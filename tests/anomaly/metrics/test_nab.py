"""NAB's score; reference values are of the program that NAB publishes (release 1.1, nab/sweeper.py), normalized."""

import math

import numpy as np
import pytest

from anomaly.metrics.nab import NAB_PROFILES, nab_corpus_score, nab_score
from benchmarks.series.metric_references import CASES

# Scores at the threshold of `Case.flags`, and at the best threshold, by profile.
REFERENCES = {
    "events at both ends, buffers that meet": {
        "standard": (30.7320852243, 73.0882105747),
        "reward_low_FP_rate": (-12.2594512173, 72.4527994835),
        "reward_low_FN_rate": (45.4880568162, 73.7254737165),
    },
    "fewer steps than thresholds, two levels": {
        "standard": (30.1067311929, 30.1067311929),
        "reward_low_FP_rate": (-39.7865376142, 0.0),
        "reward_low_FN_rate": (53.4044874619, 53.4044874619),
    },
    "long buffers, many events": {
        "standard": (-6.0149296659, 42.5839434186),
        "reward_low_FP_rate": (-41.5149296659, 4.0839434186),
        "reward_low_FN_rate": (8.1112590106, 61.7226289458),
    },
    "no buffer": {
        "standard": (73.0156453117, 100.0),
        "reward_low_FP_rate": (46.0312906234, 100.0),
        "reward_low_FN_rate": (82.0104302078, 100.0),
    },
}


def sigmoid(position):
    return 2 / (1 + math.exp(5 * position)) - 1


@pytest.mark.parametrize("profile", NAB_PROFILES)
@pytest.mark.parametrize("name", REFERENCES)
def test_scores_are_those_of_the_published_program(name, profile):
    case = CASES[name]
    result = nab_score(case.truth, case.scores, case.scores[case.flags == 1].min() - 1e-6, profile)
    assert (result.score, result.best_score) == pytest.approx(REFERENCES[name][profile], abs=1e-9)


def test_the_best_threshold_has_the_best_score():
    case = CASES["long buffers, many events"]
    best = nab_score(case.truth, case.scores)
    assert best.score == best.best_score
    assert best.threshold == best.best_threshold
    assert nab_score(case.truth, case.scores, best.best_threshold).score == best.best_score
    every = [nab_score(case.truth, case.scores, t).score for t in np.unique(case.scores)]
    assert best.best_score == pytest.approx(max(every))


WINDOW = np.array([0] * 40 + [1] * 20 + [0] * 140)
"""One window of twenty rows; the first thirty of all rows are in probation."""


def flagged(*rows):
    scores = np.zeros(len(WINDOW))
    scores[list(rows)] = 1.0
    return nab_score(WINDOW, scores, 0.5)


def test_rows_by_hand():
    assert flagged().score == 0.0
    assert flagged(40).score == pytest.approx(100)
    # The last row of a window of 20: its right edge is one row away.
    assert flagged(59).score == pytest.approx(50 * (1 + (2 / (1 + math.exp(-5 / 20)) - 1) / sigmoid(-1)))
    # Only the earliest row of a window counts.
    assert flagged(45, 50, 59).score == flagged(45).score
    # One row behind the window is nearly free, three widths behind and before the window it is not.
    assert flagged(40, 60).score == pytest.approx(100 + 50 * 0.11 * sigmoid(1 / 19))
    assert flagged(40, 59 + 57).score == flagged(35, 40).score == pytest.approx(100 - 50 * 0.11)
    assert flagged(40, 59 + 56).score > flagged(40, 59 + 57).score


def test_probation_ends_with_15_percent_or_750_rows():
    assert flagged(29, 40).score == pytest.approx(100)
    assert flagged(30, 40).score < 100
    truth, scores = np.zeros(10_000, int), np.zeros(10_000)
    truth[5000:5100] = scores[5000] = 1
    for row, counts in ((749, False), (750, True)):
        false = scores.copy()
        false[row] = 1
        assert (nab_score(truth, false, 0.5).score < 100) == counts


def test_profiles_weigh_misses_and_false_alarms():
    one_of_two = np.concatenate([np.zeros(100, int), WINDOW, WINDOW])
    scores = np.zeros(500)
    scores[[175, 340]] = 1
    found = {name: nab_score(one_of_two, scores, 0.5, name).score for name in NAB_PROFILES}
    false = sigmoid(16 / 19)
    # Of two windows the second is found.
    assert found["standard"] == pytest.approx(100 * (2 + 0.11 * false) / 4)
    assert found["reward_low_FP_rate"] == pytest.approx(100 * (2 + 0.22 * false) / 4)
    assert found["reward_low_FN_rate"] == pytest.approx(100 * (3 + 0.11 * false) / 6)


def test_a_window_of_one_row_has_a_score():
    truth, scores = np.zeros(100, int), np.zeros(100)
    truth[50] = scores[50] = scores[51] = 1
    assert nab_score(truth, scores, 0.5).score == pytest.approx(100 - 50 * 0.11)


def test_a_corpus_has_one_threshold():
    quiet = np.zeros(200, int), np.full(200, 0.1)
    scores = np.zeros(200)
    scores[40] = 9.0
    both = nab_corpus_score([quiet, (WINDOW, scores)])
    assert (both.score, both.n_windows) == (100.0, 1)
    assert 0.1 < both.threshold < 9.0
    assert nab_corpus_score([quiet, (WINDOW, scores)], threshold=0.05).score == pytest.approx(100 - 50 * 0.11 * 170)
    assert both.to_dict()["profile"] == "standard"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nab_score([0, 1], [0.0]), "of one length"),
        (lambda: nab_score([0] * 9, [0.0] * 9), "needs an anomalous window with rows"),
        (lambda: nab_score([1] + [0] * 99, [0.0] * 100), "rows after the first 15 %"),
        (lambda: nab_score([0, 1], [0.0, 1.0], profile="strict"), "profile must be one of 'standard'"),
        (lambda: nab_score([0, 1], [0.0, 1.0], threshold=math.nan), "threshold must be a number; found nan"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
