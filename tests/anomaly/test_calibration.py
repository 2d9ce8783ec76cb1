import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anomaly import TableDetector, load_detector
from anomaly.calibration import (
    anomaly_probability,
    benjamini_hochberg,
    conformal_threshold,
    p_values,
    prediction_confidence,
)
from anomaly.errors import FewRecordsWarning

few = pytest.mark.filterwarnings("ignore::anomaly.errors.FewRecordsWarning")
SCORES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50)


@settings(deadline=None)
@given(SCORES, SCORES)
def test_p_values_fall_with_the_score_and_count_the_reference(reference, scores):
    p = p_values(reference, scores)
    n = len(reference)
    expected = [(1 + sum(r >= s for r in reference)) / (n + 1) for s in scores]
    np.testing.assert_allclose(p, expected)
    assert (np.diff(p[np.argsort(scores)]) <= 0).all()


@few
@pytest.mark.parametrize(("n", "rate"), [(199, 0.01), (500, 0.01), (60, 0.01), (40, 0.05), (1000, 0.001)])
def test_the_threshold_keeps_the_rate_over_many_seeds(n, rate):
    found = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        threshold = conformal_threshold(rng.gamma(2.0, size=n), rate)
        found.append((rng.gamma(2.0, size=5000) > threshold).mean())
    assert 0.5 * rate < np.mean(found) < 1.5 * rate


@few
@settings(deadline=None)
@given(SCORES, st.floats(0.05, 0.9))
def test_the_threshold_and_p_values_agree(reference, rate):
    threshold = conformal_threshold(reference, rate)
    above = np.nextafter(threshold, np.inf)
    if 1 / (len(reference) + 1) <= rate:
        assert p_values(reference, [above])[0] <= rate + 1e-12


@pytest.mark.parametrize("fraction", [0.0, 0.1, 0.5])
def test_few_of_the_flagged_records_are_normal(fraction):
    wrong, power = [], []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        anomalous = np.arange(400) < 400 * fraction
        p = p_values(rng.normal(size=2000), rng.normal(size=400) + 4 * anomalous)
        flags = benjamini_hochberg(p, 0.1)
        wrong.append((flags & ~anomalous).sum() / max(flags.sum(), 1))
        power.append(flags[anomalous].mean() if fraction else 1.0)
    assert np.mean(wrong) < 0.12
    assert np.mean(power) > 0.6


def test_benjamini_hochberg_as_in_the_paper():
    # The example of Benjamini & Hochberg (1995), section 3.1: at 0.05 four of fifteen are rejected.
    p = [
        0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
        0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000,
    ]  # fmt: skip
    assert benjamini_hochberg(p, 0.05).sum() == 4
    assert benjamini_hochberg([], 0.05).tolist() == []


def test_of_no_scores_there_is_nothing_to_return():
    assert p_values([1.0], []).tolist() == []
    assert anomaly_probability([]).tolist() == []
    assert prediction_confidence([1.0], [], 0.5).tolist() == []


def test_bad_values_are_refused():
    with pytest.raises(ValueError, match=r"reference must be finite numbers, at least one; found shape \(0,\)"):
        p_values([], [1.0])
    with pytest.raises(ValueError, match="scores must be finite numbers; found nan at position 0"):
        p_values([1.0], [np.nan])
    with pytest.raises(ValueError, match="false_alarm_rate must be a number above 0 and below 1; found 0.0"):
        conformal_threshold([1.0], 0.0)
    with pytest.raises(ValueError, match="p must hold probabilities from 0 to 1"):
        benjamini_hochberg([2.0])
    with pytest.raises(ValueError, match="n_reference must be a whole number of at least 1; found 0"):
        anomaly_probability([0.5], n_reference=0)


def blobs(n, seed):
    rng = np.random.default_rng(seed)
    centers = np.random.default_rng(7).normal(size=(3, 6)) * 4
    return centers[rng.integers(3, size=n)] + rng.normal(size=(n, 6))


def test_a_detector_keeps_its_false_alarm_rate():
    found = []
    for seed in range(12):
        detector = TableDetector(hidden=(16,), false_alarm_rate=0.05, random_state=seed).fit(blobs(200, seed))
        found.append(detector.predict(blobs(2000, 1000 + seed)).mean())
    assert 0.025 < np.mean(found) < 0.075


