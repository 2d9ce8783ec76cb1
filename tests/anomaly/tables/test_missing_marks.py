"""Numbers that may mark missing values are found beside other marks and errors, and in numbers with units."""

import warnings

import numpy as np
import pytest

from anomaly.errors import FileFormWarning
from anomaly.preprocessing import TablePreprocessor
from anomaly.tables.missing_marks import marks_of

NORMAL = np.random.default_rng(0).normal(20, 2, 290)


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ([-9999.0] * 10, [-9999]),
        ([9.96921e36] * 10, [9.96921e36]),
        ([-9999.0] * 10 + [9999.0] * 10, [-9999, 9999]),
        ([-9999.0] * 10 + [-8888.0] * 10, [-9999, -8888]),
        ([-9999.0] * 10 + [-20_000.0], [-9999]),
        ([-9999.0] * 10 + [9000.0], [-9999]),
        ([-1.0] * 10, [-1]),
        ([0.0] * 10, []),
        ([-9999.0] * 3, []),
        ([*range(-900, -890)], []),
    ],
)
def test_marks_are_found_beside_each_other_and_errors(others, expected):
    assert [mark.value for mark in marks_of("a", np.array([*NORMAL, *others]))] == expected


def test_marks_need_less_distance_where_they_are_usual_ones():
    spread = np.random.default_rng(0).normal(1000, 200, 290)
    assert [mark.value for mark in marks_of("a", np.array([*spread, *[-999.0] * 10]))] == [-999]
    assert marks_of("a", np.array([*spread, *[-777.0] * 10])) == []


@pytest.mark.parametrize("form", ["{:.2f} C", "EUR {:.2f}"])
def test_marks_are_found_in_numbers_with_units(form):
    cells = [form.format(x) for x in NORMAL] + [form.format(-9999)] * 10
    with pytest.warns(FileFormWarning, match=r"column 'a' has '.*-9999.* in 10 of 300 rows, far from all others"):
        TablePreprocessor("none", missing="nan").fit({"a": cells, "b": [*NORMAL, *range(10)]})
    with warnings.catch_warnings():
        warnings.simplefilter("error", FileFormWarning)
        TablePreprocessor("none", missing="nan").fit({"a": cells[:290], "b": NORMAL})
