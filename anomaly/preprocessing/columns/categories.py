"""Columns of categories: text, or numbers that are codes, and the indicator features of their values."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

import numpy as np

from anomaly.errors import DataError, format_names
from anomaly.preprocessing.columns.missing import are_marked
from anomaly.preprocessing.columns.parsing import category_number, category_text, distinct_cells, parse_number
from anomaly.tables.cells import number_text, text_array
from anomaly.tables.patterns import DelayedPattern
from anomaly.tables.saved_state import field, texts
from nnlite.types import Array

C = TypeVar("C", bound="CategoryColumn")

HOLE = -1
"""Group of a missing cell of a column in which missing values have no group of their own."""

_MOST_RARE = 10_000
# Given enough of them, rows with a value that occurs once are about as frequent as later rows with a new value: Good,
# "The population frequencies of species and the estimation of population parameters", Biometrika 40 (1953).
_OFTEN_NEW, _LEAST_ONCE = 0.05, 20
# Text of an integer with decimals that are zero. Leading zeros belong to codes, not to numbers.
_INTEGER_WITH_DECIMALS = DelayedPattern(r"-?(0|[1-9]\d*)\.0*", re.ASCII)
# Numbers with text among them ("2", "3", "4", "5more") are categories if they have few distinct values, of many rows
# each, and no text is so rare that it may be a typing error.
_MOST_CODES, _LEAST_ROWS_PER_CODE = 20, 5
_LEAST_TEXT_COUNT, _LEAST_TEXT_FRACTION = 2, 0.01


class CategoryColumn:
    """A column of text, or of numbers that are codes. Each cell belongs to one of a few groups, its feature.

    There is a group for each frequent category, one for all rare categories, one for missing values if enough of them
    are in training, and one for values not seen in training. In an open-ended column a new value is normal: it belongs
    to the group of the rare categories. It is one in which at least 5 % of the training rows, and at least 20, or half
    of them, have a value that occurs once, as in columns of identifiers, names or products.

    Parameters
    ----------
    name : str
        Name of the column.
    categories : tuple of str
        Frequent categories, each with its own group.
    rare : tuple of str
        Rare categories, which share one group.
    has_missing : bool
        Whether missing values have a group.
    open_ended : bool
        Whether new values are normal; `rare` is empty then.
    numeric : bool
        Whether the training values were numbers for the most part, so that the text "1e0" is the category 1. "1.0" is
        in any case: numbers are written so as soon as one of their column is missing.
    most_frequent : str, optional
        Most frequent of `categories`. None if there are none, or in files of earlier versions.
    most_frequent_rare : str, optional
        Most frequent of `rare`, likewise.
    """

    kind: ClassVar[str] = "category"
    n_once = 0
    """Number of training rows that hold a value met once; known after `learn` alone."""
    n_present = 0
    """Number of training rows that hold a value, likewise."""

    def __init__(
        self,
        name: str,
        categories: tuple[str, ...],
        rare: tuple[str, ...],
        *,
        has_missing: bool,
        open_ended: bool,
        numeric: bool,
        most_frequent: str | None = None,
        most_frequent_rare: str | None = None,
    ) -> None:
        self.name = name
        self.categories = categories
        self.rare = rare
        self.has_missing = has_missing
        self.open_ended = open_ended
        self.numeric = numeric
        self.most_frequent = most_frequent
        self.most_frequent_rare = most_frequent_rare
        self.groups = (
            *categories,
            *(["<rare>"] if rare or open_ended else []),
            *(["<missing>"] if has_missing else []),
            *([] if open_ended else ["<unseen>"]),
        )
        self.unseen_group = len(categories) if open_ended else len(self.groups) - 1
        self._missing = self.groups.index("<missing>", len(categories)) if has_missing else HOLE
        self._by_text = {text: group for group, text in enumerate(categories)}
        self._by_text.update(dict.fromkeys(rare, len(categories)))
        self._by_merged: dict[str, int] = {}
        self._by_number: dict[float, int] = {}
        for text, group in self._by_text.items():
            self._by_merged.setdefault(_without_decimals(text), group)
            number = self._number_of(text)
            if number is not None:
                self._by_number.setdefault(number, group)

    @classmethod
    def learn(
        cls: type[C],
        name: str,
        cells: Array,
        min_count: int,
        max_categories: int,
        *,
        missing: str = "median",
        numeric: bool | None = None,
        known: tuple[Counter[str | None], float] | None = None,
    ) -> tuple[C, Array]:
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
        missing : {"median", "nan"}, default "median"
            Treatment of missing cells, see `anomaly.preprocessing.columns.missing`.
        numeric : bool, optional
            Whether text such as "1" and "1e0" is one category. By default, whether more than half of the values are
            numbers, as those of `are_codes` are.
        known : tuple of (Counter, float), optional
            Number of cells of each category, and the fraction of missing ones, in all rows, where `cells` is a sample.

        Returns
        -------
        column : CategoryColumn
            The fitted column.
        groups : ndarray of int of shape (n_rows,)
            Group of each training value; `HOLE` for missing ones without a group.
        """
        distinct, indices = distinct_cells(cells)
        counts, missing_fraction = known or _counted(distinct, indices)
        if numeric is None:
            numeric = cells.dtype.kind in "fb" or _are_mostly_numbers(counts)
        counts = _merge_equal_numbers(counts, renamed=numeric)
        ranking = sorted(counts, key=lambda text: (-counts[text], str(text)))
        texts = [text for text in ranking if text is not None]
        common = [text for text in texts[:max_categories] if counts[text] >= min_count]
        rare = texts[len(common) :]
        once = sum(counts[text] == 1 for text in rare)
        often_new = once >= max(_LEAST_ONCE, _OFTEN_NEW * counts.total())
        open_ended = once > 0 and (often_new or 2 * once >= counts.total() or len(rare) > _MOST_RARE)
        column = cls(
            name,
            tuple(sorted(common)),
            () if open_ended else tuple(sorted(rare)),
            has_missing=bool(are_marked(np.array(missing_fraction), missing)),
            open_ended=open_ended,
            numeric=numeric,
            most_frequent=common[0] if common else None,
            most_frequent_rare=rare[0] if rare and not open_ended else None,
        )
        column.n_once, column.n_present = once, counts.total()
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
            **({} if self.most_frequent is None else {"most_frequent": self.most_frequent}),
            **({} if self.most_frequent_rare is None else {"most_frequent_rare": self.most_frequent_rare}),
        }

    @classmethod
    def from_config(cls: type[C], config: Mapping[str, Any]) -> C:
        """Restore a column from the values of `get_config`; raise `DataError` for an invalid field."""
        categories, rare = texts(config, "categories"), texts(config, "rare")
        return cls(
            field(config, "name", str),
            categories,
            rare,
            has_missing=field(config, "has_missing", bool),
            open_ended=field(config, "open_ended", bool),
            numeric=field(config, "numeric", bool),
            most_frequent=_one_of(config, "most_frequent", categories),
            most_frequent_rare=_one_of(config, "most_frequent_rare", rare),
        )

    @property
    def known_texts(self) -> dict[str, int]:
        """Group of each text of training, and of integers both with and without a decimal that is zero."""
        known = {text: group for key, group in self._by_merged.items() for text in (key, _with_decimals(key))}
        return {**known, **self._by_text}

    @property
    def known_numbers(self) -> dict[float, int]:
        """Group of each text of training that is a number, by the number."""
        return dict(self._by_number)

    @property
    def missing_group(self) -> int:
        """Group of missing cells, or `HOLE`."""
        return self._missing

    def read(self, cells: Array) -> Array:
        """Return the group of each cell.

        Parameters
        ----------
        cells : ndarray of shape (n_rows,)
            Values of the column.

        Returns
        -------
        ndarray of int of shape (n_rows,)
            Indices into `groups`; `HOLE` for missing cells without a group.
        """
        distinct, indices = distinct_cells(cells)
        return self.groups_of(distinct)[indices]

    def sizes(self, cells: Array, groups: Array) -> Array | float:  # noqa: ARG002
        """Return how many times the weight of a category the indicator feature of each cell is: 1.

        Parameters
        ----------
        cells : ndarray of shape (n_rows,)
            Values of the column.
        groups : ndarray of int of shape (n_rows,)
            Their groups, from `read`.
        """
        return 1.0

    @property
    def typical_group(self) -> int | None:
        """Group of the most frequent category, or of the rare ones if there are no others; None if not known."""
        if self.most_frequent is not None:
            return self.categories.index(self.most_frequent)
        return None if self.categories else 0

    def expected_groups(self, features: Array) -> Array:
        """Return the group that a reconstruction of the features expects.

        That of unseen values is expected by none: it is 0 in all training rows.

        Parameters
        ----------
        features : ndarray of shape (n_rows, n_groups)
            Reconstructed features of the column; NaN where unknown.

        Returns
        -------
        ndarray of int of shape (n_rows,)
            The group with the largest feature, without that of unseen values. `HOLE` where a feature is NaN, and for an
            unseen value as such, whose other features are all 0.
        """
        unknown = np.isnan(features).any(axis=1)
        met = features
        if not self.open_ended:
            met = features[:, :-1]
            unknown |= (features[:, -1] > 0) & ~(met > 0).any(axis=1)
        return np.where(unknown, HOLE, met.argmax(axis=1))

    def restore(self, groups: Array, real: bool = False) -> Array:
        """Return the text of groups; None for missing values.

        Parameters
        ----------
        groups : ndarray of int of shape (n_rows,)
            Indices into `groups`, or `HOLE`.
        real : bool, default False
            Whether the group of rare categories is its most frequent category, which is None in an open-ended column,
            where it is not known; otherwise it is "<rare>".

        Returns
        -------
        ndarray of object of shape (n_rows,)
            Text.
        """
        texts: list[str | None] = [*self.groups, None]
        if self.has_missing:
            texts[self._missing] = None
        if real and (self.rare or self.open_ended):
            texts[len(self.categories)] = self.most_frequent_rare
        return text_array((texts[group] for group in groups.tolist()), len(groups))

    def summary(self) -> str:
        """Return a text that lists the groups."""
        others = [group.strip("<>") for group in self.groups[len(self.categories) :]]
        text = f"{len(self.categories)} categor{'y' if len(self.categories) == 1 else 'ies'}"
        text += f": {format_names(self.categories)}" if self.categories else ""
        return text + (f"; {', '.join(others)}" if others else "")

    def groups_of(self, distinct: list[Any]) -> Array:
        """Return the group of each of a list of distinct values."""
        return np.array([self._group(value) for value in distinct], dtype=np.intp)

    def _group(self, value: Any) -> int:
        text = category_text(value)
        if text is None:
            # In a file of an earlier version, a text that is missing now may be a category.
            return self._by_text.get(value.strip(), self._missing) if isinstance(value, str) else self._missing
        group = self._by_text.get(text)
        if group is None:
            text = _without_decimals(text)
            group = self._by_merged.get(text)
        if group is None and (self.numeric or not isinstance(value, str)):
            number = self._number_of(text)
            group = None if number is None else self._by_number.get(number)
        return self.unseen_group if group is None else group

    def _number_of(self, text: str) -> float | None:
        """Return the number of a category, or None."""
        return category_number(text)


