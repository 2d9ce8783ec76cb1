"""Epochs, batches and early stopping of the training that all detectors share."""

import numpy as np
import pytest

from anomaly.detectors.network_training import FitSettings, fit_network
from nnlite.callbacks import LambdaCallback
from nnlite.layers import Dense, Input
from nnlite.models import Model

X = np.random.default_rng(0).normal(size=(1000, 2)).astype(np.float32)


def network(loss="mse"):
    inputs = Input((2,))
    model = Model(inputs, Dense(2)(inputs))
    model.compile(optimizer="adam", loss=loss)
    return model


@pytest.mark.parametrize(
    ("settings", "n", "steps", "bounds", "epochs"),
    [
        (FitSettings(7, 10), 100, 1, {}, 7),
        (FitSettings("auto", 10), 100, 25, {}, 3),
        (FitSettings("auto", 10), 101, 22, {}, 2),
        (FitSettings("auto", 10), 100, 5, {"least_steps": 31}, 4),
        (FitSettings("auto", 10), 100, 999, {"most_steps": 20}, 2),
        (FitSettings("auto", "auto"), 499, 32, {}, 2),
        (FitSettings("auto", "auto"), 500, 8, {}, 2),
        # 90 examples are learned from: 9 steps an epoch.
        (FitSettings("auto", 10, patience=1000), 100, 19, {}, 3),
    ],
)
def test_epochs_follow_from_steps(settings, n, steps, bounds, epochs):
    history = fit_network(network(), X[:n], X[:n], settings, steps, **bounds)
    assert len(history["loss"]) == epochs
    assert ("val_loss" in history) == (settings.patience is not None)


def test_training_stops_when_the_validation_loss_no_longer_falls():
    targets = np.random.default_rng(1).normal(size=X.shape).astype(np.float32)
    history = fit_network(network(), X[:100], targets[:100], FitSettings(3000, 10, patience=2), steps=1)
    assert len(history["loss"]) < 3000


def test_unknown_targets_are_left_out_of_training_and_of_early_stopping():
    # The second column follows from the first, and is unknown in half of the rows, the validation set included.
    x = np.stack([X[:, 0], np.zeros(len(X))], axis=1).astype(np.float32)
    y = np.stack([X[:, 0], 2 * X[:, 0]], axis=1).astype(np.float32)
    y[::2, 1] = np.nan
    model = network("masked_mse")
    history = fit_network(model, x, y, FitSettings(2000, 50, patience=3), steps=1)
    assert np.isfinite([*history["loss"], *history["val_loss"]]).all()
    assert len(history["loss"]) < 2000
    np.testing.assert_allclose(model.predict(x)[:, 1], 2 * X[:, 0], atol=0.02)


def test_a_validation_set_without_a_known_target_is_refused():
    y = X.copy()
    y[-100:] = np.nan
    with pytest.raises(ValueError, match="must have a known target to validate on; found NaN in all 100 rows"):
        fit_network(network("masked_mse"), X, y, FitSettings(5, 50, patience=3), steps=1)


def test_callbacks_are_called():
    epochs = []
    fit_network(
        network(),
        X,
        X,
        FitSettings(3, 100),
        1,
        callbacks=[LambdaCallback(on_epoch_end=lambda e, logs: epochs.append(e))],
    )
    assert epochs == [0, 1, 2]
