"""Reasons in words."""

import numpy as np
import pytest

from anomaly.report.reasons import cell_text, reason_text, reasons_of


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2.23456, "2.235"), (9.1, "9.1"), (0.0, "0"), (-3.0, "-3"), (2024.0, "2024"), (123456.789, "123,457"),
        (1e15, "1e+15"), (1.5e-7, "1.5e-07"), (float("nan"), ""), (np.float32(0.5), "0.5"), (np.int64(7), "7"),
        (True, "True"), (np.datetime64("2024-03-01T10:00:00"), "2024-03-01 10:00:00"), (np.datetime64("NaT", "us"), ""),
        ("DE", "DE"), (None, ""),
    ],
)  # fmt: skip
def test_cells_are_written_for_people(value, text):
    assert cell_text(value) == text


def test_a_reason_says_what_was_found_and_expected():
    assert reason_text("vibration", "9.1", "2.2") == "vibration is 9.1, expected about 2.2"
    assert reason_text("load", "9", "1,200") == "load is 9, expected about 1,200"
    assert reason_text("mode", "fast", "slow") == "mode is fast, expected slow"
    assert reason_text("mode", "", "slow") == "mode is missing, expected slow"
    assert reason_text("mode", "slow", "slow") == "mode is slow, unusual beside the other columns"


def test_an_expected_number_is_written_as_its_column():
    def write(column, value, found):
        assert (column, value, found) == ("Betrag", -71.5, "-11.729,51 €")
        return "-71,50 €"

    (reason,) = reasons_of(["Betrag"], np.array([1.0]), ["-11.729,51 €"], [-71.5], 5, write)
    assert reason.expected == "-71,50 €"
    assert reason.text == "Betrag is -11.729,51 €, expected about -71,50 €"


def test_columns_that_contribute_nothing_are_no_reason():
    reasons = reasons_of(["a", "b", "c"], np.array([1.0, 3.0, 0.0]), [1.0, 2.0, 3.0], [1.5, 2.5, 3.0], 5)
    assert [(one.column, one.share, one.found, one.expected) for one in reasons] == [
        ("b", 0.75, "2", "2.5"),
        ("a", 0.25, "1", "1.5"),
    ]
    assert reasons_of(["a"], np.array([0.0]), [1.0], None, 5) == []
    assert len(reasons_of(["a", "b"], np.array([1.0, 3.0]), [1.0, 2.0], None, 1)) == 1
