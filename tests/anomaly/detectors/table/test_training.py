"""Settings of an ensemble, and training of its networks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly import TableDetector
from anomaly.detectors.features import FeatureSet
from anomaly.detectors.table.settings import EnsembleSettings, TrainingSettings
from anomaly.detectors.table.training import continue_training, encoder_of, train
from nnlite.random import seeded

NETWORKS = TrainingSettings(
    hidden=(8, 3, 8),
    activation="relu",
    noise=(0.2, 1.0),
    sparsity=0.0,
    draws=2,
    epochs="auto",
    batch_size="auto",
    learning_rate="auto",
    patience=None,
    n_jobs=None,
    verbose=0,
)
SETTINGS = EnsembleSettings(
    NETWORKS,
    neighbors=3,
    neighbors_share=0.6,
    fine_share=0.25,
    forest_share=0.1,
    wide_share=0.5,
    linear_share=0.0,
    contrast=0.5,
    trim=0.0,
)
FEATURES = FeatureSet(np.arange(4), 4)


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(0).normal(size=(100, 4)).astype(np.float32)


def test_weights_add_up_to_1_and_follow_from_the_settings():
    assert SETTINGS.weights(FEATURES) == pytest.approx((0.2, 0.2, 0.405, 0.135, 0.06))
    trimmed = SETTINGS._replace(trim=0.1)
    assert trimmed.weights(FEATURES) == pytest.approx((0.2, 0.2, 0.2025, 0.135, 0.2025, 0.06))
    plain = SETTINGS._replace(fine_share=0.0, forest_share=0.0)
    assert plain.weights(FEATURES) == pytest.approx((0.2, 0.2, 0.6))
    alone = SETTINGS._replace(neighbors=0, forest_share=0.0)
    assert alone.weights(FEATURES) == (0.5, 0.5)
    found = [len(settings.member_kinds) for settings in (SETTINGS, trimmed, plain, alone)]
    assert found == [5, 6, 3, 2]


@given(
    st.builds(
        EnsembleSettings,
        networks=st.just(NETWORKS),
        neighbors=st.integers(0, 2),
        neighbors_share=st.floats(0, 1),
        fine_share=st.floats(0, 1),
        forest_share=st.floats(0, 1),
        wide_share=st.floats(0, 1),
        linear_share=st.floats(0, 1),
        contrast=st.just(0.5),
        trim=st.sampled_from([0.0, 0.1]),
    ),
    st.floats(0, 1),
)
def test_there_is_a_weight_for_each_member_and_they_add_up_to_1(settings, discrete):
    weights = settings.weights(FEATURES._replace(discrete=discrete))
    assert len(weights) == len(settings.member_kinds)
    assert sum(weights) == pytest.approx(1)
    assert min(weights) >= -1e-12


def test_networks_alone_have_no_forest():
    parameters = TableDetector(neighbors=0, contamination=0.1).get_params()
    settings = EnsembleSettings.from_parameters(parameters)
    assert settings.trim == 0.1
    assert settings.member_kinds == [("denoiser", False)] * 3


def test_the_magnifying_comparison_weighs_by_the_columns_that_are_numbers():
    mixed, discrete = (FEATURES._replace(discrete=fraction) for fraction in (0.4, 1.0))
    settings = SETTINGS._replace(forest_share=0.0)
    assert settings.weights(mixed) == pytest.approx((0.23, 0.23, 0.45, 0.09))
    assert settings.weights(discrete) == pytest.approx((0.275, 0.275, 0.45, 0.0))
    assert settings._replace(fine_share=0.0).weights(discrete) == pytest.approx((0.2, 0.2, 0.6))


def test_settings_are_values():
    with pytest.raises(AttributeError):
        NETWORKS.draws = 3
    assert NETWORKS._replace(draws=2) == NETWORKS


@pytest.mark.parametrize(
    ("changes", "threads"), [({}, {1, 2}), ({"n_jobs": 1}, {1}), ({"n_jobs": 8}, {2}), ({"verbose": 1}, {1})]
)
def test_there_are_no_more_threads_than_networks(changes, threads):
    assert NETWORKS._replace(**changes).n_threads in threads


def test_few_steps_are_larger_ones():
    assert NETWORKS.rate(20) == pytest.approx(0.004)
    assert NETWORKS.rate(100) == pytest.approx(0.002)
    assert NETWORKS.rate() == pytest.approx(0.001)
    assert NETWORKS._replace(epochs=3).rate(20) == pytest.approx(0.001)
    assert NETWORKS._replace(learning_rate=0.01).rate(20) == 0.01


def test_training_goes_on_from_the_networks_and_their_optimizers(x):
    with seeded(0):
        networks, _ = train(NETWORKS, x, x)
        more, _ = continue_training(NETWORKS, networks, x, x, 10)
    assert [network.model.optimizer.iterations for network in networks] == [76, 76]
    assert [network.model.optimizer.iterations for network in more] == [88, 88]
    assert more[0].noise_samples is networks[0].noise_samples
    with pytest.raises(ValueError, match="noise has 1 levels, but 2 networks were fitted"):
        continue_training(NETWORKS._replace(noise=(0.2,)), networks, x, x, 10)
    with pytest.raises(ValueError, match=r"other layers than hidden=\(2,\)"):
        train(NETWORKS._replace(hidden=(2,)), x, x, [network.model for network in networks])


def test_the_encoder_ends_with_the_middle_layer(x):
    with seeded(0):
        networks, _ = train(NETWORKS._replace(epochs=1), x, x)
    assert encoder_of(networks[0].model).output_shape == (None, 3)
