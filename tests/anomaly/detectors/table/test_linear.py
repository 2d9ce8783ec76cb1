"""Linear regressions of each column on all others: the member, and detectors of rows in the order of time with it."""

import json
import warnings

import numpy as np
import pytest

from anomaly import TableDetector, load_detector
from anomaly.detectors.features import FeatureSet
from anomaly.detectors.table.linear import LinearRegressions, fit_regressions
from anomaly.errors import RowOrderWarning
from anomaly.metrics import roc_auc_score
from benchmarks.quality.slow_tables import make_slow_table
from nnlite.archive import dump_archive, read_archive

SMALL = {"hidden": (16,), "epochs": 20, "random_state": 0}


def records(n=400, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3)) @ np.random.default_rng(9).normal(size=(3, 6)) + 0.1 * rng.normal(size=(n, 6))
    return x.astype(np.float32)


@pytest.fixture(scope="module")
def table():
    return make_slow_table("factors", 1, 1500, 1500)


@pytest.fixture(scope="module")
def detector(table):
    with pytest.warns(RowOrderWarning):
        return TableDetector(**SMALL, false_alarm_rate=0.05).fit(table.train)


def test_residuals_are_those_of_ridge_regressions_on_the_other_columns():
    x, columns = records(), np.array([0, 1, 1, 2, 3, 3])
    member = fit_regressions(x, FeatureSet(columns, 4))
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    for column in range(4):
        own = columns == column
        covariance = z[:, ~own].T @ z[:, ~own] / len(z) + 0.01 * np.eye((~own).sum())
        expected = z[:, own] - z[:, ~own] @ np.linalg.solve(covariance, z[:, ~own].T @ z[:, own] / len(z))
        found = np.sqrt(member._errors(x, None))[:, own]
        np.testing.assert_allclose(found, np.abs(expected), atol=1e-4)


def test_scores_are_means_of_known_residuals_that_contributions_add_up_to():
    x = records()
    member, raw = fit_regressions(x, FeatureSet(np.arange(6), 6)).calibrate([(x[:300], None), (x[300:], None)])
    np.testing.assert_allclose(raw.mean(), 1, rtol=1e-5)
    np.testing.assert_array_equal(member.contributions(x).sum(axis=1), member.scores(x))
    np.testing.assert_allclose(member.scores(x[:1]), member.scores(x)[:1], rtol=1e-12)
    known = np.ones(x.shape, np.bool_)
    known[:, 2] = False
    found = member.contributions(x, known)
    assert (found[:, 2] == 0).all()
    np.testing.assert_allclose(found[:, 0] * 5, member.contributions(x)[:, 0] * 6)
    other = fit_regressions(records(seed=1), FeatureSet(np.arange(6), 6)).with_scale_of(member.with_scale(2.0, 0.5))
    assert (other.scale, other.spread) == (2.0, 0.5)
    np.testing.assert_array_equal(other.weights, member.weights)


def test_a_column_that_never_changed_and_one_that_is_a_copy_have_finite_scores():
    x = records()
    x = np.column_stack([x, x[:, 0], np.full(len(x), 7.0)]).astype(np.float32)
    member, _ = fit_regressions(x, FeatureSet(np.arange(8), 8)).calibrate([(x, None)])
    moved = np.repeat(x[:1], 3, axis=0)
    moved[1, 7], moved[2, 6] = 8.0, moved[2, 6] + 1
    usual, changed, apart = member.scores(moved)
    assert np.isfinite(member.scores(x)).all()
    assert min(changed, apart) > 50 * usual


def test_states_keep_all_and_wrong_ones_are_refused():
    x = records()
    member, _ = fit_regressions(x, FeatureSet(np.arange(6), 6)).calibrate([(x, None)])
    config, arrays = member.with_scale(2.0, 0.7).get_state()
    again = LinearRegressions.from_state(json.loads(json.dumps(config)), arrays, "m.npz")
    np.testing.assert_array_equal(again.scores(x), member.with_scale(2.0, 0.7).scores(x))
    square = arrays["coefficients"]
    wrong = [
        {"coefficients": square[:5]},
        {"coefficients": np.full_like(square, np.nan)},
        {"center": arrays["center"].astype(np.float64)},
        {"center": arrays["center"][:3]},
        {"center": np.full(6, np.inf, np.float32)},
        {"weights": -arrays["weights"]},
    ]
    for changed in wrong:
        with pytest.raises(ValueError, match=r"its (regressions|coefficients)"):
            LinearRegressions.from_state(config, arrays | changed, "m.npz")
    with pytest.raises(ValueError, match="its scale"):
        LinearRegressions.from_state(config | {"scale": 0.0}, arrays, "m.npz")


