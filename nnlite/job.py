"""Progress of a long job: how far it is, what it is at, and how fast.

A job is divided into parts with weights, and a part may be divided again where its work is done. The part that runs is
known to the context (`contextvars`), so that nothing is handed down: where no job runs, all of this does nothing.

    with Job() as job:                                     # who wants to show it reads `job.fraction`
        plan = Plan(reading=1, training=9)
        with plan("reading"):
            table = read()
        with plan("training"):
            for fold in counted(folds, "folds"):           # each is a fifth of the training
                train(fold)

Weights are estimates of the time that a part takes; only their ratios count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar, Token
from typing import Protocol, TypeVar

T = TypeVar("T")

_LEAST_CALLS = 25


class _Whole(Protocol):
    """What a part adds its progress to: a part, or the job."""

    def add(self, fraction: float) -> None:
        """Add a fraction of it that is done."""


class Job:
    """A long job; in a ``with`` block, parts of it tell how far they are.

    Attributes
    ----------
    fraction : float
        How much of it is done, from 0 to 1. It never falls.
    stage : str
        What it is at.
    tally : dict of str to float
        How many units are done, such as records, by their name.
    unit : str
        The unit counted last in this stage; empty if none was.

    Examples
    --------
    >>> with Job() as job:
    ...     plan = Plan(reading=1, training=3)
    ...     with plan("reading"):
    ...         pass
    ...     with plan("training"):
    ...         report(50, 100, "steps")
    ...         print(job.fraction, job.stage, job.tally)
    0.625 training {'steps': 50.0}
    """

    def __init__(self) -> None:
        self.fraction = 0.0
        self.stage = self.unit = ""
        self.tally: dict[str, float] = {}
        # Imported here, since every training imports this module, and few run as jobs.
        import threading

        self._lock = threading.Lock()
        self._tokens: list[Token[Part | None]] = []

    def __enter__(self) -> Job:
        """Make it the running job."""
        self._tokens.append(_part.set(Part(self, self, 1.0)))
        return self

    def __exit__(self, *_: object) -> None:
        """End it; one that it interrupted runs again."""
        _part.reset(self._tokens.pop())

    def add(self, fraction: float) -> None:
        """Add a fraction that is done."""
        with self._lock:
            self.fraction = min(self.fraction + fraction, 1.0)

    def begin(self, stage: str) -> None:
        """Say what it is at."""
        with self._lock:
            # What was counted before says nothing of how fast this is.
            self.stage, self.unit = stage, ""

    def count(self, number: float, unit: str) -> None:
        """Count units that are done."""
        with self._lock:
            self.unit = unit
            self.tally[unit] = self.tally.get(unit, 0) + number


class Part:
    """A part of a job.

    Parameters
    ----------
    job : Job
        The job.
    whole : Job or Part
        What it is a part of.
    share : float
        Its fraction of that.
    """

    def __init__(self, job: Job, whole: _Whole, share: float) -> None:
        self.job, self._whole, self._share = job, whole, share
        self._done = self._counted = 0.0
        # Of a part that is divided evenly, where the running piece begins, and how large it is.
        self._begin, self._size = 0.0, 1.0

    def add(self, fraction: float) -> None:
        """Add a fraction of it that is done."""
        fraction = min(fraction, 1.0 - self._done)
        if fraction > 0:
            self._done += fraction
            self._whole.add(self._share * fraction)

    def finish(self) -> None:
        """Say that all of it is done."""
        self.add(1.0)

    def reach(self, done: float, total: float, unit: str) -> None:
        """Say that so many units of its running piece are done, of a total."""
        if unit:
            self.job.count(done - (self._counted if done >= self._counted else 0), unit)
            self._counted = done
        self.add(self._begin + self._size * min(done / max(total, 1), 1.0) - self._done)

    def piece(self, share: float) -> Part:
        """Return a part of its running piece."""
        return Part(self.job, self, self._size * share)

    def pieces(self, values: Iterable[T], total: float, unit: str, size: Callable[[T], float]) -> Iterator[T]:
        """Yield values, for each of which a piece runs, as large as the value is of the total."""
        begin, whole, done = self._begin, self._size, 0.0
        for value in values:
            of_value = size(value)
            self._begin = begin + whole * min(done / total, 1.0)
            self._size = whole * min(of_value / total, max(1.0 - done / total, 0.0))
            self._counted = 0.0
            yield value
            self.add(self._begin + self._size - self._done)
            done += of_value
            if unit:
                self.job.count(of_value, unit)
        self._begin, self._size = begin, whole


_part: ContextVar[Part | None] = ContextVar("part of a job", default=None)


def is_running() -> bool:
    """Return whether a job runs, and so whether it is worth the while to tell how far it is."""
    return _part.get() is not None


def told_often(most: int, total: int) -> int:
    """Return how many of all units to do at once: as many as may be, or where a job runs so few that it hears of them.

    Examples
    --------
    >>> told_often(500, 1000)
    500
    >>> with Job():
    ...     told_often(500, 1000), told_often(500, 10)
    (40, 1)
    """
    return most if _part.get() is None else max(1, min(most, total // _LEAST_CALLS))


class Plan:
    """The division of the running part; without a job it does nothing.

    A part may be entered in another thread than that of the plan, if each thread has one of its own.

    Parameters
    ----------
    **weights : float
        About how long each part takes, by name, which is shown with blanks in place of underscores; one that begins
        with an underscore is not shown.

    Examples
    --------
    >>> plan = Plan(fitting=2, scoring=1)
    >>> with plan("fitting"):
    ...     is_running()
    False
    """

    def __init__(self, **weights: float) -> None:
        self._whole = _part.get()
        if self._whole is None:
            return
        total = sum(weights.values()) or 1.0
        self._pieces = {name: self._whole.piece(weight / total) for name, weight in weights.items()}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Return the context of a part, which is done at its end."""
        if self._whole is None:
            yield
            return
        if not name.startswith("_"):
            self._whole.job.begin(name.replace("_", " "))
        with _running(self._pieces[name]):
            yield


