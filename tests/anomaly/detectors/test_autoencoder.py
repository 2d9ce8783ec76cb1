"""An autoencoder as a detector: one network and its reconstruction error."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from sklearn.utils.estimator_checks import check_estimator

from anomaly import AutoencoderDetector, NotFittedError, TableDetector, load_detector
from anomaly.datasets import make_transactions
from nnlite import losses
from nnlite.archive import FileFormatError, read_archive, write_archive
from tests.anomaly.detectors.planes import planes

QUICK = {"hidden": (16, 2, 16), "epochs": 30, "random_state": 0}
SAVED = Path(__file__).parent / "saved"


@pytest.fixture(scope="module")
def fitted():
    x, y = planes()
    return AutoencoderDetector(**QUICK).fit(x[y == 0])


def rewritten(path, change):
    """Change the contents of a file, with valid checksums."""
    config, arrays = read_archive(path, "detector")
    config = {name: value for name, value in config.items() if name not in ("format", "version", "kind")}
    change(config, arrays)
    write_archive(path, "detector", config, arrays)
    return path


@pytest.mark.parametrize(
    "kind",
    [
        {"noise": 0.2, "hidden": (64, 32, 64)},
        {"noise": 0, "hidden": (16, 2, 16)},
        {"noise": 0, "sparsity": 0.01, "hidden": (64,)},
        {"noise": 0.5, "activation": "tanh"},
    ],
    ids=["denoising", "plain", "sparse", "wide"],
)
def test_records_off_the_plane_score_higher(kind):
    x, y = planes()
    detector = AutoencoderDetector(random_state=0, epochs=200, **kind).fit(x[y == 0])
    fresh, labels = planes(seed=1)
    assert roc_auc_score(labels, detector.decision_function(fresh)) > 0.97


def test_the_score_is_the_mean_squared_error_of_the_network(fitted):
    x = planes(seed=2)[0][:27]
    features = fitted.preprocessor_.transform(x).astype(np.float64)
    h = features
    for layer in ("hidden_1", "hidden_2", "hidden_3"):
        kernel, bias = fitted.model_.get_layer(layer).get_weights()
        h = np.maximum(h @ kernel + bias, 0)
        if layer == "hidden_2":
            np.testing.assert_allclose(fitted.encode(x), h, rtol=1e-4, atol=1e-5)
    kernel, bias = fitted.model_.get_layer("reconstruction").get_weights()
    output = h @ kernel + bias
    np.testing.assert_allclose(fitted.decision_function(x), np.square(features - output).mean(axis=1), rtol=1e-4)
    np.testing.assert_allclose(fitted.score_terms(x), np.square(features - output) / 5, rtol=1e-3, atol=1e-6)
    training, y = planes()
    training = training[y == 0]
    expected = output * training.std(axis=0) + training.mean(axis=0)
    found = np.column_stack([fitted.reconstruct(x)[name] for name in fitted.feature_names_in_])
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def test_a_linear_autoencoder_finds_the_principal_subspace():
    """Baldi & Hornik, "Neural networks and principal component analysis", Neural Networks 2 (1989)."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 4)) @ rng.normal(size=(4, 4))
    detector = AutoencoderDetector(
        hidden=(2,), activation="linear", noise=0, epochs=400, learning_rate=0.01, random_state=0
    ).fit(x)
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    _, _, directions = np.linalg.svd(z, full_matrices=False)
    residual = z - z @ directions[:2].T @ directions[:2]
    expected = np.square(residual).mean(axis=1)
    np.testing.assert_allclose(detector.decision_scores_.mean(), expected.mean(), rtol=0.01)
    assert np.corrcoef(detector.decision_scores_, expected)[0, 1] > 0.999


def test_training_scores_are_those_of_the_training_records(fitted):
    x, y = planes()
    np.testing.assert_array_equal(fitted.decision_scores_, fitted.decision_function(x[y == 0]))
    np.testing.assert_array_equal(fitted.labels_, fitted.predict(x[y == 0]))


