"""Plots of records: the contributions to the score of one, and the latent space of all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from anomaly.plots.figures import ANOMALY, DARK, GREY, NORMAL, axes_or_new, shorten, style_axes
from anomaly.plots.validation import as_mask, check_length
from anomaly.tables.cells import MISSING_TEXTS
from nnlite.types import Array
from nnlite.validation import as_finite, is_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Colours are logarithmic if the largest score is this many times the median.
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
    """Plot the contribution of each column to the score of one record, the largest first.

    Columns beyond the first `top` are plotted as one bar. If no contribution is negative, each bar is labelled with its
    percentage.

    Parameters
    ----------
    contributions : array_like of shape (n_columns,)
        Contributions, whose sum is the score: a row of the result of a detector's ``explain``.
    feature_names : sequence of str
        Names of the columns.
    values : sequence, optional
        Values of the record, of any type, for the labels.
    top : int, default 10
        Number of columns with a bar of their own.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; those of a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes with the plot.

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
    parts = as_finite("contributions", contributions)
    check_length(feature_names, "feature_names", len(parts))
    if values is not None:
        check_length(values, "values", len(parts))
    if top < 1:
        raise ValueError(f"top must be at least 1; found {top}")
    order = np.argsort(-np.abs(parts), kind="stable")
    first, rest = order[:top], order[top:]
    names = [_label(feature_names[i], None if values is None else [values[i]]) for i in first]
    sizes, colors = parts[first].tolist(), [ANOMALY if parts[i] >= 0.0 else NORMAL for i in first]
    if len(rest):
        names.append(f"{len(rest):,} other column{'s' if len(rest) > 1 else ''}")
        sizes.append(float(parts[rest].sum()))
        colors.append(GREY)
    ax = axes_or_new(ax)
    positions = np.arange(len(names))
    bars = ax.barh(positions, sizes, color=colors, height=0.7)
    ax.set_yticks(positions, names)
    ax.invert_yaxis()
    score = float(parts.sum())
    if parts.min() >= 0.0 and score > 0.0:
        percentages = [f"{100.0 * size / score:.0f} %" for size in sizes]
        ax.bar_label(bars, percentages, padding=3.0, color=DARK, fontsize="small")
        ax.margins(x=0.12)
    else:
        ax.axvline(0.0, color=GREY, linewidth=0.8)
    style_axes(ax, f"Contributions to the score {score:.4g}", "contribution to the anomaly score", "", grid="x")
    ax.tick_params(axis="y", length=0.0)
    return ax


def plot_latent(latent: Any, labels: Any = None, scores: Any = None, *, ax: Axes | None = None) -> Axes:
    """Plot the latent space of an encoder.

    If it has more than two dimensions, the first two principal components are plotted: the directions of largest
    variance, by a singular value decomposition. A single dimension is plotted over the number of the record.

    Parameters
    ----------
    latent : array_like of shape (n_records, n_dimensions)
        Output of the encoder.
    labels : array_like of shape (n_records,), optional
        True labels, 1 for anomalies and 0 for normal records; anomalies are in front.
    scores : array_like of shape (n_records,), optional
        Anomaly scores, as colours, the largest in front. Not together with `labels`.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; those of a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes with the plot.

    Raises
    ------
    ValueError
        If a value is not finite, there are none, lengths differ, or both labels and scores are given.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> latent = [[1.0, 1.0, 0.0], [2.0, 2.0, 0.5], [3.0, 3.0, 0.0]]
    >>> ax = plot_latent(latent, labels=[0, 0, 1], ax=Figure().add_subplot())
    >>> ax.get_xlabel()
    'first principal component (96 % of the variance)'
    """
    points = as_finite("latent", latent, ndim=2)
    if labels is not None and scores is not None:
        raise ValueError("labels and scores both determine the colours; give one of them")
    x, y, x_label, y_label = _coordinates(points)
    size = 14.0 if len(points) <= _MANY_POINTS else 5.0
    if scores is not None:
        ranked = as_finite("scores", scores)
        check_length(ranked, "scores", len(points))
        ax = axes_or_new(ax)
        _scatter_scores(ax, x, y, ranked, size)
    else:
        truth = np.zeros(len(points), np.bool_) if labels is None else as_mask(labels, "labels", len(points))
        ax = axes_or_new(ax)
        _scatter_classes(ax, x, y, truth, size, legend=labels is not None)
    style_axes(ax, "Latent space", x_label, y_label, grid="both")
    return ax


