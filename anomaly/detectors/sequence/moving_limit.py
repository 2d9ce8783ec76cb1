r"""Limit of the scores of a series that follows slow changes of their level, without a look ahead.

The scores of normal steps do not keep the level that they had in training: seasons, wear and new operating points raise
them, and a fixed threshold then raises an alarm that does not end. Here a step is an alarm if its score exceeds a limit
that depends on the scores before it alone:

.. math:: \ln L_t = \ln \theta + (q_t - q_0) + b_t

with the threshold :math:`\theta` from training, the limit at the first step. Its unit is e, the mean by which the
logarithms of the peaks of normal scores exceed a high level (see `anomaly.thresholds.DeclusteredPeaks`): one e higher,
a limit is exceeded by normal scores e = 2.7 times as rarely.

**Scale.** :math:`q_t` is the 99 % quantile of the logarithms of the last 5,000 scores, of which those before the first
step are the training scores. Scores above it are held back until their run has ended, and then a quarter as many of
them enter, evenly spaced, as lie above the quantile: an anomaly does not raise the scale while it lasts, and little
afterwards. A run that has lasted 400 steps (or `hold`), or thirty times as long as all steps before it (at the start,
where the level may differ from that of the training), is the new normal: the last quarter of its scores enters, as it
may begin with an anomaly, whose scores would hide the next one.

**Bar.** :math:`b_t = c\,(2^{u_t} - 1) + v_t` with c = 1.25 e. The count :math:`u_t \geq 0` rises by 1 at the start of
each alarm event and by 1/800 with each step in alarm, and falls by r with every other step, where r is the requested
rate of alarm events. Rises and falls have to balance: for any scores whatever, the number of alarm events in T steps is
at most

.. math:: r T + \log_2 \left( 1 + \frac{\max b}{c} \right) + 1 .

So the rate is kept in the long run even where the scale is too slow: to a score that grows twentyfold, the bar allows
few events more than the rate. The climb :math:`v_t \geq 0` rises by e / 100 with each step in alarm, and falls by half
of that with every other step: for any scores, the number of steps in alarm is at most :math:`T / 3 + 67 \max b / e`.
Gibbs & Candès have the same argument about single steps.

**A fault and a drift** differ in how far they exceed the limit, in units of normal scores. While an alarm event lasts,
u is that of its first step: an event ends when the scores fall, or when the limit has climbed to them. The mild excess
of a drift is reached soon, that of a fault, many e, later or not before the run is the new normal.

**Equal faults.** After one event the next has to exceed the first limit by 1.25 e, after two by 3.75 e, and after three
by 8.75 e, less where more time lies between them; what the first has climbed is gone after about twice its length. So a
second fault of equal size is found unless the first one was barely above the limit.

**Forms.** The constants of a rule are a `LimitForm`. Detectors that were saved by earlier versions keep theirs.

**Measured** on distances of windows to the nearest of 1,500 training steps, with thresholds of
`anomaly.thresholds.DeclusteredPeaks` and one event counted beforehand: the 5,000 steps after the training of normal
series have no more alarm events than requested, at one in 1,000 and one in 5,000 steps. Series with random-walk drift,
changes of level or growing noise have up to 1.2 times as many at one in 1,000 steps, and are in alarm on at most 7 % of
the steps, with the threshold alone on a third to all of them.

References
----------
Gibbs & Candès, "Adaptive conformal inference under distribution shift", NeurIPS 2021.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from nnlite.types import Array
from nnlite.validation import as_finite, check_value, integer, number

MEMORY = 5000
"""Number of scores that the scale is taken from."""
_QUANTILE = 0.99
HOLD = 400
"""Steps that a run lasts before it is the new normal."""
UNIT = 0.1
"""Unit of a limit where that of normal scores is not known."""
# Of the median of the training scores.
_FLOOR = 1e-6


class LimitForm(NamedTuple):
    """Constants of a rule.

    Attributes
    ----------
    rise : float
        c, in units e.
    climb : float
        What the limit climbs with each step in alarm, in units; 0 for none.
    fall : float
        What it falls with every other step, as a fraction of that.
    by_step : float
        What the count rises with each step in alarm.
    kept : float
        Fraction of the scores above the quantile that enter the scale after a run.
    newest : float
        Fraction of a run's scores that enter the scale when it is the new normal, the last ones.
    start : float
        A run that has lasted so many times as long as all steps before it is the new normal.
    least_unit : float
        The least unit e; normal scores may vary less in training than afterwards.
    unit : float or None
        The unit e, whatever that of the scores; None for theirs.
    steady : bool
        Whether u is that of its first step while an event lasts.
    """

    rise: float
    climb: float
    fall: float
    by_step: float
    kept: float
    newest: float
    start: float
    least_unit: float = 0.15
    unit: float | None = None
    steady: bool = True


FORM = LimitForm(rise=1.25, climb=1 / 100, fall=0.5, by_step=1 / 800, kept=0.25, newest=0.25, start=30.0)
"""The rule of detectors that are fitted now."""
FORMER_FORMS = (
    LimitForm(rise=1.0, climb=0.0, fall=0.3, by_step=1 / 400, kept=0.5, newest=1.0, start=3.0, unit=0.2, steady=False),
    LimitForm(rise=1.0, climb=1 / 70, fall=0.3, by_step=1 / 800, kept=0.25, newest=0.25, start=3.0, least_unit=0.1),
)
"""The rules of detectors that were saved by earlier versions: at first each alarm raised the limit at once."""


class MovingLimit:
    """Limit of the scores of a series that follows slow changes of their level; see the module.

    Parameters
    ----------
    threshold : float
        Threshold from training, at least 0: the limit at the first step, unless events are `counted`. It is 0 where all
        training scores are 0.
    reference : array_like of shape (n,)
        Training scores of steps that the detector was not fitted on, in their order in time. The last 5,000 are used.
    rate : float, default 0.0005
        Number of alarm events per step that the bar allows, above 0 and below 1.
    gap : int, default 50
        Largest number of steps between two steps of one run or alarm event, at least 1; about the length of a window.
    counted : float, default 0
        The count at the first step, at least 0. With 1 the first limit is :math:`e^c` times the threshold, 1.11 for the
        default unit, and the bound above holds without its last term: for a rate that was promised.

    hold : int, default 400
        Steps that a run of high scores lasts before it is the new normal, at least 1; more where windows raise scores
        on both sides of a fault.
    unit : float, default 0.1
        e, at least 0; below the least one of the form, 0.15, it is that.
    form : LimitForm, optional
        Constants of the rule; by default those of detectors that are fitted now.

    Attributes
    ----------
    threshold, rate, gap, counted, hold, unit, form
        As given.
    reference : ndarray of float64 of shape (n,)
        At most 5,000 scores. With the others it makes an equal limit.

    Raises
    ------
    ValueError
        If a parameter is none of these, or there are no finite scores.

    Examples
    --------
    An anomaly of 300 steps is an alarm throughout; a level that rises for good is one until it is the new normal.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> scores = np.exp(0.1 * rng.normal(size=6000))
    >>> moving = MovingLimit(threshold=1.5, reference=scores[:2000])
    >>> scores[3000:3300] *= 5
    >>> alarms = scores[2000:] > moving.limits(scores[2000:])
    >>> int(alarms[:1000].sum()), int(alarms[1000:1300].sum()), int(alarms[1300:].sum())
    (0, 300, 0)
    >>> scores[3300:] *= 5
    >>> alarms = scores[2000:] > moving.limits(scores[2000:])
    >>> int(alarms[1000:1500].sum()), int(alarms[1500:].sum())
    (391, 0)
    """

    def __init__(
        self,
        threshold: float,
        reference: ArrayLike,
        rate: float = 5e-4,
        gap: int = 50,
        counted: float = 0.0,
        hold: int = HOLD,
        unit: float = UNIT,
        form: LimitForm = FORM,
    ) -> None:
        check_value("threshold", threshold, number(least=0))
        check_value("rate", rate, number(above=0, below=1))
        check_value("gap", gap, integer(least=1))
        check_value("counted", counted, number(least=0))
        self.threshold = float(threshold)
        self.reference = as_finite("reference", reference)[-MEMORY:].astype(np.float64)
        self.rate = float(rate)
        self.gap = int(gap)
        check_value("hold", hold, integer(least=1))
        self.counted = float(counted)
        self.hold = int(hold)
        check_value("unit", unit, number(least=0))
        self.unit, self.form = float(unit), form

    def stream(self) -> LimitStream:
        """Return a new stream, which begins at the threshold."""
        return LimitStream(self)

    def limits(self, scores: ArrayLike) -> Array:
        """Return the limit at each step of one series.

        Parameters
        ----------
        scores : array_like of shape (n_steps,)
            Scores of consecutive steps, at least 0.

        Returns
        -------
        ndarray of float64 of shape (n_steps,)
            A step with a score above its limit is an alarm.
        """
        return self.stream().push(scores)


class LimitStream:
    """The limits of a series that arrives in chunks; they do not depend on how it is cut.

    Examples
    --------
    >>> import numpy as np
    >>> scores = np.random.default_rng(0).exponential(size=300)
    >>> moving = MovingLimit(threshold=5.0, reference=scores[:100])
    >>> stream = moving.stream()
    >>> limits = np.concatenate([stream.push(scores[100:101]), stream.push(scores[101:])])
    >>> bool((limits == moving.limits(scores[100:])).all())
    True
    """

    def __init__(self, moving: MovingLimit) -> None:
        self._gap, self._rate, self._hold = moving.gap, moving.rate, moving.hold
        # Scores of 0 have no logarithm: all below the floor count as equal.
        middle, highest = float(np.median(moving.reference)), float(np.max(moving.reference))
        self._floor = math.log(_FLOOR * (max(middle, 0.0) or moving.threshold or max(highest, 0.0) or 1.0))
        self._memory = deque(map(self._log, moving.reference.tolist()))
        self._ranked = sorted(self._memory)
        self._distance = self._log(moving.threshold) - self._scale()
        self._held: list[float] = []
        self._seen = self._run_start = 0
        self._run_end = self._alarm_end = -math.inf
        # In logarithms; the count of the event that goes on is that of its first step.
        self._form = moving.form
        unit = max(moving.unit, self._form.least_unit) if self._form.unit is None else self._form.unit
        self._rise, self._climb = self._form.rise * unit, self._form.climb * unit
        self._count = self._first_count = moving.counted
        self._climbed = 0.0

    def push(self, scores: ArrayLike, is_cause: ArrayLike | None = None) -> Array:
        """Return the limits at the next steps.

        Parameters
        ----------
        scores : array_like of shape (n_steps,)
            Their scores, at least 0; an infinite score counts as the largest float.
        is_cause : array_like of bool of shape (n_steps,), optional
            Whether a high score is the step's own, and not that of windows with another cause, which is no alarm; by
            default all are.

        Returns
        -------
        ndarray of float64 of shape (n_steps,)
            The limit at a step depends on the scores before it alone.
        """
        values = np.asarray(scores, np.float64)
        causes = np.ones(len(values), np.bool_) if is_cause is None else np.asarray(is_cause, np.bool_)
        limits = np.empty(len(values))
        for step, (score, is_own) in enumerate(zip(values.tolist(), causes.tolist(), strict=True)):
            scale = self._scale()
            limit = scale + self._distance + self._bar()
            limits[step] = math.exp(min(limit, 709.0))
            value = self._log(score)
            self._count_alarm(is_own and score > limits[step])
            self._move_scale(value, value > scale)
            self._seen += 1
        return limits

    def restart(self) -> None:
        """Begin a new segment after a gap: the run ends, and so does the alarm event; scale and bar stay."""
        self._end_run()
        self._run_end = self._alarm_end = -math.inf

    def _log(self, score: float) -> float:
        return max(math.log(min(score, 1e308)), self._floor) if score > 0 else self._floor

    def _scale(self) -> float:
        place = _QUANTILE * (len(self._ranked) - 1)
        low = int(place)
        high = min(low + 1, len(self._ranked) - 1)
        return self._ranked[low] + (place - low) * (self._ranked[high] - self._ranked[low])

    def _bar(self) -> float:
        goes_on = self._form.steady and self._seen - self._alarm_end <= self._gap
        count = min(self._first_count, self._count) if goes_on else self._count
        return self._rise * (2.0**count - 1) + self._climbed

    def _count_alarm(self, is_alarm: bool) -> None:
        if not is_alarm:
            self._count = max(self._count - self._rate, 0.0)
            self._climbed = max(self._climbed - self._form.fall * self._climb, 0.0)
            return
        begins = self._seen - self._alarm_end > self._gap
        if begins:
            self._first_count = self._count
        self._count += begins + self._form.by_step
        self._climbed += self._climb
        self._alarm_end = self._seen

    def _move_scale(self, value: float, is_high: bool) -> None:
        if self._held and self._seen - self._run_end > self._gap:
            self._end_run()
        if not is_high:
            self._remember([value])
            return
        if not self._held and self._seen - self._run_end > self._gap:
            self._run_start = self._seen
        self._held.append(value)
        self._run_end = self._seen
        if self._seen - self._run_start >= self._patience():
            self._remember(self._held[-max(int(self._form.newest * len(self._held)), 1) :])
            self._held = []

    def _patience(self) -> float:
        """Return the steps that the run lasts before it is the new normal."""
        return min(self._hold, self._form.start * self._run_start)

    def _end_run(self) -> None:
        count = len(self._held)
        # Fewer than the scores above the quantile, which would otherwise be that of the anomaly.
        kept = max(int(self._form.kept * (1 - _QUANTILE) * len(self._ranked)), 1)
        places = range(count) if count <= kept else (i * count // kept for i in range(kept))
        self._remember(self._held[i] for i in places)
        self._held = []

    def _remember(self, values: Iterable[float]) -> None:
        for value in values:
            if len(self._memory) == MEMORY:
                del self._ranked[bisect_left(self._ranked, self._memory.popleft())]
            self._memory.append(value)
            insort(self._ranked, value)
