"""Plots of series: the sensors with alarms, the reconstruction, and the contributions of the sensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from anomaly.events import find_segments
from anomaly.plots.bands import GAP, interrupted, isolated_dots, mark_segments, median_step, shade
from anomaly.plots.figures import ANOMALY, DARK, NORMAL, axes_or_new, legend_above, shorten, style_axes
from anomaly.plots.scores import plot_scores_over_time
from anomaly.plots.times import as_times, count_label, date_axis
from anomaly.plots.validation import as_mask, check_length
from nnlite.types import Array
from nnlite.validation import as_finite

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PANEL_HEIGHT, _WIDTH = 1.1, 8.0
_MOST_COLUMNS = 1000
_DECADES = 4
# Heights in inches: of the name of a sensor in the map, of the margins above and below the map, and of the figure.
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
    """Plot sensors below each other over one time axis, with alarms shaded.

    Parameters
    ----------
    values : array_like of shape (n_steps, n_sensors) or (n_steps,)
        Measured values; NaN interrupts the line.
    alarms : array_like of shape (n_steps,), optional
        Predicted labels, as returned by ``predict``; alarms are shaded.
    names : sequence of str, optional
        Names of the sensors.
    scores : array_like of shape (n_steps,), optional
        Anomaly scores, plotted below the sensors.
    threshold : float, optional
        A line among the scores. Without `alarms`, higher scores are marked.
    labels : array_like of shape (n_steps,), optional
        True labels; anomalies are bars at the top of each panel.
    time : array_like of shape (n_steps,), optional
        Times, as numbers or datetime64; numbers of the steps by default.
    first : int, default 0
        Number of the first step, if there is no `time`.
    contributions : array_like of shape (n_steps, n_sensors), optional
        Result of a detector's ``explain``. With it, only the sensors with the largest contributions are plotted, in
        their original order, and the title says so; without it, all.
    top : int, default 12
        The largest number of sensors, if there are `contributions`.
    ax : Axes or sequence of Axes, optional
        Axes to draw on: one for each sensor plotted, and one for `scores`; those of a new figure by default.

    Returns
    -------
    list of matplotlib.axes.Axes
        The axes with the plots, from the top.

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
        raise ValueError(f"values must have shape (n_steps, n_sensors), at least one step; found shape {matrix.shape}")
    n_steps, n_sensors = matrix.shape
    names = [f"x{j}" for j in range(n_sensors)] if names is None else list(names)
    check_length(names, "names", n_sensors)
    flags = _optional_mask(alarms, "alarms", n_steps)
    truth = _optional_mask(labels, "labels", n_steps)
    times = as_times(time, n_steps, first)
    chosen = range(n_sensors) if contributions is None else _contributing_most(contributions, matrix.shape, top)
    panels = _panels(ax, len(chosen) + (scores is not None))
    for panel, j in zip(panels, chosen, strict=False):
        _plot_line(panel, times, matrix[:, j], NORMAL)
        style_axes(panel, "", "", shorten(str(names[j])), grid="y")
        panel.yaxis.label.set(rotation=0, ha="right", va="center")
    if scores is not None:
        _plot_scores(panels[-1], scores, threshold, time, first, flags)
    for panel in panels:
        if scores is None or panel is not panels[-1]:
            shade(panel, times, flags, ANOMALY)
        mark_segments(panel, times, truth)
        panel.label_outer()
    title = _title(flags, truth, len(chosen), n_sensors)
    panels[0].set_title(title, loc="left", fontsize="medium", fontweight="bold", color=DARK)
    panels[-1].set_xlabel(_step_label(time, first), color=DARK)
    date_axis(panels[-1], times)
    panels[0].figure.align_ylabels(panels)
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
    """Plot one sensor and its reconstruction or forecast by the network.

    Parameters
    ----------
    values, expected : array_like of shape (n_steps,)
        Measured values, and their reconstruction or forecast: columns of the results of a detector's ``observe`` and
        ``reconstruct``.
    alarms : array_like of shape (n_steps,), optional
        Predicted labels; alarms are shaded.
    name : str, default "value"
        Name of the sensor.
    time : array_like of shape (n_steps,), optional
        Times, as numbers or datetime64; numbers of the steps by default.
    first : int, default 0
        Number of the first step, if there is no `time`.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; those of a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes with the plot.

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
        raise ValueError(f"values must have one dimension, at least one step; found shape {measured.shape}")
    check_length(expected, "expected", len(measured))
    flags = _optional_mask(alarms, "alarms", len(measured))
    times = as_times(time, len(measured), first)
    ax = axes_or_new(ax)
    _plot_line(ax, times, measured, NORMAL, label="measured")
    _plot_line(ax, times, np.asarray(expected, dtype=np.float64), DARK, label="expected", linestyle="--")
    shade(ax, times, flags, ANOMALY, label="alarm")
    style_axes(ax, f"{name}, measured and expected", _step_label(time, first), name)
    date_axis(ax, times)
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
    """Plot the contribution of each sensor to the score of each step, as a heat map.

    The colours are logarithmic over four powers of ten below the largest contribution. Of long series, the largest
    contribution in each of a thousand segments is plotted. The height of a new figure increases with the number of
    sensors, up to ten inches; if not all their names fit, every second sensor is named, or every third, and so on.

    Parameters
    ----------
    contributions : array_like of shape (n_steps, n_sensors)
        Result of a detector's ``explain``.
    names : sequence of str
        Names of the sensors.
    alarms : array_like of shape (n_steps,), optional
        Predicted labels; alarms are bars along the top.
    time : array_like of shape (n_steps,), optional
        Times, as numbers or datetime64, increasing; numbers of the steps by default.
    first : int, default 0
        Number of the first step, if there is no `time`.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; those of a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes with the plot.

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

    parts = as_finite("contributions", contributions, ndim=2)
    n_steps, n_sensors = parts.shape
    check_length(names, "names", n_sensors)
    if parts.min() < 0:
        raise ValueError(f"contributions must not be negative; found {parts.min():g}")
    flags = _optional_mask(alarms, "alarms", n_steps)
    times = as_times(time, n_steps, first)
    ax, height = _map_axes(ax, n_sensors)
    edges, cells = _columns(parts, times)
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
    bar = ax.figure.colorbar(mesh, ax=ax, pad=0.02, aspect=7.0 * height)
    bar.set_label("contribution to the score", color=DARK)
    bar.outline.set_visible(False)
    title = "Contributions of the sensors to the scores"
    if flags is not None:
        title += f"; alarms as bars ({len(find_segments(flags)):,})"
    style_axes(ax, title, _step_label(time, first), "", grid="")
    _name_rows(ax, names, height)
    # The bar has ten points above the map, whatever the height of the map.
    mark_segments(ax, times, flags, ANOMALY, 1.0 + 0.01 / height, 1.0 + 0.09 / height)
    ax.set_title(ax.get_title(loc="left"), loc="left", fontsize="medium", fontweight="bold", color=DARK, pad=10.0)
    date_axis(ax, times)
    return ax


