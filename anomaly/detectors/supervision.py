r"""What a few labelled records can tell an `AutoencoderDetector`: which columns its anomalies show in.

A detector's score is a sum over columns, :math:`s(x) = \sum_j c_j(x)`, where :math:`c_j` is what all its members make
of column j. From labels it learns weights for that sum,

.. math:: s_w(x) = \sum_j w_j\, c_j(x), \qquad w_j = e^{v_j}.

All :math:`w_j` were 1, and the few labels have to argue against that: the :math:`v_j` have a normal prior with mean 0
and standard deviation :math:`\tau`. How likely a record is an anomaly is taken to follow from the logarithm of its
score, by a logistic curve; with A the labelled anomalies, and U the usual records with shares :math:`q_u` that add up
to 1, the :math:`v_j` and the middle b of the curve make this small:

.. math:: \sum_{a \in A} \ln\bigl(1 + e^{-z(a)}\bigr) + |A| \sum_{u \in U} q_u \ln\bigl(1 + e^{z(u)}\bigr)
          + \frac{1}{2\tau^2} \sum_j v_j^2, \qquad z(x) = \frac{\ln s_w(x) - b}{\sigma}

The unit :math:`\sigma` is the standard deviation of :math:`\ln s` among the usual records. Both kinds of records
weigh the same in sum, however few the anomalies, and each further label weakens the prior.

Weights can be learned for other parts of a score in the same way. Those for its members were tried too, and gained
nothing: ``python -m benchmarks.quality.labels`` compares them.

**The threshold.** It is chosen anew, by the rule that the detector was fitted with, from the new scores of the
remembered training records. A rule that needs labels gets those that are given here, and the remembered records as
usual ones. Scores for a false-alarm rate came from other detectors, fitted for that and thrown away. How much
higher they were than the training scores of their rank is kept, so that the rate then holds only roughly.

References
----------
Gelman, Jakulin, Pittau & Su, "A weakly informative default prior distribution for logistic and other regression
models", Annals of Applied Statistics 2 (2008); Das, Wong, Dietterich, Fern & Emmott, "Incorporating expert feedback
into active anomaly discovery", ICDM 2016, which weights the members of an ensemble.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from anomaly.calibration import conformal_threshold
from anomaly.detectors.checks import check_number
from anomaly.detectors.members import Neighbours, typical
from anomaly.metrics import _labels
from nnlite.types import Array

if TYPE_CHECKING:
    from anomaly.detectors.autoencoder import AutoencoderDetector

# Training records, whose labels are only supposed, count for as much as this many that were labelled as usual.
_SUPPOSED = 20.0
_CHUNK = 8192
# Below a thousandth of the typical score there are no differences worth learning from; and no logarithm of 0.
_FLOOR = 1e-3
_LEAST_SPREAD = 0.1
_MOST_STEPS = 200
_MEMORY = 8


def learn_from_labels(detector: AutoencoderDetector, X: Any, y: Any, spread: float) -> None:
    """Give a detector weights for its columns, and all that follows from them; see its `learn_labels`."""
    detector._check_fitted()
    check_number("spread", spread, 0, above=True)
    x = np.concatenate(list(detector._chunks(X)))
    labels = _checked_labels(y, len(x))
    given = column_parts(detector, x)
    anomalies, cleared = given[labels == 1], given[labels == 0]
    remembered = _remembered(detector)
    if remembered is None:
        reference, supposed = cleared, cleared[:0]
    else:
        reference = column_parts(detector, remembered)
        supposed = reference[~_among(remembered, x[labels == 1])]
    usual = np.concatenate([supposed, cleared])
    if not len(usual):
        raise ValueError(
            "learn_labels needs usual records beside the anomalies, and this detector remembers none"
            f"{' (neighbors=0)' if remembered is None else ' but those'}: give some, such as the training records, "
            "with label 0"
        )
    weights = fit_weights(anomalies, usual, _shares(len(supposed), len(cleared)), spread)
    weights *= typical(reference.sum(axis=1)) / typical(weighted_sum(reference, weights))
    _apply(detector, weights, reference, (usual, anomalies))


def _apply(detector: AutoencoderDetector, weights: Array, reference: Array, labelled: tuple[Array, Array]) -> None:
    """Set the weights, the scores and the threshold, once nothing can go wrong any more."""
    scores = weighted_sum(reference, weights)
    calibration = scores
    if detector.false_alarm_rate is not None:
        calibration = _carried_over(detector.calibration_scores_, reference.sum(axis=1), scores)
        threshold = conformal_threshold(calibration, detector.false_alarm_rate)
    else:
        rule = detector._threshold_rule()
        if rule.needs_labels:
            of_both = np.concatenate([weighted_sum(parts, weights) for parts in labelled])
            rule.fit(of_both, np.repeat([0, 1], [len(parts) for parts in labelled]))
        else:
            rule.fit(scores)
        threshold = rule.threshold_
    detector.column_weights_ = weights
    detector.decision_scores_ = scores
    detector.calibration_scores_ = calibration
    detector.threshold_ = float(threshold)
    detector.labels_ = detector._label(scores)


def column_parts(detector: AutoencoderDetector, x: Array) -> Array:
    """Return each column's part of each record's score without weights, float64 of shape (n_records, n_columns).

    Parameters
    ----------
    detector : AutoencoderDetector
        Fitted.
    x : ndarray of float32 of shape (n_records, n_features)
        What its preprocessing makes of records.
    """
    found = np.zeros((len(x), detector.n_features_in_))
    for start in range(0, len(x), _CHUNK):
        rows = slice(start, start + _CHUNK)
        for share, member in zip(detector._shares(), detector.members_, strict=True):
            found[rows] += share * detector.preprocessor_.sum_by_column(member.parts(x[rows]))
    return found


def weighted_sum(parts: Array, weights: Array) -> Array:
    """Return the scores: no product of matrices, so that a record's does not depend on its company."""
    return np.asarray((parts * weights).sum(axis=1))


