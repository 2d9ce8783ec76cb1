import warnings
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import check_grad
from scipy.optimize import minimize as scipy_minimize
from sklearn.metrics import f1_score, roc_auc_score

from anomaly import NotFittedError, TableDetector, load_detector
from anomaly.datasets import make_transactions
from anomaly.detectors.blend import Blend
from anomaly.detectors.table.label_learning import (
    LabelledContributions,
    LabelledRecords,
    _loss,
    fit_weights,
    learn_weights,
)
from anomaly.detectors.table.lbfgs import minimize
from anomaly.errors import DataError, LabelWarning
from nnlite.archive import FileFormatError

QUICK = {"hidden": (16,), "epochs": 30, "random_state": 0}


def records(n, seed, odd=()):
    """Records of six columns, of which the first is a little too large in the anomalies."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 6))
    x[list(odd), 0] = rng.normal(3.0, 0.5, size=len(odd))
    return x


@pytest.fixture(scope="module")
def train():
    return records(400, seed=0)


@pytest.fixture
def fitted(train):
    return TableDetector(**QUICK).fit(train)


@pytest.fixture(scope="module")
def anomalies():
    return records(8, seed=1, odd=range(8))


def test_a_few_labels_help_to_find_similar_anomalies(fitted, anomalies):
    test, y = records(600, seed=2, odd=range(60)), np.arange(600) < 60
    before = roc_auc_score(y, fitted.decision_function(test))
    assert fitted.learn_labels(anomalies, np.ones(8)) is fitted
    assert roc_auc_score(y, fitted.decision_function(test)) > before + 0.02
    assert fitted.column_weights_.argmax() == 0
    assert fitted.member_shares_.sum() == pytest.approx(1)


def check_agreement(detector, x):
    """Labels, explanations and p-values follow from the same scores."""
    scores = detector.decision_function(x)
    np.testing.assert_allclose(detector.explain(x).sum(axis=1), scores, rtol=1e-9)
    np.testing.assert_array_equal(detector.predict(x), scores > detector.threshold_)
    np.testing.assert_array_equal(detector.labels_, detector.decision_scores_ > detector.threshold_)
    at_least = (detector.calibration_scores_ >= scores[:, np.newaxis]).sum(axis=1)
    np.testing.assert_allclose(detector.p_values(x), (1 + at_least) / (1 + len(detector.calibration_scores_)))
    alone = np.concatenate([detector.decision_function(x[i : i + 1]) for i in range(5)])
    np.testing.assert_allclose(alone, scores[:5], rtol=1e-5)


def test_everything_agrees_afterwards(fitted, train, anomalies):
    before = fitted.decision_scores_
    fitted.learn_labels(anomalies, np.ones(8))
    np.testing.assert_array_equal(fitted.decision_function(train), fitted.decision_scores_)
    assert fitted.calibration_scores_ is fitted.decision_scores_
    assert np.median(fitted.decision_scores_) == pytest.approx(np.median(before), rel=0.05)
    check_agreement(fitted, records(50, seed=3))


def test_explanations_follow_the_weights(fitted, anomalies):
    before = fitted.explain(anomalies, normalize=True)
    after = fitted.learn_labels(anomalies, np.ones(8)).explain(anomalies, normalize=True)
    np.testing.assert_allclose(after.sum(axis=1), 1)
    assert np.median(after[:, 0]) > np.median(before[:, 0])


def test_files_keep_what_was_learned(fitted, train, anomalies, tmp_path):
    fitted.save(tmp_path / "before.npz")
    fitted.learn_labels(anomalies, np.ones(8)).save(tmp_path / "after.npz")
    loaded = load_detector(tmp_path / "after.npz")
    late = load_detector(tmp_path / "before.npz").learn_labels(anomalies, np.ones(8))
    for other in (loaded, late):
        np.testing.assert_array_equal(other.decision_function(train), fitted.decision_function(train))
        np.testing.assert_array_equal(other.explain(train[:20]), fitted.explain(train[:20]))
        np.testing.assert_array_equal(other.decision_scores_, fitted.decision_scores_)
        np.testing.assert_array_equal(other.p_values(train), fitted.p_values(train))
        assert other.threshold_ == fitted.threshold_
    with zipfile.ZipFile(tmp_path / "before.npz") as file:
        assert not [name for name in file.namelist() if name == "column_weights.npy" or "shares" in name]


def test_fitting_again_forgets_the_labels(fitted, train, anomalies):
    before = fitted.decision_function(anomalies)
    fitted.learn_labels(anomalies, np.ones(8))
    assert (fitted.decision_function(anomalies) != before).all()
    fitted.fit(train)
    assert fitted.column_weights_ is None
    np.testing.assert_array_equal(fitted.decision_function(anomalies), before)


def test_each_call_begins_anew(fitted, anomalies):
    once = fitted.learn_labels(anomalies, np.ones(8)).column_weights_
    fitted.learn_labels(records(3, seed=4), [1, 1, 0])
    again = fitted.learn_labels(anomalies, np.ones(8)).column_weights_
    np.testing.assert_array_equal(again, once)
    back = fitted.learn_labels(anomalies[::-1], np.ones(8)).column_weights_
    np.testing.assert_allclose(back, once, rtol=1e-3)


def test_false_alarms_are_learned_too(fitted, anomalies):
    """Records labelled normal that are anomalous in the second column."""
    alarms = np.roll(records(20, seed=5, odd=range(20)), 1, axis=1)
    before = fitted.learn_labels(anomalies, np.ones(8)).column_weights_
    after = fitted.learn_labels(np.concatenate([anomalies, alarms]), [1] * 8 + [0] * 20).column_weights_
    assert after[1] < before[1]
    assert after.argmax() == 0


@pytest.mark.filterwarnings("ignore::anomaly.errors.FewRecordsWarning")
def test_a_labelled_anomaly_is_no_normal_training_record(train):
    dirty = train.copy()
    dirty[:8] = records(8, seed=1, odd=range(8))
    detector = TableDetector(**QUICK).fit(dirty)
    weights = detector.learn_labels(dirty[:8], np.ones(8)).column_weights_
    assert weights.argmax() == 0
    every = TableDetector(**QUICK).fit(train[:3])
    with pytest.raises(ValueError, match="this detector remembers no others"):
        every.learn_labels(train[:3], [1, 1, 1])


def test_without_remembered_records_normal_ones_are_needed(train, anomalies):
    detector = TableDetector(**QUICK, neighbors=0).fit(train)
    with pytest.raises(ValueError, match="give some, such as the training records, with label 0"):
        detector.learn_labels(anomalies, np.ones(8))
    assert detector.column_weights_ is None
    detector.learn_labels(np.concatenate([train, anomalies]), [0] * 400 + [1] * 8)
    np.testing.assert_array_equal(detector.decision_function(train), detector.decision_scores_)
    check_agreement(detector, records(50, seed=3))


def test_a_threshold_that_needs_labels_gets_them(train, anomalies):
    x, y = np.concatenate([train, anomalies]), [0] * 400 + [1] * 8
    detector = TableDetector(**QUICK, threshold="best_f1").fit(x, y).learn_labels(anomalies, np.ones(8))
    found = f1_score(y, detector.predict(x))
    scores = detector.decision_function(x)
    assert found == pytest.approx(max(f1_score(y, scores >= level) for level in np.sort(scores)[-40:]))
    before = detector.threshold_, detector.column_weights_
    detector.threshold = "precision:1"
    with pytest.raises(ValueError, match="no threshold has a precision of 1"):
        detector.learn_labels(train[:40], [0, 1] * 20)
    assert (detector.threshold_, detector.column_weights_) == before


def test_a_false_alarm_rate_is_kept_roughly(train, anomalies, tmp_path):
    detector = TableDetector(**QUICK, false_alarm_rate=0.1).fit(train)
    fresh = records(3000, seed=6)
    assert detector.predict(fresh).mean() == pytest.approx(0.1, abs=0.05)
    detector.learn_labels(anomalies, np.ones(8))
    assert detector.predict(fresh).mean() == pytest.approx(0.1, abs=0.05)
    check_agreement(detector, fresh[:50])
    detector.save(tmp_path / "m.npz")
    np.testing.assert_array_equal(load_detector(tmp_path / "m.npz").p_values(fresh), detector.p_values(fresh))
    threshold = detector.threshold_
    assert detector.learn_labels(anomalies, np.ones(8)).threshold_ == pytest.approx(threshold)


def test_columns_of_all_kinds_have_one_weight_each():
    data = make_transactions(n_records=400, random_state=0)
    table = {name: np.asarray(values)[data.labels == 0] for name, values in data.columns.items()}
    odd = {name: np.asarray(values)[data.labels == 1] for name, values in data.columns.items()}
    detector = TableDetector(**QUICK).fit(table)
    detector.learn_labels(odd, np.ones(data.labels.sum()))
    assert detector.column_weights_.shape == (detector.n_features_in_,)
    np.testing.assert_array_equal(detector.decision_function(table), detector.decision_scores_)
    np.testing.assert_allclose(detector.explain(odd).sum(axis=1), detector.decision_function(odd))
    with pytest.raises(DataError, match="'other'"):
        detector.learn_labels({**odd, "other": odd["amount"]}, np.ones(data.labels.sum()))


def test_rare_columns_and_equal_records_do_no_harm():
    x = np.c_[np.zeros(30), np.repeat([0.0, 1.0], 15)]
    detector = TableDetector(**QUICK).fit(x)
    detector.learn_labels([[0.0, 0.0], [5.0, 0.5]], [1, 1])
    assert np.isfinite(detector.column_weights_).all()
    assert np.isfinite(detector.decision_scores_).all()


def test_evidence_against_weights_leaves_scores_as_they_were(fitted):
    """Random normal records, labelled anomalies: weights fitted to some of them do not fit the others."""
    fresh = records(300, seed=7)
    before = fitted.decision_function(fresh)
    with pytest.warns(LabelWarning, match="the 12 anomalies among the labelled records are no evidence"):
        fitted.learn_labels(records(12, seed=23), np.ones(12))
    np.testing.assert_array_equal(fitted.column_weights_, 1)
    np.testing.assert_array_equal(fitted.member_shares_, fitted.shares_)
    np.testing.assert_array_equal(fitted.decision_function(fresh), before)


def test_labelled_records_are_divided_and_no_labelled_anomaly_is_assumed_normal():
    x = np.arange(12, dtype=np.float32).reshape(4, 3)
    remembered = np.concatenate([x[:1], x[2:3] + 1])
    records = LabelledRecords.select(x, [1, 0, 1, 0], remembered)
    np.testing.assert_array_equal(records.anomalies, x[[0, 2]])
    np.testing.assert_array_equal(records.cleared, x[[1, 3]])
    np.testing.assert_array_equal(records.assumed, remembered[1:])
    both, y = records.normal_and_anomalous
    np.testing.assert_array_equal(both, np.concatenate([remembered[1:], x[[1, 3, 0, 2]]]))
    assert y.tolist() == [0, 0, 0, 1, 1]
    contributions = records.contributions(lambda x: x[:, np.newaxis].astype(float))
    assert contributions.normal.shape == (3, 1, 3)
    with pytest.raises(ValueError, match="this detector remembers no others"):
        LabelledRecords.select(x, [1, 1, 1, 1], x[:2])


def known(odd, normal):
    return LabelledContributions(odd, normal[:20], normal[20:])


def test_the_step_grows_with_the_evidence_and_stays_small_where_records_were_chosen_by_score():
    rng = np.random.default_rng(0)
    normal, blend = rng.exponential(size=(1000, 2, 8)), Blend([0.5, 0.5], [1.0, 1.0])
    odd = rng.exponential(size=(60, 2, 8))
    odd[:, :, 0] += 2.0
    assert learn_weights(known(odd, normal), blend, 1.5).step == 1.0
    assert learn_weights(known(odd[:2], normal), blend, 1.5).step == 0.2
    highest = odd[np.argsort(odd.sum(axis=(1, 2)))[-12:]]
    learned = learn_weights(known(highest, normal), blend, 1.5)
    assert learned.step == 0.25
    assert learned.columns.argmax() == 0
    assert learned.members.sum() == pytest.approx(1)


def test_the_median_normal_record_scores_as_before():
    rng = np.random.default_rng(1)
    normal, blend = rng.exponential(size=(400, 2, 5)), Blend([0.7, 0.3], [0.4, 1.2])
    odd = rng.exponential(size=(40, 2, 5)) * [4, 1, 1, 1, 1]
    learned = learn_weights(known(odd, normal), blend, 1.5)
    after = blend.with_weights(learned.members).scores(list((normal @ learned.columns).T))
    assert np.median(after) == pytest.approx(np.median(blend.scores(list(normal.sum(axis=2).T))), rel=1e-3)


def parts(seed, k=4, n=30, members=2, columns=5):
    rng = np.random.default_rng(seed)
    normal = rng.gamma(0.5, size=(n, members, columns))
    odd = rng.gamma(0.5, size=(k, members, columns)) * rng.choice([1, 4], size=columns)
    return odd, normal, np.full(n, 1 / n), Blend(np.full(members, 1 / members), rng.uniform(0.5, 1.5, size=members))


@given(seed=st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_the_gradient_is_that_of_the_loss_and_the_minimum_that_of_scipy(seed):
    loss, middle = _loss(*parts(seed), (0.5, 1.5))
    point = np.random.default_rng(seed).normal(size=8) / 2
    assert check_grad(lambda p: loss(p)[0], lambda p: loss(p)[1], point) < 1e-4
    start = np.append(np.zeros(7), middle)
    found = minimize(loss, start)
    assert np.abs(loss(found)[1]).max() < 1e-3
    assert loss(found)[0] <= scipy_minimize(loss, start, jac=True, method="L-BFGS-B").fun + 1e-5


@given(seed=st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_weights_stay_at_1_where_the_prior_is_narrow(seed):
    narrow, wide = (fit_weights(*parts(seed), (spread, spread)) for spread in (1e-3, 1.0))
    for near, far in zip(narrow, wide, strict=True):
        np.testing.assert_allclose(near, 1, atol=1e-4)
        assert np.abs(np.log(far)).max() > 10 * np.abs(np.log(near)).max()


@given(seed=st.integers(0, 1000), scale=st.floats(1e-3, 1e3))
@settings(max_examples=20, deadline=None)
def test_weights_do_not_depend_on_the_unit_of_scores(seed, scale):
    odd, normal, counts, blend = parts(seed)
    for a, b in zip(
        fit_weights(odd, normal, counts, blend, (0.5, 1.5)),
        fit_weights(scale * odd, scale * normal, counts, blend, (0.5, 1.5)),
        strict=True,
    ):
        np.testing.assert_allclose(a, b, rtol=1e-3)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([1, 0], r"y must have one label per record \(3\); found shape \(2,\)"),
        ([[1, 0, 1]], r"y must hold one label per record, shape \(n,\)"),
        ([0, 0, 0], "at least one record labelled 1"),
        ([1, -1, 0], "y must hold 0 for normal records and 1 for anomalies"),
        ([1, np.nan, 0], "found .nan."),
        (["yes", "no", "no"], "y must hold 0"),
    ],
)
def test_unusable_labels_are_refused(fitted, y, message):
    with pytest.raises(ValueError, match=message):
        fitted.learn_labels(records(3, seed=0), y)


def test_unusable_tables_and_spreads_are_refused(fitted, anomalies):
    with pytest.raises(NotFittedError, match="call fit"):
        TableDetector().learn_labels(anomalies, np.ones(8))
    with pytest.raises(ValueError, match="X has 5 features"):
        fitted.learn_labels(anomalies[:, :5], np.ones(8))
    for spread in (0, np.nan, "wide"):
        with pytest.raises(ValueError, match="spread must be a number above 0"):
            fitted.learn_labels(anomalies, np.ones(8), spread=spread)
    assert fitted.column_weights_ is None


@pytest.mark.parametrize(
    "altered",
    [{"column_weights": np.full(5, 1.0)}, {"column_weights": np.full(6, -1.0)}, {"member_shares": np.ones(4, "f4")}],
)
def test_damaged_weights_are_refused(fitted, anomalies, tmp_path, altered):
    fitted.learn_labels(anomalies, np.ones(8))
    state = fitted._state
    fitted._state = lambda: (state()[0], {**state()[1], **altered})
    fitted.save(tmp_path / "m.npz")
    with pytest.raises(FileFormatError, match="weights of"):
        load_detector(tmp_path / "m.npz")


def _counts(rng, n):
    return rng.poisson(2, (n, 6)).astype(float)


@pytest.mark.parametrize("seed", [0, 8])
@pytest.mark.parametrize("labelled", ["one kind", "copies"])
def test_labels_of_one_kind_alone_or_of_copies_do_no_harm(seed, labelled):
    # Two kinds of anomalies. Ten labels of the first alone lowered the AUROC by 0.03, copies of four by 0.01.
    rng = np.random.default_rng(seed)
    train, test = _counts(rng, 1200), _counts(rng, 800)
    y = np.zeros(800, int)
    y[:80] = 1
    test[:40, 1] += 5
    test[40:80, 3] += 4
    detector = TableDetector(epochs=20, random_state=seed).fit(train)
    before = detector.decision_function(test)
    known = np.arange(10) if labelled == "one kind" else np.repeat(np.argsort(-before)[:4], 10)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelWarning)
        detector.learn_labels(test[known], y[known])
    assert roc_auc_score(y, detector.decision_function(test)) >= roc_auc_score(y, before) - 0.01
