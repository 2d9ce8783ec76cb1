"""Weights of PyTorch in the layers here: the outputs are PyTorch's own."""

import numpy as np
import pytest

from nnlite import layers as L
from nnlite.imports import load_torch_weights
from nnlite.layers import Input
from nnlite.models import Model, Sequential
from tests.nnlite.imports.files import content_of, module_file, reference

SEQUENCES = {"return_sequences": True}
CASES = {
    "linear": lambda: L.Dense(3),
    "embedding": lambda: L.Embedding(5, 3),
    "conv1d": lambda: L.Conv1D(6, 3, strides=2, groups=2),
    "conv2d": lambda: L.Conv2D(3, (2, 3)),
    "conv1d_transpose": lambda: L.Conv1DTranspose(3, 3, strides=2),
    "conv2d_transpose": lambda: L.Conv2DTranspose(3, (2, 3), strides=2),
    "batch_norm": lambda: L.BatchNormalization(epsilon=1e-5),
    "layer_norm": lambda: L.LayerNormalization(epsilon=1e-5),
    "rnn": lambda: L.SimpleRNN(4, **SEQUENCES),
    "lstm": lambda: L.LSTM(4, **SEQUENCES),
    "gru": lambda: L.GRU(4, **SEQUENCES),
    "gru_both": lambda: L.Bidirectional(L.GRU(4, **SEQUENCES)),
    "lstm_both": lambda: L.Bidirectional(L.LSTM(4, use_bias=False, **SEQUENCES)),
}


@pytest.mark.parametrize("kind", CASES)
def test_outputs_are_those_of_pytorch(kind, tmp_path):
    tensors = reference()
    x, y = tensors[f"x.{kind}"], tensors[f"y.{kind}"]
    if kind.startswith("conv"):
        x, y = np.moveaxis(x, 1, -1), np.moveaxis(y, 1, -1)
    layer = CASES[kind]()
    inputs = Input(x.shape[1:])
    model = Model(inputs, layer(inputs))
    load_torch_weights(model, module_file(tmp_path, kind, "part.0"), {layer.name: "part.0"})
    np.testing.assert_allclose(model.predict(x, verbose=0), y, rtol=1e-5, atol=1e-6)


def small_model():
    inner = Sequential([Input((4,)), L.Dense(3, activation="relu", name="a"), L.Dense(2, name="b")], name="inner")
    inputs = Input((4,))
    return Model(inputs, L.Dense(1, name="c")(L.Dropout(0.5)(inner(inputs))))


def small_tensors():
    rng = np.random.default_rng(0)
    sizes = {"a": (3, 4), "b": (2, 3), "c": (1, 2)}
    weights = {f"{name}.weight": rng.normal(size=size) for name, size in sizes.items()}
    return weights | {f"{name}.bias": rng.normal(size=size[0]) for name, size in sizes.items()}


def write(folder, tensors):
    path = folder / "w.safetensors"
    path.write_bytes(content_of({name: array.astype(np.float32) for name, array in tensors.items()}))
    return path


def test_layers_of_nested_models_are_found_by_name(tmp_path):
    model, tensors = small_model(), small_tensors()
    load_torch_weights(model, write(tmp_path, tensors))
    x = np.random.default_rng(1).normal(size=(5, 4))
    hidden = np.maximum(x @ tensors["a.weight"].T + tensors["a.bias"], 0) @ tensors["b.weight"].T + tensors["b.bias"]
    expected = hidden @ tensors["c.weight"].T + tensors["c.bias"]
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, rtol=1e-5, atol=1e-6)


def without(tensors, name):
    return {key: array for key, array in tensors.items() if key != name}


@pytest.mark.parametrize(
    ("change", "names", "message"),
    [
        (lambda t: without(t, "b.bias"), None, "found no tensor 'b.bias' for layer 'b' \\(Dense\\); the file has"),
        (lambda t: {**t, "d.weight": np.zeros((1, 1))}, None, "no layer of model .* takes \\['d.weight'\\]"),
        (
            lambda t: {**t, "c.weight": np.zeros((2, 1))},
            None,
            "layer 'c' .* has kernel of shape \\(2, 1\\).*\\(1, 2\\)",
        ),
        (lambda t: t, {"z": "a"}, "has no layers \\['z'\\] with weights; it has \\['a', 'b', 'c'\\]"),
        (lambda t: t, {"c": "head"}, "found no tensor 'head.weight' for layer 'c'"),
    ],
)
def test_what_does_not_fit_changes_no_weight(change, names, message, tmp_path):
    model = small_model()
    before = model.parameters.copy()
    with pytest.raises(ValueError, match=message):
        load_torch_weights(model, write(tmp_path, change(small_tensors())), names)
    np.testing.assert_array_equal(model.parameters, before)


@pytest.mark.parametrize("wrap", [lambda layer: layer, L.Bidirectional])
def test_a_gru_that_resets_before_is_refused(wrap, tmp_path):
    layer = wrap(L.GRU(4, reset_after=False))
    inputs = Input((5, 3))
    model = Model(inputs, layer(inputs))
    kind = "gru" if isinstance(layer, L.GRU) else "gru_both"
    with pytest.raises(ValueError, match="reset_after=True"):
        load_torch_weights(model, module_file(tmp_path, kind, layer.name))


def test_a_layer_that_pytorch_does_not_have(tmp_path):
    inputs = Input((4,))
    model = Model(inputs, L.Normalization(name="scaled")(inputs))
    with pytest.raises(ValueError, match="layer 'scaled' \\(Normalization\\) has no counterpart in PyTorch"):
        load_torch_weights(model, write(tmp_path, {"scaled.weight": np.zeros(4)}))


def test_two_layers_of_one_name_are_refused(tmp_path):
    inner = Sequential([Input((4,)), L.Dense(4, name="a")], name="inner")
    inputs = Input((4,))
    model = Model(inputs, L.Dense(1, name="a")(inner(inputs)))
    with pytest.raises(ValueError, match="several layers of the names \\['a'\\]"):
        load_torch_weights(model, write(tmp_path, small_tensors()))
