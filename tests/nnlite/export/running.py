"""Exported models in ONNX Runtime, and their comparison with `predict`."""

import numpy as np
import pytest

from nnlite.data import as_list
from nnlite.layers import Input
from nnlite.models import Model

pytest.importorskip("onnx", reason="the package onnx is not installed: it is in the extra [test]")
onnxruntime = pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed: it is in the extra [test]")

RELATIVE = 1e-5
"""Largest relative error. A sum of terms of both signs may round to 0 in one order and not in another: its error is
relative to the largest output."""


def run(path, *inputs):
    """Return the outputs of an exported model."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_inputs()]
    return session.run(None, {name: x.astype(np.float32) for name, x in zip(names, inputs, strict=True)})


def model_of(layer, *shapes):
    """Return a model of one layer, whose weights are random, not the zeros and ones that they begin with."""
    inputs = [Input(shape) for shape in shapes]
    model = Model(inputs, layer(inputs if len(inputs) > 1 else inputs[0]))
    return with_random_weights(model)


def with_random_weights(model):
    """Add positive random numbers to the weights, so that variances stay positive."""
    rng = np.random.default_rng(2)
    model.set_weights([weight + 0.1 * rng.random(weight.shape) for weight in model.get_weights()])
    return model


def assert_same_results(model, path, *inputs):
    """Export a model, and compare its outputs with those of `predict`."""
    model.export(path)
    expected = as_list(model.predict(list(inputs) if len(inputs) > 1 else inputs[0], verbose=0, backend="numpy"))
    for found, wanted in zip(run(path, *inputs), expected, strict=True):
        assert found.shape == wanted.shape
        largest = float(np.abs(wanted).max(initial=0))
        np.testing.assert_allclose(found, wanted, rtol=RELATIVE, atol=RELATIVE * largest)
