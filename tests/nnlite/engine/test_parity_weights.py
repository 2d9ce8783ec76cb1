"""Weights agree on both paths: of records and of their steps, in losses and metrics, and of losses."""

import numpy as np
import pytest

from nnlite import losses, metrics
from nnlite.callbacks import LambdaCallback
from nnlite.layers import BatchNormalization, Dense, Input, Masking
from nnlite.likelihoods import BernoulliNLL, GaussianNLL
from nnlite.models import Model, Sequential
from nnlite.optimizers import SGD
from tests.nnlite.engine.parity import assert_agree, assert_parity, assert_same_state, draw, train

ROWS, STEPS, CLASSES = 27, 5, 3  # batches of 8, and a last one of 3


def build(loss="mse", activation=None, shape=(STEPS, 2), units=CLASSES, **compiled):
    def make():
        model = Sequential([Input(shape), Dense(4, activation="tanh"), Dense(units, activation=activation)])
        model.compile(SGD(0.05), loss, **compiled)
        return model

    return make


def target(kind, rows=ROWS, shape=(STEPS,)):
    numbers = np.random.default_rng(1).integers(0, CLASSES, (rows, *shape))
    return {
        "real": draw(rows, *shape, CLASSES, seed=1),
        "ones": (draw(rows, *shape, CLASSES, seed=1) > 0).astype(float),
        "one-hot": np.eye(CLASSES)[numbers],
        "numbers": numbers,
    }[kind]


def weights(*shape):
    """Return weights, some of them 0."""
    drawn = np.random.default_rng(2).random(shape)
    return np.where(drawn < 0.3, 0, drawn)


# -- weighted metrics ------------------------------------------------------------------------------

METRICS = {
    "real": (None, "mse", lambda: ["mse", "mae", metrics.RootMeanSquaredError()]),
    "ones": (
        "sigmoid",
        "binary_crossentropy",
        lambda: [metrics.BinaryAccuracy(threshold=0.4), metrics.BinaryCrossentropy(label_smoothing=0.1)],
    ),
    "one-hot": (
        "softmax",
        "categorical_crossentropy",
        lambda: ["accuracy", metrics.CategoricalAccuracy(), metrics.CategoricalCrossentropy()],
    ),
    "numbers": (
        "softmax",
        "sparse_categorical_crossentropy",
        lambda: ["accuracy", metrics.SparseCategoricalAccuracy()],
    ),
}
SHAPES = {"none": None, "records": (ROWS,), "a column": (ROWS, 1), "steps": (ROWS, STEPS)}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", METRICS)
def test_weighted_metrics_in_training_and_validation(dtype, kind, shape):
    activation, loss, chosen = METRICS[kind]
    weight = None if SHAPES[shape] is None else weights(*SHAPES[shape])
    x, y = draw(ROWS, STEPS, 2), target(kind)
    make = build(loss, activation, metrics=chosen(), weighted_metrics=chosen())
    validation = (x[:11], y[:11]) if weight is None else (x[:11], y[:11], weight[:11])
    found, _ = assert_parity(make, x, y, sample_weight=weight, validation_data=validation, epochs=2)
    history = found.history.history
    assert len(history) == 2 * (1 + 2 * len(chosen()))
    plain = [name for name in history if f"weighted_{name}" in history]
    assert len(plain) == len(chosen())
    assert all((history[name] == history[f"weighted_{name}"]) == (weight is None) for name in plain)


@pytest.mark.parametrize("rows", [1, 5, 33])
@pytest.mark.parametrize("units", [1, 3, 17])
@pytest.mark.parametrize("batch_size", [1, 8, 64])
def test_weighted_metrics_of_odd_sizes(dtype, rows, units, batch_size):
    make = build(shape=(3,), units=units, weighted_metrics=["mae"])
    assert_parity(make, draw(rows, 3), draw(rows, units), sample_weight=0.1 + weights(rows), batch_size=batch_size)


def test_weighted_metrics_after_every_batch(dtype):
    seen = []

    def callbacks():
        seen.append([])
        return [LambdaCallback(on_train_batch_end=lambda batch, logs: seen[-1].append(list(logs.values())))]

    make = build(metrics=["mse"], weighted_metrics=["mse"])
    x, y, weight = draw(ROWS, STEPS, 2), target("real"), weights(ROWS, STEPS)
    assert_parity(make, x, y, sample_weight=weight, callbacks=callbacks)
    expected, found = seen
    assert np.shape(found) == (2 * 4, 3)
    assert_agree(found, expected, dtype, "logs")


