"""Changes to a model during its use have the same effect in the engine as in the layers."""

import threading

import numpy as np
import pytest

from nnlite import config, losses, metrics, optimizers, regularizers
from nnlite.callbacks import Callback
from nnlite.engine.runtime.staleness import ModelSnapshot
from nnlite.layers import BatchNormalization, Dense, Dropout, GaussianNoise, Input
from nnlite.models import Model, Sequential
from nnlite.utils import set_random_seed
from tests.nnlite.engine.parity import assert_agree, draw

X = draw(64, 5)


class ChangeAt(Callback):
    """Changes the model at the end of one batch of each epoch, or of one epoch."""

    def __init__(self, act, epoch=None):
        super().__init__()
        self.act, self.epoch = act, epoch

    def on_train_batch_end(self, batch, logs=None):
        if self.epoch is None and batch == 2:
            self.act(self.model)

    def on_epoch_end(self, epoch, logs=None):
        if epoch == self.epoch:
            self.act(self.model)


def fitted(backend, act, epoch=None, optimizer="sgd", **compiled):
    set_random_seed(3)
    inputs = Input((5,))
    hidden = Dense(4, activation="tanh", kernel_regularizer="l2", name="hidden")(inputs)
    model = Model(inputs, Dense(5, name="out")(hidden))
    model.compile(optimizer() if callable(optimizer) else optimizer, "mse", **compiled)
    model.part = Model(inputs, hidden)
    model.fit(X, X, 8, 4, 0, [ChangeAt(act, epoch)], validation_data=(X, X), backend=backend)
    return model


def assert_same_effect(dtype, *arguments, **keywords):
    found, expected = (fitted(backend, *arguments, **keywords) for backend in ("numba", "numpy"))
    assert found.history.history.keys() == expected.history.history.keys()
    for metric, curve in expected.history.history.items():
        assert_agree(found.history.history[metric], curve, dtype, metric)
    for weight, other in zip(found.weights, expected.weights, strict=True):
        assert_agree(weight.value, other.value, dtype, "weights")
    assert found.evaluate(X, X, verbose=0) == pytest.approx(expected.evaluate(X, X, verbose=0), rel=1e-4)


def test_another_model_moves_the_weights_during_an_epoch(dtype):
    def take(model):
        _ = model.part.weight_vector

    assert_same_effect(dtype, take)


def test_a_submodel_predicts_during_an_epoch(dtype):
    assert_same_effect(dtype, lambda model: model.part.predict(X, backend="numba"))


def test_a_layer_is_frozen_during_an_epoch(dtype):
    def freeze(model):
        model.get_layer("out").trainable = False

    assert_same_effect(dtype, freeze)