# -- parts -------------------------------------------------------------------------------------


def _optional_mask(values: Any, name: str, length: int) -> Array | None:
    return None if values is None else as_mask(values, name, length)


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
    """Return the sensors with the largest contributions over all steps, in their original order."""
    parts = as_finite("contributions", contributions, ndim=2)
    if parts.shape != shape:
        raise ValueError(f"contributions must have the shape of values, {shape}; found shape {parts.shape}")
    if top < 1:
        raise ValueError(f"top must be at least 1; found {top}")
    return sorted(np.argsort(-parts.sum(axis=0), kind="stable")[:top].tolist())


def _plot_scores(ax: Axes, scores: Any, threshold: float | None, time: Any, first: int, alarms: Array | None) -> None:
    """Plot scores in the last of many panels, with short labels."""
    plot_scores_over_time(scores, threshold, time=time, alarms=alarms, first=first, ax=ax)
    ax.set_title("", loc="left")
    name = "score\n(logarithmic\nscale)" if ax.get_yscale() == "log" else "score"
    ax.set_ylabel(name, rotation=0, ha="right", va="center")
    legend = ax.get_legend()
    if legend is not None:
        legend.remove()


def _columns(parts: Array, times: Array) -> tuple[Array, Array]:
    """Return the edges and the cells of the columns of a map, NaN in gaps in time."""
    step = median_step(times)
    # A column ends where a gap begins.
    after = np.flatnonzero(np.diff(times) > GAP * step) + 1
    starts = np.linspace(0, len(parts), _MOST_COLUMNS, endpoint=False).astype(np.int64)
    starts = np.unique(np.append(starts, after[:_MOST_COLUMNS]))
    cells = np.maximum.reduceat(parts, starts, axis=0).T
    ends = times[np.append(starts[1:], len(parts)) - 1] + step
    edges = np.append(times[starts], ends[-1])
    gaps = np.flatnonzero(edges[1:] - ends > GAP * step) + 1
    return np.insert(edges, gaps, ends[gaps - 1]), np.insert(cells, gaps, np.nan, axis=1)


