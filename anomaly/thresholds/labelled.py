"""Rules for labelled records.

A threshold flags the records above it, so the candidates are the distinct scores: the highest alone is flagged, the two
highest, and so on. Records with equal scores are flagged together or not at all. The threshold lies halfway between the
lowest flagged score and the next; if all are flagged, just below the lowest.
"""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from numpy.typing import ArrayLike

from anomaly.metrics.records import counts_by_threshold
from anomaly.metrics.validation import check_both_classes, check_labels_and_scores
from anomaly.thresholds.base import Threshold
from nnlite.types import Array
from nnlite.validation import number

_TARGET = number(above=0, most=1)
# One record of fewer than five changes a precision or a recall by more than a fifth.
_FEWEST_OF_A_CLASS = 5


class LabelledThreshold(Threshold):
    """Base of the rules that need labels of both classes."""

    needs_labels = True

    def shortage(self, n_scores: int, y: ArrayLike | None = None) -> str | None:  # noqa: ARG002
        """Return a warning for fewer than five labels of either class."""
        labels = np.asarray([] if y is None else y)
        counts = {"anomalies": int((labels == 1).sum()), "normal records": int((labels == 0).sum())}
        name, count = min(counts.items(), key=lambda item: item[1])
        if not 0 < count < _FEWEST_OF_A_CLASS:
            return None
        return (
            f"{count} labelled {name} are few for {type(self).__name__}: what it reaches on them, it may miss on "
            f"others by {1 / count:.0%} and more. Give labels of at least {_FEWEST_OF_A_CLASS} of each class"
        )

    def _choose(self, scores: Array, y: ArrayLike | None) -> float:
        name = type(self).__name__
        if y is None:
            raise ValueError(f"{name} needs labels: call fit(scores, y) with 1 for anomalies")
        labels, scores = check_labels_and_scores(y, scores)
        check_both_classes(labels, name)
        false, true, levels = counts_by_threshold(labels, scores)
        return _below(levels, self._pick(false, true))

    @abstractmethod
    def _pick(self, false: Array, true: Array) -> int:
        """Return the index of the lowest score to flag.

        Parameters
        ----------
        false, true : ndarray of int of shape (n_levels,)
            Numbers of normal records and of anomalies with at least that score, from the highest score to the lowest.
        """


class BestF1Threshold(LabelledThreshold):
    """The threshold with the highest F1 on labelled records, halfway between two adjacent scores.

    Of several such thresholds, the highest.

    Examples
    --------
    >>> BestF1Threshold().fit([1.0, 2.0, 3.0, 4.0], [0, 0, 1, 1]).threshold_
    2.5
    """

    def _pick(self, false: Array, true: Array) -> int:
        return int(np.argmax(2 * true / (true + false + true[-1])))


class PrecisionThreshold(LabelledThreshold):
    """The lowest threshold whose precision on labelled records is at least the target.

    Of all thresholds with that precision it has the highest recall. Precision is not monotonic: at a higher threshold
    it may be lower.

    Parameters
    ----------
    target : float, default 0.9
        Fraction of anomalies among the flagged records, above 0 and at most 1.

    Raises
    ------
    ValueError
        By `fit`, if no threshold has such a precision; the message gives the highest. Also if labels are missing, or
        all of one class.

    See Also
    --------
    anomaly.metrics.precision_recall_curve : Precision and recall of all thresholds.

    Notes
    -----
    This is the precision on the labelled records. From few of them it is a rough estimate of the precision on others,
    and where anomalies are rarer, precision is lower.

    Examples
    --------
    >>> rule = PrecisionThreshold(0.75).fit([1.0, 2.0, 3.0, 4.0, 5.0], [0, 1, 0, 1, 1])
    >>> rule.threshold_, rule.predict([1.0, 2.0, 3.0, 4.0, 5.0]).tolist()
    (1.5, [0, 1, 1, 1, 1])
    """

    def __init__(self, target: float = 0.9) -> None:
        self.target = self._checked("target", target, _TARGET)

    def _pick(self, false: Array, true: Array) -> int:
        precision = true / (true + false)
        good = np.flatnonzero(precision >= self.target)
        if not good.size:
            best = int(np.argmax(precision))
            raise ValueError(
                f"PrecisionThreshold: no threshold has a precision of {self.target:g} on these records; the highest is "
                f"{precision[best]:.4g}, with a recall of {true[best] / true[-1]:.4g}. Lower the target"
            )
        return int(good[-1])


class RecallThreshold(LabelledThreshold):
    """The highest threshold whose recall on labelled records is at least the target.

    Of all thresholds with that recall it flags the fewest records.

    Parameters
    ----------
    target : float, default 0.9
        Fraction of the anomalies to flag, above 0 and at most 1.

    Raises
    ------
    ValueError
        By `fit`, if labels are missing, or all of one class.

    Examples
    --------
    >>> rule = RecallThreshold(0.6).fit([1.0, 2.0, 3.0, 4.0, 5.0], [0, 1, 0, 1, 1])
    >>> rule.threshold_, rule.predict([1.0, 2.0, 3.0, 4.0, 5.0]).tolist()
    (3.5, [0, 0, 0, 1, 1])
    """

    def __init__(self, target: float = 0.9) -> None:
        self.target = self._checked("target", target, _TARGET)

    def _pick(self, false: Array, true: Array) -> int:  # noqa: ARG002
        return int(np.argmax(true / true[-1] >= self.target))


def _below(levels: Array, lowest: int) -> float:
    """Return a threshold that flags the scores up to an index of the descending levels, and no others."""
    flagged = levels[lowest]
    if lowest + 1 == len(levels):
        return float(np.nextafter(flagged, -np.inf))
    middle = levels[lowest + 1] + (flagged - levels[lowest + 1]) / 2
    # Between two adjacent floats there is no middle.
    return float(min(middle, np.nextafter(flagged, -np.inf)))
