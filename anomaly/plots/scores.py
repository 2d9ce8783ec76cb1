"""Plots of anomaly scores: their distribution, and their course over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anomaly.events import find_segments
from anomaly.plots.bands import interrupted, isolated_dots, shade
from anomaly.plots.figures import ANOMALY, DARK, GREY, NORMAL, axes_or_new, label_logarithmic, legend_above, style_axes
from anomaly.plots.times import as_times, count_label, date_axis
from anomaly.plots.validation import as_mask
from nnlite.types import Array
from nnlite.validation import as_finite

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# The axis of scores is logarithmic if the largest score is this many times the median.
_SKEWED = 10.0
_FEWEST_BARS, _MOST_BARS = 10, 60
# More segments than a figure has pixels across would not be visible.
_SEGMENTS = 2000
# A logarithmic axis begins at so small a fraction of the scores, divided by this.
_FEW, _BELOW = 0.01, 3.0


def plot_score_histogram(
    scores: Any,
    threshold: float | None = None,
    labels: Any = None,
    *,
    ax: Axes | None = None,
) -> Axes:
    """Plot the distribution of anomaly scores.

    With `labels`, normal records and anomalies have a histogram each, of fractions of their own number, so that a
    hundred anomalies are visible beside a million normal records. The horizontal axis is logarithmic if all scores are
    positive and the largest is more than ten times the median.

    Parameters
    ----------
    scores : array_like of shape (n_records,)
        Anomaly scores; larger is more anomalous.
    threshold : float, optional
        Records with a higher score are flagged; plotted as a line.
    labels : array_like of shape (n_records,), optional
        True labels: 1 for anomalies, 0 for normal records.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; those of a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes with the plot.

    Raises
    ------
    ValueError
        If a score is not finite, there are none, labels are not 0 or 1, or lengths differ.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = plot_score_histogram([1, 2, 2, 3, 9], 5.0, [0, 0, 0, 0, 1], ax=Figure().add_subplot())
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['normal (4)', 'anomalies (1)', 'threshold 5: 1 above']
    """
    values = as_finite("scores", scores)
    limit = None if threshold is None else float(as_finite("threshold", threshold, ndim=0))
    truth = None if labels is None else as_mask(labels, "labels", len(values))
    ax = axes_or_new(ax)
    logarithmic = _is_skewed(values, limit)
    edges = _edges(values, logarithmic)
    if truth is None:
        ax.hist(values, edges, color=NORMAL, label=f"records ({len(values):,})")
    else:
        _plot_class(ax, values[~truth], edges, NORMAL, "normal")
        _plot_class(ax, values[truth], edges, ANOMALY, "anomalies")
    if limit is not None:
        above = int((values > limit).sum())
        label = f"threshold {limit:.4g}: {above:,} above"
        ax.axvline(limit, color=DARK, linestyle="--", linewidth=1.4, label=label)
    if logarithmic:
        ax.set_xscale("log")
        label_logarithmic(ax.xaxis)
    scale = ", logarithmic scale" if logarithmic else ""
    y_label = "number of records" if truth is None else "fraction of the records of the class"
    style_axes(ax, "Anomaly scores", f"anomaly score{scale}", y_label)
    legend_above(ax)
    return ax


def plot_scores_over_time(
    scores: Any,
    threshold: float | None = None,
    time: Any = None,
    labels: Any = None,
    *,
    alarms: Any = None,
    first: int = 0,
    rows: Any = None,
    ax: Axes | None = None,
) -> Axes:
    """Plot anomaly scores in the order of time, or of the records, with the alarms.

    Of many records, the lowest and the highest score of each of 2000 segments are plotted, without a visible
    difference: a million records take as long as ten thousand.

    Parameters
    ----------
    scores : array_like of shape (n_records,)
        Anomaly scores; larger is more anomalous.
    threshold : float, optional
        A line. Without `alarms`, records with a higher score are marked as alarms.
    time : array_like of shape (n_records,), optional
        Times of the records, as numbers or datetime64, in any order; record numbers by default.
    labels : array_like of shape (n_records,), optional
        True labels: 1 for anomalies, 0 for normal records. Anomalies are marked along the bottom.
    alarms : array_like of shape (n_records,), optional
        Predicted labels, as returned by ``predict``: alarms are shaded. Those of a series need not be the scores above
        a threshold.
    first : int, default 0
        Number of the first record, if there is no `time`.
    rows : array_like of shape (n_records,), optional
        Numbers of the records' rows, in place of `first`, where some rows of a file are left out.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; those of a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes with the plot.

    Raises
    ------
    ValueError
        If a score or time is missing, there are none, labels are not 0 or 1, or lengths differ.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = plot_scores_over_time([1, 2, 9, 1], threshold=5.0, ax=Figure().add_subplot())
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['threshold 5', 'alarms (1)']
    """
    values = as_finite("scores", scores)
    limit = None if threshold is None else float(as_finite("threshold", threshold, ndim=0))
    truth = None if labels is None else as_mask(labels, "labels", len(values))
    flags = None if alarms is None else as_mask(alarms, "alarms", len(values))
    times = as_times(rows if time is None else time, len(values), first)
    order = np.argsort(times, kind="stable")
    times, values = times[order], values[order]
    ax = axes_or_new(ax)
    starts = _segment_starts(len(values))
    lowest, highest = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
    at = times[starts]
    if len(starts) == len(values):
        points = interrupted(at, values)
    else:
        points = interrupted(np.repeat(at, 2), np.column_stack([lowest, highest]).ravel())
    ax.plot(*points, color=NORMAL, linewidth=0.9, **isolated_dots(points[1]))
    if limit is not None:
        ax.axhline(limit, color=DARK, linestyle="--", linewidth=1.2, label=f"threshold {limit:.4g}")
    if flags is not None:
        shade(ax, times, flags[order], ANOMALY, label=f"alarms ({len(find_segments(flags[order])):,})")
    elif limit is not None:
        _mark_alarms(ax, at, highest, limit, count=int((values > limit).sum()))
    if truth is not None:
        _mark_truth(ax, at[np.logical_or.reduceat(truth[order], starts)], count=int(truth.sum()))
    logarithmic = _is_skewed(values, limit)
    if logarithmic:
        ax.set_yscale("log")
        label_logarithmic(ax.yaxis)
        # A few scores next to 0 would take decades of the axis.
        lowest_shown = np.quantile(values, _FEW) / _BELOW
        if values.min() < lowest_shown:
            ax.set_ylim(bottom=lowest_shown if limit is None else min(lowest_shown, limit / _BELOW))
    style_axes(
        ax,
        "Anomaly scores, record by record" if time is None else "Anomaly scores over time",
        "time" if time is not None else count_label("record", first) if rows is None else "row",
        f"anomaly score{', logarithmic scale' if logarithmic else ''}",
    )
    date_axis(ax, times)
    legend_above(ax)
    return ax


# -- histogram ---------------------------------------------------------------------------------


def _is_skewed(values: Array, limit: float | None) -> bool:
    least = values.min() if limit is None else min(values.min(), limit)
    return bool(least > 0.0 and values.max() > _SKEWED * np.median(values))


def _edges(values: Array, logarithmic: bool) -> list[float]:
    bars = int(np.clip(np.sqrt(len(values)), _FEWEST_BARS, _MOST_BARS))
    if logarithmic:
        return [float(edge) for edge in np.geomspace(values.min(), values.max(), bars + 1)]
    return [float(edge) for edge in np.histogram_bin_edges(values, bars)]


def _plot_class(ax: Axes, values: Array, edges: list[float], color: str, name: str) -> None:
    # By rounding errors, the extreme scores may lie outside the first and last edges.
    inside = np.clip(values, edges[0], edges[-1])
    ax.hist(
        inside,
        edges,
        weights=np.full(len(values), 1.0 / max(len(values), 1)),
        histtype="stepfilled",
        facecolor=(color, 0.4),
        edgecolor=color,
        linewidth=1.2,
        label=f"{name} ({len(values):,})",
    )


# -- over time ---------------------------------------------------------------------------------


def _segment_starts(length: int) -> Array:
    """Return the start of each segment; a segment is one record, unless there are many."""
    if length <= 4 * _SEGMENTS:
        return np.arange(length)
    return np.arange(_SEGMENTS) * length // _SEGMENTS


def _mark_alarms(ax: Axes, at: Array, highest: Array, limit: float, count: int) -> None:
    alarm = highest > limit
    ax.plot(
        at[alarm],
        highest[alarm],
        linestyle="",
        marker="o",
        markersize=4.0,
        color=ANOMALY,
        label=f"alarms ({count:,})",
    )


def _mark_truth(ax: Axes, at: Array, count: int) -> None:
    ax.plot(
        at,
        np.full(len(at), 0.02),
        transform=ax.get_xaxis_transform(),
        linestyle="",
        marker="|",
        markersize=8.0,
        color=GREY,
        label=f"true anomalies ({count:,})",
    )
