"""Metrics against Keras 3.15.1, over several batches, with and without sample weights."""

import numpy as np
import pytest

from nnlite import metrics
from nnlite.layers import Dense, Input
from nnlite.metrics import *  # noqa: F403 - the table below names most of them
from nnlite.models import Sequential, load_model

_RNG = np.random.default_rng(3)
for _shape in ((4, 3), (4, 3)):
    _RNG.normal(size=_shape)
Y = (_RNG.random((40, 1)) > 0.6).astype(np.float32)
P = np.clip(Y * 0.3 + _RNG.random((40, 1)) * 0.7, 0, 1).astype(np.float32)
WEIGHTS = _RNG.random(40).astype(np.float32)
NUMBERS = _RNG.integers(0, 5, (40,))
ONE_HOT = np.eye(5, dtype=np.float32)[NUMBERS]
SHARES = _RNG.random((40, 5)).astype(np.float32)
SHARES /= SHARES.sum(-1, keepdims=True)

# Metric, targets, predictions, value, value with weights.
VALUES = [
    ("TruePositives()", Y, P, 15.0, 6.297006),
    ("FalsePositives()", Y, P, 5.0, 2.55095),
    ("TrueNegatives(thresholds=0.3)", Y, P, 8.0, 3.54342),
    ("FalseNegatives(thresholds=[0.2, 0.6])", Y, P, [0.0, 7.0], [0.0, 4.590118]),
    ("Precision()", Y, P, 0.75, 0.711691),
    ("Recall()", Y, P, 0.75, 0.632756),
    ("Precision(thresholds=[0.2, 0.6])", Y, P, [0.588235, 0.764706], [0.60335, 0.695651]),
    ("AUC()", Y, P, 0.86125, 0.813026),
    ("AUC(curve='PR')", Y, P, 0.870741, 0.826073),
    ("AUC(num_thresholds=20)", Y, P, 0.865, 0.806363),
    ("AUC(summation_method='majoring')", Y, P, 0.865, 0.821013),
    ("AUC(curve='PR', summation_method='minoring')", Y, P, 0.813507, 0.811846),
    ("F1Score(threshold=0.5)", Y, P, [0.75], [0.669906]),
    ("FBetaScore(beta=2.0, threshold=0.4, average='micro')", Y, P, 0.88785, 0.854419),
    ("R2Score()", Y, P, 0.374087, 0.283496),
    ("BinaryAccuracy(threshold=0.3)", Y, P, 0.7, 0.70208),
    ("TopKCategoricalAccuracy(k=2)", ONE_HOT, SHARES, 0.45, 0.417506),
    (
        "F1Score()",
        ONE_HOT,
        SHARES,
        [0.210526, 0.125, 0.153846, 0.2, 0.272727],
        [0.091863, 0.099256, 0.248353, 0.12285, 0.260897],
    ),
    ("F1Score(average='macro')", ONE_HOT, SHARES, 0.19242, 0.164644),
    ("F1Score(average='weighted')", ONE_HOT, SHARES, 0.205555, 0.167028),
    ("F1Score(average='micro', threshold=0.3)", ONE_HOT, SHARES, 0.12987, 0.113704),
    ("Precision(top_k=2)", ONE_HOT, SHARES, 0.225, 0.208753),
    ("Precision(top_k=2, class_id=3)", ONE_HOT, SHARES, 0.166667, 0.150132),
    ("Recall(class_id=1, thresholds=0.2)", ONE_HOT, SHARES, 0.428571, 0.268369),
    ("CategoricalHinge()", ONE_HOT, SHARES, 1.133915, 1.142479),
    ("KLDivergence()", ONE_HOT, SHARES, 1.794487, 1.82237),
    ("CosineSimilarity()", ONE_HOT, SHARES, 0.39131, 0.378845),
    ("AUC(multi_label=True)", ONE_HOT, SHARES, 0.48322, 0.468306),
    ("SparseTopKCategoricalAccuracy(k=2)", NUMBERS, SHARES, 0.45, 0.417506),
    ("SparseCategoricalCrossentropy()", NUMBERS, SHARES, 1.794492, 1.822375),
]


