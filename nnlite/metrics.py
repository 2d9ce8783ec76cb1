"""Figures to follow while training: averages that are updated batch by batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from nnlite import losses
from nnlite.registry import Registry
from nnlite.types import Array


class Metric:
    """Base of all metrics: a weighted mean of one value per sample.

    A metric of one's own defines `values`.

    Parameters
    ----------
    name : str
        Name in the logs.
    """

    volatile: ClassVar[tuple[str, ...]] = ("_total", "_count")
    """What batches change; see `nnlite.engine.runtime.staleness`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.reset_state()

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """Return one value for each sample."""
        raise NotImplementedError(f"{type(self).__name__} does not define values(y_true, y_pred)")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch into the mean.

        Parameters
        ----------
        y_true, y_pred : ndarray
            What should be predicted, and what is.
        sample_weight : array_like, optional
            One weight a row, or one a sample.
        """
        self._add(self.values(np.asarray(y_true), np.asarray(y_pred)), sample_weight)

    def _add(self, values: Array, sample_weight: Any) -> None:
        # Sums over many batches are kept in double precision.
        values = np.asarray(values, np.float64)
        if sample_weight is None:
            self._total += float(values.sum())
            self._count += values.size
            return
        weight = np.asarray(sample_weight, np.float64)
        if weight.ndim == values.ndim + 1 and weight.shape[-1] == 1:
            weight = weight[..., 0]
        if weight.ndim > values.ndim and weight.shape[: values.ndim] == values.shape:
            # What is one value counts for what its samples do on average, such as a whole row for its masked steps.
            weight = weight.mean(axis=tuple(range(values.ndim, weight.ndim)))
        weight = np.broadcast_to(weight.reshape(weight.shape + (1,) * (values.ndim - weight.ndim)), values.shape)
        self._total += float((values * weight).sum())
        self._count += float(weight.sum())

    def set_state(self, total: float, count: float) -> None:
        """Let the mean be that of `count` values that add up to `total`."""
        self._total, self._count = total, count

    def add_state(self, total: float, count: float) -> None:
        """Take `count` values (or so much weight) that add up to `total` into the mean."""
        self._total += total
        self._count += count

    def result(self) -> float:
        """Return the mean so far; 0 before the first batch."""
        return self._total / self._count if self._count else 0.0

    def reset_state(self) -> None:
        """Begin a new mean."""
        self._total = 0.0
        self._count = 0.0

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"name": self.name}


class Mean(Metric):
    """The mean of the numbers it is given.

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
        """Take numbers into the mean."""
        self._add(values, sample_weight)


class _OfLoss(Metric):
    """The mean of a loss's values per sample."""

    loss: losses.Loss

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """Return the loss of each sample."""
        return self.loss.per_sample(*self.loss.align(y_true, y_pred))


class MeanSquaredError(_OfLoss):
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
        """Return the root of the mean so far."""
        return float(np.sqrt(super().result()))


class MeanAbsoluteError(_OfLoss):
    """Mean absolute error.

    Parameters
    ----------
    name : str, default "mean_absolute_error"
        Name in the logs.
    """

    def __init__(self, name: str = "mean_absolute_error") -> None:
        super().__init__(name)
        self.loss = losses.MeanAbsoluteError()


class BinaryCrossentropy(_OfLoss):
    """Mean binary cross-entropy.

    Parameters
    ----------
    name : str, default "binary_crossentropy"
        Name in the logs.
    from_logits : bool, default False
        Whether predictions are logits.
    label_smoothing : float, default 0.0
        How far to move labels towards 1/2.
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


class CategoricalCrossentropy(_OfLoss):
    """Mean categorical cross-entropy.

    Parameters
    ----------
    name : str, default "categorical_crossentropy"
        Name in the logs.
    from_logits : bool, default False
        Whether predictions are logits.
    label_smoothing : float, default 0.0
        How far to move labels towards equal shares.
    axis : int, default -1
        Along which the classes lie.
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
    """Share of predictions on the right side of the threshold.

    Parameters
    ----------
    name : str, default "binary_accuracy"
        Name in the logs.
    threshold : float, default 0.5
        Predictions above it count as 1.

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
        """Return the share of hits of each sample."""
        y_true = y_true[..., np.newaxis] if y_true.ndim == y_pred.ndim - 1 else y_true
        hits: Array = ((y_pred > self.threshold) == y_true).mean(axis=-1)
        return hits

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "threshold": self.threshold}


class CategoricalAccuracy(Metric):
    """Share of samples whose largest prediction is the one that is marked.

    Parameters
    ----------
    name : str, default "categorical_accuracy"
        Name in the logs.
    """

    def __init__(self, name: str = "categorical_accuracy") -> None:
        super().__init__(name)

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """Return 1 for each hit."""
        hits: Array = y_true.argmax(axis=-1) == y_pred.argmax(axis=-1)
        return hits


class SparseCategoricalAccuracy(Metric):
    """Share of samples whose largest prediction has the class number that is given.

    Parameters
    ----------
    name : str, default "sparse_categorical_accuracy"
        Name in the logs.
    """

    def __init__(self, name: str = "sparse_categorical_accuracy") -> None:
        super().__init__(name)

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """Return 1 for each hit."""
        numbers = y_true[..., 0] if y_true.ndim == y_pred.ndim else y_true
        hits: Array = numbers == y_pred.argmax(axis=-1)
        return hits


class Accuracy(Metric):
    """The accuracy that fits the shapes, as ``metrics=["accuracy"]`` means it.

    One output a sample: `BinaryAccuracy`. Several, and a target for each: `CategoricalAccuracy`. Several, and one class
    number as the target: `SparseCategoricalAccuracy`.

    Parameters
    ----------
    name : str, default "accuracy"
        Name in the logs.
    """

    def __init__(self, name: str = "accuracy") -> None:
        super().__init__(name)

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """Return the hits."""
        fitting: Metric
        if y_pred.ndim == 1 or y_pred.shape[-1] == 1:
            fitting = BinaryAccuracy()
        elif y_true.shape == y_pred.shape:
            fitting = CategoricalAccuracy()
        else:
            fitting = SparseCategoricalAccuracy()
        return fitting.values(y_true, y_pred)


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
# A short name given to `compile` is the name in the logs too.
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


def get(identifier: str | Mapping[str, Any] | Metric) -> Metric:
    """Turn a name, a configuration or an instance into a metric.

    Raises
    ------
    ValueError
        If the name is unknown.
    TypeError
        If it is something else.

    Examples
    --------
    >>> get("mae").name
    'mae'
    """
    return registry.get(identifier)
