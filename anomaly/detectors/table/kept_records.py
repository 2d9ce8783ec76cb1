r"""Ensembles without remembered records, for files that are to give none away: prototypes or networks alone.

**Prototypes** are the means of groups of at least five records (`anomaly.detectors.table.microaggregation`), so no
record can be computed from them. Groups are made of near records, and so a training record is nearer to its prototype
than a fresh one is to any. Units and threshold follow from scores of records that were held out: each fifth of them is
compared with prototypes of the others. The isolation forest is grown anew, from the prototypes: its trees narrow down
the values of single records. The linear regressions, like the networks, stay as they are.

**Without records** networks score alone, as with ``neighbors=0``, beside the linear regressions if there are any. In
either case the state of the optimizers is left out, too: it holds gradients of the last records, from which records can
be reconstructed (Zhu, Liu & Han, 2019).

References
----------
Zhu, Liu & Han, "Deep leakage from gradients", NeurIPS 2019.
"""

from __future__ import annotations

import numpy as np

from anomaly.detectors.blend import spread_of
from anomaly.detectors.cross_fitting import folds_of
from anomaly.detectors.features import FeatureSet
from anomaly.detectors.table.denoiser import Denoiser
from anomaly.detectors.table.ensemble import Ensemble
from anomaly.detectors.table.imputation import Imputer
from anomaly.detectors.table.isolation import IsolationForest, grow_forest
from anomaly.detectors.table.linear import LinearRegressions
from anomaly.detectors.table.members import Member
from anomaly.detectors.table.microaggregation import group_means, microaggregate
from anomaly.detectors.table.neighbors import NearestNeighbors, typical
from anomaly.detectors.table.prototypes import LEAST_RECORDS, Prototypes
from anomaly.detectors.table.settings import EnsembleSettings
from nnlite.types import Array

_FEWEST_RECORDS = 4 * LEAST_RECORDS
# Members that remember no records.
_WITHOUT_MEMORY = (Denoiser, LinearRegressions)


def with_prototypes(ensemble: Ensemble, at_most: int | None = None) -> tuple[Ensemble, Array]:
    """Return an ensemble with prototypes in place of the remembered records.

    Parameters
    ----------
    ensemble : Ensemble
        With remembered records.
    at_most : int, optional
        The most prototypes, at least 4; by default as many as there are groups of five records.

    Returns
    -------
    ensemble : Ensemble
        The same networks and weights.
    scores : ndarray of float64 of shape (n_remembered,)
        Scores of the remembered records: by the networks, and by prototypes of others.

    Raises
    ------
    ValueError
        If there are no remembered records, or fewer than 20.
    """
    memory, records = ensemble.memory_for("records='prototypes'"), ensemble.remembered
    if len(records) < _FEWEST_RECORDS:
        raise ValueError(
            f"records='prototypes' needs at least {_FEWEST_RECORDS} remembered records, of which means of "
            f"{LEAST_RECORDS} are kept; found {len(records)}. Use records='none'"
        )
    least = LEAST_RECORDS if at_most is None else max(LEAST_RECORDS, -(-len(records) // at_most))
    folds = folds_of(len(records))
    rest = [np.delete(np.arange(len(records)), fold) for fold in folds]
    held_out = [_with_means(ensemble, _means(memory, records, rows, least)) for rows in rest]
    by_member = np.empty((len(ensemble.members), len(records)))
    for fold, other in zip(folds, held_out, strict=True):
        values = other.complete(records[fold])
        by_member[:, fold] = [member.scores(*values) for member in other.members]
    every = _means(memory, records, np.arange(len(records)), least)
    found = _with_scales(_with_means(ensemble, every), by_member)
    scores = np.empty(len(records))
    for fold, other in zip(folds, held_out, strict=True):
        scores[fold] = other.with_scale_of(found).scores(records[fold])
    return found, scores


def _means(memory: NearestNeighbors, records: Array, rows: Array, least: int) -> Array:
    """Return the means of groups of some of the records; NaN where too few of them have a feature.

    Records are near by what they are compared by; cells that were filled are no part of a mean.
    """
    compared = memory.records[rows]
    if memory.left_out is not None:
        compared = np.where(memory.left_out, np.float32(0), compared)
    return group_means(records[rows], microaggregate(compared, least), LEAST_RECORDS)


def _with_means(ensemble: Ensemble, means: Array) -> Ensemble:
    """Return an ensemble with prototypes, which are not calibrated yet."""
    means = Imputer.of(ensemble.features, means).filled(means)
    members = tuple(_from_means(member, means, ensemble.features) for member in ensemble.members)
    return ensemble.replaced(members=members, holes=None, imputer=Imputer.of(ensemble.features, means))


def _from_means(member: Member, means: Array, features: FeatureSet) -> Member:
    if isinstance(member, NearestNeighbors):
        return Prototypes.in_place_of(member, means)
    if isinstance(member, IsolationForest):
        return grow_forest(features.without_marks(means), np.random.default_rng(0), len(member.features))
    return _without_optimizer(member)


def _with_scales(ensemble: Ensemble, by_member: Array) -> Ensemble:
    """Return an ensemble whose members have the scales of their held-out scores, unless they had scales before."""
    members: list[Member] = []
    for member, raw in zip(ensemble.members, by_member, strict=True):
        scale = typical(raw)
        is_new = not isinstance(member, _WITHOUT_MEMORY)
        members.append(member.with_scale(scale, spread_of(raw / scale)) if is_new else member)
    return ensemble.replaced(members=tuple(members))


def without_records(ensemble: Ensemble, settings: EnsembleSettings) -> Ensemble:
    """Return an ensemble of networks, and linear regressions if there are any.

    Parameters
    ----------
    ensemble : Ensemble
        With remembered records or without.
    settings : EnsembleSettings
        Settings that it was fitted with.
    """
    weights = settings.networks_alone.weights(ensemble.features)
    kept = [i for i, one in enumerate(ensemble.members) if isinstance(one, _WITHOUT_MEMORY)]
    members = tuple(_without_optimizer(ensemble.members[i]) for i in kept)
    nothing = Imputer.of(ensemble.features, np.empty((0, ensemble.features.width), np.float32))
    found = ensemble.replaced(members=members, weights=weights, holes=None, imputer=nothing)
    if ensemble.member_weights is None:
        return found
    learned = ensemble.member_weights[kept]
    total = learned.sum()
    return found.replaced(member_weights=learned / total if total > 0 else np.array(weights))


def _without_optimizer(member: Member) -> Member:
    return member.without_optimizer() if isinstance(member, Denoiser) else member
