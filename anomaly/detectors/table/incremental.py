"""Incremental learning: an ensemble learns further records without forgetting earlier ones.

**Networks** continue from their weights and the state of their optimizers, on the new records mixed with remembered
ones: as many as new ones, but at least a thousand. This rehearsal prevents forgetting (Robins, 1995). There are as many
steps as new records, from one epoch of the mixture to 1000 steps; or `epochs` epochs.

**Remembered records** stay a random sample of all records seen so far (`anomaly.detectors.table.reservoir`), so a
lasting change enters slowly, as records of the new kind become many.

**Scales** are computed anew from the remembered records, as `fit` computes them from all training records: scores are
in units of the normal record so far. Where `fit` leaves out a fraction of the records (`contamination` or `trim`), the
same fraction of the new records, those with the highest scores, is left out as well.

**Scores for a false-alarm rate** come from networks that have not learned the record: each fifth of the new records is
scored by an ensemble that learned the other four (`anomaly.detectors.table.held_out`).

References
----------
Robins, "Catastrophic forgetting, rehearsal and pseudorehearsal", Connection Science 7 (1995).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from anomaly.detectors.cross_fitting import FOLDS
from anomaly.detectors.features import targets
from anomaly.detectors.table.ensemble import Ensemble
from anomaly.detectors.table.fitting import MOST_REMEMBERED, FittedEnsemble, holes_of, remember
from anomaly.detectors.table.held_out import held_out_scores
from anomaly.detectors.table.imputation import Imputer
from anomaly.detectors.table.reservoir import add_to_reservoir
from anomaly.detectors.table.settings import EnsembleSettings
from anomaly.detectors.table.training import continue_training
from anomaly.errors import DataError, format_names
from anomaly.tables import Table
from nnlite.random import global_generator, seeded
from nnlite.types import Array, RandomGenerator

_LEAST_REHEARSED = 1000


def update(
    ensemble: Ensemble, settings: EnsembleSettings, fresh: Array, seen: int, rng: RandomGenerator
) -> FittedEnsemble:
    """Return an ensemble that has learned further records.

    Parameters
    ----------
    ensemble : Ensemble
        Fitted, with remembered records.
    settings : EnsembleSettings
        Settings with as many networks of the same architecture.
    fresh : ndarray of float32 of shape (n_records, n_features)
        Features of the further records.
    seen : int
        Number of records that the ensemble has been fitted to, those left out included.
    rng : numpy.random.Generator
        Source of random numbers.

    Returns
    -------
    FittedEnsemble
        Its scores are those of the remembered records. Weights learned from labels are kept.

    Raises
    ------
    ValueError
        If no records are remembered, or the networks have another architecture.
    """
    ensemble.memory_for("partial_fit")
    remembered = ensemble.remembered
    learned = fresh
    left_out = int(settings.trim * len(fresh))
    if left_out:
        learned = fresh[np.sort(np.argsort(ensemble.scores(fresh), kind="stable")[:-left_out])]
    n_rehearsed = min(len(remembered), max(len(learned), _LEAST_REHEARSED))
    mixture = np.concatenate([learned, rng.choice(remembered, n_rehearsed, replace=False)])
    shuffled = rng.permutation(mixture)
    values, known = ensemble.complete(shuffled)
    with seeded(int(rng.integers(2**63))):
        networks, history = continue_training(
            settings.networks, ensemble.networks, values, targets(values, known), len(learned)
        )
    n_learned = int((1 - settings.trim) * seen)
    records = add_to_reservoir(remembered, n_learned, learned, MOST_REMEMBERED, rng)
    features, imputer = ensemble.features, Imputer.of(ensemble.features, records)
    updated, scores = ensemble.replaced(
        members=(*networks, *remember(settings, imputer.filled(records), features, rng)),
        weights=settings.weights(features),
        imputer=imputer,
        holes=holes_of(records),
    ).calibrate(records)
    return FittedEnsemble(updated, scores, history)


def update_calibration(
    calibration: Array,
    ensemble: Ensemble,
    updated: Ensemble,
    settings: EnsembleSettings,
    fresh: Array,
    seen: int,
    rng: RandomGenerator,
    independent: bool = True,
) -> Array:
    """Return a random sample of calibration scores: earlier ones, and held-out scores of further records.

    Parameters
    ----------
    calibration : ndarray of float64 of shape (n_scores,)
        Calibration scores of earlier records.
    ensemble, updated : Ensemble
        Before and after `update` with the same settings and records.
    settings, fresh, seen, rng
        As in `update`. Fewer than ten records are scored by the ensemble before the update.
    independent : bool, default True
        Whether records are independent. If not, they are scored by the ensemble before the update, too.

    Returns
    -------
    ndarray of float64 of shape (n_scores,)
        At most as many as there are remembered records at most.
    """
    if len(calibration) > MOST_REMEMBERED:
        calibration = rng.choice(calibration, MOST_REMEMBERED, replace=False)

    def update_without(fold: Array) -> tuple[Ensemble, Array]:
        return update(ensemble, settings, np.delete(fresh, fold, axis=0), seen, rng).ensemble, fresh

    if len(fresh) < 2 * FOLDS or not independent:
        held_out = ensemble.scores(fresh)
    else:
        folds = np.array_split(rng.permutation(len(fresh)), FOLDS)
        held_out = held_out_scores(update_without, updated, fresh, folds)
    return add_to_reservoir(calibration, seen, held_out, MOST_REMEMBERED, rng)


def generator_of_update(seed: int | None, seen: int) -> RandomGenerator:
    """Return a random generator that differs from update to update, and is the same for the same updates.

    Parameters
    ----------
    seed : int or None
        Seed of the detector; None for one drawn from the global generator.
    seen : int
        Number of records seen before.
    """
    if seed is None:
        return np.random.default_rng(int(global_generator().integers(2**63)))
    return np.random.default_rng([seed, seen])


def check_same_columns(known: Sequence[str], table: Table) -> None:
    """Raise a DataError unless a table has the columns of the fitted networks."""
    if len(table.names) != len(known) or (table.named and set(table.names) != set(known)):
        raise DataError(
            f"warm_start=True goes on with networks for the columns {format_names(known)}; found "
            f"{format_names(table.names)}. Give the same columns, or begin anew with warm_start=False"
        )
