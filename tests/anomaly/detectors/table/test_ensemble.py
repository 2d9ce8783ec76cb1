"""One score from those of several members, and an ensemble as a value."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from anomaly.detectors.attribution import split_scores
from anomaly.detectors.features import FeatureSet
from anomaly.detectors.table.ensemble import Ensemble, round_significant
from anomaly.detectors.table.imputation import Imputer
from anomaly.detectors.table.neighbors import NearestNeighbors

# -- the ensemble ------------------------------------------------------------------------------

# Five features of four columns; the second column has none.
FEATURES = FeatureSet(np.array([0, 2, 2, 3, 3]), 4)
IMPUTER = Imputer(FEATURES, np.empty((0, 5), np.float32))


@pytest.fixture(scope="module")
def records():
    return np.random.default_rng(0).normal(size=(200, 5)).astype(np.float32)


@pytest.fixture(scope="module")
def fresh():
    return np.random.default_rng(1).normal(size=(40, 5)).astype(np.float32)


@pytest.fixture(scope="module")
def ensemble(records):
    members = (NearestNeighbors(records, 3, 0.5), NearestNeighbors(records, 1, 2.0, magnify=True))
    return Ensemble(members, (0.7, 0.3), FEATURES, IMPUTER).calibrate(records)[0]


def labelled(ensemble):
    return ensemble.with_label_weights(np.array([0.4, 0.6]), np.array([2.0, 1.0, 0.5, 1.0]))


def test_calibration_returns_another_ensemble_and_changes_nothing(records):
    raw = Ensemble((NearestNeighbors(records, 3, 0.5),), (1.0,), FEATURES, IMPUTER)
    calibrated, scores = raw.calibrate(records)
    assert raw.members[0].scale == 1
    assert np.median(scores) == pytest.approx(1, rel=1e-3)
    np.testing.assert_array_equal(calibrated.scores(records), scores)
    with pytest.raises(AttributeError):
        calibrated.weights = (1.0,)


def test_the_scale_is_the_median_of_the_training_scores(ensemble, records):
    for member in ensemble.members:
        scores = member.scores(records)
        assert np.median(scores) == pytest.approx(1)
        assert member.spread == pytest.approx(2 * np.log(np.quantile(scores, 0.75)))


def test_scores_are_the_rounded_blend_of_the_members(ensemble, fresh):
    by_member = [member.scores(fresh) for member in ensemble.members]
    np.testing.assert_allclose(ensemble.scores(fresh), ensemble.blend.scores(by_member), rtol=2.0**-13)
    np.testing.assert_array_equal(ensemble.scores(fresh), ensemble.combine(by_member))


def test_contributions_of_columns_add_up_to_the_members_scores(ensemble, fresh):
    found = ensemble.contributions(fresh)
    assert found.shape == (40, 2, 4)
    assert (found[:, :, 1] == 0).all()
    np.testing.assert_allclose(found.sum(axis=2), np.transpose([member.scores(fresh) for member in ensemble.members]))


@pytest.mark.parametrize("weigh", [lambda ensemble: ensemble, labelled])
def test_explanations_add_up_to_the_scores_exactly(ensemble, fresh, weigh):
    ensemble = weigh(ensemble)
    found = ensemble.explain(fresh)
    np.testing.assert_array_equal(found.sum(axis=1), ensemble.scores(fresh))
    np.testing.assert_allclose(ensemble.explain(fresh, normalize=True).sum(axis=1), 1)


def test_learned_weights_change_scores_and_weights_of_1_do_not(ensemble, fresh):
    assert (labelled(ensemble).scores(fresh) != ensemble.scores(fresh)).any()
    same = ensemble.with_label_weights(np.array(ensemble.weights), np.ones(4))
    np.testing.assert_array_equal(same.scores(fresh), ensemble.scores(fresh))
    summed = labelled(ensemble).replaced(blended=False).scores(fresh)
    expected = np.einsum("imj,j,m->i", ensemble.contributions(fresh), [2.0, 1.0, 0.5, 1.0], [0.4, 0.6])
    np.testing.assert_allclose(summed, expected, rtol=2.0**-13)


def test_the_scale_of_another_ensemble_is_taken_by_member(ensemble, records, fresh):
    other = ensemble.replaced(members=(NearestNeighbors(records[:50], 3, 0.5), *ensemble.members[1:]))
    scaled = other.with_scale_of(ensemble)
    assert [member.scale for member in scaled.members] == [member.scale for member in ensemble.members]
    assert scaled.members[0].unit == ensemble.members[0].unit
    np.testing.assert_array_equal(scaled.members[1].scores(fresh), ensemble.members[1].scores(fresh))


@pytest.mark.parametrize("weigh", [lambda ensemble: ensemble, labelled])
def test_an_ensemble_outlives_a_file_with_its_records_in_it_once(ensemble, fresh, weigh):
    config, arrays = weigh(ensemble).get_state()
    assert [name for name in arrays if name.endswith("records")] == ["member_0/records"]
    fields = {"weights": (0.7, 0.3), "features": FEATURES}
    again = Ensemble.from_state(config, arrays, "here", **fields)
    np.testing.assert_array_equal(again.scores(fresh), weigh(ensemble).scores(fresh))
    assert again.members[0].records is again.members[1].records


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weights": (1.0,)}, "it has 2 members; its parameters require 1"),
        ({"features": FeatureSet(FEATURES.columns[:4], 4)}, "its members score other than the 4 features"),
        (
            {"features": FeatureSet(FEATURES.columns, 5)},
            r"its weights of columns have shape \(4,\) and dtype float64; expected 5",
        ),
    ],
)
def test_a_state_that_does_not_fit_is_refused(ensemble, changes, message):
    fields = {"weights": (0.7, 0.3), "features": FEATURES, **changes}
    with pytest.raises(ValueError, match=message):
        Ensemble.from_state(*labelled(ensemble).get_state(), "here", **fields)


def test_methods_that_need_remembered_records_say_so(ensemble):
    assert ensemble.memory_for("drift") is ensemble.members[0]
    with pytest.raises(ValueError, match="drift needs remembered records.*fitted with neighbors=0"):
        ensemble.replaced(members=()).memory_for("drift")


# -- rounding ----------------------------------------------------------------------------------


@given(arrays(np.float64, 5, elements=st.just(0.0) | st.floats(1e-9, 1e9)))
def test_rounding_keeps_order_and_13_binary_digits(scores):
    scores = np.sort(scores)
    rounded = round_significant(scores)
    assert (np.diff(rounded) >= 0).all()
    np.testing.assert_allclose(rounded, scores, rtol=2.0**-13)
    np.testing.assert_array_equal(round_significant(rounded), rounded)


@given(arrays(np.float64, 3, elements=st.just(0.0) | st.floats(1e-9, 1e6)), st.integers(0, 1000))
def test_contributions_add_up_in_any_order(scores, seed):
    scores = round_significant(scores)
    fractions = np.random.default_rng(seed).dirichlet(np.ones(7), size=3)
    found = split_scores(scores, fractions)
    assert (found >= 0).all()
    np.testing.assert_array_equal(found.sum(axis=1), scores)
    np.testing.assert_array_equal(found[:, ::-1].sum(axis=1), scores)
