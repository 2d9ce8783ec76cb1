"""Whether fresh records still look like those that an `TableDetector` learned from.

**Scores.** Networks know their training records, and score fresh ones higher though nothing has changed. Scores of
records left out of training by turns (``calibration_scores_``) are better, but come from other networks: at a level of
5 %, a test on them was measured to raise up to 20 % of false alarms. Distances allow an exact comparison: half of the
remembered records, drawn at random, are the ruler; the other half and the fresh records are measured by it
(`anomaly.detectors.table.neighbors.Neighbours`), each alike. If nothing has changed, all of these are scores of one
kind, and the test keeps what it promises. A detector that leaves out a share t of the records (`contamination` or
`trim`) does not remember those, which moves a distribution by t at most: so much is taken off every D.

**Columns.** Their features are compared with those of the remembered records, which is exact too. There are many tests,
so each gets its part of the level (Bonferroni): half of it for the scores, the other half shared by all features. Dates
and moments are left out: that time goes on is no news.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from anomaly.calibration import check_rate
from anomaly.detectors.table.neighbors import Neighbours, memory_of
from anomaly.detectors.table.reservoir import add_fairly
from anomaly.detectors.table.training import MOST_REMEMBERED
from anomaly.drift import ColumnDrift, DriftResult, check_drift, kolmogorov_smirnov
from anomaly.errors import DataError
from nnlite.types import Array

if TYPE_CHECKING:
    from anomaly.detectors.table.ensemble import MemberDetector

_FEWEST = 4
_TIMES = ("date", "datetime")


def drift_of(detector: MemberDetector, chunks: Iterable[Array], level: float = 0.01) -> DriftResult:
    """Compare fresh records, chunk by chunk, with those of the time of training.

    Parameters
    ----------
    detector : MemberDetector
        Fitted.
    chunks : iterable of ndarray of float32 of shape (n_records, n_features)
        Features of fresh records. Of more than 10,000 a fair sample is compared.
    level : float, default 0.01
        The chance of a false alarm.

    Returns
    -------
    DriftResult
        Its shares above the threshold are those of the detector's own scores, of all records.

    Raises
    ------
    ValueError
        If there are no records, or the detector remembers none to compare them with.
    """
    check_rate(level, "level")
    detector._check_fitted()
    memory = memory_of(detector.members_, "drift")
    if len(memory.records) < _FEWEST:
        raise ValueError(f"drift needs at least {_FEWEST} remembered records; found {len(memory.records)}")
    rng = np.random.default_rng(0)
    sample, seen, above = memory.records[:0], 0, 0
    for x in chunks:
        above += int((detector._judge(x) > detector.threshold_).sum())
        sample = add_fairly(sample, seen, x, MOST_REMEMBERED, rng)
        seen += len(x)
    if not seen:
        raise DataError("found no records to compare with those of the time of training")
    reference, fresh = _measured(memory, sample)
    tested = np.array([kind not in _TIMES for kind in detector.preprocessor_.kinds_.values()])
    part = level / 2 if tested.any() else level
    return replace(
        check_drift(reference, fresh, level=part, slack=detector._left_out_share()),
        level=level,
        share_then=float((detector.calibration_scores_ > detector.threshold_).mean()),
        share_now=above / seen,
        columns=_moved(detector, memory.records, sample, tested, part),
    )


def _measured(memory: Neighbours, sample: Array) -> tuple[Array, Array]:
    """Return the distances of remembered and fresh records from the other half of those remembered."""
    order = np.random.default_rng(0).permutation(len(memory.records))
    half = len(order) // 2
    ruler = Neighbours(memory.records[order[:half]], memory.k, memory.contrast)
    return ruler.scores(memory.records[order[half:]]), ruler.scores(sample)


def _moved(detector: MemberDetector, then: Array, now: Array, tested: Array, level: float) -> tuple[ColumnDrift, ...]:
    """Return the columns of which a feature has moved, the largest statistic first."""
    owners = detector.preprocessor_.feature_columns_
    features = np.flatnonzero(tested[owners])
    moved: dict[int, ColumnDrift] = {}
    for j in features:
        statistic, p_value = kolmogorov_smirnov(then[:, j], now[:, j], detector._left_out_share())
        p_value = min(1.0, p_value * len(features))
        before = moved.get(owners[j])
        if p_value <= level and (before is None or statistic > before.statistic):
            moved[owners[j]] = ColumnDrift(str(detector.feature_names_in_[owners[j]]), statistic, p_value)
    return tuple(sorted(moved.values(), key=lambda column: -column.statistic))
