"""A denoising network as a member: its errors by feature, on its own scale."""

import numpy as np
import pytest

from anomaly.detectors.table.denoiser import Denoiser
from nnlite.layers import Dense, Input
from nnlite.models import Model


def network(seed=0, width=3):
    inputs = Input((width,))
    model = Model(inputs, Dense(width)(Dense(4, "tanh")(inputs)))
    model.parameters[:] = np.random.default_rng(seed).normal(size=len(model.parameters))
    return model


@pytest.fixture
def records():
    return np.random.default_rng(1).normal(size=(60, 3)).astype(np.float32)


@pytest.fixture
def member():
    return Denoiser(network(), np.random.default_rng(2).normal(size=(4, 3)).astype(np.float32))


def test_the_score_is_the_weighted_mean_error_over_noisy_copies(member, records):
    calibrated, scores = member.calibrate([(records[:20], None), (records[20:], None)])
    assert (calibrated.scale, calibrated.spread) == (1, 1)
    copies = records[:, np.newaxis] + member.noise_samples
    outputs = member.model.predict(copies.reshape(-1, 3)).reshape(60, 4, 3)
    errors = np.square(records[:, np.newaxis] - outputs).mean(axis=1)
    errors = (errors / errors.mean(axis=0)).mean(axis=1)
    np.testing.assert_allclose(scores, errors, rtol=1e-4)
    np.testing.assert_array_equal(calibrated.scores(records), scores)
    np.testing.assert_allclose(calibrated.with_scale(2.0, 0.5).scores(records), scores / 2)
    assert (member.weights == 1).all()


def test_contributions_add_up_to_the_score(member, records):
    member, scores = member.calibrate([(records, None)])
    np.testing.assert_allclose(member.contributions(records).sum(axis=1), scores, rtol=1e-5)


def test_the_scale_of_another_network_is_taken_with_its_weights(member, records):
    like = member.calibrate([(records, None)])[0].with_scale(2.0, 0.5)
    other, _ = Denoiser(network(seed=3), member.noise_samples).calibrate([(3 * records, None)])
    scaled = other.with_scale_of(like)
    assert (scaled.scale, scaled.spread) == (2.0, 0.5)
    np.testing.assert_array_equal(scaled.weights, like.weights)
    narrow = Denoiser(network(width=2), np.zeros((1, 2), np.float32))
    np.testing.assert_array_equal(narrow.with_scale_of(like).weights, narrow.weights)


def test_it_outlives_a_file(member, records):
    member, scores = member.calibrate([(records, None)])
    again = Denoiser.from_state(*member.get_state(), "here")
    np.testing.assert_array_equal(again.scores(records), scores)


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("weights", np.ones(2, np.float32), r"its weights have shape \(2,\) for 3 features"),
        ("weights", np.full(3, -1.0, np.float32), "its weights"),
        ("disturbances", np.zeros((4, 2), np.float32), "its weights have shape"),
        ("disturbances", np.zeros(3, np.float32), "its disturbances are no matrix"),
    ],
)
def test_a_state_is_validated(member, name, array, message):
    config, arrays = member.get_state()
    with pytest.raises(ValueError, match=message):
        Denoiser.from_state(config, {**arrays, name: array}, "here")
