"""Series: what the sensors did, where the alarms are, what was expected, and which sensors they are due to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from anomaly.events import find_segments
from anomaly.plots.checks import finite_numbers, same_length, zeros_and_ones
from anomaly.plots.figures import ANOMALY, DARK, GREY, NORMAL, axes_to_draw_on, dress, legend_above, shortened
from anomaly.plots.scores import plot_scores_over_time
from anomaly.plots.times import count_label, date_axis, moments_of
from nnlite.types import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PANEL_HEIGHT, _WIDTH = 1.1, 8.0
_MOST_COLUMNS = 1000
_DECADES = 4
# So many times the usual step without any is a gap.
_GAP = 10
# Heights in inches: of the name of a sensor in the map, of what is above and below it, and of the figure.
_ROW_HEIGHT, _AROUND_MAP, _MAP_HEIGHTS = 0.145, 0.9, (4.0, 10.0)


def plot_series(
    values: Any,
    alarms: Any = None,
    *,
    names: Sequence[str] | None = None,
    scores: Any = None,
    threshold: float | None = None,
    labels: Any = None,
    time: Any = None,
    first: int = 0,
    contributions: Any = None,
    top: int = 12,
    ax: Axes | Sequence[Axes] | None = None,
) -> list[Axes]:
    """Draw sensors below each other over one time axis, with alarms shaded.

    Parameters
    ----------
    values : array_like of shape (n_steps, n_sensors) or (n_steps,)
        What was measured; NaN leaves a hole in the line.
    alarms : array_like of shape (n_steps,), optional
        1 where there is an alarm: what ``predict`` returns. Shaded.
    names : sequence of str, optional
        Of the sensors.
    scores : array_like of shape (n_steps,), optional
        Anomaly scores, drawn below the sensors.
    threshold : float, optional
        Above it a score is an alarm.
    labels : array_like of shape (n_steps,), optional
        The truth: 1 for anomalies, drawn as a bar at the top of each panel.
    time : array_like of shape (n_steps,), optional
        Numbers or datetime64; numbers of the steps by default.
    first : int, default 0
        The number of the first step, where there is no `time`: 1 counts as people do.
    contributions : array_like of shape (n_steps, n_sensors), optional
        What a detector's ``explain`` returns. With them, only the sensors that contribute most are drawn, in the
        order they come in, and the title says so; without them, all.
    top : int, default 12
        How many sensors to draw at most, where there are `contributions`.
    ax : Axes or sequence of Axes, optional
        Where to draw: one for each sensor drawn, and one for the scores if they are given; a new figure by default.

    Returns
    -------
    list of matplotlib.axes.Axes
        What was drawn on, from the top.

    Raises
    ------
    ValueError
        If lengths differ, labels are not 0 or 1, `top` is below 1, or the number of axes is wrong.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> panels = plot_series([[0, 5], [1, 6], [0, 9]], [0, 0, 1], names=["flow", "heat"], ax=Figure().subplots(2))
    >>> [panel.get_ylabel() for panel in panels]
    ['flow', 'heat']
    """
    matrix = np.asarray(values, dtype=np.float64)
    matrix = matrix[:, np.newaxis] if matrix.ndim == 1 else matrix
    if matrix.ndim != 2 or not matrix.size:
        raise ValueError(f"values must have shape (n_steps, n_sensors), and steps; found shape {matrix.shape}")
    n_steps, n_sensors = matrix.shape
    names = [f"x{j}" for j in range(n_sensors)] if names is None else list(names)
    same_length(names, "names", n_sensors)
    flags = _flags(alarms, "alarms", n_steps)
    truth = _flags(labels, "labels", n_steps)
    moments = moments_of(time, n_steps, first)
    shown = range(n_sensors) if contributions is None else _contributing_most(contributions, matrix.shape, top)
    panels = _panels(ax, len(shown) + (scores is not None))
    for panel, j in zip(panels, shown, strict=False):
        _plot_line(panel, moments, matrix[:, j], NORMAL)
        dress(panel, "", "", shortened(str(names[j])), grid="y")
        panel.yaxis.label.set(rotation=0, ha="right", va="center")
    if scores is not None:
        _plot_scores(panels[-1], scores, threshold, time, first)
    for panel in panels:
        _shade(panel, moments, flags, ANOMALY)
        _bar(panel, moments, truth)
        panel.label_outer()
    title = _title(flags, truth, len(shown), n_sensors)
    panels[0].set_title(title, loc="left", fontsize="medium", fontweight="bold", color=DARK)
    panels[-1].set_xlabel(_step_label(time, first), color=DARK)
    date_axis(panels[-1], moments)
    return panels


def plot_reconstruction(
    values: Any,
    expected: Any,
    alarms: Any = None,
    *,
    name: str = "value",
    time: Any = None,
    first: int = 0,
    ax: Axes | None = None,
) -> Axes:
    """Draw one sensor, and over it what the network expected it to be.

    Parameters
    ----------
    values, expected : array_like of shape (n_steps,)
        What was measured, and the reconstruction or forecast: columns of what a detector's ``observe`` and
        ``reconstruct`` return.
    alarms : array_like of shape (n_steps,), optional
        1 where there is an alarm; shaded.
    name : str, default "value"
        Of the sensor.
    time : array_like of shape (n_steps,), optional
        Numbers or datetime64; numbers of the steps by default.
    first : int, default 0
        The number of the first step, where there is no `time`: 1 counts as people do.
    ax : matplotlib.axes.Axes, optional
        Where to draw; on a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        What was drawn on.

    Raises
    ------
    ValueError
        If lengths differ.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = plot_reconstruction([0, 1, 0], [0, 0.9, 0.1], name="flow", ax=Figure().add_subplot())
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['measured', 'expected']
    """
    measured = np.asarray(values, dtype=np.float64)
    if measured.ndim != 1 or not measured.size:
        raise ValueError(f"values must have one dimension, and steps; found shape {measured.shape}")
    same_length(expected, "expected", len(measured))
    flags = _flags(alarms, "alarms", len(measured))
    moments = moments_of(time, len(measured), first)
    ax = axes_to_draw_on(ax)
    _plot_line(ax, moments, measured, NORMAL, label="measured")
    _plot_line(ax, moments, np.asarray(expected, dtype=np.float64), DARK, label="expected", linestyle="--")
    _shade(ax, moments, flags, ANOMALY, label="alarm")
    dress(ax, f"{name}, and what was expected of it", _step_label(time, first), name)
    date_axis(ax, moments)
    legend_above(ax)
    return ax


def plot_contribution_map(
    contributions: Any,
    names: Sequence[str],
    alarms: Any = None,
    *,
    time: Any = None,
    first: int = 0,
    ax: Axes | None = None,
) -> Axes:
    """Draw how much each sensor contributes to the score of each step, as a heat map.

    The colours are logarithmic over four powers of ten below the largest contribution. Of long series, the largest of
    each of a thousand stretches is drawn. A new figure grows with the number of sensors, up to ten inches; where
    there is no room for all their names, every second is named, or every third, and so on.

    Parameters
    ----------
    contributions : array_like of shape (n_steps, n_sensors)
        What a detector's ``explain`` returns.
    names : sequence of str
        Of the sensors.
    alarms : array_like of shape (n_steps,), optional
        1 where there is an alarm; drawn as bars along the top.
    time : array_like of shape (n_steps,), optional
        Numbers or datetime64, increasing; numbers of the steps by default.
    first : int, default 0
        The number of the first step, where there is no `time`: 1 counts as people do.
    ax : matplotlib.axes.Axes, optional
        Where to draw; on a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        What was drawn on.

    Raises
    ------
    ValueError
        If lengths differ, or a contribution is not finite or negative.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = plot_contribution_map([[0.1, 0.2], [0.1, 9.0]], ["flow", "heat"], ax=Figure().add_subplot())
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['flow', 'heat']
    """
    from matplotlib.colors import LogNorm

    parts = finite_numbers(contributions, "contributions", ndim=2)
    n_steps, n_sensors = parts.shape
    same_length(names, "names", n_sensors)
    if parts.min() < 0:
        raise ValueError(f"contributions must not be negative; found {parts.min():g}")
    flags = _flags(alarms, "alarms", n_steps)
    moments = moments_of(time, n_steps, first)
    ax, room = _map_axes(ax, n_sensors)
    edges, cells = _columns(parts, moments)
    top = float(np.nanmax(cells)) or 1.0
    mesh = ax.pcolormesh(
        edges,
        np.arange(n_sensors + 1) - 0.5,
        np.maximum(cells, top * 10.0**-_DECADES),
        cmap="inferno",
        norm=LogNorm(top * 10.0**-_DECADES, top),
        rasterized=True,
    )
    ax.set_ylim(n_sensors - 0.5, -0.5)
    bar = ax.figure.colorbar(mesh, ax=ax, pad=0.02, aspect=7.0 * room)
    bar.set_label("contribution to the score", color=DARK)
    bar.outline.set_visible(False)
    dress(ax, "Which sensors the scores are due to", _step_label(time, first), "", grid="")
    _name_rows(ax, names, room)
    # Above the map there are ten points for it, however high the map is.
    _bar(ax, moments, flags, ANOMALY, 1.0 + 0.01 / room, 1.0 + 0.09 / room)
    ax.set_title(ax.get_title(loc="left"), loc="left", fontsize="medium", fontweight="bold", color=DARK, pad=10.0)
    date_axis(ax, moments)
    return ax


# -- parts -------------------------------------------------------------------------------------


def _flags(values: Any, name: str, length: int) -> Array | None:
    return None if values is None else zeros_and_ones(values, name, length)


def _panels(ax: Any, count: int) -> list[Axes]:
    if ax is None:
        from matplotlib import pyplot

        size = (_WIDTH, 0.8 + _PANEL_HEIGHT * count)
        return list(pyplot.subplots(count, sharex=True, squeeze=False, figsize=size, layout="constrained")[1][:, 0])
    panels = list(np.ravel(ax))
    if len(panels) != count:
        raise ValueError(f"ax must be {count} axes, one for each panel; found {len(panels)}")
    return panels


def _contributing_most(contributions: Any, shape: tuple[int, ...], top: int) -> list[int]:
    """Return the sensors that contribute most to the scores of all steps together, in the order they come in."""
    parts = finite_numbers(contributions, "contributions", ndim=2)
    if parts.shape != shape:
        raise ValueError(f"contributions must have the shape of values, {shape}; found shape {parts.shape}")
    if top < 1:
        raise ValueError(f"top must be at least 1; found {top}")
    return sorted(np.argsort(-parts.sum(axis=0), kind="stable")[:top].tolist())


def _plot_scores(ax: Axes, scores: Any, threshold: float | None, time: Any, first: int) -> None:
    """Draw scores in the last of many panels, where there is little room for words."""
    plot_scores_over_time(scores, threshold, time=time, first=first, ax=ax)
    ax.set_title("", loc="left")
    name = "score\n(logarithmic\nscale)" if ax.get_yscale() == "log" else "score"
    ax.set_ylabel(name, rotation=0, ha="right", va="center")
    legend = ax.get_legend()
    if legend is not None:
        legend.remove()


def _columns(parts: Array, moments: Array) -> tuple[Array, Array]:
    """Return the edges of the columns of a map and what they show, NaN where there is a gap in time."""
    starts = np.unique(np.linspace(0, len(parts), _MOST_COLUMNS, endpoint=False).astype(np.int64))
    cells = np.maximum.reduceat(parts, starts, axis=0).T
    usual = _usual_step(moments)
    ends = moments[np.append(starts[1:], len(parts)) - 1] + usual
    edges = np.append(moments[starts], ends[-1])
    gaps = np.flatnonzero(edges[1:] - ends > _GAP * usual) + 1
    return np.insert(edges, gaps, ends[gaps - 1]), np.insert(cells, gaps, np.nan, axis=1)


def _map_axes(ax: Axes | None, n_sensors: int) -> tuple[Axes, float]:
    """Return axes for a map, and their height in inches: of new ones, before they are laid out, by what is around."""
    if ax is not None:
        return ax, float(ax.get_window_extent().height / ax.figure.dpi)
    height = float(np.clip(_AROUND_MAP + _ROW_HEIGHT * n_sensors, *_MAP_HEIGHTS))
    return axes_to_draw_on(None, (6.0, height)), height - _AROUND_MAP


def _name_rows(ax: Axes, names: Sequence[str], room: float) -> None:
    """Name the sensors of a map, or as many of them, evenly spread, as there is room for."""
    stride = int(np.ceil(_ROW_HEIGHT * len(names) / room))
    ax.set_yticks(range(0, len(names), stride), [shortened(str(name)) for name in names[::stride]], fontsize="small")
    if stride > 1:
        ax.set_ylabel(f"{len(names):,} sensors, one in {stride} named", color=DARK)


def _step_label(time: Any, first: int) -> str:
    return count_label("step", first) if time is None else "time"


def _plot_line(ax: Axes, moments: Array, values: Array, color: str, **style: Any) -> None:
    """Draw a line; of a long one, the least and the largest value of each of some thousand stretches.

    A value between two that are missing has no line to be on: it is drawn as a dot.
    """
    if len(values) > 8 * _MOST_COLUMNS:
        starts = np.arange(2 * _MOST_COLUMNS) * len(values) // (2 * _MOST_COLUMNS)
        pairs = [np.fmin.reduceat(values, starts), np.fmax.reduceat(values, starts)]
        moments, values = np.repeat(moments[starts], 2), np.column_stack(pairs).ravel()
    there = np.concatenate([[False], np.isfinite(values), [False]])
    alone = np.flatnonzero(there[1:-1] & ~there[:-2] & ~there[2:])
    dots: dict[str, Any] = {"marker": ".", "markersize": 3, "markevery": alone.tolist()} if len(alone) else {}
    ax.plot(moments, values, color=color, linewidth=0.9, **dots, **style)


def _shade(ax: Axes, moments: Array, flags: Array | None, color: str, label: str | None = None) -> None:
    if flags is None:
        return
    for start, end in _spans(moments, flags):
        ax.axvspan(start, end, color=color, alpha=0.22, linewidth=0, label=label)
        label = None


def _bar(
    ax: Axes, moments: Array, flags: Array | None, color: str = GREY, bottom: float = 0.94, top: float = 1.0
) -> None:
    """Mark stretches by bars between two shares of the height of the axes, by default along the top."""
    if flags is None:
        return
    for start, end in _spans(moments, flags):
        ax.axvspan(start, end, bottom, top, color=color, linewidth=0, clip_on=top <= 1.0)


def _spans(moments: Array, flags: Array) -> list[tuple[Any, Any]]:
    """Return from when to when stretches last: to the step after each, but over no gap in time."""
    usual = _usual_step(moments)
    spans = []
    for start, end in find_segments(flags):
        after = moments[end - 1] + usual
        spans.append((moments[start], after if end == len(moments) else min(after, moments[end])))
    return spans


def _usual_step(moments: Array) -> Any:
    """Return the median time from one moment to the next; where there is only one moment, one unit of it.

    A unit that is shorter than a minute would be too short to be seen on an axis of dates: then it is a minute.
    """
    steps = np.sort(np.diff(np.unique(moments)))
    if len(steps):
        return steps[len(steps) // 2]
    is_short = moments.dtype.kind == "M" and np.datetime_data(moments.dtype)[0] not in ("Y", "M", "W", "D", "h")
    return np.timedelta64(1, "m") if is_short else 1


def _title(flags: Array | None, truth: Array | None, n_shown: int, n_sensors: int) -> str:
    sensors = "Sensors" if n_shown == n_sensors else f"{n_shown} of {n_sensors:,} sensors, those that contribute most"
    words = []
    if flags is not None:
        words.append(f"alarms shaded ({len(find_segments(flags)):,})")
    if truth is not None:
        words.append(f"true anomalies as bars ({len(find_segments(truth)):,})")
    # Both together would not fit into one line.
    mark = "; " if n_shown == n_sensors else ";\n"
    return sensors + mark + ", ".join(words) if words else sensors
