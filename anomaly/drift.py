r"""Drift detection: the Kolmogorov-Smirnov two-sample test of fresh scores against reference scores.

With F and G the empirical distribution functions of n reference scores and m fresh scores,

.. math:: D = \max_t \lvert F(t) - G(t) \rvert

If both samples have the same distribution, all orders of the joint sample are equally likely, and the probability of so
large a D follows by counting. The test detects any difference: higher scores, lower scores, or a larger spread.

It keeps its level only if the reference scores are **out of sample, as the fresh scores are**: of records on which the
detector was not fitted. Networks give lower scores to their training records, which would cause false alarms. Use the
scores of held-out records; the method ``drift`` of a detector of tables does so itself.

**Streams.** Test each block of records once, at an adjusted level: of streams with 100 blocks, each tested at level
0.0001, at most one in a hundred has a false alarm (the Bonferroni bound):

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
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from anomaly.errors import one_line
from nnlite.types import Array
from nnlite.validation import as_finite, check_value, number

_MOST_EXACT = 100
"""Up to this size of the smaller sample, the p-value is exact."""


@dataclass(frozen=True)
class ColumnDrift:
    """Drift of a column.

    Attributes
    ----------
    name : str
        Name of the column.
    statistic : float
        The largest D of its features: of the number itself, or of the indicator of a category.
    p_value : float
        Probability of so large a D in any of the columns without drift.
    aspect : str, optional
        What has drifted, of a series: "level" or "spread".
    """

    name: str
    statistic: float
    p_value: float
    aspect: str | None = None

    @property
    def title(self) -> str:
        """The name of the column, with the aspect if there is one."""
        return self.name if self.aspect is None else f"{self.name} ({self.aspect})"


@dataclass(frozen=True)
class DriftResult:
    """Result of the comparison of fresh records with reference records.

    Attributes
    ----------
    statistic : float
        D of the scores, from 0 to 1.
    p_value : float
        Probability of so large a D without drift.
    level : float
        Probability of a false alarm, over the tests of scores and columns.
    n_reference, n_fresh : int
        Numbers of scores compared, or of blocks of scores.
    share_then, share_now : float or None
        Fractions of reference scores and of fresh scores above the threshold; None without a threshold.
    columns : tuple of ColumnDrift
        Columns that have drifted, the one with the largest D first.
    score_level : float
        Level of the test of the scores; the remainder of `level` is that of the columns.
    unit : str, default "records"
        What is compared: "records", or "blocks" of consecutive steps of a series.
    untested : tuple of str
        Columns of a series that change too slowly to be tested.
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
    unit: str = "records"
    untested: tuple[str, ...] = ()

    @property
    def scores_drifted(self) -> bool:
        """Whether the scores have drifted."""
        return self.p_value <= self.score_level

    @property
    def drifted(self) -> bool:
        """Whether the scores or a column have drifted."""
        return self.scores_drifted or bool(self.columns)

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain Python values."""
        return {"drifted": self.drifted, "scores_drifted": self.scores_drifted, **asdict(self)}

    def shares_text(self) -> str:
        """Return how much was and is above the threshold, in a sentence; "" without a threshold."""
        if self.share_now is None or self.share_then is None:
            return ""
        # Of a series, these are not the steps in alarm.
        which = " of training (the limit of alarms may follow the scores)" if self.unit == "blocks" else ""
        return f" Above the threshold{which}: {self.share_then:.2%} then, {self.share_now:.2%} now."

    def __str__(self) -> str:
        """Return the result in sentences."""
        verdict = "have drifted" if self.scores_drifted else "have not drifted"
        text = f"Scores {verdict}: D = {self.statistic:.3f}, p = {self.p_value:.2g}, of {self.n_fresh:,} fresh"
        text += f" {self.unit} and {self.n_reference:,} from training."
        if math.isnan(self.statistic):
            text = "Scores are not tested: they change too slowly for so few steps."
        text += self.shares_text()
        if self.columns:
            text += (
                f" Drifted columns: {', '.join(f'{one_line(c.title)} (D = {c.statistic:.3f})' for c in self.columns)}."
            )
        if self.untested:
            text += f" Not tested, since they change too slowly for so few steps: {', '.join(self.untested)}."
        return text


def check_drift(
    reference_scores: ArrayLike,
    scores: ArrayLike,
    threshold: float | None = None,
    level: float = 0.01,
    slack: float = 0.0,
) -> DriftResult:
    """Test fresh scores for drift from reference scores.

    Parameters
    ----------
    reference_scores : array_like of shape (n,)
        Scores of reference records, on which the detector was not fitted.
    scores : array_like of shape (m,)
        Scores of fresh records.
    threshold : float, optional
        Threshold for `share_then` and `share_now`.
    level : float, default 0.01
        Probability of a false alarm, above 0 and below 1.
    slack : float, default 0.0
        Distance between the distributions that is no drift: it is subtracted from D before its p-value is computed.

    Returns
    -------
    DriftResult
        The statistic, its p-value and the decision `drifted`; its text is a sentence.

    Raises
    ------
    ValueError
        If there are no scores, or they are not finite numbers.

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
    check_value("level", level, number(above=0, below=1))
    reference, fresh = as_finite("reference_scores", reference_scores), as_finite("scores", scores)
    statistic, p_value = kolmogorov_smirnov(reference, fresh, slack)
    result = DriftResult(statistic, p_value, level, len(reference), len(fresh), score_level=level)
    if threshold is None:
        return result
    return replace(
        result, share_then=_fraction_above(reference, threshold), share_now=_fraction_above(fresh, threshold)
    )


