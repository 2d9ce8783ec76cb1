import numpy as np
import pytest

from anomaly.errors import DataError, listing, shown


def test_data_errors_are_value_errors():
    assert issubclass(DataError, ValueError)


def test_listing_quotes_names_and_counts_the_rest():
    assert listing(["a", "b c"]) == "'a', 'b c'"
    assert listing([str(i) for i in range(1500)], limit=2) == "'0', '1' and 1,498 more"
    assert listing([]) == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("abc", "'abc'"),
        (None, "None"),
        (np.float64(0.5), "0.5"),
        (np.bool_(True), "True"),
        (np.datetime64("2024-12-31"), "2024-12-31"),
        ([1, 2], "[1, 2]"),
    ],
)
def test_values_are_shown_as_one_writes_them(value, text):
    assert shown(value) == text


def test_long_values_are_cut():
    assert shown("x" * 100, limit=10) == "'xxxxxx..."
