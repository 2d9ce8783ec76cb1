"""The engine agrees with the layers along any axis, and on sums of broadcast tensors."""

import numpy as np
import pytest

from nnlite import losses, metrics
from nnlite.activations import Softmax as SoftmaxFunction
from nnlite.layers import (
    Activation,
    Add,
    BatchNormalization,
    Concatenate,
    Dense,
    Input,
    LayerNormalization,
    Reshape,
    Softmax,
)
from nnlite.models import Model, Sequential
from nnlite.optimizers import SGD
from tests.nnlite.engine import layer_parity
from tests.nnlite.engine.parity import TOLERANCE, assert_agree, assert_parity, assert_same_state, draw, train

SIZES = [(1, 64), (21, 8), (5, 64), (3, 1)]
"""Rows, and rows of a batch: one; a short last batch; fewer than a batch has; one at a time."""


@pytest.fixture(params=SIZES, ids=lambda sizes: f"{sizes[0]} by {sizes[1]}")
def sizes(request):
    return dict(zip(("rows", "batch_size"), request.param, strict=True))


# -- layers ----------------------------------------------------------------------------------------

LAYERS = {
    "softmax over steps": (lambda: Softmax(axis=1), (4, 3)),
    "softmax over steps, counted from the end": (lambda: Activation(SoftmaxFunction(axis=-2)), (17, 1)),
    "softmax over height": (lambda: Softmax(axis=1), (3, 1, 2)),
    "softmax over width": (lambda: Softmax(axis=2), (2, 3, 4)),
    "batch normalization of steps": (lambda: BatchNormalization(axis=1, momentum=0.8, epsilon=0.1), (4, 3)),
    "batch normalization of width": (lambda: BatchNormalization(axis=2, momentum=0.8, epsilon=0.1), (2, 3, 4)),
    "batch normalization of height, bare": (
        lambda: BatchNormalization(axis=-3, center=False, scale=False, epsilon=0.1),
        (3, 1, 17),
    ),
    "layer normalization over steps": (lambda: LayerNormalization(axis=1, epsilon=0.1), (4, 3)),
    "layer normalization over height and channels": (lambda: LayerNormalization(axis=[-1, 1], epsilon=0.1), (2, 3, 4)),
    "layer normalization over height and width": (lambda: LayerNormalization(axis=[2, 1], epsilon=0.1), (2, 3, 4)),
    "layer normalization over width, bare": (
        lambda: LayerNormalization(axis=2, center=False, scale=False, epsilon=0.1),
        (3, 17, 1),
    ),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_along_another_axis(dtype, name, sizes):
    make, shape = LAYERS[name]
    # The dense layers before and after make all values depend on all others.
    layer_parity.assert_parity(lambda x: Dense(2)(make()(Dense(shape[-1])(x))), shape, dtype, **sizes)


def test_a_softmax_whose_input_and_output_are_reused(dtype):
    def build(x):
        h = Dense(3)(x)
        return Concatenate()([h, Softmax(axis=1)(h), h])

    layer_parity.assert_parity(build, (4, 2), dtype)


def test_frozen_normalization_of_another_axis(dtype):
    def build():
        frozen = BatchNormalization(axis=1, epsilon=0.1)
        model = Sequential([Input((4, 2)), Dense(3), frozen, Dense(2)])
        frozen.trainable = False
        model.compile("sgd", "mse")
        return model

    assert_parity(build, draw(21, 4, 2), draw(21, 4, 2, seed=1))


@pytest.mark.parametrize("name", LAYERS)
def test_prediction_of_one_record(dtype, name):
    make, shape = LAYERS[name]
    model = Sequential([Input(shape), Dense(shape[-1]), make()])
    x = draw(5, *shape)
    one = model.make_predict_function()
    expected = model.predict(x, backend="numpy")
    assert_agree(np.array([one(record) for record in x]), expected, dtype, "prediction")


def test_duplicate_axes():
    with pytest.raises(ValueError, match=r"normalizes over axis \[1, -2\], each once"):
        LayerNormalization(axis=[1, -2])(Input((4, 3)))


# -- sums ------------------------------------------------------------------------------------------

TERMS = {
    "one for all": [(3,), (1,)],
    "one for all, first": [(1,), (3,)],
    "one for all steps": [(4, 3), (1, 3)],
    "one for all channels": [(4, 1), (4, 3)],
    "each lacks what the other has": [(4, 1), (1, 3)],
    "three": [(1, 17, 1), (2, 1, 3), (2, 17, 1)],
    "all alike": [(4, 3), (4, 3), (4, 3)],
}


@pytest.mark.parametrize("name", TERMS)
def test_a_sum_of_broadcast_terms(dtype, name, sizes):
    shapes = TERMS[name]

    def build(x):
        terms = [Reshape(shape)(Dense(int(np.prod(shape)), activation="tanh")(x)) for shape in shapes]
        return Dense(2)(Add()([*terms, terms[0]]))

    layer_parity.assert_parity(build, (5,), dtype, **sizes)


# -- losses and metrics ----------------------------------------------------------------------------

LOSSES = {
    "binary": (lambda **s: losses.BinaryCrossentropy(**s), "sigmoid", None),
    "binary logits": (lambda **s: losses.BinaryCrossentropy(from_logits=True, **s), None, None),
    "categorical": (
        lambda **s: losses.CategoricalCrossentropy(label_smoothing=0.1, **s),
        "sigmoid",
        lambda axis: metrics.CategoricalCrossentropy(axis=axis),
    ),
    "categorical logits": (
        lambda **s: losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1, **s),
        None,
        lambda axis: metrics.CategoricalCrossentropy(axis=axis, from_logits=True),
    ),
}


