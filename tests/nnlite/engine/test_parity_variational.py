"""The engine agrees with the layers on variational autoencoders and likelihoods."""

import numpy as np
import pytest
from scipy import stats

from nnlite.callbacks import KLWarmUp
from nnlite.initializers import Constant
from nnlite.layers import (
    Concatenate,
    Dense,
    GaussianLatent,
    Input,
    Reshape,
)
from nnlite.layers.variational import divergence
from nnlite.likelihoods import BernoulliNLL, GaussianNLL
from nnlite.models import Sequential
from nnlite.utils import set_random_seed
from tests.nnlite.engine.layer_parity import assert_parity


@pytest.mark.parametrize(
    ("loss", "units", "activation"),
    [
        (GaussianNLL(), 3, None),
        (GaussianNLL(variance=0.3), 3, None),
        (GaussianNLL(variance=0.3, reduction="sum"), 3, None),
        (GaussianNLL(variance=None), 6, None),
        # Half of the log variances lie below this: they are held, and have no slope.
        (GaussianNLL(variance=None, minimum_variance=1.0), 6, None),
        (GaussianNLL(variance=None, reduction="sum"), 6, None),
        (BernoulliNLL(), 3, "sigmoid"),
        (BernoulliNLL(from_logits=True), 3, None),
        (BernoulliNLL(from_logits=True, reduction="sum"), 3, None),
    ],
    ids=lambda value: str(value.get_config()) if hasattr(value, "get_config") else None,
)
@pytest.mark.parametrize("shape", [(4,), (5, 4)])
def test_likelihoods(loss, units, activation, shape):
    y = np.random.default_rng(2).random((21, *shape[:-1], 3))
    assert_parity(lambda x: Dense(units, activation=activation)(x), shape, loss=loss, y=y, optimizer="adam")


