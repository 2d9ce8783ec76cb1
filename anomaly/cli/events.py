"""The output of the events of a series."""

from __future__ import annotations

from collections.abc import Sequence

from anomaly.events import Event, EventStream
from anomaly.tables.csv_files import CsvWriter
from nnlite.types import Array


class EventWriter:
    """Writes the events of a series as they end: their first, last and highest rows, by key.

    Parameters
    ----------
    writer : CsvWriter
        Output.
    minimum_length, tolerance : int
        See `anomaly.events.find_events`.
    timed : bool, default False
        Whether the timestamps of these rows are written too.
    """

    def __init__(self, writer: CsvWriter, minimum_length: int, tolerance: int, timed: bool = False) -> None:
        self._writer, self._stream = writer, EventStream(minimum_length, tolerance)
        times = ["start_time", "end_time", "peak_time"] if timed else []
        writer.write_row(["start", "end", "peak", "peak_score", "steps", *times])
        writer.flush()

    def push(self, flags: Array, scores: Array, keys: Array, *times: Array) -> None:
        """Add the next rows: their flags, scores and keys, and their timestamps if these are written."""
        self._write(self._stream.push(flags, scores, time=list(zip(keys, *times, strict=True))))

    def finish(self) -> None:
        """Write the event that has not ended: the series ends here."""
        self._write(self._stream.finish())

    def _write(self, events: Sequence[Event]) -> None:
        for event in events:
            score = f"{event.peak_score:.9g}"
            (start, *start_time), (end, *end_time) = event.start_time, event.end_time
            peak, *peak_time = event.peak_time
            self._writer.write_row([start, end, peak, score, len(event), *start_time, *end_time, *peak_time])
        if events:
            self._writer.flush()
