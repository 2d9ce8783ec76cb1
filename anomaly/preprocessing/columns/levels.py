"""Columns of numbers with few distinct values, and of booleans, as categories: their levels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from anomaly.errors import DataError
from anomaly.preprocessing.columns.categories import CategoryColumn
from anomaly.preprocessing.columns.parsing import category_number, category_text, parse_boolean, parse_number
from anomaly.tables.cells import text_array
from nnlite.types import Array

# A distance between numbers says more than a mismatch of categories as soon as there are some ten of them: the limit is
# that of common rating scales. With fewer rows a level, the levels of a later record may be new by chance.
_MOST_LEVELS, _LEAST_ROWS_PER_LEVEL = 5, 5
_SAMPLE = 100
_BOOLEANS = ("False", "True")


class LevelColumn(CategoryColumn):
    """A column of a few whole numbers, or of booleans, with a group for each level. Its cells are restored as such.

    Parameters are those of `CategoryColumn`. Booleans have no other categories than True and False.

    Examples
    --------
    >>> import numpy as np
    >>> column, groups = LevelColumn.of_numbers("doors", np.array([2.0, 4.0] * 10), 2, 50)
    >>> column.groups, groups[:3].tolist()
    (('2', '4', '<unseen>'), [0, 1, 0])
    >>> column.read(np.array(["4.0", "5", None], dtype=object)).tolist()
    [1, 2, -1]
    """

    @classmethod
    def of_numbers(
        cls, name: str, numbers: Array, min_count: int, max_categories: int, missing: str = "nan"
    ) -> tuple[LevelColumn, Array]:
        """Fit a column to training values that are numbers; see `CategoryColumn.learn`."""
        return cls.learn(name, numbers, min_count, max_categories, missing=missing, numeric=True)

    @classmethod
    def of_booleans(
        cls, name: str, numbers: Array, min_count: int, max_categories: int, missing: str = "nan"
    ) -> tuple[LevelColumn, Array]:
        """Fit a column to training values that are 1 for true, 0 for false and NaN; see `CategoryColumn.learn`."""
        texts = (None if x != x else _BOOLEANS[int(x)] for x in numbers.tolist())
        cells = text_array(texts, len(numbers))
        return cls.learn(name, cells, min_count, max_categories, missing=missing, numeric=True)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> LevelColumn:
        """Restore a column from the values of `get_config`; raise `DataError` for an invalid field."""
        column = super().from_config(config)
        texts = (*column.categories, *column.rare)
        numbers = {column._number_of(text) for text in texts}
        if len(numbers) < 2 or not all(number is not None and math.isfinite(number) for number in numbers):
            raise DataError(f"preprocessing: the levels of column {column.name!r} are not numbers, or booleans")
        return column

    @property
    def boolean(self) -> bool:
        """Whether the levels are True and False."""
        return {*self.categories, *self.rare} <= {*_BOOLEANS}

    def get_config(self) -> dict[str, Any]:
        """Return the attributes of the column, as JSON values."""
        return {**super().get_config(), "levels": True}

    def read(self, cells: Array) -> Array:
        """Return the group of each cell, as `CategoryColumn.read`, but fast for numbers."""
        if cells.dtype.kind not in "fb" or not self._by_number:
            return super().read(cells)
        numbers = cells.astype(np.float64, copy=False)
        levels = np.array(sorted(self._by_number))
        nearest = np.minimum(np.searchsorted(levels, numbers), len(levels) - 1)
        groups = np.array([self._by_number[level] for level in levels.tolist()], dtype=np.intp)[nearest]
        groups[levels[nearest] != numbers] = self.unseen_group
        groups[np.isnan(numbers)] = self._missing
        return groups

    def sizes(self, cells: Array, groups: Array) -> Array | float:
        """Return how many times the weight of a category the indicator feature of each cell is.

        An unseen number is as many times as large as its distance from the nearest level is larger than the mean
        distance between neighboring levels, but at least once: 5,000 is further from 1, 2 and 3 than 4 is.

        Parameters
        ----------
        cells : ndarray of shape (n_rows,)
            Values of the column.
        groups : ndarray of int of shape (n_rows,)
            Their groups, from `read`.

        Returns
        -------
        ndarray of float64 of shape (n_rows,), or 1.0 if no number is unseen
            At least 1; infinite for an infinite number.
        """
        unseen = np.flatnonzero(groups == self.unseen_group)
        if self.boolean or not len(unseen):
            return 1.0
        found = (category_number(text) if (text := category_text(cell)) else None for cell in cells[unseen].tolist())
        numbers = np.array([np.nan if number is None else number for number in found])
        levels = np.array(list(self._by_number))
        with np.errstate(over="ignore"):  # of the largest numbers, an infinite size is bounded like any other
            distances = np.abs(numbers[:, np.newaxis] - levels).min(axis=1) * (len(levels) - 1) / np.ptp(levels)
        sizes = np.ones(len(groups))
        sizes[unseen] = np.fmax(distances, 1.0)
        return sizes

    def restore(self, groups: Array, real: bool = False) -> Array:
        """Return the numbers or the booleans of groups, NaN or None for missing values; see `CategoryColumn.restore`.

        The group of unseen values, and that of rare ones without `real`, are missing values.
        """
        texts = super().restore(groups, real)
        numbers = {text: self._number_of(text) for text in set(texts) if text is not None}
        values = np.array([np.nan if (x := numbers.get(text)) is None else x for text in texts], dtype=np.float64)
        if not self.boolean:
            return values
        if np.isnan(values).any():
            return text_array((None if x != x else "true" if x else "false" for x in values.tolist()), len(values))
        return values == 1

    def summary(self) -> str:
        """Return a text that lists the groups, and says what the levels are."""
        kind = "booleans" if self.boolean else "numbers"
        return super().summary().replace("categories", f"{kind} as categories", 1)

    def _number_of(self, text: str) -> float | None:
        return parse_boolean(text) if self.boolean else parse_number(text)


def are_levels(numbers: Array) -> bool:
    """Return whether numbers are levels: two values, or up to five integers, of at least 5 rows each on average.

    Parameters
    ----------
    numbers : ndarray of float of shape (n_rows,)
        Training values; NaN is missing.

    Examples
    --------
    >>> import numpy as np
    >>> are_levels(np.array([0.0, 1.0] * 5)), are_levels(np.arange(100.0)), are_levels(np.array([0.0, 1.0]))
    (True, False, False)
    """
    # A few values are enough to reject most columns.
    return _few_distinct(numbers[:_SAMPLE]) is not None and _have_enough_rows(numbers)


def _have_enough_rows(numbers: Array) -> bool:
    distinct = _few_distinct(numbers)
    n_rows = int(np.count_nonzero(~np.isnan(numbers)))
    return (
        distinct is not None
        and len(distinct) > 1
        and n_rows >= _LEAST_ROWS_PER_LEVEL * len(distinct)
        and (len(distinct) == 2 or all(map(float.is_integer, distinct)))
    )


def _few_distinct(numbers: Array) -> list[float] | None:
    """Return the distinct finite values, or None if they are too many; without sorting, in one pass for each."""
    values = numbers[~np.isnan(numbers)]
    distinct: list[float] = []
    while len(values):
        if len(distinct) == _MOST_LEVELS or np.isinf(values[0]):
            return None
        distinct.append(float(values[0]))
        values = values[values != values[0]]
    return distinct
