"""Timestamps on an axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anomaly.plots.validation import check_length
from nnlite.types import Array
from nnlite.validation import as_finite

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def as_times(time: Any, length: int, first: int = 0) -> Array:
    """Return times as numbers or datetime64; raise ValueError if one is missing. Without times, return a count.

    Examples
    --------
    >>> as_times(None, 3, first=1).tolist()
    [1, 2, 3]
    """
    if time is None:
        return np.arange(first, first + length)
    times = np.asarray(time)
    if times.dtype.kind == "M":
        if times.ndim != 1:
            raise ValueError(f"time must have 1 dimension(s); found shape {times.shape}")
        missing = np.isnat(times)
        if missing.any():
            raise ValueError(f"time must not be missing; found NaT at position {int(np.argmax(missing))}")
    else:
        times = as_finite("time", time)
    check_length(times, "time", length)
    return times


def count_label(unit: str, first: int) -> str:
    """Return the label of an axis of numbers of steps or records, which says where they are counted from 0.

    A part of a series that begins later has the numbers that its steps have in the whole one.

    Examples
    --------
    >>> count_label("step", 0), count_label("step", 1), count_label("step", 500)
    ('step, counted from 0', 'step', 'step')
    """
    return f"{unit}, counted from 0" if first == 0 else unit


def date_axis(ax: Axes, times: Array) -> None:
    """Label an axis of datetime64 with short dates."""
    if times.dtype.kind == "M":
        from matplotlib.dates import ConciseDateFormatter

        ax.xaxis.set_major_formatter(ConciseDateFormatter(ax.xaxis.get_major_locator()))  # type: ignore[no-untyped-call]
