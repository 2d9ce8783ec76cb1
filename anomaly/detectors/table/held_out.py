"""Held-out scores of training records, for calibration: as near as possible to scores of fresh records.

**Networks** reconstruct their training records better than fresh ones, and a forest isolates them later. So each fifth
of the records, or each tenth of fewer than 500, is scored by networks and a forest fitted to the others
(`anomaly.detectors.cross_fitting`). These learned fewer records and are a little worse: p-values are a little too
large, the more so the fewer records there are. Columns are converted anew for each fold, since a category that only the
held-out record has must be as new as that of a fresh one.

**Remembered records** need no second fit: each is compared with all the others, as a fresh one is with all of them. But
where columns are converted anew for each fold, so are the records that it is compared with: the standard deviation of a
column of amounts, say, may be that of its largest one, which is then near to all others, as no fresh amount is.

**Ties.** Networks of different folds score equal records differently, while fresh records are all scored by one
ensemble. So a record's held-out score is at least the ensemble's own: a fresh record that is equal to c training
records has at least c calibration scores as high as its own.

References
----------
Vovk, "Cross-conformal predictors", Annals of Mathematics and Artificial Intelligence 74 (2015); Barber, Candes, Ramdas
& Tibshirani, "Predictive inference with the jackknife+", Annals of Statistics 49 (2021). Their bounds hold where a
fresh record is scored by the ensembles of all folds; here it is scored by one, so that there is one score and one
threshold, and the coverage is known by simulation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from anomaly.detectors.cross_fitting import are_few, folds_of
from anomaly.detectors.features import FeatureSet
from anomaly.detectors.table.ensemble import Ensemble
from anomaly.detectors.table.fitting import fit_ensemble
from anomaly.detectors.table.neighbors import NearestNeighbors
from anomaly.detectors.table.settings import EnsembleSettings
from anomaly.errors import DataError, EmptyColumnWarning
from anomaly.preprocessing import TablePreprocessor
from anomaly.preprocessing.columns.column_notes import without_warnings
from anomaly.tables import Table
from nnlite.job import counted
from nnlite.types import Array

FoldFit = Callable[[Array], tuple[Ensemble, Array]]
"""From the indices of held-out records to an ensemble fitted to the others, and the features of all records for it."""


def fits_without(
    settings: EnsembleSettings,
    table: Table,
    preprocessor: TablePreprocessor,
    make: Callable[[], TablePreprocessor],
    seed: int | None,
    comparing: bool = False,
) -> FoldFit:
    """Return a fit of networks and forest, perhaps of all members, to all records of a table but those of a fold.

    Parameters
    ----------
    settings : EnsembleSettings
        Settings of the ensemble.
    table : Table
        Training records.
    preprocessor : TablePreprocessor
        Fitted to all of them.
    make : callable
        Returns a preprocessor to be fitted.
    seed : int or None
        Seed of each fit.
    comparing : bool, default False
        Whether there are the comparisons of the settings; by default no records are remembered.
    """

    def fit(fold: Array) -> tuple[Ensemble, Array]:
        others = table.rows(np.setdiff1d(np.arange(len(table)), fold))
        chosen = _refitted(others, preprocessor, make())
        x = chosen.transform(table)
        learned, features = np.delete(x, fold, axis=0), FeatureSet.of(chosen)
        return fit_ensemble(settings.quiet, learned, features, seed, comparing=comparing).ensemble, x

    return fit


def _refitted(table: Table, fitted: TablePreprocessor, fresh: TablePreprocessor) -> TablePreprocessor:
    """Return `fresh`, fitted to a part of the records; `fitted` where that lacks the values of a column."""
    # What there is to say of the columns was said of all records.
    with without_warnings(EmptyColumnWarning):
        try:
            fresh.fit(table)
        except DataError:
            return fitted
    same = set(fresh.feature_columns_.tolist()) == set(fitted.feature_columns_.tolist())
    return fresh if same else fitted


def remembered_scores(ensemble: Ensemble, scores: Array, settings: EnsembleSettings, seed: int | None) -> Array:
    """Return scores of the remembered records that are comparable with those of fresh ones.

    Parameters
    ----------
    ensemble : Ensemble
        Fitted, perhaps with weights learned from labels.
    scores : ndarray of float64 of shape (n_remembered,)
        Its scores of the remembered records.
    settings : EnsembleSettings
        Its settings.
    seed : int or None
        Seed of each fit.

    Returns
    -------
    ndarray of float64 of shape (n_remembered,)
        The scores; where few records for each column are remembered, held-out ones, by networks fitted anew.
    """
    x = ensemble.remembered
    if not are_few(len(x), ensemble.features.columns):
        return scores
    # Those left out of the training are not remembered.
    settings, comparing = settings.quiet._replace(trim=0.0), ensemble.column_weights is not None

    def fit(fold: Array) -> tuple[Ensemble, Array]:
        others = np.delete(x, fold, axis=0)
        fitted = fit_ensemble(settings, others, ensemble.features, seed, comparing=comparing).ensemble
        return fitted.with_label_weights(ensemble.member_weights, ensemble.column_weights), x

    return held_out_scores(fit, ensemble, x, folds_of(len(x)))


def held_out_scores(
    fit: FoldFit, ensemble: Ensemble, x: Array, folds: Iterable[Array], by_others: bool = False
) -> Array:
    """Score training records by networks trained without them, and by all other remembered records.

    Parameters
    ----------
    fit : callable
        Takes the indices of a fold; returns an ensemble fitted to the other records, and the features of all. Of the
        ensemble only networks and forest are used, unless it has weights learned from labels.
    ensemble : Ensemble
        Fitted to all records. Scores are in the scale of its members: where distances take few values, as of
        categories, scales would differ much from one fold to the next.
    x : ndarray of float32 of shape (n_records, n_features)
        Features of the training records.
    folds : iterable of ndarray of int
        Indices of the records of each fold.
    by_others : bool, default False
        Whether records are compared with those of other folds alone, as remembered by the fitted ensembles, since those
        of a fold depend on each other.

    Returns
    -------
    ndarray of float64 of shape (n_records,)
        In the order of `x`.
    """
    held_out, weighted = np.empty(len(x)), ensemble.column_weights is not None
    for fold in counted(list(folds)):
        other, features = fit(fold)
        if weighted or by_others:
            held_out[fold] = other.with_scale_of(ensemble).scores(features[fold])
        else:
            held_out[fold] = ensemble.combine(_scores_by_member(ensemble, x, other, features, fold))
    return held_out if weighted else np.maximum(held_out, ensemble.scores(x))


def _scores_by_member(ensemble: Ensemble, x: Array, other: Ensemble, features: Array, fold: Array) -> list[Array]:
    """Return scores of a fold by another ensemble's networks and forest, and by the comparisons with other records."""
    values, known = other.complete(features[fold])
    fitted = (member for member in other.members if not isinstance(member, NearestNeighbors))
    # Further records, and those of a sample, are compared with the remembered ones as these are.
    is_converted = len(ensemble.remembered) == len(x) and not np.array_equal(features, x, equal_nan=True)
    records = other.complete(features)[0] if is_converted else None
    compared = values if is_converted else ensemble.complete(x[fold])[0]
    found = []
    for member in ensemble.members:
        if not isinstance(member, NearestNeighbors):
            found.append(next(fitted).with_scale_of(member).scores(values, known))
        elif records is None:
            found.append(member.leave_one_out_scores(compared))
        else:
            found.append(member.with_records(records, other.features.marks).leave_one_out_scores(compared))
    return found


