"""Arithmetic of tensors in files of Keras: operations are read as layers, and layers are written that Keras has."""

import numpy as np
import pytest

pytest.importorskip("h5py")

from nnlite.keras_files.arithmetic import with_layers
from nnlite.layers import Dense, Input
from nnlite.models import Model, load_model

A, B = ({"class_name": "__keras_tensor__", "config": {"keras_history": [name, 0, 0]}} for name in "ab")


@pytest.mark.parametrize(
    ("operation", "args", "expected"),
    [
        ("Add", [A, B], ("Add", {})),
        ("Subtract", [A, B], ("Subtract", {})),
        ("Multiply", [A, A], ("Multiply", {})),
        ("Add", [A, 2], ("Rescaling", {"scale": 1.0, "offset": 2.0})),
        ("Subtract", [A, 0.5], ("Rescaling", {"scale": 1.0, "offset": -0.5})),
        ("Subtract", [1, A], ("Rescaling", {"scale": -1.0, "offset": 1.0})),
        ("Multiply", [3, A], ("Rescaling", {"scale": 3.0, "offset": 0.0})),
        ("TrueDivide", [A, 4.0], ("Rescaling", {"scale": 0.25, "offset": 0.0})),
    ],
)
def test_operations_are_layers(operation, args, expected):
    entry = {"module": "keras.src.ops.numpy", "class_name": operation, "config": {"name": "own"}}
    (layer,) = with_layers([{**entry, "inbound_nodes": [{"args": args, "kwargs": {}}]}])
    assert (layer["class_name"], layer["config"]) == (expected[0], {"name": "own", **expected[1]})
    tensors = [one for one in args if isinstance(one, dict)]
    assert layer["inbound_nodes"][0]["args"] == (tensors if len(tensors) == 1 else [tensors])


@pytest.mark.parametrize(("operation", "args"), [("TrueDivide", [1, A]), ("TrueDivide", [A, 0]), ("Add", [A, [1, 2]])])
def test_others_stay_as_they_are(operation, args):
    entry = {"module": "keras.src.ops.numpy", "class_name": operation, "config": {"name": "own"}}
    entry["inbound_nodes"] = [{"args": args, "kwargs": {}}]
    assert with_layers([entry]) == [entry]


def test_a_graph_with_arithmetic_is_written_for_keras_and_read(tmp_path):
    inputs = Input((3,))
    a, b = Dense(2)(inputs), Dense(2)(inputs)
    model = Model(inputs, Dense(1)((a + b) * 2 - 1 - b * np.array([1.0, 3.0])))
    model.save(tmp_path / "m.keras")
    x = np.random.default_rng(0).normal(size=(4, 3))
    loaded = load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(loaded.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-6)
    assert "Rescaling" in {type(layer).__name__ for layer in loaded.layers}