def test_metrics_weighted_by_zeros_alone_are_zero(dtype):
    make = build(weighted_metrics=["mae", "mse"])
    found, _ = assert_parity(make, draw(ROWS, STEPS, 2), target("real"), sample_weight=np.zeros(ROWS))
    assert found.history.history["mae"] == [0, 0]


def test_weighted_metrics_by_class(dtype):
    make = build("sparse_categorical_crossentropy", "softmax", (4,), weighted_metrics=["accuracy"])
    assert_parity(make, draw(ROWS, 4), target("numbers", shape=()), class_weight={0: 0.5, 2: 3.0})


def test_class_numbers_out_of_range_use_the_layers(dtype):
    numbers = target("numbers", shape=())
    numbers[0] = CLASSES

    def two_outputs():
        a = Input((4,))
        model = Model(a, [Dense(CLASSES, activation="softmax", name="kind")(a), Dense(1, name="other")(a)])
        model.compile("sgd", {"kind": None, "other": "mse"}, metrics={"kind": ["accuracy"]})
        return model

    with pytest.raises(ValueError, match="out of range"):
        train("numba", two_outputs, draw(ROWS, 4), [numbers, draw(ROWS, 1)])


# -- weights of samples ----------------------------------------------------------------------------

LOSSES = {
    "mse": (losses.MeanSquaredError, None, "real"),
    "mse sum": (lambda: losses.MeanSquaredError(reduction="sum"), None, "real"),
    "mae": (losses.MeanAbsoluteError, None, "real"),
    "huber": (lambda: losses.Huber(0.4), None, "real"),
    "binary": (losses.BinaryCrossentropy, "sigmoid", "ones"),
    "binary logits": (lambda: losses.BinaryCrossentropy(from_logits=True), None, "ones"),
    "categorical": (losses.CategoricalCrossentropy, "softmax", "one-hot"),
    "categorical logits": (
        lambda: losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
        None,
        "one-hot",
    ),
    "sparse": (losses.SparseCategoricalCrossentropy, "softmax", "numbers"),
    "sparse logits": (lambda: losses.SparseCategoricalCrossentropy(from_logits=True), None, "numbers"),
}


@pytest.mark.parametrize("name", LOSSES)
def test_a_weight_for_each_step(dtype, name):
    make, activation, kind = LOSSES[name]
    weight = weights(ROWS, STEPS)
    x, y = draw(ROWS, STEPS, 2), target(kind)
    found, expected = assert_parity(build(make(), activation), x, y, sample_weight=weight)
    evaluated = [
        model.evaluate(x, y, sample_weight=weight, backend=backend, verbose=0, batch_size=6)
        for model, backend in [(found, "numba"), (expected, "numpy")]
    ]
    assert_agree(*evaluated, dtype, "evaluated loss")
    other = train("numba", build(make(), activation), x, y, sample_weight=weight.mean(axis=1))
    assert other.history.history["loss"] != found.history.history["loss"]


@pytest.mark.parametrize("shape", [(), (1,), (4,), (1, 3), (4, 1), (4, 3), (4, 3, 1), (1, 1, 1)])
def test_weights_of_every_broadcastable_shape(dtype, shape):
    make = build(shape=(4, 3, 2), weighted_metrics=["mae"])
    x, y = draw(ROWS, 4, 3, 2), target("real", shape=(4, 3))
    assert_parity(make, x, y, sample_weight=weights(ROWS, *shape))


@pytest.mark.parametrize("rows", [1, 5, 33])
@pytest.mark.parametrize("steps", [1, 3, 17])
@pytest.mark.parametrize("units", [1, 3])
def test_weights_of_steps_of_odd_sizes(dtype, rows, steps, units):
    make = build(shape=(steps, 3), units=units, weighted_metrics=["mse"])
    x, y, weight = draw(rows, steps, 3), draw(rows, steps, units), 0.1 + weights(rows, steps)
    for batch_size in (1, 8, 64):
        assert_parity(make, x, y, sample_weight=weight, batch_size=batch_size)


