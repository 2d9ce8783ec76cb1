"""Fit of an ensemble: which records are learned, and the members that follow from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from anomaly.detectors.features import FeatureSet, targets
from anomaly.detectors.network_training import History
from anomaly.detectors.table.ensemble import Ensemble
from anomaly.detectors.table.imputation import Imputer
from anomaly.detectors.table.isolation import grow_forest
from anomaly.detectors.table.linear import fit_regressions
from anomaly.detectors.table.members import Member
from anomaly.detectors.table.neighbors import NearestNeighbors, tails_of
from anomaly.detectors.table.settings import EnsembleSettings
from anomaly.detectors.table.training import train
from nnlite.job import Plan
from nnlite.models import Model
from nnlite.random import global_generator, seeded
from nnlite.types import Array, RandomGenerator

MOST_REMEMBERED = 10_000
"""Largest number of remembered records."""

_FINE_NEIGHBORS = 1
_FINE_CONTRAST = 2.0
# The mean distance to a fraction of the records is known well enough from a sample.
_WIDE_RECORDS = 1000
_TRIMMING_TREES = 300


@dataclass(frozen=True)
class FittedEnsemble:
    """Result of a training.

    Attributes
    ----------
    ensemble : Ensemble
        Calibrated.
    scores : ndarray of float64 of shape (n_records,)
        Scores of the records.
    history : dict of str to list of float
        Losses of each epoch, the mean over the networks that were still training.
    """

    ensemble: Ensemble
    scores: Array
    history: History


def fit_ensemble(
    settings: EnsembleSettings,
    x: Array,
    features: FeatureSet,
    seed: int | None = None,
    start: Sequence[Model] | None = None,
    comparing: bool = True,
) -> FittedEnsemble:
    """Train networks, remember records, grow a forest and calibrate all; without the records to be left out.

    Parameters
    ----------
    settings : EnsembleSettings
        Settings of the members.
    x : ndarray of float32 of shape (n_records, n_features)
        Features of the training records.
    features : FeatureSet
        Columns of the features.
    seed : int, optional
        Seed of all random numbers; by default they come from the global generator.
    start : sequence of Model, optional
        Networks whose weights are the first ones, one for each level of noise; by default weights are drawn.
    comparing : bool, default True
        Whether there are the comparisons of the settings; without them all else is the same, holes are filled alike.
    """
    left_out = min(int(settings.trim * len(x)), len(x) - 2)
    with seeded(seed):
        if not left_out:
            return _fit(settings, x, features, start, comparing)
        plan = Plan(trimming=1, _fit=8, scoring=3)
        with plan("trimming"):
            kept = _typical(x, features, len(x) - left_out)
        with plan("_fit"):
            fitted = _fit(settings, x[kept], features, start, comparing)
        with plan("scoring"):
            return replace(fitted, scores=fitted.ensemble.scores(x))


def _typical(x: Array, features: FeatureSet, n_kept: int) -> Array:
    """Return the rows, in their order, of the records with the lowest scores of an isolation forest.

    Anomalies in a group have each other as near neighbors, and networks learn them; but few splits part them from all
    other records.
    """
    rng = np.random.default_rng(int(global_generator().integers(2**31)))
    values = Imputer.of(features, x).filled(x)
    scores = grow_forest(features.without_marks(values), rng, _TRIMMING_TREES).scores(values)
    return np.sort(np.argsort(scores, kind="stable")[:n_kept])


def _fit(
    settings: EnsembleSettings, x: Array, features: FeatureSet, start: Sequence[Model] | None, comparing: bool
) -> FittedEnsemble:
    # Drawn with and without memory, so that networks do not depend on it.
    rng = np.random.default_rng(int(global_generator().integers(2**31)))
    records = _sample(x, MOST_REMEMBERED, rng)
    imputer = Imputer.of(features, records if settings.neighbors else x[:0])
    values, known = imputer.filled(x), features.known(x)
    if not comparing:
        settings = settings._replace(neighbors=0)
    plan = _plan(settings, len(x), len(records), features.width)
    with plan("networks"):
        networks, history = train(settings.networks, values, targets(values, known), start)
    with plan("neighbors"):
        members = (*networks, *remember(settings, imputer.filled(records), features, rng))
    ensemble = Ensemble(members, settings.weights(features), features, imputer)
    holes = holes_of(records) if settings.neighbors else None
    with plan("calibration"):
        calibrated, scores = ensemble.replaced(holes=holes).calibrate(x)
    return FittedEnsemble(calibrated, scores, history)


def _plan(settings: EnsembleSettings, n_records: int, n_remembered: int, n_features: int) -> Plan:
    """Return the parts of a fit, by the seconds that they took where they were measured, on two processors."""
    search = (4e-6 + 5e-7 * n_features) * n_remembered / MOST_REMEMBERED if settings.neighbors else 0.0
    scoring = 4e-6 * len(settings.networks.noise) + search * (n_records > n_remembered)
    return Plan(
        networks=settings.networks.cost(n_records, n_features),
        neighbors=search * n_remembered + 1e-5 * n_remembered * bool(settings.forest_share),
        calibration=scoring * n_records,
    )


def _sample(x: Array, most: int, rng: RandomGenerator) -> Array:
    """Return the records, in their order: all, or a random sample of too many."""
    if len(x) <= most:
        return x
    return x[np.sort(rng.choice(len(x), most, replace=False))]


def holes_of(records: Array) -> Array | None:
    """Return which features of records are holes; None if there are none."""
    holes = np.isnan(records)
    return holes if holes.any() else None


def remember(settings: EnsembleSettings, records: Array, features: FeatureSet, rng: RandomGenerator) -> list[Member]:
    """Return the members that follow from the remembered records.

    - A plain comparison with the nearest ones.
    - With a `fine_share`, a magnifying one. It finds small deviations in many features, and compares with a single
      neighbor, mostly by the local contrast.
    - With a `wide_share`, where records are left out, a wide one: the mean distance to so many of them as are left out.
      A group of anomalies that were not left out has too few members to be all of these neighbors.
    - With a `forest_share`, an isolation forest.
    - With a `linear_share`, linear regressions of each column on all others.

    Parameters
    ----------
    settings : EnsembleSettings
        Settings; without neighbors there are no comparisons.
    records : ndarray of float32 of shape (n_records, n_features)
        Features of the remembered records, with holes filled.
    features : FeatureSet
        Columns and marks of the features.
    rng : numpy.random.Generator
        Source of random numbers.
    """
    members: list[Member] = []
    if settings.neighbors:
        tails, marks = tails_of(records), features.marks
        members.append(NearestNeighbors(records, settings.neighbors, settings.contrast, left_out=marks, tails=tails))
    if settings.is_fine:
        fine = NearestNeighbors(records, _FINE_NEIGHBORS, _FINE_CONTRAST, magnify=True, left_out=features.marks)
        members.append(fine)
    if settings.is_wide:
        sample = _sample(records, _WIDE_RECORDS, rng)
        k = max(settings.neighbors, round(settings.trim * len(sample)))
        members.append(NearestNeighbors(sample, k, 0.0, left_out=features.marks, tails=tails_of(records)))
    if settings.forest_share:
        members.append(grow_forest(features.without_marks(records), rng))
    if settings.linear_share:
        members.append(fit_regressions(records, features))
    return members
