import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from anomaly import TableDetector, load_detector
from anomaly.datasets import make_correlated
from anomaly.errors import DataError
from anomaly.thresholds import MADThreshold
from tests.anomaly.detectors.planes import QUICK, planes


def test_it_finds_records_off_the_surface(fitted):
    x, y = planes(seed=1)
    assert roc_auc_score(y, fitted.decision_function(x)) > 0.95


def test_it_finds_anomalies_among_its_own_training_records():
    x, y = planes(n=500, anomalies=15)
    detector = TableDetector(random_state=0).fit(x)
    assert roc_auc_score(y, detector.decision_scores_) > 0.9


def test_fitted_attributes(fitted):
    assert fitted.n_features_in_ == 5
    assert list(fitted.feature_names_in_) == ["x0", "x1", "x2", "x3", "x4"]
    assert fitted.decision_scores_.shape == fitted.labels_.shape == (280,)
    assert set(np.unique(fitted.labels_)) <= {0, 1}
    np.testing.assert_array_equal(fitted.labels_, fitted.decision_scores_ > fitted.threshold_)
    assert len(fitted.history_["loss"]) == QUICK["epochs"]
    assert fitted.history_["loss"][-1] < fitted.history_["loss"][0]
    assert fitted.model_.input_shape == (None, 5)


def test_a_record_scores_alone_as_it_does_among_others(fitted):
    x, _ = planes()
    alone = np.concatenate([fitted.decision_function(record[np.newaxis]) for record in x[:20]])
    np.testing.assert_allclose(alone, fitted.decision_function(x)[:20], rtol=1e-5)


def test_scores_of_the_training_records_are_those_of_decision_function(fitted):
    x, y = planes()
    np.testing.assert_array_equal(fitted.decision_function(x[y == 0]), fitted.decision_scores_)


def test_labels_and_their_conventions(fitted):
    x, _ = planes(seed=1)
    scores = fitted.decision_function(x)
    np.testing.assert_array_equal(fitted.predict(x), scores > fitted.threshold_)
    np.testing.assert_array_equal(fitted.score_samples(x), -scores)
    assert fitted.score(x) == pytest.approx(-scores.mean())
    again = TableDetector(**QUICK)
    np.testing.assert_array_equal(again.fit_predict(x), again.labels_)


def test_scores_are_independent_of_the_batch(fitted):
    x, _ = planes(n=50, seed=1)
    alone = [fitted.decision_function(x[i : i + 1])[0] for i in range(len(x))]
    np.testing.assert_allclose(alone, fitted.decision_function(x), rtol=1e-5)


def test_scores_do_not_depend_on_where_a_long_table_is_cut(fitted, monkeypatch):
    x, _ = planes(n=100, seed=1)
    whole = fitted.decision_function(x)
    monkeypatch.setattr("anomaly.detectors.record_detector.CHUNK_ROWS", 7)
    np.testing.assert_allclose(fitted.decision_function(x), whole, rtol=1e-5)
    assert fitted.explain(x).shape == (100, 5)


def test_the_same_seed_gives_the_same_bits():
    x, _ = planes()
    a, b = (TableDetector(**QUICK).fit(x) for _ in range(2))
    np.testing.assert_array_equal(a.decision_scores_, b.decision_scores_)
    c = TableDetector(**{**QUICK, "random_state": 1}).fit(x)
    assert (a.decision_scores_ != c.decision_scores_).any()


def test_several_threads_give_the_bits_of_one(fitted, monkeypatch):
    x, _ = planes(n=1200, seed=1)
    found = []
    for threads in ("1", "3"):
        monkeypatch.setenv("NUMBA_NUM_THREADS", threads)
        found.append(fitted.decision_function(x))
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("state", [None, np.random.default_rng(0), np.random.RandomState(0), np.int64(3)])
def test_any_kind_of_random_state(state):
    TableDetector(hidden=(4,), epochs=1, random_state=state).fit(planes()[0])


def test_contributions_add_up_to_the_score(fitted):
    x, _ = planes(seed=1)
    contributions = fitted.explain(x)
    assert contributions.shape == (300, 5)
    assert (contributions >= 0).all()
    np.testing.assert_allclose(contributions.sum(axis=1), fitted.decision_function(x), rtol=1e-6)
    fractions = fitted.explain(x, normalize=True)
    np.testing.assert_allclose(fractions.sum(axis=1), 1)
    np.testing.assert_allclose(fractions, contributions / contributions.sum(axis=1, keepdims=True))