def count_categories(distinct: list[Any], indices: Array) -> Counter[str | None]:
    """Count the cells of each category, None for missing, from the result of `distinct_cells`."""
    counts: Counter[str | None] = Counter()
    for value, count in zip(distinct, np.bincount(indices).tolist(), strict=True):
        counts[category_text(value)] += count
    return counts


def _counted(distinct: list[Any], indices: Array) -> tuple[Counter[str | None], float]:
    """Return the number of cells of each category, and the fraction of missing cells."""
    counts = count_categories(distinct, indices)
    return counts, counts.pop(None, 0) / max(1, len(indices))


def are_codes(counts: Mapping[str, int]) -> bool:
    """Return whether text, of which most is numbers, is categories rather than numbers with errors.

    Parameters
    ----------
    counts : mapping of str to int
        Number of cells of each text, without missing ones.

    Examples
    --------
    >>> are_codes({"2": 30, "3": 30, "4": 30, "5more": 30}), are_codes({"2": 30, "3": 30, "4": 30, "3o": 1})
    (True, False)
    """
    total = sum(counts.values())
    least = max(_LEAST_TEXT_COUNT, _LEAST_TEXT_FRACTION * total)
    return (
        len(counts) <= _MOST_CODES
        and total >= _LEAST_ROWS_PER_CODE * len(counts)
        and all(count >= least for text, count in counts.items() if parse_number(text) is None)
    )