SETTINGS = {
    "momentum": (lambda: optimizers.SGD(0.01, momentum=0.5), 0.9),
    "nesterov": (lambda: optimizers.SGD(0.01, momentum=0.5), True),
    "clipnorm": (lambda: optimizers.SGD(0.01, clipnorm=1.0), 0.01),
    "beta_1": (lambda: optimizers.Adam(0.01), 0.5),
    "rho": (lambda: optimizers.RMSprop(0.01), 0.1),
    "weight_decay": (lambda: optimizers.AdamW(0.01, weight_decay=0.1), 0.9),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_of_the_optimizer_changes(dtype, name):
    make, value = SETTINGS[name]
    assert_same_effect(dtype, lambda model: setattr(model.optimizer, name, value), epoch=1, optimizer=make)


def test_momentum_is_enabled_between_fits():
    for backend in ("numpy", "numba"):
        model = Sequential([Input((5,)), Dense(5)])
        model.compile(optimizers.SGD(0.01), "mse")
        model.fit(X, X, verbose=0, backend=backend)
        model.optimizer.momentum = 0.9
        model.fit(X, X, verbose=0, backend=backend)
        assert model.optimizer.slots.keys() == {"momentum"}


@pytest.mark.parametrize("fresh", [True, False])
def test_compiling_again_in_a_callback_changes_the_metrics(dtype, fresh):
    def compile_anew(model):
        model.compile("sgd" if fresh else model.optimizer, "mae", metrics=[metrics.MeanSquaredError()])

    assert_same_effect(dtype, compile_anew, epoch=1)


def test_a_change_without_a_compiled_form_raises():
    class Own(optimizers.SGD):
        pass

    with pytest.raises(ValueError, match=r"was changed during a fit or an evaluation.*Own has no compiled form"):
        fitted("numba", lambda model: model.compile(Own(), "mse"), epoch=1)


@pytest.mark.parametrize("make", [lambda: optimizers.Adam(0.01), lambda: optimizers.SGD(0.01)], ids=["Adam", "SGD"])
def test_one_optimizer_alternates_between_models_of_different_size(dtype, make):
    histories = []
    for backend in ("numba", "numpy"):
        set_random_seed(1)
        shared = make()
        large, small = Sequential([Input((5,)), Dense(60), Dense(5)]), Sequential([Input((5,)), Dense(5)])
        for model in (large, small):
            model.compile(shared, "mse")
        also = ChangeAt(lambda _, small=small, backend=backend: small.fit(X, X, verbose=0, backend=backend))
        histories.append(large.fit(X, X, 8, 3, 0, [also], backend=backend).history["loss"])
    assert_agree(*histories, dtype, "loss")


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_an_optimizer_resets_for_another_dtype(backend):
    shared, before = optimizers.Adam(0.01), config.floatx()
    try:
        for name in ("float32", "float64"):
            config.set_floatx(name)
            model = Sequential([Input((5,)), Dense(5)])
            model.compile(shared, "mse")
            model.fit(X, X, verbose=0, backend=backend)
            assert {slot.dtype.name for slot in shared.slots.values()} == {name}
    finally:
        config.set_floatx(before)


def test_predictions_of_a_submodel_in_another_thread_do_not_disturb_training():
    x = draw(3000, 20).astype(np.float32)
    inputs = Input((20,), dtype="float32")
    hidden = Dense(16, activation="tanh", dtype="float32")(inputs)
    model, part = Model(inputs, Dense(20, dtype="float32")(hidden)), Model(inputs, hidden)
    model.compile("adam", "mse")
    ended = threading.Event()

    def predict() -> None:
        while not ended.is_set():
            part.predict(x[:100], backend="numba")
            ended.wait(0.001)

    thread = threading.Thread(target=predict)
    thread.start()
    loss = model.fit(x, x, epochs=30, verbose=0, backend="numba").history["loss"][-1]
    ended.set()
    thread.join()
    assert model.evaluate(x, x, verbose=0) == pytest.approx(loss, rel=0.05)
    np.testing.assert_array_equal(part.layers[-1].kernel.value, model.layers[1].kernel.value)


def test_compiling_again_during_an_epoch_resets_the_averages(dtype):
    def compile_anew(model):
        model.compile("sgd", "mse", metrics=["mae"])

    assert_same_effect(dtype, compile_anew)


def test_earlier_penalties_remain_when_the_layer_is_frozen(dtype):
    def freeze(model):
        model.get_layer("hidden").trainable = False

    assert_same_effect(dtype, freeze)


def test_a_setting_of_the_optimizer_becomes_a_numpy_scalar(dtype):
    def act(model):
        model.optimizer.momentum = np.float32(model.optimizer.momentum + 0.1)

    assert_same_effect(dtype, act, optimizer=lambda: optimizers.SGD(0.01, momentum=0.3))


def test_a_layer_changes_between_epochs(dtype):
    def act(model):
        model.get_layer("hidden").kernel_regularizer.l2 = 1.0

    assert_same_effect(dtype, act, epoch=1)


def test_read_only_weights_are_not_copied_if_contiguous():
    model = Sequential([Input((5,)), Dense(6), Dense(5)])
    model.compile("sgd", "mse")
    model.fit(X, X, verbose=0, backend="numba")
    model.layers[0].trainable = False
    assert model.current_weights().values.base is model.layers[0].kernel.value.base
    part = Sequential([Input((5,)), model.layers[0]])
    part.compile("sgd", "mse", metrics=[])
    loss = part.evaluate(X, draw(64, 6), verbose=0, backend="numba")
    assert loss == pytest.approx(part.evaluate(X, draw(64, 6), verbose=0, backend="numpy"), rel=1e-5)
    assert model.current_weights().values.base is model.layers[0].kernel.value.base


# -- changes in mid-epoch -----------------------------------------------------------------------------


def both_ways(build, act, when=2, rows=40, **fit):
    """Train by both paths; `act` changes the model during the second epoch."""

    class Act(Callback):
        epoch = 0

        def on_epoch_begin(self, epoch, logs=None):
            self.epoch = epoch

        def on_train_batch_end(self, batch, logs=None):
            if self.epoch == 1 and batch == when:
                act(self.model)

    models = []
    for backend in ("numba", "numpy"):
        set_random_seed(2)
        model = build()
        x = draw(rows, 5)
        y = [draw(rows, 5, seed=i) for i in range(len(model.outputs))]
        y = y if len(y) > 1 else y[0]
        model.fit(x, y, 8, 4, 0, [Act()], validation_data=(x, y), backend=backend, **fit)
        models.append(model)
    return models


def assert_same_fits(found, expected, dtype):
    for metric, curve in expected.history.history.items():
        assert_agree(found.history.history[metric], curve, dtype, metric)
    for weight, other in zip(found.weights, expected.weights, strict=True):
        assert_agree(weight.value, other.value, dtype, "weights", 3)


def two_outputs():
    inputs = Input((5,))
    hidden = Dense(6, "tanh", kernel_regularizer="l2", name="hidden")(inputs)
    model = Model(inputs, [Dense(5, name="a")(hidden), Dense(5, name="b")(hidden)])
    model.compile("sgd", ["mse", losses.Huber(0.5)], [0.5, 1.5], metrics=[["mae"], ["mse"]])
    return model


def with_bare_normalization():
    model = Sequential([Input((5,)), Dense(5), BatchNormalization(center=False, scale=False, name="norm"), Dense(5)])
    model.compile("sgd", "mse")
    return model


def nested_normalization():
    inner = Sequential([Input((5,)), BatchNormalization(center=False, scale=False)], name="inner")
    model = Sequential([Input((5,)), Dense(5), inner, Dense(5)])
    model.compile("sgd", "mse")
    return model


def replace_then_change(model):
    model.objective.loss_weights = list(model.objective.loss_weights)
    model.train_on_batch(draw(8, 5), [draw(8, 5), draw(8, 5)])
    model.objective.loss_weights[1] = 3.0


ACTS = {
    "freeze a bare normalization": (
        with_bare_normalization,
        lambda m: setattr(m.get_layer("norm"), "trainable", False),
    ),
    "freeze a model with one": (nested_normalization, lambda m: setattr(m.get_layer("inner"), "trainable", False)),
    "freeze the whole model but one": (
        two_outputs,
        lambda m: [setattr(layer, "trainable", layer.name == "a") for layer in m.layers],
    ),
    "freeze a weight": (two_outputs, lambda m: setattr(m.get_layer("hidden").kernel, "trainable", False)),
    "a loss weight": (two_outputs, lambda m: m.objective.loss_weights.__setitem__(0, 4.0)),
    "a loss weight becomes zero": (two_outputs, lambda m: m.objective.loss_weights.__setitem__(0, 0.0)),
    "all loss weights": (two_outputs, lambda m: setattr(m.objective, "loss_weights", [2.0, 0.1])),
    "loss weights, replaced before": (two_outputs, replace_then_change),
    "a reduction": (two_outputs, lambda m: setattr(m.objective.losses[1], "reduction", "sum")),
    "a setting of a loss": (two_outputs, lambda m: setattr(m.objective.losses[1], "delta", 0.1)),
    "a loss": (two_outputs, lambda m: m.objective.losses.__setitem__(0, losses.MeanAbsoluteError())),
    "a metric": (two_outputs, lambda m: m.objective.metrics[0].__setitem__(0, metrics.MeanSquaredError("mae"))),
    "a weight's regularizer": (
        two_outputs,
        lambda m: setattr(m.get_layer("hidden").kernel, "regularizer", regularizers.L1(0.1)),
    ),
    "a regularizer's strength": (two_outputs, lambda m: setattr(m.get_layer("hidden").kernel.regularizer, "l2", 0.5)),
    "the optimizer": (two_outputs, lambda m: setattr(m, "_optimizer", optimizers.SGD(0.001, momentum=0.9))),
    "the optimizer's state": (
        two_outputs,
        lambda m: m.optimizer.slots.update({name: slot.copy() for name, slot in m.optimizer.slots.items()}),
    ),
}


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", ACTS)
def test_changes_during_an_epoch(dtype, name, threads):
    build, act = ACTS[name]
    assert_same_fits(*both_ways(build, act, threads=threads), dtype)


@pytest.mark.parametrize("layer", [lambda: Dropout(0.5, name="noise"), lambda: GaussianNoise(1.0, name="noise")])
def test_noise_disabled_during_an_epoch(dtype, layer):
    # Nothing is learned before, so that both paths agree although their noise differs.
    def build():
        model = Sequential([Input((5,)), layer(), Dense(5)])
        model.compile(optimizers.SGD(0.0), "mse")
        return model

    def act(model):
        model.optimizer.learning_rate = 0.05
        setattr(model.layers[0], "stddev" if hasattr(model.layers[0], "stddev") else "rate", 0.0)

    found, expected = both_ways(build, act)
    for weight, other in zip(found.weights, expected.weights, strict=True):
        assert_agree(weight.value, other.value, dtype, "weights")


def snapshot(training=True):
    model = two_outputs()
    model.compile(optimizers.Adam(0.01), ["mse", "mae"], [0.5, 1.5], metrics=["mae"])
    model.fit(draw(8, 5), [draw(8, 5), draw(8, 5)], verbose=0)
    vector = model.weight_vector if training else model.current_weights()
    return model, ModelSnapshot(model, vector, training)


@pytest.mark.parametrize("training", [True, False])
def test_a_snapshot_stays_current_under_irrelevant_changes(training):
    model, taken = snapshot(training)
    data = draw(8, 5), [draw(8, 5), draw(8, 5)]
    model.train_on_batch(*data)
    model.evaluate(*data, verbose=0)
    model.predict(data[0])
    model.fit(*data, verbose=0, backend="numba")
    model.optimizer.learning_rate = 0.3
    model.optimizer.beta_1 = float(str(model.optimizer.beta_1))
    model.objective.loss_weights = [0.5, float("1.5")]
    model.set_weights(model.get_weights())
    assert taken.is_current(model)


def change_setting(model):
    model.anything = np.zeros(3)


KEPT = {
    "a number": lambda model: setattr(model, "best", 3),
    "an array": change_setting,
    "a list": lambda model: setattr(model, "seen", [1, 2]),
}


@pytest.mark.parametrize("name", KEPT)
def test_attributes_that_a_user_adds_are_followed(name):
    model, taken = snapshot()
    KEPT[name](model)
    assert not taken.is_current(model)
    taken = ModelSnapshot(model, model.weight_vector, True)
    assert taken.is_current(model)
    if name == "an array":
        model.anything[1] = 1
    elif name == "a list":
        model.seen.append(3)
    else:
        model.best = 4
    assert not taken.is_current(model)


def test_a_large_collection_of_a_user_is_not_followed():
    model, _ = snapshot()
    model.seen = list(range(100_000))
    taken = ModelSnapshot(model, model.weight_vector, True)
    model.seen.append(1)
    assert taken.is_current(model)


def test_a_move_between_lists_is_detected():
    model, _ = snapshot()
    metric = model.objective.metrics[0][0]
    model.objective.metrics = [[metric], []]
    taken = ModelSnapshot(model, model.weight_vector, True)
    model.objective.metrics[1].append(model.objective.metrics[0].pop())
    assert not taken.is_current(model)


def test_a_deleted_attribute_is_detected():
    model, taken = snapshot()
    del model.optimizer.epsilon
    assert not taken.is_current(model)
