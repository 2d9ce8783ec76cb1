"""Metrics: weighted means over samples, updated batch by batch."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from nnlite import losses
from nnlite.registry import Registry
from nnlite.types import Array


class Metric:
    r"""Base of all metrics: a weighted mean of one value per sample.

    .. math:: m = \frac{\sum_i w_i v_i}{\sum_i w_i}

    A custom metric defines `values`, the :math:`v_i`.

    Parameters
    ----------
    name : str
        Name in the logs.
    """

    volatile: ClassVar[tuple[str, ...]] = ("_total", "_count")
    """Attributes that every batch changes; see `nnlite.engine.runtime.staleness`."""
    accepts_unknown: ClassVar[bool] = False
    """Whether the metric has a value for targets of NaN, which some losses take as unknown."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.reset_state()

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """Return one value for each sample."""
        raise NotImplementedError(f"{type(self).__name__} does not define values(y_true, y_pred)")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Update the mean with a batch.

        Parameters
        ----------
        y_true, y_pred : ndarray
            Targets and predictions.
        sample_weight : array_like, optional
            One weight per row, or per sample.
        """
        self._add(self.values(np.asarray(y_true), np.asarray(y_pred)), sample_weight)

    def _add(self, values: Array, sample_weight: Any) -> None:
        # Sums over many batches need double precision.
        values = np.asarray(values, np.float64)
        if sample_weight is None:
            self._total += float(values.sum())
            self._count += values.size
            return
        weight = np.asarray(sample_weight, np.float64)
        if weight.ndim == values.ndim + 1 and weight.shape[-1] == 1:
            weight = weight[..., 0]
        if weight.ndim > values.ndim and weight.shape[: values.ndim] == values.shape:
            # Weights of parts of a sample, such as the steps of a row, are averaged to one weight.
            weight = weight.mean(axis=tuple(range(values.ndim, weight.ndim)))
        weight = np.broadcast_to(weight.reshape(weight.shape + (1,) * (values.ndim - weight.ndim)), values.shape)
        self._total += float((values * weight).sum())
        self._count += float(weight.sum())

    def set_state(self, total: float, count: float) -> None:
        """Set the sum of the values times their weights, and the sum of the weights."""
        self._total, self._count = total, count

    def add_state(self, total: float, count: float) -> None:
        """Add to the sum of the values times their weights, and to the sum of the weights."""
        self._total += total
        self._count += count

    def result(self) -> float:
        """Return the current mean; 0 before the first batch."""
        return self._total / self._count if self._count else 0.0

    def reset_state(self) -> None:
        """Reset the mean."""
        self._total = 0.0
        self._count = 0.0

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"name": self.name}


class Mean(Metric):
    """Mean of numbers.

    Parameters
    ----------
    name : str, default "mean"
        Name in the logs.

    Examples
    --------
    >>> mean = Mean()
    >>> mean.update_state([1.0, 3.0], sample_weight=[3, 1])
    >>> mean.result()
    1.5
    """

    def __init__(self, name: str = "mean") -> None:
        super().__init__(name)

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Update the mean with numbers."""
        self._add(values, sample_weight)


class _LossMetric(Metric):
    """Mean of a loss over samples."""

    loss: losses.Loss

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """Return the loss of each sample."""
        return self.loss.per_sample(*self.loss.align(y_true, y_pred))


class MeanSquaredError(_LossMetric):
    """Mean squared error.

    Parameters
    ----------
    name : str, default "mean_squared_error"
        Name in the logs.

    Examples
    --------
    >>> metric = MeanSquaredError()
    >>> metric.update_state([[0.0], [0.0]], [[1.0], [3.0]])
    >>> metric.result()
    5.0
    """

    def __init__(self, name: str = "mean_squared_error") -> None:
        super().__init__(name)
        self.loss = losses.MeanSquaredError()


class RootMeanSquaredError(MeanSquaredError):
    """Square root of the mean squared error.

    Parameters
    ----------
    name : str, default "root_mean_squared_error"
        Name in the logs.
    """

    def __init__(self, name: str = "root_mean_squared_error") -> None:
        super().__init__(name)

    def result(self) -> float:
        """Return the root of the current mean."""
        return float(np.sqrt(super().result()))


class MeanAbsoluteError(_LossMetric):
    """Mean absolute error.

    Parameters
    ----------
    name : str, default "mean_absolute_error"
        Name in the logs.
    """

    def __init__(self, name: str = "mean_absolute_error") -> None:
        super().__init__(name)
        self.loss = losses.MeanAbsoluteError()


class BinaryCrossentropy(_LossMetric):
    """Mean binary cross-entropy.

    Parameters
    ----------
    name : str, default "binary_crossentropy"
        Name in the logs.
    from_logits : bool, default False
        Whether predictions are logits.
    label_smoothing : float, default 0.0
        Weight of 1/2 in the smoothed labels.
    """

    def __init__(
        self, name: str = "binary_crossentropy", *, from_logits: bool = False, label_smoothing: float = 0.0
    ) -> None:
        super().__init__(name)
        self.from_logits, self.label_smoothing = from_logits, label_smoothing
        self.loss = losses.BinaryCrossentropy(from_logits, label_smoothing)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "from_logits": self.from_logits,
            "label_smoothing": self.label_smoothing,
        }