def _are_mostly_numbers(counts: Counter[str | None]) -> bool:
    matches = sum(count for text, count in counts.items() if text is not None and parse_number(text) is not None)
    return 2 * matches > counts.total()


def _merge_equal_numbers(counts: Counter[str | None], renamed: bool) -> Counter[str | None]:
    """Add up the counts of 1 and 1.0: of the number, or if it is not to be renamed of its first spelling."""
    merged: Counter[str | None] = Counter()
    spelling: dict[str, str] = {}
    for text, count in counts.items():
        key = None if text is None else _without_decimals(text)
        merged[key if renamed or key is None or text is None else spelling.setdefault(key, text)] += count
    return merged


def _without_decimals(text: str) -> str:
    return number_text(float(text)) if _INTEGER_WITH_DECIMALS.fullmatch(text) else text


def _with_decimals(text: str) -> str:
    return f"{text}.0" if _INTEGER_WITH_DECIMALS.fullmatch(f"{text}.0") else text


def _one_of(config: Mapping[str, Any], name: str, known: tuple[str, ...]) -> str | None:
    """Return a text of a configuration that is one of those known, or None if it is not there."""
    if name not in config:
        return None
    text = field(config, name, str)
    if text not in known:
        raise DataError(f"preprocessing: {name!r} is not one of the categories of its column; found {text!r}")
    return text
