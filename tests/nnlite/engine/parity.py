"""Comparison of both backends: train the same model twice, and compare the results."""

import numpy as np

from nnlite.utils import set_random_seed

TOLERANCE = {"float32": 1e-5, "float64": 1e-12}


def draw(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def assert_agree(found, expected, dtype, what, factor=1.0, least=0.0):
    """Compare two arrays, with a tolerance relative to the largest value, or to `least` if that is larger."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape, what
    assert np.isfinite(expected).all(), f"{what}: the comparison says nothing about {expected}"
    tolerance = factor * TOLERANCE[dtype]
    scale = np.abs(expected).max(initial=least)
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * scale, err_msg=what)


def assert_same_state(found, expected, factor=1.0):
    """Compare the histories, weights and optimizer states of two models."""
    dtype = expected.dtype.name
    assert list(found.history.history) == list(expected.history.history)
    assert found.history.epoch == expected.history.epoch
    for metric, curve in expected.history.history.items():
        assert_agree(found.history.history[metric], curve, dtype, metric, factor)
    # The gradient of a bias before a normalization is 0 except for rounding errors, and so is the bias: this tolerates
    # errors that are small relative to the largest weight.
    least = 1e-2 * np.abs(expected.weight_vector.values).max()
    for weight, other in zip(found.weights, expected.weights, strict=True):
        assert_agree(weight.value, other.value, dtype, f"weight of shape {other.shape}", factor, least)
    assert found.optimizer.iterations == expected.optimizer.iterations
    assert found.optimizer.slots.keys() == expected.optimizer.slots.keys()
    for name, slot in expected.optimizer.slots.items():
        # In the optimizer's vectors the small stands beside the large already.
        assert_agree(found.optimizer.slots[name], slot, dtype, f"optimizer's {name}", factor)


def train(backend, build, x, y, *, seed=7, callbacks=None, **fit):
    """Build a model and train it; `callbacks` returns new callbacks."""
    set_random_seed(seed)
    model = build()
    before = [weight.value.copy() for weight in model.weights]
    made = callbacks() if callbacks else None
    model.fit(x, y, backend=backend, verbose=0, callbacks=made, **{"epochs": 2, "batch_size": 8, **fit})
    assert model.history.backend == backend
    model.weights_before = before
    return model


def assert_parity(build, x, y, *, factor=1.0, **fit):
    """Train by the layers and by the engine; return both models after their comparison."""
    expected = train("numpy", build, x, y, **fit)
    found = train("numba", build, x, y, **fit)
    assert_same_state(found, expected, factor)
    return found, expected