def _one(_: object) -> float:
    return 1.0


def counted(
    values: Iterable[T], unit: str = "", total: float | None = None, size: Callable[[T], float] = _one
) -> Iterator[T]:
    """Yield values, after each of which a piece of the running part is done.

    Parameters
    ----------
    values : iterable
        The values.
    unit : str, optional
        What they are, in the plural; by default they are not counted.
    total : float, optional
        The sum of their sizes, perhaps an estimate; by default the number of values, which must be known.
    size : callable, optional
        From a value to its size; by default 1.

    Examples
    --------
    >>> with Job() as job:
    ...     for _ in counted("abcd", "letters"):
    ...         print(job.fraction)
    0.0
    0.25
    0.5
    0.75
    """
    part = _part.get()
    if part is None:
        return iter(values)
    n = total if total is not None else len(values) if isinstance(values, Sized) else 1
    # An unfinished loop leaves no other part behind: this one is divided, and none is entered.
    return part.pieces(values, max(n, 1), unit, size)


def side_by_side(number: int) -> list[AbstractContextManager[None]]:
    """Return so many equal parts of the running part, each to be entered in a thread of its own.

    Examples
    --------
    >>> with Job() as job:
    ...     first, second = side_by_side(2)
    ...     with second:
    ...         report(1, 2)
    ...         print(job.fraction)
    0.25
    """
    part = _part.get()
    if part is None:
        return [nullcontext() for _ in range(number)]
    return [_running(part.piece(1 / number)) for _ in range(number)]


@contextmanager
def _running(part: Part) -> Iterator[None]:
    token = _part.set(part)
    try:
        yield
        part.finish()
    finally:
        _part.reset(token)


def report(done: float, total: float, unit: str = "") -> None:
    """Say that so many units of the running part are done, of a total; without a job it does nothing.

    Parameters
    ----------
    done, total : float
        Numbers of units.
    unit : str, optional
        What they are, in the plural; by default they are not counted.
    """
    part = _part.get()
    if part is not None:
        part.reach(done, total, unit)
