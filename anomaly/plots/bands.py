"""Segments of a series over its axis of time, shaded or as bars, and the gaps between them, which no line crosses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anomaly.events import find_segments
from anomaly.plots.figures import GREY
from nnlite.types import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GAP = 10
"""A step of more than this many median steps is a gap."""
_LEAST_WIDTH = 0.8


def shade(ax: Axes, times: Array, flags: Array | None, color: str, label: str | None = None) -> None:
    """Shade segments, each of them with an outline that is seen where a long series leaves it no width.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Axes to draw on.
    times : ndarray of shape (n_steps,)
        Times, increasing.
    flags : ndarray of bool of shape (n_steps,) or None
        Steps to shade.
    color : str
        Colour.
    label : str, optional
        Entry of a legend.
    """
    if flags is None:
        return
    for start, end in spans(times, flags):
        ax.axvspan(start, end, facecolor=(color, 0.22), edgecolor=(color, 0.5), linewidth=_LEAST_WIDTH, label=label)
        label = None


def mark_segments(
    ax: Axes, times: Array, flags: Array | None, color: str = GREY, bottom: float = 0.94, top: float = 1.0
) -> None:
    """Mark segments by bars between two fractions of the height of the axes, by default along the top."""
    if flags is None:
        return
    for start, end in spans(times, flags):
        ax.axvspan(start, end, bottom, top, color=color, linewidth=_LEAST_WIDTH, clip_on=top <= 1.0)


def spans(times: Array, flags: Array) -> list[tuple[Any, Any]]:
    """Return start and end time of each segment: the end is the time of the next step, unless a gap precedes it."""
    step = median_step(times)
    spans = []
    for start, end in find_segments(flags):
        after = times[end - 1] + step
        spans.append((times[start], after if end == len(times) else min(after, times[end])))
    return spans


def median_step(times: Array) -> Any:
    """Return the median step between distinct times; with one time alone, one unit of its dtype.

    On an axis of dates a unit shorter than a minute would be invisible: then the step is a minute.
    """
    steps = np.sort(np.diff(np.unique(times)))
    if len(steps):
        return steps[len(steps) // 2]
    is_short = times.dtype.kind == "M" and np.datetime_data(times.dtype)[0] not in ("Y", "M", "W", "D", "h")
    return np.timedelta64(1, "m") if is_short else 1


def interrupted(at: Array, values: Array) -> tuple[Array, Array]:
    """Return the points of a line with a missing one in each gap in time."""
    gaps = np.flatnonzero(np.diff(at) > GAP * median_step(at)) + 1
    return np.insert(at, gaps, at[gaps - 1]), np.insert(values, gaps, np.nan)


def isolated_dots(values: Array) -> dict[str, Any]:
    """Return the style of a line in which values between missing ones, which no line goes through, are dots.

    Examples
    --------
    >>> import numpy as np
    >>> isolated_dots(np.array([1.0, np.nan, 2.0, 3.0]))["markevery"]
    [0]
    """
    present = np.concatenate([[False], np.isfinite(values), [False]])
    isolated = np.flatnonzero(present[1:-1] & ~present[:-2] & ~present[2:])
    return {"marker": ".", "markersize": 3, "markevery": isolated.tolist()} if len(isolated) else {}
