"""Checks of what is to be drawn, so that messages name arguments and not Matplotlib's insides."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite.types import Array


def finite_numbers(values: Any, name: str, ndim: int = 1) -> Array:
    """Return numbers as a float64 array, if they are all finite and there are any.

    Parameters
    ----------
    values : array_like
        What the caller gave.
    name : str
        The argument's name, for messages.
    ndim : int, default 1
        How many dimensions it must have.

    Returns
    -------
    ndarray of float64
        Of `ndim` dimensions.

    Raises
    ------
    ValueError
        If it is empty, of another shape, not numeric, or holds NaN or infinity.

    Examples
    --------
    >>> finite_numbers([1, 2], "scores").tolist()
    [1.0, 2.0]
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be numbers; {error}") from error
    if array.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} dimension(s); found shape {array.shape}")
    if array.size == 0:
        raise ValueError(f"{name} is empty (shape {array.shape}); there is nothing to draw")
    if not np.isfinite(array).all():
        position = np.argwhere(~np.isfinite(array))[0]
        where = ", ".join(map(str, position.tolist()))
        raise ValueError(f"{name} must be finite; found {array[tuple(position)]} at position {where}")
    return array


def zeros_and_ones(values: Any, name: str, length: int) -> Array:
    """Return labels as truth values, if they are all 0 or 1 and as many as there are records.

    Parameters
    ----------
    values : array_like of shape (length,)
        0 or False for normal records, 1 or True for anomalies.
    name : str
        The argument's name, for messages.
    length : int
        Number of records.

    Returns
    -------
    ndarray of bool of shape (length,)
        True for anomalies.

    Raises
    ------
    ValueError
        If there are others, or their number differs.
    """
    array = finite_numbers(values, name)
    same_length(array, name, length)
    others = array[(array != 0) & (array != 1)]
    if others.size:
        raise ValueError(f"{name} must be 0 (normal) or 1 (anomaly); found {others[0]:g}")
    return array == 1


def same_length(values: Any, name: str, length: int) -> None:
    """Check that there is one value for each record, or each column.

    Raises
    ------
    ValueError
        If their number differs.
    """
    if len(values) != length:
        raise ValueError(f"{name} has {len(values):,} values; expected {length:,}, one for each that is drawn")
