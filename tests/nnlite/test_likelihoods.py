"""Likelihoods: sums over whole records, in nats."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import stats

from nnlite import losses
from nnlite.layers import Dense, Input
from nnlite.likelihoods import BernoulliNLL, GaussianNLL, MaskedGaussianNLL
from nnlite.models import Sequential, load_model
from nnlite.utils import set_random_seed
from tests.nnlite.arrays import draw

NAN = np.nan
NUMBERS = st.floats(-20, 20, width=32)


@st.composite
def cases(draw_one):
    """Return targets, predictions for means and log variances, which targets are unknown, and a variance or None."""
    dtype = draw_one(st.sampled_from([np.float32, np.float64]))
    shape = draw_one(arrays.array_shapes(min_dims=2, max_dims=3, max_side=8))
    variance = draw_one(st.sampled_from([None, 0.3, 2.0]))
    predicted = shape if variance else (*shape[:-1], 2 * shape[-1])
    numbers = [draw_one(arrays.arrays(dtype, size, elements=NUMBERS)) for size in (shape, predicted)]
    return *numbers, draw_one(arrays.arrays(bool, shape)), variance


def test_a_fixed_variance_equals_a_constant_learned_one():
    y, mean = draw(4, 3), draw(4, 3, seed=1)
    predicted = np.concatenate([mean, np.full((4, 3), np.log(0.3))], axis=-1)
    assert GaussianNLL(variance=None)(y, predicted) == pytest.approx(GaussianNLL(0.3)(y, mean))


def test_likelihoods_are_sums_over_a_record():
    y, p = np.random.default_rng(0).uniform(0.1, 0.9, (2, 5, 4, 3))
    for loss in (GaussianNLL(), BernoulliNLL()):
        assert loss(y, p) == pytest.approx(loss(y.reshape(5, 12), p.reshape(5, 12)))
        assert loss(y, p) == pytest.approx(sum(loss(y[i : i + 1], p[i : i + 1]) for i in range(5)) / 5)


def test_a_learned_variance_has_a_lower_bound():
    loss = GaussianNLL(variance=None, minimum_variance=0.01)
    y = np.zeros((1, 1))
    assert loss(y, np.array([[0.0, -50.0]])) == loss(y, np.array([[0.0, np.log(0.01)]]))
    assert loss.gradient(y, np.array([[0.0, -50.0]])).tolist() == [[0.0, 0.0]]


def test_logits_and_probabilities_give_the_same_loss():
    logits = draw(4, 3)
    y = (draw(4, 3, seed=1) > 0).astype(float)
    p = 1 / (1 + np.exp(-logits))
    assert BernoulliNLL(from_logits=True)(y, logits) == pytest.approx(BernoulliNLL()(y, p))
    assert np.isfinite(BernoulliNLL()(np.ones((1, 1)), np.zeros((1, 1))))


@pytest.mark.parametrize("settings", [{"variance": 0.0}, {"variance": -1.0}, {"minimum_variance": 0.0}])
def test_a_variance_must_be_above_zero(settings):
    with pytest.raises(ValueError, match=rf"GaussianNLL: {next(iter(settings))} must be (None or )?a number above 0"):
        GaussianNLL(**settings)


def test_wrong_shapes_are_rejected():
    with pytest.raises(ValueError, match="must have the same shape"):
        GaussianNLL()(np.zeros((2, 3)), np.zeros((2, 4)))
    with pytest.raises(ValueError, match="y_pred must have twice as many features"):
        GaussianNLL(variance=None)(np.zeros((2, 3)), np.zeros((2, 3)))


# -- unknown targets -------------------------------------------------------------------------------


@given(cases())
def test_complete_targets_have_the_plain_likelihood_bit_by_bit(case):
    y, p, _, variance = case
    masked, plain = MaskedGaussianNLL(variance), GaussianNLL(variance)
    assert masked(y, p) == plain(y, p)
    np.testing.assert_array_equal(masked.per_sample(y, p), plain.per_sample(y, p))
    np.testing.assert_array_equal(masked.gradient(y, p), plain.gradient(y, p))


@given(cases())
def test_unknown_targets_have_no_gradient_and_known_ones_that_of_the_plain_likelihood(case):
    y, p, unknown, variance = case
    found = MaskedGaussianNLL(variance).gradient(np.where(unknown, y.dtype.type(NAN), y), p)
    of_predictions = unknown if variance else np.concatenate([unknown, unknown], axis=-1)
    np.testing.assert_array_equal(found, np.where(of_predictions, 0, GaussianNLL(variance).gradient(y, p)))


def test_the_loss_is_the_likelihood_of_the_known_targets_after_scipy():
    y, mean, logs = draw(6, 5), draw(6, 5, seed=1), draw(6, 5, seed=2)
    y[draw(6, 5, seed=3) > 0.2] = NAN
    y[2] = NAN
    expected = np.nansum(-stats.norm.logpdf(y, mean, np.exp(logs / 2)), axis=1)
    found = MaskedGaussianNLL(variance=None).per_sample(y, np.concatenate([mean, logs], axis=-1))
    np.testing.assert_allclose(found, expected)
    assert found[2] == 0
    expected = np.nansum(-stats.norm.logpdf(y, mean, 0.5), axis=1)
    np.testing.assert_allclose(MaskedGaussianNLL(variance=0.25).per_sample(y, mean), expected)


def test_predictions_for_unknown_targets_may_be_anything():
    y = np.array([[0.0, NAN, NAN]])
    p = np.array([[1.0, NAN, np.inf, 0.0, NAN, -np.inf]])
    loss = MaskedGaussianNLL(variance=None)
    assert loss(y, p) == pytest.approx(-stats.norm.logpdf(1.0))
    assert loss.gradient(y, p).tolist() == [[1.0, 0.0, 0.0, 0.0, 0.0, 0.0]]


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("variance", [None, 0.5])
def test_targets_of_nan_are_a_fault_without_the_mask(variance, backend):
    set_random_seed(0)
    model = Sequential([Input((3,)), Dense(3 if variance else 6)])
    model.compile("sgd", GaussianNLL(variance))
    assert np.isnan(model.evaluate(np.ones((4, 3)), np.full((4, 3), NAN), backend=backend, verbose=0))


@pytest.mark.parametrize("name", ["MaskedGaussianNLL", "masked_gaussian_nll"])
def test_names_and_configuration_of_the_masked_likelihood(name):
    assert type(losses.get(name)) is MaskedGaussianNLL
    assert losses.get(name).name == "masked_gaussian_nll"
    config = MaskedGaussianNLL(None, 0.1, reduction="sum", name="own").get_config()
    made = losses.get({"class_name": "MaskedGaussianNLL", "config": config})
    assert (type(made), made.get_config()) == (MaskedGaussianNLL, config)


def test_a_saved_model_of_the_masked_likelihood_continues_training_bit_by_bit(tmp_path):
    x = draw(40, 3)
    y = np.where(draw(40, 3, seed=1) > 0.7, NAN, x)
    set_random_seed(3)
    model = Sequential([Input((3,)), Dense(8, "tanh"), Dense(6)])
    model.compile("adam", MaskedGaussianNLL(variance=None))
    model.fit(x, y, epochs=2, verbose=0)
    model.save(tmp_path / "m.npz")
    loaded = load_model(tmp_path / "m.npz")
    for one in (model, loaded):
        one.fit(x, y, epochs=2, shuffle=False, verbose=0)
    assert np.isfinite(model.parameters).all()
    np.testing.assert_array_equal(model.parameters, loaded.parameters)


def test_metrics_have_no_value_for_unknown_targets():
    model = Sequential([Input((3,)), Dense(3, name="out")])
    model.compile("sgd", MaskedGaussianNLL(), metrics=["mse"])
    with pytest.raises(ValueError, match=r"the metrics \['mse'\] have no value where targets are unknown"):
        model.fit(draw(4, 3), np.full((4, 3), NAN))
