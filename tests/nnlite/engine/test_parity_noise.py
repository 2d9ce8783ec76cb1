"""Dropout and Gaussian noise have the same distribution on both paths, though their numbers differ.

The weights reveal the noise: if the loss is the mean absolute error of one output that is always too high, its
derivative is 1 for every record, and a step of plain gradient descent moves a kernel by its noisy inputs.
"""

import numpy as np
import pytest
from scipy import stats

from nnlite.callbacks import LambdaCallback
from nnlite.layers import Add, Dense, Dropout, Flatten, GaussianNoise, Input, Reshape
from nnlite.models import Model, Sequential
from nnlite.optimizers import SGD
from nnlite.utils import set_random_seed

BACKENDS = ["numpy", "numba"]


def fit(model, x, backend, **settings):
    model.fit(x, np.full((len(x), 1), -1e6), backend=backend, verbose=0, batch_size=len(x), shuffle=False, **settings)
    assert model.history.backend == backend


def disturbed(layer, x, backend, seed=0, row=None, steps=1):
    """Return what a layer makes of x, summed over its rows, in each of some steps; or of one row alone."""
    set_random_seed(seed)
    last = Dense(1, use_bias=False, kernel_initializer="zeros")
    model = Sequential([Input(x.shape[1:]), layer(), *([Flatten()] if x.ndim > 2 else []), last])
    model.compile(SGD(1.0), "mae")
    kernels = [np.zeros(x[0].size)]
    keep = LambdaCallback(on_epoch_end=lambda epoch, logs: kernels.append(model.get_weights()[0].ravel().copy()))
    weights = None if row is None else np.eye(len(x))[row]
    fit(model, x, backend, epochs=steps, callbacks=[keep], sample_weight=weights)
    moved = -np.diff(np.array(kernels, np.float64), axis=0) * len(x)
    return moved[0] if steps == 1 else moved


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
@pytest.mark.parametrize("backend", BACKENDS)
def test_dropout_drops_a_fraction_and_scales_the_others(dtype, backend, rate):
    n = 20_000
    kept = disturbed(lambda: Dropout(rate), np.ones((1, n)), backend)
    values = np.unique(kept.round(5))
    assert values == pytest.approx([0, 1 / (1 - rate)], rel=1e-4)
    assert abs((kept == 0).mean() - rate) < 4 * np.sqrt(rate * (1 - rate) / n)
    # Neighbours are independent.
    both = (kept[1:] == 0) & (kept[:-1] == 0)
    assert abs(both.mean() - rate**2) < 5 * np.sqrt(rate**2 / n)


@pytest.mark.parametrize("backend", BACKENDS)
def test_gaussian_noise_is_normal_and_added(dtype, backend):
    x = np.linspace(-3, 3, 20_000)[None]
    noise = disturbed(lambda: GaussianNoise(0.3), x, backend) - x[0]
    assert stats.kstest(noise / 0.3, "norm").pvalue > 1e-3
    assert abs(np.corrcoef(noise, x[0])[0, 1]) < 0.03


def test_noise_is_independent_between_records(dtype):
    rows, n = 37, 200
    noise = np.array([disturbed(lambda: GaussianNoise(1.0), np.zeros((rows, n)), "numba", row=r) for r in range(rows)])
    assert stats.kstest(noise.ravel(), "norm").pvalue > 1e-3
    correlations = np.corrcoef(noise) - np.eye(rows)
    assert np.abs(correlations).max() < 5 / np.sqrt(n)
    correlations = np.corrcoef(noise.T) - np.eye(n)
    assert np.abs(correlations).max() < 6 / np.sqrt(rows)
    assert len(np.unique(noise)) > 0.99 * noise.size


def test_dropout_masks_are_independent_between_records(dtype):
    rows, n = 23, 300
    kept = np.array([disturbed(lambda: Dropout(0.3), np.ones((rows, n)), "numba", row=r) for r in range(rows)]) > 0
    assert abs(kept.mean() - 0.7) < 4 * np.sqrt(0.21 / kept.size)
    agreement = np.array([(kept[i] == kept[j]).mean() for i in range(rows) for j in range(i)])
    assert np.abs(agreement - (0.49 + 0.09)).max() < 5 * np.sqrt(0.25 / n)


