import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import precision_recall_curve

from anomaly import thresholds
from anomaly.errors import FewRecordsWarning
from anomaly.thresholds import (
    AutoThreshold,
    BestF1Threshold,
    FixedThreshold,
    IQRThreshold,
    MADThreshold,
    PeaksOverThreshold,
    PrecisionThreshold,
    QuantileThreshold,
    RecallThreshold,
    SigmaThreshold,
    fit_generalized_pareto,
)

RULES = [
    QuantileThreshold(0.1),
    SigmaThreshold(),
    MADThreshold(),
    MADThreshold(log=True),
    IQRThreshold(),
    PeaksOverThreshold(),
    AutoThreshold(),
]
# Few scores are the point of some tests; that they are few is tested where the warning comes from.
few = pytest.mark.filterwarnings("ignore::anomaly.errors.FewRecordsWarning")
some_scores = st.lists(st.floats(0, 1e6), min_size=1, max_size=60)


def lognormal(n, seed=0, spread=1.0):
    return np.exp(spread * np.random.default_rng(seed).normal(size=n))


@given(scores=some_scores, fraction=st.floats(0.01, 0.5))
def test_the_quantile_flags_the_fraction_and_never_more(scores, fraction):
    flagged = QuantileThreshold(fraction).fit(scores).predict(scores).sum()
    assert flagged <= np.ceil(fraction * len(scores))
    if len(set(scores)) == len(scores):
        assert abs(flagged - fraction * len(scores)) <= 0.5 + 1e-9


@few
@pytest.mark.parametrize("rule", RULES, ids=repr)
@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_the_scores_does_not_matter(rule, seed):
    rng = np.random.default_rng(seed)
    scores = np.concatenate([rng.gamma(2, size=400), rng.gamma(2, size=20) + 8])
    expected = rule.fit(scores).threshold_
    for mixed in (rng.permutation(scores), np.sort(scores), np.sort(scores)[::-1]):
        assert rule.fit(mixed).threshold_ == pytest.approx(expected, rel=1e-9)


@few
@pytest.mark.parametrize("rule", RULES, ids=repr)
@pytest.mark.parametrize("far", [50.0, 1e3, 1e6, 1e12])
def test_a_far_score_is_flagged_however_far_it_is(rule, far):
    rng = np.random.default_rng(0)
    scores = np.concatenate([rng.gamma(2, size=2000), [far]])
    assert rule.fit(scores).predict(scores)[-1] == 1


@pytest.mark.parametrize("rule", [SigmaThreshold(), MADThreshold(), IQRThreshold(), QuantileThreshold(0.1)])
@given(scale=st.floats(0.01, 100), shift=st.floats(-100, 100))
def test_the_threshold_moves_with_the_scores(rule, scale, shift):
    scores = np.random.default_rng(0).normal(size=50)
    before = rule.fit(scores).threshold_
    assert rule.fit(scale * scores + shift).threshold_ == pytest.approx(scale * before + shift, rel=1e-6, abs=1e-6)


@few
@pytest.mark.parametrize("rule", [MADThreshold(log=True), AutoThreshold(), PeaksOverThreshold()])
@given(scale=st.floats(1e-6, 1e6))
def test_the_threshold_scales_with_positive_scores(rule, scale):
    scores = lognormal(200)
    before = rule.fit(scores).threshold_
    assert rule.fit(scale * scores).threshold_ == pytest.approx(scale * before, rel=1e-4)


@few
@pytest.mark.parametrize("rule", RULES)
@given(scores=some_scores)
def test_any_scores_give_a_finite_threshold(rule, scores):
    assert np.isfinite(rule.fit(scores).threshold_)


@few
@pytest.mark.parametrize("rule", RULES)
def test_equal_scores_are_all_normal(rule):
    for scores in ([3.0], [3.0] * 20, [0.0] * 20):
        assert not rule.fit(scores).predict(scores).any()


@few
@pytest.mark.parametrize("rule", RULES)
@given(score=st.floats(-1e6, 1e6), n=st.integers(1, 60))
def test_no_rounding_puts_the_threshold_below_equal_scores(rule, score, n):
    score = abs(score) if getattr(rule, "log", False) else score
    assert rule.fit([score] * n).threshold_ == score


