"""A variational autoencoder as a detector."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from sklearn.utils.estimator_checks import check_estimator

from anomaly import NotFittedError, VariationalDetector, load_detector
from anomaly.datasets import make_transactions
from nnlite.archive import FileFormatError, read_archive, write_archive

QUICK = {"hidden": (16,), "latent": 2, "epochs": 30, "random_state": 0}
SAVED = Path(__file__).parent / "saved"


def planes(n=300, anomalies=0, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2)) @ np.array([[1.0, 1.0, 0.0, 1.0], [0.0, 1.0, 1.0, -1.0]])
    x += 0.1 * rng.normal(size=x.shape)
    x[:anomalies] = rng.normal(size=(anomalies, 4)) * 2
    return x, (np.arange(n) < anomalies).astype(int)


@pytest.fixture(scope="module")
def fitted():
    return VariationalDetector(**QUICK).fit(planes()[0])


@pytest.mark.parametrize("score_by", ["reconstruction", "elbo"])
@pytest.mark.parametrize("variance", ["learned", 0.1])
def test_it_finds_records_off_the_plane(score_by, variance):
    settings = {**QUICK, "epochs": 600, "score_by": score_by, "variance": variance}
    detector = VariationalDetector(**settings).fit(planes()[0])
    x, y = planes(n=200, anomalies=40, seed=1)
    assert roc_auc_score(y, detector.decision_function(x)) > 0.85


def test_the_score_is_minus_the_reconstruction_probability(fitted):
    x, _ = planes(n=5, seed=2)
    features = fitted.preprocessor_.transform(x).astype(np.float64)
    codes = fitted._encoder.predict(features.astype(np.float32))
    logs = []
    for noise in fitted.draws_:
        out = fitted._decoder.predict((codes[:, :2] + np.exp(codes[:, 2:] / 2) * noise).astype(np.float32))
        mean, variance = out[:, :4], np.maximum(np.exp(out[:, 4:].astype(np.float64)), 0.01)
        density = np.exp(-((features - mean) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)
        logs.append(np.log(density).sum(axis=1))
    np.testing.assert_allclose(fitted.decision_function(x), -np.mean(logs, axis=0), rtol=1e-4)


def test_the_bound_adds_the_divergence(fitted, tmp_path):
    x, _ = planes(n=5, seed=2)
    fitted.save(tmp_path / "m.npz")
    bound = load_detector(tmp_path / "m.npz").set_params(score_by="elbo")
    codes = fitted._encoder.predict(fitted.preprocessor_.transform(x)).astype(np.float64)
    mean, v = codes[:, :2], codes[:, 2:]
    expected = (mean**2 + np.exp(v) - 1 - v).sum(axis=1) / 2
    found = bound.decision_function(x) - fitted.decision_function(x)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_parts_add_up_and_belong_to_columns():
    data = make_transactions(n_records=200, random_state=0)
    detector = VariationalDetector(**{**QUICK, "epochs": 3}).fit(data.columns)
    parts = detector.explain(data.columns)
    assert parts.shape == (200, len(data.columns))
    np.testing.assert_allclose(parts.sum(axis=1), detector.decision_function(data.columns))


def test_scores_depend_on_the_record_alone(fitted):
    x, _ = planes(n=50, seed=1)
    np.testing.assert_allclose(fitted.decision_function(x)[7:8], fitted.decision_function(x[7:8]), rtol=1e-4)


@pytest.mark.parametrize("score_by", ["reconstruction", "elbo"])
@pytest.mark.parametrize("variance", ["learned", 0.1])
def test_the_further_out_the_more_anomalous(score_by, variance):
    x = np.random.default_rng(0).normal(size=(400, 4))
    detector = VariationalDetector(**QUICK, score_by=score_by, variance=variance).fit(x)
    sizes = [0.0, 10.0, 1e3, 1e4, 1e5, 1e300]
    far = np.outer(sizes, [1.0, 0.0, 0.0, 0.0])
    scores = detector.decision_function(far)
    assert np.isfinite(scores).all()
    assert (np.diff(scores) > 0).all()
    assert detector.predict(far).tolist() == [0, 1, 1, 1, 1, 1]
    parts = detector.explain(far)
    np.testing.assert_allclose(parts.sum(axis=1), scores)
    assert parts[-1].argmax() == 0


@pytest.mark.parametrize("scaling", ["standard", "robust", "core", "none"])
def test_an_absurd_cell_in_training(scaling):
    x, _ = planes()
    x[7, 2] = 1e6
    settings = {**QUICK, "epochs": 300, "scaling": scaling}
    detector = VariationalDetector(**settings).fit(x)
    assert np.isfinite(detector.decision_scores_).all()
    assert detector.decision_scores_.argmax() == 7
    assert detector.labels_[7] == 1
    fresh, y = planes(n=200, anomalies=40, seed=1)
    assert roc_auc_score(y, detector.decision_function(fresh)) > 0.7


def test_columns_in_thousands_left_as_they_are():
    x = 1000 * planes()[0]
    detector = VariationalDetector(**QUICK, scaling="none").fit(x)
    assert np.isfinite(detector.decision_scores_).all()
    assert detector.labels_.mean() < 0.5


def test_of_equal_records_none_is_anomalous():
    assert VariationalDetector(random_state=0, epochs=3).fit(np.ones((60, 2))).labels_.tolist() == [0] * 60


def test_without_draws_the_mean_code_is_decoded():
    detector = VariationalDetector(**QUICK, draws=0).fit(planes()[0])
    assert not detector.draws_.any()


def test_warm_up_and_the_latent_space():
    detector = VariationalDetector(**QUICK, warm_up=10, beta=2.0).fit(planes()[0])
    assert detector.model_.get_layer("latent").beta == 2.0
    assert detector.encode(planes()[0]).shape == (300, 2)


def test_a_loaded_detector_is_the_same(fitted, tmp_path):
    x, _ = planes(n=20, seed=1)
    fitted.save(tmp_path / "m.npz")
    loaded = load_detector(tmp_path / "m.npz")
    np.testing.assert_array_equal(loaded.decision_function(x), fitted.decision_function(x))
    np.testing.assert_array_equal(loaded.labels_, fitted.labels_)
    assert loaded.get_params() == fitted.get_params()


# -- missing cells ---------------------------------------------------------------------------------


def gapped(n=300, seed=0):
    """Return a table of a plane and a category of many values, with cells missing: often in "a", rarely in "word"."""
    x, _ = planes(n, seed=seed)
    rng = np.random.default_rng(seed)
    columns = {name: x[:, j].tolist() for j, name in enumerate("abcd")}
    columns["word"] = [f"word {k}" for k in np.clip(6 + 3 * x[:, 0] + rng.normal(size=n), 0, 12).astype(int)]
    for name, fraction in {"a": 0.3, "word": 0.02}.items():
        columns[name] = [
            None if gone else cell for gone, cell in zip(rng.random(n) < fraction, columns[name], strict=True)
        ]
    return columns


@pytest.fixture(scope="module", params=["reconstruction", "elbo"])
def fitted_with_gaps(request):
    return VariationalDetector(**{**QUICK, "epochs": 300}, score_by=request.param).fit(gapped())


def test_a_missing_cell_contributes_what_is_typical_of_its_column(fitted_with_gaps):
    columns = gapped(seed=1)
    found, typical = fitted_with_gaps.score_terms(columns), fitted_with_gaps.typical_contributions_
    np.testing.assert_allclose(found.sum(axis=1), fitted_with_gaps.decision_function(columns))
    np.testing.assert_array_equal(fitted_with_gaps.decision_scores_, fitted_with_gaps.decision_function(gapped()))
    is_missing = np.array([[cell is None for cell in columns[name]] for name in columns]).T
    if fitted_with_gaps.score_by == "reconstruction":
        np.testing.assert_array_equal(found[is_missing], np.broadcast_to(typical, found.shape)[is_missing])
        known = fitted_with_gaps.score_terms(gapped())[:, 0][[cell is not None for cell in gapped()["a"]]]
        assert typical[0] == np.median(known)
    else:
        # The divergence besides, by the number of features: one for each number, the marks not counted.
        marks = fitted_with_gaps.preprocessor_.marks_
        assert marks.sum() == 1
        empty = fitted_with_gaps.score_terms({name: [None] for name in columns})[0] - typical
        np.testing.assert_allclose(empty[:4], empty.sum() / (~marks).sum(), rtol=1e-6)


def test_other_cells_contribute_as_if_a_missing_one_had_its_reconstruction(fitted_with_gaps):
    columns, preprocessor = gapped(50, seed=2), fitted_with_gaps.preprocessor_
    columns["word"] = [word or "word 6" for word in columns["word"]]
    features = preprocessor.transform({**columns, "c": [None] * 50})
    filled = np.where(np.isnan(features), preprocessor.fill_values_, features)
    codes = fitted_with_gaps._encoder.predict(filled)[:, :2]
    means = fitted_with_gaps._decoder.predict(codes)[:, : features.shape[1]]
    cells = preprocessor.inverse_transform(means)["c"].tolist()
    found, expected = (fitted_with_gaps.score_terms({**columns, "c": c}) for c in ([None] * 50, cells))
    np.testing.assert_allclose(np.delete(found, 2, axis=1), np.delete(expected, 2, axis=1), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", ["b", "word"])
def test_a_missing_cell_alone_makes_no_record_anomalous(fitted_with_gaps, name):
    columns = gapped(seed=1)
    bound = np.quantile(fitted_with_gaps.decision_function(columns), 0.9)
    holes = fitted_with_gaps.decision_function({**columns, name: [None] * 300})
    assert (holes > bound).mean() < 0.2


def test_a_record_without_any_cell_is_not_anomalous(fitted_with_gaps):
    empty = {name: [None] for name in gapped()}
    assert fitted_with_gaps.predict(empty).tolist() == [0]
    assert np.isfinite(fitted_with_gaps.encode(empty)).all()


def test_records_off_the_plane_are_found_between_missing_cells():
    rng = np.random.default_rng(5)

    def with_gaps(x):
        return np.where(rng.random(x.shape) < 0.1, np.nan, x)

    detector = VariationalDetector(**{**QUICK, "epochs": 600}).fit(with_gaps(planes(n=600)[0]))
    x, y = planes(n=300, anomalies=60, seed=1)
    assert roc_auc_score(y, detector.decision_function(with_gaps(x))) > 0.75


def test_a_detector_of_missing_cells_is_the_same_after_loading(fitted_with_gaps, tmp_path):
    fitted_with_gaps.save(tmp_path / "m.npz")
    loaded, columns = load_detector(tmp_path / "m.npz"), gapped(seed=1)
    for method in ("decision_function", "explain", "encode"):
        np.testing.assert_array_equal(getattr(loaded, method)(columns), getattr(fitted_with_gaps, method)(columns))
    np.testing.assert_array_equal(loaded.typical_contributions_, fitted_with_gaps.typical_contributions_)


def test_a_file_from_when_missing_cells_were_imputed_still_scores_the_same(tmp_path):
    loaded = load_detector(SAVED / "variational_of_medians.npz")
    columns = make_transactions(n_records=60, random_state=0).columns
    np.testing.assert_allclose(loaded.decision_function(columns), loaded.decision_scores_, rtol=3e-4)
    holes = {name: list(cells[:2]) for name, cells in columns.items()}
    for name in ("amount", "channel", "distance_from_home_km"):
        holes[name][0] = None
    scores = loaded.decision_function(holes)
    np.testing.assert_allclose(scores, [66.05578250554301, 54.484979788095224], rtol=3e-4)
    loaded.save(tmp_path / "again.npz")
    np.testing.assert_array_equal(load_detector(tmp_path / "again.npz").decision_function(holes), scores)
    bound = loaded.set_params(score_by="elbo").decision_function(holes)
    np.testing.assert_allclose(bound, [67.12864780112112, 54.6122315334827], rtol=3e-4)


# -- files and parameters --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"draws": np.zeros((2, 5), np.float32)},
        {"draws": np.zeros((0, 2), np.float32)},
        {"typical_contributions": np.zeros(3)},
        {"typical_contributions": np.zeros(4, np.float32)},
        {"typical_contributions": np.array([0.0, np.nan, 0.0, 0.0])},
    ],
)
def test_a_file_that_does_not_fit_together_is_refused(fitted, tmp_path, change):
    fitted.save(tmp_path / "m.npz")
    config, arrays = read_archive(tmp_path / "m.npz", "detector")
    config = {name: value for name, value in config.items() if name not in ("format", "version", "kind")}
    write_archive(tmp_path / "m.npz", "detector", config, {**arrays, **change})
    with pytest.raises(FileFormatError):
        load_detector(tmp_path / "m.npz")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hidden": ()}, "hidden must be the sizes"),
        ({"latent": 0}, "latent must be a whole number of at least 1"),
        ({"beta": -1}, "beta must be a number of at least 0"),
        ({"warm_up": -1}, "warm_up must be"),
        ({"variance": 0}, "variance must be 'learned' or a number above 0; found 0"),
        ({"variance": "some"}, "variance must be 'learned' or a number above 0; found 'some'"),
        ({"score_by": "x"}, "score_by must be one of 'reconstruction', 'elbo'"),
        ({"draws": -1}, "draws must be"),
        ({"epochs": 0}, "epochs must be"),
        ({"batch_size": 0}, "batch_size"),
        ({"learning_rate": 0}, "learning_rate"),
        ({"ignore": "a"}, "ignore must be"),
        ({"contamination": 0.9}, "contamination"),
        ({"random_state": "x"}, "random_state"),
    ],
)
def test_fit_refuses_bad_parameters(arguments, message):
    with pytest.raises(ValueError, match=message):
        VariationalDetector(**{**QUICK, "epochs": 1, **arguments}).fit(planes()[0])


def test_fit_refuses_what_cannot_teach():
    with pytest.raises(ValueError, match="at least 2 records"):
        VariationalDetector(**QUICK).fit([[1.0, 2.0]])
    with pytest.raises(ValueError, match="one label per record"):
        VariationalDetector(**QUICK).fit(planes()[0], [0, 1])
    with pytest.raises(NotFittedError, match="call fit"):
        VariationalDetector().decision_function([[1.0]])


def test_best_f1_and_clone():
    x, y = planes(n=200, anomalies=40)
    detector = VariationalDetector(**QUICK, threshold="best_f1").fit(x, y)
    assert 0 < detector.labels_.mean() < 1
    assert clone(detector).get_params() == detector.get_params()


NOT_OURS = {
    "check_estimators_unfitted": "the error is of our own class, as scikit-learn is not imported",
    "check_outliers_train": "labels are PyOD's: 1 is an anomaly and 0 is normal, not -1 and 1",
    "check_outliers_fit_predict": "labels are PyOD's",
}


def test_all_of_scikit_learns_checks_but_its_labels():
    detector = VariationalDetector(hidden=(4,), latent=2, epochs=2, random_state=0)
    # They warn of what they skip: an array interface that must be switched on in the environment.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(detector, expected_failed_checks=NOT_OURS, on_fail=None)
    assert [r["check_name"] for r in results if r["status"] == "failed"] == []
