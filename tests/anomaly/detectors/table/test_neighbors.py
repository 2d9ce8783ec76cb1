"""Comparison with remembered records, plain and magnified."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.neighbors import NearestNeighbors as Search

from anomaly.detectors.table.neighbors import NearestNeighbors, _magnified, tails_of, typical

features = st.floats(-(2.0**100), 2.0**100, width=32)


@pytest.fixture(scope="module")
def records():
    return np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)


def magnified(x):
    return np.sign(x) * (np.sqrt(1 + 20 * np.abs(x.astype(np.float64))) - 1) / 10


@pytest.mark.parametrize("magnify", [False, True])
def test_distances_are_those_of_a_search_by_another_library(records, magnify):
    memory = NearestNeighbors(records, 3, contrast=0.0, magnify=magnify)
    fresh = np.random.default_rng(1).normal(size=(50, 4)).astype(np.float32)
    seen = magnified if magnify else np.asarray
    search = Search(n_neighbors=4).fit(seen(records))
    unit = np.median(search.kneighbors(seen(records))[0][:, 1:].mean(axis=1))
    expected = search.kneighbors(seen(fresh), 3)[0].mean(axis=1) / unit
    np.testing.assert_allclose(memory.scores(fresh), expected, rtol=1e-4)


@given(arrays(np.float32, 6, elements=features))
def test_magnifying_keeps_order_and_small_values_and_takes_the_root_of_large_ones(x):
    x = np.sort(x)
    found = _magnified(x)
    assert found.dtype == np.float32
    assert (np.diff(found) >= 0).all()
    np.testing.assert_array_equal(_magnified(-x), -found)
    np.testing.assert_allclose(found, magnified(x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("magnify", [False, True])
def test_calibration_returns_the_scores_of_the_remembered_records(records, magnify):
    memory = NearestNeighbors(records, 3, contrast=1.0, magnify=magnify)
    memory, found = memory.calibrate([(records[:100], None), (records[100:], None)])
    np.testing.assert_allclose(found, memory.scores(records), rtol=1e-12)
    # The second time the search is repeated, with the same result.
    np.testing.assert_allclose(memory.calibrate([(records, None)])[1], found, rtol=1e-12)
    np.testing.assert_allclose(memory.with_scale(2.0, 0.5).scores(records), found / 2, rtol=1e-12)


def test_calibration_by_other_records_searches_their_neighbors(records):
    memory = NearestNeighbors(records, 3, contrast=1.0)
    others = records + np.float32(1.0)
    memory, found = memory.calibrate([(others, None)])
    np.testing.assert_allclose(found, memory.scores(others), rtol=1e-12)


def test_the_typical_distance_is_never_0():
    assert typical(np.array([1.0, 2.0, 9.0])) == 2
    assert typical(np.array([0.0, 0.0, 9.0])) == 3
    assert typical(np.zeros(3)) == 1


@pytest.mark.parametrize("magnify", [False, True])
def test_scores_and_contributions_outlive_a_file(records, magnify):
    memory = NearestNeighbors(records, 3, contrast=1.0, magnify=magnify)
    memory, _ = memory.calibrate([(records, None)])
    again = NearestNeighbors.from_state(*memory.get_state(), "here")
    fresh = np.random.default_rng(1).normal(size=(50, 4)).astype(np.float32)
    np.testing.assert_array_equal(again.scores(fresh), memory.scores(fresh))
    np.testing.assert_allclose(again.contributions(fresh).sum(axis=1), memory.scores(fresh))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [("magnify", 1, "its magnify is 1"), ("spread", -1.0, "its spread is -1.0"), ("spread", "x", "its spread is 'x'")],
)
def test_a_state_is_validated(records, name, value, message):
    config, learned = NearestNeighbors(records, 3, contrast=1.0).get_state()
    with pytest.raises(ValueError, match=message):
        NearestNeighbors.from_state({**config, name: value}, learned, "here")


def test_a_group_far_from_the_others_has_its_own_neighbors():
    rng = np.random.default_rng(0)
    records = rng.normal(size=(4000, 8)).astype(np.float32)
    records[:200] += np.float32(1e4)
    fresh = rng.normal(size=(100, 8)).astype(np.float32) + np.float32(1e4)
    memory = NearestNeighbors(records, 5, contrast=0.0)
    apart = np.sort(np.sqrt(np.square(fresh[:, np.newaxis] - records, dtype=np.float64).sum(axis=2)), axis=1)
    np.testing.assert_allclose(memory.scores(fresh), apart[:, :5].mean(axis=1) / memory.unit, rtol=1e-12)
    np.testing.assert_allclose(memory.contributions(fresh).sum(axis=1), memory.scores(fresh))


def test_members_of_another_scale_share_the_search(records):
    memory = NearestNeighbors(records, 3, contrast=1.0, magnify=True)
    memory.scores(records[:1])
    assert memory.with_scale(2.0, 1.0)._search is memory._search


def test_a_tail_takes_far_values_that_normal_ones_do_not_have():
    rng = np.random.default_rng(0)
    x = np.stack([rng.normal(size=2000), 1.4 * rng.exponential(size=2000) - 1, rng.normal(size=2000)], axis=1)
    x[0, 2] = 40.0
    assert tails_of(x.astype(np.float32)).tolist() == [False, True, False]
    assert tails_of(x[:, ::2].astype(np.float32)) is None


def test_far_values_of_a_tail_are_compressed_and_near_ones_are_not():
    values = np.array([[-32.0], [-2.0], [0.5], [2.0], [32.0]], np.float32)
    memory = NearestNeighbors(values, 1, contrast=0.0, tails=np.array([True]))
    # 2 (4 (32 / 2)^(1/4) - 3) is 10.
    np.testing.assert_array_equal(memory._compared(values).ravel(), [-10.0, -2.0, 0.5, 2.0, 10.0])
    plain = NearestNeighbors(values, 1, contrast=0.0)
    assert memory._raw(*memory._nearest(np.float32([[34.0]]), 1)) < plain._raw(*plain._nearest(np.float32([[34.0]]), 1))
    x = np.random.default_rng(0).exponential(3.0, size=(300, 3)).astype(np.float32)
    member = NearestNeighbors(x, 3, contrast=1.0, tails=tails_of(x))
    fresh = x[:20] + np.float32(0.3)
    np.testing.assert_allclose(member.contributions(fresh).sum(axis=1), member.scores(fresh), rtol=1e-5)


def test_tails_survive_the_state_which_is_validated():
    x = np.random.default_rng(0).exponential(3.0, size=(300, 3)).astype(np.float32)
    config, arrays = NearestNeighbors(x, 3, contrast=1.0, tails=tails_of(x)).get_state()
    assert NearestNeighbors.from_state(config, arrays, "file").tails.tolist() == [True, True, True]
    with pytest.raises(ValueError, match="the features with tails have shape"):
        NearestNeighbors.from_state(config, {**arrays, "tails": np.ones(4, np.bool_)}, "file")
    del arrays["tails"]
    assert NearestNeighbors.from_state(config, arrays, "file").tails is None
