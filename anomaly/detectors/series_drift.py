r"""Drift of series: comparison of blocks of fresh steps with blocks of the training steps.

Neighbouring steps are alike, so n steps say far less than n independent records, and a test for records would take
every slow movement for drift. The steps are therefore cut into blocks, and each block is one value: the mean of a
feature, or the logarithm of its standard deviation. Blocks are made longer until their values are nearly independent:
until the autocorrelation of neighbouring blocks of training steps is below a bound. Their values and those of the
fresh steps are then compared by the Kolmogorov-Smirnov test (`anomaly.drift`), exact for few blocks.

A feature that wanders so slowly that too few such blocks remain is not tested, and said to be untested: no test can
tell its movement from drift. The level is divided among the tests (Bonferroni), half of it for the scores.

References
----------
Carlstein, "The use of subseries values for estimating the variance of a general statistic from a stationary sequence",
Annals of Statistics 14 (1986).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from anomaly.detectors.row_detector import ScoreStream
from anomaly.drift import ColumnDrift, DriftResult, kolmogorov_smirnov
from anomaly.errors import DataError
from anomaly.preprocessing.blocks import Blocks, BlockSummary, block_length
from anomaly.preprocessing.intervals import IntervalMask
from anomaly.preprocessing.series import SeriesReader
from anomaly.tables import Table
from nnlite.rowwise import CHUNK_ROWS
from nnlite.types import Array

# Neighbouring blocks whose values correlate less than this are taken as independent.
_MOST_CORRELATION = 0.15
# Fewer blocks do not tell whether they correlate.
_FEWEST_BLOCKS = 12
_FEWEST_FRESH = 3
# Independent blocks are compared at up to three lengths, each so many times as long as the one before.
_MOST_LENGTHS, _LONGER = 3, 4
# Held-out scores of training steps come from other networks than those of fresh steps, which may be up to four times
# lower (the mean of several networks errs less) or twice as high, and of another shape, without drift.
_SCORE_SHIFTS = np.linspace(-math.log(2), math.log(4), 19).tolist()
_SCORE_SLACK = 0.25


@dataclass(frozen=True)
class Comparison:
    """Comparison of two samples of blocks.

    Attributes
    ----------
    statistic, p_value : float
        The Kolmogorov-Smirnov statistic and its p-value.
    n_then, n_now : int
        Numbers of blocks.
    """

    statistic: float
    p_value: float
    n_then: int
    n_now: int


def compare_blocks(
    then: Blocks, now: Blocks, feature: int, of_spread: bool, shifts: Sequence[float] = (0.0,), slack: float = 0.0
) -> Comparison | None:
    """Compare the blocks of one feature at several lengths; None if too few blocks are independent at any.

    Short blocks are many, and long ones have the least noise, and the whole of a fast cycle: the clearest difference
    of up to three lengths counts, and its p-value is multiplied by their number.

    Parameters
    ----------
    then, now : Blocks
        Blocks of training and of fresh steps, of the same length.
    feature : int
        Index of the feature.
    of_spread : bool
        Whether their standard deviations are compared, in place of their means.
    shifts : sequence of float, default (0.0,)
        Differences between the values of the two that are no drift: the one that makes them most alike counts.
    slack : float, default 0.0
        Distance between the distributions that is no drift; see `anomaly.drift.kolmogorov_smirnov`.
    """
    found: list[Comparison] = []
    factor = 1
    while len(found) < _MOST_LENGTHS:
        reference, fresh = (blocks.merged(factor).values(feature, of_spread) for blocks in (then, now))
        if len(reference) < _FEWEST_BLOCKS or len(fresh) < _FEWEST_FRESH:
            break
        # Fresh blocks may depend on each other because they drift: those of training alone are asked.
        is_independent = _are_independent(reference)
        if is_independent:
            tests = [kolmogorov_smirnov(reference, fresh + shift, slack) for shift in shifts]
            found.append(Comparison(*max(tests, key=lambda pair: pair[1]), len(reference), len(fresh)))
        factor *= _LONGER if is_independent else 2
    if not found:
        return None
    best = min(found, key=lambda one: one.p_value)
    return replace(best, p_value=min(1.0, best.p_value * len(found)))


def _are_independent(values: Array) -> bool:
    """Return whether neighbouring values are nearly uncorrelated."""
    centered = values - values.mean()
    variance = float(np.square(centered).sum())
    if variance == 0:
        return True
    found = float((centered[1:] * centered[:-1]).sum()) / variance
    # An estimate from few values is biased low.
    return found + (1 + 3 * max(found, 0.0)) / len(values) <= _MOST_CORRELATION


def series_drift(
    then: Blocks,
    now: Blocks,
    scores_then: Blocks,
    scores_now: Blocks,
    columns: Array,
    names: Sequence[str],
    level: float,
) -> DriftResult:
    """Test fresh steps for drift from the training steps.

    Parameters
    ----------
    then, now : Blocks
        Blocks of the features.
    scores_then, scores_now : Blocks
        Blocks of the logarithms of the scores.
    columns : ndarray of int of shape (n_features,)
        Column of each feature.
    names : sequence of str
        Name of each column.
    level : float
        Probability of a false alarm, over all tests.

    Returns
    -------
    DriftResult
        Its fractions above the threshold are left for the detector to fill in.

    Raises
    ------
    DataError
        If there are too few fresh steps for any test.
    """
    comparisons = {
        (feature, of_spread): compare_blocks(then, now, feature, of_spread)
        for feature in range(len(columns))
        for of_spread in (False, True)
    }
    of_scores = compare_blocks(scores_then, scores_now, 0, of_spread=False, shifts=_SCORE_SHIFTS, slack=_SCORE_SLACK)
    tested = [one for one in comparisons.values() if one is not None]
    if not tested and of_scores is None:
        raise DataError(
            f"found {len(now.means):,} block(s) of {now.length:,} steps, too few to compare with those of training: "
            f"drift needs some {_FEWEST_BLOCKS} blocks of steps that are independent; give a longer series"
        )
    drifted: dict[int, ColumnDrift] = {}
    for (feature, of_spread), one in comparisons.items():
        p_value = 1.0 if one is None else min(1.0, one.p_value * len(tested))
        if one is None or p_value > level / 2:
            continue
        column = int(columns[feature])
        before = drifted.get(column)
        if before is None or one.statistic > before.statistic:
            drifted[column] = ColumnDrift(
                str(names[column]), one.statistic, p_value, "spread" if of_spread else "level"
            )
    tested_columns = {int(columns[feature]) for (feature, _), one in comparisons.items() if one is not None}
    return DriftResult(
        statistic=math.nan if of_scores is None else of_scores.statistic,
        p_value=math.nan if of_scores is None else of_scores.p_value,
        level=level,
        n_reference=0 if of_scores is None else of_scores.n_then,
        n_fresh=0 if of_scores is None else of_scores.n_now,
        columns=tuple(sorted(drifted.values(), key=lambda drift: -drift.statistic)),
        score_level=level / 2,
        unit="blocks",
        untested=tuple(
            str(names[column]) for column in dict.fromkeys(columns.tolist()) if column not in tested_columns
        ),
    )


class FreshSteps:
    """Blocks of fresh steps, and of their scores, for `series_drift`.

    Parameters
    ----------
    features : BlockSummary
        An empty summary of features.
    reference_scores : ndarray of float64 of shape (n_scores,)
        Scores of steps held out from training.
    threshold : float
        Threshold of the scores.
    """

    def __init__(self, features: BlockSummary, reference_scores: Array, threshold: float) -> None:
        self.features = features
        self._threshold = threshold
        self._middle = float(np.median(reference_scores)) or 1.0
        length = block_length(len(reference_scores), 1)
        self._reference, self._scores = BlockSummary(length, 1), BlockSummary(length, 1, seed=1)
        self._reference.push(self._logarithms(reference_scores))
        self._share_then = float((reference_scores > threshold).mean())
        self._n_above = self._n_scores = 0

    def add_series(
        self,
        tables: Iterable[Table],
        reader: SeriesReader,
        open_stream: Callable[[], ScoreStream],
        excluded: IntervalMask | None,
    ) -> None:
        """Add the steps of one series.

        Parameters
        ----------
        tables : iterable of Table
            The series, in chunks.
        reader : SeriesReader
            A reader at its start.
        open_stream : callable
            Returns a stream of scores at the start of a series.
        excluded : IntervalMask or None
            Mask of the steps to leave out.
        """
        stream = open_stream()
        for table in _pieces(tables):
            inside = np.zeros(len(table), np.bool_) if excluded is None else excluded.rows(table)
            for rows in np.split(np.arange(len(table)), np.flatnonzero(np.diff(inside)) + 1):
                if inside[rows[0]]:
                    self._end_segment(stream.finish())
                    reader.restart()
                    stream = open_stream()
                    continue
                part = table.rows(slice(int(rows[0]), int(rows[-1]) + 1))
                self._add_scores(stream.push(part))
                for segment in reader.read(part):
                    if not segment.continues:
                        self.features.end_segment()
                    self.features.push(segment.features, segment.missing)
        self._end_segment(stream.finish())

    def _add_scores(self, scores: Array) -> None:
        self._scores.push(self._logarithms(scores))
        self._n_above += int((scores > self._threshold).sum())
        self._n_scores += len(scores)

    def _end_segment(self, scores: Array) -> None:
        """Add the last scores of a segment; the next steps do not follow them."""
        self._add_scores(scores)
        self.features.end_segment()
        self._scores.end_segment()

    def compare(self, reference: Blocks, columns: Array, names: Sequence[str], level: float) -> DriftResult:
        """Return the result of the comparison with blocks of training; see `series_drift`."""
        if not self._n_scores:
            raise DataError("found no steps to compare with those of training")
        scores = self._reference.blocks(), self._scores.blocks()
        result = series_drift(reference, self.features.blocks(), *scores, columns, names, level)
        return replace(result, share_then=self._share_then, share_now=self._n_above / self._n_scores)

    def _logarithms(self, scores: Array) -> Array:
        # A hundredth of the median keeps scores of 0, of steps without samples, from outweighing all others.
        return np.log(scores / self._middle + 0.01)[:, np.newaxis]


def _pieces(tables: Iterable[Table]) -> Iterator[Table]:
    """Yield tables in pieces of bounded length."""
    for table in tables:
        for start in range(0, len(table), CHUNK_ROWS):
            yield table.rows(slice(start, start + CHUNK_ROWS))
