"""The file: its version, its names and shapes, and what is said where it cannot be written."""

import sys

import numpy as np
import pytest

from nnlite.export.onnx_file import IR_VERSION, OPSET, collect
from nnlite.layers import Conv1D, Dense, Input, MaxPooling1D, TimeDistributed, UpSampling1D
from nnlite.models import Model, Sequential
from nnlite.utils import set_random_seed
from tests.nnlite.export.running import assert_same_results, model_of, onnxruntime, run, with_random_weights

onnx = pytest.importorskip("onnx")

DOUBLE = {"dtype": "float64", "name": None}


def autoencoder(**settings):
    return Sequential([Input((4,), name="records", **settings), Dense(2, activation="tanh"), Dense(4, name="copies")])


def test_versions_are_those_that_older_runtimes_load(tmp_path):
    autoencoder().export(tmp_path / "m.onnx")
    message = onnx.load(tmp_path / "m.onnx")
    assert (message.ir_version, message.opset_import[0].version) == (IR_VERSION, OPSET) == (7, 13)
    assert message.producer_name == "nnlite"


def test_names_and_shapes_are_those_of_the_model(tmp_path):
    autoencoder().export(str(tmp_path / "m.onnx"))
    session = onnxruntime.InferenceSession(str(tmp_path / "m.onnx"))
    (given,), (result,) = session.get_inputs(), session.get_outputs()
    assert (given.name, given.shape, result.name, result.shape) == ("records", ["rows", 4], "copies", ["rows", 4])
    assert given.type == result.type == "tensor(float)"


def test_any_number_of_rows_or_a_fixed_one(tmp_path):
    model = autoencoder()
    for rows in (1, 2, 1000):
        assert_same_results(model, tmp_path / "m.onnx", np.random.default_rng(0).normal(size=(rows, 4)))
    autoencoder(batch_size=8).export(tmp_path / "m.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "m.onnx"))
    assert session.get_inputs()[0].shape == [8, 4]


@pytest.mark.parametrize("scale", [1e-20, 1e-5, 0.1, 1.0, 10.0, 1e3, 1e8, 1e20])
def test_a_whole_model_on_small_and_large_records(scale, tmp_path):
    """Each number is within 1e-5 of its own value, but for one in a thousand where sums of large terms cancel.

    A tanh between layers depends, at the scale 1000, on sums of some hundreds whose result is near 0: float32 rounds
    each term. There `predict` itself is as far from the result in float64.
    """
    widths = {"relu": 64, "tanh": 8, "elu": 64, "sigmoid": 10}
    set_random_seed(0)
    layers = [Dense(width, activation=name) for name, width in widths.items()]
    model = with_random_weights(Sequential([Input((10,)), *layers]))
    exact = Sequential([Input((10,), dtype="float64"), *(Dense(**one.get_config() | DOUBLE) for one in layers)])
    exact.set_weights(model.get_weights())
    x = (scale * np.random.default_rng(0).normal(size=(2000, 10))).astype(np.float32)
    model.export(tmp_path / "m.onnx")
    (found,), ours, right = run(tmp_path / "m.onnx", x), model.predict(x, verbose=0), exact.predict(x, verbose=0)
    error, rounding = (np.abs(one / right - 1) for one in (found, ours))
    if scale == 1e3:
        assert rounding.max() > 5e-6
        assert error.max() < 1e-4
        assert (error > 1e-5).mean() < 1e-3
    else:
        assert error.max() < 1e-5


def test_an_output_that_is_an_input(tmp_path):
    inputs = Input((4,), name="x")
    model = Model(inputs, [inputs, Dense(2, name="y")(inputs)])
    assert_same_results(model, tmp_path / "m.onnx", np.ones((3, 4)))


def test_shared_weights_are_kept_once():
    inputs = [Input((50,)), Input((50,))]
    shared = Dense(50)
    graph, _, _ = collect(Model(inputs, [shared(one) for one in inputs]))
    assert sorted(array.size for array in graph.constants.values()) == [50, 2500]


def test_a_float64_model_is_written_as_float32(tmp_path):
    model = model_of(Dense(3, activation="sigmoid", dtype="float64"), (5,))
    x = np.random.default_rng(0).normal(size=(20, 5))
    model.export(tmp_path / "m.onnx")
    (found,) = run(tmp_path / "m.onnx", x)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, model.predict(x, verbose=0), rtol=1e-5)


def test_unknown_lengths(tmp_path):
    inputs = Input((None, 3))
    model = Model(inputs, TimeDistributed(Dense(2))(MaxPooling1D(2)(Conv1D(4, 3, padding="same")(inputs))))
    for steps in (2, 7, 30):
        assert_same_results(model, tmp_path / "m.onnx", np.random.default_rng(steps).normal(size=(5, steps, 3)))


@pytest.mark.parametrize("layer", [UpSampling1D(2), Conv1D(4, 3, strides=2, padding="same")])
def test_lengths_that_must_be_known(layer, tmp_path):
    inputs = Input((None, 3))
    with pytest.raises(ValueError, match=f"{layer.name}.*Input\\(shape=...\\)"):
        Model(inputs, layer(inputs)).export(tmp_path / "m.onnx")


def test_without_the_package_the_error_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match="pip install 'nnlite-anomaly\\[onnx\\]'"):
        autoencoder().export(tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


def test_another_format_and_an_unknown_shape(tmp_path):
    with pytest.raises(ValueError, match="format must be 'onnx' or 'c'; found 'tf_saved_model'"):
        autoencoder().export(tmp_path / "m", format="tf_saved_model")
    with pytest.raises(ValueError, match="does not know the shape of its inputs yet"):
        Sequential([Dense(2)]).export(tmp_path / "m.onnx")


def test_a_failed_export_keeps_the_file_of_before(tmp_path):
    autoencoder().export(tmp_path / "m.onnx")
    before = (tmp_path / "m.onnx").read_bytes()
    with pytest.raises(OSError, match="nowhere"):
        autoencoder().export(tmp_path / "nowhere" / "m.onnx")
    with pytest.raises(ValueError, match="ONNX does not have"):
        model_of(Dense(2, activation=lambda x: x), (3,)).export(tmp_path / "m.onnx")
    assert (tmp_path / "m.onnx").read_bytes() == before
