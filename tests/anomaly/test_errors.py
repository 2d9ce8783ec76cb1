import numpy as np
import pytest

from anomaly.errors import DataError, format_names, format_value, one_line


def test_data_errors_are_value_errors():
    assert issubclass(DataError, ValueError)


def test_names_are_quoted_and_the_rest_is_counted():
    assert format_names(["a", "b c"]) == "'a', 'b c'"
    assert format_names([str(i) for i in range(1500)], limit=2) == "'0', '1' and 1,498 more"
    assert format_names([]) == ""


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
def test_values_are_formatted_without_their_type(value, text):
    assert format_value(value) == text


def test_long_values_are_shortened():
    assert format_value("x" * 100, limit=10) == "'xxxxxx..."


def test_characters_that_nobody_sees_are_escapes():
    assert one_line("a\u200b\ufeff\U000e0041\u202e\x9b") == r"a\u200b\ufeff\U000e0041\u202e\x9b"
    # A joiner belongs to the spelling in Persian, and to pictures.
    assert one_line("می\u200cخواهم \U0001f469\u200d\U0001f680") == "می\u200cخواهم \U0001f469\u200d\U0001f680"