class CategoricalCrossentropy(_LossMetric):
    """Mean categorical cross-entropy.

    Parameters
    ----------
    name : str, default "categorical_crossentropy"
        Name in the logs.
    from_logits : bool, default False
        Whether predictions are logits.
    label_smoothing : float, default 0.0
        Weight of equal probabilities in the smoothed labels.
    axis : int, default -1
        Axis of the classes.
    """

    def __init__(
        self,
        name: str = "categorical_crossentropy",
        *,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
    ) -> None:
        super().__init__(name)
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


class BinaryAccuracy(Metric):
    """Fraction of predictions on the correct side of the threshold.

    Parameters
    ----------
    name : str, default "binary_accuracy"
        Name in the logs.
    threshold : float, default 0.5
        Predictions above it are 1, others 0.

    Examples
    --------
    >>> metric = BinaryAccuracy()
    >>> metric.update_state([[1.0], [0.0], [1.0]], [[0.9], [0.2], [0.4]])
    >>> round(metric.result(), 4)
    0.6667
    """

    def __init__(self, name: str = "binary_accuracy", *, threshold: float = 0.5) -> None:
        super().__init__(name)
        self.threshold = threshold

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """Return the fraction of correct predictions of each sample."""
        y_true = y_true[..., np.newaxis] if y_true.ndim == y_pred.ndim - 1 else y_true
        correct: Array = ((y_pred > self.threshold) == y_true).mean(axis=-1)
        return correct

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "threshold": self.threshold}


class CategoricalAccuracy(Metric):
    """Fraction of samples whose largest prediction is that of the true class, for one-hot targets.

    Parameters
    ----------
    name : str, default "categorical_accuracy"
        Name in the logs.
    """

    def __init__(self, name: str = "categorical_accuracy") -> None:
        super().__init__(name)

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """Return True for each correct prediction."""
        correct: Array = y_true.argmax(axis=-1) == y_pred.argmax(axis=-1)
        return correct


class SparseCategoricalAccuracy(Metric):
    """Fraction of samples whose largest prediction is that of the true class, for class numbers as targets.

    Parameters
    ----------
    name : str, default "sparse_categorical_accuracy"
        Name in the logs.
    """

    def __init__(self, name: str = "sparse_categorical_accuracy") -> None:
        super().__init__(name)

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """Return True for each correct prediction."""
        numbers = y_true[..., 0] if y_true.ndim == y_pred.ndim else y_true
        correct: Array = numbers == y_pred.argmax(axis=-1)
        return correct


class Accuracy(Metric):
    """Accuracy, of the kind that fits the shapes; the meaning of ``metrics=["accuracy"]``.

    One prediction per sample: `BinaryAccuracy`. Several predictions and as many targets: `CategoricalAccuracy`. Several
    predictions and one class number: `SparseCategoricalAccuracy`.

    Parameters
    ----------
    name : str, default "accuracy"
        Name in the logs.
    """

    def __init__(self, name: str = "accuracy") -> None:
        super().__init__(name)

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """Return the accuracy of each sample."""
        metric: Metric
        if y_pred.ndim == 1 or y_pred.shape[-1] == 1:
            metric = BinaryAccuracy()
        elif y_true.shape == y_pred.shape:
            metric = CategoricalAccuracy()
        else:
            metric = SparseCategoricalAccuracy()
        return metric.values(y_true, y_pred)


registry: Registry[Metric] = Registry("metric", Metric)
for _class, *_aliases in (
    (Mean, "mean"),
    (MeanSquaredError, "mean_squared_error"),
    (RootMeanSquaredError, "root_mean_squared_error"),
    (MeanAbsoluteError, "mean_absolute_error"),
    (BinaryCrossentropy, "binary_crossentropy"),
    (CategoricalCrossentropy, "categorical_crossentropy"),
    (BinaryAccuracy, "binary_accuracy"),
    (CategoricalAccuracy, "categorical_accuracy"),
    (SparseCategoricalAccuracy, "sparse_categorical_accuracy"),
    (Accuracy,),
):
    registry.register(_class, _class.__name__, *_aliases)
# A short name in the arguments of `compile` is also the name in the logs.
for _class, _short in (
    (MeanSquaredError, "mse"),
    (MeanSquaredError, "MSE"),
    (MeanAbsoluteError, "mae"),
    (MeanAbsoluteError, "MAE"),
    (RootMeanSquaredError, "rmse"),
    (RootMeanSquaredError, "RMSE"),
    (BinaryCrossentropy, "bce"),
    (Accuracy, "accuracy"),
    (Accuracy, "acc"),
):
    registry.register(lambda made=_class, short=_short: made(name=short), _short)

get = registry.get
