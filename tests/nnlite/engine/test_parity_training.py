"""Whole fits agree on both paths: sample weights, validation, callbacks, continued training, files."""

import numpy as np
import pytest

from nnlite.callbacks import (
    Callback,
    EarlyStopping,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
    TerminateOnNaN,
)
from nnlite.layers import BatchNormalization, Dense, Input
from nnlite.models import Sequential, load_model
from nnlite.optimizers import SGD, Adam, schedules
from nnlite.regularizers import L2
from nnlite.utils import set_random_seed
from tests.nnlite.engine.parity import assert_agree, assert_parity, assert_same_state, draw, train

ROWS = 53
X, Y = draw(ROWS, 5), draw(ROWS, 3, seed=1)


def build(optimizer=lambda: Adam(0.01, epsilon=1e-3), loss="mse", activation=None):
    hidden = Dense(17, activation="tanh", kernel_regularizer=L2(0.001))
    model = Sequential([Input((5,)), hidden, Dense(3, activation=activation)])
    model.compile(optimizer(), loss, metrics=["mae"])
    return model


# -- data ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("weights", [None, np.linspace(0, 3, ROWS)], ids=["plain", "weighted"])
@pytest.mark.parametrize("split", [0.0, 0.25])
def test_order_weights_and_validation(dtype, shuffle, weights, split):
    found, _ = assert_parity(build, X, Y, shuffle=shuffle, sample_weight=weights, validation_split=split, epochs=3)
    assert ("val_mae" in found.history.history) == (split > 0)


def test_shuffling_depends_on_epoch_and_seed(dtype):
    first, again, other, still = (
        train("numba", lambda: build(SGD), X, Y, seed=seed, shuffle=shuffle)
        for seed, shuffle in [(7, True), (7, True), (8, True), (7, False)]
    )
    values = [model.weight_vector.values for model in (first, again, other, still)]
    np.testing.assert_array_equal(values[0], values[1])
    assert not np.array_equal(values[0], values[2])
    assert not np.array_equal(values[0], values[3])


def test_validation_frequency_batch_size_and_weights(dtype):
    validation = (draw(20, 5, seed=3), draw(20, 3, seed=4), np.linspace(0, 1, 20))
    found, _ = assert_parity(
        build, X, Y, validation_data=validation, validation_freq=2, validation_batch_size=7, epochs=5
    )
    assert len(found.history.history["val_loss"]) == 2


@pytest.mark.parametrize("form", ["numbers", "one-hot"])
def test_weights_of_classes(dtype, form):
    numbers = np.random.default_rng(0).integers(0, 3, ROWS)
    y, loss = (numbers, "sparse_categorical_crossentropy") if form == "numbers" else (np.eye(3)[numbers], None)

    def classifier():
        model = Sequential([Input((5,)), Dense(3, activation="softmax")])
        model.compile("sgd", loss or "categorical_crossentropy", metrics=["accuracy"])
        return model

    found, _ = assert_parity(classifier, X, y, class_weight={0: 0.5, 2: 3.0})
    plain, _ = assert_parity(classifier, X, y)
    assert found.history.history["loss"] != plain.history.history["loss"]


def test_data_with_any_strides(dtype):
    x = np.asfortranarray(draw(2 * ROWS, 10).astype(dtype))[::2, ::2]
    found, _ = assert_parity(build, x, Y)
    tidy, _ = assert_parity(build, np.ascontiguousarray(x), Y)
    np.testing.assert_array_equal(found.weight_vector.values, tidy.weight_vector.values)


def test_training_does_not_change_the_data(dtype):
    x, y = X.astype(dtype), Y.astype(dtype)
    before = x.copy(), y.copy()
    assert_parity(build, x, y)
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(y, before[1])


# -- callbacks -------------------------------------------------------------------------------------