def classifier(name, shape, axis, factor=1.0):
    make, activation, metric = LOSSES[name]

    def build():
        figures = [[metric(axis)] if metric else [] for _ in range(2)]
        model = Sequential([Input((*shape[:-1], 2)), Dense(shape[-1], activation=activation)])
        model.compile(SGD(0.02), make(axis=axis), [factor], metrics=figures[0], weighted_metrics=figures[1])
        return model

    return build


@pytest.mark.parametrize("weighted", ["no", "records", "samples"])
@pytest.mark.parametrize(("shape", "axis"), [((4, 3), 1), ((4, 3), -2), ((2, 3, 4), 1), ((2, 3, 4), 2), ((4, 3), 2)])
@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_along_another_axis(dtype, name, shape, axis, weighted):
    rows = 21
    samples = np.delete(np.array([rows, *shape]), axis)
    weight = {
        "no": None,
        "records": np.linspace(0, 2, rows),
        "samples": np.random.default_rng(2).random(samples),
    }[weighted]
    y = (draw(rows, *shape, seed=1) > 0).astype(float)
    build = classifier(name, shape, axis, factor=0.7)
    found, expected = assert_parity(build, draw(rows, *shape[:-1], 2), y, sample_weight=weight, validation_split=0.3)
    evaluated = [
        model.evaluate(draw(rows, *shape[:-1], 2), y, backend=backend, verbose=0)
        for model, backend in ((found, "numba"), (expected, "numpy"))
    ]
    assert_agree(*evaluated, dtype, "evaluated")


@pytest.mark.parametrize("rows", [1, 33])
@pytest.mark.parametrize("batch_size", [1, 8, 64])
def test_a_loss_along_another_axis_of_odd_sizes(dtype, rows, batch_size):
    for shape in ((1, 3), (17, 1), (3, 17)):
        y = (draw(rows, *shape, seed=1) > 0).astype(float)
        build = classifier("categorical", shape, 1)
        assert_parity(build, draw(rows, shape[0], 2), y, batch_size=batch_size, epochs=1)


def test_a_loss_along_the_records_uses_the_layers():
    build = classifier("categorical logits", (4, 3), 0)
    x, y = draw(8, 4, 2), np.abs(draw(8, 4, 3))
    with pytest.raises(ValueError, match="along axis 0 has no compiled form"):
        train("numba", build, x, y)


# -- threads ---------------------------------------------------------------------------------------


def test_two_threads_along_other_axes(dtype):
    def build():
        a = Input((9, 10))
        h = LayerNormalization(axis=1, epsilon=0.1)(Dense(30, activation="tanh")(a))
        h = Add()([Softmax(axis=1)(h), Dense(1)(h)])
        model = Model(a, Dense(20)(h))
        model.compile(SGD(0.05), losses.CategoricalCrossentropy(from_logits=True, axis=1), metrics=["mae"])
        return model

    rows = 2 * 320 + 17
    x, y = draw(rows, 9, 10), np.abs(draw(rows, 9, 20, seed=1))
    expected = train("numpy", build, x, y, batch_size=320)
    models = [train("numba", build, x, y, batch_size=320, threads=threads) for threads in (1, 2)]
    for model in models:
        assert_same_state(model, expected)
    values = [model.weight_vector.values for model in models]
    np.testing.assert_allclose(*values, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])