NOISE_SHAPES = [(None, 1, None), (None, 30, 1), (None, 1, 1), (1, None, None), (1, 1, None), (1, 30, 1), (1, 1, 1)]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("noise_shape", NOISE_SHAPES, ids=str)
def test_dropout_with_a_noise_shape(dtype, backend, noise_shape):
    rows, shape = 41, (30, 7)
    x = np.ones((rows, *shape))
    layer = lambda: Dropout(0.4, noise_shape)  # noqa: E731
    values = np.array([disturbed(layer, x, backend, row=r).reshape(shape) for r in range(rows)])
    assert values[values > 0] == pytest.approx(1 / 0.6, rel=1e-4)
    kept = values > 0
    drawn = kept
    for axis, size in enumerate(noise_shape):
        if size == 1:
            assert (kept == kept.take([0], axis)).all(), "what should be dropped together is not"
            drawn = drawn.take([0], axis)
    # Along the other axes masks are independent: the fraction of zeros, and no correlation of neighbors.
    assert abs(drawn.mean() - 0.6) < 4 * np.sqrt(0.24 / drawn.size)
    for axis, size in enumerate(drawn.shape):
        if size > 1:
            agree = drawn.take(range(1, size), axis) == drawn.take(range(size - 1), axis)
            assert abs(agree.mean() - 0.52) < 5 * np.sqrt(0.25 / agree.size)


def test_a_noise_shape_with_a_batch_size_uses_the_layers(dtype):
    model = Sequential([Input((3,)), Dropout(0.5, noise_shape=(8, None)), Dense(1)])
    model.compile("sgd", "mse")
    x, y = np.ones((16, 3)), np.ones((16, 1))
    with pytest.raises(ValueError, match=r"noise_shape=\(8, None\) has no compiled form"):
        model.fit(x, y, batch_size=8, backend="numba", verbose=0)
    assert model.fit(x, y, batch_size=8, verbose=0).backend == "numpy"


def test_threads_share_a_mask_of_all_records(dtype):
    rows, n = 256, 5000
    set_random_seed(0)
    zeros = {"use_bias": False, "kernel_initializer": "zeros"}
    model = Sequential([Input((n,)), Dropout(0.5, noise_shape=(1, None)), Dense(1, **zeros)])
    model.compile(SGD(1.0), "mae")
    fit(model, np.ones((rows, n)), "numba", threads=4)
    # Did threads have masks of their own, there would be values in between.
    assert set((-model.get_weights()[0].ravel()).round(3)) == {0, 2}


@pytest.mark.parametrize("layer", [lambda: Dropout(0.5), lambda: GaussianNoise(1.0)], ids=["dropout", "noise"])
def test_noise_differs_between_steps_and_depends_on_the_seed(dtype, layer):
    x = np.ones((1, 500))
    steps = disturbed(layer, x, "numba", steps=6)
    correlations = np.corrcoef(steps) - np.eye(6)
    assert np.abs(correlations).max() < 5 / np.sqrt(500)
    np.testing.assert_array_equal(steps, disturbed(layer, x, "numba", steps=6))
    assert not np.array_equal(steps[0], disturbed(layer, x, "numba", seed=1))


