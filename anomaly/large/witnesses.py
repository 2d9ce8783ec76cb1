"""Rows that a random sample may lack and that decide how a column is understood.

These are the rows with the smallest and the largest number or date of each column, the first ones of its first few
distinct numbers, the first with a fraction, the first with a missing cell, and the first of each form of text. A number
that is infinite, or text among numbers, is found so however long the table is, and its line is named as in a short one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from anomaly.preprocessing.columns.parsing import distinct_cells, missing_cells
from anomaly.tables import Table
from nnlite.types import Array

# One more than the levels that a column of few numbers may have.
_MOST_NUMBERS = 6
_MOST_FORMS = 40
_LONGEST = 40
_RUN = re.compile(r"(.)\1+", re.DOTALL)
_LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CLASSES = dict.fromkeys(b"0123456789", "9") | dict.fromkeys(_LETTERS, "a")

Place = tuple[int, int]
"""Part and row."""


def form_of(text: str) -> str:
    """Return the form of a text: runs of digits and of letters as one character each.

    Examples
    --------
    >>> form_of("2024-05-17 at noon"), form_of("-17.5")
    ('9-9-9 a a', '-9.9')
    """
    return _RUN.sub(r"\1", text[:_LONGEST].translate(_CLASSES))


@dataclass
class Witnesses:
    """Rows of a table that is seen in parts, in any order."""

    _extremes: dict[tuple[str, int], tuple[Any, Place]] = field(default_factory=dict)
    _firsts: dict[str, dict[Any, Place]] = field(default_factory=dict)
    _rows: dict[Place, Table] = field(default_factory=dict)

    def add(self, table: Table, part: int, rows: Array) -> None:
        """Add rows of a part, in their order; `rows` are their numbers in it."""
        found: set[int] = set()
        for name, cells in zip(table.names, table.columns, strict=True):
            for index in self._notice(name, cells, part, rows):
                found.add(index)
        for index in found:
            self._rows[part, int(rows[index])] = table.rows([index])
        if len(self._rows) > 4 * self._most(len(table.names)):
            self._let_go()

    def merge(self, other: Witnesses) -> None:
        """Add the rows of other parts."""
        for (name, sign), (value, place) in other._extremes.items():
            self._keep_extreme(name, sign, value, place)
        for name, firsts in other._firsts.items():
            for key, place in firsts.items():
                self._keep_first(name, key, place)
        self._rows |= other._rows
        self._let_go()

    def finish(self) -> list[tuple[Place, Table]]:
        """Return the rows with their places, in their order."""
        self._let_go()
        return sorted(self._rows.items(), key=lambda item: item[0])

    @staticmethod
    def _most(n_columns: int) -> int:
        return n_columns * (2 + _MOST_NUMBERS + _MOST_FORMS)

    def _let_go(self) -> None:
        """Let go of rows that others have taken the place of."""
        kept = {place for _, place in self._extremes.values()}
        kept.update(place for firsts in self._firsts.values() for place in firsts.values())
        self._rows = {place: row for place, row in self._rows.items() if place in kept}

    def _notice(self, name: str, cells: Array, part: int, rows: Array) -> Iterator[int]:
        """Yield the indices of the rows that are kept for a column."""
        kind = cells.dtype.kind
        if kind in "fM":
            present = np.flatnonzero(~missing_cells(cells))
            if len(present):
                yield from self._notice_extremes(name, cells, present, part, rows)
            if len(present) < len(cells):
                absent = np.ones(len(cells), np.bool_)
                absent[present] = False
                yield from self._first(name, None, int(absent.argmax()), part, rows)
            if kind == "f":
                yield from self._notice_numbers(name, cells[present], present, part, rows)
        elif kind == "b":
            for value in (False, True):
                same = cells == value
                if same.any():
                    yield from self._first(name, value, int(same.argmax()), part, rows)
        else:
            yield from self._notice_forms(name, cells, part, rows)

    def _notice_extremes(self, name: str, cells: Array, present: Array, part: int, rows: Array) -> Iterator[int]:
        values = cells[present].astype(np.int64 if cells.dtype.kind == "M" else np.float64)
        for sign, nearest in ((-1, values.argmin()), (1, values.argmax())):
            index = int(present[nearest])
            if self._keep_extreme(name, sign, values[nearest].item(), (part, int(rows[index]))):
                yield index

    def _notice_numbers(self, name: str, values: Array, present: Array, part: int, rows: Array) -> Iterator[int]:
        firsts = self._firsts.setdefault(name, {})
        fraction = values != np.rint(values)
        if ("fraction",) not in firsts and fraction.any():
            yield from self._first(name, ("fraction",), int(present[fraction.argmax()]), part, rows)
        rest, known = values, [key for key in firsts if isinstance(key, float)]
        if len(known) >= _MOST_NUMBERS:
            return
        where = present
        for key in known:
            differs = rest != key
            rest, where = rest[differs], where[differs]
        for _ in range(_MOST_NUMBERS - len(known)):
            if not len(rest):
                return
            yield from self._first(name, float(rest[0]), int(where[0]), part, rows)
            differs = rest != rest[0]
            rest, where = rest[differs], where[differs]

    def _notice_forms(self, name: str, cells: Array, part: int, rows: Array) -> Iterator[int]:
        distinct, indices = distinct_cells(cells)
        forms: dict[str | None, int] = {}
        for index, text in enumerate(distinct):
            forms.setdefault(None if text is None else form_of(text), index)
        firsts = self._firsts.setdefault(name, {})
        fresh = {form: index for form, index in forms.items() if form not in firsts}
        if not fresh:
            return
        first_rows = np.full(len(distinct), len(cells))
        np.minimum.at(first_rows, indices, np.arange(len(cells)))
        for form, index in fresh.items():
            yield from self._first(name, form, int(first_rows[index]), part, rows)

    def _first(self, name: str, key: Any, index: int, part: int, rows: Array) -> Sequence[int]:
        return [index] if self._keep_first(name, key, (part, int(rows[index]))) else []

    def _keep_extreme(self, name: str, sign: int, value: Any, place: Place) -> bool:
        known = self._extremes.get((name, sign))
        if known is not None and (-sign * known[0], known[1]) <= (-sign * value, place):
            return False
        self._extremes[name, sign] = value, place
        return True

    def _keep_first(self, name: str, key: Any, place: Place) -> bool:
        """Keep the place of a key if it is among the first; return whether it is."""
        firsts = self._firsts.setdefault(name, {})
        if key in firsts:
            is_earlier = place < firsts[key]
            if is_earlier:
                firsts[key] = place
            return is_earlier
        firsts[key] = place
        numbers = [one for one in firsts if isinstance(one, float)]
        for group, most in ((numbers, _MOST_NUMBERS), ([one for one in firsts if isinstance(one, str)], _MOST_FORMS)):
            if len(group) > most:
                last = max(group, key=lambda one: firsts[one])
                del firsts[last]
                return last != key
        return True
