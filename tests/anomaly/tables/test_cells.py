import datetime as dt
import enum
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from anomaly.errors import DataError
from anomaly.tables.cells import as_column, number_text, objects_as_column, text_array


def objects(*values):
    array = np.empty(len(values), dtype=object)
    for index, value in enumerate(values):
        array[index] = value
    return array


@pytest.mark.parametrize("dtype", ["int8", "uint64", "float16", "float32", "longdouble"])
def test_numbers_become_float64(dtype):
    column = as_column(np.array([1, 2], dtype=dtype), "a")
    assert column.dtype == np.float64
    assert column.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("dtype", ["float64", "bool", "datetime64[s]"])
def test_columns_of_a_valid_dtype_are_not_copied(dtype):
    values = np.zeros(3, dtype=dtype)
    assert as_column(values, "a") is values


def test_durations_become_seconds():
    values = np.array([90, "NaT"], dtype="timedelta64[m]")
    np.testing.assert_array_equal(as_column(values, "a"), [5400.0, np.nan])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2.5, None], [1.0, 2.5, np.nan]),
        ([Decimal("1.5"), Fraction(1, 4), np.int8(3)], [1.5, 0.25, 3.0]),
        ([np.nan, None], [np.nan, np.nan]),
        ([True, None], [1.0, np.nan]),
        ([True, 2], [1.0, 2.0]),
        ([2**70, 1], [2.0**70, 1.0]),
        ([None, None], [np.nan, np.nan]),
        ([dt.timedelta(minutes=1), None, 2], [60.0, np.nan, 2.0]),
    ],
)
def test_objects_of_numbers_become_numbers(values, expected):
    column = objects_as_column(values, "a")
    assert column.dtype == np.float64
    np.testing.assert_array_equal(column, expected)


def test_booleans_stay_booleans():
    column = objects_as_column([True, np.bool_(False)], "a")
    assert column.dtype == np.bool_
    assert column.tolist() == [True, False]


def test_dates_are_converted_to_utc():
    zone = dt.timezone(dt.timedelta(hours=2))
    column = objects_as_column(
        [
            dt.date(2020, 1, 1),
            dt.datetime(2020, 1, 1, 12, 0, 0, 5),
            dt.datetime(2020, 1, 1, 1, tzinfo=zone),
            np.datetime64("2020-01-02"),
            None,
            float("nan"),
        ],
        "a",
    )
    assert column.dtype == "M8[us]"
    assert column.astype(str).tolist() == [
        "2020-01-01T00:00:00.000000",
        "2020-01-01T12:00:00.000005",
        "2019-12-31T23:00:00.000000",
        "2020-01-02T00:00:00.000000",
        "NaT",
        "NaT",
    ]


class Color(enum.Enum):
    RED = 1


def test_mixtures_become_text():
    values = ["a", 1.0, 2, True, None, np.float64("nan"), b"b", dt.date(2020, 1, 1), Color.RED]
    column = objects_as_column(values, "a")
    assert column.dtype == object
    assert column.tolist() == ["a", "1", "2", "True", None, None, "b", "2020-01-01", "Color.RED"]


def test_text_is_plain_python_text():
    column = as_column(np.array(["a", "bc"]), "a")
    assert column.tolist() == ["a", "bc"]
    assert {type(text) for text in column} == {str}


def test_bytes_are_read_as_utf8():
    assert as_column(np.array(["é".encode(), b"b"]), "a").tolist() == ["é", "b"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([1], r"row 2, column 'a': found a list; expected one number"),
        ({"b": 1}, r"row 2, column 'a': found a dict"),
        (np.zeros(2), r"row 2, column 'a': found a ndarray"),
        (1j, r"row 2, column 'a': found a complex"),
        (b"\xff", r"row 2, column 'a': found bytes that are not UTF-8"),
    ],
)
@pytest.mark.parametrize("first", ["text", 1.0, None])
def test_errors_name_the_invalid_cell(first, value, message):
    with pytest.raises(DataError, match=message):
        as_column(objects(first, value), "a")


def test_numbers_beyond_float64_are_refused():
    with pytest.raises(DataError, match="column 'a' contains a number that float64 cannot represent"):
        objects_as_column([10**400, 1], "a")


def test_complex_columns_are_refused():
    with pytest.raises(DataError, match="column 'a': Complex data not supported"):
        as_column(np.array([1j]), "a")


def test_columns_of_records_are_refused():
    with pytest.raises(DataError, match="column 'a' has dtype"):
        as_column(np.zeros(2, dtype=[("b", float)]), "a")


@pytest.mark.parametrize(
    ("number", "text"),
    [(3.0, "3"), (-0.0, "0"), (0.1, "0.1"), (1e300, "1e+300"), (np.float64(2), "2"), (np.inf, "inf")],
)
def test_numbers_as_text_are_short_and_exact(number, text):
    assert number_text(number) == text
    assert float(text) == number


def test_text_arrays_hold_objects():
    column = text_array(iter(["a", None]), 2)
    assert column.dtype == object
    assert column.tolist() == ["a", None]
