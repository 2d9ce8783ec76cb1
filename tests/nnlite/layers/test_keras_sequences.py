"""Convolutional and recurrent layers against Keras's values, from `../reference/make_keras_sequence_reference.py`."""

import inspect
import json
from pathlib import Path

import numpy as np
import pytest

import nnlite
from nnlite import layers
from tests.nnlite.reference.keras_sequence_cases import LAYERS, SCRIPTS, TRAINING, inputs_for, weights_like

REFERENCE = np.load(Path(__file__).parents[1] / "reference" / "keras_sequences.npz")
SIGNATURES = json.loads(str(REFERENCE["signatures"]))
WITHOUT = {"kernel_constraint", "recurrent_constraint", "bias_constraint"}
"""Arguments of Keras without a counterpart in nnlite."""


def reference(name, kind):
    keys = sorted(key for key in REFERENCE.files if key.startswith(f"{name}/{kind}") and key[len(name) + 1 :] != "loss")
    return [REFERENCE[key] for key in keys]


def as_list(value):
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("name", LAYERS)
def test_outputs_and_gradients_equal_those_of_keras(name):
    case = LAYERS[name]
    x = inputs_for(case)
    symbols = [nnlite.Input(one.shape[1:]) for one in x]
    tensor = symbols[0]
    if case.get("mask_value") is not None:
        tensor = layers.Masking(case["mask_value"])(tensor)
    layer = case["make"](layers)
    y = layer(tensor, initial_state=symbols[1:]) if len(symbols) > 1 else layer(tensor)
    model = nnlite.Model(symbols, y)
    model.set_weights(weights_like(model.get_weights()))

    ys, cache = model.forward(x if len(x) > 1 else x[0])
    rng = np.random.default_rng(1)
    dys = [rng.normal(size=one.shape).astype("float32") for one in as_list(ys)]
    _ = model.gradients
    dx = model.backward(dys if len(dys) > 1 else dys[0], cache)

    for kind, found in (
        ("y", as_list(ys)),
        ("dx", as_list(dx)),
        ("dw", [weight.gradient for weight in model.trainable_weights]),
    ):
        expected = reference(name, kind)
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert one.dtype == np.float32
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4 * max(1, np.abs(other).max(initial=0)))


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_keras_script_has_the_same_learning_curve(name):
    spaces = {"layers": layers, "Sequential": nnlite.Sequential, "Model": nnlite.Model, "Input": nnlite.Input}
    model, x = SCRIPTS[name](**spaces)
    model.set_weights(weights_like(model.get_weights(), scale=0.3))
    model.compile(optimizer=nnlite.optimizers.Adam(0.01), loss="mse")
    losses = model.fit(x, x, verbose=0, shuffle=False, **TRAINING).history["loss"]
    np.testing.assert_allclose(losses, REFERENCE[f"{name}/loss"], rtol=1e-4)
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("name", SIGNATURES)
def test_arguments_have_the_order_and_defaults_of_keras(name):
    parameters = inspect.signature(getattr(layers, name).__init__).parameters.values()
    own = {
        p.name: None if p.default is p.empty else json.loads(json.dumps(p.default))
        for p in parameters
        if p.name not in ("self", "settings")
    }
    theirs = {argument: default for argument, default in SIGNATURES[name] if argument not in WITHOUT}
    assert list(own) == list(theirs)
    assert {argument: _spread(default) for argument, default in own.items()} == {
        argument: _spread(default) for argument, default in theirs.items()
    }


def _spread(default):
    """Let 1 stand for (1, 1): a number stands for every axis."""
    return default[0] if isinstance(default, list) and len(set(map(str, default))) == 1 else default


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("Convolution1D", "Conv1D"),
        ("Convolution2D", "Conv2D"),
        ("Convolution1DTranspose", "Conv1DTranspose"),
        ("Convolution2DTranspose", "Conv2DTranspose"),
        ("MaxPool1D", "MaxPooling1D"),
        ("MaxPool2D", "MaxPooling2D"),
        ("AvgPool1D", "AveragePooling1D"),
        ("AvgPool2D", "AveragePooling2D"),
        ("GlobalMaxPool1D", "GlobalMaxPooling1D"),
        ("GlobalMaxPool2D", "GlobalMaxPooling2D"),
        ("GlobalAvgPool1D", "GlobalAveragePooling1D"),
        ("GlobalAvgPool2D", "GlobalAveragePooling2D"),
    ],
)
def test_aliases_of_keras(alias, name):
    assert getattr(layers, alias) is getattr(layers, name)