def rescaled_calibration(calibration: Array, before: Array, after: Array) -> Array:
    """Estimate calibration scores after a change of the training scores.

    The ensembles that they came from are gone. The ratio of calibration score to training score is kept for each rank.

    Parameters
    ----------
    calibration, before : ndarray of float64
        Calibration scores and training scores before the change.
    after : ndarray of float64 of shape (n_records,)
        Training scores after the change.

    Returns
    -------
    ndarray of float64 of shape (n_records,)
        In rising order.
    """
    levels = np.linspace(0, 1, len(after))
    high, low = (np.quantile(scores, levels) for scores in (calibration, before))
    ratio = np.divide(high, low, out=np.ones_like(low), where=low > 0)
    return np.asarray(np.sort(after) * ratio)


def rescaled_threshold(threshold: float, before: Array, after: Array) -> float:
    """Return the threshold for scores of the same records by another ensemble that is exceeded by as many of them.

    Parameters
    ----------
    threshold : float
        Threshold of the scores before.
    before, after : ndarray of float64 of shape (n_records,)
        Scores of training records before and after a change of the ensemble.

    Returns
    -------
    float
        Between two scores as far from either as before; beyond all of them in the same ratio to the nearest.

    Examples
    --------
    >>> import numpy as np
    >>> before, after = np.array([3.0, 1.0, 2.0]), np.array([5.0, 1.0, 4.0])
    >>> [rescaled_threshold(threshold, before, after) for threshold in (1.5, 2.0, 6.0)]
    [2.5, 4.0, 10.0]
    """
    known, other = np.sort(before), np.sort(after)
    if known[0] <= threshold <= known[-1]:
        return float(np.interp(threshold, known, other))
    nearest = -1 if threshold > known[-1] else 0
    return float(threshold * other[nearest] / known[nearest]) if known[nearest] else threshold
