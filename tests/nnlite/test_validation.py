"""Constraints on single values accept what they describe and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnlite.validation import (
    Constraint,
    as_binary,
    as_finite,
    boolean,
    check_argument,
    check_parameters,
    check_value,
    choice,
    integer,
    is_integer,
    is_number,
    names,
    number,
    sequence_of,
    sizes,
)


def test_booleans_and_text_are_no_numbers() -> None:
    for value in (True, np.bool_(True), "1", None, 1j, [1], np.array([1]), np.timedelta64(1, "s")):
        assert not is_number(value)
        assert not is_integer(value)
    assert is_number(np.float16(1))
    assert is_integer(np.uint8(1))
    assert not is_integer(1.0)


@pytest.mark.parametrize(
    ("constraint", "allowed", "refused", "description"),
    [
        (integer(1), (1, np.int64(9)), (0, 1.0, True, "1", None), "a whole number of at least 1"),
        (integer(0, 3), (0, 3), (-1, 4), "a whole number from 0 to 3"),
        (integer(most=2**31 - 1), (0,), (2**31,), "a whole number of at most 2147483647"),
        (integer(), (-5,), (0.5,), "a whole number"),
        (number(0), (0, 0.5, np.float32(2)), (-0.1, np.inf, np.nan, True, "0"), "a number of at least 0"),
        (number(above=0, most=1), (1, 1e-9), (0, 1.1), "a number above 0 and at most 1"),
        (number(above=0, below=1), (0.5,), (0, 1), "a number above 0 and below 1"),
        (number(0, most=0.5), (0, 0.5), (-1, 0.6), "a number from 0 to 0.5"),
        (number(most=0), (0, -3), (1, -np.inf), "a number of at most 0"),
        (boolean(), (True, np.bool_(False)), (0, 1, "True", None), "True or False"),
        (choice("a", "b"), ("a", np.str_("b")), ("c", None, 0, ["a"], np.array(["a", "b"])), "one of 'a', 'b'"),
        (choice(None) | integer(1), (None, 2), ("auto", 0), "None or a whole number of at least 1"),
        (sizes(), (5, (64, 32), np.array([3, 2])), ((), (0,), 2.5, "64", None), "the sizes of one or more layers"),
        (names(), (None, [], ["a"], ("a", "b")), ("a", [1], 3, b"a"), "a list of column names"),
    ],
)
def test_a_constraint_accepts_what_it_describes(
    constraint: Constraint, allowed: tuple[Any, ...], refused: tuple[Any, ...], description: str
) -> None:
    for value in allowed:
        check_value("parameter", value, constraint)
    for value in refused:
        with pytest.raises(ValueError, match="parameter must be ") as error:
            check_value("parameter", value, constraint)
        assert description in str(error.value)
        assert str(error.value).endswith(f"; found {value!r}")
    assert description in repr(constraint)


@pytest.mark.parametrize("constraint", [choice("mean", "median"), choice("auto", None) | choice("mean", "median")])
def test_a_choice_that_may_have_been_meant(constraint: Constraint) -> None:
    with pytest.raises(ValueError, match=r"; found 'Meidan'; did you mean 'median'\?$"):
        check_value("center", "Meidan", constraint)
    with pytest.raises(ValueError, match=r"; found 'x'$"):
        check_value("center", "x", constraint)


def test_a_string_is_no_sequence_of_characters() -> None:
    words = sequence_of(choice("a", "b"), "some of 'a', 'b'")
    assert words.accepts("a")
    assert words.accepts(["a", "b"])
    assert not words.accepts("ab")


def test_parameters_are_checked_in_the_order_of_the_constraints() -> None:
    constraints = {"first": integer(1), "second": boolean()}
    check_parameters({"first": 1, "free": "anything"}, constraints)
    with pytest.raises(ValueError, match="^first must be"):
        check_parameters({"second": 3, "first": 0}, constraints)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], r"scores must be finite numbers, at least one; found shape \(0,\)"),
        ([[1.0]], r"scores must have 1 dimension\(s\); found shape \(1, 1\)"),
        ([0.0, np.nan], "scores must be finite numbers; found nan at position 1"),
        ([np.inf], "scores must be finite numbers; found inf at position 0"),
        (["x"], "scores must be finite numbers; could not convert"),
    ],
)
def test_arrays_of_numbers_are_finite(values: Any, message: str) -> None:
    assert as_finite("scores", [[1, 2]], ndim=2).dtype == np.float64
    with pytest.raises(ValueError, match=message):
        as_finite("scores", values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], r"y must hold one label per step, shape \(n,\); found shape \(0,\)"),
        ([[0, 1]], r"found shape \(1, 2\)"),
        ([0, 2, -1, 2], r"y must hold 0 for normal steps and 1 for anomalies; found \[-1, 2\]. Map them first"),
        (["normal", "odd"], "Map them first"),
        ([0.0, np.nan], r"found \[nan\]"),
    ],
)
def test_labels_are_binary(values: Any, message: str) -> None:
    labels = as_binary("y", np.array([True, False]), "step")
    assert (labels.tolist(), labels.dtype) == ([1, 0], np.int64)
    assert as_binary("y", [], "step", allow_empty=True).shape == (0,)
    with pytest.raises(ValueError, match=message):
        as_binary("y", values, "step")


def test_the_error_for_an_argument_names_the_class() -> None:
    class Layer:
        """A class with an argument."""

    check_argument(Layer(), "rate", 0.5, number(least=0, below=1))
    with pytest.raises(ValueError, match="^Layer: rate must be a number of at least 0 and below 1; found 1.0$"):
        check_argument(Layer(), "rate", 1.0, number(least=0, below=1))
