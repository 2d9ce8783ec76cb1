"""Plots of scores and predicted labels against true labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anomaly.metrics import average_precision_score, confusion_matrix, precision_recall_curve, roc_auc_score, roc_curve
from anomaly.metrics.validation import check_both_classes, check_labels
from anomaly.plots.figures import DARK, GREY, axes_or_new, next_curve_color, style_axes
from anomaly.plots.validation import check_length
from nnlite.types import Array
from nnlite.validation import as_finite

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_CLASSES = ("normal", "anomaly")


def plot_roc(y_true: Any, y_score: Any, *, name: str = "detector", ax: Axes | None = None) -> Axes:
    """Plot the receiver operating characteristic: detected anomalies against false alarms.

    Each threshold is a point: the fraction of normal records above it, and the fraction of anomalies above it. The area
    under the curve (AUC) is the probability that an anomaly scores higher than a normal record. A second call with the
    same axes adds a curve.

    Parameters
    ----------
    y_true : array_like of shape (n_records,)
        True labels: 1 for anomalies, 0 for normal records; of both classes.
    y_score : array_like of shape (n_records,)
        Anomaly scores; larger is more anomalous.
    name : str, default "detector"
        Name of the curve in the legend.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; those of a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes with the plot.

    Raises
    ------
    ValueError
        If a score is not finite, there are none, labels are not 0 and 1, or lengths differ.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = plot_roc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], ax=Figure().add_subplot())
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['chance', 'detector (AUC = 0.750)']
    """
    truth, scores = _truth_and_scores(y_true, y_score)
    false_alarms, found, _ = roc_curve(truth, scores)
    ax = axes_or_new(ax)
    _reference_line(ax, [0.0, 1.0], [0.0, 1.0], "chance")
    label = f"{name} (AUC = {roc_auc_score(truth, scores):.3f})"
    ax.plot(false_alarms, found, color=next_curve_color(ax), linewidth=1.8, label=label, gid="curve")
    _unit_square(ax)
    style_axes(
        ax, "ROC curve", "false alarms (fraction of normal records)", "fraction of anomalies detected", grid="both"
    )
    ax.legend(frameon=False, loc="lower right")
    return ax


def plot_precision_recall(y_true: Any, y_score: Any, *, name: str = "detector", ax: Axes | None = None) -> Axes:
    """Plot precision against recall: the fraction of correct alarms for each fraction of detected anomalies.

    The dashed line is the precision of random alarms, the fraction of anomalies in the data. The average precision (AP)
    is the area under the curve. If anomalies are rare, the curve is more informative than the ROC curve [1]_. A second
    call with the same axes adds a curve.

    Parameters
    ----------
    y_true : array_like of shape (n_records,)
        True labels: 1 for anomalies, 0 for normal records; of both classes.
    y_score : array_like of shape (n_records,)
        Anomaly scores; larger is more anomalous.
    name : str, default "detector"
        Name of the curve in the legend.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; those of a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes with the plot.

    Raises
    ------
    ValueError
        If a score is not finite, there are none, labels are not 0 and 1, or lengths differ.

    References
    ----------
    .. [1] Saito, Rehmsmeier, "The Precision-Recall Plot Is More Informative than the ROC Plot When
       Evaluating Binary Classifiers on Imbalanced Datasets", PLOS ONE 10(3), 2015.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = plot_precision_recall([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], ax=Figure().add_subplot())
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['random (0.5)', 'detector (AP = 0.833)']
    """
    truth, scores = _truth_and_scores(y_true, y_score)
    precision, recall, _ = precision_recall_curve(truth, scores)
    ax = axes_or_new(ax)
    base = float(truth.mean())
    _reference_line(ax, [0.0, 1.0], [base, base], f"random ({base:.3g})")
    # A step function, whose area is the average precision: no threshold gives a point between two others.
    ax.plot(
        recall,
        precision,
        drawstyle="steps-post",
        color=next_curve_color(ax),
        linewidth=1.8,
        label=f"{name} (AP = {average_precision_score(truth, scores):.3f})",
        gid="curve",
    )
    _unit_square(ax)
    style_axes(
        ax,
        "Precision and recall",
        "recall (fraction of anomalies detected)",
        "precision (fraction of alarms that are anomalies)",
        grid="both",
    )
    ax.legend(frameon=False, loc="best")
    return ax


def plot_confusion_matrix(y_true: Any, y_pred: Any, *, ax: Axes | None = None) -> Axes:
    r"""Plot the confusion matrix of predicted and true labels.

    Each cell contains a number of records and its fraction of the row: on the diagonal, the fraction of normal records
    without an alarm, and the fraction of anomalies detected.

    Parameters
    ----------
    y_true : array_like of shape (n_records,)
        True labels: 1 for anomalies, 0 for normal records.
    y_pred : array_like of shape (n_records,)
        Predicted labels, likewise.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; those of a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes with the plot.

    Raises
    ------
    ValueError
        If there are none, a label is not 0 or 1, or lengths differ.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = plot_confusion_matrix([0, 0, 0, 1], [0, 0, 1, 1], ax=Figure().add_subplot())
    >>> [text.get_text() for text in ax.texts]
    ['2\n66.7 %', '1\n33.3 %', '0\n0.0 %', '1\n100.0 %']
    """
    counts = confusion_matrix(y_true, y_pred)
    fractions = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    ax = axes_or_new(ax)
    ax.imshow(fractions, cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto")
    for row, column in np.ndindex(2, 2):
        fraction = float(fractions[row, column])
        text = f"{int(counts[row, column]):,}\n{100.0 * fraction:.1f} %"
        color = "white" if fraction > 0.5 else DARK
        ax.text(column, row, text, ha="center", va="center", color=color, fontsize="large")
    names = [f"{name}\n({total:,})" for name, total in zip(_CLASSES, counts.sum(axis=1).tolist(), strict=True)]
    ax.set_xticks([0, 1], _CLASSES)
    ax.set_yticks([0, 1], names)
    style_axes(ax, "Confusion matrix (fractions of each row)", "predicted", "true", grid="")
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0.0)
    return ax


def _truth_and_scores(y_true: Any, y_score: Any) -> tuple[Array, Array]:
    scores = as_finite("y_score", y_score)
    truth = check_labels(y_true, "y_true")
    check_length(truth, "y_true", len(scores))
    check_both_classes(truth, "the curve")
    return truth, scores


def _reference_line(ax: Axes, x: list[float], y: list[float], label: str) -> None:
    """Draw the line of random alarms, once for all curves on the axes."""
    if not any(line.get_gid() == "reference" for line in ax.lines):
        ax.plot(x, y, color=GREY, linestyle="--", linewidth=1.2, label=label, gid="reference")


def _unit_square(ax: Axes) -> None:
    ax.set_xlim(-0.02, 1.02)
    ax.set_ylim(-0.02, 1.05)
