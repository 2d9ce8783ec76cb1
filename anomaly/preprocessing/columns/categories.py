"""Columns of categories: text, or numbers that stand for something, and the few places that their values belong to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from anomaly.preprocessing.columns.parsing import category_number, category_text, distinct_cells
from anomaly.preprocessing.state import field, texts
from anomaly.tables.cells import text_array
from nnlite.types import Array

_MOST_RARE = 10_000


class CategoryColumn:
    """A column of text, or of numbers that stand for something; each cell belongs to one of a few places.

    There is a place for each category, for those too rare to have one, for missing values if there were any in
    training, and for values not seen in training. Where new values are the rule (at least half of the training rows
    hold a value that occurs once, as in a column of identifiers) a new value is nothing unusual: it shares the place
    of the rare ones.

    Parameters
    ----------
    name : str
        Of the column.
    categories : sequence of str
        Those with a place of their own.
    rare : sequence of str
        Those that share one.
    has_missing : bool
        Whether training values were missing.
    open_ended : bool
        Whether new values are the rule; `rare` is not remembered then.
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
        self.places = (
            *categories,
            *(["<rare>"] if rare or open_ended else []),
            *(["<missing>"] if has_missing else []),
            *([] if open_ended else ["<unseen>"]),
        )
        self._unseen = len(categories) if open_ended else len(self.places) - 1
        self._missing = self.places.index("<missing>", len(categories)) if has_missing else self._unseen
        self._by_text = {text: place for place, text in enumerate(categories)}
        self._by_text.update(dict.fromkeys(rare, len(categories)))
        self._by_number: dict[float, int] = {}
        for text, place in self._by_text.items():
            number = category_number(text)
            if number is not None:
                self._by_number.setdefault(number, place)

    @classmethod
    def learn(cls, name: str, cells: Array, min_count: int, max_categories: int) -> tuple[CategoryColumn, Array]:
        """Find the categories of a training column.

        Parameters
        ----------
        name : str
            Of the column.
        cells : ndarray of shape (n_rows,)
            Its training values.
        min_count : int
            Categories that occur less often are rare.
        max_categories : int
            Only so many, the most frequent, have a place of their own.

        Returns
        -------
        column : CategoryColumn
            What was learned.
        places : ndarray of int of shape (n_rows,)
            The place of each training value.
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
        return column, column._places_of(distinct)[indices]

    def get_config(self) -> dict[str, Any]:
        """Return what is known of the column, as JSON values."""
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
        """Make a column of what `get_config` returned; raise `DataError` if it cannot have."""
        return cls(
            field(config, "name", str),
            texts(config, "categories"),
            texts(config, "rare"),
            has_missing=field(config, "has_missing", bool),
            open_ended=field(config, "open_ended", bool),
            numeric=field(config, "numeric", bool),
        )

    def read(self, cells: Array) -> Array:
        """Return the place of each cell.

        Parameters
        ----------
        cells : ndarray of shape (n_rows,)
            The column's values.

        Returns
        -------
        ndarray of int of shape (n_rows,)
            Indices into `places`.
        """
        distinct, indices = distinct_cells(cells)
        return self._places_of(distinct)[indices]

    def restore(self, places: Array) -> Array:
        """Return the text of places; None for the place of missing values.

        Parameters
        ----------
        places : ndarray of int of shape (n_rows,)
            Indices into `places`.

        Returns
        -------
        ndarray of object of shape (n_rows,)
            Text.
        """
        texts: list[str | None] = list(self.places)
        if self.has_missing:
            texts[self._missing] = None
        return text_array((texts[place] for place in places.tolist()), len(places))

    def _places_of(self, distinct: list[Any]) -> Array:
        return np.array([self._place(value) for value in distinct], dtype=np.intp)

    def _place(self, value: Any) -> int:
        text = category_text(value)
        if text is None:
            return self._missing
        place = self._by_text.get(text)
        if place is None and (self.numeric or not isinstance(value, str)):
            number = category_number(text)
            place = None if number is None else self._by_number.get(number)
        return self._unseen if place is None else place


def count_categories(distinct: list[Any], indices: Array) -> Counter[str | None]:
    """Count what `distinct_cells` found, by its text as a category; None is missing."""
    counts: Counter[str | None] = Counter()
    for value, count in zip(distinct, np.bincount(indices).tolist(), strict=True):
        counts[category_text(value)] += count
    return counts
