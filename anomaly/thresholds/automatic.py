"""The rule that needs to know neither a share nor labels."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from anomaly.thresholds.base import MAD_TO_SIGMA, Threshold, all_equal
from anomaly.thresholds.extrapolation import fresh_quantile
from nnlite.types import Array

_RATE = 0.01
_SIGMAS = 2.75
_UPPER = 0.65
"""The upper end of the core: so far up there are normal scores alone, with up to a third of anomalies."""
_UPPER_TO_SIGMA = 2.5952620
"""One over the 65 % quantile of a standard normal: from the width of the core's upper part to a standard deviation."""
_SIGMA_TO_DECAY = 1.0803127
"""From that to the mean excess of an exponential variable with the same two quantiles."""
_MAD_RECORDS = 50
"""So many records is the median absolute deviation worth, which few records tell better than they do quantiles."""
_LEVELS = 200.0
_TIMES = 2.5
_EVIDENCE = 4.0
_FEWEST = 20


class AutoThreshold(Threshold):
    r"""The rule behind ``contamination="auto"``: no share has to be known.

    Three limits are computed, and the lowest one is the threshold. All but the first work on logarithms of the scores
    (on the scores themselves where some are negative), and compare with the core: the middle of the scores, from the
    median to the 65 % quantile, which a third of anomalies leave in place.

    1. **The rank.** The score that 1 % of fresh records of the same distribution exceed, by its rank alone.
    2. **The distance.** The median plus 2.75 standard deviations, by the width of the core. Its estimate is averaged
       with that by the median absolute deviation, which counts as 50 records, and raised by 2/n.
    3. **The gap.** In a tail that falls off as the core does, the distance between neighbouring scores, times the
       number of scores above it, is on average the core's mean excess (Rényi). The rule looks for neighbouring
       distances that add up to far more, 2.5 times and 4 + ln n besides: scores above belong to another group. The
       threshold is the middle of the widest gap.

    Where most scores tie (there are fewer than 200 distinct ones in the core, weighted by frequency, and fewer than
    half of its records), as with tables of small counts or few categories, gaps are those of the grid: there the rule
    looks for none, and flags at most 1 % of the records it is fitted on, or one of 20.

    Notes
    -----
    Measured with ``python -m benchmarks.quality.thresholds`` on 13 shapes of scores and 20 to 20,000 records:

    - Without anomalies, of fresh records 0.6 to 1.1 % are flagged, whether scores are uniform, half normal, normal,
      exponential, gamma, log-normal, t-distributed or tied, and 5 % where they have a Pareto tail (4 % of 1,000 or
      more), from which moderate anomalies cannot be told.
    - Clear anomalies, 1.6 times as far from the median as one normal record in 10,000, are all found among 20,000
      records, whatever their share (0.1 to 30 %), with at most 1.4 % of the normal records. Among 1,000 it is 92 to
      100 % of them, among 200 it is 77 to 100 %, among 50 it is 68 to 77 %, and a third of 30 % among 20.
    - Not found, but for the highest 1 % of all records: anomalies close beyond scores with a bound (uniform ones, where
      they are fewer than a tenth), and all that lie among tied scores.
    - Of the default detector's scores on 14 ADBench tables, 4.0 % of fresh normal records are flagged where it learned
      from normal records alone (the median plus three deviations of the logarithms, as before: 4.1 %), with a mean F1
      of 0.550 (0.549); 1.5 % (1.5 %) and 0.163 (0.167) where it learned from all. It is more than 1 % since networks
      know their training records.
    - Vague anomalies, spread from the median to a little beyond the normal scores: 14 % (30 % among 20 records)
      to 68 % (0.1 % among 20,000) of them.

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

    def _choose(self, scores: Array, y: ArrayLike | None) -> float:  # noqa: ARG002
        if all_equal(scores):
            return float(scores.max())
        ranked = np.sort(scores)
        limit = fresh_quantile(ranked, _RATE)
        is_log = bool(ranked[0] >= 0)
        values = np.log(np.maximum(ranked, ranked[ranked > 0][0])) if is_log else ranked
        middle, upper = np.quantile(values, [0.5, _UPPER])
        sigma = _sigma(values, float(middle), float(upper))
        distant = float(middle + _SIGMAS * sigma)
        if sigma <= 0 or _is_tied(ranked[: math.ceil(_UPPER * len(ranked))]):
            # Of few records too one at most is flagged, where its distance says so: its rank alone would not.
            most = max(int(_RATE * len(ranked)), int(len(ranked) >= _FEWEST))
            highest = float(ranked[-1 - most])
            return min(limit, max(highest, _exponential(distant) if is_log else distant))
        last = _last_below_gap(values, _SIGMA_TO_DECAY * sigma)
        if last is not None:
            distant = min(distant, float(values[last] + (values[last + 1] - values[last]) / 2))
        return min(limit, _exponential(distant) if is_log else distant)


def _exponential(value: float) -> float:
    return math.exp(min(value, 700.0))


def _sigma(values: Array, middle: float, upper: float) -> float:
    """Return the standard deviation that the core suggests, a little more where records are few."""
    n = len(values)
    deviation = float(np.median(np.abs(values - middle))) * MAD_TO_SIGMA
    mean = (n * _UPPER_TO_SIGMA * (upper - middle) + _MAD_RECORDS * deviation) / (n + _MAD_RECORDS)
    return mean * (1 + 2 / n)


def _is_tied(core: Array) -> bool:
    """Tell whether ranked scores lie on a grid: by Simpson's number of effective levels."""
    ends = np.append(np.flatnonzero(np.diff(core)), len(core) - 1)
    counts = np.diff(ends, prepend=-1).astype(np.float64)
    return bool(len(core) ** 2 / np.square(counts).sum() < min(_LEVELS, len(core) / 2))


def _last_below_gap(values: Array, decay: float) -> int | None:
    """Return the index of the last value below the gap that divides the tail; None if there is no such gap.

    Parameters
    ----------
    values : ndarray of shape (n,)
        In rising order.
    decay : float
        The mean excess of the core over a level within it.
    """
    n = len(values)
    first = int(_UPPER * (n - 1))
    above = np.arange(n - 1 - first, 0, -1)
    excess = above * np.diff(values[first:]) / decay - _TIMES
    # The run of distances with the largest sum: from the lowest point of the cumulative sum to a later highest one.
    sums = np.concatenate([[0.0], np.cumsum(excess)])
    gains = sums - np.minimum.accumulate(sums)
    end = int(np.argmax(gains))
    if gains[end] < math.log(n) + _EVIDENCE:
        return None
    start = int(np.argmin(sums[: end + 1]))
    return first + start + int(np.argmax(excess[start:end]))
