"""Intersection over union of predicted and true classes, for parts of images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnlite.eager import Scalar
from nnlite.metrics.base import Metric
from nnlite.types import Array
from nnlite.validation import check_argument, integer

_EPSILON = 1e-7


class IoU(Metric):
    r"""Mean intersection over union of some classes.

    .. math:: \frac{TP}{TP + FP + FN}

    Classes that neither occur nor are predicted are left out of the mean.

    Parameters
    ----------
    num_classes : int
        Number of classes.
    target_class_ids : sequence of int
        Classes of the mean.
    name, dtype : str, optional
        See `Metric`.
    ignore_class : int, optional
        Label of values that are left out.
    sparse_y_true, sparse_y_pred : bool, default True
        Whether labels and predictions are numbers of classes; else the largest value along `axis` is taken.
    axis : int, default -1
        Axis of the classes.

    Raises
    ------
    ValueError
        If a class is out of range.

    Examples
    --------
    >>> round(IoU(2, [0])([0, 0, 1, 1], [0, 1, 0, 1]), 4)
    0.3333
    """

    volatile = ("_matrix",)

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        check_argument(self, "num_classes", num_classes, integer(least=1))
        if max(target_class_ids) >= num_classes:
            raise ValueError(
                f"{type(self).__name__}: target_class_ids must be below num_classes, {num_classes}; found "
                f"{max(target_class_ids)}"
            )
        self.num_classes, self.target_class_ids = num_classes, list(target_class_ids)
        self.ignore_class, self.axis = ignore_class, axis
        self.sparse_y_true, self.sparse_y_pred = sparse_y_true, sparse_y_pred
        super().__init__(name, dtype)
        self.reset_state()

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count pairs of true and predicted classes."""
        true = self._classes(y_true, self.sparse_y_true)
        predicted = self._classes(y_pred, self.sparse_y_pred)
        weight = np.ones(len(true)) if sample_weight is None else np.asarray(sample_weight, np.float64).ravel()
        weight = np.broadcast_to(weight, true.shape)
        inside = (true >= 0) & (true < self.num_classes) & (predicted >= 0) & (predicted < self.num_classes)
        if self.ignore_class is not None:
            inside &= true != self.ignore_class
        np.add.at(self._matrix, (true[inside], predicted[inside]), weight[inside])

    def _classes(self, y: Any, sparse: bool) -> Array:
        classes = np.asarray(y) if sparse else np.argmax(np.asarray(y), axis=self.axis)
        return classes.astype(np.int64).ravel()

    def result(self) -> Any:
        """Return the mean over the classes."""
        overlap = np.diag(self._matrix)[self.target_class_ids]
        union = (self._matrix.sum(axis=0) + self._matrix.sum(axis=1))[self.target_class_ids] - overlap
        occur = union > 1e-9
        ratios = np.where(occur, overlap / (union + _EPSILON), 0.0)
        return Scalar(ratios.sum() / (occur.sum() + _EPSILON))

    def reset_state(self) -> None:
        """Forget the counts."""
        self._matrix = np.zeros((self.num_classes, self.num_classes))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        names = ("num_classes", "target_class_ids", "ignore_class", "sparse_y_true", "sparse_y_pred", "axis")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

    def _config_without(self, *names: str) -> dict[str, Any]:
        return {key: value for key, value in IoU.get_config(self).items() if key not in names}


class BinaryIoU(IoU):
    """Mean intersection over union of two classes, from probabilities.

    Parameters
    ----------
    target_class_ids : sequence of int, default (0, 1)
        Classes of the mean.
    threshold : float, default 0.5
        Predictions from here on are class 1.
    name, dtype : str, optional
        See `Metric`.

    Examples
    --------
    >>> round(BinaryIoU()([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7]), 4)
    0.5833
    """

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count pairs of true and predicted classes."""
        super().update_state(y_true, np.asarray(y_pred, np.float32) >= self.threshold, sample_weight)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"target_class_ids": self.target_class_ids, "threshold": self.threshold, "name": self.name}


class MeanIoU(IoU):
    """Mean intersection over union of all classes; see `IoU`.

    Examples
    --------
    >>> round(MeanIoU(2)([0, 0, 1, 1], [0, 1, 0, 1]), 4)
    0.3333
    """

    def __init__(self, num_classes: int, name: str | None = None, dtype: Any = None, **settings: Any) -> None:
        super().__init__(num_classes, range(num_classes), name, dtype, **settings)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return self._config_without("target_class_ids")


class OneHotIoU(IoU):
    """Mean intersection over union of some classes, from one-hot labels; see `IoU`."""

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return self._config_without("sparse_y_true")


class OneHotMeanIoU(IoU):
    """Mean intersection over union of all classes, from one-hot labels; see `IoU`."""

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, range(num_classes), name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return self._config_without("sparse_y_true", "target_class_ids")
