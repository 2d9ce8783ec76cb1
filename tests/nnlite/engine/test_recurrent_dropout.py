"""Dropout within recurrent layers: with the engine's own masks the layers agree with the engine."""

import numpy as np
import pytest

from nnlite import config
from nnlite.callbacks import LambdaCallback
from nnlite.layers import GRU, LSTM, Bidirectional, Dense, Input, Masking, SimpleRNN
from nnlite.models import Model, Sequential
from nnlite.optimizers import SGD
from nnlite.utils import set_random_seed
from tests.nnlite.engine.parity import assert_agree, assert_same_state, draw, train
from tests.nnlite.engine.test_noise import engine_philox

LAYERS = {
    "SimpleRNN": SimpleRNN,
    "LSTM": LSTM,
    "LSTM, relu": lambda units, **settings: LSTM(units, activation="relu", **settings),
    "GRU": GRU,
    "GRU, relu": lambda units, **settings: GRU(units, activation="relu", **settings),
    "GRU, reset before": lambda units, **settings: GRU(units, reset_after=False, **settings),
    "GRU, reset before, relu": lambda units, **settings: GRU(units, reset_after=False, activation="relu", **settings),
}
SEED, BATCH = 11, 8


@pytest.fixture(params=LAYERS.values(), ids=LAYERS.keys())
def cell(request):
    return request.param


def engine_masks(layer):
    """Return a replacement of a layer's `_dropout_mask` that returns the engine's masks, batch after batch.

    The engine has rows of `ld` records, a whole number of cache lines, and draws a quarter of them from each of the
    four words of its generator.
    """
    seeds = np.random.default_rng(SEED).integers(2**63, size=2)
    rates = [rate for rate in (layer.dropout, layer.recurrent_dropout) if rate]
    calls = 0

    def of_engine(rate, shape, dtype, training):
        nonlocal calls
        if not training or not rate:
            return 1
        step, stream = divmod(calls, len(rates))
        calls += 1
        features, per_line = shape[-1], 64 // np.dtype(dtype).itemsize
        ld = -(-BATCH // per_line) * per_line
        words = engine_philox(np.arange(features * ld // 4), step, 0, seeds[stream])
        kept = np.uint64(rate * 2.0**32) <= words.T.reshape(features, ld)[:, : shape[0]].T
        return (kept / (1 - rate)).astype(dtype).reshape(shape)

    return of_engine


def assert_parity(build, shape=(5, 2), dtype="float64", rows=21, **fit):
    """Train by both backends, with the same masks."""
    config.set_floatx(dtype)
    x = draw(rows, *shape)
    x[:4, -2:] = 0.0

    def make(same_masks):
        inputs = Input(shape)
        model = Model(inputs, build(inputs))
        model.compile("sgd", "mse")
        noise = np.random.default_rng(5)
        model.set_weights([w + 0.1 * noise.normal(size=w.shape) for w in model.get_weights()])
        for layer in model.layers:
            if same_masks and hasattr(layer, "recurrent_dropout"):
                layer._dropout_mask = engine_masks(layer)
        return model

    y = draw(rows, *make(False).output_shape[1:], seed=1)
    fit = {"batch_size": BATCH, "threads": 1, **fit}
    expected, found = train("numpy", lambda: make(True), x, y, **fit), train("numba", lambda: make(False), x, y, **fit)
    assert_same_state(found, expected)
    predicted = [model.predict(x, verbose=0, backend=name) for model, name in ((found, "numba"), (expected, "numpy"))]
    assert_agree(*predicted, dtype, "predictions")


@pytest.mark.parametrize("settings", [{}, {"return_sequences": True}, {"go_backwards": True}], ids=str)
def test_one_mask_for_all_steps_and_gates(cell, settings):
    assert_parity(lambda x: Dense(2)(cell(3, recurrent_dropout=0.4, seed=SEED, **settings)(Dense(4)(x))))


@pytest.mark.parametrize("units", [1, 17])
def test_dropout_of_inputs_and_states(cell, units):
    assert_parity(lambda x: cell(units, dropout=0.3, recurrent_dropout=0.4, seed=SEED, return_sequences=True)(x))


@pytest.mark.parametrize("sequences", [True, False])
def test_states_and_masked_steps(cell, sequences):
    def build(x):
        states = GRU(3, return_state=True)(x)[1:]
        if cell(1).n_states == 2:
            states = [*states, Dense(3)(states[0])]
        dropped = cell(3, recurrent_dropout=0.4, seed=SEED, return_sequences=sequences)
        return dropped(Masking()(x), initial_state=states)

    assert_parity(build)


def test_one_step(cell):
    assert_parity(lambda x: cell(3, recurrent_dropout=0.4, seed=SEED)(x), (1, 2))


def test_single_precision(cell):
    assert_parity(lambda x: cell(9, recurrent_dropout=0.4, seed=SEED)(x), dtype="float32")


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_a_fraction_of_the_units_is_dropped_and_the_others_scaled(dtype, backend, rate):
    # From a state of ones and with a slope of 1, each row of the recurrent kernel moves by its unit's mask.
    units, epochs = 300, 12
    set_random_seed(0)
    inputs, state = Input((1, 1)), Input((units,))
    layer = SimpleRNN(
        units, "linear", kernel_initializer="zeros", recurrent_initializer="zeros", recurrent_dropout=rate
    )
    model = Model([inputs, state], layer(inputs, initial_state=state))
    model.compile(SGD(units), "mae")
    kernels = [np.zeros(units)]
    keep = LambdaCallback(on_epoch_end=lambda *_: kernels.append(layer.recurrent_kernel.numpy()[:, 0].astype(float)))
    x = [np.ones((1, 1, 1)), np.ones((1, units))]
    model.fit(x, np.full((1, units), -1e9), epochs=epochs, verbose=0, backend=backend, callbacks=[keep])
    masks = -np.diff(np.array(kernels), axis=0)
    values = np.unique(masks.round(3))
    assert values == pytest.approx([0, 1 / (1 - rate)], rel=1e-3)
    assert abs((masks < 0.5).mean() - rate) < 4 * np.sqrt(rate * (1 - rate) / masks.size)
    # Every batch has a mask of its own.
    alike = ((masks[1:] < 0.5) == (masks[:-1] < 0.5)).mean()
    assert abs(alike - (rate**2 + (1 - rate) ** 2)) < 5 * 0.5 / np.sqrt(masks.size)


@pytest.mark.parametrize("threads", [1, 2])
def test_the_same_seed_gives_the_same_bits(threads):
    def make():
        inner = LSTM(5, recurrent_dropout=0.4, return_sequences=True)
        model = Sequential([Input((4, 2)), Bidirectional(inner), GRU(3, dropout=0.2, recurrent_dropout=0.2)])
        model.compile("adam", "mse")
        return model

    x, y = draw(40, 4, 2), draw(40, 3)
    one, other = (train("numba", make, x, y, threads=threads).parameters for _ in range(2))
    np.testing.assert_array_equal(one, other)


def test_no_dropout_at_inference(cell, dtype):
    model = Sequential([Input((4, 2)), cell(3, recurrent_dropout=0.5)])
    model.compile("sgd", "mse")
    x, y = draw(20, 4, 2), draw(20, 3)
    evaluated = [model.evaluate(x, y, verbose=0, backend=backend) for backend in ("numba", "numpy")]
    assert_agree(*evaluated, dtype, "evaluation")
