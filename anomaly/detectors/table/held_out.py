"""Honest scores of training records: each comes from a detector that did not learn from the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anomaly.detectors.table.neighbors import take_units
from nnlite.types import Array

if TYPE_CHECKING:
    from anomaly.detectors.table.detector import AutoencoderDetector
    from anomaly.tables import Table

FOLDS = 5
"""Parts that are left out by turns."""


def held_out_scores(detector: AutoencoderDetector, table: Table) -> Array:
    """Score each record by a detector like this one that was fitted without it.

    Parameters
    ----------
    detector : AutoencoderDetector
        Fitted. Its parameters are read, and the units of its members: scores in other units could not be compared with
        its own. Where distances take few values, as of categories, those units jump from one sample to the next.
    table : Table
        Training records, at least twice as many as there are parts.

    Returns
    -------
    ndarray of float64 of shape (n_records,)
        In the order of the table.
    """
    scores = np.empty(len(table))
    plain = {"false_alarm_rate": None, "threshold": None, "warm_start": False}
    for fold in np.array_split(np.random.default_rng(0).permutation(len(table)), FOLDS):
        kept = np.setdiff1d(np.arange(len(table)), fold)
        fresh = type(detector)(**{**detector.get_params(), **plain})
        fresh.fit(table.rows(kept))
        take_units(fresh.members_, detector.members_)
        scores[fold] = fresh.decision_function(table.rows(fold))
    return scores