class Watch(Callback):
    """Keep the logs of every batch."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append(("train", batch, dict(logs)))

    def on_test_batch_end(self, batch, logs=None):
        self.seen.append(("test", batch, dict(logs)))

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append(("epoch", epoch, dict(logs)))


def test_batch_logs_agree_on_both_paths(dtype):
    watches = []

    def callbacks():
        watches.append(Watch())
        return [watches[-1]]

    found, _ = assert_parity(build, X, Y, callbacks=callbacks, validation_split=0.3, epochs=3)
    expected, seen = (watch.seen for watch in watches)
    assert [entry[:2] for entry in seen] == [entry[:2] for entry in expected]
    assert sum(entry[0] == "test" for entry in seen) == 3 * 2
    for (_, _, logs), (_, _, others) in zip(seen, expected, strict=True):
        assert list(logs) == list(others)
        assert_agree(list(logs.values()), list(others.values()), dtype, "logs")
    unwatched = train("numba", build, X, Y, validation_split=0.3, epochs=3)
    np.testing.assert_array_equal(found.weight_vector.values, unwatched.weight_vector.values)


class StopAt(Callback):
    def __init__(self, epoch, batch):
        super().__init__()
        self.epoch, self.batch, self.now = epoch, batch, 0

    def on_epoch_begin(self, epoch, logs=None):
        self.now = epoch

    def on_train_batch_end(self, batch, logs=None):
        if (self.now, batch) == (self.epoch, self.batch):
            self.model.stop_training = True


def test_training_stops_during_an_epoch(dtype):
    found, _ = assert_parity(build, X, Y, callbacks=lambda: [StopAt(1, 3)], epochs=5)
    assert len(found.history.history["loss"]) == 2
    assert found.optimizer.iterations == 7 + 4


class Between(Callback):
    """Do something to the model before an epoch."""

    def __init__(self, epoch, act):
        super().__init__()
        self.epoch, self.act = epoch, act

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            self.act(self.model)


def freeze(model):
    model.layers[0].trainable = False


def thaw(model):
    model.layers[0].trainable = True


def set_weights(model):
    model.set_weights([weight.value * 0.5 for weight in model.weights])


def set_rate(model):
    model.optimizer.learning_rate = 0.002


def write_a_weight(model):
    model.layers[0].weights[0].value[...] = 0.25


@pytest.mark.parametrize("act", [freeze, set_weights, set_rate, write_a_weight])
@pytest.mark.parametrize("optimizer", [lambda: SGD(0.02, momentum=0.9), lambda: Adam(0.01, epsilon=1e-3)])
def test_a_callback_changes_the_model_between_epochs(dtype, optimizer, act):
    found, _ = assert_parity(lambda: build(optimizer), X, Y, callbacks=lambda: [Between(2, act)], epochs=4)
    left = train("numba", lambda: build(optimizer), X, Y, epochs=4)
    assert not np.array_equal(found.weight_vector.values, left.weight_vector.values)


def test_a_layer_is_frozen_and_unfrozen(dtype):
    assert_parity(lambda: build(SGD), X, Y, callbacks=lambda: [Between(1, freeze), Between(2, thaw)], epochs=4)


def test_a_learning_rate_set_during_an_epoch_applies_to_the_next_batch(dtype):
    class Halve(Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 3:
                self.model.optimizer.learning_rate = self.model.optimizer.fixed_rate / 2

    found, _ = assert_parity(lambda: build(lambda: SGD(0.1)), X, Y, callbacks=lambda: [Halve()], epochs=3)
    assert found.optimizer.fixed_rate == pytest.approx(0.1 / 8)


def test_a_schedule_by_epochs(dtype):
    callbacks = lambda: [LearningRateScheduler(lambda epoch, rate: rate * 0.7)]  # noqa: E731
    found, _ = assert_parity(build, X, Y, callbacks=callbacks, epochs=4)
    assert found.history.history["learning_rate"] == pytest.approx([0.01 * 0.7**k for k in range(1, 5)])


def test_reducing_the_rate_on_a_plateau(dtype):
    # The rate is so high that the loss rises.
    callbacks = lambda: [ReduceLROnPlateau(monitor="val_loss", factor=0.3, patience=1)]  # noqa: E731
    optimizer = lambda: SGD(0.3, momentum=0.8)  # noqa: E731
    found, _ = assert_parity(lambda: build(optimizer), X, Y, callbacks=callbacks, validation_split=0.3, epochs=8)
    rates = found.history.history["learning_rate"]
    assert rates[-1] < rates[0]


@pytest.mark.parametrize("restore", [True, False])
def test_early_stopping_with_the_best_weights(dtype, restore):
    callbacks = lambda: [EarlyStopping("val_loss", patience=2, restore_best_weights=restore)]  # noqa: E731
    found, _ = assert_parity(
        lambda: build(lambda: SGD(0.2)), X, Y, callbacks=callbacks, validation_split=0.3, epochs=40
    )
    curve = found.history.history["val_loss"]
    assert len(curve) < 40
    validation = X[-16:], Y[-16:]  # the last 30 % of 53 rows
    now = found.evaluate(*validation, verbose=0, batch_size=8)[0]
    assert now == pytest.approx(min(curve) if restore else curve[-1], rel=1e-5)


def test_checkpoints_of_the_best_model(dtype, tmp_path):
    callbacks = lambda: [ModelCheckpoint(tmp_path / "best.npz", monitor="loss", save_best_only=True)]  # noqa: E731
    found, _ = assert_parity(build, X, Y, callbacks=callbacks, epochs=3)
    kept = load_model(tmp_path / "best.npz")
    np.testing.assert_array_equal(kept.weight_vector.values, found.weight_vector.values)


def test_training_stops_at_a_loss_of_nan(dtype, capsys):
    with np.errstate(all="ignore"):
        models = [
            train(backend, lambda: build(lambda: SGD(1e30)), X, Y, callbacks=lambda: [TerminateOnNaN()], epochs=5)
            for backend in ("numpy", "numba")
        ]
    assert models[0].optimizer.iterations == models[1].optimizer.iterations < 5 * 7


# -- going on --------------------------------------------------------------------------------------

WITH_STATE = {
    "momentum": lambda: SGD(0.02, momentum=0.9),
    "adam": lambda: Adam(0.01, epsilon=1e-3),
    "amsgrad with a schedule": lambda: Adam(schedules.ExponentialDecay(0.02, 5, 0.5), amsgrad=True, epsilon=1e-3),
}


@pytest.mark.parametrize("first", ["numpy", "numba"])
@pytest.mark.parametrize("second", ["numpy", "numba"])
@pytest.mark.parametrize("name", WITH_STATE)
def test_backends_continue_each_other(dtype, name, first, second, tmp_path):
    def make():
        return build(WITH_STATE[name])

    reference = train("numpy", make, X, Y, shuffle=False, epochs=2)
    reference.fit(X, Y, batch_size=8, shuffle=False, epochs=5, initial_epoch=2, backend="numpy", verbose=0)
    model = train(first, make, X, Y, shuffle=False, epochs=2)
    model.save(tmp_path / "model.npz")
    for going_on in (load_model(tmp_path / "model.npz"), model):
        going_on.fit(X, Y, batch_size=8, shuffle=False, epochs=5, initial_epoch=2, backend=second, verbose=0)
        assert_same_state(going_on, reference)


def test_a_second_fit_with_other_data_and_batches(dtype):
    models = []
    for backend in ("numpy", "numba"):
        models.append(train(backend, build, X, Y))
        models[-1].fit(X[:20], Y[:20], batch_size=32, epochs=3, backend=backend, verbose=0)
        models[-1].train_on_batch(X, Y)
        models[-1].fit(X, Y, batch_size=1, epochs=1, backend=backend, verbose=0)
    assert_same_state(models[1], models[0])


def test_compiling_again_resets_the_optimizer(dtype):
    models = []
    for backend in ("numpy", "numba"):
        models.append(train(backend, build, X, Y))
        models[-1].compile(SGD(0.01, momentum=0.5), "mae")
        models[-1].fit(X, Y, batch_size=8, epochs=2, backend=backend, verbose=0)
    assert_same_state(models[1], models[0])


def test_moving_averages_continue(dtype):
    def make():
        model = Sequential([Input((5,)), Dense(6), BatchNormalization(momentum=0.9), Dense(3)])
        model.compile("sgd", "mse")
        return model

    models = []
    for backend in ("numpy", "numba"):
        models.append(train(backend, make, X, Y, validation_split=0.3))
        models[-1].fit(X, Y, batch_size=8, epochs=2, backend=backend, verbose=0)
    assert_same_state(models[1], models[0])
    assert_agree(models[1].predict(X), models[0].predict(X), dtype, "prediction")


def test_the_same_seed_gives_the_same_bits(dtype):
    first, second = (train("numba", build, X, Y, validation_split=0.2, epochs=3) for _ in range(2))
    np.testing.assert_array_equal(first.weight_vector.values, second.weight_vector.values)
    assert first.history.history == second.history.history


@pytest.mark.parametrize("batch_size", [1, 10, 100])
def test_evaluation(dtype, batch_size):
    set_random_seed(3)
    model = build()
    weights = np.linspace(0, 1, ROWS)
    found, expected = (
        model.evaluate(X, Y, batch_size, sample_weight=weights, backend=backend, verbose=0, return_dict=True)
        for backend in ("numba", "numpy")
    )
    assert list(found) == list(expected)
    assert_agree(list(found.values()), list(expected.values()), dtype, "figures")