def weights_from_state(weights: Array | None, n_columns: int) -> Array | None:
    """Take the weights of columns from a file, believing nothing; None if there are none."""
    if weights is None:
        return None
    if weights.shape != (n_columns,) or weights.dtype != np.float64:
        raise ValueError(f"its weights have shape {weights.shape} and dtype {weights.dtype} for {n_columns} columns")
    if not (np.isfinite(weights) & (weights > 0)).all():
        raise ValueError("its weights of columns are not all finite numbers above 0")
    return weights


def fit_weights(anomalies: Array, usual: Array, shares: Array, spread: float) -> Array:
    r"""Return the weights with which the parts of scores tell anomalies from usual records best, given the prior.

    Parameters
    ----------
    anomalies : ndarray of float64 of shape (k, n_parts)
        The parts c of their scores, at least 0. Parts may belong to columns, or to anything else.
    usual : ndarray of float64 of shape (n, n_parts)
        Those of usual records.
    shares : ndarray of float64 of shape (n,)
        What each of these counts for; together 1.
    spread : float
        :math:`\tau`.

    Returns
    -------
    ndarray of float64 of shape (n_parts,)
        w, above 0.

    Examples
    --------
    >>> import numpy as np
    >>> usual = np.random.default_rng(0).exponential(size=(100, 2))
    >>> w = fit_weights(np.array([[6.0, 1.0], [9.0, 0.5]]), usual, np.full(100, 0.01), 1.5)
    >>> bool(w[0] > 1 > w[1])
    True
    """
    parts = np.concatenate([anomalies, usual])
    floor = _FLOOR * typical(usual.sum(axis=1))
    # Anomalies count once each, and all usual records together as often; the signs say which side they belong on.
    counts = np.concatenate([np.ones(len(anomalies)), len(anomalies) * shares])
    signs = np.repeat([-1.0, 1.0], [len(anomalies), len(usual)])
    logs = np.log(parts.sum(axis=1) + floor)
    center = shares @ logs[len(anomalies) :]
    unit = max(float(np.sqrt(shares @ np.square(logs[len(anomalies) :] - center))), _LEAST_SPREAD)

    def loss(point: Array) -> tuple[float, Array]:
        """Return the loss at (v, b) and its gradient."""
        v, middle = point[:-1], point[-1]
        scaled = np.exp(v)
        scores = parts @ scaled + floor
        z = signs * (np.log(scores) - middle) / unit
        value = counts @ np.logaddexp(0, z) + np.square(v).sum() / (2 * spread**2)
        pull = counts * signs * np.exp(-np.logaddexp(0, -z)) / unit
        return float(value), np.append(scaled * ((pull / scores) @ parts) + v / spread**2, -pull.sum())

    # The curve begins halfway between the two kinds.
    start = np.append(np.zeros(parts.shape[1]), (center + logs[: len(anomalies)].mean()) / 2)
    return np.asarray(np.exp(minimize(loss, start)[:-1]))


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
    labels = _labels(y, "y")
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


def _shares(supposed: int, cleared: int) -> Array:
    """Return what each usual record counts for: those of the training first, then those labelled as usual."""
    shares = np.concatenate([np.full(supposed, _SUPPOSED / max(supposed, 1)), np.ones(cleared)])
    return np.asarray(shares / shares.sum())


def _carried_over(calibration: Array, before: Array, after: Array) -> Array:
    """Estimate what the calibration scores become, when training scores change.

    They came from detectors that are gone. How much higher they were than the training scores of the same rank is kept.
    """
    places = (np.arange(len(before)) + 0.5) / len(before)
    wanted, had = (np.quantile(scores, places) for scores in (calibration, before))
    ratio = np.divide(wanted, had, out=np.ones_like(had), where=had > 0)
    return np.asarray(np.sort(after) * ratio)
