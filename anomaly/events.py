"""Alarms at single steps become events: stretches with a start, an end and a peak.

An operator wants to hear of one leak once, not of two hundred readings of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nnlite.types import Array


@dataclass(frozen=True)
class Event:
    """A stretch of a series that is unusual.

    Attributes
    ----------
    start, end : int
        The first step of the event and the one after its last, counted from 0: ``scores[start:end]`` are its scores.
    peak : int
        The step with the highest score; the first of them, if no scores were given.
    peak_score : float
        Its score; 1 if no scores were given.
    start_time, end_time, peak_time : optional
        The time stamps of its first, its last and its highest step, where times were given.
    """

    start: int
    end: int
    peak: int
    peak_score: float
    start_time: Any = None
    end_time: Any = None
    peak_time: Any = None

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

    First, alarms with no more than `tolerance` quiet steps between them are joined; then what is shorter than
    `minimum_length` is dropped. So a flickering alarm counts as one long event and a single spike as none.

    Parameters
    ----------
    labels : array_like of 0 and 1 of shape (n_steps,)
        1 where there is an alarm: what a detector's ``predict`` returns.
    scores : array_like of shape (n_steps,), optional
        The scores, to find each event's peak.
    time : sequence of shape (n_steps,), optional
        Time stamps, of any kind, to be quoted in the events.
    minimum_length : int, default 1
        Steps that an event must have, quiet ones inside it included.
    tolerance : int, default 0
        The most quiet steps within an event.

    Returns
    -------
    list of Event
        In order.

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
    """Merges alarms into events as they come in; how they are cut into pieces makes no difference.

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
        if minimum_length < 1:
            raise ValueError(f"minimum_length must be at least 1; found {minimum_length}")
        if tolerance < 0:
            raise ValueError(f"tolerance must be at least 0; found {tolerance}")
        self._minimum_length, self._tolerance = minimum_length, tolerance
        self._seen = 0
        self._open: Event | None = None

    def push(
        self, labels: ArrayLike, scores: ArrayLike | None = None, *, time: Sequence[Any] | Array | None = None
    ) -> list[Event]:
        """Take the next steps; return the events that have ended for good, counted from the first step of all.

        Parameters
        ----------
        labels, scores, time
            As for `find_events`.
        """
        alarms = _zeros_and_ones(labels)
        heights = alarms.astype(np.float64) if scores is None else np.asarray(scores, dtype=np.float64)
        for name, values in (("scores", heights), ("time", time)):
            if values is not None and len(values) != len(alarms):
                raise ValueError(f"{name} has {len(values):,} values; expected {len(alarms):,}, one for each label")
        ended = []
        for start, end in stretches(alarms):
            event = _event(start, end, heights, time, self._seen)
            if self._open is not None and event.start - self._open.end <= self._tolerance:
                self._open = _joined(self._open, event)
            else:
                ended += self.finish()
                self._open = event
        self._seen += len(alarms)
        if self._open is not None and self._seen - self._open.end > self._tolerance:
            ended += self.finish()
        return ended

    def finish(self) -> list[Event]:
        """Return the event that is still open, if there is one that is long enough: no more alarms belong to it."""
        event, self._open = self._open, None
        return [event] if event is not None and len(event) >= self._minimum_length else []


def stretches(alarms: Array) -> list[tuple[int, int]]:
    """Return start and end (exclusive) of each unbroken run of ones.

    Examples
    --------
    >>> import numpy as np
    >>> stretches(np.array([1, 0, 1, 1]))
    [(0, 1), (2, 4)]
    """
    edges = np.diff(np.concatenate([[0], np.asarray(alarms, dtype=np.int8), [0]]))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return list(zip(starts.tolist(), ends.tolist(), strict=True))


def join_stretches(runs: Sequence[tuple[int, int]], tolerance: int) -> list[tuple[int, int]]:
    """Join runs that have no more than `tolerance` steps between them."""
    joined: list[tuple[int, int]] = []
    for start, end in runs:
        if joined and start - joined[-1][1] <= tolerance:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _event(start: int, end: int, heights: Array, time: Any, offset: int) -> Event:
    peak = start + int(np.argmax(heights[start:end]))
    times = () if time is None else (time[start], time[end - 1], time[peak])
    return Event(start + offset, end + offset, peak + offset, float(heights[peak]), *times)


def _joined(first: Event, second: Event) -> Event:
    higher = second if second.peak_score > first.peak_score else first
    return replace(higher, start=first.start, end=second.end, start_time=first.start_time, end_time=second.end_time)


def _zeros_and_ones(labels: ArrayLike) -> Array:
    alarms = np.asarray(labels)
    if alarms.ndim != 1:
        raise ValueError(f"labels must have one dimension; found shape {alarms.shape}")
    if alarms.size and not np.isin(alarms, (0, 1)).all():
        other = alarms[~np.isin(alarms, (0, 1))][0]
        raise ValueError(f"labels must be 0 (quiet) or 1 (alarm); found {other!r}")
    return alarms.astype(np.int64)
