"""Numbers of few distinct values, and booleans, as categories."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.preprocessing.columns.categories import HOLE, CategoryColumn
from anomaly.preprocessing.columns.levels import LevelColumn, are_levels
from tests.anomaly.preprocessing.cells import objects

levels = st.sampled_from([0.0, 1.0, 2.0, -3.0, 40.0])


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([1.0, 2.0, 3.0, 4.0, 5.0] * 5, True),
        ([1.0, 2.0, 3.0, 4.0, 5.0] * 4, False),
        ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0] * 9, False),
        ([0.1, 0.2] * 5, True),
        ([0.1, 0.2, 0.3] * 9, False),
        ([np.nan, 0.0] * 10 + [1.0] * 2, True),
        ([7.0] * 50, False),
        ([np.inf, 0.0] * 50, False),
        ([np.nan] * 50, False),
        ([1.0, 2.0] * 99 + [3.0, 4.0, 5.0, 6.0], False),
    ],
)
def test_which_numbers_are_levels(numbers, expected):
    assert are_levels(np.array(numbers)) is expected
    shuffled = np.random.default_rng(0).permutation(numbers)
    assert are_levels(shuffled) is expected


@given(st.lists(st.one_of(levels, st.just(np.nan)), min_size=20, max_size=60), st.integers(1, 4))
def test_numbers_are_read_as_their_text(cells, min_count):
    numbers = np.array([0.0, 1.0, *cells])
    column, groups = LevelColumn.of_numbers("n", numbers, min_count, 50)
    later = np.append(numbers, [7.0, 0.5, np.inf, np.nan, -3.0, 99.0])
    np.testing.assert_array_equal(column.read(numbers), groups)
    np.testing.assert_array_equal(column.read(later), CategoryColumn.read(column, later))
    texts = objects([None if x != x else str(x) for x in later.tolist()])
    np.testing.assert_array_equal(column.read(texts), column.read(later))
    if not column.rare and not column.open_ended:
        np.testing.assert_array_equal(column.restore(groups), numbers)


def test_booleans_are_read_in_every_spelling():
    column, groups = LevelColumn.of_booleans("b", np.array([1.0, 0.0, np.nan, 0.0] * 9), 2, 50)
    assert column.boolean
    assert groups[:4].tolist() == [1, 0, 2, 0]  # a quarter is missing, and has its own level
    assert column.read(objects(["Yes", "no", "TRUE", "f", "1", "0.0", None, "maybe"])).tolist() == [
        1,
        0,
        1,
        0,
        1,
        0,
        2,
        3,
    ]
    assert column.read(np.array([True, False])).tolist() == [1, 0]
    assert column.restore(np.array([1, 0])).tolist() == [True, False]
    assert column.restore(np.array([1, 0, HOLE])).tolist() == ["true", "false", None]
