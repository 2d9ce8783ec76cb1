"""The set of pictures that shows a fitted detector's view of a table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from anomaly import plots
from anomaly.detectors import TableDetector
from anomaly.tables import Table
from nnlite.types import Array

_MOST_POINTS = 5000


def draw_pictures(detector: TableDetector, table: Table, labels: Array | None, folder: Path) -> list[Path]:
    """Draw and write all pictures that can be drawn.

    Parameters
    ----------
    detector : TableDetector
        Fitted.
    table : Table
        Records.
    labels : ndarray of int, optional
        1 for anomalies; with them come the curves and the confusion matrix.
    folder : Path
        An existing folder.

    Returns
    -------
    list of Path
        The files, written whole or not at all.
    """
    parts = detector.explain(table)
    scores = parts.sum(axis=1)
    threshold = detector.threshold_
    strangest = int(np.argmax(scores))
    shown = _sample(len(table), _MOST_POINTS)
    names = list(detector.feature_names_in_)
    drawings: dict[str, Callable[[], Any]] = {
        "learning_curve": lambda: plots.plot_learning_curve(detector.history_),
        "scores": lambda: plots.plot_score_histogram(scores, threshold, labels),
        "scores_over_records": lambda: plots.plot_scores_over_time(scores, threshold, labels=labels, first=1),
        "strangest_record": lambda: plots.plot_contributions(
            parts[strangest], names, values=[table[name][strangest] for name in names]
        ),
        "latent_space": lambda: plots.plot_latent(
            detector.encode(table.rows(shown)),
            **({"scores": scores[shown]} if labels is None else {"labels": labels[shown]}),
        ),
    }
    if labels is not None:
        flagged = (scores > threshold).astype(np.int64)
        drawings["roc"] = lambda: plots.plot_roc(labels, scores)
        drawings["precision_recall"] = lambda: plots.plot_precision_recall(labels, scores)
        drawings["confusion_matrix"] = lambda: plots.plot_confusion_matrix(labels, flagged)
    paths = []
    for name, draw in drawings.items():
        path = folder / f"{name}.png"
        plots.save_figure(draw(), path)
        paths.append(path)
    return paths


def _sample(rows: int, most: int) -> Array:
    """Choose rows for a picture, spread evenly over the table."""
    return np.unique(np.linspace(0, rows - 1, min(rows, most)).astype(np.int64))
