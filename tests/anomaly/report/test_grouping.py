"""Groups of alike anomalies."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from anomaly.report.grouping import group_alike


def test_records_with_the_same_reasons_are_one_group():
    contributions = np.array([[9.0, 0.5, 0.0], [0.0, 8.0, 0.2], [6.0, 0.0, 0.3], [0.1, 3.0, 0.0], [2.0, 2.0, 2.0]])
    groups = group_alike(contributions, ["a", "b", "c"])
    assert [(group.columns, group.members) for group in groups] == [(("a",), [0, 2]), (("b",), [1, 3]), ((), [4])]


def test_the_size_of_a_score_is_no_likeness():
    groups = group_alike(np.array([[100.0, 50.0], [1.0, 0.5], [0.01, 0.005]]), ["a", "b"])
    assert [(group.columns, group.members) for group in groups] == [(("a", "b"), [0, 1, 2])]


def test_no_records_are_no_groups():
    assert group_alike(np.zeros((0, 2)), ["a", "b"]) == []


@settings(max_examples=50, deadline=None)
@given(arrays(np.float64, st.tuples(st.integers(0, 30), st.just(4)), elements=st.floats(0.0, 1e6)))
def test_every_record_is_in_one_group(contributions):
    groups = group_alike(contributions, list("abcd"))
    members = [member for group in groups for member in group.members]
    assert sorted(members) == list(range(len(contributions)))
