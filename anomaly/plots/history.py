"""Plots of the training history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from anomaly.plots.figures import ANOMALY, DARK, NORMAL, axes_or_new, label_logarithmic, style_axes
from anomaly.plots.validation import check_length
from nnlite.types import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# The axis is logarithmic if the largest value is this many times the smallest.
_WIDE = 20.0
_FEW_EPOCHS = 30


def plot_learning_curve(history: Any, metric: str = "loss", *, ax: Axes | None = None) -> Axes:
    """Plot a loss, or another metric of training, over the epochs.

    A validation curve is plotted too, with a mark at its best epoch. The vertical axis is logarithmic if the largest
    value is more than twenty times the smallest. If training diverges, the curve ends there and a line marks the epoch.

    Parameters
    ----------
    history : dict of str to sequence of float, or object with such a `history`
        History returned by `Model.fit`, or a detector's ``history_``.
    metric : str, default "loss"
        Name of the metric; ``"val_" + metric`` is its validation curve.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; those of a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes with the plot.

    Raises
    ------
    ValueError
        If there is no such entry, it has no finite value, or training and validation differ in
        length.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> history = {"loss": [1.0, 0.4, 0.2], "val_loss": [1.1, 0.6, 0.7]}
    >>> ax = plot_learning_curve(history, ax=Figure().add_subplot())
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['training', 'validation', 'best: 0.6 in epoch 2']
    """
    from matplotlib.ticker import MaxNLocator

    curves = _curves(history, metric)
    ax = axes_or_new(ax)
    epochs = np.arange(1, len(curves["training"]) + 1)
    marker = "." if len(epochs) <= _FEW_EPOCHS else ""
    for (name, values), color in zip(curves.items(), (NORMAL, ANOMALY), strict=False):
        ax.plot(epochs, values, color=color, marker=marker, linewidth=1.6, label=name)
    if "validation" in curves:
        _mark_best(ax, curves["validation"])
    _mark_divergence(ax, curves)
    _scale(ax, np.concatenate(list(curves.values())))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    style_axes(ax, "Learning curve", "epoch", metric.replace("_", " "))
    ax.legend(frameon=False)
    return ax


def _curves(history: Any, metric: str) -> dict[str, Array]:
    entries = getattr(history, "history", history)
    if not isinstance(entries, Mapping):
        raise ValueError(
            f"history must be a dict of lists or have one as its attribute 'history'; found {type(history).__name__}"
        )
    if metric not in entries:
        raise ValueError(f"history has no {metric!r}; it has {', '.join(map(repr, entries)) or 'no entries'}")
    curves = {"training": _values(entries[metric], metric)}
    validation = f"val_{metric}"
    if validation in entries:
        curves["validation"] = _values(entries[validation], validation)
        check_length(curves["validation"], validation, len(curves["training"]))
    return curves


def _values(values: Sequence[float], name: str) -> Array:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"history[{name!r}] must contain one number for each epoch; found shape {array.shape}")
    if not np.isfinite(array).any():
        raise ValueError(
            f"history[{name!r}] has no finite value in {len(array)} epoch(s): training diverged from the start; try a "
            "smaller learning rate"
        )
    return np.where(np.isfinite(array), array, np.nan)


def _mark_best(ax: Axes, values: Array) -> None:
    best = int(np.nanargmin(values))
    ax.plot(
        best + 1,
        values[best],
        linestyle="",
        marker="o",
        markersize=8,
        markerfacecolor="none",
        markeredgecolor=DARK,
        label=f"best: {values[best]:.4g} in epoch {best + 1}",
    )


def _mark_divergence(ax: Axes, curves: Mapping[str, Array]) -> None:
    diverged = np.isnan(np.vstack(list(curves.values()))).any(axis=0)
    if diverged.any():
        epoch = int(np.argmax(diverged)) + 1
        ax.axvline(epoch, color=DARK, linestyle=":", linewidth=1.2, label=f"not finite in epoch {epoch}")


def _scale(ax: Axes, values: Array) -> None:
    if np.nanmin(values) > 0.0 and np.nanmax(values) > _WIDE * np.nanmin(values):
        ax.set_yscale("log")
        label_logarithmic(ax.yaxis)