def test_a_fault_in_one_column_is_explained_by_it():
    detector = TableDetector(random_state=0).fit(planes(anomalies=0)[0])
    x = planes(seed=2, anomalies=0)[0]
    column = np.arange(len(x)) % 5
    x[np.arange(len(x)), column] += 4 * x.std(axis=0)[column]
    assert (detector.explain(x).argmax(axis=1) == column).mean() > 0.95


def test_categories_and_missing_values_are_summed_back_to_their_columns(mixed):
    detector, data = mixed
    contributions = detector.explain(data.columns)
    assert contributions.shape == (len(data), len(data.columns))
    assert detector.members_[0].width > len(data.columns)
    np.testing.assert_allclose(contributions.sum(axis=1), detector.decision_function(data.columns), rtol=1e-6)


def test_every_kind_of_table_scores_the_same(mixed):
    detector, data = mixed
    expected = detector.decision_function(data.columns)
    frame = pd.DataFrame(data.columns)
    np.testing.assert_array_equal(detector.decision_function(frame), expected)
    np.testing.assert_array_equal(detector.decision_function(data.records()), expected)
    polar = pl.DataFrame({name: values.tolist() for name, values in data.columns.items()}, strict=False)
    np.testing.assert_allclose(detector.decision_function(polar), expected, rtol=1e-5)
    shuffled = frame[list(frame.columns[::-1])]
    np.testing.assert_array_equal(detector.decision_function(shuffled), expected)
    assert list(detector.feature_names_in_) == list(frame.columns)


def test_columns_to_ignore_may_be_there_or_not():
    x, y = planes()
    frame = pd.DataFrame(x, columns=list("abcde")).assign(label=y, id=range(len(x)))
    detector = TableDetector(**QUICK, ignore=["label", "id"]).fit(frame)
    assert detector.n_features_in_ == 5
    with_all = detector.decision_function(frame)
    np.testing.assert_array_equal(detector.decision_function(frame.drop(columns="label")), with_all)
    np.testing.assert_array_equal(detector.decision_function(frame[list("abcde")]), with_all)


def test_missing_and_unknown_columns_are_named(mixed):
    detector, data = mixed
    names = list(data.columns)
    without = {name: values for name, values in data.columns.items() if name != names[0]}
    with pytest.raises(DataError, match=names[0]):
        detector.predict(without)
    with pytest.raises(DataError, match="'surplus'"):
        detector.predict({**data.columns, "surplus": np.zeros(len(data))})


def test_encode_gives_the_middle_layer():
    x, _ = planes()
    detector = TableDetector(hidden=(8, 3, 8), epochs=2, random_state=0).fit(x)
    assert detector.encode(x).shape == (300, 3)
    assert TableDetector(hidden=(8, 4), epochs=2).fit(x).encode(x).shape == (300, 8)


def test_contamination_is_the_fraction_that_is_flagged():
    x, _ = planes()
    detector = TableDetector(**QUICK, contamination=0.1).fit(x)
    assert detector.labels_.sum() == 30


# 300 records are too few for the probability of "pot".
@pytest.mark.filterwarnings("ignore::anomaly.errors.FewRecordsWarning")
@pytest.mark.parametrize("rule", ["quantile", "sigma", "mad", "iqr", "pot", "auto", 0.5, MADThreshold(2.0)])
def test_threshold_takes_the_place_of_contamination(rule):
    x, _ = planes()
    detector = TableDetector(**QUICK, threshold=rule).fit(x)
    if rule == 0.5:
        assert detector.threshold_ == 0.5
    assert 0 < detector.threshold_ < np.inf


def test_best_f1_uses_labels():
    x, y = planes()
    detector = TableDetector(**QUICK, threshold="best_f1").fit(x, y)
    assert (detector.labels_ == y).mean() > 0.9
    with pytest.raises(ValueError, match="needs labels"):
        TableDetector(**QUICK, threshold="best_f1").fit(x)


def test_patience_stops_early():
    x, _ = planes()
    detector = TableDetector(hidden=(8,), epochs=500, learning_rate=0.05, patience=3, random_state=0).fit(x)
    assert len(detector.history_["loss"]) < 500
    assert "val_loss" in detector.history_


def test_the_validation_set_makes_no_steps():
    x = np.random.default_rng(0).normal(size=(33, 3))
    for patience in (None, 1000):
        detector = TableDetector(hidden=(4,), noise=0.5, patience=patience, random_state=0).fit(x)
        assert detector.model_.optimizer.iterations == 50


