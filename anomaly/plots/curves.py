"""Scores and decisions held against the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anomaly.plots.checks import finite_numbers, zeros_and_ones
from anomaly.plots.figures import DARK, GREY, axes_to_draw_on, dress, next_curve_color
from nnlite.types import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_CLASSES = ("normal", "anomaly")


def plot_roc(y_true: Any, y_score: Any, *, name: str = "detector", ax: Axes | None = None) -> Axes:
    """Draw the receiver operating characteristic: anomalies found against false alarms.

    Each threshold gives a point: the share of normal records above it, and the share of anomalies
    above it. The area under the curve (AUC) is the probability that an anomaly scores higher than a
    normal record. Called again with the same axes, it adds a curve.

    Parameters
    ----------
    y_true : array_like of shape (n_records,)
        1 for anomalies, 0 for normal records; both must occur.
    y_score : array_like of shape (n_records,)
        Larger is more anomalous.
    name : str, default "detector"
        What the legend calls the curve.
    ax : matplotlib.axes.Axes, optional
        Where to draw; on a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        What was drawn on.

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
    from anomaly.metrics import roc_auc_score, roc_curve

    truth, scores = _truth_and_scores(y_true, y_score)
    false_alarms, found, _ = roc_curve(truth, scores)
    ax = axes_to_draw_on(ax)
    _reference_line(ax, [0.0, 1.0], [0.0, 1.0], "chance")
    label = f"{name} (AUC = {roc_auc_score(truth, scores):.3f})"
    ax.plot(false_alarms, found, color=next_curve_color(ax), linewidth=1.8, label=label, gid="curve")
    _unit_square(ax)
    dress(ax, "ROC curve", "false alarms (share of normal records)", "share of anomalies found", grid="both")
    ax.legend(frameon=False, loc="lower right")
    return ax


def plot_precision_recall(y_true: Any, y_score: Any, *, name: str = "detector", ax: Axes | None = None) -> Axes:
    """Draw precision against recall: how far alarms can be trusted, for each share found.

    The dashed line is what guessing reaches, the share of anomalies in the data. The average
    precision (AP) sums up the curve. Where anomalies are rare this says more than the ROC curve
    does [1]_. Called again with the same axes, it adds a curve.

    Parameters
    ----------
    y_true : array_like of shape (n_records,)
        1 for anomalies, 0 for normal records; both must occur.
    y_score : array_like of shape (n_records,)
        Larger is more anomalous.
    name : str, default "detector"
        What the legend calls the curve.
    ax : matplotlib.axes.Axes, optional
        Where to draw; on a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        What was drawn on.

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
    ['guessing (0.5)', 'detector (AP = 0.833)']
    """
    from anomaly.metrics import average_precision_score, precision_recall_curve

    truth, scores = _truth_and_scores(y_true, y_score)
    precision, recall, _ = precision_recall_curve(truth, scores)
    ax = axes_to_draw_on(ax)
    base = float(truth.mean())
    _reference_line(ax, [0.0, 1.0], [base, base], f"guessing ({base:.3g})")
    # Steps, as the average precision sums them: what lies between two thresholds cannot be had.
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
    dress(
        ax,
        "Precision and recall",
        "recall (share of anomalies found)",
        "precision (share of alarms that are anomalies)",
        grid="both",
    )
    ax.legend(frameon=False, loc="best")
    return ax


def plot_confusion_matrix(y_true: Any, y_pred: Any, *, ax: Axes | None = None) -> Axes:
    r"""Draw how many normal records and anomalies were taken for what.

    Each cell holds a number of records and its share of the row: on the diagonal, the share of
    normal records that were left in peace, and the share of anomalies found.

    Parameters
    ----------
    y_true : array_like of shape (n_records,)
        The truth: 1 for anomalies, 0 for normal records.
    y_pred : array_like of shape (n_records,)
        What the detector said, likewise.
    ax : matplotlib.axes.Axes, optional
        Where to draw; on a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        What was drawn on.

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
    from anomaly.metrics import confusion_matrix

    truth = finite_numbers(y_true, "y_true")
    actual = zeros_and_ones(truth, "y_true", len(truth)).astype(np.int64)
    said = zeros_and_ones(y_pred, "y_pred", len(truth)).astype(np.int64)
    counts = confusion_matrix(actual, said)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    ax = axes_to_draw_on(ax)
    ax.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto")
    for row, column in np.ndindex(2, 2):
        share = float(shares[row, column])
        text = f"{int(counts[row, column]):,}\n{100.0 * share:.1f} %"
        color = "white" if share > 0.5 else DARK
        ax.text(column, row, text, ha="center", va="center", color=color, fontsize="large")
    names = [f"{name}\n({total:,})" for name, total in zip(_CLASSES, counts.sum(axis=1).tolist(), strict=True)]
    ax.set_xticks([0, 1], _CLASSES)
    ax.set_yticks([0, 1], names)
    dress(ax, "Confusion matrix (shares of each row)", "predicted", "true", grid="")
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0.0)
    return ax


def _truth_and_scores(y_true: Any, y_score: Any) -> tuple[Array, Array]:
    scores = finite_numbers(y_score, "y_score")
    truth = zeros_and_ones(y_true, "y_true", len(scores)).astype(np.int64)
    if truth.min() == truth.max():
        raise ValueError(
            f"y_true must hold both normal records (0) and anomalies (1); found {len(truth):,} times {truth[0]}"
        )
    return truth, scores


def _reference_line(ax: Axes, x: list[float], y: list[float], label: str) -> None:
    """Draw what a detector must beat, once for all curves on the axes."""
    if not any(line.get_gid() == "reference" for line in ax.lines):
        ax.plot(x, y, color=GREY, linestyle="--", linewidth=1.2, label=label, gid="reference")


def _unit_square(ax: Axes) -> None:
    ax.set_xlim(-0.02, 1.02)
    ax.set_ylim(-0.02, 1.05)
