r"""Do fresh scores still look like those of the time of training? The Kolmogorov-Smirnov test of two samples.

With F and G the shares of n reference scores and m fresh ones that are at most t,

.. math:: D = \max_t \lvert F(t) - G(t) \rvert

If both samples are of one kind, the order in which they lie is as likely to be any as any other, and the chance of so
large a D follows by counting. The test sees any difference: higher scores, lower ones, or a wider spread.

It promises its level only if the reference was **scored as the fresh records were**: by a detector that did not learn
from them. Training scores of networks are lower than fresh ones, and would raise false alarms. Take the scores of
records kept apart; `AutoencoderDetector.drift` sees to it by itself.

**Streams.** Test one block of records after the other, each once, with a level to match: of 100 blocks tested at
level 0.0001, one in a hundred streams has a false alarm at all (the Bonferroni bound):

>>> import numpy as np
>>> rng = np.random.default_rng(0)
>>> reference, stream = rng.gamma(2.0, size=2000), rng.gamma(2.0, size=(100, 500))
>>> stream[60:] *= 1.5
>>> alarms = [block for block, scores in enumerate(stream) if check_drift(reference, scores, level=0.0001).drifted]
>>> alarms[0]
60

References
----------
Kolmogorov, "Sulla determinazione empirica di una legge di distribuzione" (1933); Smirnov, "Table for estimating the
goodness of fit of empirical distributions", Annals of Mathematical Statistics 19 (1948); Hodges, "The significance
probability of the Smirnov two-sample test", Arkiv för Matematik 3 (1958).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from anomaly.calibration import check_rate
from nnlite.types import Array

_FEW = 100
"""Where the smaller sample is no larger, ways are counted one by one."""


@dataclass(frozen=True)
class ColumnDrift:
    """How far a column has moved.

    Attributes
    ----------
    name : str
        The column.
    statistic : float
        D of the feature made from it that moved most: of a number, the number itself; of a category, its share.
    p_value : float
        The chance of so large a D in any of the columns if none has moved.
    """

    name: str
    statistic: float
    p_value: float


@dataclass(frozen=True)
class DriftResult:
    """What a comparison of fresh records with the time of training found.

    Attributes
    ----------
    statistic : float
        D of the scores, from 0 to 1.
    p_value : float
        The chance of so large a D if nothing has changed.
    level : float
        The chance of a false alarm that was allowed.
    n_reference, n_fresh : int
        How many scores were compared.
    share_then, share_now : float or None
        Share of reference and fresh scores above the threshold; None without one.
    columns : tuple of ColumnDrift
        Columns that have moved, the one with the largest D first.
    score_level : float
        The part of `level` that the test of the scores may use; columns have the rest.
    """

    statistic: float
    p_value: float
    level: float
    n_reference: int
    n_fresh: int
    share_then: float | None = None
    share_now: float | None = None
    columns: tuple[ColumnDrift, ...] = ()
    score_level: float = 0.0

    @property
    def scores_drifted(self) -> bool:
        """Whether the scores have changed."""
        return self.p_value <= self.score_level

    @property
    def drifted(self) -> bool:
        """Whether anything has changed: the scores or a column."""
        return self.scores_drifted or bool(self.columns)

    def __str__(self) -> str:
        """Say it in plain sentences."""
        verdict = "have drifted" if self.scores_drifted else "look as they did"
        text = f"Scores {verdict}: D = {self.statistic:.3f}, p = {self.p_value:.2g}, of {self.n_fresh:,} fresh records"
        text += f" and {self.n_reference:,} from training."
        if self.share_now is not None and self.share_then is not None:
            text += f" Above the threshold: {self.share_then:.2%} then, {self.share_now:.2%} now."
        if self.columns:
            text += f" Moved: {', '.join(f'{c.name} (D = {c.statistic:.3f})' for c in self.columns)}."
        return text


def check_drift(
    reference_scores: ArrayLike,
    scores: ArrayLike,
    threshold: float | None = None,
    level: float = 0.01,
    slack: float = 0.0,
) -> DriftResult:
    """Tell whether fresh scores still look like reference scores.

    Parameters
    ----------
    reference_scores : array_like of shape (n,)
        Scores from the time of training, of records that the detector did not learn from.
    scores : array_like of shape (m,)
        Scores of fresh records.
    threshold : float, optional
        For the shares above it.
    level : float, default 0.01
        The chance of a false alarm, above 0 and below 1.
    slack : float, default 0.0
        So large a distance between the distributions is no drift: it is taken off D before its chance is computed.

    Returns
    -------
    DriftResult
        The statistic, its p-value, the verdict `drifted`; as text, a plain sentence.

    Raises
    ------
    ValueError
        If there are no scores, or they are no finite numbers.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> result = check_drift(rng.normal(size=500), rng.normal(0.5, size=300), threshold=2.0)
    >>> result.drifted
    True
    >>> print(result)
    Scores have drifted: D = 0.219, p = 3.3e-08, of 300 fresh records and 500 from training.
    Above the threshold: 1.80% then, 5.33% now.
    """
    check_rate(level, "level")
    reference, fresh = _checked(reference_scores, "reference_scores"), _checked(scores, "scores")
    statistic, p_value = kolmogorov_smirnov(reference, fresh, slack)
    result = DriftResult(statistic, p_value, level, len(reference), len(fresh), score_level=level)
    if threshold is None:
        return result
    return replace(result, share_then=_share(reference, threshold), share_now=_share(fresh, threshold))


def _share(scores: Array, threshold: float) -> float:
    return float((scores > threshold).mean())


def kolmogorov_smirnov(a: Array, b: Array, slack: float = 0.0) -> tuple[float, float]:
    r"""Return the Kolmogorov-Smirnov statistic of two samples and its p-value.

    The p-value is exact where the smaller sample has at most 100 values, else that of the limit of large samples,

    .. math:: p = 2 \sum_{k \ge 1} (-1)^{k-1} e^{-2 k^2 t^2}, \qquad t = D \sqrt{\frac{n m}{n + m}},

    which is too large: around 0.01 by a sixth for samples of some hundred, by a fortieth for thousands; more far below.
    Ties make both too large. So the test errs towards "nothing has changed".

    Parameters
    ----------
    a, b : ndarray of shapes (n,) and (m,)
        Finite numbers, at least one in each.
    slack : float, default 0.0
        Distance between the distributions that is allowed.

    Returns
    -------
    statistic : float
        D.
    p_value : float
        The chance of at least that, less the slack.

    Examples
    --------
    >>> import numpy as np
    >>> kolmogorov_smirnov(np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0]))
    (1.0, 0.1)
    """
    a, b = sorted((np.sort(a), np.sort(b)), key=len)
    n, m = len(a), len(b)
    places = np.concatenate([a, b])
    below_a, below_b = (np.searchsorted(one, places, side="right") for one in (a, b))
    # In whole numbers, nm D, so that the equality of two distances is no matter of rounding.
    distance = int(np.abs(below_a * m - below_b * n).max())
    statistic = distance / (n * m)
    beyond = max(0, math.floor(distance - slack * n * m))
    if n <= _FEW:
        return statistic, _exact(n, m, beyond)
    return statistic, _asymptotic(beyond / math.sqrt(n * m * (n + m)))


def _exact(n: int, m: int, distance: int) -> float:
    """Return the share of ways from (0, 0) to (n, m), by steps up and right, that ever get so far from the diagonal.

    Ways that have not are counted column by column; each that leaves now may end in as many ways as there are from
    there. All in logarithms, since the numbers are huge.
    """
    if distance == 0:
        return 1.0
    logarithms = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + m + 1)))])

    def ways(right: Array | int, up: Array | int) -> Array:
        return np.asarray(logarithms[np.add(right, up)] - logarithms[right] - logarithms[up])

    heights = np.arange(m + 1)
    counts, log_size, share = np.zeros(m + 1), 0.0, 0.0
    counts[0] = 1.0
    for i in range(n + 1):
        inside = np.abs(i * m - heights * n) < distance
        # From the column before: those that are outside here have left by their step to the right.
        share += _leaving(counts, ~inside, log_size + ways(n - i, m - heights) - ways(n, m))
        counts = np.cumsum(np.where(inside, counts, 0.0)) * inside
        size = float(counts.max())
        if size == 0.0:
            break  # All have left.
        last = int(np.flatnonzero(inside)[-1])
        if last < m:
            above = np.zeros(m + 1)
            above[last + 1] = counts[last]
            share += _leaving(above, above > 0, log_size + ways(n - i, m - heights) - ways(n, m))
        counts /= size
        log_size += math.log(size)
    return min(share, 1.0)


def _leaving(counts: Array, where: Array, log_weights: Array) -> float:
    where = where & (counts > 0)
    return float(np.exp(np.log(counts[where]) + log_weights[where]).sum())


def _asymptotic(t: float) -> float:
    # Below this the sum of a hundred terms has not settled, and the chance is 1 to ten digits.
    if t < 0.2:
        return 1.0
    k = np.arange(1, 101)
    return float(np.clip(2 * np.sum((-1.0) ** (k - 1) * np.exp(-2 * np.square(k * t))), 0.0, 1.0))


def _checked(scores: ArrayLike, name: str) -> Array:
    array = np.asarray(scores, np.float64)
    if array.ndim != 1 or not array.size or not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite numbers of shape (n,), at least one; found shape {array.shape}")
    return array
