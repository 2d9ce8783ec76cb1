"""What the commands of ``anomaly`` do with series: `fit` with ``--window``, and the others with the model it wrote."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from anomaly.cli.inputs import split_names
from anomaly.cli.score_columns import score_columns, top_columns
from anomaly.detectors import SequenceDetector
from anomaly.errors import DataError, format_names
from anomaly.events import Event, EventStream, find_segments
from anomaly.preprocessing.columns.parsing import MICROSECONDS_PER_DAY, category_text, parse_number
from anomaly.tables import Table
from anomaly.tables.csv_files import CsvWriter
from nnlite.types import Array

_OPTIONS = ("window", "stride", "network", "method", "smoothing", "folds", "members", "margin", "time", "gap")

OF_TABLES = ("false_alarm_rate", "trim", "dates", "sparsity")
"""Settings of detectors of tables alone."""


def refuse_without_window(options: Namespace) -> None:
    """Raise ValueError if an argument for series is given and a table is to be fitted."""
    given = [name for name in (*_OPTIONS, "causal", "relative") if getattr(options, name) not in (None, False)]
    if given:
        raise ValueError(f"--{given[0]} is for series: give --window STEPS too, such as --window 60")


def refuse_for_tables(options: Namespace) -> None:
    """Raise ValueError if an argument for series is given and the model is one of tables."""
    given = [name for name in ("events", "minimum_length", "tolerance") if getattr(options, name, None) is not None]
    if given:
        name = given[0].replace("_", "-")
        raise ValueError(f"--{name} is for series; {options.model!r} was fitted on a table, without --window")


def refuse_for_series(options: Namespace) -> None:
    """Raise ValueError if an argument for tables is given and the model is one of series."""
    given = [name for name in ("p_values", "prior", "expected") if getattr(options, name) not in (None, False)]
    if given:
        name = given[0].replace("_", "-")
        raise ValueError(f"--{name} is for tables; {options.model!r} was fitted on a series, with --window")


def refuse_without_events(options: Namespace) -> None:
    """Raise ValueError if an argument for events is given and none are to be written."""
    given = [name for name in ("minimum_length", "tolerance") if getattr(options, name) is not None]
    if given and not options.events:
        name = given[0].replace("_", "-")
        raise ValueError(f"--{name} goes with --events EVENTS.csv: it says which alarms become events")


def fit(
    options: Namespace,
    table: Table,
    ignored: list[str],
    labels: Array | None,
    settings: dict[str, Any],
    needs_labels: bool,
) -> str:
    """Learn from a series, write the model, and say what was done.

    Rows with other labels than that of normal ones are cut out, unless the threshold is chosen by them, and those
    without a label in any case; what is left between them are series of their own.
    """
    if options.time in split_names(options.drop):
        raise ValueError(f"--time and --drop both name {options.time!r}: a column cannot be used and left out")
    for name in OF_TABLES:
        if name in settings:
            raise ValueError(f"--{name.replace('_', '-')} is for tables: leave it out, or --window")
    ignored = [name for name in ignored if name != options.time]
    settings |= {name: getattr(options, name) for name in _OPTIONS if getattr(options, name) is not None}
    detector = SequenceDetector(**settings, causal=options.causal, relative=options.relative, ignore=ignored or None)
    if labels is None:
        detector.fit(table)
    else:
        parts = [slice(start, end) for start, end in find_segments(labels >= 0 if needs_labels else labels == 0)]
        detector.fit([table.rows(part) for part in parts], [labels[part] for part in parts] if needs_labels else None)
    detector.save(options.model)
    losses = detector.history_["loss"]
    calibrating = detector.labels_[detector.calibration_]
    return "\n".join(
        [
            f"learned from {len(detector.labels_):,} steps of {_sensors(detector)} sensors, in windows of "
            f"{detector.window}",
            f"training loss {losses[0]:.4g} in the first of {len(losses)} epochs, {losses[-1]:.4g} in the last",
            f"threshold {detector.threshold_:.6g}: {calibrating.sum():,} of {len(calibrating):,} steps kept for "
            "calibration score above it",
            f"model written to {options.model}",
        ]
    )


def score(
    detector: SequenceDetector,
    chunks: Iterable[tuple[Table, Sequence[Array]]],
    writer: CsvWriter,
    threshold: float,
    top: int,
    events: EventWriter | None = None,
) -> None:
    """Score a series of any length; rows are written when their scores are settled, in order.

    Parameters
    ----------
    detector : SequenceDetector
        Fitted.
    chunks : iterable of (Table, sequence of ndarray)
        Its rows, piece by piece, and the columns that are copied to the output.
    writer : CsvWriter
        Where to.
    threshold : float
        Above it a step is an anomaly.
    top : int
        How many sensors to name.
    events : EventWriter, optional
        Where events are to be written.
    """
    names = list(detector.feature_names_in_)
    timed = events is not None and detector.time is not None
    if timed:
        chunks = ((table, [*keys, table[str(detector.time)]]) for table, keys in chunks)
    waiting: list[Array] = []
    for parts, keys in _settled(detector, chunks):
        waiting = [np.concatenate(pair) for pair in zip(waiting, keys, strict=True)] if waiting else list(keys)
        columns = [column[: len(parts)] for column in waiting]
        waiting = [column[len(parts) :] for column in waiting]
        scores = parts.sum(axis=1)
        times = [columns.pop()] if timed else []
        if events is not None:
            events.push(scores > threshold, scores, columns[0], *times)
        writer.write_columns([*columns, *score_columns(scores, threshold), *top_columns(parts, names, top)])


class EventWriter:
    """Writes the events of a series as they end: their first, last and highest rows, named as in the scores.

    Parameters
    ----------
    writer : CsvWriter
        Where to.
    minimum_length, tolerance : int
        See `anomaly.events.find_events`.
    timed : bool, default False
        Whether the times of these rows are written too.
    """

    def __init__(self, writer: CsvWriter, minimum_length: int, tolerance: int, timed: bool = False) -> None:
        self._writer, self._stream = writer, EventStream(minimum_length, tolerance)
        times = ["start_time", "end_time", "peak_time"] if timed else []
        writer.write_row(["start", "end", "peak", "peak_score", "steps", *times])

    def push(self, flags: Array, scores: Array, names: Array, *times: Array) -> None:
        """Take the next rows: what names each, and its time where times are written."""
        self._write(self._stream.push(flags, scores, time=list(zip(names, *times, strict=True))))

    def finish(self) -> None:
        """Write the event that is still open: the series ends here."""
        self._write(self._stream.finish())

    def _write(self, events: Sequence[Event]) -> None:
        for event in events:
            peak = f"{event.peak_score:.9g}"
            (start, *since), (end, *until), (highest, *at) = event.start_time, event.end_time, event.peak_time
            self._writer.write_row([start, end, highest, peak, len(event), *since, *until, *at])


def _settled(
    detector: SequenceDetector, chunks: Iterable[tuple[Table, Sequence[Array]]]
) -> Iterator[tuple[Array, Sequence[Array]]]:
    """Yield the parts of the scores that are settled, and the keys of the rows that have just come in."""
    stream = detector.stream()
    keys: Sequence[Array] = []
    for table, keys in chunks:
        yield stream.push_parts(table), keys
    yield stream.finish_parts(), [column[:0] for column in keys]


def draw(detector: SequenceDetector, table: Table, labels: Array | None, folder: Path) -> list[Path]:
    """Draw a series, its alarms and what they are due to; return the files."""
    from anomaly.plots import plot_contribution_map, plot_reconstruction, plot_series, save_figure

    # What was held over in place of a missing sample was not measured: lines have holes there.
    seen, expected = detector.observe(table, filled=False), detector.reconstruct(table)
    kinds = detector.preprocessor_.columns_.kinds_
    names = [name for name in seen.names if kinds[name] in ("number", "boolean")]
    if not names:
        raise DataError(
            f"none of the columns {format_names(seen.names)} holds numbers: expected one at least to draw as a line"
        )
    values = np.column_stack([seen[name].astype(np.float64) for name in names])
    parts = detector.explain(table)
    scores = parts.sum(axis=1)
    flags = (scores > detector.threshold_).astype(np.int64)
    shares = parts[:, [list(detector.feature_names_in_).index(name) for name in names]]
    worst = int(np.argmax(shares.sum(axis=0)))
    # Rows are numbered as in the scores that the command line writes.
    axis: dict[str, Any] = {"first": 1} if detector.time is None else {"time": _moments(detector, table)}
    panels = plot_series(
        values,
        flags,
        names=names,
        scores=scores,
        threshold=detector.threshold_,
        labels=labels,
        contributions=shares,
        **axis,
    )
    drawn = {
        "series": panels[0],
        "reconstruction": plot_reconstruction(
            values[:, worst], expected[names[worst]], flags, name=names[worst], **axis
        ),
        "contributions": plot_contribution_map(shares, names, flags, **axis),
    }
    paths = []
    for name, axes in drawn.items():
        paths.append(folder / f"{name}.png")
        save_figure(axes, paths[-1])
    return paths


def _sensors(detector: SequenceDetector) -> int:
    """Return how many columns a detector looks at: dates beside the time are none."""
    return sum(kind != "ignored" for kind in detector.preprocessor_.columns_.kinds_.values())


def _moments(detector: SequenceDetector, table: Table) -> Array:
    """Return the times of a series as datetime64, or as numbers where its cells are numbers."""
    times = detector.preprocessor_.times(table)
    if parse_number(category_text(table[str(detector.time)][0]) or "") is not None:
        return times
    return (times * MICROSECONDS_PER_DAY).round().astype("M8[us]")
