"""Where the values of a column of categories go."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.preprocessing.columns.categories import HOLE, CategoryColumn, are_codes
from anomaly.preprocessing.columns.kinds import column_from_config
from tests.anomaly.preprocessing.cells import objects

names = st.sampled_from(["a", "b", "c", "d", "e"])


def learn(cells, min_count=2, most=50):
    return CategoryColumn.learn("c", objects(cells), min_count, most)


@given(st.lists(st.one_of(st.none(), names), min_size=1, max_size=40), st.integers(1, 4), st.integers(1, 5))
def test_each_category_goes_where_its_frequency_puts_it(cells, min_count, most):
    column, groups = learn(cells, min_count, most)
    counts = {cell: cells.count(cell) for cell in cells}
    assert len(column.categories) <= most
    for cell, group in zip(cells, groups, strict=True):
        named = column.groups[group]
        if cell is None:
            assert named == "<missing>"
        elif cell in column.categories:
            assert (named, counts[cell] >= min_count) == (cell, True)
        else:
            assert named == "<rare>"
    kept = [counts[cell] for cell in column.categories]
    left = [counts[cell] for cell in set(cells) - {None} - set(column.categories)]
    assert min(kept, default=0) >= max((n for n in left if n >= min_count), default=0)
    np.testing.assert_array_equal(column.read(objects(cells)), groups)


@given(st.lists(st.one_of(st.none(), st.text(max_size=4)), min_size=1, max_size=30))
def test_a_saved_column_reads_as_before(cells):
    column, _ = learn(cells)
    config = json.loads(json.dumps(column.get_config()))
    copy = column_from_config(config)
    others = objects([*cells, "never seen", None, "  "])
    assert copy.groups == column.groups
    np.testing.assert_array_equal(copy.read(others), column.read(others))


def test_what_was_never_seen_has_a_place():
    column, _ = learn(["a", "a", "b", "b"])
    assert column.groups == ("a", "b", "<unseen>")
    assert [column.groups[group] for group in column.read(objects(["b", "z", None]))] == ["b", "<unseen>", "<unseen>"]


def test_where_new_values_are_the_rule_they_count_as_rare():
    column, _ = learn(["id1", "id2", "id3", "common", "common"])
    assert column.open_ended
    assert column.groups == ("common", "<rare>")
    assert [column.groups[group] for group in column.read(objects(["id9", "common"]))] == ["<rare>", "common"]


def test_numbers_that_are_categories_are_found_by_value():
    column, _ = CategoryColumn.learn("c", np.array([1.0, 1.0, 2.0, 2.0]), 2, 50)
    assert column.read(objects(["1.0", "2", "3"])).tolist() == [0, 1, 2]
    text, _ = learn(["01", "01", "1", "1"])
    assert text.categories == ("01", "1")  # text stays what it is


def test_groups_restored_are_text():
    column, _ = learn(["a", "a", None])
    assert column.restore(np.array([0, 1, 2])).tolist() == ["a", None, "<unseen>"]


@given(st.lists(st.sampled_from(["1", "1.0", "2", "2.00", "two", None]), min_size=1, max_size=40))
def test_one_number_is_one_category(cells):
    column, groups = CategoryColumn.learn("c", objects(cells), 1, 50)
    if column.numeric:
        assert not {"1.0", "2.00"} & {*column.categories}
    np.testing.assert_array_equal(column.read(objects(cells)), groups)
    for cell, group in zip(cells, groups, strict=True):
        if cell is not None:
            assert column.groups[group].partition(".")[0] == cell.partition(".")[0]


def test_a_reconstruction_expects_a_category_of_training():
    column, _ = learn(["a"] * 3 + ["b"] * 2 + ["c"])
    assert (column.groups, column.most_frequent, column.most_frequent_rare) == (
        ("a", "b", "<rare>", "<unseen>"),
        "a",
        "c",
    )
    features = np.array([[0.1, 0.3, 0.2, 0.9], [0.0, 0.0, 0.4, 0.5], [0.0, 0.0, 0.0, 1.0], [np.nan] * 4])
    groups = column.expected_groups(features)
    assert groups.tolist() == [1, 2, HOLE, HOLE]
    assert column.restore(groups, real=True).tolist() == ["b", "c", None, None]
    assert column.restore(groups).tolist() == ["b", "<rare>", None, None]


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({"2": 30, "5more": 30}, True),
        ({"2": 297, "5more": 3}, True),
        ({"2": 300, "5more": 2}, False),
        ({"2": 9, "3o": 1}, False),
        ({"2": 4, "5more": 5}, False),
        ({**{str(i): 9 for i in range(19)}, "more": 9}, True),
        ({**{str(i): 9 for i in range(20)}, "more": 9}, False),
    ],
)
def test_numbers_with_text_are_codes_if_both_are_few_and_frequent(counts, expected):
    assert are_codes(counts) is expected


@pytest.mark.parametrize(
    ("n_once", "n_rows", "open_ended"),
    [(30, 600, True), (29, 600, False), (19, 100, False), (20, 100, True), (5, 9, True)],
)
def test_a_new_value_is_normal_where_values_that_occur_once_are_frequent(n_once, n_rows, open_ended):
    cells = objects([f"once {i}" for i in range(n_once)] + ["common"] * (n_rows - n_once))
    column, _ = CategoryColumn.learn("c", cells, 2, 50)
    assert column.open_ended is open_ended
    assert column.groups[column.read(objects(["new"]))[0]] == ("<rare>" if open_ended else "<unseen>")
