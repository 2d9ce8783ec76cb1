"""One score from those of several members."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.detectors.table.blending import Blend, spread_of

score = st.floats(1e-3, 1e3)
spreads = st.lists(st.floats(0.05, 2.0), min_size=3, max_size=3)
SHARES = [0.2, 0.5, 0.3]


def blended(spread, values):
    return Blend(SHARES, spread).scores([np.array([value]) for value in values])[0]


@given(st.lists(score, min_size=3, max_size=3))
def test_members_that_spread_like_1_are_averaged(values):
    assert blended([1.0, 1.0, 1.0], values) == pytest.approx(np.dot(SHARES, values))


@given(spreads, st.lists(score, min_size=3, max_size=3), st.integers(0, 2))
def test_what_raises_one_score_raises_the_blend(spread, values, which):
    raised = [value * (1.5 if i == which else 1) for i, value in enumerate(values)]
    assert blended(spread, raised) >= blended(spread, values)


@given(spreads)
def test_a_record_that_is_usual_for_all_is_usual(spread):
    assert blended(spread, [1.0, 1.0, 1.0]) == pytest.approx(1)


@given(st.floats(0.0, 3.0), score)
def test_a_member_alone_is_not_changed(spread, value):
    assert Blend([1.0], [spread]).scores([np.array([value])])[0] == pytest.approx(value)


def test_a_member_that_spreads_little_is_heard_when_it_is_sure():
    calm, wild = 0.4, 0.8
    assert blended([calm, wild, wild], [2.0, 1.0, 1.0]) > blended([wild, wild, wild], [2.0, 1.0, 1.0]) + 0.05


def test_a_member_without_a_share_is_not_heard():
    both = Blend([1.0, 0.0], [0.5, 0.5]).scores([np.array([2.0]), np.array([np.inf])])
    np.testing.assert_allclose(both, 2.0)


def test_scores_of_0_and_very_large_ones():
    blend = Blend(SHARES, [1e-9, 0.3, 0.4])
    found = blend.scores([np.array([0.0, 1.0, 1e70])] * 3)
    assert found[0] == 0
    assert np.isfinite(found).all()
    assert (np.diff(found) > 0).all()


def test_members_that_all_but_do_not_spread_are_averaged():
    np.testing.assert_allclose(Blend([0.5, 0.5], [0.0, 0.0]).scores([np.array([1.0]), np.array([3.0])]), 2.0)


def test_the_spread_is_twice_the_logarithm_of_the_third_quartile():
    assert spread_of(np.array([0.5, 1.0, np.e, 9.0, 1.0])) == pytest.approx(2)
    assert spread_of(np.zeros(4)) == 0
