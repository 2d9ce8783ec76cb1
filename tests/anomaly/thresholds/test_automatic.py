"""The automatic rule over many shapes of scores; `benchmarks.quality.thresholds` prints the whole comparison."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly import TableDetector
from anomaly.thresholds import AutoThreshold, OneClassThreshold
from benchmarks.quality.score_shapes import KINDS, SHAPES, TIED, Scores

PARETO = ("Pareto 3", "Pareto 1")


def flagged(rule, *groups):
    return [float(rule.predict(group).mean()) for group in groups]


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape not in PARETO])
@pytest.mark.parametrize(("n", "seeds"), [(20, 150), (200, 60), (2000, 15)])
def test_of_normal_scores_alone_about_one_in_a_hundred_is_flagged(shape, n, seeds):
    scores = Scores(shape)
    rules = [AutoThreshold().fit(scores.sample(n, 0.0, "vague", seed)[0]) for seed in range(seeds)]
    shares = np.array([flagged(rule, scores.fresh)[0] for rule in rules])
    assert shares.mean() <= 0.0125 + 3 * shares.std() / math.sqrt(seeds)


@pytest.mark.parametrize("shape", PARETO)
def test_of_scores_with_a_pareto_tail_a_few_in_a_hundred_are_flagged(shape):
    scores = Scores(shape)
    shares = [
        flagged(AutoThreshold().fit(scores.sample(1000, 0.0, "vague", seed)[0]), scores.fresh) for seed in range(40)
    ]
    assert 0.01 < np.mean(shares) < 0.05


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape not in TIED])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.startswith("clear")])
@pytest.mark.parametrize("fraction", [0.02, 0.05, 0.1, 0.3])
def test_clear_anomalies_are_found_whatever_their_share(shape, kind, fraction):
    scores, found, false = Scores(shape), [], []
    for seed in range(10):
        normal, anomalous = scores.sample(1000, fraction, kind, seed)
        rule = AutoThreshold().fit(np.concatenate([normal, anomalous]))
        found.append(flagged(rule, anomalous))
        false.append(flagged(rule, normal))
    # By logarithms, few anomalies beyond a tail with a bound are not far enough away to be distinguished from it.
    least = {0.02: 0.4, 0.05: 0.15, 0.1: 0.8, 0.3: 0.99} if shape == "uniform" else {0.02: 0.4}
    assert np.mean(found) >= least.get(fraction, 0.95)
    assert np.mean(false) <= (0.05 if shape in PARETO else 0.01)


@pytest.mark.parametrize("seed", range(20))
def test_the_gap_is_found_on_the_scores_of_the_issue(seed):
    rng = np.random.default_rng(seed)
    normal, anomalous = np.abs(rng.normal(size=950)), 6 + 0.5 * rng.normal(size=50)
    rule = AutoThreshold().fit(np.concatenate([normal, anomalous]))
    assert flagged(rule, anomalous) == [1.0]
    assert rule.predict(normal).sum() <= 5
    normal = rng.exponential(size=900)
    for anomalous in (np.full(100, 30 * np.log(2)), 30 * np.log(2) * (1 + 0.1 * rng.normal(size=100))):
        rule = AutoThreshold().fit(np.concatenate([normal, anomalous]))
        assert flagged(rule, anomalous, normal) == [1.0, 0.0]


@pytest.mark.parametrize("shape", TIED)
@pytest.mark.parametrize("n", [100, 1000, 5000])
def test_of_tied_scores_no_more_than_one_in_a_hundred_is_flagged(shape, n):
    scores = Scores(shape)
    for seed in range(10):
        normal, _ = scores.sample(n, 0.0, "vague", seed)
        rule = AutoThreshold().fit(normal)
        assert rule.predict(normal).mean() <= 0.01


@pytest.mark.parametrize("n", [300, 1000, 3000])
def test_records_of_small_counts_are_seldom_flagged(n):
    # Distances between records of small counts: most are 0 or tie, and then the scores jump.
    rng = np.random.default_rng(n)
    rare = rng.random(n) < 0.12
    scores = np.where(rare, np.exp(rng.normal(3, 1.5, n)), rng.choice([0.8, 0.85, 0.9, 1.0, 1.1], n))
    assert AutoThreshold().fit(scores).predict(scores).mean() <= 0.01


@pytest.mark.parametrize("n", [300, 1000])
def test_a_detector_of_small_counts_seldom_flags_normal_records(n):
    flags = []
    for seed in range(4):
        x = np.random.default_rng(seed).poisson(1, (n + 2000, 3)).astype(float)
        detector = TableDetector(random_state=0).fit(x[:n])
        assert detector.labels_.mean() <= 0.01
        flags.append(detector.predict(x[n:]).mean())
    # A fresh record may be of a kind that the training records lack: of 300 records, 7 to 10 % are.
    assert np.mean(flags) < 0.045


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=60), st.floats(1e-3, 1e3))
def test_no_sample_has_half_of_its_records_flagged(scores, scale):
    scores = scale * np.array(scores)
    rule = AutoThreshold().fit(scores)
    assert np.isfinite(rule.threshold_)
    assert rule.predict(scores).mean() < 0.5


@pytest.mark.parametrize("shape", ["half normal", "log-normal 1", "normal"])
def test_the_threshold_follows_the_scale_of_the_scores(shape):
    normal, anomalous = Scores(shape).sample(500, 0.05, "clear, wide", 0)
    scores = np.concatenate([normal, anomalous])
    before = AutoThreshold().fit(scores).threshold_
    for scale in (1e-3, 7.0, 1e4):
        assert AutoThreshold().fit(scale * scores).threshold_ == pytest.approx(scale * before)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("spread", [0.2, 0.3])
def test_rounding_of_scores_makes_no_gap(seed, spread):
    """Detectors round scores to eleven bits: of 20,000 near one, dozens tie and the levels are far apart."""
    scores = np.exp(np.random.default_rng(seed).exponential(spread, 20_000))
    rounded = scores.astype(np.float16).astype(np.float64)
    shares = [flagged(AutoThreshold().fit(group), group)[0] for group in (scores, rounded)]
    assert shares[1] == pytest.approx(shares[0], abs=0.01)


def test_a_gap_above_rounded_scores_is_found():
    rng = np.random.default_rng(0)
    normal, anomalous = np.exp(rng.exponential(0.3, 18_000)), np.exp(rng.normal(5.0, 0.1, 2_000))
    normal, anomalous = (group.astype(np.float16).astype(np.float64) for group in (normal, anomalous))
    rule = AutoThreshold().fit(np.concatenate([normal, anomalous]))
    assert flagged(rule, anomalous) == [1.0]
    assert flagged(rule, normal)[0] < 0.03


@pytest.mark.parametrize("share", [0.1, 0.25, 0.33])
def test_a_group_of_normal_records_is_no_anomaly_where_all_are_normal(share):
    rng = np.random.default_rng(0)
    scores = np.exp(np.r_[0.2 * rng.normal(size=2000), 1.5 + 0.1 * rng.normal(size=int(2000 * share / (1 - share)))])
    assert AutoThreshold().fit(scores).predict(scores).mean() == pytest.approx(share, abs=0.01)
    assert OneClassThreshold().fit(scores).predict(scores).mean() <= 0.02
    # Without groups both are the same.
    assert OneClassThreshold().fit(scores[:2000]).threshold_ == AutoThreshold().fit(scores[:2000]).threshold_
