"""Columns that number the records are recognized and warned of."""

import warnings

import numpy as np
import pytest

from anomaly.errors import IdentifierColumnWarning
from anomaly.preprocessing import TablePreprocessor
from anomaly.preprocessing.columns.left_out import are_serial_numbers
from anomaly.preprocessing.series import SeriesPreprocessor
from anomaly.tables import as_table

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        (np.arange(1000.0), True),
        (RNG.permutation(4000)[:1000].astype(float), True),
        (np.arange(99.0), False),
        (RNG.integers(0, 4000, 1000).astype(float), False),
        (RNG.integers(0, 10**9, 1000).astype(float), False),
        (np.arange(1000.0) + 0.5, False),
        (np.append(np.arange(1000.0), np.nan), False),
        (RNG.normal(size=1000), False),
    ],
)
def test_serial_numbers_are_dense_distinct_integers(numbers, expected):
    assert are_serial_numbers(numbers) is expected


def test_a_column_of_serial_numbers_is_left_out_unless_it_is_kept():
    table = {"id": np.arange(200), "amount": RNG.normal(size=200), "kind": ["a", "b"] * 100}
    with pytest.warns(IdentifierColumnWarning, match="left out: 'id', since it numbers the records; .*--keep"):
        preprocessor = TablePreprocessor(missing="nan").fit(table)
    assert preprocessor.kinds_["id"] == "ignored"
    assert preprocessor.describe()[0] == "id      ignored   left out: it numbers the records"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        preprocessor = TablePreprocessor(missing="nan", keep=["id"]).fit(table)
    assert preprocessor.kinds_["id"] == "number"


def test_a_trend_of_a_series_numbers_no_records():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SeriesPreprocessor().fit([as_table({"level": np.arange(200), "x": RNG.normal(size=200)})])
