r"""What a few labelled records can tell an `AutoencoderDetector`: where its anomalies show.

Without labels, members' scores are blended so that what stands out for any of them stands out
(`anomaly.detectors.table.blending`). With labels there is something to say who is right, and a sum is better: over
members m and columns j, where :math:`c_{mj}` is what a member makes of a column and :math:`a_m` its share. From labels
it learns weights for both,

.. math:: s(x) = \sum_m a_m u_m \sum_j w_j\, c_{mj}(x), \qquad u_m = e^{\alpha_m},\; w_j = e^{\beta_j}.

All of them were 1, and the few labels have to argue against that: their logarithms have normal priors with mean 0
and the standard deviations :math:`\tau` for columns, :math:`\tau / 3` for members, of which there are few and each
moves all scores. How likely a record is an anomaly is taken to follow from the logarithm of its score, by a
logistic curve. With A the labelled anomalies, and U the usual records with shares :math:`q_x` that add up to 1,
the weights and the middle b of the curve make this small:

.. math:: \sum_{x \in A} \ln\bigl(1 + e^{-z(x)}\bigr) + |A| \sum_{x \in U} q_x \ln\bigl(1 + e^{z(x)}\bigr)
          + \frac{1}{2\tau^2} \Bigl( \sum_j \beta_j^2 + 9 \sum_m \alpha_m^2 \Bigr),
          \qquad z(x) = \frac{\ln s(x) - b}{\sigma}

The unit :math:`\sigma` is the standard deviation of :math:`\ln s` among the usual records before. Both kinds of
records weigh the same in sum, however few the anomalies, and each further label weakens the prior. Nearly all of
the gain comes from the columns: ``python -m benchmarks.quality.labels`` measures what each kind of weights brings, and
how wide a prior is best.

**The threshold** is chosen anew, by the rule that the detector was fitted with, from the new scores of the remembered
training records. A rule that needs labels gets those that are given here, and the remembered records as usual ones.
Scores for a false-alarm rate came from other detectors, fitted for that and thrown away. How much higher they were
than the training scores of their rank is kept, so that the rate then holds only roughly.

References
----------
Gelman, Jakulin, Pittau & Su, "A weakly informative default prior distribution for logistic and other regression
models", Annals of Applied Statistics 2 (2008); Das, Wong, Dietterich, Fern & Emmott, "Incorporating expert feedback
into active anomaly discovery", ICDM 2016, which weights the members of an ensemble.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from anomaly.calibration import conformal_threshold
from anomaly.detectors.table.blending import settled
from anomaly.detectors.table.neighbors import Neighbours, typical
from anomaly.detectors.validation import check_number
from anomaly.metrics.validation import check_labels
from nnlite.types import Array

if TYPE_CHECKING:
    from anomaly.detectors.table.detector import AutoencoderDetector
    from anomaly.detectors.table.ensemble import MemberDetector

# Training records, whose labels are only supposed, count for as much as this many that were labelled as usual. Where
# a false alarm weighs more, holding down its columns costs more anomalies than it saves alarms.
_SUPPOSED = 100.0
# As many records of a kind are enough to see what they are like.
_MOST_COMPARED = 2000
_CHUNK = 8192
# Below a thousandth of the typical score there are no differences worth learning from; and no logarithm of 0.
_FLOOR = 1e-3
_LEAST_UNIT = 0.1
_MOST_STEPS = 200
_MEMORY = 8


def learn_from_labels(detector: AutoencoderDetector, X: Any, y: Any, spread: float) -> None:
    """Give a detector weights, and all that follows from them; see its `learn_labels`."""
    detector._check_fitted()
    check_number("spread", spread, 0, above=True)
    x = np.concatenate(list(detector._chunks(X)))
    labels = _checked_labels(y, len(x))
    anomalies, cleared = x[labels == 1], x[labels == 0]
    remembered = _remembered(detector)
    supposed = x[:0] if remembered is None else remembered[~_among(remembered, anomalies)]
    usual = np.concatenate([supposed, cleared])
    if not len(usual):
        raise ValueError(
            "learn_labels needs usual records to hold the anomalies against, and this detector remembers no others; "
            "give some, such as the training records, with label 0"
        )
    parts = [column_parts(detector, _thinned(of)) for of in (anomalies, supposed, cleared)]
    known = np.concatenate(parts[1:])
    counts = [_even(len(parts[1]), _SUPPOSED), _even(len(parts[2]), len(cleared))]
    members, columns = fit_weights(parts[0], known, np.concatenate(counts), (spread / 3, spread))
    # Scores stay in units of a usual record's, and the members' shares add up to 1.
    columns *= typical(known.sum(axis=(1, 2))) / typical((known * columns).sum(axis=2) @ members)
    shares = members * detector.shares_
    _apply(detector, shares / shares.sum(), columns * shares.sum(), (usual, anomalies))


def _apply(detector: AutoencoderDetector, shares: Array, weights: Array, labelled: tuple[Array, Array]) -> None:
    """Set the weights, the scores and the threshold, once nothing can go wrong any more."""
    remembered = _remembered(detector)
    reference = labelled[0] if remembered is None else remembered
    calibration = scores = scores_with(detector, reference, shares, weights)
    if detector.false_alarm_rate is not None:
        calibration = _carried_over(detector.calibration_scores_, detector.decision_scores_, scores)
        threshold = conformal_threshold(calibration, detector.false_alarm_rate)
    else:
        rule = detector._threshold_rule()
        if rule.needs_labels:
            of_both = np.concatenate([scores_with(detector, x, shares, weights) for x in labelled])
            rule.fit(of_both, np.repeat([0, 1], [len(x) for x in labelled]))
        else:
            rule.fit(scores)
        threshold = rule.threshold_
    detector.member_shares_, detector.column_weights_ = shares, weights
    detector.decision_scores_, detector.calibration_scores_ = scores, calibration
    detector.threshold_ = float(threshold)
    detector.labels_ = detector._label(scores)


def column_parts(detector: AutoencoderDetector, x: Array) -> Array:
    """Return what each member and each column adds to each record's score without weights.

    Parameters
    ----------
    detector : AutoencoderDetector
        Fitted.
    x : ndarray of float32 of shape (n_records, n_features)
        What its preprocessing makes of records; some thousands at most.

    Returns
    -------
    ndarray of float64 of shape (n_records, n_members, n_columns)
        :math:`a_m c_{mj}`.
    """
    members = zip(detector.shares_, detector.members_, strict=True)
    found = [share * detector.preprocessor_.sum_by_column(member.parts(x)) for share, member in members]
    return np.stack(found, axis=1, dtype=np.float64)


def scores_with(detector: MemberDetector, x: Array, shares: Sequence[float] | Array, weights: Array) -> Array:
    """Return the scores that records have with some shares of the members and weights of the columns.

    No product of matrices is taken, so that a record's score does not depend on its company.
    """
    by_feature = weights[detector.preprocessor_.feature_columns_]
    scores = np.zeros(len(x))
    for start in range(0, len(x), _CHUNK):
        rows = slice(start, start + _CHUNK)
        for share, member in zip(shares, detector.members_, strict=True):
            scores[rows] += share * (member.parts(x[rows]) * by_feature).sum(axis=1)
    return settled(scores)


def weights_from_state(
    arrays: Mapping[str, Array], n_members: int, n_columns: int
) -> tuple[Array, Array] | tuple[None, None]:
    """Take shares of members and weights of columns from a file, believing nothing; None where nothing was learned."""
    if "column_weights" not in arrays:
        return None, None
    shares, weights = arrays["member_shares"], arrays["column_weights"]
    for array, size, what in ((shares, n_members, "members"), (weights, n_columns, "columns")):
        if array.shape != (size,) or array.dtype != np.float64:
            raise ValueError(f"its weights of {what} have shape {array.shape} and dtype {array.dtype}; expected {size}")
        if not (np.isfinite(array) & (array >= 0)).all():
            raise ValueError(f"its weights of {what} are not all finite numbers of at least 0")
    return shares, weights


def fit_weights(anomalies: Array, usual: Array, counts: Array, spreads: tuple[float, float]) -> tuple[Array, Array]:
    r"""Return the weights with which the parts of scores tell anomalies from usual records best, given the prior.

    Parameters
    ----------
    anomalies : ndarray of float64 of shape (k, n_members, n_columns)
        The parts :math:`a_m c_{mj}` of their scores, at least 0.
    usual : ndarray of float64 of shape (n, n_members, n_columns)
        Those of usual records.
    counts : ndarray of float64 of shape (n,)
        What each of these counts for; q when divided by their sum.
    spreads : tuple of float
        Standard deviations of the priors, of the members' weights and of the columns'.

    Returns
    -------
    members : ndarray of float64 of shape (n_members,)
        u.
    columns : ndarray of float64 of shape (n_columns,)
        w.

    Examples
    --------
    >>> import numpy as np
    >>> usual = np.random.default_rng(0).exponential(size=(100, 1, 2))
    >>> members, columns = fit_weights(np.array([[[6.0, 1.0]], [[9.0, 0.5]]]), usual, np.full(100, 0.01), (0.5, 1.5))
    >>> bool(columns[0] > 1 > columns[1])
    True
    """
    n_members, n_columns = usual.shape[1:]
    loss, middle = _loss(anomalies, usual, counts, spreads)
    best = minimize(loss, np.append(np.zeros(n_members + n_columns), middle))
    return np.exp(best[:n_members]), np.exp(best[n_members:-1])


def _loss(
    anomalies: Array, usual: Array, counts: Array, spreads: tuple[float, float]
) -> tuple[Callable[[Array], tuple[float, Array]], float]:
    """Return the function of (alpha, beta, b) to be made small, with its gradient; and where b may begin."""
    k, n_members, n_columns = anomalies.shape
    parts = np.concatenate([anomalies, usual])
    flat = parts.reshape(-1, n_columns)
    floor = _FLOOR * typical(usual.sum(axis=(1, 2)))
    counts = counts / counts.sum()
    logs = np.log(parts.sum(axis=(1, 2)) + floor)
    center = float(counts @ logs[k:])
    unit = max(float(np.sqrt(counts @ np.square(logs[k:] - center))), _LEAST_UNIT)
    # The signs say on which side of the curve's middle a record should not lie.
    signs = np.repeat([-1.0, 1.0], [k, len(usual)])
    counts = np.concatenate([np.ones(k), k * counts])
    precision = np.repeat(1 / np.square(spreads), [n_members, n_columns])

    def loss(point: Array) -> tuple[float, Array]:
        logarithms, middle = point[:-1], point[-1]
        members, columns = np.split(np.exp(logarithms), [n_members])
        by_member = (flat @ columns).reshape(-1, n_members)
        scores = by_member @ members + floor
        z = signs * (np.log(scores) - middle) / unit
        value = counts @ np.logaddexp(0, z) + precision @ np.square(logarithms) / 2
        pull = counts * signs * np.exp(-np.logaddexp(0, -z)) / unit
        by_score = pull / scores
        of_members = members * (by_score @ by_member)
        of_columns = columns * (np.outer(by_score, members).ravel() @ flat)
        slope = np.concatenate([of_members, of_columns]) + precision * logarithms
        return float(value), np.append(slope, -pull.sum())

    return loss, (center + float(logs[:k].mean())) / 2


def minimize(function: Callable[[Array], tuple[float, Array]], start: Array) -> Array:
    r"""Go downhill from a point until it gets no lower: L-BFGS.

    The direction is :math:`-H g`, where g is the gradient and H an estimate of the inverse second derivative, from how
    the gradient changed in the last steps; the length is halved until the step pays.

    Parameters
    ----------
    function : callable
        Returns the value at a point and the gradient, of shape (n,).
    start : ndarray of float64 of shape (n,)
        Where to begin.

    References
    ----------
    Nocedal & Wright, *Numerical Optimization* (2006), algorithm 7.4.

    Examples
    --------
    >>> import numpy as np
    >>> minimize(lambda p: (float(((p - 3) ** 2).sum()), 2 * (p - 3)), np.zeros(2)).round(6).tolist()
    [3.0, 3.0]
    """
    point, (value, slope) = start, function(start)
    changes: list[tuple[Array, Array]] = []
    for _ in range(_MOST_STEPS):
        direction = -_straightened(slope, changes)
        descent = float(slope @ direction)
        # The first direction has no sensible length of its own.
        size = 1.0 if changes else 1 / max(1.0, float(np.abs(slope).max()))
        while True:
            there = point + size * direction
            new_value, new_slope = function(there)
            if new_value <= value + 1e-4 * size * descent:
                break
            size /= 2
            if size < 1e-12:
                return point
        step, turn = there - point, new_slope - slope
        if step @ turn > 1e-12 * (turn @ turn):
            changes = [*changes[1 - _MEMORY :], (step, turn)]
        gained = value - new_value
        point, value, slope = there, new_value, new_slope
        if gained <= 1e-12 * max(1.0, abs(value)):
            break
    return point


def _straightened(slope: Array, changes: list[tuple[Array, Array]]) -> Array:
    """Multiply a gradient by the estimated inverse of the second derivative."""
    result = slope.copy()
    shares = []
    for step, turn in reversed(changes):
        shares.append(step @ result / (step @ turn))
        result -= shares[-1] * turn
    if changes:
        step, turn = changes[-1]
        result *= step @ turn / (turn @ turn)
    for (step, turn), share in zip(changes, reversed(shares), strict=True):
        result += step * (share - turn @ result / (step @ turn))
    return result


def _checked_labels(y: Any, n_records: int) -> Array:
    labels = check_labels(y, "y")
    if len(labels) != n_records:
        raise ValueError(f"y must have one label per record ({n_records}); found shape {labels.shape}")
    if not labels.any():
        raise ValueError("learn_labels needs at least one record labelled 1, an anomaly; found labels 0 alone")
    return labels


def _remembered(detector: AutoencoderDetector) -> Array | None:
    """Return the training records that a detector keeps, as features."""
    for member in detector.members_:
        if isinstance(member, Neighbours):
            return member.records
    return None


def _among(rows: Array, others: Array) -> Array:
    """Tell which rows are equal to one of others: what is labelled an anomaly is no usual training record."""
    known = {row.tobytes() for row in others}
    return np.array([row.tobytes() in known for row in rows], dtype=np.bool_)


def _thinned(x: Array) -> Array:
    """Return records at even distances, as many as are enough."""
    return x[:: max(-(-len(x) // _MOST_COMPARED), 1)]


def _even(n_records: int, total: float) -> Array:
    return np.full(n_records, total / max(n_records, 1))


def _carried_over(calibration: Array, before: Array, after: Array) -> Array:
    """Estimate what the calibration scores become, when training scores change.

    They came from detectors that are gone. How much higher they were than the training scores of the same rank is kept.
    """
    places = np.linspace(0, 1, len(after))
    wanted, had = (np.quantile(scores, places) for scores in (calibration, before))
    ratio = np.divide(wanted, had, out=np.ones_like(had), where=had > 0)
    return np.asarray(np.sort(after) * ratio)
