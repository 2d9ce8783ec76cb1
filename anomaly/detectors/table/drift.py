"""Drift of records: comparison of fresh records with the remembered ones, by distances and by columns.

**Scores.** Networks give lower scores to their training records, so fresh records score higher without any drift.
Held-out scores are better, but come from other networks: at a level of 5 %, a test on them had up to 20 % of false
alarms. Distances allow an exact comparison: half of the remembered records, drawn at random, are the reference; the
other half and the fresh records are scored by it (`anomaly.detectors.table.neighbors.NearestNeighbors`) alike. Without
drift, all of these scores have the same distribution, and the test keeps its level. A detector that leaves out a
fraction t of the records (`contamination` or `trim`) does not remember those, which moves a distribution by t at most:
this slack is subtracted from every statistic.

**Columns.** The features are compared with those of the remembered records, which is exact as well; where cells are
missing, the values that are there, and the fraction that is missing. The level is
divided among the tests (Bonferroni): half of it for the scores, the other half for all features together. Dates and
times are not tested, since time always moves on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from anomaly.detectors.table.ensemble import Ensemble
from anomaly.detectors.table.neighbors import NearestNeighbors
from anomaly.detectors.table.reservoir import add_to_reservoir
from anomaly.drift import ColumnDrift, DriftResult, check_drift, kolmogorov_smirnov
from anomaly.errors import DataError
from nnlite.types import Array

_LEAST_RECORDS = 4
_TIMES = ("date", "datetime")


@dataclass(frozen=True)
class FreshRecords:
    """Random sample of fresh records.

    Attributes
    ----------
    sample : ndarray of float32 of shape (n_sample, n_features)
        Features.
    fraction_above : float
        Fraction of all fresh records whose score is above the threshold.
    """

    sample: Array
    fraction_above: float


def sample_records(
    chunks: Iterable[Array], score: Callable[[Array], Array], threshold: float, n_features: int, most: int
) -> FreshRecords:
    """Score fresh records chunk by chunk, and keep a random sample of them.

    Parameters
    ----------
    chunks : iterable of ndarray of float32 of shape (n_records, n_features)
        Features.
    score : callable
        From features to scores.
    threshold : float
        Threshold of the scores.
    n_features : int
        Number of features.
    most : int
        Size of the sample.

    Raises
    ------
    DataError
        If there are no records.
    """
    rng = np.random.default_rng(0)
    sample, seen, above = np.empty((0, n_features), np.float32), 0, 0
    for x in chunks:
        above += int((score(x) > threshold).sum())
        sample = add_to_reservoir(sample, seen, x, most, rng)
        seen += len(x)
    if not seen:
        raise DataError("found no records to compare with those of the time of training")
    return FreshRecords(sample, above / seen)


def record_drift(
    ensemble: Ensemble,
    fresh: FreshRecords,
    columns: Array,
    names: Sequence[str],
    kinds: Sequence[str],
    level: float,
    slack: float = 0.0,
) -> DriftResult:
    """Test fresh records for drift from remembered ones.

    Parameters
    ----------
    ensemble : Ensemble
        Remembered records and their comparison.
    fresh : FreshRecords
        Sample of the fresh records.
    columns : ndarray of int of shape (n_features,)
        Column of each feature.
    names, kinds : sequence of str
        Name and kind of each column.
    level : float
        Probability of a false alarm, over all tests.
    slack : float, default 0.0
        Distance between distributions that is no drift.

    Returns
    -------
    DriftResult
        Its `share_then` is left for the detector to fill in.

    Raises
    ------
    ValueError
        If there are fewer than 4 remembered records.
    """
    memory = ensemble.memory_for("drift")
    if len(memory.records) < _LEAST_RECORDS:
        raise ValueError(f"drift needs at least {_LEAST_RECORDS} remembered records; found {len(memory.records)}")
    tested = [kind not in _TIMES for kind in kinds]
    score_level = level / 2 if any(tested) else level
    reference, scores = _scores_by_half(memory, ensemble.complete(fresh.sample)[0])
    drifted = column_drift(ensemble.remembered, fresh.sample, columns, names, kinds, score_level, slack)
    result = check_drift(reference, scores, level=score_level, slack=slack)
    return replace(result, level=level, columns=drifted, share_now=fresh.fraction_above)


def _scores_by_half(memory: NearestNeighbors, fresh: Array) -> tuple[Array, Array]:
    """Return scores of one half of the remembered records, and of fresh records, by the other half."""
    order = np.random.default_rng(0).permutation(len(memory.records))
    half = len(order) // 2
    known, left_out, tails = memory.records[order[:half]], memory.left_out, memory.tails
    reference = NearestNeighbors(known, memory.k, memory.contrast, left_out=left_out, tails=tails)
    return reference.scores(memory.records[order[half:]]), reference.scores(fresh)


def column_drift(
    remembered: Array,
    fresh: Array,
    columns: Array,
    names: Sequence[str],
    kinds: Sequence[str],
    level: float,
    slack: float = 0.0,
) -> tuple[ColumnDrift, ...]:
    """Return the columns of which a feature has drifted, the one with the largest statistic first.

    Parameters
    ----------
    remembered, fresh : ndarray of float32 of shape (n_records, n_features)
        Features of remembered and of fresh records.
    columns : ndarray of int of shape (n_features,)
        Column of each feature.
    names, kinds : sequence of str
        Name and kind of each column; dates and times are not tested.
    level : float
        Probability of a false alarm in any column.
    slack : float, default 0.0
        Distance between distributions that is no drift.
    """
    tested = np.array([kind not in _TIMES for kind in kinds])
    features = np.flatnonzero(tested[columns])
    samples = [pair for j in features for pair in _compared(remembered[:, j], fresh[:, j], int(columns[j]))]
    drifted: dict[int, ColumnDrift] = {}
    for column, then, now in samples:
        statistic, p_value = kolmogorov_smirnov(then, now, slack)
        p_value = min(1.0, p_value * len(samples))
        before = drifted.get(column)
        if p_value <= level and (before is None or statistic > before.statistic):
            drifted[column] = ColumnDrift(str(names[column]), statistic, p_value)
    return tuple(sorted(drifted.values(), key=lambda drift: -drift.statistic))


def _compared(then: Array, now: Array, column: int) -> list[tuple[int, Array, Array]]:
    """Return the samples of a feature to compare: its values, and whether they are missing if any of them is."""
    missing = np.isnan(then), np.isnan(now)
    if not (missing[0].any() or missing[1].any()):
        return [(column, then, now)]
    then_missing, now_missing = (holes.astype(np.float32) for holes in missing)
    samples = [(column, then_missing, now_missing)]
    values = then[~missing[0]], now[~missing[1]]
    return [*samples, (column, *values)] if all(map(len, values)) else samples