@pytest.mark.parametrize("make", [Dropout, GaussianNoise])
def test_noise_depends_on_the_seed_of_the_layer(dtype, make):
    x = np.ones((1, 100))
    first, again, other = (
        disturbed(lambda own=own: make(0.5, seed=own), x, "numba", seed=seed) for seed, own in [(1, 9), (2, 9), (1, 8)]
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("make", [Dropout, GaussianNoise])
def test_noise_differs_between_layers_and_fits(dtype, make):
    n = 500
    set_random_seed(0)
    a = Input((n,))
    parts = [Dense(1, use_bias=False, kernel_initializer="zeros")(make(0.5)(a)) for _ in range(2)]
    model = Model(a, Add()(parts))
    model.compile(SGD(1.0), "mae")
    moved, before = [], [np.zeros((n, 1))] * 2
    for _ in range(2):
        fit(model, np.ones((1, n)), "numba")
        now = model.get_weights()
        moved += [(old - new).ravel() for old, new in zip(before, now, strict=True)]
        before = now
    correlations = np.corrcoef(moved) - np.eye(4)
    assert np.abs(correlations).max() < 5 / np.sqrt(n)


def test_a_layer_used_twice_draws_independent_noise(dtype):
    n = 500
    set_random_seed(0)
    a, b, layer = Input((n,)), Input((n,)), Dropout(0.5)
    parts = [Dense(1, use_bias=False, kernel_initializer="zeros")(layer(x)) for x in (a, b)]
    model = Model([a, b], Add()(parts))
    model.compile(SGD(1.0), "mae")
    model.fit([np.ones((1, n))] * 2, np.array([[-1e6]]), backend="numba", verbose=0)
    masks = [weight.ravel() != 0 for weight in model.get_weights()]
    assert abs((masks[0] == masks[1]).mean() - 0.5) < 5 * 0.5 / np.sqrt(n)


def test_gradients_pass_through_the_mask(dtype):
    n = 300
    set_random_seed(0)
    first = Dense(n, use_bias=False, kernel_initializer="ones")
    second = Dense(1, use_bias=False, kernel_initializer="ones")
    model = Sequential([Input((1,)), first, Dropout(0.4), second])
    model.compile(SGD(0.5), "mae")
    fit(model, np.ones((1, 1)), "numba")
    # y = sum of v m w x with all of v, w, x = 1: the slopes by v and by w are both m.
    moved = [1 - weight.ravel() for weight in model.get_weights()]
    assert set(moved[0].round(4)) == {0, np.asarray(0.5 / 0.6, dtype).round(4)}
    np.testing.assert_array_equal(moved[0], moved[1])


@pytest.mark.parametrize("noise_shape", [(None, 1, None), (None, None, 1), (1, None, 1)], ids=str)
def test_gradients_pass_through_a_broadcast_mask(dtype, noise_shape):
    set_random_seed(0)
    ones = {"use_bias": False, "kernel_initializer": "ones"}
    shaped = [Reshape((20, 15)), Dropout(0.4, noise_shape), Flatten()]
    model = Sequential([Input((1,)), Dense(300, **ones), *shaped, Dense(1, **ones)])
    model.compile(SGD(0.5), "mae")
    fit(model, np.ones((1, 1)), "numba")
    moved = [1 - weight.ravel() for weight in model.get_weights()]
    assert set(moved[0].round(4)) == {0, np.asarray(0.5 / 0.6, dtype).round(4)}
    np.testing.assert_array_equal(moved[0], moved[1])


def test_validation_and_evaluation_are_without_noise(dtype):
    set_random_seed(0)
    model = Sequential([Input((4,)), GaussianNoise(5.0), Dropout(0.5), Dense(2)])
    model.compile(SGD(0.0), "mse")
    x, y = np.random.default_rng(0).normal(size=(2, 30, 4))
    history = model.fit(x, y[:, :2], backend="numba", validation_data=(x, y[:, :2]), epochs=2, verbose=0).history
    clean = model.evaluate(x, y[:, :2], backend="numpy", verbose=0)
    assert history["val_loss"] == pytest.approx([clean, clean], rel=1e-5)
    assert history["loss"][0] > 2 * clean


def test_training_with_noise_reaches_the_same_mean_loss(dtype):
    x = np.random.default_rng(0).normal(size=(256, 6))
    ends = {}
    for backend in BACKENDS:
        ends[backend] = []
        for seed in range(12):
            set_random_seed(seed)
            model = Sequential([Input((6,)), GaussianNoise(0.3), Dense(12, activation="tanh"), Dropout(0.2), Dense(6)])
            model.compile("adam", "mse")
            model.fit(x, x, epochs=12, batch_size=16, backend=backend, verbose=0)
            ends[backend].append(model.history.history["loss"][-1])
    assert stats.ttest_rel(ends["numpy"], ends["numba"]).pvalue > 1e-3
    assert np.mean(ends["numba"]) == pytest.approx(np.mean(ends["numpy"]), rel=0.03)