def test_p_values_of_a_detector_are_uniform_on_fresh_records():
    detector = TableDetector(hidden=(16,), false_alarm_rate=0.01, random_state=0).fit(blobs(400, 0))
    p = detector.p_values(blobs(2000, 1))
    np.testing.assert_allclose(np.quantile(p, [0.1, 0.5, 0.9]), [0.1, 0.5, 0.9], atol=0.06)
    assert detector.p_values(np.full((1, 6), 1e3))[0] == pytest.approx(1 / 401)


def test_calibration_is_saved(tmp_path):
    detector = TableDetector(hidden=(4,), epochs=2, false_alarm_rate=0.1, random_state=0).fit(blobs(50, 0))
    detector.save(tmp_path / "d.npz")
    loaded = load_detector(tmp_path / "d.npz")
    x = blobs(20, 1)
    np.testing.assert_array_equal(loaded.p_values(x), detector.p_values(x))
    np.testing.assert_array_equal(loaded.predict(x), detector.predict(x))


@pytest.mark.all_folds
def test_a_rate_needs_records_to_hold_out():
    with pytest.raises(ValueError, match="at least 10 records; found 5"):
        TableDetector(false_alarm_rate=0.1).fit(blobs(5, 0))
    with pytest.raises(ValueError, match="false_alarm_rate must be None or a number above 0 and below 1; found 2"):
        TableDetector(false_alarm_rate=2).fit(blobs(50, 0))


@pytest.mark.parametrize("prior", [0.02, 0.1, 0.5])
def test_probabilities_come_true(prior):
    # Anomalies whose p-values are as assumed; the reference scores are known only by a sample.
    said, true = [], []
    for seed in range(50):
        rng = np.random.default_rng(seed)
        anomalous = rng.random(2000) < prior
        chances = np.where(anomalous, rng.random(2000) ** (1 / 0.3), rng.random(2000))
        p = p_values(-np.log(rng.random(3000)), -np.log(chances))
        said.append(anomaly_probability(p, prior, 3000))
        true.append(anomalous)
    said, true = np.concatenate(said), np.concatenate(true)
    for low, high in ((0, 0.1), (0.1, 0.3), (0.3, 0.6), (0.6, 1)):
        here = (said >= low) & (said < high)
        if here.sum() > 500:
            assert true[here].mean() == pytest.approx(said[here].mean(), abs=0.05)


@given(st.lists(st.floats(1e-6, 1), min_size=2, max_size=30), st.floats(0.01, 0.99))
def test_probabilities_fall_with_p_and_stay_between_0_and_1(p, prior):
    chances = anomaly_probability(p, prior)
    assert ((chances > 0) & (chances < 1)).all()
    assert (np.diff(chances[np.argsort(p)]) <= 0).all()


@pytest.mark.parametrize(("p", "prior"), [([0.0], 0.1), ([1.5], 0.1), ([0.5], 0.0), ([0.5], 1.0), ([0.5], True)])
def test_probabilities_refuse_other_numbers(p, prior):
    with pytest.raises(ValueError, match="must"):
        anomaly_probability(p, prior)


def test_a_detector_tells_probabilities():
    x = np.random.default_rng(0).normal(size=(300, 3))
    detector = TableDetector(hidden=(8,), contamination=0.1, random_state=0).fit(x)
    found = detector.predict_proba(x)
    np.testing.assert_allclose(found[:, 1], anomaly_probability(detector.p_values(x), 0.1, 300))
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert (detector.predict_proba(x, prior=0.3)[:, 1] > found[:, 1]).all()


def test_too_few_scores_for_a_rate_are_said():
    with pytest.warns(FewRecordsWarning, match=r"0\.001 cannot be promised by 100 scores, only 0\.0099 or more.*999"):
        conformal_threshold(np.arange(1.0, 101.0), 0.001)
    # The smallest rate that 99 scores can promise is promised in silence: warnings are errors here.
    assert conformal_threshold(np.arange(1.0, 100.0), 0.01) == 99.0


def test_a_detector_with_too_few_records_for_its_rate_warns():
    with pytest.warns(FewRecordsWarning, match=r"false_alarm_rate=0\.001 .* 60 scores"):
        TableDetector(hidden=(4,), epochs=2, false_alarm_rate=0.001, random_state=0).fit(blobs(60, 0))


