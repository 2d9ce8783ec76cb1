"""Honest scores of training records: each comes from a detector that did not learn from the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnlite.types import Array

if TYPE_CHECKING:
    from anomaly.detectors.autoencoder import AutoencoderDetector
    from anomaly.tables import Table

FOLDS = 5
"""Parts that are left out by turns."""


def held_out_scores(detector: AutoencoderDetector, table: Table) -> Array:
    """Score each record by a detector like this one that was fitted without it.

    Parameters
    ----------
    detector : AutoencoderDetector
        Only its parameters are read.
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
        scores[fold] = fresh.fit(table.rows(kept)).decision_function(table.rows(fold))
    return scores