@pytest.mark.parametrize("loss", [GaussianNLL, BernoulliNLL])
def test_a_likelihood_takes_one_weight_for_each_record(dtype, loss):
    x, y = draw(ROWS, STEPS, 2), target("ones")
    make = build(loss(), "sigmoid")
    assert_parity(make, x, y, sample_weight=weights(ROWS, 1))
    with pytest.raises(ValueError, match="no compiled form"):
        train("numba", make, x, y, sample_weight=weights(ROWS, STEPS))
    with pytest.raises(ValueError, match="sample_weight must have one value per row"):
        train("numpy", make, x, y, sample_weight=weights(ROWS, STEPS))


def test_weights_of_unsuitable_shapes_raise(dtype):
    for shape in [(ROWS, 4), (ROWS, STEPS, 2), (ROWS, STEPS, 1, 1)]:
        with pytest.raises(ValueError, match="no compiled form"):
            train("numba", build(), draw(ROWS, STEPS, 2), target("real"), sample_weight=weights(*shape))
        with pytest.raises(ValueError, match="sample_weight must have one value per row"):
            train("auto", build(), draw(ROWS, STEPS, 2), target("real"), sample_weight=weights(*shape))


def test_weights_of_steps_in_a_file(dtype, tmp_path):
    x, weight = (draw(ROWS, STEPS, 2).astype(dtype), weights(ROWS, STEPS).astype(dtype))
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "weight.npy", weight)
    mapped = [np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in ("x", "weight")]
    make = build(weighted_metrics=["mae"])
    expected = train("numpy", make, x, target("real"), sample_weight=weight)
    assert_same_state(train("numba", make, mapped[0], target("real"), sample_weight=mapped[1]), expected)


# -- weights of losses -----------------------------------------------------------------------------


def two_outputs(weights_of_losses):
    def make():
        a = Input((4,))
        h = BatchNormalization(momentum=0.8)(Dense(5, activation="tanh")(a))
        model = Model(a, [Dense(2, name="first")(h), Dense(3, name="second", activity_regularizer="l2")(h)])
        model.compile(SGD(0.05, momentum=0.9), ["mse", "mae"], loss_weights=weights_of_losses, weighted_metrics=["mse"])
        return model

    return make


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("chosen", [(0, 1), (0.7, 0), (0, 0), (-0.5, 2)])
def test_losses_of_small_or_zero_weight(dtype, chosen, weighted):
    x, y = draw(ROWS, 4), [draw(ROWS, 2, seed=1), draw(ROWS, 3, seed=2)]
    weight = [weights(ROWS), 2 * weights(ROWS)] if weighted else None
    found, _ = assert_parity(two_outputs(chosen), x, y, validation_split=0.3, sample_weight=weight)
    history = found.history.history
    assert all(value > 0 for name in ("first_loss", "second_loss", "val_first_loss") for value in history[name])


# -- threads ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(), (9,)], ids=["records", "steps"])
def test_two_threads_agree_on_weights(dtype, shape):
    rows = 2 * 320 + 17
    x, y, weight = draw(rows, 9, 10), (draw(rows, 9, 20, seed=1) > 0).astype(float), weights(rows, *shape)

    def make():
        model = Sequential([Input((9, 10)), Dense(30, activation="tanh"), Dense(20, activation="sigmoid")])
        accuracies = [metrics.BinaryAccuracy(), metrics.CategoricalAccuracy()]
        model.compile(SGD(0.05), "mse", metrics=["mae"], weighted_metrics=["mae", *accuracies])
        return model

    settings = {"batch_size": 320, "sample_weight": weight}
    expected = train("numpy", make, x, y, **settings)
    for threads in (1, 2):
        found = train("numba", make, x, y, threads=threads, **settings)
        assert_same_state(found, expected)
        assert all(0 < value < 1 for value in found.history.history["categorical_accuracy"])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", METRICS)
def test_masks_and_weights_together(dtype, kind, shape):
    activation, loss, chosen = METRICS[kind]
    weight = None if SHAPES[shape] is None else weights(*SHAPES[shape])
    x = draw(ROWS, STEPS, 2)
    x[np.random.default_rng(3).random((ROWS, STEPS)) < 0.3] = 0

    def make():
        model = Sequential([Input((STEPS, 2)), Masking(), Dense(CLASSES, activation=activation)])
        model.compile(SGD(0.05), loss, metrics=chosen(), weighted_metrics=chosen())
        return model

    found, _ = assert_parity(make, x, target(kind), sample_weight=weight, epochs=2)
    # Without sample weights, both kinds are the same.
    assert len(found.history.history) == 1 + 2 * len(chosen())
