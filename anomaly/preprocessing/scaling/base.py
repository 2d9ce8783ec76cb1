"""Base classes of the scalers: the interface, the validation of its input, and affine maps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, TypeVar

import numpy as np

from anomaly.errors import DataError
from anomaly.tables.saved_state import vector
from nnlite.types import Array

ROUNDING = 10 * np.finfo(np.float64).eps
"""Relative difference below which two values are equal."""
_LARGEST = np.finfo(np.float64).max

S = TypeVar("S", bound="Scaler")


class Scaler(ABC):
    """Base class of the scalers.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns.
    """

    name: ClassVar[str]
    n_features_in_: int

    def fit(self: S, x: Array) -> S:
        """Fit the scale of each column.

        Parameters
        ----------
        x : ndarray of shape (n_rows, n_columns)
            Training rows; NaN is missing.

        Returns
        -------
        Scaler
            The fitted scaler.

        Raises
        ------
        DataError
            If `x` is not a matrix, a value is infinite, or all values of a column are missing.
        """
        if x.ndim != 2:
            raise DataError(f"a scaler needs a 2-D array (rows x columns); found shape {x.shape}")
        self.n_features_in_ = x.shape[1]
        self._learn(x)
        return self

    def transform(self, x: Array) -> Array:
        """Scale rows.

        Parameters
        ----------
        x : ndarray of shape (n_rows, n_columns)
            Rows with the columns of the training rows.

        Returns
        -------
        ndarray of float64 of shape (n_rows, n_columns)
            Scaled rows; NaN where `x` is NaN.
        """
        self._check_width(x)
        return self._scale(x)

    def inverse_transform(self, z: Array) -> Array:
        """Undo `transform`.

        Parameters
        ----------
        z : ndarray of shape (n_rows, n_columns)
            Scaled rows.

        Returns
        -------
        ndarray of float64 of shape (n_rows, n_columns)
            Rows in the units of the training rows.
        """
        self._check_width(z)
        return self._unscale(z)

    @abstractmethod
    def get_state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return the fitted state, as JSON values and arrays."""

    @classmethod
    @abstractmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Mapping[str, Array]) -> Scaler:
        """Restore a scaler from the values of `get_state`, validating every field.

        Parameters
        ----------
        config : mapping
            JSON values.
        arrays : mapping of str to ndarray
            Arrays.

        Returns
        -------
        Scaler
            The fitted scaler.

        Raises
        ------
        DataError
            If a value is not valid for a fitted scaler.
        """

    @abstractmethod
    def _learn(self, x: Array) -> None: ...

    @abstractmethod
    def _scale(self, x: Array) -> Array: ...

    @abstractmethod
    def _unscale(self, z: Array) -> Array: ...

    def _check_width(self, x: Array) -> None:
        if x.ndim != 2 or x.shape[1] != self.n_features_in_:
            raise DataError(
                f"this {type(self).__name__} was fitted on {self.n_features_in_} columns; found shape {x.shape}"
            )


class AffineScaler(Scaler):
    """Base class of the scalers (x - c) / s, which define the center and the scale of a column.

    Attributes
    ----------
    center_ : ndarray of shape (n_columns,)
        c, in the unit of each column.
    scale_ : ndarray of shape (n_columns,)
        s, in the unit of each column.
    """

    center_: Array
    scale_: Array

    @classmethod
    def of(cls, center: Array, scale: Array) -> AffineScaler:
        """Return a scaler with a center and a scale of each column, as float64 of shape (n_columns,)."""
        scaler = cls()
        scaler.center_, scaler.scale_ = center, scale
        scaler.n_features_in_ = len(center)
        return scaler

    @staticmethod
    @abstractmethod
    def _measure(values: Array) -> tuple[float, float]:
        """Return center and scale of the values of one column, finite and below half of the largest float."""

    def _learn(self, x: Array) -> None:
        measured = [self._measure_safely(values) for values in present_values(x)]
        self.center_, self.scale_ = np.array(measured, dtype=np.float64).reshape(-1, 2).T.copy()

    def _measure_safely(self, values: Array) -> tuple[float, float]:
        """Measure the halved values, so that no difference overflows."""
        center, scale = self._measure(values / 2)
        if scale <= ROUNDING * abs(center):
            return 2 * center, 1.0
        return 2 * center, min(2 * scale, _LARGEST)

    def _scale(self, x: Array) -> Array:
        with np.errstate(over="ignore"):
            z = np.subtract(x, self.center_, dtype=np.float64)
            return np.divide(z, self.scale_, out=z)

    def _unscale(self, z: Array) -> Array:
        with np.errstate(over="ignore"):
            x = np.multiply(z, self.scale_, dtype=np.float64)
            return np.add(x, self.center_, out=x)

    def get_state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return the name, and the centers and scales of the columns."""
        return {"name": self.name}, {"center": self.center_, "scale": self.scale_}

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Mapping[str, Array]) -> Scaler:  # noqa: ARG003
        """Restore a scaler from a center and a positive scale of each column."""
        center, scale = vector(arrays, "center"), vector(arrays, "scale")
        if center.shape != scale.shape or not (scale > 0).all():
            raise DataError("preprocessing: expected as many positive scales as centers")
        return cls.of(center, scale)


def present_values(x: Array) -> Iterator[Array]:
    """Yield the present values of each column, as a contiguous float64 array."""
    for j in range(x.shape[1]):
        column = x[:, j].astype(np.float64)
        values = column[~np.isnan(column)]
        if not len(values):
            raise DataError(f"column {j} (counted from 0) has no value; at least one is needed to fit its scale")
        if np.isinf(values).any():
            raise DataError(f"column {j} (counted from 0) contains an infinite value")
        yield values
