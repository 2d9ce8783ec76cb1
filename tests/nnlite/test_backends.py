"""Backends: "auto" uses the engine if possible, "numba" raises with a reason, and NumPy alone is sufficient."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import nnlite
from nnlite import activations, losses, metrics, optimizers, regularizers
from nnlite.layers import Activation, BatchNormalization, Dense, Dropout, Input, LayerNormalization, Softmax
from nnlite.models import Sequential
from nnlite.random import seeded
from nnlite.utils import set_random_seed

ROWS = 4000  # as many as make the engine worth its while
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(ROWS, 4)), RNG.normal(size=(ROWS, 3))


class Doubled(Dense):
    """A layer derived from one that the engine knows."""

    def forward(self, x, training=False):
        y, cache = super().forward(x, training)
        return 2 * y, cache

    def backward(self, dy, cache):
        return super().backward(2 * dy, cache)


class Cubic(losses.Loss):
    def per_sample(self, y_true, y_pred):
        return (np.abs(y_pred - y_true) ** 3).mean(-1)

    def slope(self, y_true, y_pred):
        return 3 * np.abs(y_pred - y_true) * (y_pred - y_true) / y_pred.shape[-1]


class HalfSquared(losses.MeanSquaredError):
    def per_sample(self, y_true, y_pred):
        return super().per_sample(y_true, y_pred) / 2

    def slope(self, y_true, y_pred):
        return super().slope(y_true, y_pred) / 2


class Largest(metrics.Metric):
    """The largest error."""

    def __init__(self):
        super().__init__("largest")
        self.reset_state()

    def reset_state(self):
        self.value = 0.0

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.value = max(self.value, float(np.abs(y_true - y_pred).max()))

    def result(self):
        return self.value


class Flipped(activations.ReLU):
    def forward(self, x):
        return super().forward(-x)

    def backward(self, dy, x, y):
        return -super().backward(dy, -x, y)


class SignDescent(optimizers.SGD):
    def update(self, parameters, gradients, rate):
        parameters -= parameters.dtype.type(rate) * np.sign(gradients)


class Tiny(regularizers.L2):
    def __call__(self, x):
        return 0.1 * super().__call__(x)

    def gradient(self, x):
        return 0.1 * super().gradient(x)


class Named(Sequential):
    """A model derived from one that the engine knows, which adds nothing to how it computes."""


def chain(*layers, optimizer="sgd", loss="mse", **compiled):
    model = Sequential([Input((4,)), *layers, Dense(3)])
    model.compile(optimizer, loss, **compiled)
    return model


UNKNOWN = {
    "a derived layer": (lambda: chain(Doubled(5)), "Doubled has no compiled form"),
    "a derived activation": (lambda: chain(Dense(5, activation=Flipped())), "the activation .* has no compiled form"),
    "a loss of one's own": (lambda: chain(loss=Cubic()), "the loss .* has no compiled form"),
    "a derived loss": (lambda: chain(loss=HalfSquared()), "the loss .* has no compiled form"),
    "a metric of one's own": (lambda: chain(metrics=[Largest()]), "the metric 'largest' has no compiled form"),
    "a derived optimizer": (lambda: chain(optimizer=SignDescent(0.001)), "the optimizer SignDescent"),
    "a derived regularizer": (lambda: chain(Dense(5, kernel_regularizer=Tiny(0.1))), "the regularizer Tiny"),
}


@pytest.mark.parametrize("what", UNKNOWN)
def test_auto_uses_the_layers_for_models_without_compiled_form(what):
    make, _ = UNKNOWN[what]
    results = {}
    for backend in ("auto", "numpy"):
        set_random_seed(0)
        model = make()
        history = model.fit(X, Y, epochs=2, validation_split=0.1, backend=backend, verbose=0)
        assert history.backend == "numpy"
        results[backend] = history.history, model.weight_vector.values, model.evaluate(X, Y, backend=backend, verbose=0)
    assert results["auto"][0] == results["numpy"][0]
    np.testing.assert_array_equal(results["auto"][1], results["numpy"][1])
    assert results["auto"][2] == results["numpy"][2]


@pytest.mark.parametrize("what", UNKNOWN)
def test_numba_raises_for_models_without_compiled_form(what):
    make, message = UNKNOWN[what]
    model = make()
    before = [weight.copy() for weight in model.get_weights()]
    with pytest.raises(
        ValueError, match=f"backend='numba' does not support this model: .*{message}.*; backend='auto' uses"
    ):
        model.fit(X, Y, backend="numba", verbose=0)
    for weight, old in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, old)


def test_auto_uses_the_engine_for_supported_models():
    model = chain(Dense(5, activation="gelu"), BatchNormalization(), LayerNormalization(), Activation("tanh"))
    assert model.fit(X, Y, epochs=2, verbose=0).backend == "numba"
    assert model.history.backend == "numba"


def test_auto_uses_the_layers_for_fits_of_milliseconds():
    assert chain().fit(X[:32], Y[:32], verbose=0).backend == "numpy"


def test_both_backends_agree_on_a_subclass_of_sequential():
    values = []
    for backend in ("auto", "numpy"):
        set_random_seed(0)
        model = Named([Input((4,)), Dense(3)])
        model.compile("sgd", "mse")
        model.fit(X, Y, backend=backend, verbose=0)
        values.append(model.weight_vector.values)
    np.testing.assert_allclose(values[0], values[1], rtol=1e-5, atol=1e-6)


def test_an_unknown_backend_is_named():
    with pytest.raises(ValueError, match="backend must be one of 'auto', 'numpy', 'numba'; found 'torch'"):
        chain().fit(X, Y, backend="torch")
    with pytest.raises(ValueError, match="backend must be one of 'auto', 'numpy', 'numba'; found None"):
        chain().evaluate(X, Y, backend=None)


def test_both_backends_raise_the_same_errors():
    labels = np.full(ROWS, 7)
    model = chain(Dense(3), Softmax(), loss="sparse_categorical_crossentropy")
    messages = []
    for backend in ("numpy", "auto"):
        with pytest.raises(ValueError) as error:  # noqa: PT011 (the two are compared)
            model.fit(X, labels, backend=backend, verbose=0)
        messages.append(str(error.value))
    assert messages[0] == messages[1]
    assert "7" in messages[0]


# -- without Numba ---------------------------------------------------------------------------------

WITHOUT = """
import sys
for name in {missing}:
    sys.modules[name] = None