@pytest.mark.parametrize("rule", [SigmaThreshold(), MADThreshold(), MADThreshold(log=True), AutoThreshold()])
def test_scores_that_differ_by_rounding_are_equal(rule):
    for score in (0.3, 7.7, 1234.1):
        scores = [score] * 7 + [np.nextafter(score, np.inf)] * 5
        assert not rule.fit(scores).predict(scores).any()


def test_thresholds_by_their_formulas():
    scores = np.random.default_rng(1).normal(size=101)
    assert SigmaThreshold(2).fit(scores).threshold_ == pytest.approx(scores.mean() + 2 * scores.std())
    mad = stats.median_abs_deviation(scores, scale="normal")
    assert MADThreshold(2).fit(scores).threshold_ == pytest.approx(np.median(scores) + 2 * mad)
    q1, q3 = np.percentile(scores, [25, 75])
    assert IQRThreshold(2).fit(scores).threshold_ == pytest.approx(q3 + 2 * (q3 - q1))


def test_mad_where_most_scores_are_equal():
    scores = [1.0] * 9 + [2.0]
    assert MADThreshold(1.0).fit(scores).threshold_ == pytest.approx(1 + 1.2533 * 0.1, rel=1e-3)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("fraction", [0.0, 0.005, 0.05, 0.2, 0.3])
def test_auto_finds_separated_anomalies_and_spares_normal_records(seed, fraction):
    normal = lognormal(2000, seed, spread=0.5)
    anomalies = np.full(int(fraction * 2000), 100.0)
    flags = AutoThreshold().fit(np.r_[normal, anomalies]).predict(np.r_[normal, anomalies])
    assert flags[:2000].mean() <= 0.011
    assert flags[2000:].all()


def test_auto_takes_negative_scores():
    scores = np.random.default_rng(0).normal(size=1000)
    assert 0 < AutoThreshold().fit(scores).predict(scores).mean() < 0.02


@pytest.mark.parametrize("shape", [-0.2, 0.0, 0.3, 0.8])
def test_the_tail_is_fitted_as_scipy_fits_it(shape):
    excesses = stats.genpareto(shape, scale=2.0).rvs(2000, random_state=1)
    expected_shape, _, expected_scale = stats.genpareto.fit(excesses, floc=0)
    found_shape, found_scale = fit_generalized_pareto(excesses)
    assert found_shape == pytest.approx(expected_shape, abs=0.01)
    assert found_scale == pytest.approx(expected_scale, rel=0.02)


@pytest.mark.parametrize("law", [stats.expon(), stats.norm(), stats.gamma(2), stats.lognorm(0.5), stats.uniform()])
def test_peaks_over_threshold_keep_their_probability_on_fresh_scores(law):
    rates = []
    for seed in range(10):
        fitted = PeaksOverThreshold(1e-3).fit(law.rvs(5000, random_state=seed))
        rates.append(law.sf(fitted.threshold_))
    assert 0.5e-3 < np.mean(rates) < 2e-3


@pytest.mark.parametrize("law", [stats.expon(), stats.halfnorm(), stats.lognorm(1), stats.pareto(3), stats.pareto(1)])
@pytest.mark.parametrize(("n", "probability", "most"), [(200, 0.05, 1.25), (200, 0.005, 1.9), (200, 1e-4, 1.3)])
@few
def test_peaks_over_threshold_exceed_their_probability_no_more_than_is_said(law, n, probability, most):
    # Shapes fitted to ten scores and continued to 1 / (50 n) were exceeded 29 to 50 times too often.
    chances = [law.sf(PeaksOverThreshold(probability).fit(law.rvs(n, random_state=s)).threshold_) for s in range(100)]
    # One in 10,000 is more than 200 scores can tell: the tail is continued to one in 2,010.
    asked = max(probability, 1 / (10 * (n + 1)))
    assert np.mean(chances) <= most * asked + 3 * np.std(chances) / 10


def test_peaks_over_threshold_warn_where_scores_are_too_few():
    with pytest.warns(
        FewRecordsWarning, match=r"false_alarm_probability=0\.0001 cannot be promised by 200 scores"
    ) as found:
        PeaksOverThreshold(1e-4).fit(lognormal(200))
    assert found[0].filename == __file__


