r"""Limit of the scores of a series that follows slow changes of their level, without a look ahead.

The scores of normal steps do not keep the level that they had in training: seasons, wear and new operating points raise
them, and a fixed threshold then raises an alarm that does not end. Here a step is an alarm if its score exceeds a limit
that depends on the scores before it alone:

.. math:: \ln L_t = \ln \theta + (q_t - q_0) + b_t

with the threshold :math:`\theta` from training, the limit at the first step. Its unit is e, the mean by which the
logarithms of the peaks of normal scores exceed a high level (see `anomaly.thresholds.DeclusteredPeaks`): one e higher,
a limit is exceeded by normal scores e = 2.7 times as rarely.

**Scale.** :math:`q_t` is the 99 % quantile of the last 5,000 scores' logarithms; anomalies do not raise it while they
last, and lasting changes do (see `anomaly.detectors.sequence.recent_scale`).

**Bar.** :math:`b_t = \max(\min(c\,(2^{u_t} - 1),\, 4 e),\, c\,(2^{w_t} - 1)) + v_t` with c = 1.25 e. The count
:math:`u_t \geq 0` rises by 1 at the start of each alarm event and by 1/800 with each step in alarm, up to 8, and falls
by r with every other step, where r is the requested rate of alarm events. So does :math:`w_t \geq 0`, without a bound,
which falls by 1/400. Rises and falls have to balance: for any scores whatever, the number of alarm events in T steps is
at most

.. math:: \frac{T}{400} + \log_2 \left( 1 + \frac{\max b}{c} \right) + 1,

and of those that exceed the limit by less than 4 e, r T + 4: to a score that slowly grows, the bar allows few events
more than the rate, even where the scale is too slow. What exceeds the limit clearly, by 4 e and more, is an alarm
whatever came before, as faults may be frequent. After fewer than 2,000 training scores, which hardly tell what is
clear, the 4 e are multiplied by the root of 2,000 over their number. The climb :math:`v_t \geq 0` rises by e / 100 with
each step in alarm, and falls by half of that with every other step: for any scores, the number of steps in alarm is at
most :math:`T / 3 + 67 \max b / e`. Gibbs & Candès have the same argument about single steps.

**A fault and a drift** differ in how far they exceed the limit, in units of normal scores. While an alarm event lasts,
the counts are those of its first step: an event ends when the scores fall, or when the limit has climbed to them. The
mild excess of a drift is reached soon, that of a fault, many e, later or not before the run is the new normal.

**Equal faults.** After one event the next has to exceed the first limit by 1.25 e, after two by 3.75 e, and after more
by 4 e, less where more time lies between them, and more for several within 400 steps; what the first has climbed is
gone after about twice its length. So a second fault of equal size is found unless the first one was barely above the
limit, and of many equal faults those that are clearly above.

**Forms.** The constants of a rule are a `LimitForm`. Detectors that were saved by earlier versions keep theirs.

**Measured** on distances of windows to the nearest of 1,500 training steps, with thresholds of
`anomaly.thresholds.DeclusteredPeaks` and one event counted beforehand: the 5,000 steps after the training of normal
series have no more alarm events than requested, at one in 1,000 and one in 5,000 steps. Series with random-walk drift,
changes of level or growing noise have up to 1.2 times as many at one in 1,000 steps, and are in alarm on at most 7 % of
the steps, with the threshold alone on a third to all of them.

Twelve made-up series of 20,000 to 30,000 steps, of one, three and eight sensors, had 22 or 40 faults each, 297 of 318
above the first limit. Of those that exceed it by 8 e and more, 89 % are alarms (34 % in the form before, in which each
event raised the bar, and the scores around two faults that are near to each other were the new normal), and 89 % of
those by 5 to 8 e (18 %).

References
----------
Gibbs & Candès, "Adaptive conformal inference under distribution shift", NeurIPS 2021.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from anomaly.detectors.sequence.recent_scale import HOLD, MEMORY, RecentScale, RunForm
from nnlite.types import Array
from nnlite.validation import as_finite, check_value, integer, number

UNIT = 0.1
"""Unit of a limit where that of normal scores is not known."""
# Of the median of the training scores.
_FLOOR = 1e-6
# Fewer training scores do not tell what is clearly above normal ones.
_ENOUGH = 2000
# The count does not grow beyond: however many faults there were, the limit for mild excesses comes down again.
_MOST_COUNTED = 8.0


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
    least_unit : float
        The least unit e; normal scores may vary less in training than afterwards.
    unit : float or None
        The unit e, whatever that of the scores; None for theirs.
    steady : bool
        Whether counts are those of its first step while an event lasts.
    most : float
        The most that the count adds, in units, after 2,000 training scores or more.
    second_fall : float
        What the second count falls with every other step; 0 for no such count.
    runs : RunForm
        What runs of high scores add to the scale.
    """

    rise: float
    climb: float
    fall: float
    by_step: float
    least_unit: float = 0.15
    unit: float | None = None
    steady: bool = True
    most: float = math.inf
    second_fall: float = 0.0
    runs: RunForm = RunForm()


