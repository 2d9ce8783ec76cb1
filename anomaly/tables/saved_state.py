"""Validation of the fields of a saved state, which may come from an untrusted file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np

from anomaly.errors import DataError, format_value
from nnlite.types import Array

T = TypeVar("T")


def field(config: Any, name: str, kind: type[T]) -> T:
    """Return a JSON value of a configuration.

    Parameters
    ----------
    config : mapping
        A JSON object.
    name : str
        Name of the value.
    kind : type
        Exact type of the value; True is not an int.

    Raises
    ------
    DataError
        If the value is missing or of another type.
    """
    value = config.get(name) if isinstance(config, Mapping) else None
    if type(value) is not kind:
        raise DataError(f"preprocessing: expected a {kind.__name__} {name!r}; found {format_value(value)}")
    return value


def texts(config: Any, name: str) -> tuple[str, ...]:
    """Return a list of distinct strings of a configuration."""
    values = field(config, name, list)
    if not all(type(value) is str for value in values) or len(set(values)) < len(values):
        raise DataError(f"preprocessing: expected distinct texts in {name!r}")
    return tuple(values)


def vector(arrays: Mapping[str, Array], name: str, dtype: type = np.float64, length: int | None = None) -> Array:
    """Return a 1-D array of finite values.

    Raises
    ------
    DataError
        If the array is missing, of another dtype or length, or contains NaN or infinity.
    """
    array = arrays.get(name)
    if array is None or array.ndim != 1 or array.dtype != dtype:
        raise DataError(f"preprocessing: expected a vector of {dtype.__name__} {name!r}")
    if length is not None and len(array) != length:
        raise DataError(f"preprocessing: expected {length} values in {name!r}; found {len(array)}")
    if not np.isfinite(array).all():
        raise DataError(f"preprocessing: {name!r} contains values that are not finite")
    return array
