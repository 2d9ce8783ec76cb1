"""Single records: why one scored as it did, and where the network puts them all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from anomaly.plots.checks import finite_numbers, same_length, zeros_and_ones
from anomaly.plots.figures import ANOMALY, DARK, GREY, NORMAL, axes_to_draw_on, dress, shortened
from anomaly.preprocessing.columns.parsing import MISSING_TEXTS
from nnlite.types import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Where the largest score is this many times the median, most records would share one colour.
_SKEWED = 10.0
_MANY_POINTS = 2000


def plot_contributions(
    contributions: Any,
    feature_names: Sequence[str],
    values: Sequence[Any] | None = None,
    top: int = 10,
    *,
    ax: Axes | None = None,
) -> Axes:
    """Draw how much each column contributes to the score of one record, the largest first.

    Columns beyond the first `top` are drawn together as one. Where no contribution is negative,
    each bar tells its share.

    Parameters
    ----------
    contributions : array_like of shape (n_columns,)
        They add up to the record's score: a row of what a detector's ``explain`` returns.
    feature_names : sequence of str
        Names of the columns.
    values : sequence, optional
        The record's values, of any kind, shown beside the names.
    top : int, default 10
        How many columns to draw one by one.
    ax : matplotlib.axes.Axes, optional
        Where to draw; on a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        What was drawn on.

    Raises
    ------
    ValueError
        If a contribution is not finite, there are none, `top` is below 1, or lengths differ.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = plot_contributions([0.5, 4.0, 1.5], ["hour", "amount", "country"], [3, 912.5, "FR"],
    ...                         ax=Figure().add_subplot())
    >>> [text.get_text() for text in ax.get_yticklabels()]
    ['amount = 912.5', 'country = FR', 'hour = 3']
    """
    parts = finite_numbers(contributions, "contributions")
    same_length(feature_names, "feature_names", len(parts))
    if values is not None:
        same_length(values, "values", len(parts))
    if top < 1:
        raise ValueError(f"top must be at least 1; found {top}")
    order = np.argsort(-np.abs(parts), kind="stable")
    shown, rest = order[:top], order[top:]
    names = [_named(feature_names[i], None if values is None else [values[i]]) for i in shown]
    sizes, colors = parts[shown].tolist(), [ANOMALY if parts[i] >= 0.0 else NORMAL for i in shown]
    if len(rest):
        names.append(f"{len(rest):,} other column{'s' if len(rest) > 1 else ''}")
        sizes.append(float(parts[rest].sum()))
        colors.append(GREY)
    ax = axes_to_draw_on(ax)
    places = np.arange(len(names))
    bars = ax.barh(places, sizes, color=colors, height=0.7)
    ax.set_yticks(places, names)
    ax.invert_yaxis()
    score = float(parts.sum())
    if parts.min() >= 0.0 and score > 0.0:
        shares = [f"{100.0 * size / score:.0f} %" for size in sizes]
        ax.bar_label(bars, shares, padding=3.0, color=DARK, fontsize="small")
        ax.margins(x=0.12)
    else:
        ax.axvline(0.0, color=GREY, linewidth=0.8)
    dress(ax, f"Why this record scores {score:.4g}", "contribution to the anomaly score", "", grid="x")
    ax.tick_params(axis="y", length=0.0)
    return ax


def plot_latent(latent: Any, labels: Any = None, scores: Any = None, *, ax: Axes | None = None) -> Axes:
    """Draw where an encoder puts the records.

    Of more than two dimensions, the first two principal components are drawn: the directions of
    largest variance, found by a singular value decomposition. A single dimension is drawn over the
    number of the record.

    Parameters
    ----------
    latent : array_like of shape (n_records, n_dimensions)
        What the encoder returns.
    labels : array_like of shape (n_records,), optional
        The truth, 1 for anomalies and 0 for normal records; anomalies are drawn in front.
    scores : array_like of shape (n_records,), optional
        Anomaly scores, shown as colours, the largest in front. Either `labels` or `scores` can be
        given.
    ax : matplotlib.axes.Axes, optional
        Where to draw; on a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        What was drawn on.

    Raises
    ------
    ValueError
        If a value is not finite, there are none, lengths differ, or both labels and scores are
        given.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> latent = [[1.0, 1.0, 0.0], [2.0, 2.0, 0.5], [3.0, 3.0, 0.0]]
    >>> ax = plot_latent(latent, labels=[0, 0, 1], ax=Figure().add_subplot())
    >>> ax.get_xlabel()
    'first principal component (96 % of the variance)'
    """
    points = finite_numbers(latent, "latent", ndim=2)
    if labels is not None and scores is not None:
        raise ValueError("labels and scores both decide on the colour of the points; give one of them")
    x, y, x_label, y_label = _plane(points)
    size = 14.0 if len(points) <= _MANY_POINTS else 5.0
    if scores is not None:
        ranked = finite_numbers(scores, "scores")
        same_length(ranked, "scores", len(points))
        ax = axes_to_draw_on(ax)
        _scatter_scores(ax, x, y, ranked, size)
    else:
        truth = np.zeros(len(points), np.bool_) if labels is None else zeros_and_ones(labels, "labels", len(points))
        ax = axes_to_draw_on(ax)
        _scatter_classes(ax, x, y, truth, size, legend=labels is not None)
    dress(ax, "Latent space", x_label, y_label, grid="both")
    return ax


# -- contributions -----------------------------------------------------------------------------


def _named(name: str, value: list[Any] | None) -> str:
    """Put name and value in a short label; the value comes in a list, as it may itself be None."""
    return shortened(str(name) if value is None else f"{name} = {_shown(value[0])}")


def _shown(value: Any) -> str:
    # Text too says that a value is missing, as an empty cell of a file does.
    if value is None or value != value or (isinstance(value, str) and value.strip() in MISSING_TEXTS):
        return "(missing)"
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, (int, float, np.integer, np.floating)):
        return f"{value:,.5g}"
    return str(value)


# -- latent space ------------------------------------------------------------------------------


def _plane(points: Array) -> tuple[Array, Array, str, str]:
    """Choose two coordinates, and what to call them."""
    dimensions = points.shape[1]
    if dimensions == 1:
        return np.arange(len(points), dtype=np.float64), points[:, 0], "record", "latent dimension 1"
    if dimensions == 2:
        return points[:, 0], points[:, 1], "latent dimension 1", "latent dimension 2"
    components, shares = _principal_components(points)
    names = [
        f"{order} principal component ({100.0 * share:.0f} % of the variance)"
        for order, share in zip(("first", "second"), shares, strict=True)
    ]
    return components[:, 0], components[:, 1], names[0], names[1]


def _principal_components(points: Array) -> tuple[Array, list[float]]:
    """Project onto the two directions of largest variance.

    With the singular value decomposition X - mean = U S V^T, the columns of U S are the components
    and the squares of S in proportion to the variances. The sign of a component is arbitrary: it is
    chosen so that the largest weight in V is positive, for the same picture each time.
    """
    centred = points - points.mean(axis=0)
    u, s, vt = np.linalg.svd(centred, full_matrices=False)
    if len(s) < 2:  # a single record
        return np.zeros((len(points), 2)), [0.0, 0.0]
    largest = np.abs(vt[:2]).argmax(axis=1)
    signs = np.where(vt[[0, 1], largest] < 0.0, -1.0, 1.0)
    variances = s**2
    shares = variances[:2] / max(float(variances.sum()), np.finfo(np.float64).tiny)
    return u[:, :2] * s[:2] * signs, shares.tolist()


def _scatter_scores(ax: Axes, x: Array, y: Array, scores: Array, size: float) -> None:
    from matplotlib.colors import LogNorm, Normalize

    skewed = scores.min() > 0.0 and scores.max() > _SKEWED * np.median(scores)
    norm = (LogNorm if skewed else Normalize)(float(scores.min()), float(scores.max()))
    front = np.argsort(scores, kind="stable")
    drawn = ax.scatter(x[front], y[front], c=scores[front], s=size, cmap="viridis", norm=norm, linewidths=0.0)
    bar = ax.figure.colorbar(drawn, ax=ax, label=f"anomaly score{', logarithmic scale' if skewed else ''}")
    bar.outline.set_visible(False)


def _scatter_classes(ax: Axes, x: Array, y: Array, truth: Array, size: float, *, legend: bool) -> None:
    groups = [(~truth, NORMAL, "normal", 0.45, size), (truth, ANOMALY, "anomalies", 0.9, 1.8 * size)]
    for members, color, name, alpha, area in groups:
        label = f"{name} ({int(members.sum()):,})"
        ax.scatter(x[members], y[members], s=area, color=color, alpha=alpha, linewidths=0.0, label=label)
    if legend:
        ax.legend(frameon=False)
