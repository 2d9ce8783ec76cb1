"""Time stamps on an axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anomaly.plots.checks import finite_numbers, same_length
from nnlite.types import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def moments_of(time: Any, length: int, first: int = 0) -> Array:
    """Return times as numbers or datetime64, if there is one for each record and none is missing, or a count.

    Examples
    --------
    >>> moments_of(None, 3, first=1).tolist()
    [1, 2, 3]
    """
    if time is None:
        return np.arange(first, first + length)
    moments = np.asarray(time)
    if moments.dtype.kind == "M":
        if moments.ndim != 1:
            raise ValueError(f"time must have 1 dimension(s); found shape {moments.shape}")
        missing = np.isnat(moments)
        if missing.any():
            raise ValueError(f"time must not be missing; found NaT at position {int(np.argmax(missing))}")
    else:
        moments = finite_numbers(time, "time")
    same_length(moments, "time", length)
    return moments


def count_label(what: str, first: int) -> str:
    """Name an axis of numbers of steps or records; where they do not start at 1, readers need to know.

    Examples
    --------
    >>> count_label("step", 0), count_label("step", 1)
    ('step, counted from 0', 'step')
    """
    return what if first == 1 else f"{what}, counted from {first}"


def date_axis(ax: Axes, moments: Array) -> None:
    """Label an axis of datetime64 with short dates."""
    if moments.dtype.kind == "M":
        from matplotlib.dates import ConciseDateFormatter

        ax.xaxis.set_major_formatter(ConciseDateFormatter(ax.xaxis.get_major_locator()))  # type: ignore[no-untyped-call]
