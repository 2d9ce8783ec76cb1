"""Anomaly scores: how they are distributed, and how they run over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anomaly.plots.checks import finite_numbers, zeros_and_ones
from anomaly.plots.figures import ANOMALY, DARK, GREY, NORMAL, axes_to_draw_on, dress, label_logarithmic, legend_above
from anomaly.plots.times import count_label, date_axis, moments_of
from nnlite.types import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Where the largest score is this many times the median, most records would share one bar.
_SKEWED = 10.0
_FEWEST_BARS, _MOST_BARS = 10, 60
# More stretches than a figure has dots across show nothing more.
_STRETCHES = 2000


def plot_score_histogram(
    scores: Any,
    threshold: float | None = None,
    labels: Any = None,
    *,
    ax: Axes | None = None,
) -> Axes:
    """Draw how anomaly scores are distributed.

    With `labels`, normal records and anomalies are drawn separately, each as shares of their own
    number, so that a hundred anomalies can be seen beside a million normal records. The horizontal
    axis is logarithmic where all scores are positive and the largest is more than ten times the
    median.

    Parameters
    ----------
    scores : array_like of shape (n_records,)
        Larger is more anomalous.
    threshold : float, optional
        Above it a record is an anomaly; drawn as a line.
    labels : array_like of shape (n_records,), optional
        The truth: 1 for anomalies, 0 for normal records.
    ax : matplotlib.axes.Axes, optional
        Where to draw; on a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        What was drawn on.

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
    values = finite_numbers(scores, "scores")
    limit = None if threshold is None else float(finite_numbers(threshold, "threshold", ndim=0))
    truth = None if labels is None else zeros_and_ones(labels, "labels", len(values))
    ax = axes_to_draw_on(ax)
    logarithmic = _is_skewed(values, limit)
    edges = _edges(values, logarithmic)
    if truth is None:
        ax.hist(values, edges, color=NORMAL, label=f"records ({len(values):,})")
    else:
        _draw_group(ax, values[~truth], edges, NORMAL, "normal")
        _draw_group(ax, values[truth], edges, ANOMALY, "anomalies")
    if limit is not None:
        above = int((values > limit).sum())
        label = f"threshold {limit:.4g}: {above:,} above"
        ax.axvline(limit, color=DARK, linestyle="--", linewidth=1.4, label=label)
    if logarithmic:
        ax.set_xscale("log")
        label_logarithmic(ax.xaxis)
    scale = ", logarithmic scale" if logarithmic else ""
    share = "number of records" if truth is None else "share of the records of its kind"
    dress(ax, "Anomaly scores", f"anomaly score{scale}", share)
    legend_above(ax)
    return ax


def plot_scores_over_time(
    scores: Any,
    threshold: float | None = None,
    time: Any = None,
    labels: Any = None,
    *,
    first: int = 0,
    ax: Axes | None = None,
) -> Axes:
    """Draw anomaly scores in the order of time, or of the records, with the alarms they raise.

    Of long records the least and the largest score of each of 2000 stretches are drawn, in which
    nothing is lost that could be seen: a million records take as long as ten thousand.

    Parameters
    ----------
    scores : array_like of shape (n_records,)
        Larger is more anomalous.
    threshold : float, optional
        Above it a record raises an alarm; alarms are marked.
    time : array_like of shape (n_records,), optional
        When each record was made, as numbers or datetime64, in any order; record numbers by default.
    labels : array_like of shape (n_records,), optional
        The truth: 1 for anomalies, 0 for normal records. Anomalies are marked along the bottom.
    first : int, default 0
        The number of the first record, where there is no `time`: 1 counts as people do.
    ax : matplotlib.axes.Axes, optional
        Where to draw; on a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        What was drawn on.

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
    values = finite_numbers(scores, "scores")
    limit = None if threshold is None else float(finite_numbers(threshold, "threshold", ndim=0))
    truth = None if labels is None else zeros_and_ones(labels, "labels", len(values))
    moments = moments_of(time, len(values), first)
    order = np.argsort(moments, kind="stable")
    moments, values = moments[order], values[order]
    ax = axes_to_draw_on(ax)
    starts = _stretches(len(values))
    lowest, highest = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
    at = moments[starts]
    if len(starts) == len(values):
        # A line through one point is not seen.
        ax.plot(at, values, color=NORMAL, linewidth=0.9, marker="." if len(values) == 1 else None)
    else:
        ax.plot(np.repeat(at, 2), np.column_stack([lowest, highest]).ravel(), color=NORMAL, linewidth=0.9)
    if limit is not None:
        _mark_alarms(ax, at, highest, limit, count=int((values > limit).sum()))
    if truth is not None:
        _mark_truth(ax, at[np.logical_or.reduceat(truth[order], starts)], count=int(truth.sum()))
    logarithmic = _is_skewed(values, limit)
    if logarithmic:
        ax.set_yscale("log")
        label_logarithmic(ax.yaxis)
    dress(
        ax,
        "Anomaly scores, record by record" if time is None else "Anomaly scores over time",
        count_label("record", first) if time is None else "time",
        f"anomaly score{', logarithmic scale' if logarithmic else ''}",
    )
    date_axis(ax, moments)
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


def _draw_group(ax: Axes, values: Array, edges: list[float], color: str, name: str) -> None:
    # The first and last edges may miss the extreme scores by a rounding.
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


def _stretches(length: int) -> Array:
    """Return where each stretch starts: every record its own, unless there are very many."""
    if length <= 4 * _STRETCHES:
        return np.arange(length)
    return np.arange(_STRETCHES) * length // _STRETCHES


def _mark_alarms(ax: Axes, at: Array, highest: Array, limit: float, count: int) -> None:
    ax.axhline(limit, color=DARK, linestyle="--", linewidth=1.2, label=f"threshold {limit:.4g}")
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
