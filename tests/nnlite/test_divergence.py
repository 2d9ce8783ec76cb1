"""Training that turns NaN or infinite: the error names the place, and the weights before it are kept."""

import numpy as np
import pytest

from nnlite.callbacks import Callback, LambdaCallback
from nnlite.divergence import DivergenceError
from nnlite.layers import Dense, Dropout, Input, Layer
from nnlite.models import Sequential
from nnlite.optimizers import SGD, Adam
from nnlite.utils import set_random_seed
from tests.nnlite.arrays import draw_single as draw

BACKENDS = ("numpy", "numba")
X = draw(200, 4)


def network(optimizer, seed=0):
    set_random_seed(seed)
    model = Sequential([Input((4,)), Dense(8, "relu", name="first"), Dropout(0.2), Dense(4, name="last")])
    model.compile(optimizer, "mse")
    return model


class KeepWeights(Callback):
    """Keeps the weights before every batch."""

    def on_train_begin(self, logs=None):
        self.weights = []

    def on_train_batch_begin(self, batch, logs=None):
        self.weights.append(self.model.parameters.copy())


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("optimizer", [lambda: SGD(1e3), lambda: SGD(1e20), lambda: Adam(1e12)])
def test_the_error_names_the_place_and_the_weights_before_it_are_kept(backend, optimizer):
    model, callback = network(optimizer()), KeepWeights()
    with pytest.raises(DivergenceError, match=r"in epoch 1, batch \d+, .*layer '(first|last)'") as error:
        model.fit(X, X, epochs=5, callbacks=[callback], backend=backend, check_finite=True)
    batch = int(str(error.value).split("batch ")[1].split(",")[0])
    assert np.isfinite(model.parameters).all()
    np.testing.assert_array_equal(model.parameters, callback.weights[batch - 1])
    assert model.optimizer.iterations == batch - 1
    assert all(np.isfinite(slot).all() for slot in model.optimizer.slots.values())


@pytest.mark.parametrize("backend", BACKENDS)
def test_training_can_go_on_without_the_extreme_record(backend):
    extreme = X.copy()
    extreme[70] = 1e30
    model = network("adam")
    with pytest.raises(DivergenceError, match="batch 3, kernel of layer 'last'"):
        model.fit(extreme, extreme, backend=backend, check_finite=True, shuffle=False)
    assert model.optimizer.iterations == 2
    model.fit(X, X, backend=backend, check_finite=True)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_later_epoch_is_found_in_many_that_run_at_once(backend):
    model = network(SGD(0.3))
    with pytest.raises(DivergenceError, match=r"epoch ([2-9]|\d\d)\d*, batch"):
        model.fit(200 * X, 1e18 * X, epochs=400, batch_size=200, backend=backend, check_finite=True, shuffle=False)


@pytest.mark.parametrize("backend", BACKENDS)
def test_records_that_are_not_finite_are_named(backend):
    broken = X.copy()
    broken[70, 2] = np.nan
    model = network("adam")
    with pytest.raises(DivergenceError, match=r"batch 3, input: the records hold NaN"):
        model.fit(broken, X, backend=backend, check_finite=True, shuffle=False)


def test_what_only_a_callback_did_is_an_error_of_the_epoch():
    def spoil(batch, logs):
        model.parameters[0] = np.nan

    model = network("adam")
    before = model.parameters.copy()
    with pytest.raises(DivergenceError, match=r"in epoch 1: "):
        model.fit(X, X, callbacks=LambdaCallback(on_train_batch_end=spoil), check_finite=True)
    np.testing.assert_array_equal(model.parameters, before)


@pytest.mark.parametrize("backend", BACKENDS)
def test_looking_changes_nothing(backend):
    results = []
    for check in (False, True):
        model = network("adam")
        history = model.fit(X, X, epochs=3, backend=backend, check_finite=check)
        results.append((model.parameters.tolist(), history.history))
    assert results[0] == results[1]


def test_without_the_option_training_goes_on_as_in_keras():
    with np.errstate(all="ignore"):
        history = network(SGD(1e20)).fit(X, X, backend="numpy")
    assert not np.isfinite(history.history["loss"]).any()


class Spoiler(Layer):
    """A layer whose output is infinite."""

    def forward(self, x, training=False):
        return x / x.dtype.type(0), None

    def backward(self, dy, cache):
        return dy


def test_a_layer_within_is_named():
    model = Sequential([Input((4,)), Dense(4, name="fine"), Spoiler(name="culprit")])
    model.compile("sgd", "mse")
    with pytest.raises(DivergenceError, match="batch 1, output of layer 'culprit'"):
        model.fit(X, X, check_finite=True)
