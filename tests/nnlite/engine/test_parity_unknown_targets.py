"""Losses of unknown targets agree on both paths, and with those of complete targets where all are known."""

import numpy as np
import pytest

from nnlite.callbacks import EarlyStopping
from nnlite.layers import Dense, Input, Masking
from nnlite.likelihoods import GaussianNLL, MaskedGaussianNLL
from nnlite.losses import MaskedMeanSquaredError
from nnlite.models import Sequential
from nnlite.optimizers import SGD, Adam
from tests.nnlite.engine.parity import assert_agree, assert_parity, draw, train


def build(loss="masked_mse", features=5, units=3, optimizer=lambda: SGD(0.05), layers=(), shape=None):
    def make():
        model = Sequential(
            [Input(shape or (features,)), *(one() for one in layers), Dense(6, activation="tanh"), Dense(units)]
        )
        model.compile(optimizer(), loss() if callable(loss) else loss)
        return model

    return make


def gaps(*shape, fraction=0.3):
    """Return targets, some of them unknown, and all of those of the second sample."""
    y = np.where(np.random.default_rng(4).random(shape) < fraction, np.nan, draw(*shape, seed=1))
    y[1:2] = np.nan
    y[0, ..., 0] = 0.5
    return y


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("rows", [1, 8, 33])
@pytest.mark.parametrize("units", [1, 3, 17])
@pytest.mark.parametrize("batch_size", [1, 8, 64])
def test_gaps_of_every_size(dtype, rows, units, batch_size, weighted):
    x, y = draw(rows, 5), gaps(rows, units)
    weight = np.linspace(0.1, 2, rows) if weighted else None
    found, expected = assert_parity(build(units=units), x, y, batch_size=batch_size, sample_weight=weight)
    evaluated = [
        model.evaluate(x, y, backend=backend, verbose=0, batch_size=6, sample_weight=weight)
        for model, backend in [(found, "numba"), (expected, "numpy")]
    ]
    assert_agree(*evaluated, dtype, "evaluated loss")


def test_whole_training_with_early_stopping(dtype):
    make = build(optimizer=lambda: Adam(0.01, epsilon=1e-3))
    fit = {
        "epochs": 40,
        "validation_split": 0.25,
        "callbacks": lambda: [EarlyStopping("val_loss", patience=2, restore_best_weights=True)],
    }
    found, _ = assert_parity(make, draw(53, 5), gaps(53, 3), factor=10, **fit)
    again = train("numba", make, draw(53, 5), gaps(53, 3), **fit)
    np.testing.assert_array_equal(found.weight_vector.values, again.weight_vector.values)
    assert found.history.history == again.history.history


def test_a_sum_instead_of_a_mean(dtype):
    make = build(lambda: MaskedMeanSquaredError(reduction="sum"), optimizer=lambda: SGD(0.005))
    assert_parity(make, draw(33, 5), gaps(33, 3))


@pytest.mark.parametrize("masked", [False, True])
def test_sequences_with_weights_of_steps(dtype, masked):
    x, y = draw(17, 4, 2), gaps(17, 4, 3)
    x[:, 2] = 0
    weight = np.random.default_rng(2).random((17, 4))
    make = build(shape=(4, 2), layers=[Masking] if masked else [])
    assert_parity(make, x, y, sample_weight=weight)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("batch_size", [1, 7, 32])
@pytest.mark.parametrize("units", [1, 3, 8, 17])
def test_complete_targets_train_like_the_mean_squared_error_bit_by_bit(dtype, units, batch_size, weighted, threads):
    x, y = draw(45, 5), draw(45, units, seed=1)
    weight = np.linspace(0.1, 2, 45) if weighted else None
    for backend in ("numpy", "numba"):
        # Only the engine has threads.
        settings = {"threads": threads} if backend == "numba" else {}
        plain, masked = (
            train(backend, build(loss, units=units), x, y, batch_size=batch_size, sample_weight=weight, **settings)
            for loss in ("mse", "masked_mse")
        )
        assert plain.history.history == masked.history.history
        np.testing.assert_array_equal(plain.weight_vector.values, masked.weight_vector.values)


# -- likelihoods -----------------------------------------------------------------------------------


LIKELIHOODS = pytest.mark.parametrize(
    ("settings", "outputs"),
    [({"variance": 0.3}, 1), ({"variance": None}, 2), ({"variance": None, "minimum_variance": 1.0}, 2)],
    ids=["fixed", "learned", "held"],
)
"""Settings, and outputs for each target. With a bound of 1, half of the log variances are held, and have no slope."""


@LIKELIHOODS
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("rows", [1, 8, 33])
@pytest.mark.parametrize("units", [1, 3, 17])
def test_likelihoods_of_gaps(dtype, rows, units, weighted, settings, outputs):
    x, y = draw(rows, 5), gaps(rows, units)
    weight = np.linspace(0.1, 2, rows) if weighted else None
    make = build(lambda: MaskedGaussianNLL(**settings), units=outputs * units, optimizer=lambda: SGD(0.01))
    found, expected = assert_parity(make, x, y, sample_weight=weight)
    evaluated = [
        model.evaluate(x, y, backend=backend, verbose=0, batch_size=6, sample_weight=weight)
        for model, backend in [(found, "numba"), (expected, "numpy")]
    ]
    assert_agree(*evaluated, dtype, "evaluated loss")


@LIKELIHOODS
def test_likelihoods_of_sequences_with_gaps_and_their_sum(dtype, settings, outputs):
    loss = lambda: MaskedGaussianNLL(**settings, reduction="sum")  # noqa: E731
    make = build(loss, shape=(4, 2), units=3 * outputs, optimizer=lambda: SGD(0.001))
    assert_parity(make, draw(17, 4, 2), gaps(17, 4, 3), sample_weight=np.linspace(0, 2, 17))


@LIKELIHOODS
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("units", [1, 3, 17])
def test_complete_targets_train_like_the_plain_likelihood_bit_by_bit(dtype, units, weighted, settings, outputs):
    x, y = draw(45, 5), draw(45, units, seed=1)
    weight = np.linspace(0.1, 2, 45) if weighted else None
    for backend in ("numpy", "numba"):
        plain, masked = (
            train(backend, build(lambda loss=loss: loss(**settings), units=outputs * units), x, y, sample_weight=weight)
            for loss in (GaussianNLL, MaskedGaussianNLL)
        )
        assert plain.history.history == masked.history.history
        np.testing.assert_array_equal(plain.weight_vector.values, masked.weight_vector.values)
