"""Likelihoods: sums over whole records, in nats."""

import numpy as np
import pytest

from nnlite.likelihoods import BernoulliNLL, GaussianNLL
from tests.nnlite.arrays import draw


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
