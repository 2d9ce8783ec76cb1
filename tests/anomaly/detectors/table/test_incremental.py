"""Incremental learning: earlier records stay normal, further ones become normal."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from anomaly import TableDetector, load_detector
from anomaly.datasets import make_correlated
from anomaly.detectors.features import FeatureSet
from anomaly.detectors.table import fitting
from anomaly.detectors.table import incremental as updating
from anomaly.detectors.table.fitting import fit_ensemble
from anomaly.detectors.table.settings import EnsembleSettings
from anomaly.errors import DataError
from anomaly.tables import as_table
from nnlite.random import seeded
from tests.anomaly.detectors.planes import planes

QUICK = {"hidden": (16,), "noise": 0.5, "random_state": 0}


def normal_records(n, seed, shift=0.0):
    return planes(n, seed, anomalies=0)[0] + shift


def test_a_stream_of_chunks_scores_about_as_well_as_one_fit():
    train, test = make_correlated(n_records=1600, contamination=0.03, random_state=1).split(0.5, random_state=0)
    records = as_table(train.columns).rows(np.random.default_rng(0).permutation(len(train.labels)))
    stream = TableDetector(random_state=0)
    for start in range(0, len(records), 200):
        stream.partial_fit(records.rows(slice(start, start + 200)))
    whole = TableDetector(random_state=0).fit(records)
    found, expected = (roc_auc_score(test.labels, d.decision_function(test.columns)) for d in (stream, whole))
    assert found > expected - 0.03
    assert stream.records_seen_ == len(stream.decision_scores_) == len(records)


@pytest.mark.parametrize("share", [0.7, 0.0])
def test_further_records_become_normal_and_earlier_ones_stay_so(share):
    detector = TableDetector(random_state=0, neighbors_share=share).fit(normal_records(500, 0))
    old, new = normal_records(300, 1), normal_records(300, 2, shift=4.0)
    anomalies = np.random.default_rng(3).permuted(normal_records(300, 3), axis=0)
    before = roc_auc_score(np.repeat([0, 1], 300), detector.decision_function(np.concatenate([old, anomalies])))
    assert np.median(detector.decision_function(new)) > 5
    for seed in range(2):
        detector.partial_fit(normal_records(250, 10 + seed, shift=4.0))
    assert np.median(detector.decision_function(new)) < 1.5
    assert np.median(detector.decision_function(old)) < 1.5
    assert detector.predict(old).mean() < 0.1
    after = roc_auc_score(np.repeat([0, 1], 300), detector.decision_function(np.concatenate([old, anomalies])))
    assert after > before - 0.05


def test_without_rehearsal_the_networks_forget(monkeypatch):
    """The same training on the new records alone."""
    old = normal_records(300, 1)
    errors = []
    for fewest in (1000, 0):
        monkeypatch.setattr(updating, "_LEAST_REHEARSED", fewest)
        detector = TableDetector(random_state=0, neighbors_share=0.0).fit(normal_records(500, 0))
        for seed in range(20):
            detector.partial_fit(normal_records(50, 10 + seed, shift=4.0))
        errors.append(np.mean(np.square(detector.model_.predict(old) - old)))
    assert errors[0] < errors[1]


def test_memory_does_not_grow(monkeypatch):
    for module in (fitting, updating):
        monkeypatch.setattr(module, "MOST_REMEMBERED", 60)
    detector = TableDetector(**QUICK, epochs=1, false_alarm_rate=0.05).fit(normal_records(100, 0))
    for seed in range(1, 6):
        detector.partial_fit(normal_records(50, seed, shift=seed))
        assert len(detector.ensemble_.memory.records) == len(detector.decision_scores_) == len(detector.labels_) == 60
        assert len(detector.calibration_scores_) == 60
    assert detector.records_seen_ == 350
    # 250 of the 350 records came later: they have their share of the memory.
    assert 25 < np.sum(~_among(detector.ensemble_.memory.records, detector, normal_records(100, 0))) < 58


def _among(records, detector, table):
    known = {row.tobytes() for row in detector.preprocessor_.transform(table)}
    return np.array([row.tobytes() in known for row in records])


def test_the_same_calls_give_the_same_bits_and_each_call_is_its_own():
    first, second = (TableDetector(**QUICK).fit(normal_records(100, 0)) for _ in range(2))
    for detector in (first, second):
        detector.partial_fit(normal_records(50, 1)).partial_fit(normal_records(50, 2))
    np.testing.assert_array_equal(first.decision_scores_, second.decision_scores_)
    threads = TableDetector(**{**QUICK, "noise": (0.2, 1.0)}, n_jobs=1).fit(normal_records(100, 0))
    more = TableDetector(**{**QUICK, "noise": (0.2, 1.0)}, n_jobs=2).fit(normal_records(100, 0))
    for detector in (threads, more):
        detector.partial_fit(normal_records(50, 1))
    np.testing.assert_array_equal(threads.decision_scores_, more.decision_scores_)


@pytest.mark.parametrize("more", [{}, {"false_alarm_rate": 0.05}, {"contamination": 0.1}])
def test_a_loaded_detector_goes_on_as_if_it_had_never_been_saved(tmp_path, more):
    detector = TableDetector(**QUICK, **more).fit(normal_records(100, 0)).partial_fit(normal_records(50, 1))
    detector.save(tmp_path / "m.npz")
    loaded = load_detector(tmp_path / "m.npz")
    assert loaded.records_seen_ == 150
    for each in (detector, loaded):
        each.partial_fit(normal_records(30, 2))
    np.testing.assert_array_equal(loaded.decision_scores_, detector.decision_scores_)
    np.testing.assert_array_equal(loaded.calibration_scores_, detector.calibration_scores_)
    assert loaded.threshold_ == detector.threshold_


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 12), min_size=1, max_size=4), st.floats(-1e6, 1e6))
def test_chunks_of_any_size_and_constant_columns_stay_finite(sizes, value):
    x = normal_records(30, 0)
    x[:, 1] = value
    detector = TableDetector(**{**QUICK, "epochs": 1}).fit(x)
    for seed, size in enumerate(sizes, start=1):
        fresh = normal_records(size, seed)
        fresh[:, 1] = value
        detector.partial_fit(fresh)
        assert np.isfinite(detector.decision_scores_).all()
        assert np.isfinite(detector.threshold_)
    assert detector.records_seen_ == 30 + sum(sizes)
    np.testing.assert_array_equal(detector.labels_, detector.decision_scores_ > detector.threshold_)


def test_the_false_alarm_rate_is_kept_as_it_learns():
    rates = []
    for seed in range(6):
        detector = TableDetector(**{**QUICK, "random_state": seed, "false_alarm_rate": 0.05}, n_jobs=1, epochs=20).fit(
            normal_records(150, 10 * seed)
        )
        for part in range(1, 4):
            detector.partial_fit(normal_records(150, 10 * seed + part))
        rates.append(detector.predict(normal_records(2000, 10 * seed + 9)).mean())
    assert 0.025 < np.mean(rates) < 0.08


def test_a_category_unseen_at_first_stays_unseen():
    rng = np.random.default_rng(0)
    detector = TableDetector(**QUICK).fit({"kind": rng.choice(["a", "b"], 80), "size": rng.normal(size=80)})
    names = detector.preprocessor_.feature_names_out_
    detector.partial_fit({"kind": ["c"] * 60, "size": rng.normal(size=60)})
    assert detector.preprocessor_.feature_names_out_ == names
    # All that is unseen looks alike: another new category is as normal now as the one that was learned.
    c, d = (detector.decision_function({"kind": [kind], "size": [0.0]}) for kind in "cd")
    np.testing.assert_array_equal(c, d)


def test_thresholds_that_do_not_follow_from_remembered_records_stay():
    x, y = planes()
    for more in ({"threshold": "best_f1"}, {"contamination": 0.1}):
        detector = TableDetector(**QUICK, **more).fit(x, y)
        before = detector.threshold_
        assert detector.partial_fit(normal_records(50, 5)).threshold_ == before
    share = TableDetector(**QUICK, contamination=0.1, trim=0.0).fit(x).partial_fit(normal_records(50, 5))
    assert share.labels_.mean() == pytest.approx(0.1, abs=0.01)


def test_the_highest_scores_are_left_out_where_fit_leaves_them_out():
    x, _ = planes()
    detector = TableDetector(**QUICK, contamination=0.1).fit(x)
    fresh = normal_records(50, 5)
    fresh[:5] += 30.0
    detector.partial_fit(fresh)
    assert not _among(detector.ensemble_.memory.records, detector, fresh[:5]).any()
    assert detector.records_seen_ == 350


def test_weights_learned_from_labels_stay():
    detector = TableDetector(**QUICK).fit(normal_records(100, 0))
    anomalies = normal_records(5, 1)
    anomalies[:, 0] += 5.0
    detector.learn_labels(anomalies, [1] * 5)
    weights = detector.column_weights_
    detector.partial_fit(normal_records(50, 2))
    np.testing.assert_array_equal(detector.column_weights_, weights)
    records = detector.ensemble_.memory.records
    np.testing.assert_array_equal(detector.decision_scores_, detector.ensemble_.scores(records))


def test_unusable_records_are_refused_and_change_nothing():
    with pytest.raises(ValueError, match="partial_fit needs remembered records.*fitted with neighbors=0"):
        TableDetector(**QUICK, neighbors=0).partial_fit(normal_records(20, 0))
    detector = TableDetector(**QUICK).partial_fit(normal_records(30, 0))
    scores = detector.decision_scores_
    with pytest.raises(DataError, match="4 features, but TablePreprocessor is expecting 5"):
        detector.partial_fit(normal_records(20, 0)[:, :4])
    with pytest.raises(DataError, match="0 sample"):
        detector.partial_fit(normal_records(20, 0)[:0])
    with pytest.raises(ValueError, match=r"other layers than hidden=\(8,\)"):
        detector.set_params(hidden=(8,)).partial_fit(normal_records(20, 0))
    with pytest.raises(ValueError, match="noise has 2 levels, but 1 networks were fitted"):
        detector.set_params(hidden=(16,), noise=(0.2, 0.5)).partial_fit(normal_records(20, 0))
    assert detector.records_seen_ == 30
    assert detector.decision_scores_ is scores


# -- warm starts -------------------------------------------------------------------------------


def test_a_warm_fit_needs_fewer_steps_for_the_same_loss():
    later = normal_records(500, 1, shift=0.1)
    cold = TableDetector(**QUICK, epochs=60).fit(later).history_["loss"]
    detector = TableDetector(**QUICK, epochs=60, warm_start=True).fit(normal_records(500, 0))
    warm = detector.fit(later).history_["loss"]
    assert len(warm) == 60
    assert np.mean(warm[:10]) < np.mean(cold[20:30])


def test_a_warm_fit_keeps_the_preprocessing_and_sets_all_else_anew():
    detector = TableDetector(**QUICK, warm_start=True).fit(normal_records(100, 0))
    preprocessor = detector.preprocessor_
    detector.fit(normal_records(80, 1, shift=2.0))
    assert detector.preprocessor_ is preprocessor
    assert detector.records_seen_ == len(detector.decision_scores_) == len(detector.ensemble_.memory.records) == 80
    anew = TableDetector(**QUICK).fit(normal_records(80, 1, shift=2.0))
    np.testing.assert_array_equal(
        detector.set_params(warm_start=False).fit(normal_records(80, 1, shift=2.0)).decision_scores_,
        anew.decision_scores_,
    )


def test_a_warm_fit_of_other_columns_or_layers_is_refused():
    detector = TableDetector(**QUICK, warm_start=True).fit({"a": range(20), "b": range(20)})
    with pytest.raises(ValueError, match="networks for the columns 'a', 'b'; found 'a', 'c'"):
        detector.fit({"a": range(20), "c": range(20)})
    with pytest.raises(ValueError, match="other layers than hidden"):
        detector.set_params(hidden=(3,)).fit({"a": range(20), "b": range(20)})


# -- updates of an ensemble --------------------------------------------------------------------


SETTINGS = EnsembleSettings.from_parameters(
    TableDetector(hidden=(8,), noise=(0.2, 1.0), epochs=2, draws=2, n_jobs=1).get_params()
)


@pytest.fixture(scope="module")
def fitted():
    x = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    return fit_ensemble(SETTINGS, x, FeatureSet(np.arange(3), 3), seed=0).ensemble


@pytest.fixture(scope="module")
def fresh():
    return np.random.default_rng(1).normal(3.0, size=(20, 3)).astype(np.float32)


def test_an_update_is_another_ensemble_of_features_alone(fitted, fresh):
    before = fitted.scores(fresh)
    updated = updating.update(fitted, SETTINGS, fresh, 60, np.random.default_rng(0))
    np.testing.assert_array_equal(fitted.scores(fresh), before)
    assert len(updated.ensemble.memory.records) == len(updated.scores) == 80
    np.testing.assert_array_equal(updated.ensemble.scores(updated.ensemble.memory.records), updated.scores)
    assert updated.ensemble.scores(fresh).mean() < before.mean()
    again = updating.update(fitted, SETTINGS, fresh, 60, np.random.default_rng(0))
    np.testing.assert_array_equal(again.scores, updated.scores)


def test_weights_learned_from_labels_survive_an_update(fitted, fresh):
    weighted = fitted.with_label_weights(np.array([0.1, 0.1, 0.4, 0.3, 0.1]), np.array([1.0, 2.0, 0.5]))
    updated = updating.update(weighted, SETTINGS, fresh, 60, np.random.default_rng(0)).ensemble
    np.testing.assert_array_equal(updated.column_weights, [1.0, 2.0, 0.5])
    np.testing.assert_array_equal(updated.member_weights, weighted.member_weights)


@pytest.mark.parametrize("count", [9, 20])
def test_calibration_scores_of_an_update_join_the_earlier_ones(fitted, fresh, count):
    fresh, known, rng = fresh[:count], np.linspace(0, 1, 60), np.random.default_rng(0)
    updated = updating.update(fitted, SETTINGS, fresh, 60, rng).ensemble
    found = updating.update_calibration(known, fitted, updated, SETTINGS, fresh, 60, rng)
    assert len(found) == 60 + count
    np.testing.assert_array_equal(found[:60], known)
    if count < 10:
        np.testing.assert_array_equal(found[60:], fitted.scores(fresh))
    else:
        assert (found[60:] >= updated.scores(fresh)).all()


def test_generators_of_updates_differ_by_the_number_of_records_seen():
    draws = [updating.generator_of_update(0, seen).integers(2**63) for seen in (60, 60, 80)]
    assert draws[0] == draws[1] != draws[2]
    with seeded(0):
        without_seed = [updating.generator_of_update(None, 60).integers(2**63) for _ in range(2)]
    assert without_seed[0] != without_seed[1]
