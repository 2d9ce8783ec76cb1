r"""Steps that cause an alarm, among those that the windows around them raise.

A step's score is a mean over all windows that cover it, so one odd sample raises the scores of w steps on either side.
A detector of windows also knows the step's own part: the squared difference between its samples and those of the
remembered window (or of the reconstruction), averaged over the windows that cover it. An alarm is restricted to the
steps whose own part, averaged over an eighth of a window, is at least a tenth of the largest within v steps before
and after, the length of the longest windows that the score is made of:

.. math:: \bar c_t \geq \tfrac{1}{10} \max_{|u - t| < v} \bar c_u .

Where all steps of a window are equally odd, none is left out.

Own parts of short windows are noisy: in a series with long windows, normal steps here and there are above a tenth of
the largest. So a second mean is taken over an eighth of a period, and compared with the largest of the training's, m.
Where the largest mean nearby is above 1.8 m, and so tells of something odd by itself, a step with a mean below 1.2 m
is no cause. Where it is not, as for a sensor that is too quiet, the second mean says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from anomaly.events import find_segments, join_segments
from nnlite.types import Array
from nnlite.validation import check_value, choice, integer, number

FRACTION = 0.1
"""A step is a cause if its part is at least this fraction of the largest nearby."""
_SMOOTHED = 8
# Of the largest mean of training: below, a step is normal; and what something nearby exceeds that is clearly odd.
_NORMAL, _ODD = 1.2, 1.8


class NormalParts(NamedTuple):
    """What the own parts of normal steps are at most, averaged over an eighth of a period.

    Attributes
    ----------
    reach : int
        Number of steps before and after a step that its mean is taken over.
    largest : float
        The largest mean of a step of training.
    """

    reach: int
    largest: float

    @classmethod
    def of(cls, parts: ArrayLike, period: int) -> NormalParts:
        """Return those of the own parts of training steps.

        Parameters
        ----------
        parts : array_like of shape (n_steps,)
            Own parts, at least one.
        period : int
            Period in steps, at least 1.
        """
        reach = max(period // _SMOOTHED // 2, 1)
        return cls(reach, float(_around(np.asarray(parts, np.float64), reach).max()))

    def are_exceeded(self, means: Array, largest: Array) -> Array:
        """Return whether each step may be a cause: its mean is above normal, or the largest nearby is not odd."""
        return np.asarray((largest <= _ODD * self.largest) | (means >= _NORMAL * self.largest))


def causes_of(
    own: ArrayLike,
    width: int,
    reach: int | None = None,
    fraction: float = FRACTION,
    normal: NormalParts | None = None,
) -> Array:
    """Return which steps may be the cause of an alarm.

    Parameters
    ----------
    own : array_like of shape (n_steps,)
        Own part of each step, finite and at least 0.
    width : int
        Length w of the windows that the own parts are of, at least 1.
    reach : int, optional
        Length v of the longest windows that raise the score, at least 1; by default w.
    fraction : float, default 0.1
        Least part of a cause, as a fraction of the largest nearby, from 0 to 1.
    normal : NormalParts, optional
        What the own parts of normal steps are at most.

    Returns
    -------
    ndarray of bool of shape (n_steps,)
        At the ends of the series, means and maxima are those of the steps that are there.

    Examples
    --------
    >>> import numpy as np
    >>> own = np.ones(100)
    >>> own[40] = 100.0
    >>> np.flatnonzero(~causes_of(own, width=16))[[0, -1]].tolist(), np.flatnonzero(causes_of(own, 16))[24:27].tolist()
    ([24, 56], [39, 40, 41])
    """
    width, reach = _lengths(width, reach)
    check_value("fraction", fraction, number(least=0, most=1))
    values = np.asarray(own, np.float64)
    if not len(values):
        return np.zeros(0, np.bool_)
    smooth = _around(values, _smoothing_reach(width))
    causes = np.asarray(smooth >= fraction * _largest_around(smooth, reach - 1))
    if normal is None:
        return causes
    means = _around(values, normal.reach)
    return causes & normal.are_exceeded(means, _largest_around(means, reach - 1))


class CauseStream:
    """The steps of `causes_of` for a series that arrives in chunks; they do not depend on how it is cut.

    Parameters
    ----------
    width : int
        Length of the windows that the own parts are of, at least 1.
    reach, fraction, normal : optional
        As for `causes_of`.

    Attributes
    ----------
    delay : int
        Number of later steps that a step's answer depends on.

    Examples
    --------
    >>> import numpy as np
    >>> own = np.random.default_rng(0).exponential(size=200)
    >>> stream = CauseStream(16)
    >>> parts = [stream.push(own[:90]), stream.push(own[90:]), stream.finish()]
    >>> stream.delay, bool((np.concatenate(parts) == causes_of(own, 16)).all())
    (16, True)
    """

    def __init__(
        self, width: int, reach: int | None = None, fraction: float = FRACTION, normal: NormalParts | None = None
    ) -> None:
        width, self._reach = _lengths(width, reach)
        self._fraction, self._normal = fraction, normal
        reaches = (_smoothing_reach(width), *(() if normal is None else (normal.reach,)))
        self.delay = self._reach - 1 + max(reaches)
        self._means = [_MeanStream(of) for of in reaches]
        self._recent: list[Array]  # means of the steps that later answers need, from `_first` on
        self._first: int
        self._answered: int
        self._seen: int
        self._begin()

    def push(self, own: ArrayLike) -> Array:
        """Return the answers for the next steps that have become final.

        Parameters
        ----------
        own : array_like of shape (n_steps,)
            Own parts of the next steps.

        Returns
        -------
        ndarray of bool of shape (n_final,)
            `delay` steps late.
        """
        values = np.asarray(own, np.float64)
        self._seen += len(values)
        return self._answer([stream.push(values) for stream in self._means], self._seen - self.delay)

    def finish(self) -> Array:
        """Return the answers for the last `delay` steps, and begin a new series."""
        answers = self._answer([stream.finish() for stream in self._means], self._seen)
        self._begin()
        return answers

    def _begin(self) -> None:
        self._recent = [np.zeros(0) for _ in self._means]
        self._first = self._answered = self._seen = 0

    def _answer(self, means: Sequence[Array], end: int) -> Array:
        """Return the answers up to a step, with further means, and forget those that no later answer needs."""
        self._recent = [np.concatenate(pair) for pair in zip(self._recent, means, strict=True)]
        if end <= self._answered:
            return np.zeros(0, np.bool_)
        here = slice(self._answered - self._first, end - self._first)
        found = [(of[here], self._largest(of, here)) for of in self._recent]
        smooth, largest = found[0]
        answers = np.asarray(smooth >= self._fraction * largest)
        if self._normal is not None:
            answers &= self._normal.are_exceeded(*found[1])
        self._answered = end
        forgotten = max(end - self._reach + 1 - self._first, 0)
        self._recent = [of[forgotten:] for of in self._recent]
        self._first += forgotten
        return answers

    def _largest(self, means: Array, here: slice) -> Array:
        """Return the largest mean around each of some steps."""
        first, end = max(here.start - self._reach + 1, 0), min(here.stop + self._reach - 1, len(means))
        if here.stop - here.start == 1:
            return means[first:end].max(keepdims=True)
        return _largest_around(means[first:end], self._reach - 1)[here.start - first : here.stop - first]


class _MeanStream:
    """Means over a reach of steps before and after each step, and the step, of a series that arrives in chunks."""

    def __init__(self, reach: int) -> None:
        self._reach = reach
        self._values: Array
        self._before: int  # of the values, those whose means are final
        self._begin()

    def push(self, values: Array) -> Array:
        """Return the means of the next steps that have become final."""
        self._values = np.concatenate([self._values, values])
        n = len(self._values) - self._before - self._reach
        if n <= 0:
            return np.zeros(0)
        end = self._before + n
        means = _around(self._values, self._reach)[self._before : end]
        first = max(end - self._reach, 0)
        self._values, self._before = self._values[first:], end - first
        return means

    def finish(self) -> Array:
        """Return the rest, and begin a new series."""
        means = _around(self._values, self._reach)[self._before :]
        self._begin()
        return means

    def _begin(self) -> None:
        self._values = np.zeros(0)
        self._before = 0


class CausalCauseStream:
    """Causes without later steps: the mean and the maximum are those of the step and of the steps before it.

    Parameters
    ----------
    width, reach, fraction
        As for `causes_of`.

    Examples
    --------
    >>> import numpy as np
    >>> own = np.ones(100)
    >>> own[40] = 100.0
    >>> np.flatnonzero(~CausalCauseStream(16, 32).push(own))[[0, -1]].tolist()
    [43, 74]
    """

    delay = 0

    def __init__(self, width: int, reach: int, fraction: float = FRACTION) -> None:
        width, reach = _lengths(width, reach)
        self._fraction = fraction
        self._smoothed = 2 * _smoothing_reach(width) + 1
        self._half = reach // 2
        self._recent = np.zeros(0)

    def push(self, own: ArrayLike) -> Array:
        """Return for each of the next steps, of shape (n_steps,), whether it may be a cause."""
        n_new = np.size(own)
        values = np.concatenate([self._recent, np.asarray(own, np.float64)])
        self._recent = values[max(len(values) - 2 * self._half - self._smoothed, 0) :]
        before = np.zeros(self._smoothed - 1)
        padded, counts = np.concatenate([before, values]), np.concatenate([before, np.ones(len(values))])
        total, number = np.zeros(len(values)), np.zeros(len(values))
        for k in range(self._smoothed):
            total += padded[k : k + len(values)]
            number += counts[k : k + len(values)]
        smooth = total / number
        # The maximum around a step that lies half of the reach back is that of the steps before.
        largest = _largest_around(np.concatenate([np.full(self._half, -np.inf), smooth]), self._half)[: len(values)]
        return np.asarray(smooth >= self._fraction * largest)[len(values) - n_new :]

    def finish(self) -> Array:
        """Return nothing, and begin a new series."""
        self._recent = np.zeros(0)
        return np.zeros(0, np.bool_)


def alarm_labels(is_high: ArrayLike, is_cause: ArrayLike, gap: int) -> Array:
    """Return the labels of a series: alarms without interruptions, restricted to their causes.

    Parameters
    ----------
    is_high : array_like of bool of shape (n_steps,)
        Whether the score of a step exceeds its limit.
    is_cause : array_like of bool of shape (n_steps,)
        Whether it may be a cause, as of `causes_of`.
    gap : int
        Alarms with at most this number of normal steps between them are one.

    Returns
    -------
    ndarray of int64 of shape (n_steps,)
        1 in an alarm, else 0.

    Examples
    --------
    >>> alarm_labels([0, 1, 1, 0, 1, 1, 0, 0], [1, 0, 1, 1, 1, 0, 0, 1], gap=1).tolist()
    [0, 0, 1, 1, 1, 0, 0, 0]
    """
    return _joined(_joined(np.asarray(is_high, np.bool_), gap) & np.asarray(is_cause, np.bool_), gap).astype(np.int64)


def _joined(flags: Array, gap: int) -> Array:
    if not flags.any():
        # As in most pieces of a live stream.
        return flags
    joined = flags.copy()
    for start, end in join_segments(find_segments(flags), gap):
        joined[start:end] = True
    return joined


def _lengths(width: int, reach: int | None) -> tuple[int, int]:
    check_value("width", width, integer(least=1))
    check_value("reach", reach, choice(None) | integer(least=1))
    return int(width), int(width if reach is None else reach)


def _smoothing_reach(width: int) -> int:
    """Return the number of steps before and after a step that its mean is taken over."""
    return max(width // _SMOOTHED // 2, int(width >= _SMOOTHED))


def _around(values: Array, reach: int) -> Array:
    """Return the means over `reach` steps before and after each step, and the step."""
    if not reach:
        return values
    n = len(values)
    padded = np.zeros(n + 2 * reach)
    padded[reach : reach + n] = values
    # Summed offset by offset: the rounding of a running sum would depend on all steps before.
    total = np.zeros(n)
    for offset in range(2 * reach + 1):
        total += padded[offset : offset + n]
    steps = np.arange(n)
    return total / (np.minimum(steps + reach, n - 1) - np.maximum(steps - reach, 0) + 1)


def _largest_around(values: Array, reach: int) -> Array:
    """Return the maxima over `reach` steps before and after each step, and the step; by doubling the length."""
    length, span = 2 * reach + 1, 1
    largest = np.pad(values, reach, constant_values=-np.inf)
    while 2 * span <= length:
        largest = np.maximum(largest[:-span], largest[span:])
        span *= 2
    rest = length - span
    return np.maximum(largest[: len(largest) - rest], largest[rest:]) if rest else largest
