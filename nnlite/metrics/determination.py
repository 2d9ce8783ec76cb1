"""The coefficient of determination."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from nnlite.eager import Scalar
from nnlite.metrics.base import Metric
from nnlite.types import Array
from nnlite.validation import check_argument, choice


class R2Score(Metric):
    r"""Coefficient of determination: the part of the variance of the targets that the predictions explain.

    .. math:: R^2 = 1 - \frac{\sum_i w_i (\hat y_i - y_i)^2}{\sum_i w_i (y_i - \bar y)^2}

    Parameters
    ----------
    class_aggregation : {"uniform_average", "variance_weighted_average", None}, default "uniform_average"
        How the scores of several outputs become one number; None: one score for each.
    num_regressors : int, default 0
        Number of input columns, for the adjusted score; 0: the score itself.
    name : str, default "r2_score"
        Name in the logs.
    dtype : str, optional
        See `Metric`.

    Examples
    --------
    >>> R2Score()([[0.0], [1.0], [2.0]], [[0.0], [1.0], [1.0]])
    0.5
    """

    volatile = ("_sums",)
    _sums: tuple[int, float, Any]

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
        dtype: Any = None,
    ) -> None:
        allowed = choice("uniform_average", "variance_weighted_average", None)
        check_argument(self, "class_aggregation", class_aggregation, allowed)
        self.class_aggregation, self.num_regressors = class_aggregation, num_regressors
        super().__init__(name, dtype)
        self.reset_state()

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Update the sums with a batch."""
        p = np.asarray(y_pred, np.float64)
        p = p.reshape(len(p), -1)
        y = np.asarray(y_true, np.float64).reshape(p.shape)
        w = np.ones((len(y), 1)) if sample_weight is None else np.asarray(sample_weight, np.float64).reshape(-1, 1)
        sums = np.stack([(w * y).sum(0), (w * y * y).sum(0), (w * (p - y) ** 2).sum(0)])
        n, weight, before = self._sums
        self._sums = (n + y.size, weight + float(w.sum()), sums if before is None else before + sums)

    def result(self) -> Any:
        """Return the score."""
        n, weight, sums = self._sums
        if sums is None:
            return Scalar(0.0)
        variance = sums[1] - sums[0] ** 2 / weight
        with np.errstate(divide="ignore"):
            score = 1 - sums[2] / variance
        score = self._adjusted(self._aggregated(np.where(np.isinf(score), 0.0, score), variance), n)
        return score if self.class_aggregation is None else Scalar(score)

    def _aggregated(self, score: Array, variance: Array) -> Any:
        if self.class_aggregation is None:
            return score
        by_variance = self.class_aggregation == "variance_weighted_average"
        return np.average(score, weights=variance if by_variance else None)

    def _adjusted(self, score: Any, n: int) -> Any:
        """Return the score for as many regressors, where there are enough values."""
        if not self.num_regressors:
            return score
        if self.num_regressors >= n - 1:
            warnings.warn(
                f"R2Score: {n} values are too few for {self.num_regressors} regressors; the score is not adjusted",
                stacklevel=3,
            )
            return score
        return 1 - (1 - score) * (n - 1) / (n - self.num_regressors - 1)

    def reset_state(self) -> None:
        """Reset the sums."""
        self._sums = (0, 0.0, None)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        aggregation = {"class_aggregation": self.class_aggregation, "num_regressors": self.num_regressors}
        return {**super().get_config(), **aggregation}
