"""Scores of few training records come from models that were fitted without them, and hold for fresh records."""

import numpy as np
import pytest

from anomaly import AutoencoderDetector, TableDetector, VariationalDetector, load_detector
from anomaly.detectors.cross_fitting import are_few, cross_fitted_scores, folds_of
from anomaly.errors import FewRecordsWarning

pytestmark = pytest.mark.all_folds
few = pytest.mark.filterwarnings("ignore::anomaly.errors.FewRecordsWarning")
DETECTORS = {
    "table": lambda **more: TableDetector(n_jobs=1, **{"random_state": 0, **more}),
    "autoencoder": lambda **more: AutoencoderDetector(hidden=(16, 4, 16), epochs=60, **{"random_state": 0, **more}),
    "variational": lambda **more: VariationalDetector(
        hidden=(16,), latent=2, epochs=400, **{"random_state": 0, **more}
    ),
}
every_detector = pytest.mark.parametrize("make", DETECTORS.values(), ids=DETECTORS)


def factors(n, d, seed):
    """Return normal records of two factors and noise."""
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(d).normal(size=(2, d))
    return rng.normal(size=(n, 2)) @ mixing + 0.3 * rng.normal(size=(n, d))


@pytest.mark.parametrize(("n", "count"), [(500, 5), (499, 10), (10, 5), (9, 9), (3, 3)])
def test_folds_are_a_partition(n, count):
    folds = folds_of(n)
    assert len(folds) == count
    np.testing.assert_array_equal(np.sort(np.concatenate(folds)), np.arange(n))


def test_records_are_few_by_the_columns_that_have_features():
    one_hot = np.array([0, 0, 0, 2, 2])
    assert are_few(39, one_hot)
    assert not are_few(40, one_hot)
    # Without two records to learn from there are no held-out scores.
    assert not are_few(2, one_hot)
    assert are_few(3, one_hot)


def test_each_record_is_scored_once_and_no_lower_than_by_the_whole_model():
    x, left_out = np.random.default_rng(0).normal(size=40), []

    def score_without(fold):
        left_out.extend(fold.tolist())
        return x[fold]

    found = cross_fitted_scores(score_without, np.zeros(40))
    assert sorted(left_out) == list(range(40))
    np.testing.assert_array_equal(found, np.maximum(x, 0.0))


@every_detector
def test_of_fresh_normal_records_few_are_flagged(make):
    flagged = []
    for seed in range(4):
        detector = make(random_state=seed).fit(factors(60, 12, seed))
        flagged.append(detector.predict(factors(1000, 12, 100 + seed)).mean())
        assert detector.predict(factors(100, 12, 200 + seed) * 12).mean() > 0.95
    # By their own scores up to nearly all of them were.
    assert np.mean(flagged) < 0.08


@every_detector
def test_the_training_scores_of_few_records_are_held_out(make):
    x = factors(60, 12, 0)
    detector = make().fit(x)
    own = detector.decision_function(x)
    assert (detector.decision_scores_ >= own).all()
    assert (detector.decision_scores_ > own).mean() > 0.5
    assert detector.calibration_scores_ is detector.decision_scores_
    np.testing.assert_array_equal(detector.labels_, detector.decision_scores_ > detector.threshold_)
    enough = factors(240, 12, 0)
    detector = make().fit(enough)
    np.testing.assert_array_equal(detector.decision_scores_, detector.decision_function(enough))


@every_detector
def test_a_contamination_is_the_fraction_of_the_training_records_and_no_more_of_fresh_ones(make):
    detector = make(contamination=0.1).fit(factors(60, 12, 0))
    assert detector.labels_.sum() == 6
    assert detector.predict(factors(1000, 12, 1)).mean() < 0.2


@every_detector
def test_held_out_scores_survive_a_file(make, tmp_path):
    detector = make().fit(factors(40, 6, 0))
    detector.save(tmp_path / "m.npz")
    loaded = load_detector(tmp_path / "m.npz")
    for name in ("decision_scores_", "calibration_scores_", "labels_"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(detector, name))
    fresh = factors(50, 6, 1)
    for method in ("predict", "p_values", "predict_proba", "predict_confidence"):
        np.testing.assert_array_equal(getattr(loaded, method)(fresh), getattr(detector, method)(fresh))


@every_detector
def test_the_same_seed_gives_the_same_held_out_scores(make):
    one, two = (make().fit(factors(30, 6, 0)).decision_scores_ for _ in range(2))
    np.testing.assert_array_equal(one, two)


@few
@every_detector
@pytest.mark.parametrize("n", [2, 3, 5, 10])
def test_the_smallest_tables_have_a_threshold(make, n):
    for table in (factors(n, 4, 0), {"kind": ["a", "b"] * 5, "size": np.arange(10.0)}):
        x = table if isinstance(table, np.ndarray) else {name: column[:n] for name, column in table.items()}
        detector = make().fit(x)
        assert detector.decision_scores_.shape == detector.labels_.shape == (n,)
        assert np.isfinite(detector.decision_scores_).all()
        assert np.isfinite(detector.threshold_)
        assert ((detector.p_values(x) > 0) & (detector.p_values(x) <= 1)).all()


@every_detector
def test_too_few_records_for_a_threshold_are_warned_of(make):
    with pytest.warns(
        FewRecordsWarning, match="9 records are too few to tell anomalies .* one normal record in 10 "
    ) as found:
        make().fit(factors(9, 3, 0))
    assert [one.filename for one in found] == [__file__]
    with pytest.warns(FewRecordsWarning, match=r"contamination of 0\.01 is less than half of one of 30 records.* 50 "):
        make(contamination=0.01).fit(factors(30, 3, 0))
    y = np.r_[np.ones(4, int), np.zeros(26, int)]
    with pytest.warns(FewRecordsWarning, match="4 labelled anomalies are few for BestF1Threshold.* by 25% and more"):
        make(threshold="best_f1").fit(factors(30, 3, 0), y)
    # Nothing else warns, and pytest makes errors of warnings.
    make().fit(factors(10, 3, 0))
    make(contamination=0.1).fit(factors(9, 3, 0))
    make(threshold="best_f1").fit(factors(30, 3, 0), np.arange(30) < 5)