def test_probabilities_come_true_where_a_score_beyond_all_reference_scores_is_common():
    said, true = [], []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        anomalous = rng.random(500) < 0.1
        chances = np.where(anomalous, rng.random(500) ** (1 / 0.3), rng.random(500))
        said.append(anomaly_probability(p_values(-np.log(rng.random(50)), -np.log(chances)), 0.1, 50))
        true.append(anomalous)
    said, true = np.concatenate(said), np.concatenate(true)
    for value in np.unique(said.round(9))[-2:]:
        here = np.isclose(said, value)
        assert true[here].mean() == pytest.approx(value, abs=0.03)


def test_probabilities_fall_as_p_values_rise():
    p = np.arange(1, 101) / 100
    assert (np.diff(anomaly_probability(p, 0.1, 99)) < 0).all()
    # p-values that were rounded are taken for what they stand for.
    np.testing.assert_allclose(anomaly_probability(p - 1e-12, 0.1, 99), anomaly_probability(p, 0.1, 99))


# PyOD 3.6.7: a detector whose scores are its input, fitted on 0, 1, ..., n - 1 with the given contamination.
OF_PYOD = [
    (
        20,
        17.1,
        [-1.0, 10.0, 16.0, 17.5, 18.0, 19.0, 40.0],
        [1.0, 0.999903987911, 0.901610204884, 0.221560273689, 0.445930884072, 0.770010841998, 0.770010841998],
    ),
    (
        50,
        39.2,
        [-1.0, 12.5, 25.0, 40.0, 44.5, 45.0, 47.5, 49.0],
        [1.0, 1.0, 0.999990543242, 0.498405720033, 0.94296343083, 0.980806634926, 0.999502802069, 0.99999996483],
    ),
    (
        200,
        189.05,
        [50.0, 160.0, 179.5, 180.0, 190.0, 199.0, 400.0],
        [1.0, 0.999999999665, 0.997896823207, 0.995993677881, 0.467479579943, 0.99999991549, 0.99999991549],
    ),
]


@pytest.mark.parametrize(("n", "threshold", "scores", "expected"), OF_PYOD)
def test_confidence_is_that_of_pyod(n, threshold, scores, expected):
    np.testing.assert_allclose(prediction_confidence(np.arange(n), scores, threshold), expected, rtol=0, atol=1e-11)


@settings(deadline=None)
@given(SCORES, SCORES, st.floats(-1e6, 1e6))
def test_confidence_is_a_sum_of_binomial_probabilities(reference, scores, threshold):
    n = len(reference)
    k = min(sum(r <= threshold for r in reference), n - 1)
    for score, found in zip(scores, prediction_confidence(reference, scores, threshold), strict=True):
        p = (1 + sum(r <= score for r in reference)) / (n + 2)
        anomalous = sum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k + 1, n + 1))
        assert found == pytest.approx(anomalous if score > threshold else 1 - anomalous, abs=1e-9)


def test_confidence_is_how_often_a_label_stays_when_training_records_are_drawn_anew():
    rng = np.random.default_rng(0)
    levels = np.array([0.5, 0.86, 0.88, 0.91, 0.93, 0.99])
    # A reference sample whose ranks are those of the distribution itself, so that p(s) is exact but for 1 / n.
    reference = (np.arange(400) + 0.5) / 400
    threshold = reference[359]
    # Above the fresh threshold are the scores with more than 360 of 400 fresh ones at or below them.
    again = np.sort(rng.random((20_000, 400)), axis=1)[:, 360]
    stays = ((levels > again[:, np.newaxis]) == (levels > threshold)).mean(axis=0)
    np.testing.assert_allclose(prediction_confidence(reference, levels, threshold), stays, atol=0.06)


def test_confidence_of_a_threshold_above_all_reference_scores():
    found = prediction_confidence(np.arange(1000), [500.0, 999.5, 5000.0], threshold=2000.0)
    assert found == pytest.approx([1.0, 1 - math.exp(-1), math.exp(-1)], abs=1e-3)


def test_confidence_of_many_records_is_quick_and_accurate():
    # P(X >= n/2) of a binomial variable is 1/2 and half of the probability of n/2.
    n = 1_000_000
    middle = prediction_confidence(np.arange(n), [n / 2 - 1], threshold=n / 2 - 2)[0]
    assert middle == pytest.approx(0.5 + 0.5 / math.sqrt(math.pi * n / 2), abs=2e-3)