import numpy as np
import nnlite
from nnlite.layers import Dense, Dropout, Input
from nnlite.models import Sequential
nnlite.utils.set_random_seed(0)
model = Sequential([Input((4,)), Dense(8, activation="relu"), Dropout(0.1), Dense(3)])
model.compile("adam", "mse", metrics=["mae"])
x = np.random.default_rng(0).normal(size=(4000, 4))
history = model.fit(x, x[:, :3], epochs=3, validation_split=0.2, verbose=0)
assert history.backend == "numpy", history.backend
assert history.history["loss"][-1] < history.history["loss"][0]
model.evaluate(x, x[:, :3], verbose=0)
assert model.predict(x, verbose=0).shape == (4000, 3)
try:
    model.fit(x, x[:, :3], backend="numba", verbose=0)
except ValueError as error:
    print(error)
"""


@pytest.mark.parametrize("missing", [["numba", "llvmlite"], ["llvmlite"]], ids=["both", "llvmlite"])
def test_without_numba_everything_runs_on_numpy(missing):
    environment = {**os.environ, "PYTHONPATH": str(Path(nnlite.__file__).parents[1])}
    script = WITHOUT.format(missing=missing)
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], env=environment, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    assert "backend='numba' needs the package numba" in result.stdout
    assert "llvmlite" in result.stdout


BROKEN = """
import numpy as np
import anomaly
from nnlite.layers import Dense, Input
from nnlite.models import Sequential
model = Sequential([Input((4,)), Dense(64), Dense(3)])
model.compile("adam", "mse")
x = np.random.default_rng(0).normal(size=(40_000, 4)).astype("float32")
assert model.predict(x, verbose=0).shape == (40_000, 3)
assert model.fit(x, x[:, :3], epochs=2, verbose=0).backend == "numpy"
assert len(model.make_predict_function()(x[0])) == 3
scores = anomaly.TableDetector(hidden=(8,), epochs=2, random_state=0).fit(x[:2000]).decision_function(x[:2000])
assert np.isfinite(scores).all()
try:
    model.predict(x, backend="numba", verbose=0)
