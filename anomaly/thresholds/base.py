"""What every rule shares."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from nnlite.types import Array

Self = TypeVar("Self", bound="Threshold")
MAD_TO_SIGMA = 1.482602218505602
"""From the median absolute deviation of a normal variable to its standard deviation."""
# Scores that differ by less, relatively, are equal but for rounding.
_ROUNDING = 1e-12


class Threshold(ABC):
    """Base of all rules.

    Attributes
    ----------
    threshold_ : float
        After `fit`.
    needs_labels : bool
        Whether `fit` needs `y`; the same for all rules of a class.
    """

    needs_labels: ClassVar[bool] = False

    threshold_: float

    def fit(self: Self, scores: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Choose the threshold.

        Parameters
        ----------
        scores : array_like of shape (n,)
            Anomaly scores.
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
        values = np.asarray(scores, np.float64)
        if values.ndim != 1 or not values.size:
            raise ValueError(f"a threshold needs one score per record, shape (n,); found shape {values.shape}")
        bad = np.flatnonzero(~np.isfinite(values))
        if bad.size:
            raise ValueError(f"scores must be finite numbers; found {values[bad[0]]} at record {bad[0]}")
        self.threshold_ = float(self._choose(values, y))
        return self

    @abstractmethod
    def _choose(self, scores: Array, y: ArrayLike | None) -> float:
        """Return the threshold for finite scores."""

    def predict(self, scores: ArrayLike) -> Array:
        """Return 1 for scores above the threshold, else 0."""
        return (np.asarray(scores) > self.threshold_).astype(np.int64)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {name: value for name, value in vars(self).items() if not name.endswith("_")}

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.get_config().items())
        return f"{type(self).__name__}({arguments})"


def all_equal(scores: Array) -> bool:
    """Tell whether no score stands out; a limit that is computed from such may be a rounding error below them all."""
    return bool(scores.max() - scores.min() <= _ROUNDING * np.abs(scores).max())
