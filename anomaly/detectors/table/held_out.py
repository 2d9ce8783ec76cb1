"""Scores of training records for calibration: as near as can be to what fresh records would score.

**Networks** know the records that they were trained on, and reconstruct them better than fresh ones. So each fifth of
the records, or each tenth of fewer than 500, is scored by networks that were trained on the others. These learned from
fewer records, and are a little worse: p-values are a little too large for that, more so the fewer records there are.

**Remembered records** need no such detour: each is compared with all the others, as a fresh one is with all of them.

**Ties.** Networks of several folds score equal records differently, while fresh records are all scored by one detector.
So no record counts for less than the detector itself makes of it: a fresh record that is equal to c training records
has at least c calibration scores as high as its own.

References
----------
Vovk, "Cross-conformal predictors", Annals of Mathematics and Artificial Intelligence 74 (2015); Barber, Candes, Ramdas
& Tibshirani, "Predictive inference with the jackknife+", Annals of Statistics 49 (2021). Their bounds hold where a
fresh record is scored by all the detectors of the folds; here it is scored by one, so that there is one score and one
threshold, and what holds is known by simulation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from anomaly.detectors.table.blending import Blend, settled
from anomaly.detectors.table.neighbors import Denoiser, Neighbours, take_units
from nnlite.types import Array

if TYPE_CHECKING:
    from anomaly.detectors.table.detector import TableDetector
    from anomaly.tables import Table

FOLDS = 5
"""Parts that are left out by turns."""

_FEW_RECORDS = 500


def held_out_scores(detector: TableDetector, table: Table) -> Array:
    """Score training records by networks that were trained without them, and by all other remembered records.

    Parameters
    ----------
    detector : TableDetector
        Fitted on the table. Its parameters are read, and the units of its members: scores in other units could not be
        compared with its own. Where distances take few values, as of categories, those units jump from one sample to
        the next.
    table : Table
        Training records, at least twice as many as there are parts.

    Returns
    -------
    ndarray of float64 of shape (n_records,)
        In the order of the table.
    """
    networks = [member for member in detector.members_ if isinstance(member, Denoiser)]
    scores = np.empty((len(networks), len(table)))
    plain = {"false_alarm_rate": None, "threshold": None, "warm_start": False, "neighbors": 0}
    folds = FOLDS if len(table) >= _FEW_RECORDS else min(2 * FOLDS, len(table) // 2)
    for fold in np.array_split(np.random.default_rng(0).permutation(len(table)), folds):
        kept = np.setdiff1d(np.arange(len(table)), fold)
        fresh = type(detector)(**{**detector.get_params(), **plain})
        fresh.fit(table.rows(kept))
        take_units(fresh.members_, networks)
        x = fresh.preprocessor_.transform(table.rows(fold))
        scores[:, fold] = [member.scores(x) for member in fresh.members_]
    return with_held_out(detector.members_, detector.shares_, detector.preprocessor_.transform(table), scores)


def with_held_out(members: Sequence[Denoiser | Neighbours], shares: Sequence[float], x: Array, scores: Array) -> Array:
    """Blend scores of networks that did not know training records with a comparison of these with all the others.

    Parameters
    ----------
    members : sequence of Denoiser and Neighbours
        Those of a detector that was fitted on the records.
    shares : sequence of float
        The members' shares in the score.
    x : ndarray of float32 of shape (n_records, n_features)
        Features of training records.
    scores : ndarray of float64 of shape (n_networks, n_records)
        What other networks make of them, in the units of the members.

    Returns
    -------
    ndarray of float64 of shape (n_records,)
        At least the detector's own scores.
    """
    of_others = iter(scores)
    fresh = [next(of_others) if isinstance(member, Denoiser) else member.scores_as_fresh(x) for member in members]
    blend = Blend(shares, [member.spread for member in members])
    own = [member.scores(x) for member in members]
    return np.maximum(settled(blend.scores(fresh)), settled(blend.scores(own)))
