"""Threads that share a batch change only the order of sums; predictions are the same in any thread."""

import threading

import numpy as np
import pytest
from scipy import stats

from nnlite.cost import products_per_record
from nnlite.engine.runtime import threads as thread_choice
from nnlite.layers import LSTM, BatchNormalization, Conv1D, Dense, Dropout, GaussianNoise, Input
from nnlite.models import Sequential
from nnlite.optimizers import SGD, Adam, RMSprop
from nnlite.regularizers import L2
from nnlite.utils import set_random_seed
from tests.nnlite.engine.parity import TOLERANCE, assert_agree, assert_same_state, draw, train

# Large enough for five threads.
FEATURES, UNITS, BATCH = 40, 60, 320
ROWS = 2 * BATCH + 17
X, Y = draw(ROWS, FEATURES), draw(ROWS, FEATURES, seed=1)


def build(*between, optimizer=lambda: SGD(0.05), loss="mse"):
    hidden = Dense(UNITS, activation="tanh", kernel_regularizer=L2(0.001))
    model = Sequential([Input((FEATURES,)), hidden, *between, Dense(FEATURES)])
    model.compile(optimizer(), loss, metrics=["mae"])
    return model


OPTIMIZERS = {
    "momentum with clipped norms": lambda: SGD(0.05, momentum=0.9, clipnorm=0.1),
    "rmsprop with decay": lambda: RMSprop(0.01, epsilon=1e-2, weight_decay=0.01),
    "adam with the norm of all clipped": lambda: Adam(0.01, epsilon=1e-2, global_clipnorm=0.1),
    "adam with clipped values": lambda: Adam(0.01, epsilon=1e-2, clipvalue=0.01),
}


@pytest.mark.parametrize("threads", [2, 3, 5])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_threads_agree_with_the_layers(dtype, name, threads):
    settings = {"batch_size": BATCH, "validation_split": 0.2, "sample_weight": np.linspace(0, 2, ROWS)}
    expected = train("numpy", lambda: build(optimizer=OPTIMIZERS[name]), X, Y, **settings)
    found = train("numba", lambda: build(optimizer=OPTIMIZERS[name]), X, Y, threads=threads, **settings)
    assert_same_state(found, expected)


def test_a_last_batch_with_fewer_records_than_threads(dtype):
    x, y = X[: BATCH + 2], Y[: BATCH + 2]
    expected = train("numpy", build, x, y, batch_size=BATCH)
    assert_same_state(train("numba", build, x, y, batch_size=BATCH, threads=4), expected)


@pytest.mark.parametrize("layer", [lambda: Conv1D(4, 3, padding="causal"), lambda: LSTM(4, return_sequences=True)])
def test_threads_share_batches_of_series(dtype, layer):
    def build_for_series():
        model = Sequential([Input((9, 2)), layer(), Dense(2)])
        model.compile(SGD(0.05), "mse")
        return model

    x, y = draw(50, 9, 2), draw(50, 9, 2, seed=1)
    expected = train("numpy", build_for_series, x, y, batch_size=16)
    assert_same_state(train("numba", build_for_series, x, y, batch_size=16, threads=3), expected)


def test_a_layer_with_many_positions_uses_more_threads(monkeypatch):
    monkeypatch.setattr(thread_choice, "available_threads", lambda: 2)
    short, long = (Sequential([Input((steps, 1)), Conv1D(100, 10, padding="same")]) for steps in (1, 100))
    assert products_per_record(long) == 100 * products_per_record(short) == 100 * short.count_params()
    assert [thread_choice.choose_threads(None, products_per_record(model), 128) for model in (short, long)] == [1, 2]


def test_layers_that_need_the_whole_batch(dtype):
    expected = train("numpy", lambda: build(BatchNormalization()), X, Y, batch_size=BATCH)
    assert_same_state(train("numba", lambda: build(BatchNormalization()), X, Y, batch_size=BATCH, threads=4), expected)


def test_the_same_seed_and_threads_give_the_same_bits(dtype):
    first, second, alone = (
        train("numba", lambda: build(Dropout(0.3)), X, Y, batch_size=BATCH, threads=threads).weight_vector.values
        for threads in (3, 3, 1)
    )
    np.testing.assert_array_equal(first, second)
    # Each thread has its own noise: a sign that there were several.
    assert not np.array_equal(first, alone)


def test_threads_draw_independent_noise(dtype):
    # The loss's derivative is 1 everywhere, so a kernel moves by the sum of its noisy inputs.
    rows, n, threads = 256, 5000, 4
    set_random_seed(0)
    zeros = {"use_bias": False, "kernel_initializer": "zeros"}
    model = Sequential([Input((n,)), GaussianNoise(1.0), Dense(1, **zeros)])
    model.compile(SGD(1.0), "mae")
    model.fit(
        np.zeros((rows, n)), np.full((rows, 1), -1e6), batch_size=rows, backend="numba", threads=threads, verbose=0
    )
    sums = -model.get_weights()[0].ravel() * rows
    # Were the threads' noise the same, its sum would be twice as wide.
    assert stats.kstest(sums / np.sqrt(rows), "norm").pvalue > 1e-3


@pytest.mark.parametrize("rows", [1, 3, 255, 256, 257, 1100])
def test_compiled_predictions_agree_with_the_layers(dtype, rows):
    set_random_seed(0)
    model = build(Dropout(0.5), BatchNormalization())
    x = draw(rows, FEATURES)
    expected = model.predict(x, backend="numpy")
    for threads in (1, 3):
        found = model.predict(x, backend="numba", threads=threads)
        assert found.dtype == dtype
        assert_agree(found, expected, dtype, "prediction")
    one = model.make_predict_function()
    assert_agree(np.array([one(record) for record in x[:5]]), expected[:5], dtype, "one record")


def test_eight_threads_predict_the_same_bits_as_one(dtype):
    set_random_seed(0)
    model = build()
    x = draw(2000, FEATURES)
    one = model.make_predict_function()
    many, single = model.predict(x, backend="numba"), np.array([one(record) for record in x])
    np.testing.assert_allclose(many, single, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])
    same = []

    def predict():
        for _ in range(3):
            same.append(np.array_equal(model.predict(x, backend="numba"), many))
        same.append(np.array_equal([one(record) for record in x], single))

    threads = [threading.Thread(target=predict) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert same == [True] * 32


def test_predictions_use_the_current_weights(dtype):
    model = build()
    one = model.make_predict_function()
    x = draw(300, FEATURES)
    before = model.predict(x, backend="numba")
    model.fit(X, Y, backend="numba", verbose=0)
    after = model.predict(x, backend="numba")
    assert not np.allclose(before, after)
    assert_agree(after, model.predict(x, backend="numpy"), dtype, "prediction")
    assert_agree(one(x[0]), after[0], dtype, "one record")
