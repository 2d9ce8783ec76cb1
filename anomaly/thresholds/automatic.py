"""Automatic threshold, without a known fraction of anomalies and without labels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from anomaly.thresholds.base import MAD_TO_SIGMA, Threshold, all_equal
from anomaly.thresholds.extrapolation import fresh_quantile
from nnlite.types import Array

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

_RATE = 0.01
_SIGMAS = 2.75
_UPPER = 0.65
"""Upper quantile of the core: below it all scores are normal, with up to a third of anomalies."""
_UPPER_TO_SIGMA = 2.5952620
"""Reciprocal of the 65 % quantile of a standard normal: standard deviation per width of the core."""
_SIGMA_TO_DECAY = 1.0803127
"""Ratio of the mean excess of an exponential variable to the standard deviation of a normal one with that core."""
_MAD_RECORDS = 50
"""Weight of the median absolute deviation, in records: from few records it is more accurate than quantiles."""
_LEVELS = 200.0
_TIMES = 2.5
_EVIDENCE = 2.0
_CORE_DISTANCES = (_UPPER - 0.5) * _MAD_RECORDS
"""Weight of the core's decay among the distances below a gap, in distances: those of 50 records."""
_MOST_OF_ONE_CLASS = 0.05
_MANY = 0.1
"""Fraction of the training records: if more are flagged, they may be a group of normal ones."""
_FEWEST_TIED = 20
_FEWEST = 10
"""Of fewer records the highest is exceeded by more than one normal record in ten."""


class AutoThreshold(Threshold):
    r"""The rule of ``contamination="auto"``: the fraction of anomalies is not known.

    The threshold is the lowest of three limits. All but the first use the logarithms of the scores (the scores
    themselves where some are negative), and compare with the core: the scores from the median to the 65 % quantile,
    which a third of anomalies do not move far.

    1. **Rank.** The score that 1 % of fresh records of the same distribution exceed, by its rank alone.
    2. **Distance.** The median plus 2.75 standard deviations, estimated from the width of the core. The estimate is
       averaged with that from the median absolute deviation, which has the weight of 50 records, and raised by 2/n.
    3. **Gap.** In an exponential tail, the distance between adjacent scores, times the number of scores above it, has
       the same mean everywhere (Rényi), which is estimated from the distances below, from the median on. The rule
       searches for consecutive distances whose sum is far larger, by a factor of 2.5 and by 2 + ln n in addition:
       scores above belong to another cluster. The threshold is the middle of the widest gap.

    Where most scores tie (the core has fewer than 200 distinct ones, weighted by frequency, and fewer than half of its
    records), as with tables of small counts or few categories, gaps are those of the grid: the rule then uses none, and
    flags at most 1 % of the records it is fitted on, or one of 20.

    Notes
    -----
    Measured with ``python -m benchmarks.quality.thresholds`` on 13 shapes of scores and 20 to 20,000 records:

    - Without anomalies, 0.6 to 1.2 % of fresh records are flagged for uniform, half-normal, normal, exponential, gamma,
      log-normal, t-distributed and tied scores, and 6 % for those with a Pareto tail (4 to 5 % of 1,000 or more), which
      cannot be distinguished from moderate anomalies.
    - Clear anomalies, 1.6 times as far from the median as one normal record in 10,000, are all found among 20,000
      records, for every fraction of them (0.1 to 30 %), with at most 1.4 % of the normal records. Among 1,000 the
      recall is 97 to 100 %. With fewer records it depends on the shape: averaged over shapes it is 82 to 100 % among
      200, 69 to 78 % among 50, and 44 to 69 % among 20; for exponential scores it is 70 to 100 % among 200 and 17 to
      52 % among 50.
    - Not found, except for the highest 1 % of all records: anomalies just beyond bounded scores (uniform ones, with
      less than a tenth of anomalies), and all among tied scores.
    - On the default detector's scores of 14 ADBench tables, 3.4 % of fresh normal records are flagged if it was fitted
      on normal records alone, with a mean F1 of 0.55; on ten tables with text and missing cells 3.2 % and 0.51. (By the
      median plus three deviations of the logarithms, or the 99th percentile if that is lower, it is 3.3 % and 0.55, and
      5.1 % and 0.52.) It is more than 1 % because of heavy tails, and because networks fit their training records
      better. If it was fitted on all records of the 14 tables, 1.5 % of the normal ones among them are flagged.
    - Vague anomalies, spread from the median to a little beyond the normal scores: 15 % (with 30 % among 20 records)
      to 68 % (with 0.1 % among 20,000) of them are found.

    References
    ----------
    Rényi, "On the theory of order statistics", Acta Mathematica Hungarica 4 (1953); Page, "Continuous inspection
    schemes", Biometrika 41 (1954), for the search for an excess of unknown extent.

    Examples
    --------
    >>> import numpy as np
    >>> normal = np.exp(np.random.default_rng(0).normal(size=500))
    >>> flags = AutoThreshold().fit(np.r_[normal, np.full(50, 1e3)]).predict(np.r_[normal, np.full(50, 1e3)])
    >>> int(flags[:500].sum()) <= 5, int(flags[500:].sum())
    (True, 50)
    """

    _is_one_class: ClassVar[bool] = False

    def shortage(self, n_scores: int, y: ArrayLike | None = None) -> str | None:  # noqa: ARG002
        """Return a warning for fewer than ten scores."""
        if n_scores >= _FEWEST:
            return None
        return (
            f"{n_scores} records are too few to tell anomalies from the highest scores of normal ones: one normal "
            f"record in {n_scores + 1} scores above all of them. Give at least {_FEWEST} records, or a threshold"
        )

    def _choose(self, scores: Array, y: ArrayLike | None) -> float:  # noqa: ARG002
        if all_equal(scores):
            return float(scores.max())
        ranked = np.sort(scores)
        limit = fresh_quantile(ranked, _RATE)
        is_log = bool(ranked[0] >= 0)
        values = np.log(np.maximum(ranked, ranked[ranked > 0][0])) if is_log else ranked
        middle, upper = np.quantile(values, [0.5, _UPPER])
        sigma = _sigma(values, float(middle), float(upper))
        back = _exponential if is_log else float
        distant = back(middle + _SIGMAS * sigma)
        if sigma <= 0 or _is_tied(ranked[: math.ceil(_UPPER * len(ranked))]):
            # Of few records at most one is flagged, by its distance: its rank alone would not suffice.
            most = max(int(_RATE * len(ranked)), int(len(ranked) >= _FEWEST_TIED))
            return min(limit, max(float(ranked[-1 - most]), distant))
        if self._is_one_class:
            return limit if np.mean(ranked > distant) > _MOST_OF_ONE_CLASS else min(limit, distant)
        last = _last_below_gap(values, _SIGMA_TO_DECAY * sigma)
        if last is None:
            return min(limit, distant)
        return min(limit, distant, back(values[last] + (values[last + 1] - values[last]) / 2))