def test_noise_and_sparsity_are_in_the_network():
    x = planes()[0]
    names = [layer.name for layer in AutoencoderDetector(**QUICK, sparsity=0.1).fit(x).model_.layers]
    assert names == ["record", "noise", "hidden_1", "hidden_2", "sparsity", "hidden_3", "reconstruction"]
    assert "noise" not in [layer.name for layer in AutoencoderDetector(**QUICK, noise=0).fit(x).model_.layers]
    active = [
        (AutoencoderDetector(hidden=(64,), noise=0, sparsity=s, epochs=100, random_state=0).fit(x).encode(x) > 0).mean()
        for s in (0.0, 0.1)
    ]
    assert active[1] < 0.8 * active[0]


def test_contributions_belong_to_columns():
    data = make_transactions(n_records=200, random_state=0)
    detector = AutoencoderDetector(**{**QUICK, "epochs": 3}).fit(data.columns)
    contributions = detector.explain(data.columns)
    assert contributions.shape == (200, len(data.columns))
    assert (contributions >= 0).all()
    np.testing.assert_array_equal(contributions.sum(axis=1), detector.decision_function(data.columns))
    assert detector.reconstruct(data.columns).names == tuple(data.columns)


def test_the_wrong_column_contributes_most(fitted):
    x, y = planes()
    wrong = x[y == 0][:40].copy()
    wrong[:, 3] += 8 * x[:, 3].std()
    assert (fitted.explain(wrong).argmax(axis=1) == 3).mean() > 0.9


@pytest.mark.parametrize("scaling", ["standard", "robust", "core", "none"])
def test_an_absurd_cell_in_training(scaling):
    x, y = planes()
    x = x[y == 0]
    x[7, 2] = 1e6
    detector = AutoencoderDetector(**{**QUICK, "epochs": 200}, scaling=scaling).fit(x)
    assert np.isfinite(detector.decision_scores_).all()
    assert detector.decision_scores_.argmax() == 7
    assert detector.labels_[7] == 1


def test_the_further_out_the_more_anomalous(fitted):
    far = np.outer([0.0, 30.0, 1e3, 1e5], [1.0, 0.0, 0.0, 0.0, 0.0])
    assert (np.diff(fitted.decision_function(far)) > 0).all()
    assert np.isfinite(fitted.decision_function([[1e300, 0, 0, 0, 0]])).all()


def test_of_equal_records_none_is_anomalous():
    assert AutoencoderDetector(random_state=0, epochs=3).fit(np.ones((60, 2))).labels_.tolist() == [0] * 60


def test_the_same_seed_gives_the_same_detector():
    x = planes()[0]
    one, two, other = (AutoencoderDetector(**{**QUICK, "random_state": seed}).fit(x) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.decision_scores_, two.decision_scores_)
    assert (one.decision_scores_ != other.decision_scores_).any()


# -- missing cells ---------------------------------------------------------------------------------


def gapped(n=400, seed=0):
    """Return a table of numbers of one plane and a category, with cells missing: often in "a", rarely in the others."""
    x, y = planes(n, seed=seed)
    x = x[y == 0]
    columns = {name: x[:, j].tolist() for j, name in enumerate("abcd")}
    columns["sign"] = np.where(x[:, 0] > 0, "plus", "minus").tolist()
    rng = np.random.default_rng(seed)
    for name, fraction in {"a": 0.3, "c": 0.02, "sign": 0.02}.items():
        columns[name] = [
            None if gone else cell for gone, cell in zip(rng.random(len(x)) < fraction, columns[name], strict=True)
        ]
    return columns


@pytest.fixture(scope="module")
def fitted_with_gaps():
    return AutoencoderDetector(**{**QUICK, "epochs": 300}).fit(gapped())


