"""Grouping of the alarms at single steps into events with a start, an end and a peak.

An operator needs one report of one leak, not two hundred, one for each reading of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nnlite.types import Array
from nnlite.validation import as_binary, check_value, number


@dataclass(frozen=True)
class Event:
    """An anomalous segment of a series.

    Attributes
    ----------
    start, end : int
        The first step of the event and the one after its last, counted from 0: ``scores[start:end]`` are its scores.
    peak : int
        The step with the highest score; without scores, the first step.
    peak_score : float
        The score of this step; 1 without scores.
    start_time, end_time, peak_time : optional
        The timestamps of the first step, the last step and the peak; None without timestamps.
    group : str, optional
        The group, such as a machine, if the series is one of several (`anomaly.GroupedDetector`).
    """

    start: int
    end: int
    peak: int
    peak_score: float
    start_time: Any = None
    end_time: Any = None
    peak_time: Any = None
    group: str | None = None

    def __len__(self) -> int:
        return self.end - self.start


def find_events(
    labels: ArrayLike,
    scores: ArrayLike | None = None,
    *,
    time: Sequence[Any] | Array | None = None,
    minimum_length: int = 1,
    tolerance: int = 0,
) -> list[Event]:
    """Merge the alarms of a series into events.

    First, alarms with at most `tolerance` normal steps between them are joined; then events shorter than
    `minimum_length` are dropped. So an intermittent alarm is one long event, and a single spike is none.

    Parameters
    ----------
    labels : array_like of 0 and 1 of shape (n_steps,)
        Alarms, as returned by a detector's ``predict``.
    scores : array_like of shape (n_steps,), optional
        Anomaly scores, for the peak of each event. A step without a score (NaN) ends an event.
    time : sequence of shape (n_steps,), optional
        Timestamps of any type, for the times of each event.
    minimum_length : int, default 1
        The least number of steps of an event, normal steps inside it included.
    tolerance : int, default 0
        The largest number of consecutive normal steps within an event.

    Returns
    -------
    list of Event
        Events in the order of their start.

    Raises
    ------
    ValueError
        If labels are not 0 and 1, lengths differ, or a parameter is out of range.

    Examples
    --------
    >>> events = find_events([0, 1, 1, 0, 1, 0, 0, 0, 1], [0, 5, 7, 2, 6, 0, 0, 0, 9], tolerance=1, minimum_length=2)
    >>> [(event.start, event.end, event.peak) for event in events]
    [(1, 5, 2)]
    """
    stream = EventStream(minimum_length, tolerance)
    return [*stream.push(labels, scores, time=time), *stream.finish()]


class EventStream:
    """Streaming form of `find_events`; the events do not depend on the division of the series into chunks.

    Parameters
    ----------
    minimum_length, tolerance : int
        As for `find_events`.

    Examples
    --------
    >>> stream = EventStream(tolerance=1)
    >>> found = [*stream.push([0, 1, 1]), *stream.push([0, 1, 0, 0]), *stream.finish()]
    >>> [(event.start, event.end) for event in found]
    [(1, 5)]
    """

    def __init__(self, minimum_length: int = 1, tolerance: int = 0) -> None:
        check_value("minimum_length", minimum_length, number(least=1))
        check_value("tolerance", tolerance, number(least=0))
        self._minimum_length, self._tolerance = minimum_length, tolerance
        self._seen = 0
        self._open: Event | None = None
        self._last_without = -1  # the last step without a score

    def push(
        self, labels: ArrayLike, scores: ArrayLike | None = None, *, time: Sequence[Any] | Array | None = None
    ) -> list[Event]:
        """Add the next steps; return the events that are complete, with steps counted from the start of the series.

        Parameters
        ----------
        labels, scores, time
            As for `find_events`.
        """
        alarms = as_binary("labels", labels, "step", allow_empty=True)
        heights = alarms.astype(np.float64) if scores is None else np.asarray(scores, dtype=np.float64)
        for name, values in (("scores", heights), ("time", time)):
            if values is not None and len(values) != len(alarms):
                raise ValueError(f"{name} has {len(values):,} values; expected {len(alarms):,}, one for each label")
        ended = []
        without = np.concatenate([[self._last_without], self._seen + np.flatnonzero(np.isnan(heights))])
        for start, end in find_segments(alarms):
            event = _event(start, end, heights, time, self._seen)
            is_near = self._open is not None and event.start - self._open.end <= self._tolerance
            if self._open is not None and is_near and _last_before(event.start, without) < self._open.end:
                self._open = _joined(self._open, event)
            else:
                ended += self.finish()
                self._open = event
        self._seen += len(alarms)
        self._last_without = int(without[-1])
        if self._open is not None and (
            self._seen - self._open.end > self._tolerance or self._last_without >= self._open.end
        ):
            ended += self.finish()
        return ended

    def finish(self) -> list[Event]:
        """End the series; return the last event, unless it has been returned or is too short."""
        event, self._open = self._open, None
        return [event] if event is not None and len(event) >= self._minimum_length else []


def find_segments(alarms: Array) -> list[tuple[int, int]]:
    """Return start and end (exclusive) of each segment of consecutive ones.

    Examples
    --------
    >>> import numpy as np
    >>> find_segments(np.array([1, 0, 1, 1]))
    [(0, 1), (2, 4)]
    """
    edges = np.diff(np.concatenate([[0], np.asarray(alarms, dtype=np.int8), [0]]))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return list(zip(starts.tolist(), ends.tolist(), strict=True))


def join_segments(segments: Sequence[tuple[int, int]], tolerance: int) -> list[tuple[int, int]]:
    """Join segments with at most `tolerance` steps between them."""
    joined: list[tuple[int, int]] = []
    for start, end in segments:
        if joined and start - joined[-1][1] <= tolerance:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _last_before(step: int, steps: Array) -> int:
    """Return the last of some steps before another, of which the first is before it in any case."""
    return int(steps[np.searchsorted(steps, step) - 1])


def _event(start: int, end: int, heights: Array, time: Any, offset: int) -> Event:
    peak = start + int(np.argmax(heights[start:end]))
    times = () if time is None else (time[start], time[end - 1], time[peak])
    return Event(start + offset, end + offset, peak + offset, float(heights[peak]), *times)


def _joined(first: Event, second: Event) -> Event:
    higher = second if second.peak_score > first.peak_score else first
    return replace(higher, start=first.start, end=second.end, start_time=first.start_time, end_time=second.end_time)
