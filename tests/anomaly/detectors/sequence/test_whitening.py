"""Residuals on a common scale."""

import numpy as np
import pytest

from anomaly.detectors.sequence.covariance import shrunken_correlation
from anomaly.detectors.sequence.whitening import ResidualScale

RNG = np.random.default_rng(0)


def test_the_score_is_the_mahalanobis_distance():
    errors = RNG.normal(size=(500, 3)) @ RNG.normal(size=(3, 3))
    scale = ResidualScale().fit([errors])
    correlation = shrunken_correlation(errors / scale.scale_)
    covariance = correlation * np.outer(scale.scale_, scale.scale_)
    some = errors[:5]
    expected = np.einsum("ij,jk,ik->i", some, np.linalg.inv(covariance), some)
    np.testing.assert_allclose(np.square(scale.whiten(some)).sum(axis=1), expected)


def test_the_scale_includes_a_bias():
    assert ResidualScale().fit([np.full((50, 1), 3.0)]).scale_ == pytest.approx([3.0])


def test_missing_residuals_have_no_influence():
    walk = np.cumsum(RNG.normal(size=(4000, 1)), axis=0)
    errors = np.hstack([walk, RNG.normal(size=(4000, 2)) @ np.array([[1.0, 0.8], [0.0, 0.6]])])
    whole = ResidualScale().fit([errors], horizon=8000)
    present = np.ones(errors.shape, dtype=bool)
    present[:500, 1] = present[3000:3200, 2] = present[3800:, 0] = False
    some = ResidualScale().fit([np.where(present, errors, 0.0)], 8000, [present])
    np.testing.assert_allclose(some.scale_[1:], whole.scale_[1:], rtol=0.1)
    assert some.scale_[0] == pytest.approx(whole.scale_[0], rel=0.7)
    np.testing.assert_allclose(some.whitening_, whole.whitening_, atol=0.15)
    # Whatever stands where nothing was measured.
    other = ResidualScale().fit([np.where(present, errors, 1e6)], 8000, [present])
    np.testing.assert_allclose(other.scale_, some.scale_)
    np.testing.assert_allclose(other.whitening_, some.whitening_)


@pytest.mark.parametrize("smooth", ["errors", "squares"])
def test_contributions_add_up_to_the_smoothed_square(smooth):
    residuals = RNG.normal(size=(300, 3)) @ RNG.normal(size=(3, 3))
    scale = ResidualScale(smoothing=5, smooth=smooth).fit([residuals])
    found = scale.contributions(residuals, scale.smoother()).sum(axis=1)
    smoother = scale.smoother()
    if smooth == "errors":
        expected = np.square(scale.whiten(smoother(residuals))).sum(axis=1)
    else:
        expected = smoother(np.square(scale.whiten(residuals))).sum(axis=1)
    np.testing.assert_allclose(found, expected)


def test_residuals_are_prepared_by_smoothing_unless_squares_are_smoothed():
    residuals, present = RNG.normal(size=(50, 2)), np.ones((50, 2), bool)
    assert ResidualScale(smoothing=5, smooth="squares").prepare(residuals, present) is residuals
    prepared = ResidualScale(smoothing=5).prepare(residuals, present)
    np.testing.assert_array_equal(prepared, ResidualScale(smoothing=5).smoother()(residuals))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scale": np.ones(3)}, "have shapes"),
        ({"scale": np.array([1.0, 0.0])}, "finite, and above 0"),
        ({"scale": np.array([1.0, np.inf])}, "finite, and above 0"),
        ({"whitening": np.full((2, 2), np.nan)}, "finite, and above 0"),
        ({"signatures": np.eye(3)}, "signatures of faults have shape"),
        ({"signatures": 2 * np.eye(2)}, "must have length 1"),
    ],
)
def test_the_state_is_validated(changes, message):
    state = ResidualScale().fit([RNG.normal(size=(20, 2))]).get_state()
    restored = ResidualScale.from_state(state, 2)
    np.testing.assert_array_equal(restored.whitening_, state["whitening"])
    with pytest.raises(ValueError, match=message):
        ResidualScale.from_state({**state, **changes}, 2)


def test_a_state_without_signatures_has_the_axes():
    state = ResidualScale().fit([RNG.normal(size=(20, 2))]).get_state()
    del state["signatures"]
    assert ResidualScale.from_state(state, 2).signatures_.tolist() == [[1.0, 0.0], [0.0, 1.0]]