@pytest.mark.parametrize(("text", "y", "p", "plain", "weighted"), VALUES)
def test_a_metric_has_the_values_of_keras(text, y, p, plain, weighted):
    for expected, weights in ((plain, None), (weighted, WEIGHTS)):
        metric = eval(text)
        for start in range(0, 40, 10):
            some = slice(start, start + 10)
            metric.update_state(y[some], p[some], None if weights is None else weights[some])
        np.testing.assert_allclose(metric.result(), expected, atol=2e-6)
        metric.reset_state()
        assert np.all(np.asarray(metric.result()) == 0)
    restored = metrics.get(metrics.serialize(metric))
    assert restored.get_config() == metric.get_config()
    np.testing.assert_allclose(restored(y, p), plain, atol=2e-6)


def test_metrics_are_called_and_take_a_dtype():
    assert metrics.Mean()(3.0).numpy() == 3
    assert metrics.Sum(dtype="float32")([1.0, 2.0]) == 3
    assert metrics.AUC(dtype="float64").name == "auc"
    assert metrics.TruePositives().name == "true_positives"
    mean = metrics.Mean("loss")
    mean.update_state(4.0)
    mean.reset_states()
    assert mean.result() == 0


def test_functions_are_metrics():
    def largest_error(y_true, y_pred):
        return np.abs(y_pred - y_true).max()

    model = Sequential([Input((1,)), Dense(1, kernel_initializer="ones")])
    model.compile("sgd", "mse", metrics=[largest_error, metrics.binary_accuracy, "mae", metrics.AUC()])
    assert model.metrics_names == ["loss", "largest_error", "binary_accuracy", "mae", "auc"]
    values = model.evaluate(P, Y, batch_size=40, verbose=0)
    assert values[1] == pytest.approx(np.abs(P - Y).max())
    assert [metric.name for metric in model.metrics] == model.metrics_names


def test_confusion_counts_in_a_fit_and_a_file(tmp_path):
    model = Sequential([Input((1,)), Dense(1, activation="sigmoid")])
    names = ["TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives", "Precision", "Recall", "AUC"]
    model.compile("sgd", "binary_crossentropy", metrics=[getattr(metrics, name)() for name in names])
    history = model.fit(P, Y, epochs=2, verbose=0, validation_split=0.2)
    assert history.history["val_true_positives"][0] + history.history["val_false_negatives"][0] == Y[32:].sum()
    model.save(tmp_path / "model.npz")
    assert load_model(tmp_path / "model.npz").metrics_names == model.metrics_names


def test_impossible_arguments_are_refused():
    with pytest.raises(ValueError, match="curve must be one of 'ROC', 'PR'"):
        metrics.AUC(curve="roc")
    with pytest.raises(ValueError, match="thresholds must be"):
        metrics.Precision(thresholds=2)
    with pytest.raises(AttributeError, match="no attribute 'Precison'"):
        _ = metrics.Precison


def test_cross_entropy_ignores_a_class():
    metric = metrics.SparseCategoricalCrossentropy(ignore_class=0)
    # Value of Keras 3.15.1.
    value = metric(np.array([0, 1, 2]), np.array([[0.8, 0.1, 0.1], [0.05, 0.95, 0], [0.1, 0.8, 0.1]]))
    assert value == pytest.approx(0.78462, abs=1e-4)
    assert metric.get_config()["ignore_class"] == 0


def test_the_likeliest_classes_may_be_given_by_their_numbers():
    metric = metrics.SparseTopKCategoricalAccuracy(k=2, from_sorted_ids=True)
    assert metric([2, 1], [[1, 0, 3], [3, 1, 2]]) == 0.5
    assert metrics.get(metrics.serialize(metric)).from_sorted_ids


@pytest.mark.parametrize("threshold", [0.0, -0.5, 1.5, "0.5"])
def test_a_threshold_is_a_probability(threshold):
    with pytest.raises(ValueError, match="threshold"):
        metrics.FBetaScore(threshold=threshold)
