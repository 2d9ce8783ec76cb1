"""Values of Keras: layers, activations, losses, optimizers, metrics and initializers, in float32."""

import numpy as np
import pytest

import nnlite
from nnlite import activations
from tests.nnlite.reference import keras_cases as cases
from tests.nnlite.reference import keras_values as reference


def assert_close(found, expected, rtol=1e-5, atol=1e-6):
    """Hold values to the reference: each to a relative error, or to an error relative to the largest of them."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=atol * max(1e-3, np.abs(expected).max(initial=0)))


def test_the_reference_contains_its_versions():
    facts = reference.facts()
    assert facts["keras"].startswith("3.")
    assert facts["backend"] == "jax"
    assert facts["jax"]


@pytest.mark.parametrize("name", cases.ACTIVATIONS)
def test_activation(name):
    function, arguments = cases.ACTIVATIONS[name]
    f = activations.registry.create(function, arguments)
    x = reference.value(f"activations/{name}/x")
    y = f(x)
    np.testing.assert_allclose(y, reference.value(f"activations/{name}/y"), rtol=2e-6, atol=2e-7)
    dx = f.backward(reference.value(f"activations/{name}/dy"), x, y)
    expected = reference.value(f"activations/{name}/dx")
    smooth = ~np.isin(x, cases.KINKS.get(name, []))
    dx, expected = dx[smooth], expected[smooth]
    np.testing.assert_allclose(dx, expected, rtol=1e-5, atol=2e-7)
    assert y.dtype == dx.dtype == np.float32


@pytest.mark.parametrize("name", cases.LAYERS)
def test_layer(name):
    make, shapes, training = cases.LAYERS[name]
    layer = make(nnlite)
    x = reference.several(f"layers/{name}/x")
    layer.build(shapes if layer.merges else shapes[0])
    layer.set_weights(reference.several(f"layers/{name}/weights"))
    layer.allocate_gradients()
    y, cache = layer.forward(x if layer.merges else x[0], bool(training))
    dx = layer.backward(reference.value(f"layers/{name}/dy"), cache)
    assert_close(y, reference.value(f"layers/{name}/y"))
    for found, expected in zip(dx if layer.merges else [dx], reference.several(f"layers/{name}/dx"), strict=True):
        assert_close(found, expected, rtol=2e-5, atol=2e-6)
    gradients = reference.several(f"layers/{name}/gradients")
    for weight, expected in zip(layer.trainable_weights, gradients, strict=True):
        assert_close(weight.gradient, expected)
    after = reference.several(f"layers/{name}/after")
    for weight, expected in zip(layer.non_trainable_weights, after, strict=True):
        assert_close(weight.value, expected)


@pytest.mark.parametrize("name", cases.LOSSES)
def test_loss(name):
    make, kind, weighted = cases.LOSSES[name]
    y_true, y_pred, weight = cases.loss_data(kind)
    weight = weight if weighted else None
    loss = make(nnlite)
    assert loss(y_true, y_pred, weight) == pytest.approx(float(reference.value(f"losses/{name}/value")), rel=1e-5)
    assert_close(loss.gradient(y_true, y_pred, weight), reference.value(f"losses/{name}/gradient"))


@pytest.mark.parametrize("name", cases.OPTIMIZERS)
def test_optimizer(name):
    optimizer = cases.OPTIMIZERS[name](nnlite)
    start, steps = cases.optimizer_data()
    flat = np.concatenate([value.ravel() for value in start])
    optimizer.build(flat, [("kernel", slice(0, 6)), ("bias", slice(6, 8))])
    for number, gradients in enumerate(steps):
        optimizer.step(flat, np.concatenate([gradient.ravel() for gradient in gradients]))
        assert_close(flat, reference.value(f"optimizers/{name}/{number}"))


@pytest.mark.parametrize("name", cases.SCHEDULES)
def test_schedule(name):
    schedule = cases.SCHEDULES[name](nnlite.optimizers.schedules)
    assert_close([schedule(step) for step in cases.SCHEDULE_STEPS], reference.value(f"schedules/{name}"))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", cases.METRICS)
def test_metric(name, weighted):
    make, kind = cases.METRICS[name]
    y_true, y_pred, weight = cases.loss_data(kind)
    metric = make(nnlite)
    for rows in (slice(0, 4), slice(4, None)):
        metric.update_state(y_true[rows], y_pred[rows], sample_weight=weight[rows] if weighted else None)
    expected = reference.value(f"metrics/{name}{' weighted' if weighted else ''}")
    assert metric.result() == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize("name", cases.INITIALIZERS)
def test_initializer(name):
    make, sharp = cases.INITIALIZERS[name]
    drawn = make(nnlite.initializers)(cases.INITIALIZER_SHAPE)
    least, most, mean, spread = reference.value(f"initializers/{name}").tolist()
    # 14,400 values: the sample's spread is known to 0.6 %, and its mean to 0.9 % of the spread.
    assert drawn.std() == pytest.approx(spread, rel=0.03)
    assert drawn.mean() == pytest.approx(mean, abs=0.05 * spread + 1e-7)
    if sharp:
        assert drawn.min() == pytest.approx(least, abs=0.05 * spread)
        assert drawn.max() == pytest.approx(most, abs=0.05 * spread)
