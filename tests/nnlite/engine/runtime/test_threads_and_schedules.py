"""Two threads agree with one, with schedules, callbacks, masks and noise."""

import numpy as np
import pytest

from nnlite.callbacks import Callback, LearningRateScheduler
from nnlite.layers import LSTM, Concatenate, Dense, Dropout, GaussianNoise, Input, Masking, TimeDistributed
from nnlite.models import Model, Sequential
from nnlite.optimizers import SGD, Adam, AdamW, RMSprop, schedules
from nnlite.utils import set_random_seed
from tests.nnlite.engine.parity import assert_agree, assert_same_state, draw, train

ROWS, FEATURES = 37, 6  # with batches of 8 the last has 5
X, Y = draw(ROWS, FEATURES), draw(ROWS, FEATURES, seed=1)

SCHEDULES = {
    "exponential": lambda: schedules.ExponentialDecay(0.1, 3, 0.8),
    "piecewise": lambda: schedules.PiecewiseConstantDecay([2, 5], [0.1, 0.03, 0.01]),
    "polynomial": lambda: schedules.PolynomialDecay(0.1, 6, cycle=True),
    "inverse time": lambda: schedules.InverseTimeDecay(0.1, 3, 0.7, staircase=True),
    "cosine": lambda: schedules.CosineDecay(0.01, 8, warmup_target=0.1, warmup_steps=3),
    "restarts": lambda: schedules.CosineDecayRestarts(0.1, 3),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_smallest_models_that_failed_with_two_threads(name):
    x = np.ones((8, 1))
    kernels = []
    for threads in (1, 2):
        model = Sequential([Input((1,)), Dense(1, kernel_initializer="zeros")])
        model.compile(SGD(SCHEDULES[name]()), "mse")
        model.fit(x, x, batch_size=8, epochs=3, backend="numba", threads=threads, verbose=0)
        kernels.append(model.get_weights()[0])
    assert kernels[0] > 0.005
    np.testing.assert_allclose(kernels[1], kernels[0], rtol=1e-6)


def test_the_default_number_of_threads_agrees_with_one_thread(monkeypatch):
    monkeypatch.setenv("NUMBA_NUM_THREADS", "2")
    x = np.random.default_rng(0).normal(size=(512, 128))
    y = x[:, :1] - x[:, 1:2]
    losses = {}
    for threads in (None, 1):
        set_random_seed(0)
        model = Sequential([Input((128,)), Dense(512, "relu"), Dense(512, "relu"), Dense(1)])
        model.compile(SGD(schedules.ExponentialDecay(0.05, 4, 0.5)), "mse")
        losses[threads] = model.fit(x, y, 128, 3, 0, backend="numba", threads=threads).history["loss"]
    np.testing.assert_allclose(losses[None], losses[1], rtol=1e-4)
    assert losses[1][2] < losses[1][0]


class Halving(Callback):
    """Halves the rate within epochs, and changes another setting between them."""

    def on_train_batch_end(self, batch, logs=None):
        if batch in (1, 3):
            self.model.optimizer.learning_rate = self.model.optimizer.learning_rate / 2

    def on_epoch_end(self, epoch, logs=None):
        self.model.optimizer.weight_decay = 0.01 * (epoch + 1)


class Watching(Callback):
    def on_train_batch_end(self, batch, logs=None):
        self.model.predict(X, verbose=0, backend="numba", threads=2)


def plain(optimizer):
    model = Sequential([Input((FEATURES,)), Dense(9, "tanh", kernel_regularizer="l2"), Dense(FEATURES)])
    model.compile(optimizer, "mse", metrics=["mae"], weighted_metrics=["mae"])
    return model


OPTIMIZERS = {
    "sgd": lambda rate: SGD(rate, momentum=0.9, nesterov=True),
    "clipped values": lambda rate: SGD(rate, clipvalue=0.02),
    "clipped norms": lambda rate: RMSprop(rate, clipnorm=0.1, epsilon=1e-2),
    "clipped norm of all": lambda rate: Adam(rate, global_clipnorm=0.1, epsilon=1e-2),
    "decay": lambda rate: AdamW(rate, weight_decay=0.05, epsilon=1e-2),
    "amsgrad": lambda rate: Adam(rate, amsgrad=True, epsilon=1e-2),
}
WATCHED = {"alone": None, "watched": lambda: [Watching()]}


@pytest.mark.parametrize("watched", WATCHED)
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_schedules_and_optimizers(optimizer, schedule, watched):
    def build():
        return plain(OPTIMIZERS[optimizer](SCHEDULES[schedule]()))

    settings = {"sample_weight": np.linspace(0, 2, ROWS), "epochs": 3, "callbacks": WATCHED[watched]}
    expected = train("numpy", build, X, Y, **settings)
    for threads in (1, 2):
        assert_same_state(train("numba", build, X, Y, threads=threads, **settings), expected, factor=3)


CALLBACKS = {
    "changes within an epoch": lambda: [Halving()],
    "a rate for each epoch": lambda: [LearningRateScheduler(lambda epoch, rate: rate * 0.7)],
}


@pytest.mark.parametrize("callbacks", CALLBACKS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_callbacks_that_change_the_rate(dtype, optimizer, callbacks):
    settings = {"callbacks": CALLBACKS[callbacks], "validation_split": 0.2, "epochs": 3}
    expected = train("numpy", lambda: plain(OPTIMIZERS[optimizer](0.05)), X, Y, **settings)
    for threads in (1, 2):
        found = train("numba", lambda: plain(OPTIMIZERS[optimizer](0.05)), X, Y, threads=threads, **settings)
        assert_same_state(found, expected, factor=3)


def masked(rate):
    model = Sequential([Input((7, 2)), Masking(0.0), LSTM(5, return_sequences=True), TimeDistributed(Dense(2))])
    model.compile(SGD(rate, global_clipnorm=0.5), "mse", metrics=["mae"])
    return model


def several(rate):
    first, second = Input((FEATURES,), name="first"), Input((3,), name="second")
    hidden = Dense(8, "tanh")(Concatenate()([first, Dense(4)(second)]))
    model = Model([first, second], [Dense(FEATURES, name="a")(hidden), Dense(3, "softmax", name="b")(hidden)])
    model.compile(Adam(rate, epsilon=1e-2), {"a": "mae", "b": "sparse_categorical_crossentropy"}, [0.3, 2.0])
    return model


def classes(rate):
    model = Sequential([Input((FEATURES,)), Dense(8, "relu"), Dense(3, "softmax")])
    model.compile(SGD(rate, clipnorm=1.0), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


SERIES = draw(ROWS, 7, 2)
SERIES[:, 5:] = 0
LABELS = np.arange(ROWS) % 3
JOBS = {
    "masks": (masked, (SERIES, draw(ROWS, 7, 2, seed=1)), {}),
    "several": (several, ([X, draw(ROWS, 3)], [Y, LABELS]), {}),
    "class weights": (classes, (X, LABELS), {"class_weight": {0: 0.5, 1: 2.0}}),
    "one record left over": (classes, (X[:33], LABELS[:33]), {}),
    "batches of one": (classes, (X, LABELS), {"batch_size": 1}),
    "in order": (classes, (X, LABELS), {"shuffle": False}),
}


@pytest.mark.parametrize("schedule", [*SCHEDULES, "fixed"])
@pytest.mark.parametrize("job", JOBS)
def test_schedules_with_masks_weights_and_several_outputs(job, schedule):
    build, data, settings = JOBS[job]

    def build_it():
        return build(SCHEDULES[schedule]() if schedule in SCHEDULES else 0.05)

    expected = train("numpy", build_it, *data, **settings)
    for threads in (1, 2):
        assert_same_state(train("numba", build_it, *data, threads=threads, **settings), expected, factor=3)


@pytest.mark.parametrize("layer", [lambda: Dropout(1e-9, seed=1), lambda: GaussianNoise(1e-9, seed=1)])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_schedules_with_noise(schedule, layer):
    # So little noise that both kinds of it agree.
    def build():
        model = Sequential([Input((FEATURES,)), layer(), Dense(9, "tanh"), layer(), Dense(FEATURES)])
        model.compile(SGD(SCHEDULES[schedule]()), "mse")
        return model

    expected = train("numpy", build, X, Y)
    for threads in (1, 2):
        assert_same_state(train("numba", build, X, Y, threads=threads), expected, factor=3)


def test_a_schedule_changed_during_a_fit(dtype):
    class Change(Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 2:
                schedule.decay_rate *= 0.5

    results = []
    for backend, threads in (("numpy", None), ("numba", 1), ("numba", 2)):
        set_random_seed(3)
        schedule = schedules.ExponentialDecay(0.1, 3, 0.8)
        model = plain(SGD(schedule))
        model.fit(X, Y, 8, 3, 0, [Change()], backend=backend, threads=threads)
        results.append(model.weight_vector.values.copy())
    for found in results[1:]:
        assert_agree(found, results[0], dtype, "weights")
