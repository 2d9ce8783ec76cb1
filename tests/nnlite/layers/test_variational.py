"""The Gaussian latent layer and the evidence lower bound."""

import numpy as np
import pytest

from nnlite.layers import Dense, GaussianLatent, Input, TimeDistributed
from nnlite.layers.variational import divergence
from nnlite.likelihoods import GaussianNLL
from nnlite.models import Model, Sequential, load_model
from nnlite.random import seeded
from tests.nnlite.arrays import draw

D = {"dtype": "float64"}


def autoencoder(**settings):
    latent = GaussianLatent(seed=0, **settings)
    return Sequential([Input((6,)), Dense(8, "tanh"), Dense(4), latent, Dense(8, "tanh"), Dense(6)])


def test_the_divergence_is_the_mean_difference_of_log_densities():
    mean, log_variance = np.array([[0.5, -1.0]]), np.array([[0.3, -0.7]])
    z = mean + np.exp(log_variance / 2) * draw(400_000, 2)
    log_q = -0.5 * ((z - mean) ** 2 / np.exp(log_variance) + log_variance).sum(axis=1)
    log_p = -0.5 * (z**2).sum(axis=1)
    assert divergence(mean, log_variance)[0] == pytest.approx((log_q - log_p).mean(), abs=0.01)


@pytest.mark.parametrize("x", [-2.0, 0.3, 5.0])
def test_the_bound_is_the_log_density_at_the_true_posterior_and_below_it_elsewhere(x):
    # z ~ N(0, 1), x | z ~ N(z, s): then x ~ N(0, 1 + s) and z | x ~ N(x / (1 + s), s / (1 + s)).
    s = 0.5
    log_density = -0.5 * (x**2 / (1 + s) + np.log(2 * np.pi * (1 + s)))
    nodes, weights = np.polynomial.hermite_e.hermegauss(20)

    def bound(mean, variance):
        z = (mean + np.sqrt(variance) * nodes)[:, np.newaxis]
        nll = GaussianNLL(variance=s).per_sample(np.full_like(z, x), z)
        kl = divergence(np.array([[mean]]), np.log([[variance]]))[0]
        return -(nll * weights).sum() / weights.sum() - kl

    assert bound(x / (1 + s), s / (1 + s)) == pytest.approx(log_density, rel=1e-9)
    assert bound(x / (1 + s) + 0.3, s / (1 + s)) < log_density
    assert bound(x / (1 + s), 0.1) < log_density


def test_the_loss_is_the_negative_bound():
    model = autoencoder(beta=0.5)
    model.compile(loss=GaussianNLL(variance=0.3))
    x = draw(20, 6)
    encoded = Model(model.inputs, model.layers[1].output).predict(x)
    nll = GaussianNLL(variance=0.3)(x, model.predict(x))
    kl = divergence(*np.split(encoded, 2, axis=-1)).mean()
    assert model.evaluate(x, x, batch_size=20, verbose=0) == pytest.approx(nll + 0.5 * kl, rel=1e-5)


def test_it_samples_in_training_and_returns_the_mean_at_inference():
    layer = GaussianLatent(seed=1, **D)
    x = np.zeros((50_000, 2))
    x[:, 0], x[:, 1] = 3.0, np.log(4.0)
    assert (layer(x) == 3).all()
    z = layer(x, training=True)
    assert z.mean() == pytest.approx(3, abs=0.05)
    assert z.std() == pytest.approx(2, abs=0.05)
    drawing = GaussianLatent(sample_at_inference=True, seed=1, **D)
    np.testing.assert_array_equal(drawing(x), z)


@pytest.mark.parametrize("v", [9.0, 10.5, 400.0])
def test_beyond_a_bound_sigma_is_constant_and_the_divergence_is_its_tangent(v):
    layer = GaussianLatent(seed=0, **D)
    x, dy, step = np.array([[0.5, v]]), np.zeros((1, 1)), 1e-4

    def penalty(at):
        return layer.activity_penalty(layer.forward(np.array([[0.5, at]]), training=True)[1])

    z, cache = layer.forward(x, training=True)
    assert abs(z[0, 0]) < 10 * np.exp(min(v, 10.0) / 2)
    slope = (penalty(v + step) - penalty(v - step)) / (2 * step)
    assert layer.backward(dy, cache)[0, 1] == pytest.approx(slope, rel=1e-5)
    # The draw no longer depends on v, and says so.
    assert (layer.backward(dy + 1, cache)[0, 1] == layer.backward(dy, cache)[0, 1]) == (v > 10)


def test_the_divergence_inside_models_and_wrappers_is_part_of_the_loss():
    x = draw(5, 3, 6)
    inner = autoencoder()
    inner.compile(loss=GaussianNLL())
    alone = inner.evaluate(x.reshape(15, 6), x.reshape(15, 6), batch_size=15, verbose=0)
    outer = Sequential([Input((3, 6)), TimeDistributed(inner)])
    outer.compile(loss=GaussianNLL())
    penalty = alone - GaussianNLL()(x.reshape(15, 6), inner.predict(x.reshape(15, 6)))
    nll = GaussianNLL()(x, outer.predict(x))
    assert outer.evaluate(x, x, batch_size=5, verbose=0) == pytest.approx(nll + penalty, rel=1e-5)


def test_codes_contain_no_information_with_a_large_beta():
    x = draw(256, 6) * np.array([3, 1, 1, 1, 1, 1])

    def spread(beta):
        with seeded(0):
            model = autoencoder(beta=beta)
            model.compile("adam", GaussianNLL(variance=0.1))
            model.optimizer.learning_rate = 0.01
            losses = model.fit(x, x, epochs=25, verbose=0).history["loss"]
        assert losses[-1] < losses[0]
        return Model(model.inputs, model.layers[2].output).predict(x).std()

    assert spread(1000.0) < 0.1 < spread(0.1)


def test_a_saved_model_keeps_beta_and_the_likelihood(tmp_path):
    model = autoencoder(beta=0.25)
    model.compile("adam", GaussianNLL(variance=0.5))
    x = draw(10, 6)
    model.save(tmp_path / "model.npz")
    again = load_model(tmp_path / "model.npz")
    assert again.layers[2].beta == 0.25
    assert again.evaluate(x, x, verbose=0) == model.evaluate(x, x, verbose=0)


@pytest.mark.parametrize("beta", [-0.1, float("nan"), float("inf")])
def test_a_bad_beta_is_rejected_in_the_constructor_and_later(beta):
    with pytest.raises(ValueError, match="beta must be a number of at least 0"):
        GaussianLatent(beta)
    layer = GaussianLatent()
    with pytest.raises(ValueError, match="beta must be a number of at least 0"):
        layer.beta = beta


def test_an_odd_number_of_features_is_rejected():
    with pytest.raises(ValueError, match="an even number of features; found 5"):
        GaussianLatent()(Input((5,)))
