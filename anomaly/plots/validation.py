"""Validation of the input of plots, so that errors name arguments of the plot functions."""

from __future__ import annotations

from typing import Any

from nnlite.types import Array
from nnlite.validation import as_binary


def check_length(values: Any, name: str, length: int) -> None:
    """Raise ValueError unless there is one value for each record, step or column."""
    if len(values) != length:
        raise ValueError(f"{name} has {len(values):,} values; expected {length:,}, one for each that is drawn")


def as_mask(values: Any, name: str, length: int) -> Array:
    """Return labels as booleans, True for anomalies; raise ValueError unless there are `length` labels, all 0 or 1."""
    labels = as_binary(name, values)
    check_length(labels, name, length)
    return labels == 1