# -- contributions -----------------------------------------------------------------------------


def _label(name: str, value: list[Any] | None) -> str:
    """Return a short label of name and value; the value is in a list, since it may be None."""
    return shorten(str(name) if value is None else f"{name} = {_format(value[0])}")


def _format(value: Any) -> str:
    # Text may be missing, too, as an empty cell of a file.
    if value is None or value != value or (isinstance(value, str) and value.strip() in MISSING_TEXTS):
        return "(missing)"
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if is_number(value):
        return f"{value:,.5g}"
    return str(value)


# -- latent space ------------------------------------------------------------------------------


def _coordinates(points: Array) -> tuple[Array, Array, str, str]:
    """Return two coordinates of the points, and their names."""
    dimensions = points.shape[1]
    if dimensions == 1:
        return np.arange(len(points), dtype=np.float64), points[:, 0], "record", "latent dimension 1"
    if dimensions == 2:
        return points[:, 0], points[:, 1], "latent dimension 1", "latent dimension 2"
    components, fractions = _principal_components(points)
    names = [
        f"{order} principal component ({100.0 * fraction:.0f} % of the variance)"
        for order, fraction in zip(("first", "second"), fractions, strict=True)
    ]
    return components[:, 0], components[:, 1], names[0], names[1]


def _principal_components(points: Array) -> tuple[Array, list[float]]:
    """Return the projection onto the two directions of largest variance, and their fractions of the variance.

    With the singular value decomposition X - mean = U S V^T, the columns of U S are the components, and the squares of
    S are proportional to the variances. The sign of a component is arbitrary: it is chosen so that the largest weight
    in V is positive, for reproducible plots.
    """
    centred = points - points.mean(axis=0)
    u, s, vt = np.linalg.svd(centred, full_matrices=False)
    if len(s) < 2:  # a single record
        return np.zeros((len(points), 2)), [0.0, 0.0]
    largest = np.abs(vt[:2]).argmax(axis=1)
    signs = np.where(vt[[0, 1], largest] < 0.0, -1.0, 1.0)
    variances = s**2
    fractions = variances[:2] / max(float(variances.sum()), np.finfo(np.float64).tiny)
    return u[:, :2] * s[:2] * signs, fractions.tolist()


def _scatter_scores(ax: Axes, x: Array, y: Array, scores: Array, size: float) -> None:
    from matplotlib.colors import LogNorm, Normalize

    skewed = scores.min() > 0.0 and scores.max() > _SKEWED * np.median(scores)
    norm = (LogNorm if skewed else Normalize)(float(scores.min()), float(scores.max()))
    front = np.argsort(scores, kind="stable")
    points = ax.scatter(x[front], y[front], c=scores[front], s=size, cmap="viridis", norm=norm, linewidths=0.0)
    bar = ax.figure.colorbar(points, ax=ax, label=f"anomaly score{', logarithmic scale' if skewed else ''}")
    bar.outline.set_visible(False)


def _scatter_classes(ax: Axes, x: Array, y: Array, truth: Array, size: float, *, legend: bool) -> None:
    groups = [(~truth, NORMAL, "normal", 0.45, size), (truth, ANOMALY, "anomalies", 0.9, 1.8 * size)]
    for members, color, name, alpha, area in groups:
        label = f"{name} ({int(members.sum()):,})"
        ax.scatter(x[members], y[members], s=area, color=color, alpha=alpha, linewidths=0.0, label=label)
    if legend:
        ax.legend(frameon=False)