def _map_axes(ax: Axes | None, n_sensors: int) -> tuple[Axes, float]:
    """Return axes for a map, and their height in inches; that of new axes excludes the margins of the figure."""
    if ax is not None:
        return ax, float(ax.get_window_extent().height / ax.figure.dpi)
    height = float(np.clip(_AROUND_MAP + _ROW_HEIGHT * n_sensors, *_MAP_HEIGHTS))
    return axes_or_new(None, (6.0, height)), height - _AROUND_MAP


def _name_rows(ax: Axes, names: Sequence[str], height: float) -> None:
    """Name the sensors of a map, or as many of them as fit, at a constant stride."""
    stride = int(np.ceil(_ROW_HEIGHT * len(names) / height))
    ax.set_yticks(range(0, len(names), stride), [shorten(str(name)) for name in names[::stride]], fontsize="small")
    if stride > 1:
        ax.set_ylabel(f"{len(names):,} sensors, one in {stride} named", color=DARK)


def _step_label(time: Any, first: int) -> str:
    return count_label("step", first) if time is None else "time"


def _plot_line(ax: Axes, times: Array, values: Array, color: str, **style: Any) -> None:
    """Plot a line; of a long series, the smallest and the largest value of each of two thousand segments.

    No line crosses a gap in time. A value between two missing ones is not part of a line, and is plotted as a dot.
    """
    if len(values) > 8 * _MOST_COLUMNS:
        starts = np.arange(2 * _MOST_COLUMNS) * len(values) // (2 * _MOST_COLUMNS)
        pairs = [np.fmin.reduceat(values, starts), np.fmax.reduceat(values, starts)]
        times, values = np.repeat(times[starts], 2), np.column_stack(pairs).ravel()
    times, values = interrupted(times, values)
    ax.plot(times, values, color=color, linewidth=0.9, **isolated_dots(values), **style)


def _title(flags: Array | None, truth: Array | None, n_plotted: int, n_sensors: int) -> str:
    sensors = (
        "Sensors" if n_plotted == n_sensors else f"{n_plotted} of {n_sensors:,} sensors, with the largest contributions"
    )
    words = []
    if flags is not None:
        words.append(f"alarms shaded ({len(find_segments(flags)):,})")
    if truth is not None:
        words.append(f"true anomalies as bars ({len(find_segments(truth)):,})")
    # The title has two lines if some sensors are left out.
    separator = "; " if n_plotted == n_sensors else ";\n"
    return sensors + separator + ", ".join(words) if words else sensors
