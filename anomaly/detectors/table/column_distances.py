"""Remembered records, column by column: squared distances to them, and medoids of their values.

No product of matrices is used, whose rounding would depend on the batch: what is computed for a record depends on
nothing but the record.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from anomaly.detectors.features import FeatureSet
from nnlite.known_columns import ColumnValues, KnownColumns
from nnlite.types import Array

# The distances of a block of records fit into the fast memory of a processor.
_BLOCK_CELLS = 120_000
_MOST_DISTINCT = 64


class _Several(NamedTuple):
    """Values of a column with several features, such as one for each category.

    Attributes
    ----------
    features : slice
        The features.
    values, compared : ndarray of float32 of shape (n_values, n_features_of_the_column)
        The distinct values if they are few, or else those of all records; and what is compared of them.
    codes : ndarray of int of shape (n_records,), optional
        Position of each record's value among the distinct ones.
    """

    features: slice
    values: Array
    compared: Array
    codes: Array | None


class ColumnDistances:
    """Remembered records, and the squared distances to them by single columns.

    Parameters
    ----------
    records : ndarray of float32 of shape (m, n_features)
        Features of the records.
    features : FeatureSet
        Columns and marks of the features.

    Attributes
    ----------
    records : ndarray of float32 of shape (m, n_features)
        The records.
    ids : ndarray of int of shape (n,)
        The columns that have features: first those of one feature, then those of several.
    features : list of slice, of length n
        Their features.
    """

    def __init__(self, records: Array, features: FeatureSet) -> None:
        self.records = records
        self._marks = features.marks
        compared = self.compared(records)
        slices = sorted(features.slices.items(), key=lambda item: item[1].stop - item[1].start > 1)
        self.ids = np.array([column for column, _ in slices])
        self.features = [own for _, own in slices]
        self._single = np.array([own.start for own in self.features if own.stop - own.start == 1], np.intp)
        self._numbers = np.ascontiguousarray(compared[:, self._single].T)[:, np.newaxis]
        self._several = [_several(records, compared, own) for own in self.features[len(self._single) :]]

    def known(self) -> KnownColumns:
        """Return the records, as compiled code takes them."""
        several = [ColumnValues(of.features, of.compared, of.codes) for of in self._several]
        return KnownColumns(len(self.records), self._single.astype(np.int64), self._numbers[:, 0], several)

    def compared(self, x: Array) -> Array:
        """Return the features whose differences are distances: marks of filled holes are not."""
        return x if self._marks is None else np.where(self._marks, np.float32(0), x)

    def blocks(self, x: Array) -> Iterator[tuple[slice, Array]]:
        """Yield squared distances by each column, for some records at a time.

        Parameters
        ----------
        x : ndarray of float32 of shape (n, n_features)
            Features of records.

        Yields
        ------
        rows : slice
            Rows of `x`.
        distances : ndarray of float32 of shape (n_columns, n_rows, m)
            Distances by each column of `ids`, of each of these rows to each of `records`. The array is used again for
            the next rows, and may be changed.
        """
        step = max(1, _BLOCK_CELLS // (len(self.records) * len(self.ids)))
        memory = np.empty((len(self.ids), min(step, len(x)), len(self.records)), np.float32)
        for first in range(0, len(x), step):
            rows = slice(first, min(first + step, len(x)))
            distances = memory[:, : rows.stop - first]
            self._measure(self.compared(x[rows]), distances)
            yield rows, distances

    def medoids(self, position: int, near: Array) -> Array:
        """Return the value of a column with the least sum of absolute differences from those of some records.

        Of numbers it is the median, of categories the most frequent one.

        Parameters
        ----------
        position : int
            Position of the column in `ids`.
        near : ndarray of int of shape (n, k), k odd
            For each of n values, the rows of k records.

        Returns
        -------
        ndarray of float32 of shape (n, n_features_of_the_column)
            Features of one of the k records.
        """
        values = self.records[near, self.features[position]]
        if position < len(self._single):
            return np.asarray(np.partition(values, near.shape[1] // 2, axis=1)[:, near.shape[1] // 2])
        several = self._several[position - len(self._single)]
        if several.codes is None:
            sums = sum(_sums_of_differences(values[:, :, j]) for j in range(values.shape[2]))
        else:
            apart = np.abs(several.values[:, np.newaxis] - several.values).sum(axis=2)
            codes = several.codes[near]
            sums = apart[codes[:, :, np.newaxis], codes[:, np.newaxis]].sum(axis=2)
        return np.asarray(values[np.arange(len(values)), np.argmin(sums, axis=1)])

    def _measure(self, x: Array, distances: Array) -> None:
        single = distances[: len(self._single)]
        np.subtract(x.T[self._single][:, :, np.newaxis], self._numbers, out=single)
        np.square(single, out=single)
        for own, several in zip(distances[len(self._single) :], self._several, strict=True):
            if several.codes is None:
                own[:] = 0
                for value, known in zip(x.T[several.features], several.compared.T, strict=True):
                    own += np.square(value[:, np.newaxis] - known)
            else:
                apart = x[:, np.newaxis, several.features] - several.compared
                np.take(np.einsum("nvj,nvj->nv", apart, apart), several.codes, axis=1, out=own, mode="clip")


def _several(records: Array, compared: Array, features: slice) -> _Several:
    own, compared = records[:, features], compared[:, features]
    values, first, codes = np.unique(own, axis=0, return_index=True, return_inverse=True)
    if len(values) > _MOST_DISTINCT:
        return _Several(features, own, np.asfortranarray(compared), None)
    return _Several(features, values, compared[first], codes.ravel())


def _sums_of_differences(values: Array) -> Array:
    """Return the sum of absolute differences of each of k numbers from the others, of shape (n, k)."""
    return np.asarray(np.abs(values[:, :, np.newaxis] - values[:, np.newaxis]).sum(axis=2))
