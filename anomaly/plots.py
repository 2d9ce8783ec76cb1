"""Pictures of scores, curves and networks.

Every function draws one picture into the axes given as `ax`, or into a figure of its own, and returns the axes.
Matplotlib is imported when the first picture is drawn. Figures are made without touching pyplot's global state, so that nothing
pops up, nothing piles up, and drawing works in threads and without a screen.

The colours are those of Okabe & Ito, *Color Universal Design* (2008), which colour-blind readers can tell apart.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from anomaly import metrics
from anomaly.files import atomic_write
from nnlite.types import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NORMAL = "#0072B2"
ANOMALY = "#D55E00"
THIRD = "#009E73"
LINE = "#333333"
_MOST_SEGMENTS = 2000


def plot_learning_curve(history: Any, ax: Axes | None = None) -> Axes:
    """Draw the loss of each epoch, and the validation loss where there is one.

    Parameters
    ----------
    history : mapping of str to list, or an object with such a `history`
        What `fit` returned, or a detector's ``history_``.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        The picture.

    Raises
    ------
    ValueError
        If there is no loss in the history.
    """
    figures: Mapping[str, Sequence[float]] = getattr(history, "history", history)
    if not figures.get("loss"):
        raise ValueError("the history holds no loss: fit for at least one epoch first")
    ax = _axes(ax)
    drawn: list[float] = []
    for name, label, color in (("loss", "training", NORMAL), ("val_loss", "validation", ANOMALY)):
        values = list(figures.get(name, []))
        if values:
            # One point has no line to show it.
            ax.plot(range(1, len(values) + 1), values, color=color, label=label, marker="o" if len(values) < 3 else "")
            drawn += values
    positive = [value for value in drawn if value > 0]
    if len(positive) == len(drawn) and max(drawn) > 10 * min(drawn):
        ax.set_yscale("log")
    _label(ax, "Learning curve", "epoch", "loss")
    ax.legend(frameon=False)
    return ax


def plot_score_histogram(
    scores: ArrayLike,
    threshold: float | None = None,
    labels: ArrayLike | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw how the scores spread; on a logarithmic axis where they are skewed.

    Parameters
    ----------
    scores : array_like of shape (n,)
        Anomaly scores.
    threshold : float, optional
        Drawn as a line.
    labels : array_like of 0 and 1 of shape (n,), optional
        With them normal records and anomalies are drawn apart, each as shares of their own number.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        The picture.
    """
    values = _scores(scores)
    ax = _axes(ax)
    log = bool(values.min() > 0 and np.quantile(values, 0.99) > 10 * np.median(values))
    edges = _bins(values, log)
    if labels is None:
        ax.hist(values, edges, color=NORMAL, alpha=0.8)
    else:
        truth = _same_length(labels, values, "labels")
        for kind, name, color in ((0, "normal", NORMAL), (1, "anomaly", ANOMALY)):
            own = values[truth == kind]
            if own.size:
                weights = np.full(len(own), 100 / len(own))
                ax.hist(own, edges, weights=weights, color=color, alpha=0.6, label=f"{name} ({len(own):,})")
    if threshold is not None:
        ax.axvline(threshold, color=LINE, linestyle="--", label=f"threshold {threshold:.3g}")
    if log:
        ax.set_xscale("log")
    _label(ax, "Anomaly scores", "score", "records" if labels is None else "share of its kind (%)")
    if ax.get_legend_handles_labels()[0]:
        ax.legend(frameon=False)
    return ax


def plot_roc(y_true: ArrayLike, y_score: ArrayLike, ax: Axes | None = None) -> Axes:
    """Draw the share of anomalies found against the share of normal records flagged.

    Parameters
    ----------
    y_true : array_like of 0 and 1 of shape (n,)
        True labels.
    y_score : array_like of shape (n,)
        Anomaly scores.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        The picture.
    """
    fpr, tpr, _ = metrics.roc_curve(y_true, y_score)
    ax = _axes(ax)
    ax.plot(fpr, tpr, color=NORMAL, label=f"AUC {metrics.auc(fpr, tpr):.3f}")
    ax.plot([0, 1], [0, 1], color=LINE, linestyle=":", label="chance")
    _unit_square(ax)
    _label(ax, "ROC curve", "share of normal records flagged", "share of anomalies found")
    ax.legend(frameon=False, loc="lower right")
    return ax


