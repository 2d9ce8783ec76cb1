"""How a fitted `TableDetector` learns from further records without forgetting those before.

**Networks** train on, from their present weights and the optimizer's present state, on the new records mixed with
remembered ones: as many as there are new ones, but at least a thousand. That replay is what keeps the old knowledge
(Robins, 1995). There are as many steps as new records, from one pass over the mixture to 1000; or `epochs` passes.

**Memory** stays a fair sample of all records seen so far (`anomaly.detectors.table.reservoir.add_fairly`), so it
follows a lasting change slowly, as the records of the new kind become many.

**Scales and threshold** are set anew by the remembered records, as `fit` set them by all training records: scores are
again in units of the usual record so far. Two kinds of threshold stay as they were, since the remembered records cannot
tell them: one that was chosen by labels, and that of a detector that leaves a share of the records out (`contamination`
or `trim`). Such a share of the new records, those with the highest scores, is left out as well.

**Scores for a false-alarm rate** have to come from networks that did not know the record. Of new records they do: each
fifth of them is scored by a copy whose networks learned the other four (`anomaly.detectors.table.held_out`). They join
the earlier ones in a fair sample.

What the new records look like as numbers is decided by the preprocessing that `fit` learned.

References
----------
Robins, "Catastrophic forgetting, rehearsal and pseudorehearsal", Connection Science 7 (1995).
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from anomaly.calibration import conformal_threshold
from anomaly.detectors.network_training import as_seed
from anomaly.detectors.table.held_out import FOLDS, with_held_out
from anomaly.detectors.table.neighbors import Denoiser, memory_of, take_units
from anomaly.detectors.table.reservoir import add_fairly
from anomaly.detectors.table.training import MOST_REMEMBERED, continue_networks, remember
from anomaly.errors import DataError, format_names
from nnlite.models import Model
from nnlite.random import global_generator, seeded
from nnlite.types import Array, RandomGenerator

if TYPE_CHECKING:
    from anomaly.detectors.table.detector import TableDetector
    from anomaly.tables import Table

_FEWEST_REPLAYED = 1000


def warm_networks(detector: TableDetector, table: Table) -> list[Model] | None:
    """Return the networks that a new `fit` begins with, or None if it begins anew."""
    if not (detector.warm_start and detector.__sklearn_is_fitted__()):
        return None
    names = list(detector.feature_names_in_)
    if len(table.names) != len(names) or (table.named and set(table.names) != set(names)):
        raise DataError(
            f"warm_start=True goes on with networks for the columns {format_names(names)}; found "
            f"{format_names(table.names)}. Give the same columns, or begin anew with warm_start=False"
        )
    return [member.model for member in detector.members_ if isinstance(member, Denoiser)]


def learn_more(detector: TableDetector, X: Any, y: Any) -> None:
    """Let a detector learn from further records; see its `partial_fit`."""
    if not detector.neighbors:
        memory_of([], "partial_fit")
    if not detector.__sklearn_is_fitted__():
        detector.fit(X, y)
        return
    detector._check_parameters()
    memory_of(detector.members_, "partial_fit")
    fresh = np.concatenate(list(detector._chunks(X)))
    if not len(fresh):
        raise DataError("found 0 sample(s) to learn from while a minimum of 1 is required")
    rng = _generator(detector)
    # All is made on the side, so that a failure or an interruption leaves the detector as it was.
    updated = _updated(detector, fresh, rng)
    if detector.false_alarm_rate is None:
        updated.calibration_scores_ = updated.decision_scores_
        if not (detector._left_out_share() or detector._threshold_rule().needs_labels):
            updated._set_threshold(updated.decision_scores_, None)
    else:
        known = detector.calibration_scores_
        if len(known) > MOST_REMEMBERED:
            known = rng.choice(known, MOST_REMEMBERED, replace=False)
        honest = _held_out_scores(detector, updated, fresh, rng)
        updated.calibration_scores_ = add_fairly(known, detector.records_seen_, honest, MOST_REMEMBERED, rng)
        updated.threshold_ = conformal_threshold(updated.calibration_scores_, detector.false_alarm_rate)
    updated.labels_ = updated._label(updated.decision_scores_)
    detector.__dict__.update(updated.__dict__)


def _generator(detector: TableDetector) -> RandomGenerator:
    """Return a source of randomness that is another for each call, and the same for the same calls."""
    seed = as_seed(detector.random_state)
    if seed is None:
        return np.random.default_rng(int(global_generator().integers(2**63)))
    return np.random.default_rng([seed, detector.records_seen_])


def _updated(detector: TableDetector, fresh: Array, rng: RandomGenerator) -> TableDetector:
    """Return a copy that has learned from more features, its threshold still the old one."""
    memory = memory_of(detector.members_, "partial_fit")
    updated = copy.copy(detector)
    updated.records_seen_ = detector.records_seen_ + len(fresh)
    learned = fresh
    left_out = int(detector._left_out_share() * len(fresh))
    if left_out:
        learned = fresh[np.sort(np.argsort(detector._judge_all(fresh), kind="stable")[:-left_out])]
    replayed = min(len(memory.records), max(len(learned), _FEWEST_REPLAYED))
    mixture = np.concatenate([learned, rng.choice(memory.records, replayed, replace=False)])
    with seeded(int(rng.integers(2**63))):
        networks, updated.history_ = continue_networks(detector, rng.permutation(mixture), len(learned))
    seen = int((1 - detector._left_out_share()) * detector.records_seen_)
    records = add_fairly(memory.records, seen, learned, MOST_REMEMBERED, rng)
    updated.members_ = [*networks, *remember(detector, records)]
    updated.decision_scores_ = updated._calibrate(records)
    if detector.column_weights_ is not None:
        updated.decision_scores_ = updated._judge_all(records)
    return updated


def _held_out_scores(detector: TableDetector, updated: TableDetector, fresh: Array, rng: RandomGenerator) -> Array:
    """Score new records by copies that learned from the others of them; a few by the detector as it was before.

    The scores are in the units of the detector that has learned from all.
    """
    if len(fresh) < 2 * FOLDS:
        return detector._judge(fresh)
    weighted = detector.column_weights_ is not None
    networks = [member for member in updated.members_ if isinstance(member, Denoiser)]
    scores = np.empty(len(fresh))
    of_networks = np.empty((len(networks), len(fresh)))
    for fold in np.array_split(rng.permutation(len(fresh)), FOLDS):
        others = _updated(detector, np.delete(fresh, fold, axis=0), rng)
        take_units(others.members_, updated.members_)
        if weighted:
            scores[fold] = others._judge(fresh[fold])
        else:
            of_networks[:, fold] = [member.scores(fresh[fold]) for member in others.members_[: len(networks)]]
    return scores if weighted else with_held_out(updated.members_, updated.shares_, fresh, of_networks)
