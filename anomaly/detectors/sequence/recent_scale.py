"""Scale of the last scores of a series, which lasting changes move and anomalies hardly do.

The scale is the 99 % quantile of the logarithms of the last 5,000 scores, of which those before the first step are the
training scores. Scores above it are held back until their run has ended.

**A run that ends** was an anomaly or a short change. A quarter as many of its scores enter, evenly spaced, as lie above
the quantile: it does not raise the scale while it lasts, and little afterwards. Of a run that was clearly above normal,
none enters as more than the quantile, so that frequent faults do not raise it either.

**A run that lasts** 400 steps (or `hold`), or thirty times as long as all steps before it (at the start, where the
level may differ from that of the training), is the new normal: the last quarter of its scores enters, as it may begin
with an anomaly, whose scores would hide the next one.

**Causes.** Windows raise the scores on both sides of a fault, and those around two faults may be one long run. So runs
are of steps whose scores are their own (see `anomaly.detectors.sequence.causes`), and between them high scores are held
as well. A level that has changed beside something odder has no causes: where scores have been high for twice as long
whatever their causes, the last quarter enters, too, but nothing above their median, which is the level and not the
faults.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

MEMORY = 5000
"""Number of scores that the scale is taken from."""
HOLD = 400
"""Steps that a run lasts before it is the new normal."""
_QUANTILE = 0.99


class RunForm(NamedTuple):
    """Constants of what runs of high scores add to the scale.

    Attributes
    ----------
    kept : float
        Fraction of the scores above the quantile that enter the scale after a run.
    newest : float
        Fraction of a run's scores that enter the scale when it is the new normal, the last ones.
    start : float
        A run that has lasted so many times as long as all steps before it is the new normal.
    by_cause : bool
        Whether runs are of steps with causes of their own; see the module.
    """

    kept: float = 0.25
    newest: float = 0.25
    start: float = 30.0
    by_cause: bool = False


class RecentScale:
    """Scale of the last scores; see the module.

    Parameters
    ----------
    reference : sequence of float
        Logarithms of training scores in their order in time, at least one and at most 5,000.
    gap : int
        Largest number of steps between two steps of one run.
    hold : int
        Steps that a run lasts before it is the new normal.
    form : RunForm
        Constants of the rule.

    Examples
    --------
    >>> scale = RecentScale([0.0] * 1000, gap=5, hold=400, form=RunForm())
    >>> for value in [0.0] * 100 + [3.0] * 300:
    ...     scale.push(value, True, clear=2.0)
    >>> scale.level()
    0.0
    >>> for _ in range(300):
    ...     scale.push(3.0, True, clear=2.0)
    >>> scale.level()
    3.0
    """

    def __init__(self, reference: Sequence[float], gap: int, hold: int, form: RunForm) -> None:
        self._gap, self._hold, self._form = gap, hold, form
        self._memory = deque(reference)
        self._ranked = sorted(self._memory)
        self._held: list[float] = []
        self._seen = self._run_start = 0
        self._run_end = -math.inf
        # The run of high scores whatever their causes.
        self._all: list[float] = []
        self._all_start, self._all_end = 0, -math.inf

    def level(self) -> float:
        """Return the scale."""
        place = _QUANTILE * (len(self._ranked) - 1)
        low = int(place)
        high = min(low + 1, len(self._ranked) - 1)
        return self._ranked[low] + (place - low) * (self._ranked[high] - self._ranked[low])

    def push(self, value: float, is_cause: bool, clear: float) -> None:
        """Take the next score.

        Parameters
        ----------
        value : float
            Its logarithm.
        is_cause : bool
            Whether it is the step's own.
        clear : float
            Level above which the scores of a run are clearly anomalous.
        """
        is_high = value > self.level()
        if is_high and self._form.by_cause:
            self._push_high(value)
        if self._held and self._seen - self._run_end > self._gap:
            self._end_run(clear)
        if not is_high:
            self._remember([value])
        elif is_cause or not self._form.by_cause:
            self._push_run(value)
        elif self._seen - self._run_end <= self._gap:
            self._held.append(value)
        self._seen += 1

    def restart(self, clear: float) -> None:
        """End the run: a new segment begins after a gap."""
        self._end_run(clear)
        self._run_end = self._all_end = -math.inf

    def _push_run(self, value: float) -> None:
        """Take a high score of a run; the run may be the new normal by it."""
        if not self._held and self._seen - self._run_end > self._gap:
            self._run_start = self._seen
        self._held.append(value)
        self._run_end = self._seen
        if self._seen - self._run_start >= min(self._hold, self._form.start * self._run_start):
            self._remember(self._newest(self._held))
            self._held = []

    def _push_high(self, value: float) -> None:
        """Take a high score, whatever its cause; the level may be the new normal by it."""
        if self._seen - self._all_end > self._gap:
            self._all, self._all_start = [], self._seen
        self._all.append(value)
        self._all_end = self._seen
        if self._seen - self._all_start >= 2 * self._hold:
            median = sorted(self._all)[len(self._all) // 2]
            self._remember(min(one, median) for one in self._newest(self._all))
            self._all_end = -math.inf

    def _newest(self, values: list[float]) -> list[float]:
        return values[-max(int(self._form.newest * len(values)), 1) :]

    def _end_run(self, clear: float) -> None:
        count = len(self._held)
        # Fewer than the scores above the quantile, which would otherwise be that of the anomaly.
        kept = max(int(self._form.kept * (1 - _QUANTILE) * len(self._ranked)), 1)
        places = range(count) if count <= kept else (i * count // kept for i in range(kept))
        most = self.level() if count and max(self._held) > clear else math.inf
        self._remember(min(self._held[i], most) for i in places)
        self._held = []

    def _remember(self, values: Iterable[float]) -> None:
        for value in values:
            if len(self._memory) == MEMORY:
                del self._ranked[bisect_left(self._ranked, self._memory.popleft())]
            self._memory.append(value)
            insort(self._ranked, value)