def test_likelihoods_of_weighted_records():
    x = np.random.default_rng(0).normal(size=(21, 4))
    y, weight = np.random.default_rng(1).normal(size=(21, 3)), np.random.default_rng(2).random(21)
    results = []
    for backend in ("numpy", "numba"):
        set_random_seed(1)
        model = Sequential([Input((4,)), Dense(6)])
        model.compile("sgd", GaussianNLL(variance=None))
        model.fit(x, y, sample_weight=weight, batch_size=8, verbose=0, backend=backend)
        results.append(model.parameters)
    np.testing.assert_allclose(results[1], results[0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("shape", [(4,), (5, 4)])
def test_divergence_of_a_gaussian_code(shape):
    # Variances of next to nothing: no draw differs from the mean by more than a rounding error.
    def build(x):
        code = Concatenate()([Dense(3)(x), Dense(3, kernel_initializer="zeros", bias_initializer=Constant(-66.0))(x)])
        return Dense(2)(GaussianLatent(beta=0.7)(code))

    assert_parity(build, shape, rows=21, optimizer="sgd")


def _variational(beta=1.0):
    set_random_seed(0)
    model = Sequential([Input((6,)), Dense(16, activation="tanh"), Dense(4), GaussianLatent(beta), Dense(6)])
    model.compile("adam", GaussianNLL(variance=0.1))
    return model


def test_variational_autoencoder():
    t = np.random.default_rng(0).random((500, 2)) * 6
    x = np.sin(t @ np.ones((2, 6)) + np.arange(6))
    ends = []
    for backend in ("numpy", "numba"):
        model = _variational()
        history = model.fit(x, x, epochs=60, batch_size=50, verbose=0, backend=backend)
        ends.append(np.mean(history.history["loss"][-5:]))
    assert ends[0] == pytest.approx(ends[1], abs=0.3)
    assert history.history["loss"][0] > ends[1] + 3


def test_samples_have_the_encoded_standard_deviation():
    # The loss of a model that only samples: the variance of the noise, 4 here.
    model = Sequential([Input((2,)), GaussianLatent(beta=0.0), Reshape((1,))])
    model.compile("sgd", "mse")
    x = np.column_stack([np.full(20000, 0.5), np.full(20000, np.log(4.0))])
    loss = model.fit(x, np.full((20000, 1), 0.5), batch_size=1000, verbose=0, backend="numba").history["loss"][0]
    assert loss == pytest.approx(4.0, rel=0.06)


def test_beta_may_change_between_epochs():
    x = np.random.default_rng(0).normal(size=(40, 6))
    added = []
    for backend in ("numpy", "numba"):
        model = _variational()
        latent = model.layers[-2]
        evaluated = []
        for beta in (0.0, 2.0):
            latent.beta = beta
            evaluated.append(model.evaluate(x, x, verbose=0, backend=backend))
        added.append(evaluated[1] - evaluated[0])
    assert added[1] == pytest.approx(added[0], rel=1e-4)
    assert added[0] > 0.01


def test_warm_up_of_beta():
    # A fixed code far from N(0, I), and no reconstruction to speak of: the loss is beta times the divergence.
    x = np.full((32, 2), 3.0)
    model = Sequential([Input((2,)), GaussianLatent(), Dense(1, kernel_initializer="zeros", trainable=False)])
    model.compile("sgd", "mse")
    history = model.fit(
        x, np.zeros((32, 1)), epochs=4, batch_size=32, verbose=0, backend="numba", callbacks=[KLWarmUp(4)]
    )
    betas = np.array(history.history["loss"]) / float(divergence(x[:1, :1], x[:1, 1:])[0])
    assert (np.diff(betas) > 0.1).all()
    assert betas[-1] <= 1 + 1e-5


@pytest.mark.parametrize("threads", [1, 2])
def test_samples_at_inference(threads):
    set_random_seed(0)
    model = Sequential([Input((2,)), GaussianLatent(beta=0.0, sample_at_inference=True)])
    x = np.column_stack([np.full(20000, 0.5), np.full(20000, np.log(4.0))])
    first, second = (model.predict(x, backend="numba", threads=threads)[:, 0] for _ in range(2))
    for draws in (first, second):
        assert stats.kstest((draws - 0.5) / 2, "norm").pvalue > 1e-3
    # Every call has draws of its own, and so has every record.
    assert abs(np.corrcoef(first, second)[0, 1]) < 5 / np.sqrt(20000)
    assert abs(np.corrcoef(first[1:], first[:-1])[0, 1]) < 5 / np.sqrt(20000)
    assert len(np.unique(first)) > 19000


def test_samples_of_one_record_differ_between_calls():
    model = Sequential([Input((2,)), GaussianLatent(sample_at_inference=True)])
    predict_one = model.make_predict_function()
    draws = np.array([predict_one(np.array([0.5, np.log(4.0)]))[0] for _ in range(3000)])
    assert stats.kstest((draws - 0.5) / 2, "norm").pvalue > 1e-3
    assert len(np.unique(draws)) > 2900


def test_samples_in_evaluation():
    model = Sequential([Input((2,)), GaussianLatent(beta=0.0, sample_at_inference=True)])
    model.compile("sgd", "mse")
    x = np.column_stack([np.full(20000, 0.5), np.full(20000, np.log(4.0))])
    evaluated = [model.evaluate(x, np.full((20000, 1), 0.5), verbose=0, backend="numba") for _ in range(2)]
    assert evaluated == pytest.approx([4.0, 4.0], rel=0.06)
    assert evaluated[0] != evaluated[1]


def test_the_same_seed_gives_the_same_samples_at_inference():
    x = np.random.default_rng(0).normal(size=(600, 4))
    drawn = []
    for _ in range(2):
        model = Sequential([Input((4,)), GaussianLatent(sample_at_inference=True, seed=3)])
        drawn.append(model.predict(x, backend="numba", threads=1))
    np.testing.assert_array_equal(drawn[0], drawn[1])


def test_samples_at_inference_have_the_mean_of_the_layers():
    # Variances of next to nothing, as above.
    def build(x):
        code = Concatenate()([Dense(3)(x), Dense(3, kernel_initializer="zeros", bias_initializer=Constant(-66.0))(x)])
        return Dense(2)(GaussianLatent(beta=0.7, sample_at_inference=True)(code))

    assert_parity(build, (4,), rows=21, optimizer="sgd")


def test_overflowing_variances():
    x = np.column_stack([np.full(64, 0.5), np.full(64, 300.0)]).astype(np.float32)
    losses, slopes = [], []
    for backend in ("numpy", "numba"):
        set_random_seed(0)
        # The code is independent of the targets: only the divergence changes the weights.
        code = Dense(2, kernel_initializer=Constant(1.0), use_bias=False)
        model = Sequential([Input((2,)), code, GaussianLatent(), Dense(1, kernel_initializer="zeros", trainable=False)])
        model.compile("sgd", "mse")
        before = code.kernel.value.copy()
        losses.append(model.fit(x, np.zeros((64, 1)), batch_size=64, verbose=0, backend=backend).history["loss"][0])
        slopes.append(before - code.kernel.value)
    assert np.isfinite(losses).all()
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-5)
    np.testing.assert_allclose(slopes[1], slopes[0], rtol=1e-4)
    assert (slopes[1][:, 1] > 0).all()