class OneClassThreshold(AutoThreshold):
    """The rule of `AutoThreshold` for records that are known to be normal, among which nothing is set apart.

    Rarer groups of normal records, such as those with a text that few share, have higher scores, with a gap before
    them. Where all records are normal, what is beyond it is no anomaly. So no gap is looked for; and where more than
    5 % are beyond the limit by distance, the limit by rank holds alone.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> scores = np.exp(np.r_[0.2 * rng.normal(size=750), 1 + 0.1 * rng.normal(size=250)])
    >>> [int(rule.fit(scores).predict(scores).sum()) for rule in (AutoThreshold(), OneClassThreshold())]
    [250, 28]
    """

    _is_one_class = True


def doubts(share: float) -> list[str]:
    """Return what to consider where the automatic rule flags that share of the training records, in lines of text."""
    if share <= _MANY:
        return []
    return [
        "the scores of so many are apart from the others: if they are anomalies, all is well; if all records are "
        "normal, choose the threshold for a rate (false_alarm_rate=0.01; on the command line --false-alarm-rate 0.01, "
        "or --label and --normal)"
    ]


def _exponential(value: float) -> float:
    return math.exp(min(value, 700.0))


def _sigma(values: Array, middle: float, upper: float) -> float:
    """Return the standard deviation estimated from the core, slightly larger for few records."""
    n = len(values)
    deviation = float(np.median(np.abs(values - middle))) * MAD_TO_SIGMA
    mean = (n * _UPPER_TO_SIGMA * (upper - middle) + _MAD_RECORDS * deviation) / (n + _MAD_RECORDS)
    return mean * (1 + 2 / n)


def _is_tied(core: Array) -> bool:
    """Return whether ranked scores lie on a grid, by Simpson's effective number of levels."""
    ends = np.append(np.flatnonzero(np.diff(core)), len(core) - 1)
    counts = np.diff(ends, prepend=-1).astype(np.float64)
    return bool(len(core) ** 2 / np.square(counts).sum() < min(_LEVELS, len(core) / 2))


def _last_below_gap(values: Array, decay: float) -> int | None:
    """Return the index of the last value below the gap that separates the tail, or None without such a gap.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Values in ascending order.
    decay : float
        Mean excess of the core over a level within it.
    """
    n = len(values)
    middle = (n - 1) // 2
    first = int(_UPPER * (n - 1)) - middle
    levels, counts = np.unique(values[middle:], return_counts=True)
    ends = np.cumsum(counts)
    # Scores are rounded, so that records tie: the distance to the next level belongs to all records of a level, as if
    # they lay evenly in it. As one distance of the last of them, it would look like a gap.
    distances = (n - middle - ends[:-1]) * np.diff(levels)
    counts, ends = counts[:-1], ends[:-1]
    # The mean of all distances below, from the median on: a tail lighter or heavier than the core moves it.
    below = (np.cumsum(distances) - distances + _CORE_DISTANCES * decay) / (ends - counts + _CORE_DISTANCES)
    skipped = int(np.searchsorted(ends - counts, first))
    excess = (distances / below - _TIMES * counts)[skipped:]
    # The maximum-sum segment of distances: from the minimum of the cumulative sum to a later maximum.
    sums = np.concatenate([[0.0], np.cumsum(excess)])
    gains = sums - np.minimum.accumulate(sums)
    end = int(np.argmax(gains))
    if gains[end] < math.log(n) + _EVIDENCE:
        return None
    start = int(np.argmin(sums[: end + 1]))
    return middle + int(ends[skipped + start + int(np.argmax(excess[start:end]))]) - 1