def test_a_frequent_alarm_is_a_plain_quantile():
    scores = np.arange(1000.0)
    assert PeaksOverThreshold(0.1).fit(scores).threshold_ == pytest.approx(np.quantile(scores, 0.9))


@given(st.integers(0, 1000))
def test_best_f1_is_as_good_as_any_threshold(seed):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, 20)
    y[:2] = [0, 1]
    scores = rng.integers(0, 6, 20).astype(float)

    def f1(threshold):
        flags = scores > threshold
        return 2 * (flags & (y == 1)).sum() / (flags.sum() + y.sum())

    best = BestF1Threshold().fit(scores, y).threshold_
    assert f1(best) == pytest.approx(max(f1(t) for t in np.arange(-0.5, 6)))


@st.composite
def labelled_scores(draw):
    """Few records with many ties, of both kinds."""
    labels = [0, 1, *draw(st.lists(st.integers(0, 1), max_size=18))]
    scores = draw(st.lists(st.integers(-3, 3).map(float), min_size=len(labels), max_size=len(labels)))
    return np.array(labels), np.array(scores)


def precision_and_recall(y, flags):
    hits = (flags & (y == 1)).sum()
    return hits / max(flags.sum(), 1), hits / y.sum()


@given(data=labelled_scores(), target=st.sampled_from([0.1, 0.25, 0.5, 0.6, 0.75, 0.9, 1.0]))
def test_the_precision_is_reached_with_the_largest_recall(data, target):
    y, scores = data
    # Between whole numbers lies every threshold that flags something else.
    good = [t for t in np.arange(-3.5, 3) if precision_and_recall(y, scores > t)[0] >= target]
    if not good:
        with pytest.raises(ValueError, match="no threshold has a precision of"):
            PrecisionThreshold(target).fit(scores, y)
        return
    rule = PrecisionThreshold(target).fit(scores, y)
    np.testing.assert_array_equal(rule.predict(scores), scores > min(good))
    precision, recall, _ = precision_recall_curve(y, scores)
    found = precision_and_recall(y, scores > rule.threshold_)
    assert found[0] >= target
    assert found[1] == max(r for p, r in zip(precision[:-1], recall[:-1], strict=True) if p >= target)


@given(data=labelled_scores(), target=st.sampled_from([0.1, 0.25, 0.5, 0.6, 0.75, 0.9, 1.0]))
def test_the_recall_is_reached_with_the_fewest_flags(data, target):
    y, scores = data
    good = [t for t in np.arange(-3.5, 3) if precision_and_recall(y, scores > t)[1] >= target]
    rule = RecallThreshold(target).fit(scores, y)
    np.testing.assert_array_equal(rule.predict(scores), scores > max(good))
    _, recall, levels = precision_recall_curve(y, scores)
    assert scores[rule.predict(scores) == 1].min() == levels[recall[:-1] >= target].max()


@given(data=labelled_scores(), scale=st.floats(0.01, 100))
def test_labelled_rules_flag_the_same_records_on_any_scale(data, scale):
    y, scores = data
    for rule in (BestF1Threshold(), RecallThreshold(0.5), PrecisionThreshold(0.05)):
        before = rule.fit(scores, y).predict(scores)
        np.testing.assert_array_equal(rule.fit(scale * scores, y).predict(scale * scores), before)


def test_the_error_names_the_highest_precision():
    with pytest.raises(ValueError, match=r"precision of 0\.9 .* the highest is 0\.6667, with a recall of 1\."):
        PrecisionThreshold().fit([1.0, 2.0, 2.0, 2.0], [0, 0, 1, 1])


def test_adjacent_floats_are_separated():
    low, high = 1.0, np.nextafter(1.0, 2.0)
    for rule in (BestF1Threshold(), PrecisionThreshold(), RecallThreshold()):
        assert rule.fit([low, high], [0, 1]).predict([low, high]).tolist() == [0, 1]


