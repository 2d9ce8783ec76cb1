"""Noisy copies of records through a network: like the layers, independent of the batch, with and without Numba."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlite.dense_chain import chain_of
from nnlite.layers import ActivityRegularization, Dense, GaussianNoise, Input, ReLU
from nnlite.models import Model, Sequential
from nnlite.noisy_copies import NoisyCopies


def network(width, hidden, activation="relu", seed=0):
    rng = np.random.default_rng(seed)
    layers = [Dense(units, activation) for units in hidden]
    model = Sequential([Input((width,)), GaussianNoise(0.5), *layers, Dense(width)])
    for weight in model.weights:
        weight.value[...] = rng.normal(0, 1 / np.sqrt(weight.shape[0]), weight.shape)
    return model


def plain_errors(model, offsets, x):
    """By the layers, in float64."""
    wide = model.forward((x[:, np.newaxis] + offsets).astype(np.float64), training=False)[0]
    return np.square(x[:, np.newaxis] - wide).mean(axis=1)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("hidden", [(), (1,), (33,), (128, 128), (70, 5, 40)])
@pytest.mark.parametrize("copies", [1, 3, 8])
def test_errors_are_those_of_the_layers(backend, hidden, copies):
    rng = np.random.default_rng(1)
    for width in (1, 30, 113):
        model, offsets = network(width, hidden), rng.normal(size=(copies, width)).astype(np.float32)
        x = rng.normal(size=(37, width)).astype(np.float32)
        found = NoisyCopies(model, offsets, backend).errors(x)
        np.testing.assert_allclose(found, plain_errors(model, offsets, x), rtol=2e-4, atol=2e-6)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_a_record_has_the_same_errors_in_every_batch(backend):
    rng = np.random.default_rng(2)
    x = np.where(rng.random((3000, 41)) < 0.5, 0, rng.normal(size=(3000, 41))).astype(np.float32)
    copies = NoisyCopies(network(41, (50, 20)), rng.normal(size=(5, 41)).astype(np.float32), backend)
    errors, order = copies.errors(x), rng.permutation(3000)
    np.testing.assert_array_equal(copies.errors(x[order]), errors[order])
    for i in range(0, 3000, 149):
        np.testing.assert_array_equal(copies.errors(x[i : i + 1])[0], errors[i])
        np.testing.assert_array_equal(copies.errors(x[i : i + 7]), errors[i : i + 7])


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 40), st.integers(1, 9), st.integers(1, 40), st.integers(0, 2**20))
def test_both_backends_agree(n, copies, width, seed):
    rng = np.random.default_rng(seed)
    model, offsets = network(width, (17, 9), seed=seed), rng.normal(size=(copies, width)).astype(np.float32)
    x = (rng.normal(size=(n, width)) * (rng.random((n, width)) < 0.3)).astype(np.float32)
    one, other = (NoisyCopies(model, offsets, backend).errors(x) for backend in ("numpy", "numba"))
    assert one.shape == other.shape == (n, width)
    np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)


def test_weights_that_change_later_count():
    model, x = network(6, (8,)), np.ones((4, 6), np.float32)
    copies = NoisyCopies(model, np.zeros((1, 6), np.float32))
    copies.errors(x)
    model.parameters[:] = 0
    np.testing.assert_array_equal(copies.errors(x), 1)


def test_weights_that_another_model_trains_count():
    model, x = network(6, (8,)), np.ones((4, 6), np.float32)
    copies = NoisyCopies(model, np.zeros((1, 6), np.float32))
    copies.errors(x)
    # The weights move to the vector of the other model, and change there.
    other = Model(model.inputs, model.outputs)
    other.weight_vector.values[:] = 0
    np.testing.assert_array_equal(copies.errors(x), 1)
    other.weight_vector.values[:] = 0.5
    np.testing.assert_array_equal(copies.errors(x), NoisyCopies(other, np.zeros((1, 6), np.float32)).errors(x))


def test_the_model_is_asked_for_its_weights_once(monkeypatch):
    model, x = network(6, (8,)), np.ones((4, 6), np.float32)
    copies = NoisyCopies(model, np.zeros((1, 6), np.float32))
    errors, asked = copies.errors(x), []
    monkeypatch.setattr(model, "current_weights", lambda: asked.append(1))
    np.testing.assert_array_equal(copies.errors(x), errors)
    assert not asked


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_copies_of_it_compute_the_same(copied):
    copies, x = NoisyCopies(network(6, (8,)), np.ones((2, 6), np.float32)), np.ones((4, 6), np.float32)
    errors = copies.errors(x)
    np.testing.assert_array_equal(copied(copies).errors(x), errors)


def test_what_is_no_number_stays_so():
    copies = NoisyCopies(network(6, (8,)), np.ones((2, 6), np.float32))
    assert np.isnan(copies.errors(np.full((1, 6), np.nan, np.float32))).all()


def test_other_networks_are_computed_by_their_layers():
    rng = np.random.default_rng(3)
    model, offsets = network(9, (12,), "tanh"), rng.normal(size=(4, 9)).astype(np.float32)
    x = rng.normal(size=(20, 9)).astype(np.float32)
    np.testing.assert_allclose(NoisyCopies(model, offsets).errors(x), plain_errors(model, offsets, x), rtol=1e-4)


def test_chains_are_recognized():
    inputs = Input((4,))
    hidden = Dense(3, "relu", use_bias=False)(GaussianNoise(0.1)(inputs))
    chain = chain_of(Model(inputs, Dense(4)(ActivityRegularization(l1=0.1)(hidden))))
    assert [(layer.kernel.shape, layer.bias is None, layer.relu) for layer in chain] == [
        ((4, 3), True, True),
        ((3, 4), False, False),
    ]


def test_what_is_no_chain_is_not_taken_for_one():
    inputs = Input((4,))
    hidden = Dense(4, "relu")(inputs)
    assert chain_of(Model(inputs, [hidden, Dense(4)(hidden)])) is None
    assert chain_of(Model(inputs, ReLU(max_value=1.0)(hidden))) is None
    assert chain_of(Model(inputs, hidden)) is not None

    class Doubled(Dense):
        def forward(self, x, training=False):
            return 2 * super().forward(x, training)[0], None

    assert chain_of(Model(inputs, Doubled(4)(hidden))) is None
