r"""Label learning: weights of columns and members from a few labelled records, as a correction of the unlabelled score.

Without labels, a record's score is the blend of the members' scores (`anomaly.detectors.blend`). Labels add
weights. With :math:`c_{mj}` the contribution of column j to member m's score, :math:`a_m` the member's weight without
labels and :math:`q_m` its spread,

.. math:: \ln s(x) = \bar q \sum_m \frac{a_m u_m}{\sum_n a_n u_n}\,
          \frac{\ln \sum_j w_j\, c_{mj}(x)}{q_m}, \qquad u_m = e^{\alpha_m},\; w_j = e^{\beta_j}

Weights of 1 leave the score as it is. Their logarithms have normal priors with mean 0 and the standard deviations
:math:`\tau` for columns and :math:`\tau / 3` for members, which are few and move all scores. With A the
labelled anomalies, and N the normal records (the remembered training records, and those labelled normal) with weights
:math:`p_x` that add up to 1, the weights and the midpoint b of a logistic curve minimize

.. math:: \sum_{x \in A} \ln\bigl(1 + e^{-z(x)}\bigr) + |A| \sum_{x \in N} p_x \ln\bigl(1 + e^{z(x)}\bigr)
          + \frac{1}{2\tau^2} \Bigl( \sum_j \beta_j^2 + 9 \sum_m \alpha_m^2 \Bigr),
          \qquad z(x) = \frac{\ln s(x) - b}{\sigma}

The unit :math:`\sigma` is the standard deviation of :math:`\ln s` among normal records at weights of 1.

**The width of the prior** is chosen by cross-validation. Labelled records are seldom a random sample: people label the
highest scores first. Weights fitted to those raise the columns of anomalies that are found anyway and lower all
others, including those of anomalies not found yet. So :math:`\tau` is a quarter, a half or all of `spread`, or the
weights stay 1. For each, weights are fitted without a fifth of the labelled records; the gain is the fraction of normal
records below each held-out anomaly, minus that fraction before.

- A quarter, unless the mean gain is negative by more than its standard error and 0.002. It is a fifth where fewer than
  three anomalies are labelled, or where held-out ones are above less than 75 % of normal records on average: such
  labels look wrong.
- A half, if a normal record is labelled, the mean gain is positive, the held-out anomalies are above 75 % of normal
  records on average, and a tenth of the labelled anomalies were not above 85 % before (if all were, they were probably
  chosen by score). Anomalies alone may be of one kind, and larger steps would then lower the scores of the others.
- All, if moreover the gain exceeds 0.02 and four standard errors.

The largest step whose conditions hold is taken. Records that are labelled several times count once. ``python -m
benchmarks.quality.label_learning`` measures the outcome over choices of labelled records, with right labels and with
wrong ones.

References
----------
Gelman, Jakulin, Pittau & Su, "A weakly informative default prior distribution for logistic and other regression
models", Annals of Applied Statistics 2 (2008); Das, Wong, Dietterich, Fern & Emmott, "Incorporating expert feedback
into active anomaly discovery", ICDM 2016, which weights the members of an ensemble; Hastie, Tibshirani & Friedman, *The
Elements of Statistical Learning* (2009), section 7.10, on cross-validation and its standard error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from anomaly.detectors.blend import Blend
from anomaly.detectors.table.lbfgs import minimize
from anomaly.detectors.table.neighbors import typical
from anomaly.metrics.validation import check_labels
from nnlite.types import Array

NO_EVIDENCE = (
    "the {} anomalies among the labelled records are no evidence for other weights: fitted to some of them, weights "
    "score the others worse than before. All weights are 1; give more labels"
)
"""Text of a `LabelWarning`."""

# Weight of all remembered records, whose labels are only assumed, in units of one record labelled normal. With less,
# the columns of a false alarm are lowered so far that more anomalies are lost than false alarms are avoided.
_ASSUMED = 100.0
_FOLDS = 5
# More records of a kind hardly change the fit, and more remembered ones hardly change the gain.
_MOST_COMPARED = 2000
_MOST_VALIDATED = 1000
_FEWEST_TO_VALIDATE = 3
# In units of the typical score: smaller scores are noise, and 0 has no logarithm.
_FLOOR = 1e-3
_LEAST_UNIT = 0.1
_LARGEST_LOGARITHM = 50.0


@dataclass(frozen=True)
class _Step:
    """Fraction of the spread, and the evidence it requires.

    Attributes
    ----------
    fraction : float
        Fraction of `spread`.
    errors, gain : float
        Lower bounds of the mean gain: in standard errors, and absolute.
    """

    fraction: float
    errors: float
    gain: float


_SMALLEST = 0.25
# Without plausible evidence a quarter is too much: wrong labels then lower AUROC by up to 0.011.
_BLIND = 0.2
_TOLERATED = 0.002
_LARGER_STEPS = (_Step(0.5, 0.0, 0.0), _Step(1.0, 4.0, 0.02))
# Held-out anomalies above a smaller fraction of normal records on average look like wrong labels.
_PLAUSIBLE = 0.75
# Where nine of ten labelled anomalies were above this fraction of normal records before, they were chosen by score.
_SELECTED = 0.85


@dataclass(frozen=True)
class LabelledContributions:
    """Contributions of columns to the members' scores, of labelled and of remembered records.

    Attributes
    ----------
    anomalies : ndarray of float64 of shape (k, n_members, n_columns)
        Records labelled 1; contributions are at least 0.
    cleared : ndarray of float64 of shape (n, n_members, n_columns)
        Records labelled 0.
    remembered : ndarray of float64 of shape (r, n_members, n_columns)
        Training records, assumed to be normal.
    """

    anomalies: Array
    cleared: Array
    remembered: Array

    @property
    def normal(self) -> Array:
        """Contributions of normal records: the remembered, then the cleared ones."""
        return np.concatenate([self.remembered, self.cleared])

    @property
    def weights(self) -> Array:
        """The weight of each normal record; all of them add up to 1."""
        n_remembered, n_cleared = len(self.remembered), len(self.cleared)
        weights = np.r_[np.full(n_remembered, _ASSUMED / max(n_remembered, 1)), np.ones(n_cleared)]
        return np.asarray(weights / weights.sum())


@dataclass(frozen=True)
class LabelledRecords:
    """Features of labelled and of remembered records.

    Attributes
    ----------
    anomalies, cleared : ndarray of float32 of shape (n_records, n_features)
        Records labelled 1 and records labelled 0.
    assumed : ndarray of float32 of shape (n_records, n_features)
        Remembered records, which are assumed to be normal.
    """

    anomalies: Array
    cleared: Array
    assumed: Array

    @classmethod
    def select(cls, x: Array, y: Any, remembered: Array) -> LabelledRecords:
        """Divide records by their labels; a remembered record that is labelled an anomaly is not assumed normal.

        Raises
        ------
        ValueError
            If the labels are unusable, or there are no normal records.
        """
        labels = _checked_labels(y, len(x))
        # A record labelled twice is no further evidence, and would validate what was learned from its copy.
        anomalies, cleared = _distinct(x[labels == 1]), _distinct(x[labels == 0])
        known = {row.tobytes() for row in anomalies}
        others = np.array([row.tobytes() not in known for row in remembered], dtype=np.bool_)
        records = cls(anomalies, cleared, remembered[others])
        if not len(records.normal):
            raise ValueError(
                "learn_labels needs normal records to compare the anomalies with, and this detector remembers no "
                "others; give some, such as the training records, with label 0"
            )
        return records

    @property
    def normal(self) -> Array:
        """The remembered records, then the cleared ones."""
        return np.concatenate([self.assumed, self.cleared])

    @property
    def normal_and_anomalous(self) -> tuple[Array, Array]:
        """All records, the normal ones first, and their labels."""
        return np.concatenate([self.normal, self.anomalies]), np.repeat([0, 1], [len(self.normal), len(self.anomalies)])

    def contributions(self, contributions: Callable[[Array], Array]) -> LabelledContributions:
        """Return contributions of at most about 2000 evenly spaced records of each kind.

        Parameters
        ----------
        contributions : callable
            From features to contributions of shape (n_records, n_members, n_columns).
        """
        return LabelledContributions(*[contributions(thinned(x)) for x in (self.anomalies, self.cleared, self.assumed)])


@dataclass(frozen=True)
class LearnedWeights:
    """Weights learned from labels.

    Attributes
    ----------
    members : ndarray of float64 of shape (n_members,)
        Weights of the members, :math:`a_m u_m` divided by their sum.
    columns : ndarray of float64 of shape (n_columns,)
        w, scaled so that the median normal record has the score it had.
    step : float
        Fraction of `spread`: 0, 0.2, 0.25, 0.5 or 1.
    """

    members: Array
    columns: Array
    step: float


def _checked_labels(y: Any, n_records: int) -> Array:
    """Return labels as integers; ValueError unless there is one for each record and at least one is 1."""
    labels = check_labels(y, "y")
    if len(labels) != n_records:
        raise ValueError(f"y must have one label per record ({n_records}); found shape {labels.shape}")
    if not labels.any():
        raise ValueError("learn_labels needs at least one record labelled 1, an anomaly; found labels 0 alone")
    return labels


def _distinct(x: Array) -> Array:
    """Return the distinct records, in the order of their first occurrence."""
    # NaN differs from itself.
    _, first = np.unique(np.where(np.isnan(x), np.inf, x), axis=0, return_index=True)
    return x[np.sort(first)]


def thinned(x: Array) -> Array:
    """Return at most about 2000 records, evenly spaced."""
    return x[:: max(-(-len(x) // _MOST_COMPARED), 1)]


def learn_weights(known: LabelledContributions, blend: Blend, spread: float) -> LearnedWeights:
    """Learn weights of members and columns from labelled records.

    Parameters
    ----------
    known : LabelledContributions
        At least one anomaly and one normal record.
    blend : Blend
        Combination of the members' scores without labels.
    spread : float
        Largest prior standard deviation of the weights' logarithms.

    Returns
    -------
    LearnedWeights
        All weights are 1 if cross-validation does not support the smallest step.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> normal = rng.exponential(size=(200, 1, 3))
    >>> anomalies = rng.exponential(size=(20, 1, 3)) + [2.0, 0.0, 0.0]
    >>> known = LabelledContributions(anomalies, normal[:20], normal[20:])
    >>> learned = learn_weights(known, Blend([1.0], [1.0]), 1.5)
    >>> int(learned.columns.argmax()), learned.step
    (0, 1.0)
    """
    step = _chosen_step(known, blend, spread)
    if not step:
        return LearnedWeights(blend.weights.copy(), np.ones(known.anomalies.shape[2]), 0.0)
    spreads = (step * spread / 3, step * spread)
    members, columns = fit_weights(known.anomalies, known.normal, known.weights, blend, spreads)
    members = members * blend.weights
    members = members / members.sum()
    return LearnedWeights(members, _rescaled(columns, members, known.normal, blend), step)


def _rescaled(columns: Array, members: Array, normal: Array, blend: Blend) -> Array:
    """Scale the weights of columns so that the median normal record has the score it had."""
    weighted = blend.with_weights(members)
    target, by_member, factor = typical(blend.scores(list(normal.sum(axis=2).T))), normal @ columns, 1.0
    # Members have different powers, from a half to twice the mean: half a step on the logarithmic scale converges.
    for _ in range(30):
        factor *= (target / typical(weighted.scores(list(factor * by_member.T)))) ** 0.5
    return factor * columns


def _chosen_step(known: LabelledContributions, blend: Blend, spread: float) -> float:
    """Return the largest fraction of the spread that cross-validation supports; see the module."""
    if len(known.anomalies) < _FEWEST_TO_VALIDATE:
        return _BLIND
    before, after = _validated(known, blend, _SMALLEST * spread)
    gain, error = _mean_and_error(after - before)
    chosen = 0.0
    if gain >= -max(error, _TOLERATED):
        chosen = _SMALLEST if after.mean() >= _PLAUSIBLE else _BLIND
    if np.quantile(before, 0.1) > _SELECTED or not len(known.cleared):
        return chosen
    for step in _LARGER_STEPS:
        before, after = _validated(known, blend, step.fraction * spread)
        gain, error = _mean_and_error(after - before)
        if gain > max(step.errors * error, step.gain) and after.mean() >= _PLAUSIBLE:
            chosen = step.fraction
    return chosen


def _mean_and_error(values: Array) -> tuple[float, float]:
    """Return the mean and its standard error."""
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))


def _validated(known: LabelledContributions, blend: Blend, spread: float) -> tuple[Array, Array]:
    """Return the fraction of normal records below each anomaly, before and by weights fitted without the anomaly.

    Folds are stratified by score, of anomalies and of cleared records, and independent of the order of the labels.
    """
    k, remembered = len(known.anomalies), known.remembered
    remembered = remembered[:: max(-(-len(remembered) // _MOST_VALIDATED), 1)]
    folds = min(_FOLDS, k)
    of_anomalies, of_cleared = (_ranks(x, blend) % folds for x in (known.anomalies, known.cleared))
    before, after = np.empty(k), np.empty(k)
    for fold in range(folds):
        out = of_anomalies == fold
        kept = LabelledContributions(known.anomalies[~out], known.cleared[of_cleared != fold], remembered)
        members, columns = fit_weights(kept.anomalies, kept.normal, kept.weights, blend, (spread / 3, spread), 1e-6)
        normal = np.concatenate([remembered, known.cleared[of_cleared == fold]])
        counts = np.repeat([1.0, folds], [len(remembered), len(normal) - len(remembered)])
        for found, u, w in ((before, np.ones_like(members), np.ones_like(columns)), (after, members, columns)):
            weighted = blend.with_weights(blend.weights * u)
            of_anomalies_out, of_normal = (weighted.scores(list((x @ w).T)) for x in (known.anomalies[out], normal))
            found[out] = _fraction_below(of_anomalies_out, of_normal, counts)
    return before, after


def _ranks(contributions: Array, blend: Blend) -> Array:
    """Return the rank of each record by its score."""
    scores = blend.scores(list(contributions.sum(axis=2).T))
    return np.argsort(np.argsort(scores, kind="stable"), kind="stable")


def _fraction_below(scores: Array, normal: Array, counts: Array) -> Array:
    """Return the weighted fraction of normal records below each score, with half of the equal ones."""
    if not len(normal):
        return np.full(len(scores), 0.5)
    order = np.argsort(normal, kind="stable")
    ranked, below = normal[order], np.append(0.0, np.cumsum(counts[order]))
    sides = [below[np.searchsorted(ranked, scores, side)] for side in ("left", "right")]
    return np.asarray((sides[0] + sides[1]) / (2 * below[-1]))


def fit_weights(
    anomalies: Array,
    normal: Array,
    counts: Array,
    blend: Blend,
    spreads: tuple[float, float],
    tolerance: float = 1e-12,
) -> tuple[Array, Array]:
    r"""Return the weights with the largest posterior density: those that separate anomalies from normal records.

    Parameters
    ----------
    anomalies : ndarray of float64 of shape (k, n_members, n_columns)
        Contributions :math:`c_{mj}` of anomalies, at least 0.
    normal : ndarray of float64 of shape (n, n_members, n_columns)
        Contributions of normal records.
    counts : ndarray of float64 of shape (n,)
        Weights of the normal records; p when divided by their sum.
    blend : Blend
        Weights and spreads of the members without labels.
    spreads : tuple of float
        Standard deviations of the priors: of the members' weights, of the columns' weights.
    tolerance : float, default 1e-12
        Tolerance of `anomaly.detectors.table.lbfgs.minimize`.

    Returns
    -------
    members : ndarray of float64 of shape (n_members,)
        u.
    columns : ndarray of float64 of shape (n_columns,)
        w.

    Examples
    --------
    >>> import numpy as np
    >>> normal = np.random.default_rng(0).exponential(size=(100, 1, 2))
    >>> odd = np.array([[[6.0, 1.0]], [[9.0, 0.5]]])
    >>> members, columns = fit_weights(odd, normal, np.full(100, 0.01), Blend([1.0], [1.0]), (0.5, 1.5))
    >>> bool(columns[0] > 1 > columns[1])
    True
    """
    n_members, n_columns = normal.shape[1:]
    loss, midpoint = _loss(anomalies, normal, counts, blend, spreads)
    best = minimize(loss, np.append(np.zeros(n_members + n_columns), midpoint), tolerance)
    return np.exp(best[:n_members]), np.exp(best[n_members:-1])


def _loss(
    anomalies: Array, normal: Array, counts: Array, blend: Blend, spreads: tuple[float, float]
) -> tuple[Callable[[Array], tuple[float, Array]], float]:
    """Return the loss, a function of (alpha, beta, b) with its gradient, and a first value of b."""
    k, n_members, n_columns = anomalies.shape
    contributions = np.concatenate([anomalies, normal]) / typical(normal.sum(axis=2).mean(axis=1))
    counts = counts / counts.sum()
    logs, _ = _log_scores(contributions, np.zeros(n_members), np.zeros(n_columns), blend)
    center = float(counts @ logs[k:])
    unit = max(float(np.sqrt(counts @ np.square(logs[k:] - center))), _LEAST_UNIT)
    # z is positive on the wrong side of the midpoint: below it for anomalies, above it for normal records.
    signs = np.repeat([-1.0, 1.0], [k, len(normal)])
    counts = np.concatenate([np.ones(k), k * counts])
    precision = np.repeat(1 / np.square(spreads), [n_members, n_columns])

    def loss(point: Array) -> tuple[float, Array]:
        logarithms, midpoint = point[:-1], point[-1]
        if np.abs(point).max() > _LARGEST_LOGARITHM:
            return np.inf, np.zeros_like(point)
        scores, backward = _log_scores(contributions, logarithms[:n_members], logarithms[n_members:], blend)
        z = signs * (scores - midpoint) / unit
        value = counts @ np.logaddexp(0, z) + precision @ np.square(logarithms) / 2
        by_score = counts * signs * np.exp(-np.logaddexp(0, -z)) / unit
        return float(value), np.append(backward(by_score) + precision * logarithms, -by_score.sum())

    return loss, (center + float(logs[:k].mean())) / 2


def _log_scores(
    contributions: Array, alpha: Array, beta: Array, blend: Blend
) -> tuple[Array, Callable[[Array], Array]]:
    """Return ln s of each record, and the backward pass: from the gradient by ln s to that by (alpha, beta)."""
    used = blend.weights > 0
    weights = blend.weights[used] * np.exp(alpha[used])
    weights = weights / weights.sum()
    columns, units = np.exp(beta), blend.units[used]
    by_member = (contributions @ columns)[:, used] + _FLOOR
    total, by_z, by_logarithm = blend.combine(np.log(by_member) / units, weights)

    def backward(gradient: Array) -> Array:
        gradient = blend.power * gradient
        of_members = np.zeros(len(alpha))
        of_members[used] = gradient @ by_logarithm
        by_score = np.zeros(contributions.shape[:2])
        by_score[:, used] = gradient[:, np.newaxis] * by_z / (units * by_member)
        of_columns = columns * (by_score.ravel() @ contributions.reshape(-1, len(beta)))
        return np.concatenate([of_members, of_columns])

    return blend.power * total, backward