def test_names_numbers_and_configurations():
    for name in ("auto", "quantile", "sigma", "mad", "iqr", "pot", "declustered", "best_f1", "precision", "recall"):
        rule = thresholds.get(name)
        copy = thresholds.from_config(type(rule).__name__, rule.get_config())
        assert repr(copy) == repr(rule)
        assert rule.needs_labels == (name in ("best_f1", "precision", "recall"))
    assert thresholds.get("precision:0.25").target == 0.25
    assert thresholds.get("recall:1").target == 1
    assert thresholds.get(2).fit([1.0]).threshold_ == 2
    assert thresholds.get(RULES[0]) is RULES[0]
    assert thresholds.from_config("FixedThreshold", {"value": 2.0}).value == 2


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: QuantileThreshold(0.6),
            "Threshold: contamination must be a number above 0 and at most 0.5; found 0.6",
        ),
        (lambda: SigmaThreshold(-1), "SigmaThreshold: k must be a number of at least 0; found -1"),
        (lambda: IQRThreshold("3"), "IQRThreshold: k must be a number of at least 0; found '3'"),
        (lambda: MADThreshold(np.inf), "MADThreshold: k must be a number of at least 0; found inf"),
        (lambda: FixedThreshold(np.nan), "FixedThreshold: value must be a finite number; found nan"),
        (lambda: PeaksOverThreshold(0), "false_alarm_probability must be a number above 0 and below 1; found 0"),
        (lambda: PeaksOverThreshold(initial_quantile=0.2), "quantile must be a number of at least 0.5 and below 1"),
        (lambda: MADThreshold(log=True).fit([-1.0, 2.0]), "at least 0; found -1"),
        (lambda: SigmaThreshold().fit([]), r"scores must be finite numbers, at least one; found shape \(0,\)"),
        (lambda: SigmaThreshold().fit([[1.0]]), r"scores must have 1 dimension\(s\); found shape \(1, 1\)"),
        (lambda: SigmaThreshold().fit([1.0, np.nan]), "scores must be finite numbers; found nan at position 1"),
        (lambda: BestF1Threshold().fit([1.0]), "needs labels"),
        (lambda: BestF1Threshold().fit([1.0, 2.0], [0, 0]), "found normal records alone"),
        (lambda: PrecisionThreshold(0), "target must be a number above 0 and at most 1; found 0"),
        (lambda: RecallThreshold(1.5), "target must be a number above 0 and at most 1; found 1.5"),
        (lambda: RecallThreshold("0.9"), "found '0.9'"),
        (lambda: RecallThreshold().fit([1.0]), "needs labels"),
        (lambda: PrecisionThreshold().fit([1.0, 2.0], [1, 1]), "found anomalies alone"),
        (lambda: RecallThreshold().fit([1.0, 2.0], [1, 2]), "must hold 0 for normal records"),
        (lambda: RecallThreshold().fit([1.0, 2.0], [0, 1, 1]), "of one length"),
        (lambda: thresholds.get("recall:"), "must be a number, such as 'recall:0.9'"),
        (lambda: thresholds.get("precision:nan"), "target must be a number above 0 and at most 1; found nan"),
        (lambda: thresholds.get("sigma:2"), "found 'sigma:2'"),
        (lambda: thresholds.get("nope"), "found 'nope'"),
        (lambda: thresholds.get(True), "found True"),
        (lambda: thresholds.from_config("Evil", {}), "unknown threshold 'Evil'"),
    ],
)
def test_what_cannot_be_done_is_said(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("rule", "n", "y", "message"),
    [
        (AutoThreshold(), 9, None, "9 records are too few .* one normal record in 10 .* at least 10 records"),
        (AutoThreshold(), 10, None, None),
        (QuantileThreshold(0.1), 4, None, r"contamination of 0\.1 is less than half of one of 4 records.* at least 5"),
        (QuantileThreshold(0.1), 5, None, None),
        (BestF1Threshold(), 20, [1] * 4 + [0] * 16, "4 labelled anomalies are few for BestF1Threshold.* by 25% and"),
        (RecallThreshold(), 20, [1] * 18 + [0] * 2, "2 labelled normal records are few for RecallThreshold"),
        (BestF1Threshold(), 20, [1] * 5 + [0] * 15, None),
        # Without labels of a class `fit` raises an error.
        (BestF1Threshold(), 20, [0] * 20, None),
        (MADThreshold(), 2, None, None),
    ],
)
def test_what_is_too_little_is_said(rule, n, y, message):
    found = rule.shortage(n, y)
    assert found is None if message is None else re.search(message, found)