FORM = LimitForm(
    rise=1.25,
    climb=1 / 100,
    fall=0.5,
    by_step=1 / 800,
    most=4.0,
    second_fall=1 / 400,
    runs=RunForm(by_cause=True),
)
"""The rule of detectors that are fitted now."""
FORMER_FORMS = (
    LimitForm(1.0, 0.0, 0.3, 1 / 400, unit=0.2, steady=False, runs=RunForm(kept=0.5, newest=1.0, start=3.0)),
    LimitForm(1.0, 1 / 70, 0.3, 1 / 800, least_unit=0.1, runs=RunForm(start=3.0)),
    LimitForm(1.25, 1 / 100, 0.5, 1 / 800),
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
        self._gap, self._rate, self._form = moving.gap, moving.rate, moving.form
        # Scores of 0 have no logarithm: all below the floor count as equal.
        middle, highest = float(np.median(moving.reference)), float(np.max(moving.reference))
        self._floor = math.log(_FLOOR * (max(middle, 0.0) or moving.threshold or max(highest, 0.0) or 1.0))
        training = [self._log(score) for score in moving.reference.tolist()]
        self._scale = RecentScale(training, moving.gap, moving.hold, self._form.runs)
        self._distance = self._log(moving.threshold) - self._scale.level()
        self._seen = 0
        self._alarm_end = -math.inf
        # In logarithms; the counts of the event that goes on are those of its first step.
        unit = max(moving.unit, self._form.least_unit) if self._form.unit is None else self._form.unit
        self._rise, self._climb = self._form.rise * unit, self._form.climb * unit
        # Few training scores hardly tell how far normal ones may go.
        self._most = self._form.most * unit * math.sqrt(max(_ENOUGH / len(moving.reference), 1.0))
        self._most_counted = _MOST_COUNTED if math.isfinite(self._most) else math.inf
        self._count = self._first_count = moving.counted
        self._second = self._first_second = 0.0
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
            lowest = self._scale.level() + self._distance
            limits[step] = math.exp(min(lowest + self._bar(), 709.0))
            self._count_alarm(is_own and score > limits[step])
            self._scale.push(self._log(score), is_own, lowest + self._most)
            self._seen += 1
        return limits

    def restart(self) -> None:
        """Begin a new segment after a gap: the run ends, and so does the alarm event; scale and bar stay."""
        self._scale.restart(self._scale.level() + self._distance + self._most)
        self._alarm_end = -math.inf

    def _log(self, score: float) -> float:
        return max(math.log(min(score, 1e308)), self._floor) if score > 0 else self._floor

    def _bar(self) -> float:
        goes_on = self._form.steady and self._seen - self._alarm_end <= self._gap
        count = min(self._first_count, self._count) if goes_on else self._count
        second = min(self._first_second, self._second) if goes_on else self._second
        by_count = max(min(self._rise * (2.0**count - 1), self._most), self._rise * (2.0**second - 1))
        return by_count + self._climbed

    def _count_alarm(self, is_alarm: bool) -> None:
        if not is_alarm:
            self._count = max(self._count - self._rate, 0.0)
            self._second = max(self._second - self._form.second_fall, 0.0)
            self._climbed = max(self._climbed - self._form.fall * self._climb, 0.0)
            return
        begins = self._seen - self._alarm_end > self._gap
        if begins:
            self._first_count, self._first_second = self._count, self._second
        self._count = min(self._count + begins + self._form.by_step, self._most_counted)
        if self._form.second_fall:
            self._second += begins + self._form.by_step
        self._climbed += self._climb
        self._alarm_end = self._seen
