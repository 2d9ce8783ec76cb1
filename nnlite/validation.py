"""Constraints on single values: numbers, integers, booleans, choices and sequences of these; and arrays of numbers.

A `Constraint` is a set of allowed values with its description. Constraints are data: they stand beside the constructor
whose arguments they describe, and `check_parameters` raises for the first argument that violates its own.

>>> constraints = {"epochs": choice("auto") | integer(least=1), "noise": number(least=0), "hidden": sizes()}
>>> check_parameters({"epochs": 5, "noise": 0.5, "hidden": (64, 32)}, constraints)
>>> check_parameters({"epochs": 0}, constraints)
Traceback (most recent call last):
ValueError: epochs must be 'auto' or a whole number of at least 1; found 0
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from nnlite.suggestions import did_you_mean
from nnlite.types import Array


class Constraint:
    """A set of allowed values and its description.

    Parameters
    ----------
    description : str
        Noun phrase for the allowed values, for errors: ``"a number of at least 0"``.
    accepts : callable
        Takes any object; returns True for an allowed value.
    names : tuple of str, default ()
        The allowed strings, if they are certain ones.

    Examples
    --------
    Constraints are combined with ``|``:

    >>> rate = choice("auto", None) | number(above=0)
    >>> rate.description
    "one of 'auto', None or a number above 0"
    >>> [rate.accepts(value) for value in ("auto", 0.1, 0.0)]
    [True, True, False]
    """

    def __init__(self, description: str, accepts: Callable[[Any], bool], names: tuple[str, ...] = ()) -> None:
        self.description = description
        self.accepts = accepts
        self.names = names

    def __or__(self, other: Constraint) -> Constraint:
        """Return the constraint that allows the values of both."""
        return Constraint(
            f"{self.description} or {other.description}",
            lambda value: self.accepts(value) or other.accepts(value),
            (*self.names, *other.names),
        )

    def __repr__(self) -> str:
        """Return the description."""
        return f"<Constraint: {self.description}>"


def check_value(name: str, value: Any, constraint: Constraint) -> None:
    """Raise a ValueError that names the argument, the constraint and the value, unless the value is allowed.

    Examples
    --------
    >>> check_value("target", 0.9, number(above=0, most=1))
    >>> check_value("target", 2, number(above=0, most=1))
    Traceback (most recent call last):
    ValueError: target must be a number above 0 and at most 1; found 2
    """
    if not constraint.accepts(value):
        meant = did_you_mean(value, constraint.names) if isinstance(value, str) else ""
        raise ValueError(f"{name} must be {constraint.description}; found {value!r}{meant}")


def check_argument(owner: object, name: str, value: Any, constraint: Constraint) -> None:
    """Check an argument of a constructor as `check_value` does; the error begins with the name of the class.

    Parameters
    ----------
    owner : object
        The object under construction.
    name : str
        Name of the argument.
    value : object
        Its value.
    constraint : Constraint
        The allowed values.
    """
    check_value(f"{type(owner).__name__}: {name}", value, constraint)


def check_parameters(parameters: Mapping[str, Any], constraints: Mapping[str, Constraint]) -> None:
    """Raise a ValueError for the first parameter, in the order of the constraints, that violates its constraint.

    Parameters
    ----------
    parameters : mapping of str to object
        The arguments of a constructor by name, such as ``get_params()`` returns. Those without a constraint are free,
        and constraints without a parameter are left out.
    constraints : mapping of str to Constraint
        The constraint of each parameter.
    """
    for name, constraint in constraints.items():
        if name in parameters:
            check_value(name, parameters[name], constraint)


def is_integer(value: Any) -> bool:
    """Return whether a value is an integer of Python or NumPy; booleans and durations are not.

    Examples
    --------
    >>> [is_integer(value) for value in (3, np.int32(3), 3.0, True, "3")]
    [True, True, False, False, False]
    """
    # NumPy derives timedelta64 from its integers.
    return isinstance(value, (int, np.integer)) and not isinstance(value, (bool, np.timedelta64))


def is_number(value: Any) -> bool:
    """Return whether a value is an integer or a floating-point number of Python or NumPy, NaN and infinity included.

    Examples
    --------
    >>> [is_number(value) for value in (3, np.float32(0.5), float("nan"), True, "3", None)]
    [True, True, True, False, False, False]
    """
    return is_integer(value) or isinstance(value, (float, np.floating))


def integer(least: int | None = None, most: int | None = None) -> Constraint:
    """Return the constraint of integers within bounds, both included.

    Examples
    --------
    >>> integer(least=1).description, integer(0, 9).description
    ('a whole number of at least 1', 'a whole number from 0 to 9')
    """
    bounds = _describe_bounds(least, None, most, None)
    return Constraint(
        f"a whole number{bounds}", lambda value: is_integer(value) and _is_within(value, least, None, most, None)
    )


def number(
    least: float | None = None, *, above: float | None = None, most: float | None = None, below: float | None = None
) -> Constraint:
    """Return the constraint of finite numbers within bounds.

    Parameters
    ----------
    least, most : float, optional
        Bounds that are allowed themselves.
    above, below : float, optional
        Bounds that are not.

    Examples
    --------
    >>> number(least=0).description, number(above=0, below=1).description, number(0, most=1).description
    ('a number of at least 0', 'a number above 0 and below 1', 'a number from 0 to 1')
    """
    bounds = _describe_bounds(least, above, most, below)
    return Constraint(
        f"a number{bounds}",
        lambda value: is_number(value) and abs(value) < np.inf and _is_within(value, least, above, most, below),
    )


def boolean() -> Constraint:
    """Return the constraint of True and False, those of NumPy included."""
    return Constraint("True or False", lambda value: isinstance(value, (bool, np.bool_)))


def choice(*values: Any) -> Constraint:
    """Return the constraint of certain values, such as strings or None.

    Examples
    --------
    >>> choice("mean", "median").description, choice("auto").description
    ("one of 'mean', 'median'", "'auto'")
    """
    choices = ", ".join(map(repr, values))
    return Constraint(
        choices if len(values) == 1 else f"one of {choices}",
        lambda value: any(value is one or _is_same(value, one) for one in values),
        tuple(value for value in values if isinstance(value, str)),
    )


def _is_same(value: Any, one: Any) -> bool:
    """Compare a value, which may be a scalar of NumPy, with a choice of Python; 1 and True are different."""
    plain = value.item() if isinstance(value, np.generic) else value
    return isinstance(plain, type(one)) and bool(plain == one)


def sequence_of(element: Constraint, description: str) -> Constraint:
    """Return the constraint of non-empty sequences of allowed elements; a single element counts as a sequence of one.

    A string is one element, not a sequence of characters.

    Examples
    --------
    >>> levels = sequence_of(number(least=0), "a number of at least 0, or several of them")
    >>> [levels.accepts(value) for value in (0.5, [0.2, 0.5], [], [-1.0], "abc")]
    [True, True, False, False, False]
    """

    def accepts(value: Any) -> bool:
        elements = list(value) if isinstance(value, Iterable) and not isinstance(value, (str, bytes)) else [value]
        return bool(elements) and all(map(element.accepts, elements))

    return Constraint(description, accepts)


def sizes() -> Constraint:
    """Return the constraint of the sizes of one layer or more."""
    return sequence_of(integer(least=1), "the sizes of one or more layers, such as (64, 32)")


def text(description: str) -> Constraint:
    """Return the constraint of text, or None; the description says what text it is."""
    return Constraint(description, lambda value: value is None or isinstance(value, str))


def names(what: str = "column names") -> Constraint:
    """Return the constraint of lists of text, by default of column names, or None."""

    def accepts(value: Any) -> bool:
        if value is None:
            return True
        is_list = isinstance(value, Iterable) and not isinstance(value, (str, bytes))
        return is_list and all(isinstance(name, str) for name in value)

    return Constraint(f"a list of {what}", accepts)


def as_finite(name: str, values: Any, ndim: int = 1) -> Array:
    """Return numbers as a float64 array.

    Parameters
    ----------
    name : str
        Name of the argument, for errors.
    values : array_like
        Numbers, at least one.
    ndim : int, default 1
        Number of dimensions.

    Returns
    -------
    ndarray of float64
        Array with `ndim` dimensions.

    Raises
    ------
    ValueError
        If the array is empty, has another number of dimensions, is not numeric, or contains NaN or infinity.

    Examples
    --------
    >>> as_finite("scores", [1, 2]).tolist()
    [1.0, 2.0]
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be finite numbers; {error}") from error
    if array.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} dimension(s); found shape {array.shape}")
    if not array.size:
        raise ValueError(f"{name} must be finite numbers, at least one; found shape {array.shape}")
    if not np.isfinite(array).all():
        index = tuple(np.argwhere(~np.isfinite(array))[0].tolist())
        raise ValueError(
            f"{name} must be finite numbers; found {array[index]} at position {', '.join(map(str, index))}"
        )
    return array