def test_the_score_is_the_loss_of_the_cells_that_are_there(fitted_with_gaps):
    detector, columns = fitted_with_gaps, gapped(seed=1)
    preprocessor = detector.preprocessor_
    features = preprocessor.transform(columns)
    assert np.isnan(features).any()
    assert preprocessor.marks_.sum() == 1
    filled = np.where(np.isnan(features), preprocessor.fill_values_, features)
    # Where missing values are not marked, the network fills them.
    of_network = np.isnan(features) & (preprocessor.feature_columns_ > 0)
    filled = np.where(of_network, detector.model_.predict(filled), filled)
    aims = np.where(preprocessor.marks_, np.nan, features)
    loss = losses.masked_mean_squared_error(aims.astype(float), detector.model_.predict(filled).astype(float))
    # Marks are no targets, and not counted.
    scores = detector.decision_function(columns)
    np.testing.assert_allclose(scores, loss * features.shape[1] / (features.shape[1] - 1), rtol=1e-4)
    np.testing.assert_allclose(detector.explain(columns).sum(axis=1), scores)
    np.testing.assert_array_equal(detector.decision_scores_, detector.decision_function(gapped()))


def test_a_missing_cell_contributes_nothing_and_others_as_if_it_had_its_reconstruction(fitted_with_gaps):
    columns = {name: cells[:50] for name, cells in gapped(seed=2).items()}
    columns["sign"] = [sign or "plus" for sign in columns["sign"]]
    median = fitted_with_gaps.preprocessor_.inverse_transform(fitted_with_gaps.preprocessor_.fill_values_[np.newaxis])
    cells = fitted_with_gaps.reconstruct({**columns, "c": [float(median["c"][0])] * 50})["c"]
    found, expected = (fitted_with_gaps.score_terms({**columns, "c": c}) for c in ([None] * 50, cells.tolist()))
    assert not found[:, 2].any()
    assert expected[:, 2].all()
    np.testing.assert_allclose(np.delete(found, 2, axis=1), np.delete(expected, 2, axis=1), rtol=1e-3, atol=1e-6)
    # Where missing values are marked, the marks contribute nothing either.
    is_missing = [cell is None for cell in columns["a"]]
    np.testing.assert_array_equal(fitted_with_gaps.explain(columns)[:, 0] == 0, is_missing)


def test_a_missing_cell_is_reconstructed(fitted_with_gaps):
    whole = planes(400, seed=3)[0]
    columns = {name: whole[:, j].tolist() for j, name in enumerate("abcd")}
    columns["sign"] = np.where(whole[:, 0] > 0, "plus", "minus").tolist()
    expected = fitted_with_gaps.reconstruct(columns)
    found = fitted_with_gaps.reconstruct({**columns, "a": [None] * 400, "sign": [None] * 400})
    assert found.names == tuple(columns)
    assert np.corrcoef(found["a"].astype(float), expected["a"].astype(float))[0, 1] > 0.8
    assert np.mean(found["sign"] == expected["sign"]) > 0.8


def test_a_record_without_any_cell_is_not_anomalous(fitted_with_gaps):
    empty = {name: [None] for name in gapped()}
    assert fitted_with_gaps.decision_function(empty).tolist() == [0.0]
    assert fitted_with_gaps.predict(empty).tolist() == [0]
    assert np.isfinite(fitted_with_gaps.encode(empty)).all()


def test_a_cell_that_was_never_missing_in_training_makes_no_record_anomalous():
    x, y = planes()
    detector = AutoencoderDetector(**{**QUICK, "epochs": 200}).fit(x[y == 0])
    fresh, labels = planes(seed=1)
    before = detector.predict(fresh[labels == 0]).mean()
    for column in range(5):
        holes = fresh[labels == 0].copy()
        holes[:, column] = np.nan
        assert detector.predict(holes).mean() <= before + 0.08
        holes = fresh.copy()
        holes[::2, column] = np.nan
        assert roc_auc_score(labels, detector.decision_function(holes)) > 0.85


def test_a_detector_of_missing_cells_is_the_same_after_loading(fitted_with_gaps, tmp_path):
    fitted_with_gaps.save(tmp_path / "m.npz")
    loaded, columns = load_detector(tmp_path / "m.npz"), gapped(seed=1)
    for method in ("decision_function", "explain", "encode"):
        np.testing.assert_array_equal(getattr(loaded, method)(columns), getattr(fitted_with_gaps, method)(columns))


