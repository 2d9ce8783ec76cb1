"""Alarms of a series: the steps whose score is above the limit, in segments that begin and end where their cause does.

With a threshold that was given or asked for, a step is an alarm if its score is above it, and nothing else matters.

The default follows slow changes of the scores (`anomaly.detectors.sequence.moving_limit`), joins alarms that are
interrupted for less than about a period, and restricts them to the steps that are odd themselves
(`anomaly.detectors.sequence.causes`). Both need later steps; a causal detector does without.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from anomaly.detectors.sequence.causes import CauseStream, alarm_labels
from anomaly.detectors.sequence.moving_limit import MovingLimit
from nnlite.types import Array


@dataclass(frozen=True)
class AlarmRule:
    """The limit of scores.

    Attributes
    ----------
    threshold : float
        Threshold, the limit at the first step.
    moving : MovingLimit or None
        The limit as it follows the scores; None for a threshold that does not move.
    width : int
        Length of the windows whose parts tell a cause.
    reach : int
        Length of the longest windows, which raise the scores of so many steps around a cause.
    causal : bool
        Whether an alarm must not depend on later steps.
    """

    threshold: float
    moving: MovingLimit | None = None
    width: int = 1
    reach: int = 1
    causal: bool = False

    @property
    def delay(self) -> int:
        """Return the number of later steps that a label depends on."""
        if self.moving is None or self.causal:
            return 0
        # Two joins look `gap` steps ahead each, the second at causes.
        return self.moving.gap + max(self.moving.gap, CauseStream(self.width, self.reach).delay)

    def stream(self) -> AlarmStream:
        """Return a stream at the start of a series."""
        return AlarmStream(self)

    def labels(self, scores: Array, step_parts: Array) -> Array:
        """Return the labels of a whole segment; see `AlarmStream.push`."""
        stream = self.stream()
        return np.concatenate([stream.push(scores, step_parts), stream.finish_segment()])


class AlarmStream:
    """Labels of the steps of a series that arrives in pieces; they do not depend on how it is cut.

    Parameters
    ----------
    rule : AlarmRule
        The limit.
    """

    def __init__(self, rule: AlarmRule) -> None:
        self._rule = rule
        self._limits = None if rule.moving is None else rule.moving.stream()
        self._begin()

    def push(self, scores: Array, step_parts: Array) -> Array:
        """Take the next steps; return the labels that are final.

        Parameters
        ----------
        scores : ndarray of shape (n_steps,)
            Scores.
        step_parts : ndarray of shape (n_steps,)
            The part of each step in odd windows.

        Returns
        -------
        ndarray of int64 of shape (n_final,)
            1 in an alarm, else 0; `AlarmRule.delay` steps late.
        """
        limits = self._rule.threshold if self._limits is None else self._limits.push(scores)
        high = scores > limits
        if self._rule.delay == 0:
            return high.astype(np.int64)
        self._high = np.concatenate([self._high, high])
        self._cause = np.concatenate([self._cause, self._causes.push(step_parts)])
        return self._answer(len(self._high) - self._rule.delay)

    def finish_segment(self) -> Array:
        """Return the remaining labels: the segment ends here, and another may begin."""
        self._cause = np.concatenate([self._cause, self._causes.finish()])
        labels = self._answer(len(self._high))
        if self._limits is not None:
            self._limits.restart()
        self._begin()
        return labels

    def _begin(self) -> None:
        self._causes = CauseStream(self._rule.width, self._rule.reach)
        # From a delay before the first step without an answer on: as far as answers look back.
        self._high, self._cause = np.zeros(0, np.bool_), np.zeros(0, np.bool_)
        self._answered = 0

    def _answer(self, end: int) -> Array:
        if end <= self._answered or self._rule.moving is None:
            return np.zeros(0, np.int64)
        cause = np.concatenate([self._cause, np.ones(len(self._high) - len(self._cause), np.bool_)])
        labels = alarm_labels(self._high, cause, self._rule.moving.gap)[self._answered : end]
        first = max(end - self._rule.delay, 0)
        self._high, self._cause = self._high[first:], self._cause[first:]
        self._answered = end - first
        return labels
