"""The values that the page's script shows, as JSON that is safe within a page."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from anomaly.errors import printable
from anomaly.report.content import Alarm, Reason, Report, SeriesSection
from anomaly.report.record_columns import packed, records_payload, shortened
from nnlite.types import Array

MOST_VALUES = 1_200_000
"""Values of all time lines that are kept; of a longer one, the lowest and the highest of each bucket of steps."""


def to_json(report: Report) -> str:
    """Return the values as JSON without the characters that end a script in HTML."""
    order = np.argsort(-report.scores, kind="stable")
    values = {
        "unit": report.unit,
        "threshold": report.threshold,
        "flagged": report.n_flagged,
        "scores": packed(report.scores[order], np.float32),
        "labels": None if report.labels is None else packed(report.labels[order], np.int8),
        "records": None if report.records is None else records_payload(report.records),
        "series": [_series(one, MOST_VALUES // len(report.series)) for one in report.series],
        "history": {name: [_finite(loss) for loss in losses] for name, losses in report.history.items()},
    }
    text = json.dumps(_readable(values), separators=(",", ":"), allow_nan=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _readable(value: Any) -> Any:
    """Return values without the characters in their texts that would turn the direction of what follows."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {key: _readable(one) for key, one in value.items()}
    return [_readable(one) for one in value] if isinstance(value, list) else value


def _finite(value: float) -> float | None:
    return float(f"{value:.6g}") if np.isfinite(value) else None


def _reasons(reasons: Any) -> list[list[Any]]:
    def row(reason: Reason) -> list[Any]:
        found, expected = shortened(reason.found), shortened(reason.expected)
        return [reason.column, round(reason.share, 4), found, expected, reason.text]

    return [row(reason) for reason in reasons]


def _series(section: SeriesSection, most_values: int) -> dict[str, Any]:
    chosen = _thinned(np.column_stack([section.values, section.scores]), most_values)

    def alarm(one: Alarm) -> dict[str, Any]:
        return {
            "start": one.start,
            "end": one.end,
            "peak": one.peak,
            "score": _finite(one.score),
            "from": one.start_text,
            "to": one.end_text,
            "reasons": _reasons(one.reasons),
        }

    times = section.times
    if times is not None and times.dtype.kind == "M":
        times = times.astype("datetime64[ms]").astype(np.int64).astype(np.float64)
    is_date = section.times is not None and section.times.dtype.kind == "M"
    return {
        "name": section.name,
        "sensors": list(section.sensors),
        "steps": packed(chosen, np.int32),
        "values": [packed(section.values[chosen, k], np.float32) for k in range(len(section.sensors))],
        "scores": packed(section.scores[chosen], np.float32),
        "times": None if times is None else packed(times[chosen], np.float64),
        "dates": is_date,
        "count": len(section.scores),
        "alarms": [alarm(one) for one in section.alarms],
        "truth": _segments(section.labels),
    }


def _segments(labels: Array | None) -> list[list[int]] | None:
    """Return the first step and the one after the last of each true anomaly."""
    if labels is None:
        return None
    edges = np.diff(np.concatenate([[0], (labels == 1).astype(np.int8), [0]]))
    return np.column_stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)]).tolist()


def _thinned(columns: Array, most_values: int) -> Array:
    """Return the steps to keep: all, or those with the lowest and highest value of each column in each bucket."""
    n_steps, n_columns = columns.shape
    if n_steps * n_columns <= most_values:
        return np.arange(n_steps)
    # Each column keeps two steps a bucket, and a kept step keeps all columns.
    n_buckets = max(most_values // (2 * n_columns * n_columns), 200)
    kept = {0, n_steps - 1}
    for rows in np.array_split(np.arange(n_steps), n_buckets):
        part = columns[rows]
        low, high = np.where(np.isnan(part), np.inf, part), np.where(np.isnan(part), -np.inf, part)
        kept.update(rows[low.argmin(axis=0)].tolist(), rows[high.argmax(axis=0)].tolist())
    return np.array(sorted(kept))
