"""One score from those of several members."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.detectors.blend import BLENDS, Blend, SoftMaximum, spread_of

score = st.floats(2e-3, 1e3)
spreads = st.lists(st.floats(0.05, 2.0), min_size=3, max_size=3)
kinds = st.sampled_from(list(BLENDS.values()))
WEIGHTS = [0.2, 0.5, 0.3]


def blended(kind, spread, values):
    return kind(WEIGHTS, spread).scores([np.array([value]) for value in values])[0]


@given(st.lists(st.floats(1.0, 1e3), min_size=3, max_size=3))
def test_logarithms_of_scores_above_the_median_are_averaged_where_members_spread_alike(values):
    assert blended(Blend, [0.7, 0.7, 0.7], values) == pytest.approx(np.exp(np.dot(WEIGHTS, np.log(values))))


@given(st.lists(score, min_size=3, max_size=3))
def test_the_soft_maximum_of_members_that_spread_like_1_is_their_mean(values):
    assert blended(SoftMaximum, [1.0, 1.0, 1.0], values) == pytest.approx(np.dot(WEIGHTS, values))


@given(kinds, spreads, st.lists(score, min_size=3, max_size=3), st.integers(0, 2))
def test_the_blend_increases_with_each_score(kind, spread, values, which):
    raised = [value * (1.5 if i == which else 1) for i, value in enumerate(values)]
    assert blended(kind, spread, raised) >= blended(kind, spread, values)


@given(kinds, spreads)
def test_a_record_that_is_normal_for_all_members_is_normal(kind, spread):
    assert blended(kind, spread, [1.0, 1.0, 1.0]) == pytest.approx(1)


@given(kinds, st.floats(0.0, 3.0), score)
def test_a_member_alone_is_not_changed(kind, spread, value):
    assert kind([1.0], [spread]).scores([np.array([value])])[0] == pytest.approx(value)


@given(spreads, st.floats(-8.0, 8.0))
def test_members_that_agree_are_believed(spread, z):
    blend = Blend(WEIGHTS, spread)
    values = np.exp(np.clip(z * blend.units, np.log(1e-3), None))
    agreed = np.log(values) / blend.units
    if np.ptp(agreed) < 1e-9:
        expected = np.exp(blend.power * agreed[0])
        assert blend.scores([np.array([value]) for value in values])[0] == pytest.approx(expected)


@given(st.lists(score, min_size=3, max_size=3))
def test_the_blend_lies_between_the_mean_of_logarithms_and_the_largest_score(values):
    mean = np.exp(np.dot(WEIGHTS, np.log(values)))
    assert mean * (1 - 1e-9) <= blended(Blend, [0.7, 0.7, 0.7], values) <= max(values) * (1 + 1e-9)


@given(spreads, st.floats(0.0, 0.5))
def test_no_member_can_veto(spread, low):
    blend = Blend(WEIGHTS, spread)
    others = np.log(30.0) / blend.units[1:]
    least = blend.power * (np.dot(WEIGHTS[1:], others) - 0.25 * WEIGHTS[0])
    assert np.log(blended(Blend, spread, [low, 30.0, 30.0])) >= least * (1 - 1e-9)


@pytest.mark.parametrize("kind", BLENDS.values())
def test_a_high_score_counts_more_from_a_member_with_a_small_spread(kind):
    calm, wild = 0.4, 0.8
    high = [2.0, 1.0, 1.0]
    assert blended(kind, [calm, wild, wild], high) > blended(kind, [wild, wild, wild], high) + 0.02


@pytest.mark.parametrize("kind", BLENDS.values())
def test_a_member_of_weight_0_does_not_matter(kind):
    both = kind([1.0, 0.0], [0.5, 0.5]).scores([np.array([2.0]), np.array([np.inf])])
    np.testing.assert_allclose(both, 2.0)


def test_a_score_of_0_is_that_of_a_thousandth():
    blend = Blend(WEIGHTS, [0.2, 0.3, 0.4])
    found = blend.scores([np.array([0.0, 1e-3, 1.0, 1e70])] * 3)
    assert found[0] == found[1]
    assert np.isfinite(found).all()
    assert (np.diff(found[1:]) > 0).all()


def test_scores_of_0_and_very_large_ones_in_a_soft_maximum():
    found = SoftMaximum(WEIGHTS, [1e-9, 0.3, 0.4]).scores([np.array([0.0, 1.0, 1e70])] * 3)
    assert found[0] == 0
    assert np.isfinite(found).all()
    assert (np.diff(found) > 0).all()


def test_members_without_spread_have_equal_ones():
    by_member = [np.array([1.0]), np.array([4.0])]
    np.testing.assert_allclose(Blend([0.5, 0.5], [0.0, 0.0]).scores(by_member), 2.0)
    np.testing.assert_allclose(SoftMaximum([0.5, 0.5], [0.0, 0.0]).scores(by_member), 2.5)


@pytest.mark.parametrize("kind", BLENDS.values())
def test_the_derivatives_are_those_of_finite_differences(kind):
    rng, step = np.random.default_rng(0), 1e-6
    z, logarithms = rng.normal(size=(5, 3)), np.log(WEIGHTS)

    def total(z, logarithms):
        weights = np.exp(logarithms)
        return kind.combine(z, weights / weights.sum())[0]

    _, by_z, by_logarithm = kind.combine(z, np.array(WEIGHTS))
    for m in range(3):
        moved = step * (np.arange(3) == m)
        by_z_m = (total(z + moved, logarithms) - total(z - moved, logarithms)) / (2 * step)
        by_weight = (total(z, logarithms + moved) - total(z, logarithms - moved)) / (2 * step)
        np.testing.assert_allclose(by_z[:, m], by_z_m, atol=1e-6)
        np.testing.assert_allclose(by_logarithm[:, m], by_weight, atol=1e-6)


@pytest.mark.parametrize("kind", BLENDS.values())
def test_what_is_fitted_is_what_scores(kind):
    by_member = np.random.default_rng(0).uniform(0.1, 5.0, size=(6, 3))
    blend = kind(WEIGHTS, [0.3, 0.5, 0.9])
    total = blend.combine(np.log(by_member) / blend.units, blend.weights)[0]
    np.testing.assert_allclose(np.exp(blend.power * total), blend.scores(list(by_member.T)))


def test_the_spread_is_twice_the_logarithm_of_the_third_quartile():
    assert spread_of(np.array([0.5, 1.0, np.e, 9.0, 1.0])) == pytest.approx(2)
    assert spread_of(np.zeros(4)) == 0