def test_a_file_from_when_missing_cells_were_imputed_still_scores_the_same(tmp_path):
    loaded = load_detector(SAVED / "autoencoder_of_medians.npz")
    columns = make_transactions(n_records=60, random_state=0).columns
    np.testing.assert_allclose(loaded.decision_function(columns), loaded.decision_scores_, rtol=3e-4)
    holes = {name: list(cells[:2]) for name, cells in columns.items()}
    for name in ("amount", "channel", "distance_from_home_km"):
        holes[name][0] = None
    scores = loaded.decision_function(holes)
    np.testing.assert_allclose(scores, [0.9883033802832399, 0.5559645627206423], rtol=3e-4)
    assert (loaded.explain(holes) > 0).all()
    loaded.save(tmp_path / "again.npz")
    np.testing.assert_array_equal(load_detector(tmp_path / "again.npz").decision_function(holes), scores)


def test_codes_of_far_records_are_those_of_the_clipped_inputs(fitted):
    far = np.outer([30.0, 1e3, 1e5], [1.0, 0.0, 0.0, 0.0, 0.0])
    codes = fitted.encode(far)
    np.testing.assert_array_equal(codes, np.tile(codes[:1], (3, 1)))


# -- training --------------------------------------------------------------------------------------


def test_early_stopping():
    detector = AutoencoderDetector(hidden=(8,), patience=1, epochs=500, learning_rate=0.05, random_state=0)
    history = detector.fit(planes()[0]).history_
    assert set(history) == {"loss", "val_loss"}
    assert len(history["loss"]) < 500


def test_a_loaded_detector_is_the_same(tmp_path):
    data = make_transactions(n_records=100, random_state=0)
    detector = AutoencoderDetector(**{**QUICK, "epochs": 3, "sparsity": 0.01}).fit(data.columns)
    detector.save(tmp_path / "m.npz")
    loaded = load_detector(tmp_path / "m.npz")
    assert type(loaded) is AutoencoderDetector
    for method in ("decision_function", "explain", "predict", "encode", "p_values"):
        np.testing.assert_array_equal(getattr(loaded, method)(data.columns), getattr(detector, method)(data.columns))
    assert loaded.get_params() == detector.get_params()
    assert loaded.history_ == detector.history_
    loaded.save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "m.npz").read_bytes()


@pytest.mark.parametrize("name", ["first_format", "averaged_scores", "summed_weights"])
def test_files_of_blends_that_were_called_so_load_as_blends(name):
    assert read_archive(SAVED / f"{name}.npz", "detector")[0]["detector"] == "AutoencoderDetector"
    assert type(load_detector(SAVED / f"{name}.npz")) is TableDetector


def test_a_blend_of_today_under_the_former_name_loads_as_a_blend(tmp_path):
    x = planes(60)[0]
    detector = TableDetector(hidden=(4,), epochs=2, neighbors=0, noise=0.5, random_state=0).fit(x)
    detector.save(tmp_path / "m.npz")
    loaded = load_detector(
        rewritten(tmp_path / "m.npz", lambda config, _: config.update(detector="AutoencoderDetector"))
    )
    assert type(loaded) is TableDetector
    np.testing.assert_array_equal(loaded.decision_function(x), detector.decision_function(x))


@pytest.mark.parametrize(
    "change",
    [
        lambda config, arrays: config.update(detector="TableDetector"),
        lambda config, arrays: config.update(detector="VariationalDetector"),
        lambda config, arrays: config.update(members=[]),
        lambda config, arrays: config.update(network={}),
        lambda config, arrays: config.pop("history"),
        lambda config, arrays: config.update(preprocessing={}),
        lambda config, arrays: config["parameters"].update(noise=-1),
        lambda config, arrays: config["parameters"].update(neighbors=5),
        lambda config, arrays: arrays.pop("decision_scores"),
        lambda config, arrays: arrays.update(decision_scores=np.zeros((2, 2))),
    ],
)
def test_an_altered_file_is_one_clear_error(fitted, tmp_path, change):
    fitted.save(tmp_path / "m.npz")
    with pytest.raises(FileFormatError):
        load_detector(rewritten(tmp_path / "m.npz", change))


