"""Frozen layers and models do not train, as in Keras 3.15."""

import copy

import numpy as np
import pytest

from nnlite.callbacks import Callback
from nnlite.layers import BatchNormalization, Dense, Flatten, Input, TimeDistributed
from nnlite.models import Sequential
from nnlite.optimizers import SGD
from tests.nnlite.arrays import draw_single as draw


def fitted(model, backend="numpy", x=None, y=None):
    """Train a model; return whether each of its weights has changed."""
    x = draw(8, 3) if x is None else x
    _ = model.predict(x)  # for a chain that has not seen data yet
    before = model.get_weights()
    model.compile(SGD(0.1), "mse")
    model.fit(x, draw(8, *model.output_shape[1:], seed=1) if y is None else y, backend=backend)
    return [not np.array_equal(one, other) for one, other in zip(model.get_weights(), before, strict=True)]


def test_a_chain_is_frozen_before_its_shape_is_known():
    model = Sequential([Dense(2), BatchNormalization(), Sequential([Dense(2)])])
    model.trainable = False
    assert [layer.trainable for layer in model.layers] == [False] * 3
    assert not any(fitted(model))
    model.trainable = True
    assert all(fitted(model, y=np.arange(16).reshape(8, 2)))


def test_a_nested_chain_is_frozen_before_its_shape_is_known():
    inner = Sequential([Dense(2), Dense(2)])
    inner.trainable = False
    model = Sequential([Input((3,)), inner, Dense(1)])
    assert [layer.trainable for layer in inner.layers] == [False, False]
    assert fitted(model) == [False, False, False, False, True, True]


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_no_layer_of_a_frozen_model_trains(backend):
    model = Sequential([Input((3,)), Dense(2, kernel_regularizer="l2")])
    model.trainable = False
    model.add(Dense(2, kernel_regularizer="l2"))
    assert [layer.trainable for layer in model.layers] == [False, True]
    assert model.trainable_weights == []
    assert len(model.non_trainable_weights) == 4
    assert model.weight_vector.n_trainable == 0
    assert fitted(model, backend) == [False] * 4
    # Penalties are on what trains.
    x, y = draw(8, 3), draw(8, 2, seed=1)
    loss = model.evaluate(x, y, backend=backend)
    assert loss == pytest.approx(float(np.mean((model.predict(x) - y) ** 2)))
    model.trainable = True
    assert fitted(model, backend) == [True] * 4


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_a_layer_added_to_a_frozen_chain_trains_in_a_larger_model_as_in_keras(backend):
    inner = Sequential([Input((3,)), Dense(2)])
    inner.trainable = False
    inner.add(Dense(2))
    model = Sequential([Input((3,)), inner, Dense(1)])
    assert fitted(model, backend) == [False, False, True, True, True, True]


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_a_model_is_frozen_and_unfrozen_while_its_layers_stay_trainable(backend):
    model = Sequential([Input((3,)), Dense(2, name="a"), Dense(2)])
    assert all(fitted(model, backend)[:2])
    model.trainable = False
    for layer in model.layers:
        layer.trainable = True
    assert fitted(model, backend) == [False] * 4
    model.trainable = True
    assert fitted(model, backend) == [True] * 4


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_validation_has_no_penalties_after_a_model_is_frozen_during_fit(backend):
    class Freeze(Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.trainable = False

    model = Sequential([Input((3,)), Dense(2, kernel_regularizer="l2")])
    model.compile(SGD(0.1), "mse")
    x, y = draw(8, 3), draw(8, 2, seed=1)
    history = model.fit(x, y, validation_data=(x, y), backend=backend, callbacks=[Freeze()]).history
    assert history["val_loss"] == [pytest.approx(float(np.mean((model.predict(x) - y) ** 2)), rel=1e-5)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_model_without_weights_has_a_vector_of_its_dtype(dtype):
    model = Sequential([Input((2, 3), dtype=dtype), Flatten(dtype=dtype)])
    assert model.parameters.dtype == dtype
    assert copy.deepcopy(model).parameters.dtype == dtype


def test_a_wrapper_and_the_layer_inside():
    layer = TimeDistributed(Dense(2))
    layer.trainable = False
    assert not layer.layer.trainable
    layer.layer.trainable = True
    assert layer.trainable_weights == []
    made = TimeDistributed.from_config(layer.get_config())
    assert (made.trainable, made.layer.trainable) == (False, True)


def test_trainable_is_true_or_false():
    layer = Dense(2)
    layer.trainable = 0
    assert layer.trainable is False
