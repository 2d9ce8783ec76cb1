"""The figures of ``anomaly plot``, drawn from values that a detector computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from anomaly import plots
from anomaly.detectors.plot_data import RecordPlotData, SeriesPlotData
from nnlite.types import Array

Figures = dict[str, Callable[[], Any]]
"""Functions that draw a figure and return its axes, by the name of the figure's file."""


def figures_of(data: RecordPlotData | SeriesPlotData, labels: Array | None) -> Figures:
    """Return the figures of scored records, or of the scored steps of a series.

    Parameters
    ----------
    data : RecordPlotData or SeriesPlotData
        Values to plot.
    labels : ndarray of int of shape (n_rows,) or None
        1 for anomalies, 0 for normal rows. For records they add the curves and the confusion matrix.
    """
    return record_figures(data, labels) if isinstance(data, RecordPlotData) else series_figures(data, labels)


def record_figures(data: RecordPlotData, labels: Array | None) -> Figures:
    """Return the figures of scored records."""
    scores = data.contributions.sum(axis=1)
    highest = int(np.argmax(scores))
    cells = [data.records[name][highest] for name in data.names]
    colours = {"scores": scores[data.sample]} if labels is None else {"labels": labels[data.sample]}
    figures: Figures = {
        "learning_curve": lambda: plots.plot_learning_curve(data.history),
        "scores": lambda: plots.plot_score_histogram(scores, data.threshold, labels),
        "scores_over_records": lambda: plots.plot_scores_over_time(scores, data.threshold, labels=labels, first=1),
        "strangest_record": lambda: plots.plot_contributions(data.contributions[highest], data.names, values=cells),
        "latent_space": lambda: plots.plot_latent(data.codes, **colours),
    }
    if labels is not None:
        flagged = (scores > data.threshold).astype(np.int64)
        figures["roc"] = lambda: plots.plot_roc(labels, scores)
        figures["precision_recall"] = lambda: plots.plot_precision_recall(labels, scores)
        figures["confusion_matrix"] = lambda: plots.plot_confusion_matrix(labels, flagged)
    return figures


def series_figures(data: SeriesPlotData, labels: Array | None) -> Figures:
    """Return the figures of the scored steps of a series."""
    flags = data.labels
    highest = int(np.argmax(data.contributions.sum(axis=0)))
    # Rows are numbered from 1, as in the output of `anomaly score`.
    axis: dict[str, Any] = {"first": 1} if data.time is None else {"time": data.time}
    return {
        "series": lambda: plots.plot_series(
            data.values,
            flags,
            names=data.names,
            scores=data.scores,
            threshold=data.threshold,
            labels=labels,
            contributions=data.contributions,
            **axis,
        )[0],
        "reconstruction": lambda: plots.plot_reconstruction(
            data.values[:, highest], data.expected[:, highest], flags, name=data.names[highest], **axis
        ),
        "contributions": lambda: plots.plot_contribution_map(data.contributions, data.names, flags, **axis),
    }


def write_figures(figures: Mapping[str, Callable[[], Any]], folder: Path) -> list[Path]:
    """Draw figures and write them to an existing folder; return the paths of the files."""
    paths = []
    for name, draw in figures.items():
        paths.append(folder / f"{name}.png")
        plots.save_figure(draw(), paths[-1])
    return paths
