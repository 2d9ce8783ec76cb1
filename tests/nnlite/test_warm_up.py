"""`KLWarmUp`: the weight of the divergence increases linearly."""

import numpy as np
import pytest

from nnlite.callbacks import KLWarmUp
from nnlite.layers import Dense, GaussianLatent, Input, TimeDistributed
from nnlite.likelihoods import GaussianNLL
from nnlite.models import Sequential
from tests.nnlite.arrays import draw


def autoencoder(**settings):
    return Sequential([Input((6,)), Dense(8, "tanh"), Dense(4), GaussianLatent(seed=0, **settings), Dense(6)])


def test_the_weight_of_the_divergence_increases_to_its_full_value():
    model = autoencoder()
    model.compile(loss=GaussianNLL())
    x = draw(8, 6)
    warm_up = KLWarmUp(epochs=4, beta=2.0, start=1.0)
    seen = []
    for epoch in range(6):
        model.fit(x, x, initial_epoch=epoch, epochs=epoch + 1, callbacks=[warm_up], verbose=0)
        seen.append(model.layers[2].beta)
    assert seen == [1.0, 1.25, 1.5, 1.75, 2.0, 2.0]


def test_warm_up_finds_layers_inside_models_and_raises_without_any():
    outer = Sequential([Input((3, 6)), TimeDistributed(autoencoder(beta=5.0))])
    outer.compile(loss="mse")
    outer.fit(np.zeros((4, 3, 6)), np.zeros((4, 3, 6)), callbacks=[KLWarmUp()], verbose=0)
    assert outer.layers[0].layer.layers[2].beta == 0
    plain = Sequential([Input((2,)), Dense(2)])
    plain.compile(loss="mse")
    with pytest.raises(ValueError, match="no GaussianLatent"):
        plain.fit(np.zeros((4, 2)), np.zeros((4, 2)), callbacks=[KLWarmUp()], verbose=0)


@pytest.mark.parametrize("settings", [{"epochs": 0}, {"epochs": 1.5}, {"beta": -1}, {"start": float("nan")}])
def test_errors_of_warm_up_name_the_argument(settings):
    with pytest.raises(ValueError, match=f"KLWarmUp: {next(iter(settings))} must be"):
        KLWarmUp(**settings)