def as_binary(name: str, values: Any, unit: str = "record", *, allow_empty: bool = False) -> Array:
    """Return labels as a vector of the integers 0 and 1.

    Parameters
    ----------
    name : str
        Name of the argument, for errors.
    values : array_like of 0 and 1, or of False and True, of shape (n,)
        Labels.
    unit : str, default "record"
        Noun for the object that has the label, for errors.
    allow_empty : bool, default False
        Whether there may be no labels.

    Returns
    -------
    ndarray of int64 of shape (n,)
        Labels.

    Raises
    ------
    ValueError
        If the labels are not a vector, or one of them is neither 0 nor 1.

    Examples
    --------
    >>> as_binary("y_true", [True, False]).tolist()
    [1, 0]
    """
    labels = np.asarray(values)
    if labels.ndim != 1 or not (labels.size or allow_empty):
        raise ValueError(f"{name} must hold one label per {unit}, shape (n,); found shape {labels.shape}")
    is_binary = np.isin(labels, (0, 1))
    if not is_binary.all():
        others = np.unique(labels[~is_binary])[:5].tolist()
        raise ValueError(
            f"{name} must hold 0 for normal {unit}s and 1 for anomalies; found {others}. "
            f"Map them first: ({name} != 'normal').astype(int), or ({name} == -1).astype(int)"
        )
    return labels.astype(np.int64)


def _is_within(value: float, least: float | None, above: float | None, most: float | None, below: float | None) -> bool:
    return (
        (least is None or least <= value)
        and (above is None or above < value)
        and (most is None or value <= most)
        and (below is None or value < below)
    )


def _describe_bounds(least: float | None, above: float | None, most: float | None, below: float | None) -> str:
    if least is not None and most is not None:
        return f" from {_format(least)} to {_format(most)}"
    words = (("of at least", least), ("above", above), ("at most", most), ("below", below))
    if least is None and above is None and most is not None:
        return f" of at most {_format(most)}"
    bounds = [f"{word} {_format(bound)}" for word, bound in words if bound is not None]
    return f" {' and '.join(bounds)}" if bounds else ""


def _format(bound: float) -> str:
    return str(bound) if isinstance(bound, int) else f"{bound:g}"
