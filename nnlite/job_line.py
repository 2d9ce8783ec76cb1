"""A line on the progress of a job: what it is at, how fast it is, and how long it will take."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context

from nnlite.job import Job

_SECONDS_BETWEEN = 0.2
_BAR = 24
# A rate is that of the last seconds: parts of a job differ.
_RATE_SECONDS = 3.0
_LEAST_FRACTION = 0.02


class Clock:
    """The time that is left, and the rate, from what a job said and when.

    Parameters
    ----------
    now : float
        The start, in seconds.

    Examples
    --------
    >>> clock = Clock(0.0)
    >>> clock.update(0.25, {"rows": 5000.0}, 10.0)
    >>> clock.seconds_left(10.0), clock.seconds_left(14.0), clock.rate("rows")
    (30.0, 26.0, 500.0)
    """

    def __init__(self, now: float) -> None:
        self._start = self._at = now
        self._left: float | None = None
        self._fraction = 0.0
        self._seen: list[tuple[float, dict[str, float]]] = [(now, {})]

    def update(self, fraction: float, tally: dict[str, float], now: float) -> None:
        """Take in how much is done."""
        if fraction > self._fraction:
            self._fraction, self._at = fraction, now
            if fraction >= _LEAST_FRACTION:
                self._left = (now - self._start) * (1 - fraction) / fraction
        if tally != self._seen[-1][1]:
            self._seen.append((now, dict(tally)))
            while len(self._seen) > 2 and self._seen[1][0] < now - _RATE_SECONDS:
                self._seen.pop(0)

    def seconds_left(self, now: float) -> float | None:
        """Return how long it will take, less what has passed since it was known; None if nobody knows."""
        return None if self._left is None else max(self._left - (now - self._at), 0.0)

    def rate(self, unit: str) -> float | None:
        """Return how many units are done in a second, of late; None if none were."""
        (begin, before), (end, after) = self._seen[0], self._seen[-1]
        number = after.get(unit, 0.0) - before.get(unit, 0.0)
        return number / (end - begin) if number > 0 and end > begin else None

    def percent_a_second(self, now: float) -> float | None:
        """Return how fast the whole job is, in percent a second; None if nobody knows."""
        known = self._left is not None and now > self._start
        return 100 * self._fraction / (now - self._start) if known and self._fraction < 1 else None

    def elapsed(self, now: float) -> float:
        """Return the seconds since the start."""
        return now - self._start


def format_line(
    name: str, job: Job, clock: Clock, now: float, width: int, characters: str = "━ ", bar: bool = True
) -> str:
    """Return the line of a job, at most so wide: what does not fit is left out, the bar first.

    Parameters
    ----------
    name : str
        Name of the job, such as a command.
    job : Job
        The job.
    clock : Clock
        Its times.
    now : float
        The time, in seconds.
    width : int
        Columns of the terminal.
    characters : str, default "━ "
        What the done part of the bar is drawn with, and the rest.
    bar : bool, default True
        Whether there is a bar.

    Examples
    --------
    >>> job = Job()
    >>> job.add(0.25)
    >>> job.count(5000, "rows")
    >>> clock = Clock(0.0)
    >>> clock.update(job.fraction, job.tally, 10.0)
    >>> for width in (80, 40, 12, 4):
    ...     print(format_line("score", job, clock, 10.0, width, "#."))
    score  25 % ######..................  500 rows/s  0:30 left
    score  25 %  500 rows/s  0:30 left
    25 %
    25 %
    """
    left, rate = clock.seconds_left(now), clock.rate(job.unit) if job.unit else None
    percent = f"{job.fraction:.0%}".replace("%", " %").rjust(5) if job.fraction else ""
    speed = "" if rate is None else f"{_rounded(rate)} {job.unit}/s"
    if not speed and (overall := clock.percent_a_second(now)):
        speed = f"{_rounded(overall)} %/s"
    if job.fraction:
        remaining = "" if left is None else f"{_duration(left)} left"
    else:
        number = job.tally.get(job.unit, 0)
        remaining = f"{number:,.0f} {job.unit}  {_duration(clock.elapsed(now))}" if number else ""
    full = round(_BAR * job.fraction)
    drawn = f" {characters[0] * full}{characters[1] * (_BAR - full)}" if job.fraction and bar else ""
    forms = (
        [f"{name} {percent}{drawn}", job.stage, speed, remaining],
        [f"{name} {percent}", job.stage, speed, remaining],
        [f"{name} {percent}", speed, remaining],
        [f"{name} {percent}", remaining],
        [percent.strip(), remaining],
        [percent.strip()],
    )
    lines = ["  ".join(part.rstrip() for part in form if part.strip()) for form in forms]
    return next((line for line in lines if len(line) <= width), "")


def _rounded(rate: float) -> str:
    """Return a rate with three digits, so that it stands still."""
    digits = max(2 - math.floor(math.log10(rate)), 0) if rate < 100 else 0
    if digits:
        return f"{rate:.{min(digits, 2)}f}"
    step = 10 ** max(math.floor(math.log10(rate)) - 2, 0)
    return f"{round(rate / step) * step:,.0f}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(math.ceil(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"


@contextmanager
def repeated(draw: Callable[[], None]) -> Iterator[None]:
    """Call a function five times a second while a block runs, in a thread of its own."""
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(_SECONDS_BETWEEN):
            draw()

    # In the context of the caller, by which a notebook knows the cell.
    thread = threading.Thread(target=copy_context().run, args=(work,), name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
