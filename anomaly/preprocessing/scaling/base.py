"""Base classes of the scalers: the interface, the validation of its input, and affine maps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar, TypeVar

import numpy as np

from anomaly.errors import DataError, format_names
from anomaly.estimator import Transformer
from anomaly.tables import as_table
from anomaly.tables.saved_state import vector
from nnlite.types import Array

ROUNDING = 10 * np.finfo(np.float64).eps
"""Relative difference below which two values are equal."""
_LARGEST = np.finfo(np.float64).max

S = TypeVar("S", bound="Scaler")


class Scaler(Transformer, ABC):
    """Base class of the scalers.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of object of shape (n_columns,)
        Names of the columns, if the training rows were a data frame.
    """

    name: ClassVar[str]
    n_features_in_: int

    def fit(self: S, X: Any, y: Any = None) -> S:  # noqa: ARG002
        """Fit the scale of each column.

        Parameters
        ----------
        X : table of shape (n_rows, n_columns)
            Training rows, numbers; NaN is missing.
        y : object, optional
            Ignored.

        Returns
        -------
        Scaler
            The fitted scaler.

        Raises
        ------
        DataError
            If `X` is not a matrix of numbers, a value is infinite, or all values of a column are missing.
        """
        x, names = _as_matrix(X)
        self.fit_matrix(x)
        if names is not None:
            self.feature_names_in_ = np.array(names, object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        return self

    def fit_matrix(self: S, x: Array) -> S:
        """Fit the scale of each column of a matrix of numbers, which may have no columns."""
        self.n_features_in_ = x.shape[1]
        self._learn(x)
        return self

    def transform(self, X: Any) -> Any:
        """Scale rows.

        Parameters
        ----------
        X : table of shape (n_rows, n_columns)
            Rows with the columns of the training rows.

        Returns
        -------
        ndarray of float64 of shape (n_rows, n_columns)
            Scaled rows; NaN where `X` is NaN. Or a data frame of them, see `set_output`.
        """
        self._check_fitted()
        return self.scale(self._checked(X))

    def inverse_transform(self, z: Any) -> Array:
        """Undo `transform`.

        Parameters
        ----------
        z : table of shape (n_rows, n_columns)
            Scaled rows.

        Returns
        -------
        ndarray of float64 of shape (n_rows, n_columns)
            Rows in the units of the training rows.
        """
        self._check_fitted()
        return self.unscale(self._checked(z))

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
    def scale(self, x: Array) -> Array:
        """Scale a matrix of numbers with as many columns as the training rows; it is not checked."""

    @abstractmethod
    def unscale(self, z: Array) -> Array:
        """Undo `scale`."""

    def _checked(self, X: Any) -> Array:
        """Return rows as a matrix with the columns of the training rows."""
        x, names = _as_matrix(X)
        if x.shape[1] != self.n_features_in_:
            raise DataError(
                f"X has {x.shape[1]} features, but {type(self).__name__} is expecting {self.n_features_in_} features "
                "as input"
            )
        known = getattr(self, "feature_names_in_", None)
        if known is not None and names is not None and list(known) != list(names):
            raise DataError(
                "The feature names should match those that were passed during fit, in the same order: "
                f"{format_names(known)}; found {format_names(names)}"
            )
        return x


def _as_matrix(X: Any) -> tuple[Array, Sequence[str] | None]:
    """Return rows of numbers as a matrix, and the names of its columns if they have any."""
    if type(X) is np.ndarray and X.ndim == 2 and X.dtype.kind == "f" and X.size:
        return X, None
    if isinstance(X, np.ndarray) and X.dtype == object:
        # Text is refused below, by name; what is no number at all is a TypeError, as in NumPy and scikit-learn.
        with suppress(ValueError):
            X = X.astype(np.float64)
    table = as_table(X)
    columns = [column for column in table.columns if column.dtype.kind in "biuf"]
    if len(columns) < len(table.names):
        name = next(n for n, column in zip(table.names, table.columns, strict=True) if column.dtype.kind not in "biuf")
        raise DataError(f"column {name!r}: a scaler needs numbers; found text or dates, which TablePreprocessor reads")
    matrix = np.column_stack(columns) if table.matrix is None else table.matrix
    return matrix, table.names if table.named else None


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

    def scale(self, x: Array) -> Array:
        """Return (x - c) / s."""
        with np.errstate(over="ignore"):
            z = np.subtract(x, self.center_, dtype=np.float64)
            return np.divide(z, self.scale_, out=z)

    def unscale(self, z: Array) -> Array:
        """Return s z + c."""
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
