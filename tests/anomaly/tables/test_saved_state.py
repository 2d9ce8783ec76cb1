import numpy as np
import pytest

from anomaly.errors import DataError
from anomaly.tables.saved_state import field, texts, vector


def test_fields_have_the_type_asked_for():
    assert field({"a": 1}, "a", int) == 1
    for config in ({}, None, [1], {"a": True}, {"a": 1.0}, {"a": "1"}):
        with pytest.raises(DataError, match="expected a int 'a'; found"):
            field(config, "a", int)


def test_texts_are_distinct():
    assert texts({"a": ["x", "y"]}, "a") == ("x", "y")
    for wrong in (["x", "x"], ["x", None]):
        with pytest.raises(DataError, match="expected distinct texts in 'a'"):
            texts({"a": wrong}, "a")


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (None, "expected a vector of float64 'a'"),
        (np.zeros((1, 2)), "expected a vector"),
        (np.zeros(2, np.float32), "expected a vector"),
        (np.zeros(3), "expected 2 values in 'a'; found 3"),
        (np.array([0.0, np.inf]), "'a' contains values that are not finite"),
    ],
)
def test_vectors_are_checked(array, message):
    with pytest.raises(DataError, match=message):
        vector({} if array is None else {"a": array}, "a", length=2)
