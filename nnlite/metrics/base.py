"""The base of all metrics, and means and sums."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from nnlite.config import floatx
from nnlite.eager import Scalar
from nnlite.naming import snake_case
from nnlite.registry import FromConfig, custom_object
from nnlite.types import Array


class Metric(FromConfig):
    r"""Base of all metrics: a weighted mean of one value per sample.

    .. math:: m = \frac{\sum_i w_i v_i}{\sum_i w_i}

    A custom metric defines `values`, the :math:`v_i`.

    Parameters
    ----------
    name : str, optional
        Name in the logs; by default that of the class.
    dtype : str, optional
        Accepted for compatibility with Keras; sums are always in double precision.
    """

    volatile: ClassVar[tuple[str, ...]] = ("_total", "_count")
    """Attributes that every batch changes; see `nnlite.engine.runtime.staleness`."""
    accepts_unknown: ClassVar[bool] = False
    """Whether the metric has a value for targets of NaN, which some losses take as unknown."""

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        self.dtype = str(dtype or floatx())
        self.name = name or snake_case(type(self).__name__)
        self._variables: list[Any] = []
        self._total = self._count = 0.0

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Update the metric with a batch and return its current value."""
        self.update_state(*arguments, **named)
        return self.result()

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

    def add_variable(
        self, shape: Any = (), initializer: Any = "zeros", dtype: Any = None, name: str | None = None
    ) -> Any:
        """Add an array to the state of a metric of one's own; `reset_state` sets it to zeros.

        Parameters
        ----------
        shape : tuple of int, default ()
            Shape of the array.
        initializer : str or Initializer, default "zeros"
            Values at first.
        dtype : str, optional
            Dtype; by default that of the metric.
        name : str, optional
            Name.

        Returns
        -------
        nnlite.variables.Variable
            The array.
        """
        if isinstance(shape, str):
            # The name comes first in programs for Keras 2.
            shape, name = (), shape
        from nnlite.variables import Variable

        variable = Variable(initializer or "zeros", shape, dtype, name=name)
        self._variables.append(variable)
        return variable

    add_weight = add_variable

    @property
    def variables(self) -> list[Any]:
        """The state, under its name in Keras."""
        return self._variables or [getattr(self, name) for name in self.volatile]

    def set_state(self, total: float, count: float) -> None:
        """Set the sum of the values times their weights, and the sum of the weights."""
        self._total, self._count = total, count

    def add_state(self, total: float, count: float) -> None:
        """Add to the sum of the values times their weights, and to the sum of the weights."""
        self._total += total
        self._count += count

    def result(self) -> Any:
        """Return the current mean, a float; 0 before the first batch."""
        return Scalar(self._total / self._count if self._count else 0.0)

    def reset_state(self) -> None:
        """Reset the mean, and the arrays of `add_variable`."""
        self._total = 0.0
        self._count = 0.0
        for variable in self._variables:
            variable.assign(np.zeros(variable.shape))

    def reset_states(self) -> None:
        """Reset the mean; the name of `reset_state` in Keras 2."""
        self.reset_state()

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

    def __init__(self, name: str | None = "mean", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Update the mean with numbers."""
        self._add(values, sample_weight)


class Sum(Metric):
    """Sum of numbers.

    Parameters
    ----------
    name : str, default "sum"
        Name in the logs.
    dtype : str, optional
        See `Metric`.

    Examples
    --------
    >>> total = Sum()
    >>> total.update_state([1.0, 3.0])
    >>> total.result()
    4.0
    """

    def __init__(self, name: str | None = "sum", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Add numbers."""
        self._add(values, sample_weight)

    def result(self) -> float:
        """Return the sum."""
        return Scalar(self._total)


class MeanMetricWrapper(Metric):
    """Mean of a Python function of targets and predictions.

    Parameters
    ----------
    fn : callable
        ``fn(y_true, y_pred)``, which returns one value for each sample, or one number for the batch.
    name : str, optional
        Name in the logs; by default that of the function.
    dtype : str, optional
        See `Metric`.
    **settings
        Further arguments of the function.

    Examples
    --------
    >>> import numpy as np
    >>> metric = MeanMetricWrapper(lambda y_true, y_pred: np.abs(y_pred - y_true).max(axis=-1), name="largest_error")
    >>> metric([[0.0, 0.0]], [[1.0, -3.0]])
    3.0
    """

    def __init__(self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **settings: Any) -> None:
        super().__init__(name or getattr(fn, "__name__", type(fn).__name__), dtype)
        self.fn = fn
        self.settings = settings

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """Return the function's values; one number is a value of each row, so that batches count by their rows."""
        values = np.asarray(self.fn(y_true, y_pred, **self.settings))
        return np.full(len(y_pred), values) if values.ndim == 0 and y_pred.ndim else values

    def get_config(self) -> dict[str, Any]:
        """Return the name of the function, which is looked up in the custom objects when a model is loaded."""
        return {**super().get_config(), "fn": getattr(self.fn, "__name__", self.name), **self.settings}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Metric:
        """Return the metric of the custom object with the name in the configuration."""
        settings = dict(config)
        return cls(custom_object(settings.pop("fn"), "metric"), **settings)
