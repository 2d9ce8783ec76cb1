"""Selection and weights of features."""

import numpy as np
import pytest

from anomaly.detectors.sequence.windows.features import WindowFeatures


def steps(n=50):
    rng = np.random.default_rng(0)
    return np.column_stack([rng.normal(size=n), np.full(n, 2.0), rng.integers(0, 2, n), rng.normal(size=n)])


def fitted():
    return WindowFeatures().fit([steps()[:20], steps()[20:]])


def test_constant_features_are_not_selected_and_those_of_few_levels_weigh_less():
    np.testing.assert_allclose(fitted().weights_, [1, 0, 0.1, 1])
    assert fitted().selected.tolist() == [0, 2, 3]
    np.testing.assert_allclose(fitted().select(steps()), steps()[:, [0, 2, 3]] * [1, 0.1, 1], rtol=1e-6)


def test_features_of_few_levels_alone_have_their_full_weight():
    switches = np.random.default_rng(0).integers(0, 2, (50, 2)).astype(float)
    assert WindowFeatures().fit([switches]).weights_.tolist() == [1, 1]


def test_constant_features_alone_are_selected():
    features = WindowFeatures().fit([np.ones((50, 2))])
    assert features.selected.tolist() == [0, 1]
    assert not features.changed(np.full((1, 2), 5.0)).any()


def test_a_constant_feature_has_changed_where_it_has_another_value():
    moved = steps()
    moved[10, :] += 1
    expected = np.zeros(moved.shape, bool)
    expected[10, 1] = True
    np.testing.assert_array_equal(fitted().changed(moved), expected)


def test_a_feature_that_is_constant_in_each_segment_varies():
    assert WindowFeatures().fit([np.zeros((5, 1)), np.ones((5, 1))]).weights_.tolist() == [1]


@pytest.mark.parametrize("value", [1e30, np.float32(np.inf), -1e30])
def test_squares_of_large_values_are_finite(value):
    large = np.full((1, 4), value, np.float32)
    assert np.isfinite(np.square(fitted().select(large)).sum() * 1000)


def test_features_from_their_state():
    again = WindowFeatures.from_state(fitted().get_state(), 4)
    np.testing.assert_array_equal(again.select(steps()), fitted().select(steps()))


@pytest.mark.parametrize("name", ["weights", "constants"])
@pytest.mark.parametrize(
    "change", [lambda a: a * np.nan, lambda a: a[:2], lambda a: a[np.newaxis], lambda a: a.astype(np.float64)]
)
def test_features_that_are_not_valid(name, change):
    state = fitted().get_state()
    with pytest.raises(ValueError, match="expected"):
        WindowFeatures.from_state({**state, name: change(state[name])}, 4)


@pytest.mark.parametrize("weights", [[0, 0, 0, 0], [-1, 0, 1, 1]])
def test_weights_that_are_not_valid(weights):
    with pytest.raises(ValueError, match="weight"):
        WindowFeatures.from_state({**fitted().get_state(), "weights": np.array(weights, np.float32)}, 4)
