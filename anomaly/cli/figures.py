"""The figures of ``anomaly plot``, drawn from values that a detector computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from anomaly import plots
from anomaly.detectors.plot_data import RecordPlotData, SeriesPlotData
from anomaly.tables import Table
from nnlite.types import Array

Figures = dict[str, Callable[[], Any]]
"""Functions that draw a figure and return its axes, by the name of the figure's file."""


# Records with the highest scores that are drawn together, and the most columns of each, and the least part of a score.
_STRANGEST, _COLUMNS, _LEAST_SHARE = 3, 5, 0.01
_WIDTH, _BAR_HEIGHT, _PANEL_HEIGHT = 7.0, 0.42, 0.75

# Steps before and after an alarm in the picture of the expected values.
_MARGIN = 150


def figures_of(
    data: RecordPlotData | SeriesPlotData,
    labels: Array | None,
    names: Sequence[str] | None = None,
    asked: Mapping[int, int] | None = None,
    rows: Array | None = None,
) -> Figures:
    """Return the figures of scored records, or of the scored steps of a series.

    Parameters
    ----------
    data : RecordPlotData or SeriesPlotData
        Values to plot.
    labels : ndarray of int of shape (n_rows,) or None
        1 for anomalies, 0 for normal rows. For records they add the curves and the confusion matrix.
    names : sequence of str of length n_rows, optional
        What each record is called in titles; by default its row, counted from 1 as in the output of `anomaly score`.
    asked : mapping of int to int, optional
        Records with a figure each, beside those with the highest scores: their positions by the number of their row.
    rows : ndarray of int of shape (n_rows,), optional
        The numbers of the records' rows, counted from 1, where some rows of the file are left out.
    """
    if isinstance(data, RecordPlotData):
        return record_figures(data, labels, names, asked, rows)
    return series_figures(data, labels)


def record_figures(
    data: RecordPlotData,
    labels: Array | None,
    names: Sequence[str] | None = None,
    asked: Mapping[int, int] | None = None,
    rows: Array | None = None,
) -> Figures:
    """Return the figures of scored records."""
    scores = data.contributions.sum(axis=1)
    strangest = np.argsort(-scores, kind="stable")[:_STRANGEST].tolist()
    colours = {"scores": scores[data.sample]} if labels is None else {"labels": labels[data.sample]}
    figures: Figures = {
        "learning_curve": lambda: plots.plot_learning_curve(data.history),
        "scores": lambda: plots.plot_score_histogram(scores, data.threshold, labels),
        "scores_over_records": lambda: plots.plot_scores_over_time(
            scores, data.threshold, labels=labels, first=1, rows=rows
        ),
        "strangest_records": lambda: _plot_records(data, strangest, names),
        "latent_space": lambda: plots.plot_latent(data.codes, **colours),
    }
    if labels is not None:
        flagged = (scores > data.threshold).astype(np.int64)
        figures["roc"] = lambda: plots.plot_roc(labels, scores)
        figures["precision_recall"] = lambda: plots.plot_precision_recall(labels, scores)
        figures["confusion_matrix"] = lambda: plots.plot_confusion_matrix(labels, flagged)
    for row, position in (asked or {}).items():
        figures[f"record_{row}"] = partial(_plot_records, data, [position], names)
    return figures


def _plot_records(data: RecordPlotData, positions: Sequence[int], names: Sequence[str] | None) -> Any:
    """Draw the reasons for the scores of some records below each other; return the first axes."""
    from matplotlib import pyplot

    parts = np.abs(data.contributions[np.asarray(positions)])
    counts = (parts >= _LEAST_SHARE * parts.sum(axis=1, keepdims=True)).sum(axis=1).clip(1, _COLUMNS)
    heights = [_PANEL_HEIGHT + _BAR_HEIGHT * (count + 1) for count in counts]
    _, panels = pyplot.subplots(
        len(positions),
        figsize=(_WIDTH, sum(heights)),
        height_ratios=heights,
        layout="constrained",
        squeeze=False,
        sharex=True,
    )
    records = data.records.rows(np.asarray(positions))
    expected = None if data.expected is None else data.expected(records)
    for k, (position, panel) in enumerate(zip(positions, panels[:, 0], strict=True)):
        plots.plot_contributions(
            data.contributions[position],
            data.names,
            [records[name][k] for name in data.names],
            top=int(counts[k]),
            expected=None if expected is None else [_written(data, records, expected, name, k) for name in data.names],
            title=f"Row {position + 1}" if names is None else names[position],
            ax=panel,
        )
        panel.label_outer()
    return panels[0, 0]


def _written(data: RecordPlotData, records: Table, expected: Table, name: str, k: int) -> Any:
    """Return an expected value as the cells of its column are written, if they have a form of their own."""
    value = expected[name][k]
    own = None if data.write is None else data.write(name, value, records[name][k])
    return value if own is None else own


def series_figures(data: SeriesPlotData, labels: Array | None) -> Figures:
    """Return the figures of the scored steps of a series."""
    flags = data.labels
    highest = int(np.argmax(data.contributions.sum(axis=0)))
    # Rows are numbered from 1, as in the output of `anomaly score`.
    axis: dict[str, Any] = {"first": 1} if data.time is None else {"time": data.time}
    near = around_peak(data.contributions[:, highest], flags)
    near_axis = {"first": 1 + near.start} if data.time is None else {"time": data.time[near]}
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
            data.values[near, highest], data.expected[near, highest], flags[near], name=data.names[highest], **near_axis
        ),
        "contributions": lambda: plots.plot_contribution_map(data.contributions, data.names, flags, **axis),
    }


def around_peak(contributions: Array, flags: Array) -> slice:
    """Return the steps around the largest contribution: over a whole series two lines cannot be told apart.

    They are its alarm, if it is in one, and as many steps before and after it, at least `_MARGIN`.

    Examples
    --------
    >>> around_peak(np.arange(1000) == 700, np.zeros(1000))
    slice(550, 851, None)
    """
    peak = int(np.argmax(np.nan_to_num(contributions)))
    quiet = np.flatnonzero(flags == 0)
    # Of the quiet steps, the last one before the alarm and the first one after it.
    before, after = quiet[quiet < peak], quiet[quiet > peak]
    begin, end = (before[-1] + 1 if len(before) else 0), (after[0] if len(after) else len(flags))
    if not flags[peak]:
        begin, end = peak, peak + 1
    margin = max(_MARGIN, end - begin)
    return slice(int(max(begin - margin, 0)), int(min(end + margin, len(flags))))


def write_figures(figures: Mapping[str, Callable[[], Any]], folder: Path) -> list[Path]:
    """Draw figures and write them to an existing folder; return the paths of the files."""
    paths = []
    for name, draw in figures.items():
        paths.append(folder / f"{name}.png")
        plots.save_figure(draw(), paths[-1])
    return paths