def test_a_network_of_other_features_is_refused(fitted, tmp_path):
    fitted.save(tmp_path / "m.npz")
    AutoencoderDetector(**QUICK).fit(planes()[0][:, :3]).save(tmp_path / "narrow.npz")
    config, narrow = read_archive(tmp_path / "narrow.npz", "detector")

    def mix(other, arrays):
        other["network"] = config["network"]
        arrays.update({name: array for name, array in narrow.items() if name.startswith("model/")})

    with pytest.raises(FileFormatError, match=r"maps \(None, 3\) to \(None, 3\), not \(None, 5\)"):
        load_detector(rewritten(tmp_path / "m.npz", mix))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hidden": ()}, "hidden must be the sizes of one or more layers"),
        ({"noise": -1}, "noise must be a number of at least 0; found -1"),
        ({"noise": (0.2, 0.5)}, r"noise must be a number of at least 0; found \(0.2, 0.5\)"),
        ({"sparsity": -1}, "sparsity must be a number of at least 0; found -1"),
        ({"epochs": 0}, "epochs must be a whole number of at least 1 or 'auto'; found 0"),
        ({"batch_size": "all"}, "batch_size must be a whole number of at least 1 or 'auto'; found 'all'"),
        ({"learning_rate": 0}, "learning_rate must be a number above 0; found 0"),
        ({"patience": -1}, "patience must be a whole number of at least 0 or None; found -1"),
        ({"ignore": "a"}, "ignore must be a list of column names; found 'a'"),
        ({"contamination": 0.9}, "contamination must be 'auto' or the fraction of anomalies, above 0 and at most 0.5"),
        ({"random_state": "x"}, "random_state must be None"),
        ({"scaling": "odd"}, "scaling must be one of"),
        ({"dates": "odd"}, "dates must be one of"),
        ({"activation": "odd"}, "odd"),
        ({"threshold": "odd"}, "threshold must be"),
    ],
)
def test_fit_refuses_bad_parameters(arguments, message):
    with pytest.raises(ValueError, match=message):
        AutoencoderDetector(**{**QUICK, "epochs": 1, **arguments}).fit(planes()[0])


def test_fit_refuses_tables_that_cannot_teach():
    with pytest.raises(ValueError, match="at least 2 records to learn from; found 1"):
        AutoencoderDetector(**QUICK).fit([[1.0, 2.0]])
    with pytest.raises(ValueError, match="at least 2 columns"):
        AutoencoderDetector(**QUICK).fit([[1.0], [2.0]])
    with pytest.raises(ValueError, match="one label per record"):
        AutoencoderDetector(**QUICK).fit(planes()[0], [0, 1])
    for method in ("decision_function", "explain", "encode", "reconstruct"):
        with pytest.raises(NotFittedError, match="call fit"):
            getattr(AutoencoderDetector(), method)([[1.0, 2.0]])


def test_best_f1_and_clone():
    x, y = planes(n=200, anomalies=40)
    detector = AutoencoderDetector(**QUICK, threshold="best_f1").fit(x, y)
    assert 0 < detector.labels_.mean() < 1
    assert clone(detector).get_params() == detector.get_params()


NOT_OURS = {
    "check_estimators_unfitted": "the error is of our own class, as scikit-learn is not imported",
    "check_outliers_train": "labels are PyOD's: 1 is an anomaly and 0 is normal, not -1 and 1",
    "check_outliers_fit_predict": "labels are PyOD's",
}


def test_all_of_scikit_learns_checks_but_its_labels():
    detector = AutoencoderDetector(hidden=(4,), epochs=2, random_state=0)
    # They warn of what they skip: an array interface that must be switched on in the environment.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(detector, expected_failed_checks=NOT_OURS, on_fail=None)
    assert [r["check_name"] for r in results if r["status"] == "failed"] == []
    assert sum(r["status"] == "passed" for r in results) >= 40