def plot_precision_recall(y_true: ArrayLike, y_score: ArrayLike, ax: Axes | None = None) -> Axes:
    """Draw precision against recall.

    Parameters
    ----------
    y_true : array_like of 0 and 1 of shape (n,)
        True labels.
    y_score : array_like of shape (n,)
        Anomaly scores.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        The picture.
    """
    precision, recall, _ = metrics.precision_recall_curve(y_true, y_score)
    base = float(np.mean(np.asarray(y_true)))
    ax = _axes(ax)
    average = metrics.average_precision_score(y_true, y_score)
    ax.step(recall, precision, where="post", color=NORMAL, label=f"average precision {average:.3f}")
    ax.axhline(base, color=LINE, linestyle=":", label=f"share of anomalies {base:.3f}")
    _unit_square(ax)
    _label(ax, "Precision and recall", "recall: share of anomalies found", "precision: share of flags that are right")
    ax.legend(frameon=False, loc="best")
    return ax


def plot_confusion_matrix(y_true: ArrayLike, y_pred: ArrayLike, ax: Axes | None = None) -> Axes:
    """Draw the numbers of records by true and predicted label, and their shares of each true label.

    Parameters
    ----------
    y_true, y_pred : array_like of 0 and 1 of shape (n,)
        True and predicted labels.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        The picture.
    """
    counts = metrics.confusion_matrix(y_true, y_pred)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    ax = _axes(ax)
    ax.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row in range(2):
        for column in range(2):
            ax.text(
                column,
                row,
                f"{counts[row, column]:,}\n{shares[row, column]:.1%}",
                ha="center",
                va="center",
                fontsize=13,
                color="white" if shares[row, column] > 0.5 else LINE,
            )
    ax.set_xticks([0, 1], ["normal", "anomaly"])
    ax.set_yticks([0, 1], ["normal", "anomaly"])
    _label(ax, "Confusion matrix", "predicted", "true")
    ax.grid(False)
    for side in ax.spines.values():
        side.set_visible(False)
    return ax


def plot_contributions(
    contributions: ArrayLike,
    feature_names: Sequence[str],
    values: Sequence[Any] | None = None,
    top: int = 10,
    ax: Axes | None = None,
) -> Axes:
    """Draw how much each column contributes to one record's score.

    Parameters
    ----------
    contributions : array_like of shape (n_columns,)
        One row of what `explain` returns.
    feature_names : sequence of str
        Names of the columns.
    values : sequence, optional
        The record's values, written beside the names.
    top : int, default 10
        Number of columns shown, the largest first; the others are added up.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        The picture.

    Raises
    ------
    ValueError
        If there are not as many names, or values, as contributions.
    """
    parts = _scores(contributions, "contributions")
    for what, given in (("feature_names", feature_names), ("values", values)):
        if given is not None and len(given) != len(parts):
            raise ValueError(f"{what} must have one entry per contribution ({len(parts)}); found {len(given)}")
    if top < 1:
        raise ValueError(f"top must be at least 1; found {top}")
    order = np.argsort(-parts, kind="stable")[:top]
    names = [_short(f"{feature_names[i]}" + ("" if values is None else f" = {_value(values[i])}")) for i in order]
    heights = parts[order].tolist()
    rest = len(parts) - len(order)
    if rest:
        names.append("1 other column" if rest == 1 else f"{rest} other columns")
        heights.append(float(parts.sum() - parts[order].sum()))
    ax = _axes(ax)
    places = np.arange(len(names))
    ax.barh(places, heights, color=[*[ANOMALY] * len(order), *(["#999999"] if rest else [])])
    ax.set_yticks(places, names)
    ax.invert_yaxis()
    total = float(parts.sum())
    _label(ax, f"What makes up a score of {total:.3g}", "contribution to the score", "")
    ax.grid(False, axis="y")
    return ax


