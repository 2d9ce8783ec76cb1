"""Columns of categories: text, or numbers that are codes, and the indicator features of their values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from anomaly.errors import format_names
from anomaly.preprocessing.columns.parsing import category_number, category_text, distinct_cells
from anomaly.tables.cells import text_array
from anomaly.tables.saved_state import field, texts
from nnlite.types import Array

_MOST_RARE = 10_000


class CategoryColumn:
    """A column of text, or of numbers that are codes. Each cell belongs to one of a few groups, its feature.

    There is a group for each frequent category, one for all rare categories, one for missing values if there are any
    in training, and one for values not seen in training. In an open-ended column (at least half of the training rows
    have a value that occurs once, as in a column of identifiers) a new value is normal: it belongs to the group of the
    rare categories.

    Parameters
    ----------
    name : str
        Name of the column.
    categories : tuple of str
        Frequent categories, each with its own group.
    rare : tuple of str
        Rare categories, which share one group.
    has_missing : bool
        Whether training values were missing.
    open_ended : bool
        Whether new values are normal; `rare` is empty then.
    numeric : bool
        Whether the training values were numbers, so that the text "1.0" is the category 1.
    """

    kind: ClassVar[str] = "category"

    def __init__(
        self,
        name: str,
        categories: tuple[str, ...],
        rare: tuple[str, ...],
        *,
        has_missing: bool,
        open_ended: bool,
        numeric: bool,
    ) -> None:
        self.name = name
        self.categories = categories
        self.rare = rare
        self.has_missing = has_missing
        self.open_ended = open_ended
        self.numeric = numeric
        self.groups = (
            *categories,
            *(["<rare>"] if rare or open_ended else []),
            *(["<missing>"] if has_missing else []),
            *([] if open_ended else ["<unseen>"]),
        )
        self._unseen = len(categories) if open_ended else len(self.groups) - 1
        self._missing = self.groups.index("<missing>", len(categories)) if has_missing else self._unseen
        self._by_text = {text: group for group, text in enumerate(categories)}
        self._by_text.update(dict.fromkeys(rare, len(categories)))
        self._by_number: dict[float, int] = {}
        for text, group in self._by_text.items():
            number = category_number(text)
            if number is not None:
                self._by_number.setdefault(number, group)

    @classmethod
    def learn(cls, name: str, cells: Array, min_count: int, max_categories: int) -> tuple[CategoryColumn, Array]:
        """Fit the categories of a training column.

        Parameters
        ----------
        name : str
            Name of the column.
        cells : ndarray of shape (n_rows,)
            Training values.
        min_count : int
            Categories that occur less often are rare.
        max_categories : int
            The largest number of frequent categories; the others are rare.

        Returns
        -------
        column : CategoryColumn
            The fitted column.
        groups : ndarray of int of shape (n_rows,)
            Group of each training value.
        """
        distinct, indices = distinct_cells(cells)
        counts = count_categories(distinct, indices)
        has_missing = counts.pop(None, 0) > 0
        ranking = sorted(counts, key=lambda text: (-counts[text], str(text)))
        texts = [text for text in ranking if text is not None]
        common = [text for text in texts[:max_categories] if counts[text] >= min_count]
        rare = texts[len(common) :]
        once = sum(counts[text] == 1 for text in rare)
        open_ended = once > 0 and (2 * once >= counts.total() or len(rare) > _MOST_RARE)
        column = cls(
            name,
            tuple(sorted(common)),
            () if open_ended else tuple(sorted(rare)),
            has_missing=has_missing,
            open_ended=open_ended,
            numeric=cells.dtype.kind in "fb",
        )
        return column, column.groups_of(distinct)[indices]

    def get_config(self) -> dict[str, Any]:
        """Return the attributes of the column, as JSON values."""
        return {
            "kind": self.kind,
            "name": self.name,
            "categories": list(self.categories),
            "rare": list(self.rare),
            "has_missing": self.has_missing,
            "open_ended": self.open_ended,
            "numeric": self.numeric,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> CategoryColumn:
        """Restore a column from the values of `get_config`; raise `DataError` for an invalid field."""
        return cls(
            field(config, "name", str),
            texts(config, "categories"),
            texts(config, "rare"),
            has_missing=field(config, "has_missing", bool),
            open_ended=field(config, "open_ended", bool),
            numeric=field(config, "numeric", bool),
        )

    def read(self, cells: Array) -> Array:
        """Return the group of each cell.

        Parameters
        ----------
        cells : ndarray of shape (n_rows,)
            Values of the column.

        Returns
        -------
        ndarray of int of shape (n_rows,)
            Indices into `groups`.
        """
        distinct, indices = distinct_cells(cells)
        return self.groups_of(distinct)[indices]

    def restore(self, groups: Array) -> Array:
        """Return the text of groups; None for the group of missing values.

        Parameters
        ----------
        groups : ndarray of int of shape (n_rows,)
            Indices into `groups`.

        Returns
        -------
        ndarray of object of shape (n_rows,)
            Text.
        """
        texts: list[str | None] = list(self.groups)
        if self.has_missing:
            texts[self._missing] = None
        return text_array((texts[group] for group in groups.tolist()), len(groups))

    def summary(self) -> str:
        """Return a text that lists the groups."""
        others = [group.strip("<>") for group in self.groups[len(self.categories) :]]
        text = f"{len(self.categories)} categories"
        text += f": {format_names(self.categories)}" if self.categories else ""
        return text + (f"; {', '.join(others)}" if others else "")

    def groups_of(self, distinct: list[Any]) -> Array:
        """Return the group of each of a list of distinct values."""
        return np.array([self._group(value) for value in distinct], dtype=np.intp)

    def _group(self, value: Any) -> int:
        text = category_text(value)
        if text is None:
            return self._missing
        group = self._by_text.get(text)
        if group is None and (self.numeric or not isinstance(value, str)):
            number = category_number(text)
            group = None if number is None else self._by_number.get(number)
        return self._unseen if group is None else group


def count_categories(distinct: list[Any], indices: Array) -> Counter[str | None]:
    """Count the cells of each category, None for missing, from the result of `distinct_cells`."""
    counts: Counter[str | None] = Counter()
    for value, count in zip(distinct, np.bincount(indices).tolist(), strict=True):
        counts[category_text(value)] += count
    return counts
