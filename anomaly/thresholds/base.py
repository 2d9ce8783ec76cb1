"""Base of the threshold rules."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np

from nnlite.types import Array
from nnlite.validation import Constraint, as_finite, check_value, number

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Self = TypeVar("Self", bound="Threshold")
RATE = number(above=0, below=1)
"""Constraint of a rate of false alarms, and of other probabilities."""
MAD_TO_SIGMA = 1.482602218505602
"""Ratio of the standard deviation of a normal variable to its median absolute deviation."""
# Relative difference of scores that are equal up to rounding errors.
_ROUNDING = 1e-12


class Threshold(ABC):
    """Base of all rules.

    Attributes
    ----------
    threshold_ : float
        Threshold, set by `fit`.
    needs_labels : bool
        Requirement of labels by `fit`, a property of the class.
    """

    needs_labels: ClassVar[bool] = False

    threshold_: float

    def fit(self: Self, scores: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Choose the threshold.

        Parameters
        ----------
        scores : array_like of shape (n,)
            Anomaly scores, finite numbers.
        y : array_like of 0 and 1 of shape (n,), optional
            True labels, for rules that need them.

        Returns
        -------
        Threshold
            The rule itself.

        Raises
        ------
        ValueError
            If there are no scores, or they are not finite, or labels are needed and missing.
        """
        self.threshold_ = float(self._choose(as_finite("scores", scores), y))
        return self

    @abstractmethod
    def _choose(self, scores: Array, y: ArrayLike | None) -> float:
        """Return the threshold for finite scores."""

    def predict(self, scores: ArrayLike) -> Array:
        """Return 1 for scores above the threshold, else 0."""
        return (np.asarray(scores) > self.threshold_).astype(np.int64)

    def shortage(self, n_scores: int, y: ArrayLike | None = None) -> str | None:  # noqa: ARG002
        """Return what so few scores or labels cannot tell, as the sentence of a warning.

        Detectors warn of it (`anomaly.errors.FewRecordsWarning`) when they choose a threshold; `fit` of the rule, which
        has only the scores, does not.

        Parameters
        ----------
        n_scores : int
            Number of scores.
        y : array_like of 0 and 1 of shape (n_scores,), optional
            Their labels.

        Returns
        -------
        str or None
            None if they are enough.

        Examples
        --------
        >>> from anomaly.thresholds import AutoThreshold
        >>> AutoThreshold().shortage(20) is None
        True
        """
        return None

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments by name."""
        return {name: value for name, value in vars(self).items() if not name.endswith("_")}

    def _checked(self, name: str, value: float, constraint: Constraint) -> float:
        """Return an argument of the constructor as a float; raise a ValueError if it violates its constraint."""
        check_value(f"{type(self).__name__}: {name}", value, constraint)
        return float(value)

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.get_config().items())
        return f"{type(self).__name__}({arguments})"


def all_equal(scores: Array) -> bool:
    """Return whether all scores are equal up to rounding: a limit computed from them may lie a rounding error below."""
    return bool(scores.max() - scores.min() <= _ROUNDING * np.abs(scores).max())