def plot_scores_over_time(
    scores: ArrayLike,
    threshold: float | None = None,
    time: ArrayLike | None = None,
    labels: ArrayLike | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the scores in the order of the records, with those above the threshold marked.

    A million records are drawn as quickly as a thousand: where many fall on one place, their smallest and largest
    scores are drawn.

    Parameters
    ----------
    scores : array_like of shape (n,)
        Anomaly scores.
    threshold : float, optional
        Drawn as a line; records above it are marked.
    time : array_like of shape (n,), optional
        Times or numbers for the axis; by default the records' numbers.
    labels : array_like of 0 and 1 of shape (n,), optional
        True anomalies, marked along the bottom.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        The picture.
    """
    values = _scores(scores)
    times = np.arange(1, len(values) + 1) if time is None else _same_length(time, values, "time")
    ax = _axes(ax)
    shown = _envelope(values)
    ax.plot(times[shown], values[shown], color=NORMAL, linewidth=0.6, label="score")
    if threshold is not None:
        above = np.flatnonzero(values > threshold)
        marked = above[_envelope(values[above])] if above.size else above
        ax.scatter(
            times[marked], values[marked], s=10, color=ANOMALY, zorder=3, label=f"above threshold ({len(above):,})"
        )
        ax.axhline(threshold, color=LINE, linestyle="--", linewidth=1)
    if labels is not None:
        true = np.flatnonzero(_same_length(labels, values, "labels") == 1)
        bottom = np.zeros(len(true))
        ax.scatter(
            times[true],
            bottom,
            marker="|",
            color=THIRD,
            transform=ax.get_xaxis_transform(),
            clip_on=False,
            label=f"true anomalies ({len(true):,})",
        )
    if values.min() > 0 and values.max() > 20 * np.median(values):
        ax.set_yscale("log")
    _label(
        ax, "Scores over the records" if time is None else "Scores over time", "record" if time is None else "", "score"
    )
    ax.legend(frameon=False, loc="upper right")
    return ax


def plot_latent(
    latent: ArrayLike,
    labels: ArrayLike | None = None,
    scores: ArrayLike | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw where the network puts the records, in two dimensions.

    More than two dimensions are turned so that the first two show most of the spread (principal components).

    Parameters
    ----------
    latent : array_like of shape (n, d)
        What `encode` returns.
    labels : array_like of 0 and 1 of shape (n,), optional
        True labels, drawn as colours.
    scores : array_like of shape (n,), optional
        Anomaly scores, drawn as colours where there are no labels.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        The picture.

    Raises
    ------
    ValueError
        If `latent` has not one row per record, or holds NaN.
    """
    points = np.asarray(latent, np.float64)
    if points.ndim != 2 or not points.size or not np.isfinite(points).all():
        raise ValueError(f"latent must be finite numbers of shape (n, d); found shape {points.shape}")
    flat, names = _two_dimensions(points)
    ax = _axes(ax)
    if labels is not None:
        truth = _same_length(labels, flat, "labels")
        for kind, name, color in ((0, "normal", NORMAL), (1, "anomaly", ANOMALY)):
            own = flat[truth == kind]
            ax.scatter(own[:, 0], own[:, 1], s=9, alpha=0.6, color=color, linewidths=0, label=f"{name} ({len(own):,})")
        ax.legend(frameon=False)
    elif scores is not None:
        values = _same_length(scores, flat, "scores")
        ranks = values.argsort().argsort() / max(len(values) - 1, 1)
        drawn = ax.scatter(flat[:, 0], flat[:, 1], s=9, c=ranks, cmap="viridis", linewidths=0)
        ax.figure.colorbar(drawn, ax=ax, label="rank of the score (0 lowest, 1 highest)")
    else:
        ax.scatter(flat[:, 0], flat[:, 1], s=9, alpha=0.6, color=NORMAL, linewidths=0)
    _label(ax, "Latent space", *names)
    return ax


def save_figure(picture: Axes | Figure, path: str | os.PathLike[str], dpi: int = 120) -> None:
    """Write a picture to a file, whole or not at all.

    Parameters
    ----------
    picture : matplotlib.axes.Axes or matplotlib.figure.Figure
        What to write.
    path : str or path
        Where to; the ending chooses the format (".png", ".svg", ".pdf").
    dpi : int, default 120
        Dots per inch.

    Raises
    ------
    ValueError
        If the ending names no format.
    OSError
        If the file cannot be written.
    """
    figure: Any = getattr(picture, "figure", None) or picture
    kind = os.path.splitext(os.fspath(path))[1].lstrip(".").lower()
    known = figure.canvas.get_supported_filetypes()
    if kind not in known:
        raise ValueError(f"{os.fspath(path)!r} must end in one of {', '.join('.' + one for one in sorted(known))}")
    with atomic_write(path) as file:
        figure.savefig(file, format=kind, dpi=dpi)


def _axes(ax: Axes | None) -> Axes:
    if ax is None:
        from matplotlib.figure import Figure

        ax = Figure(figsize=(6.4, 4.2), layout="constrained").add_subplot()
    ax.grid(True, color="#dddddd", linewidth=0.6)
    ax.set_axisbelow(True)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    return ax


def _label(ax: Axes, title: str, x: str, y: str) -> None:
    ax.set_title(title, loc="left", fontweight="bold")
    ax.set_xlabel(x)
    ax.set_ylabel(y)


def _unit_square(ax: Axes) -> None:
    ax.set_xlim(-0.01, 1.01)
    ax.set_ylim(-0.01, 1.03)


def _bins(values: Array, log: bool) -> Array:
    count = int(np.clip(np.sqrt(len(values)), 10, 80))
    low, high = float(values.min()), float(values.max())
    if low == high:
        width = abs(low) or 1.0
        return np.linspace(low - width / 2, high + width / 2, 11)
    return np.geomspace(low, high, count + 1) if log else np.linspace(low, high, count + 1)


def _envelope(values: Array) -> Array:
    """Choose which points to draw: all of a few, the smallest and largest of each stretch of many."""
    length = len(values)
    if length <= 2 * _MOST_SEGMENTS:
        return np.arange(length)
    edges = np.linspace(0, length, _MOST_SEGMENTS + 1).astype(np.int64)
    chosen = set()
    for start, stop in pairwise(edges):
        stretch = values[start:stop]
        chosen |= {int(start + stretch.argmin()), int(start + stretch.argmax())}
    return np.array(sorted(chosen))


def _two_dimensions(points: Array) -> tuple[Array, tuple[str, str]]:
    if points.shape[1] == 1:
        # With one dimension the records' order spreads them out.
        return np.column_stack([points[:, 0], np.arange(len(points))]), ("latent value", "record")
    if points.shape[1] == 2:
        return points, ("latent value 1", "latent value 2")
    centred = points - points.mean(axis=0)
    _, spread, directions = np.linalg.svd(centred, full_matrices=False)
    directions = directions[:2]
    # A component's sign is arbitrary; fixed, the same data gives the same picture.
    largest = np.abs(directions).argmax(axis=1)
    directions = directions * np.sign(directions[np.arange(len(directions)), largest])[:, np.newaxis]
    flat = centred @ directions.T
    if flat.shape[1] < 2:
        flat = np.column_stack([flat, np.zeros(len(flat))])
    shares = np.square(spread[:2]) / max(np.square(spread).sum(), np.finfo(np.float64).tiny)
    shares = np.r_[shares, 0.0][:2]
    return flat, (f"first component ({shares[0]:.0%} of the spread)", f"second component ({shares[1]:.0%})")


def _scores(values: ArrayLike, what: str = "scores") -> Array:
    numbers = np.asarray(values, np.float64)
    if numbers.ndim != 1 or not numbers.size or not np.isfinite(numbers).all():
        raise ValueError(
            f"{what} must be one or more finite numbers, shape (n,); found shape {numbers.shape}"
            f"{' with values that are not finite' if not np.isfinite(numbers).all() else ''}"
        )
    return numbers


def _same_length(values: ArrayLike, other: Array, what: str) -> Array:
    array = np.asarray(values)
    if array.shape != other.shape[:1]:
        raise ValueError(f"{what} must have one value per record, shape ({len(other)},); found shape {array.shape}")
    return array


def _short(text: str) -> str:
    return text if len(text) <= 32 else f"{text[:31]}…"


def _value(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, (float, np.floating)) else str(value)