def _fraction_above(scores: Array, threshold: float) -> float:
    return float((scores > threshold).mean())


def kolmogorov_smirnov(a: Array, b: Array, slack: float = 0.0) -> tuple[float, float]:
    r"""Return the Kolmogorov-Smirnov statistic of two samples and its p-value.

    The p-value is exact where the smaller sample has at most 100 values, else that of the limit of large samples,

    .. math:: p = 2 \sum_{k \ge 1} (-1)^{k-1} e^{-2 k^2 t^2}, \qquad t = D \sqrt{\frac{n m}{n + m}},

    which is too large: around 0.01 by a sixth for samples of some hundred, by a fortieth for thousands; by more for
    smaller p-values. Ties make both too large. The test is therefore conservative.

    Parameters
    ----------
    a, b : ndarray of shapes (n,) and (m,)
        Finite numbers, at least one in each.
    slack : float, default 0.0
        Distance between the distributions that is no drift.

    Returns
    -------
    statistic : float
        D.
    p_value : float
        Probability of a distance of at least D - slack.

    Examples
    --------
    >>> import numpy as np
    >>> kolmogorov_smirnov(np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0]))
    (1.0, 0.1)
    """
    a, b = sorted((np.sort(a), np.sort(b)), key=len)
    n, m = len(a), len(b)
    values = np.concatenate([a, b])
    below_a, below_b = (np.searchsorted(sample, values, side="right") for sample in (a, b))
    # The integer n m D, so that the comparison of two distances is free of rounding.
    distance = int(np.abs(below_a * m - below_b * n).max())
    statistic = distance / (n * m)
    beyond = max(0, math.floor(distance - slack * n * m))
    if n <= _MOST_EXACT:
        return statistic, _exact(n, m, beyond)
    return statistic, _asymptotic(beyond / math.sqrt(n * m * (n + m)))


def _exact(n: int, m: int, distance: int) -> float:
    """Return the fraction of lattice paths from (0, 0) to (n, m), by steps up and right, that reach this distance.

    Paths within the distance from the diagonal are counted column by column. A path that leaves the band has as many
    continuations as there are lattice paths from there. Counts are logarithms, since they overflow float64.
    """
    if distance == 0:
        return 1.0
    logarithms = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + m + 1)))])

    def log_paths(right: Array | int, up: Array | int) -> Array:
        return np.asarray(logarithms[np.add(right, up)] - logarithms[right] - logarithms[up])

    heights = np.arange(m + 1)
    counts, log_size, fraction = np.zeros(m + 1), 0.0, 0.0
    counts[0] = 1.0
    for i in range(n + 1):
        inside = np.abs(i * m - heights * n) < distance
        # Paths that were inside in the column before and are outside in this one leave by a step to the right.
        fraction += _leaving(counts, ~inside, log_size + log_paths(n - i, m - heights) - log_paths(n, m))
        counts = np.cumsum(np.where(inside, counts, 0.0)) * inside
        size = float(counts.max())
        if size == 0.0:
            break  # All paths have left the band.
        last = int(np.flatnonzero(inside)[-1])
        if last < m:
            above = np.zeros(m + 1)
            above[last + 1] = counts[last]
            fraction += _leaving(above, above > 0, log_size + log_paths(n - i, m - heights) - log_paths(n, m))
        counts /= size
        log_size += math.log(size)
    return min(fraction, 1.0)


def _leaving(counts: Array, where: Array, log_weights: Array) -> float:
    where = where & (counts > 0)
    return float(np.exp(np.log(counts[where]) + log_weights[where]).sum())


def _asymptotic(t: float) -> float:
    # Below this the sum of a hundred terms has not converged, and the p-value is 1 to ten digits.
    if t < 0.2:
        return 1.0
    k = np.arange(1, 101)
    return float(np.clip(2 * np.sum((-1.0) ** (k - 1) * np.exp(-2 * np.square(k * t))), 0.0, 1.0))
