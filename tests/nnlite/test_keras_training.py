"""Training as in Keras: with equal weights and batches, losses, metrics and weights agree."""

import csv
import io

import numpy as np
import pytest

import nnlite
from tests.nnlite.reference import keras_training_cases as cases
from tests.nnlite.reference import keras_values as reference

TOLERANCE = 2e-5


def assert_close(found, expected, what):
    expected = np.asarray(expected)
    scale = max(np.abs(expected).max(initial=0), 1e-3)
    np.testing.assert_allclose(found, expected, rtol=TOLERANCE, atol=TOLERANCE * scale, err_msg=what)


@pytest.fixture(scope="module", params=cases.MODELS)
def trained(request):
    return request.param, *cases.train(nnlite, request.param)


def test_every_step_has_the_loss_of_keras(trained):
    name, _, _, steps = trained
    assert_close(steps, reference.value(f"training/{name}/steps"), "loss")


def test_the_history_has_the_values_of_keras(trained):
    name, _, history, _ = trained
    expected = reference.by_name(f"training/{name}/history")
    assert set(history.history) == set(expected)
    for figure, curve in expected.items():
        assert_close(history.history[figure], curve, figure)


def test_training_ends_with_the_weights_of_keras(trained):
    name, model, _, _ = trained
    expected = reference.several(f"training/{name}/weights")
    assert [w.shape for w in model.get_weights()] == [w.shape for w in expected]
    for found, weight in zip(model.get_weights(), expected, strict=True):
        assert_close(found, weight, "weight")


def test_evaluate_returns_the_values_of_keras(trained):
    name, model, _, _ = trained
    expected = reference.by_name(f"training/{name}/evaluate")
    found = model.evaluate(*cases.DATA[name], batch_size=16, verbose=0, return_dict=True)
    assert set(found) == set(expected)
    for figure, value in expected.items():
        assert_close(found[figure], value, figure)
    listed = model.evaluate(*cases.DATA[name], batch_size=16, verbose=0)
    assert listed == (list(found.values()) if len(found) > 1 else found["loss"])
    assert next(iter(found)) == "loss"


def test_predict_returns_the_outputs_of_keras(trained):
    name, model, _, _ = trained
    found = model.predict(cases.DATA[name][0], verbose=0)
    expected = reference.several(f"training/{name}/predict")
    assert isinstance(found, list) == (len(expected) > 1)
    for one, other in zip(found if isinstance(found, list) else [found], expected, strict=True):
        assert_close(one, other, "prediction")


@pytest.mark.filterwarnings("ignore:.*files of Keras need h5py")
def test_a_script_with_callbacks_runs_as_in_keras(tmp_path):
    model, history, log, best = cases.train_with_callbacks(nnlite, tmp_path)
    expected = reference.by_name("callbacks/history")
    assert set(history.history) == set(expected)
    for figure, curve in expected.items():
        assert len(history.history[figure]) == len(curve)
        assert_close(history.history[figure], curve, figure)
    for found, weight in zip(model.get_weights(), reference.several("callbacks/weights"), strict=True):
        assert_close(found, weight, "weight")
    for found, weight in zip(best.get_weights(), reference.several("callbacks/best"), strict=True):
        assert_close(found, weight, "weight of the best model")
    rows, expected_rows = (list(csv.DictReader(io.StringIO(text))) for text in (log, reference.facts()["log"]))
    assert list(rows[0]) == list(expected_rows[0])
    for row, expected_row in zip(rows, expected_rows, strict=True):
        for name, text in expected_row.items():
            assert float(row[name]) == pytest.approx(float(text), rel=TOLERANCE)
