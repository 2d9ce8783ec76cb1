"""The sections of a report, from the values that detectors compute."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

import numpy as np

import nnlite
from anomaly.calibration import p_values
from anomaly.detectors.plot_data import SeriesPlotData
from anomaly.drift import DriftResult
from anomaly.errors import format_names
from anomaly.events import Event, find_events
from anomaly.report.content import Alarm, Reason, RecordsSection, SeriesSection, UnusualRecord
from anomaly.report.grouping import group_alike
from anomaly.report.reasons import BESIDE_STEPS, cell_text, reasons_of
from anomaly.tables import Table
from nnlite.types import Array

_MOST_REASONS = 5
_LEAST_SHARE = 0.005
# Of the largest value of a sensor: what single precision cannot tell from 0.
_ROUNDING = 1e-6


def records_section(
    records: Table,
    scores: Array,
    threshold: float,
    *,
    names: list[str],
    explain: Callable[[Table], Array],
    expected: Callable[[Table], Table] | None,
    rare_missing: Callable[[Table], Array] | None,
    calibration: Array | None,
    labels: Array | None,
    ids: Sequence[str] | None,
    most_records: int,
    write: Callable[[str, Any, Any], str | None] | None = None,
) -> RecordsSection:
    """Return the records with the highest scores, and groups of the flagged ones among them.

    Parameters
    ----------
    records : Table of shape (n_records, n_columns)
        All records.
    scores : ndarray of shape (n_records,)
        Their scores.
    threshold : float
        Records that score above it are flagged.
    names : list of str
        Names of the columns that contribute to scores.
    explain, expected, rare_missing : callable or None
        Contributions of these columns, their expected values, and which of their cells are missing though hardly any
        were in training.
    calibration : ndarray of shape (n,) or None
        Scores of held-out normal records, for p-values.
    labels : ndarray of int of shape (n_records,) or None
        1 for true anomalies, 0 for normal records, -1 for others.
    ids : sequence of str of length n_records or None
        What identifies each record.
    most_records : int
        Number of records to list.
    write : callable or None
        Returns an expected value as its column is written; see `anomaly.report.reasons.reasons_of`.
    """
    order = np.argsort(-scores, kind="stable")[:most_records]
    chosen = records.rows(order)
    contributions = explain(chosen)
    found = _columns_of(chosen, names)
    expectations = None if expected is None else _columns_of(expected(chosen), names)
    missing = None if rare_missing is None else rare_missing(chosen)
    chances = None if calibration is None or not len(calibration) else p_values(calibration, scores[order])
    cells = [_cells(column) for column in chosen.columns]
    listed = [
        UnusualRecord(
            row=int(i) + 1,
            key="" if ids is None else ids[i],
            score=float(scores[i]),
            p_value=None if chances is None else float(chances[k]),
            label=None if labels is None or labels[i] < 0 else int(labels[i]),
            cells=[column[k] for column in cells],
            reasons=_worth_a_line(
                reasons_of(
                    names,
                    contributions[k],
                    [column[k] for column in found],
                    None if expectations is None else [column[k] for column in expectations],
                    _MOST_REASONS,
                    write,
                )
            ),
            missing=[] if missing is None else [names[c] for c in np.flatnonzero(missing[k])],
        )
        for k, i in enumerate(order)
    ]
    flagged = scores[order] > threshold
    return RecordsSection(chosen.names, listed, group_alike(contributions[flagged], names))


def _worth_a_line(reasons: list[Reason]) -> list[Reason]:
    """Return the reasons without those that would be 0 % of the score."""
    return [reason for k, reason in enumerate(reasons) if not k or reason.share >= _LEAST_SHARE]


def series_section(data: SeriesPlotData, labels: Array | None, name: str = "") -> SeriesSection:
    """Return the time line of a series, with its alarms and the sensors that contribute most to each.

    Parameters
    ----------
    data : SeriesPlotData
        Values, expected values, scores and alarms.
    labels : ndarray of int of shape (n_steps,) or None
        True labels.
    name : str
        The group of rows that it is.
    """

    def text(step: int) -> str:
        return str(step + 1) if data.time is None else cell_text(data.time[step])

    def alarm(event: Event) -> Alarm:
        # A score covers the steps of windows; the whole event tells what it is about, its peak what was found.
        shares = np.nansum(data.contributions[event.start : event.end], axis=0)
        peak = data.values[event.peak]
        found = [0.0 if abs(value) <= noise else value for value, noise in zip(peak, rounding, strict=True)]
        expected = list(data.expected[event.peak])
        reasons = reasons_of(data.names, shares, found, expected, _MOST_REASONS, beside=BESIDE_STEPS)
        score = float(event.peak_score)
        return Alarm(event.start, event.end, event.peak, score, text(event.start), text(event.end - 1), reasons)

    # Values were scaled and back: what was 0 is next to it.
    rounding = _ROUNDING * np.nanmax(np.abs(data.values), axis=0, initial=0.0)
    events = find_events(data.labels, data.scores)
    return SeriesSection(
        data.names, data.values, data.scores, data.labels, data.time, [alarm(one) for one in events], labels, name
    )


def group_sections(
    parts: Iterable[tuple[str, Array, SeriesPlotData]], n_rows: int, labels: Array | None
) -> tuple[Array, Array, list[SeriesSection]]:
    """Return scores and labels of all rows, and the time lines of their groups, those with the most alarms first.

    Parameters
    ----------
    parts : iterable of (str, ndarray of int, SeriesPlotData)
        The name of each group, its rows, and their values.
    n_rows : int
        Number of all rows; those of no group have no score.
    labels : ndarray of int of shape (n_rows,) or None
        True labels.
    """
    scores, flags = np.full(n_rows, np.nan), np.zeros(n_rows, np.int64)
    sections = []
    for name, rows, data in parts:
        scores[rows], flags[rows] = data.scores, data.labels
        sections.append(series_section(data, None if labels is None else labels[rows], name))
    return scores, flags, sorted(sections, key=lambda one: -len(one.alarms))


def drift_in_words(results: Mapping[str, DriftResult], n_groups: int) -> str:
    """Return in which groups there is drift.

    Examples
    --------
    >>> drift_in_words({"mill": DriftResult(0.1, 0.5, 0.01, 500, 300, score_level=0.005)}, 2)
    'No drift was found; 1 of 2 groups were tested.'
    """
    drifted = [name for name, result in results.items() if result.drifted]
    said = f"Drift was found in {format_names(drifted, 20)}" if drifted else "No drift was found"
    return f"{said}; {len(results):,} of {n_groups:,} groups were tested."


def check_one_each(n_rows: int, labels: Array | None, ids: Sequence[str] | None) -> None:
    """Raise ValueError unless there is a label and an identifier for each row, where there are any."""
    for name, given in (("labels", labels), ("ids", ids)):
        if given is not None and len(given) != n_rows:
            raise ValueError(f"there are {len(given):,} {name} for {n_rows:,} rows: give one for each")


def versions() -> dict[str, str]:
    """Return when and by what a report was made."""
    made = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    found = {"report made": made, "nnlite and anomaly": nnlite.__version__, "NumPy": np.__version__}
    # Numba is named where it took part.
    if "numba" in sys.modules:
        found["Numba"] = sys.modules["numba"].__version__
    return {**found, "Python": platform.python_version(), "machine": platform.platform()}


def _columns_of(table: Table, names: Sequence[str]) -> list[Array]:
    """Return the columns by name; those of a table with other names go by their order."""
    return [table[name] for name in names] if set(names) <= set(table.names) else list(table.columns)


def _cells(column: Array) -> list[Any]:
    """Return cells as numbers where they are, else as text; None for missing ones."""
    if column.dtype.kind in "fiu":
        return [None if value != value else float(value) for value in column.tolist()]
    return [cell_text(value) or None for value in column]
