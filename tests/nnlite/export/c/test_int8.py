"""Dense layers with weights of 8 bits, beside the same model with the weights that these stand for."""

import re

import numpy as np
import pytest

from nnlite import layers as L
from nnlite.export.c.int8 import quantized
from nnlite.layers import Input
from nnlite.models import Sequential
from tests.nnlite.export.c.running import assert_same_results, compiled, needs_gcc, with_random_weights


def _models():
    plain = [Input((5,)), L.Dense(9, activation="relu"), L.Dense(3, use_bias=False), L.Dense(1, activation="sigmoid")]
    steps = [Input((4, 3)), L.LSTM(3, return_sequences=True), L.Dense(2), L.TimeDistributed(L.Dense(5))]
    return [with_random_weights(Sequential(layers)) for layers in (plain, steps)]


def _dense_layers(model):
    return [getattr(one, "layer", one) for one in model.layers if isinstance(one, (L.Dense, L.TimeDistributed))]


@needs_gcc
def test_results_are_those_of_the_weights_that_are_meant(tmp_path):
    models = _models()
    models[0].layers[-1].kernel.value[:] = 0
    program = compiled(models, tmp_path, int8=True)
    rng = np.random.default_rng(0)
    for number, model in enumerate(models):
        for layer in _dense_layers(model):
            whole, scales = quantized(layer.kernel.value)
            assert np.abs(whole * scales - layer.kernel.value).max() <= 0.5001 * scales.max()
            layer.kernel.value[:] = whole * scales
        records = rng.normal(size=(20, *model.inputs[0].shape[1:])) * rng.choice([1, 30], size=20).reshape(
            -1, *[1] * (len(model.inputs[0].shape) - 1)
        )
        assert_same_results(program, number, model, [records])


def test_the_table_counts_a_byte_for_a_weight(tmp_path):
    model = with_random_weights(Sequential([Input((4,)), L.Dense(8), L.Dense(2)]))
    model.export(tmp_path / "net.c", format="c", int8=True)
    weights = 4 * 8 + 8 * 2 + 4 * (8 + 8 + 2 + 2)
    assert re.search(rf"in all +{weights} ", (tmp_path / "net.h").read_text())
    assert "static const signed char" in (tmp_path / "net.c").read_text()


def test_it_is_for_c_alone(tmp_path):
    with pytest.raises(ValueError, match="int8 is for format='c'"):
        _models()[0].export(tmp_path / "m.onnx", int8=True)