except ValueError as error:
    print(error)
"""


@pytest.mark.parametrize("broken", [["numba"], ["numba", "llvmlite"]], ids=["numba", "both"])
def test_a_numba_that_cannot_be_imported_is_as_none(broken, tmp_path):
    """A Numba that is older than NumPy is found, and raises when it is imported."""
    for name in broken:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise ImportError('Numba needs NumPy 2.0 or less')\n")
    paths = os.pathsep.join([str(tmp_path), str(Path(nnlite.__file__).parents[1])])
    environment = {**os.environ, "PYTHONPATH": paths, "NNLITE_CACHE_DIR": str(tmp_path / "cache")}
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", BROKEN], env=environment, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    assert "cannot be imported: Numba needs NumPy 2.0 or less" in result.stdout


# -- threads ---------------------------------------------------------------------------------------


def fit_one(seed, epochs=3):
    """Train a small model with a seed of its own; return all bits of what came out."""
    with seeded(seed):
        model = Sequential([Input((4,)), Dense(16, activation="tanh"), Dropout(0.2), Dense(3)])
        model.compile("adam", "mse")
        history = model.fit(X, Y, epochs=epochs, batch_size=16, backend="numba", verbose=0, validation_split=0.1)
        return model.weight_vector.values.copy(), history.history


def in_threads(*functions):
    """Call functions at once; return what they return."""
    results = [None] * len(functions)

    def call(i):
        results[i] = functions[i]()

    threads = [threading.Thread(target=call, args=(i,)) for i in range(len(functions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_fits_in_threads_equal_sequential_fits_bit_by_bit():
    alone = [fit_one(seed) for seed in range(4)]
    together = in_threads(*(lambda seed=seed: fit_one(seed) for seed in range(4)))
    for (weights, history), (others, curves) in zip(alone, together, strict=True):
        np.testing.assert_array_equal(weights, others)
        assert history == curves


def test_fits_of_both_float_types_at_once():
    def fit(dtype):
        with seeded(1):
            model = Sequential([Input((4,), dtype=dtype), Dense(5, dtype=dtype), Dense(3, dtype=dtype)])
            model.compile("sgd", "mse")
            model.fit(X, Y, backend="numba", verbose=0)
            assert model.dtype == dtype
            return model.weight_vector.values

    single, double = in_threads(lambda: fit("float32"), lambda: fit("float64"))
    np.testing.assert_allclose(single, double, rtol=1e-4, atol=1e-5)


def test_python_threads_run_during_an_epoch_of_compiled_code():
    x = np.random.default_rng(0).normal(size=(40_000, 64)).astype("float32")
    model = Sequential([Input((64,)), Dense(128, activation="relu"), Dense(64)])
    model.compile("adam", "mse")
    model.fit(x[:100], x[:100], backend="numba", verbose=0)
    # Where the lock were held, the longest pause of another thread would be as long as the epoch.
    times, done = [], threading.Event()

    def watch():
        while not done.is_set():
            times.append(time.perf_counter())
            time.sleep(0.001)

    watcher = threading.Thread(target=watch)
    watcher.start()
    begin = time.perf_counter()
    model.fit(x, x, epochs=2, batch_size=32, backend="numba", verbose=0)
    took = time.perf_counter() - begin
    done.set()
    watcher.join()
    during = np.array([t for t in times if begin < t < begin + took])
    assert np.diff(during).max(initial=took / 2) <= took / 2
    assert during.size > 10
