"""What all scalers share: the interface, the checks, and how columns are looked at."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from anomaly.errors import DataError
from nnlite.types import Array

ROUNDING = 10 * np.finfo(np.float64).eps
"""Values that differ by less, relative to their size, are one value."""


class Scaler(ABC):
    """Base of all scalers: the way data is checked, and the interface.

    Attributes
    ----------
    n_features_in_ : int
        Columns seen by `fit`.
    """

    name: ClassVar[str]
    n_features_in_: int

    def fit(self, x: Array) -> Scaler:
        """Learn the scale of each column.

        Parameters
        ----------
        x : ndarray of shape (n_rows, n_columns)
            Training rows; NaN is missing.

        Returns
        -------
        Scaler
            The scaler itself.

        Raises
        ------
        DataError
            If `x` is no matrix, is infinite somewhere, or a column has no value.
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
            With the columns that `fit` saw.

        Returns
        -------
        ndarray of float64 of shape (n_rows, n_columns)
            Scaled; NaN where `x` is.
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
            In the units of the training rows.
        """
        self._check_width(z)
        return self._unscale(z)

    @abstractmethod
    def get_state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return what was learned, as JSON values and arrays."""

    @classmethod
    @abstractmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Mapping[str, Array]) -> Scaler:
        """Make a scaler of what `get_state` returned.

        Parameters
        ----------
        config : mapping
            JSON values.
        arrays : mapping of str to ndarray
            Arrays.

        Returns
        -------
        Scaler
            Fitted.

        Raises
        ------
        DataError
            If the values are not such as a scaler can have learned.
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


def present_values(x: Array) -> Iterator[Array]:
    """Yield the values of each column that are not missing, as a contiguous float64 array."""
    for j in range(x.shape[1]):
        column = x[:, j].astype(np.float64)
        values = column[~np.isnan(column)]
        if not len(values):
            raise DataError(f"column {j} (counted from 0) has no value to learn from")
        if np.isinf(values).any():
            raise DataError(f"column {j} (counted from 0) holds an infinite value")
        yield values