def test_rows_in_time_have_regressions_that_find_faults_of_new_states(table, detector, tmp_path):
    assert (detector.members_[-1].kind, detector.shares_[-1]) == ("linear", 0.5)
    assert sum(detector.shares_) == pytest.approx(1)
    assert "linear regressions of each column on all others, with 50% of the weight, since" in detector.describe()
    with pytest.warns(RowOrderWarning):
        without = TableDetector(**SMALL, false_alarm_rate=0.05, linear_share=0).fit(table.train)
    assert "linear regressions" not in without.describe()
    normal = table.labels == 0
    aurocs = [roc_auc_score(table.labels, one.decision_function(table.later)) for one in (detector, without)]
    assert aurocs[0] > aurocs[1] + 0.1
    assert detector.predict(table.later[normal]).mean() < 0.1
    assert detector.predict(table.later[~normal]).mean() > without.predict(table.later[~normal]).mean() + 0.1
    detector.save(tmp_path / "model.npz")
    loaded = load_detector(tmp_path / "model.npz")
    np.testing.assert_array_equal(loaded.decision_function(table.later), detector.decision_function(table.later))
    assert loaded.describe() == detector.describe()


def test_the_column_at_fault_is_named_where_only_regressions_find_it(table, detector):
    x = table.later[table.labels == 0][::30].copy()
    faulty = np.arange(len(x)) % x.shape[1]
    x[np.arange(len(x)), faulty] += 2 * table.train.std(axis=0)[faulty]
    contributions = detector.explain(x)
    np.testing.assert_allclose(contributions.sum(axis=1), detector.decision_function(x))
    assert np.mean(contributions.argmax(axis=1) == faulty) > 0.8


@pytest.mark.parametrize("records", ["prototypes", "none"])
def test_files_without_records_keep_the_regressions(table, records, tmp_path):
    with pytest.warns(RowOrderWarning):
        detector = TableDetector(**SMALL).fit(table.train)
    detector.save(tmp_path / "model.npz", records=records)
    loaded = load_detector(tmp_path / "model.npz")
    assert (loaded.members_[-1].kind, loaded.shares_[-1]) == ("linear", 0.5)
    np.testing.assert_array_equal(loaded.members_[-1].scores(table.later), detector.members_[-1].scores(table.later))
    assert np.mean(loaded.predict(table.later) == detector.predict(table.later)) > 0.9


def test_other_tables_score_without_regressions_to_the_bit(table):
    x = np.random.default_rng(0).permutation(table.train)[:300]
    with warnings.catch_warnings():
        warnings.simplefilter("error", RowOrderWarning)
        plain, given = TableDetector(**SMALL).fit(x), TableDetector(**SMALL, linear_share=0.0).fit(x)
    assert {member.kind for member in plain.members_} == {"denoiser", "neighbours", "isolation"}
    np.testing.assert_array_equal(plain.decision_function(x), given.decision_function(x))


def test_a_file_from_before_scores_as_it_did(table, tmp_path):
    with pytest.warns(RowOrderWarning):
        before = TableDetector(**SMALL, linear_share=0.0).fit(table.train)
    before.save(tmp_path / "model.npz")
    config, arrays = read_archive(tmp_path / "model.npz", "detector")
    del config["parameters"]["linear_share"]
    (tmp_path / "old.npz").write_bytes(dump_archive("detector", config, arrays))
    loaded = load_detector(tmp_path / "old.npz")
    np.testing.assert_array_equal(loaded.decision_function(table.later), before.decision_function(table.later))


def test_many_features_and_no_memory_have_none(monkeypatch, table):
    monkeypatch.setattr("anomaly.detectors.table.settings.MOST_FEATURES", 7)
    for given in ({}, {"neighbors": 0}):
        with pytest.warns(RowOrderWarning):
            detector = TableDetector(**SMALL, **given).fit(table.train)
        assert "linear" not in {member.kind for member in detector.members_}


def test_further_records_change_the_regressions(table):
    with pytest.warns(RowOrderWarning):
        detector = TableDetector(**SMALL).fit(table.train[:900])
    before = detector.members_[-1].coefficients
    detector.partial_fit(table.train[900:])
    assert detector.members_[-1].kind == "linear"
    assert not np.array_equal(detector.members_[-1].coefficients, before)
