"""The output of the events of a series, or of those of several groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from anomaly.events import Event, EventStream
from anomaly.tables.csv_writer import CsvWriter
from nnlite.types import Array


class EventWriter:
    """Writes the events of a series as they end: their first, last and highest rows, by key.

    The events of each group are those of its own rows. A row without a score (NaN) ends an event.

    Parameters
    ----------
    writer : CsvWriter
        Output.
    minimum_length, tolerance : int
        See `anomaly.events.find_events`.
    timed : bool, default False
        Whether the timestamps of these rows are written too.
    group : str, optional
        The column of groups, to be written as the first one.
    """

    def __init__(
        self, writer: CsvWriter, minimum_length: int, tolerance: int, timed: bool = False, group: str | None = None
    ) -> None:
        self._writer = writer
        self._settings, self._grouped = (minimum_length, tolerance), group is not None
        self._streams: dict[Any, EventStream] = {}
        self.n_events = 0
        times = ["start_time", "end_time", "peak_time"] if timed else []
        groups = [] if group is None else [group]
        writer.write_row([*groups, "start", "end", "peak", "peak_score", "steps", *times])
        writer.flush()

    def push(self, flags: Array, scores: Array, keys: Sequence[Array], groups: Array | None = None) -> None:
        """Add the next rows: their flags, their scores, their keys and timestamps, and their groups."""
        labels = list(zip(*keys, strict=True))
        for group, rows in [(None, np.arange(len(flags)))] if groups is None else _rows_by_value(groups):
            stream = self._streams.setdefault(group, EventStream(*self._settings))
            self._write(group, stream.push(flags[rows], scores[rows], time=[labels[row] for row in rows]))

    def finish(self) -> None:
        """Write the events that have not ended: the series end here."""
        for group, stream in self._streams.items():
            self._write(group, stream.finish())

    def _write(self, group: Any, events: Sequence[Event]) -> None:
        for event in events:
            score = f"{event.peak_score:.9g}"
            (start, *start_time), (end, *end_time) = event.start_time, event.end_time
            peak, *peak_time = event.peak_time
            times = [*start_time, *end_time, *peak_time]
            named = [group] if self._grouped else []
            self.n_events += 1
            self._writer.write_row([*named, start, end, peak, score, len(event), *times])
        if events:
            self._writer.flush()


def _rows_by_value(values: Array) -> list[tuple[Any, Array]]:
    """Return the indices of the rows of each distinct value."""
    rows: dict[Any, list[int]] = {}
    for i, value in enumerate(values.tolist()):
        rows.setdefault(value, []).append(i)
    return [(value, np.array(own)) for value, own in rows.items()]
