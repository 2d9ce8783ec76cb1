"""Metrics that are means of a loss over samples."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite import losses
from nnlite.eager import Scalar
from nnlite.metrics.base import Metric
from nnlite.types import Array


class LossMetric(Metric):
    """Mean of a loss over samples."""

    loss: losses.Loss

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """Return the loss of each sample."""
        return self.loss.per_sample(*self.loss.align(y_true, y_pred))


class MeanSquaredError(LossMetric):
    """Mean squared error.

    Parameters
    ----------
    name : str, default "mean_squared_error"
        Name in the logs.
    dtype : str, optional
        See `Metric`.

    Examples
    --------
    >>> metric = MeanSquaredError()
    >>> metric.update_state([[0.0], [0.0]], [[1.0], [3.0]])
    >>> metric.result()
    5.0
    """

    def __init__(self, name: str | None = "mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.loss = losses.MeanSquaredError()


class RootMeanSquaredError(MeanSquaredError):
    """Square root of the mean squared error.

    Parameters
    ----------
    name : str, default "root_mean_squared_error"
        Name in the logs.
    dtype : str, optional
        See `Metric`.
    """

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def result(self) -> float:
        """Return the root of the current mean."""
        return Scalar(np.sqrt(super().result()))


class MeanAbsoluteError(LossMetric):
    """Mean absolute error.

    Parameters
    ----------
    name : str, default "mean_absolute_error"
        Name in the logs.
    dtype : str, optional
        See `Metric`.
    """

    def __init__(self, name: str | None = "mean_absolute_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.loss = losses.MeanAbsoluteError()


class BinaryCrossentropy(LossMetric):
    """Mean binary cross-entropy.

    Parameters
    ----------
    name : str, default "binary_crossentropy"
        Name in the logs.
    dtype : str, optional
        See `Metric`.
    from_logits : bool, default False
        Whether predictions are logits.
    label_smoothing : float, default 0.0
        Weight of 1/2 in the smoothed labels.
    """

    def __init__(
        self,
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(name, dtype)
        self.from_logits, self.label_smoothing = from_logits, label_smoothing
        self.loss = losses.BinaryCrossentropy(from_logits, label_smoothing)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "from_logits": self.from_logits,
            "label_smoothing": self.label_smoothing,
        }


class CategoricalCrossentropy(LossMetric):
    """Mean categorical cross-entropy.

    Parameters
    ----------
    name : str, default "categorical_crossentropy"
        Name in the logs.
    dtype : str, optional
        See `Metric`.
    from_logits : bool, default False
        Whether predictions are logits.
    label_smoothing : float, default 0.0
        Weight of equal probabilities in the smoothed labels.
    axis : int, default -1
        Axis of the classes.
    """

    def __init__(
        self,
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype)
        self.from_logits, self.label_smoothing, self.axis = from_logits, label_smoothing, axis
        self.loss = losses.CategoricalCrossentropy(from_logits, label_smoothing, axis)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "from_logits": self.from_logits,
            "label_smoothing": self.label_smoothing,
            "axis": self.axis,
        }


class MeanAbsolutePercentageError(LossMetric):
    """Mean absolute error in percent of the targets.

    Parameters
    ----------
    name : str, default "mean_absolute_percentage_error"
        Name in the logs.
    dtype : str, optional
        See `Metric`.
    """

    def __init__(self, name: str | None = "mean_absolute_percentage_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.loss = losses.MeanAbsolutePercentageError()


class MeanSquaredLogarithmicError(LossMetric):
    """Mean squared error of the logarithms.

    Parameters
    ----------
    name : str, default "mean_squared_logarithmic_error"
        Name in the logs.
    dtype : str, optional
        See `Metric`.
    """

    def __init__(self, name: str | None = "mean_squared_logarithmic_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.loss = losses.MeanSquaredLogarithmicError()


class LogCoshError(LossMetric):
    """Mean of ln cosh of the errors.

    Parameters
    ----------
    name : str, default "logcosh"
        Name in the logs.
    dtype : str, optional
        See `Metric`.
    """

    def __init__(self, name: str | None = "logcosh", dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.loss = losses.LogCosh()


class Poisson(LossMetric):
    """Mean Poisson loss.

    Parameters
    ----------
    name : str, default "poisson"
        Name in the logs.
    dtype : str, optional
        See `Metric`.
    """

    def __init__(self, name: str | None = "poisson", dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.loss = losses.Poisson()


class KLDivergence(LossMetric):
    """Mean Kullback-Leibler divergence.

    Parameters
    ----------
    name : str, default "kl_divergence"
        Name in the logs.
    dtype : str, optional
        See `Metric`.
    """

    def __init__(self, name: str | None = "kl_divergence", dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.loss = losses.KLDivergence()


class Hinge(LossMetric):
    """Mean hinge loss.

    Parameters
    ----------
    name : str, default "hinge"
        Name in the logs.
    dtype : str, optional
        See `Metric`.
    """

    def __init__(self, name: str | None = "hinge", dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.loss = losses.Hinge()


class SquaredHinge(LossMetric):
    """Mean squared hinge loss.

    Parameters
    ----------
    name : str, default "squared_hinge"
        Name in the logs.
    dtype : str, optional
        See `Metric`.
    """

    def __init__(self, name: str | None = "squared_hinge", dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.loss = losses.SquaredHinge()


class CategoricalHinge(LossMetric):
    """Mean hinge loss between classes.

    Parameters
    ----------
    name : str, default "categorical_hinge"
        Name in the logs.
    dtype : str, optional
        See `Metric`.
    """

    def __init__(self, name: str | None = "categorical_hinge", dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.loss = losses.CategoricalHinge()


class SparseCategoricalCrossentropy(LossMetric):
    """Mean categorical cross-entropy of class numbers.

    Parameters
    ----------
    name : str, default "sparse_categorical_crossentropy"
        Name in the logs.
    dtype : str, optional
        See `Metric`.
    from_logits : bool, default False
        Whether predictions are logits.
    axis : int, default -1
        Axis of the classes.
    ignore_class : int, optional
        Class number of targets that are unknown; their cross-entropy is 0.
    """

    def __init__(
        self,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        axis: int = -1,
        ignore_class: int | None = None,
    ) -> None:
        super().__init__(name, dtype)
        self.from_logits, self.axis, self.ignore_class = from_logits, axis, ignore_class
        self.loss = losses.SparseCategoricalCrossentropy(from_logits, ignore_class, axis=axis)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        settings = {**super().get_config(), "from_logits": self.from_logits, "axis": self.axis}
        return settings if self.ignore_class is None else {**settings, "ignore_class": self.ignore_class}


class CosineSimilarity(LossMetric):
    """Mean cosine of the angle between targets and predictions: 1 for the same direction.

    Parameters
    ----------
    name : str, default "cosine_similarity"
        Name in the logs.
    dtype : str, optional
        See `Metric`.
    axis : int, default -1
        Axis of the values of one sample.
    """

    def __init__(self, name: str | None = "cosine_similarity", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(name, dtype)
        self.axis = axis
        self.loss = losses.CosineSimilarity(axis)

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """Return the similarity of each sample."""
        return -super().values(y_true, y_pred)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "axis": self.axis}
