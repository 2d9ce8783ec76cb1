"""Every class that nnlite offers by name has a compiled form."""

import numpy as np
import pytest

from nnlite import activations, layers, losses, metrics, optimizers, regularizers
from nnlite.engine.lowering.rules import Unsupported, rule_for
from nnlite.layers import Dense, Input, Reshape
from nnlite.models import Sequential
from tests.nnlite.engine.parity import assert_parity, draw

ROWS = 11
NOT_OF_PREDICTIONS = {"Mean", "mean"}
"""Metrics without a comparison, which have no meaning after a layer."""


def assert_compiled(loss="mse", optimizer="sgd", activation="sigmoid", numbers=False, **settings):
    compiled = {name: settings.pop(name) for name in ("metrics", "weighted_metrics") if name in settings}

    def build():
        model = Sequential([Input((4,)), Dense(3, activation=activation, **settings)])
        model.compile(optimizer, loss, **compiled)
        return model

    y = np.arange(ROWS) % 3 if numbers else np.eye(3)[np.arange(ROWS) % 3]
    assert_parity(build, draw(ROWS, 4), y, sample_weight=np.linspace(0, 1, ROWS))


@pytest.mark.parametrize("name", losses.registry.names())
def test_every_loss(name):
    assert_compiled(name, numbers="parse" in name)


@pytest.mark.parametrize("name", sorted({*metrics.registry.names()} - NOT_OF_PREDICTIONS))
def test_every_metric(name):
    numbers = "parse" in name
    loss = "sparse_categorical_crossentropy" if numbers else "mse"
    assert_compiled(loss, metrics=[name], weighted_metrics=[name], numbers=numbers)


@pytest.mark.parametrize("name", optimizers.registry.names())
def test_every_optimizer(name):
    assert_compiled(optimizer=name)


@pytest.mark.parametrize("name", regularizers.registry.names())
@pytest.mark.parametrize("place", ["kernel_regularizer", "bias_regularizer", "activity_regularizer"])
def test_every_regularizer(name, place):
    assert_compiled(**{place: name})


@pytest.mark.parametrize("name", activations.registry.names())
def test_every_activation(name):
    assert_compiled(activation=name)


@pytest.mark.parametrize("name", sorted({*layers.__all__} - {"Input", "InputLayer", "Layer", "Masking"}))
def test_every_layer_has_a_rule(name):
    kind = getattr(layers, name)
    layer = kind.__new__(kind)
    layer.name = name
    assert callable(rule_for(layer))


def test_outputs_without_an_axis_use_the_layers():
    model = Sequential([Input((4,)), Dense(1), Reshape(())])
    model.compile("sgd", "mse", metrics=["accuracy"])
    with pytest.raises(ValueError, match="outputs without a feature axis"):
        model.fit(draw(ROWS, 4), draw(ROWS), backend="numba", verbose=0)
    assert model.fit(draw(ROWS, 4), draw(ROWS), verbose=0).backend == "numpy"


def test_a_layer_without_a_rule_is_named():
    with pytest.raises(Unsupported, match="layer 'mine': Layer has no compiled form"):
        rule_for(layers.Layer(name="mine"))
