"""Alarms of a series: the steps whose score is above the limit, in segments that begin and end where their cause does.

With a threshold that was given or asked for, a step is an alarm if its score is above it, and nothing else matters.

The default follows slow changes of the scores (`anomaly.detectors.sequence.moving_limit`), joins alarms that are
interrupted for less than about a period, and restricts them to the steps that are odd themselves
(`anomaly.detectors.sequence.causes`). A causal detector does not join alarms, which would need later steps.

A segment that begins with steps of training is the training series scored again, to find what is odd in it: as long as
that goes on, its steps have the limit of `anomaly.detectors.sequence.training_limit`. Steps of training that come up
among others, as in series that repeat exactly, are steps like all others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from anomaly.detectors.sequence.causes import FRACTION, CausalCauseStream, CauseStream, NormalParts, alarm_labels
from anomaly.detectors.sequence.known_steps import LENGTH
from anomaly.detectors.sequence.moving_limit import FORM, FORMER_FORMS, UNIT, MovingLimit
from anomaly.detectors.sequence.recent_scale import HOLD
from anomaly.detectors.sequence.training_limit import training_limit
from anomaly.events import find_segments
from anomaly.thresholds.declustered import DeclusteredPeaks
from nnlite.types import Array

DEFAULT_RATE = 2e-4
"""Alarm events per step that the default threshold allows for."""
DEFAULT_RATE_CAUSAL = 1e-4
"""That of a causal detector, whose alarms no later step can confirm or take back."""

_FORMS = (*FORMER_FORMS, FORM)
_FEW_STEPS = 100
# That of detectors that were saved by earlier versions.
_FORMER_FRACTION = 0.05

LEAST_GAP = 50
"""Alarms with at most so many steps between them, or a period, are one event."""


@dataclass(frozen=True)
class AlarmRule:
    """The limit of scores.

    Attributes
    ----------
    threshold : float
        Threshold, the limit at the first step.
    moving : MovingLimit or None
        The limit as it follows the scores; None for a threshold that does not move.
    of_training : float
        The limit of steps of training, whose scores are all known; see `training_limit`.
    width : int
        Length of the windows whose parts tell a cause.
    reach : int
        Length of the longest windows, which raise the scores of so many steps around a cause.
    causal : bool
        Whether an alarm must not depend on later steps.
    fraction : float
        Least part of a cause; see `causes_of`.
    normal : NormalParts or None
        What the own parts of normal steps are at most, if causes depend on it.
    anywhere : bool
        Whether steps of training have their limit wherever they come up, as in detectors that were saved by earlier
        versions.
    """

    threshold: float
    moving: MovingLimit | None = None
    of_training: float = np.inf
    width: int = 1
    reach: int = 1
    causal: bool = False
    fraction: float = FRACTION
    normal: NormalParts | None = None
    anywhere: bool = False

    @property
    def delay(self) -> int:
        """Return the number of later steps that a label depends on."""
        if self.moving is None or self.causal:
            return 0
        # Two joins look `gap` steps ahead each, at limits that depend on causes.
        return 2 * self.moving.gap + CauseStream(self.width, self.reach, normal=self.normal).delay

    def get_state(self) -> dict[str, float]:
        """Return the rate, unit and number of the form of a limit that follows the scores; the first had no unit."""
        if self.moving is None:
            return {}
        form, state = _FORMS.index(self.moving.form), {"alarm_rate": self.moving.rate}
        if form:
            state["alarm_unit"] = self.moving.unit
        return state | ({"alarm_form": form} if form > 1 else {})

    def describe(self, labels: Array, flagged: int) -> str:
        """Describe the alarms of training, of so many steps, in words."""
        n_events = len(find_segments(labels))
        moves = "" if self.moving is None else ", the limit at the first step"
        share = f"{flagged:,} training steps ({flagged / len(labels):.2%})"
        return f"{share} are in {n_events:,} alarm event{'' if n_events == 1 else 's'}{moves}"

    def stream(self) -> AlarmStream:
        """Return a stream at the start of a series."""
        return AlarmStream(self)

    def training_labels(self, scores: Array, step_parts: Array) -> Array:
        """Return the labels of a whole segment of training; see `AlarmStream.push`."""
        stream = self.stream()
        known = np.ones(len(scores), np.bool_)
        return np.concatenate([stream.push(scores, step_parts, known), stream.finish_segment()])


@dataclass(frozen=True)
class AlarmSettings:
    """What a limit that follows the scores depends on, beside them.

    Attributes
    ----------
    rate : float
        Alarm events per step that it allows for.
    is_promised : bool
        Whether the rate is a promise, and not a default.
    gap : int
        Alarms with at most so many steps between them are one event.
    width, reach, causal, normal
        As for `AlarmRule`.
    """

    rate: float
    is_promised: bool
    gap: int
    width: int
    reach: int
    causal: bool
    normal: NormalParts | None = None

    def choose(self, segments: Sequence[Array]) -> tuple[AlarmRule, str | None]:
        """Return the limit chosen by the scores of normal segments, and a warning where they are too few.

        Parameters
        ----------
        segments : sequence of ndarray of shape (n_steps,)
            Scores of each segment.
        """
        rule = DeclusteredPeaks(self.rate, self.gap, predictive=self.is_promised).fit_segments(segments)
        scores = np.concatenate(segments)
        shortage = rule.shortage(len(scores))
        if shortage is None and len(scores) < _FEW_STEPS:
            shortage = (
                f"the limit of scores was chosen from {len(scores)} steps, which hardly tell how high those of normal "
                f"steps may be: give {_FEW_STEPS} at least, better thousands, or heed events with a high peak alone"
            )
        # The excess of scores that are not positive is none of logarithms.
        unit = rule.mean_excess_ if rule.level_ > 0 else 0.0
        return self.rule(float(rule.threshold_), scores, unit, _FORMS.index(FORM)), shortage

    def restored(self, threshold: float, reference: Array, state: Mapping[str, Any]) -> AlarmRule:
        """Return the limit whose `AlarmRule.get_state` is in a file; raise ValueError if it is not valid."""
        return self.rule(threshold, reference, state.get("alarm_unit"), state.get("alarm_form"))

    def rule(self, threshold: float, reference: Array, unit: float | None, form: int | None = None) -> AlarmRule:
        """Return the limit with a threshold, the scores that it was chosen by, and their unit.

        Parameters
        ----------
        threshold : float
            The limit at the first step.
        reference : ndarray of shape (n_steps,)
            Scores of normal steps.
        unit : float or None
            As for `MovingLimit`; None for the first form.
        form : int, optional
            Number of the form of the limit; by default the first without a unit, and the second with one.
        """
        # With an event counted beforehand a promise is kept while the scale is that of training.
        counted = float(self.is_promised)
        # Windows raise the scores on both sides of a fault, which must not make it last for the new normal.
        number = int(unit is not None) if form is None else form
        if number not in range(len(_FORMS)):
            raise ValueError(f"expected a form of the limit from 0 to {len(_FORMS) - 1}; found {form!r}")
        is_first = unit is None
        hold = HOLD + 2 * self.reach if is_first else max(HOLD, self.reach)
        fraction = _FORMER_FRACTION if is_first else FRACTION
        of_scores = UNIT if unit is None else unit
        moving = MovingLimit(threshold, reference, self.rate, self.gap, counted, hold, of_scores, _FORMS[number])
        # A causal detector looks at the steps before alone; earlier versions knew nothing of normal parts.
        normal = None if self.causal or is_first else self.normal
        limit = training_limit(reference)
        return AlarmRule(threshold, moving, limit, self.width, self.reach, self.causal, fraction, normal, number < 2)


def default_rate(causal: bool) -> float:
    """Return the alarm events per step that the default threshold allows for."""
    return DEFAULT_RATE_CAUSAL if causal else DEFAULT_RATE


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
        self._scores: Array  # of the steps whose causes are not final, and whether they are known
        self._known: Array
        self._high: Array  # from twice the gap before the first step without an answer on: as far as answers look back
        self._cause: Array
        self._begin()

    def push(self, scores: Array, step_parts: Array, is_known: Array) -> Array:
        """Take the next steps; return the labels that are final.

        Parameters
        ----------
        scores : ndarray of shape (n_steps,)
            Scores.
        step_parts : ndarray of shape (n_steps,)
            The part of each step in odd windows.
        is_known : ndarray of bool of shape (n_steps,)
            Whether a step is one of training.

        Returns
        -------
        ndarray of int64 of shape (n_final,)
            1 in an alarm, else 0; `AlarmRule.delay` steps late.
        """
        if self._rule.moving is None:
            return (scores > self._rule.threshold).astype(np.int64)
        self._scores = np.concatenate([self._scores, scores])
        self._known = np.concatenate([self._known, self._again(is_known)])
        self._judge(self._causes.push(step_parts))
        return self._answer(len(self._high) - (0 if self._rule.causal else 2 * self._rule.moving.gap))

    def finish_segment(self) -> Array:
        """Return the remaining labels: the segment ends here, and another may begin."""
        self._judge(self._causes.finish())
        labels = self._answer(len(self._high))
        if self._limits is not None:
            self._limits.restart()
        self._begin()
        return labels

    def _begin(self) -> None:
        lengths = self._rule.width, self._rule.reach, self._rule.fraction
        self._causes: CauseStream | CausalCauseStream
        self._causes = CausalCauseStream(*lengths) if self._rule.causal else CauseStream(*lengths, self._rule.normal)
        self._scores, self._known = np.zeros(0), np.zeros(0, np.bool_)
        self._high, self._cause = np.zeros(0, np.bool_), np.zeros(0, np.bool_)
        self._answered = self._others = 0

    def _again(self, is_known: Array) -> Array:
        """Return which of the next steps are those of the training series that is scored again."""
        if self._rule.anywhere:
            return is_known
        # A causal detector recognizes a part of training by its first steps, which are not recognized themselves.
        others = self._others + np.cumsum(~is_known)
        self._others = int(others[-1]) if len(others) else self._others
        return is_known & (others < LENGTH)

    def _judge(self, causes: Array) -> None:
        """Compare the scores of the next steps, whose causes are final, with the limit."""
        n = len(causes)
        scores, self._scores = self._scores[:n], self._scores[n:]
        known, self._known = self._known[:n], self._known[n:]
        if self._limits is not None:
            limits = np.where(known, self._rule.of_training, self._limits.push(scores, causes))
            self._high = np.concatenate([self._high, scores > limits])
            self._cause = np.concatenate([self._cause, causes])

    def _answer(self, end: int) -> Array:
        if end <= self._answered or self._rule.moving is None:
            return np.zeros(0, np.int64)
        gap = self._rule.moving.gap
        if self._rule.causal:
            labels = (self._high & self._cause)[self._answered :].astype(np.int64)
            self._high, self._cause = self._high[:0], self._cause[:0]
            return labels
        labels = alarm_labels(self._high, self._cause, gap)[self._answered : end]
        first = max(end - 2 * gap, 0)
        self._high, self._cause = self._high[first:], self._cause[first:]
        self._answered = end - first
        return labels