@pytest.mark.parametrize(("n", "steps"), [(96, 3), (499, 16), (500, 4)])
def test_few_records_are_learned_in_small_batches(n, steps):
    x = np.random.default_rng(0).normal(size=(n, 3))
    detector = TableDetector(hidden=(4,), noise=0.5, epochs=1, random_state=0).fit(x)
    assert detector.model_.optimizer.iterations == steps


def test_epochs_auto_makes_up_to_800_steps():
    x, _ = planes(n=300)
    detector = TableDetector(hidden=(2,), batch_size=100, random_state=0).fit(x)
    assert detector.model_.optimizer.iterations == 225
    many = TableDetector(hidden=(2,), batch_size=100, random_state=0).fit(np.tile(x, (10, 1)))
    assert many.model_.optimizer.iterations == 810


def test_without_noise_or_draws_the_record_itself_is_reconstructed():
    x, _ = planes()
    for without in ({"noise": 0.0}, {"draws": 0}):
        detector = TableDetector(**{**QUICK, "noise": 0.5, "neighbors": 0, **without}).fit(x)
        features = detector.preprocessor_.transform(x)
        errors = np.square(features - detector.model_.predict(features))
        errors = (errors / errors.mean(axis=0)).mean(axis=1)
        np.testing.assert_allclose(detector.decision_function(x), errors / np.median(errors), rtol=3e-4)


def test_a_sparse_autoencoder_keeps_most_of_its_code_at_0(tmp_path):
    x = planes(anomalies=0)[0]
    plain, sparse = (
        TableDetector(hidden=(32, 16, 32), noise=0.0, neighbors=0, sparsity=weight, random_state=0).fit(x)
        for weight in (0.0, 0.2)
    )
    active = [np.mean(detector.encode(x) > 1e-3) for detector in (plain, sparse)]
    assert active[1] < active[0] / 2
    assert sparse.encode(x).shape == (len(x), 16)
    sparse.save(tmp_path / "m.npz")
    np.testing.assert_array_equal(load_detector(tmp_path / "m.npz").decision_function(x), sparse.decision_function(x))


def test_verbose_shows_training(capsys):
    TableDetector(**{**QUICK, "epochs": 2}, verbose=2).fit(planes()[0])
    assert "Epoch 2/2" in capsys.readouterr().out


def test_the_hour_contributes_to_the_column_of_its_timestamp():
    rng = np.random.default_rng(0)
    days = np.arange(500)
    by_day = np.datetime64("2024-01-01") + (days * 24 + rng.integers(9, 17, 500)).astype("m8[h]")
    amounts = rng.normal(size=500)
    detector = TableDetector(random_state=0).fit({"at": by_day, "amount": amounts})
    at_night = {"at": by_day[250:251].astype("M8[D]").astype("M8[h]") + 3, "amount": [0.0]}
    at_noon = {"at": by_day[250:251].astype("M8[D]").astype("M8[h]") + 12, "amount": [0.0]}
    assert detector.predict(at_night).tolist() == [1]
    assert detector.predict(at_noon).tolist() == [0]
    contributions = detector.explain(at_night)
    assert contributions.shape == (1, 2)
    assert contributions[0, 0] > 0.9 * contributions.sum()
    assert contributions.sum() == pytest.approx(detector.decision_function(at_night)[0])


def test_it_beats_limits_on_single_columns():
    data = make_correlated(n_records=1500, n_features=8, contamination=0.05, random_state=0)
    x = np.column_stack(list(data.columns.values()))
    normal = np.flatnonzero(data.labels == 0)
    detector = TableDetector(random_state=0).fit(x[normal[::2]])
    rest = np.setdiff1d(np.arange(len(x)), normal[::2])
    score = roc_auc_score(data.labels[rest], detector.decision_function(x[rest]))
    extreme = np.abs((x - x.mean(axis=0)) / x.std(axis=0)).max(axis=1)
    assert score > roc_auc_score(data.labels[rest], extreme[rest]) + 0.05


@pytest.mark.parametrize(
    ("records", "arguments", "rate", "steps"),
    [
        (30, {}, 0.004, 50),
        (100, {}, 0.002, 75),
        (300, {}, 0.001, 225),
        (100, {"epochs": 2}, 0.001, 8),
        (100, {"learning_rate": 0.01}, 0.01, 75),
    ],
)
def test_few_records_mean_fewer_and_larger_steps(records, arguments, rate, steps):
    x = np.random.default_rng(0).normal(size=(records, 3))
    detector = TableDetector(hidden=(4,), noise=0.5, random_state=0, **arguments).fit(x)
    optimizer = detector.model_.optimizer
    assert optimizer.learning_rate == pytest.approx(rate)
    assert steps <= optimizer.iterations < steps + 10
