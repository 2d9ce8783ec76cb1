"""Warnings of categories that are something else in another spelling, so that those of later records are new.

Such are times, as weeks, months of a fiscal year, or a day and a shift, and numbers, as Roman ones or 101-08 of bonds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from anomaly.errors import SpellingWarning, format_value
from anomaly.preprocessing.columns.categories import CategoryColumn, count_categories
from anomaly.preprocessing.columns.column_notes import Note
from anomaly.preprocessing.columns.date_names import MONTHS, WEEKDAYS
from anomaly.preprocessing.columns.left_out import is_blind, names_the_records
from anomaly.preprocessing.columns.parsing import distinct_cells
from nnlite.types import Array

_FEWEST = 3
# So many different ones are no marks of classes, as I to IV are.
_FEWEST_NUMERALS = 20
_LEAST_ONCE = 0.05
_DIGITS = re.compile(r"[^\W_a-zA-Z]*\d[^a-zA-Z]*")
_ROMAN = re.compile(r"(?=.)m*(?:cm|cd|d?c{0,3})(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})", re.IGNORECASE)
_WORDS = re.compile(r"[^\W\d_]+|\d+")
_YEAR = re.compile(r"(?:19|20)\d\d")
_WEEKS = frozenset(("kw", "cw", "ww", "wk", "week", "woche", "semaine", "semana", "settimana", "uke", "uge", "vecka"))
_FISCAL = frozenset(("fy", "gj", "ej", "pd"))
_WORDS_OF_PARTS = """
w q qtr quarter quartal trimestre h hy hj half m mo month monat mois mes p per period periode s sem semester t d day tag
jour dia he hour hr st nd rd th of the de di du early mid late end begin ad am pm shift schicht night morning evening
noon
"""
_PARTS = frozenset(_WORDS_OF_PARTS.split())
_KNOWN = _WEEKS | _FISCAL | _PARTS | WEEKDAYS | MONTHS.keys()


def notes_of_text(column: CategoryColumn, cells: Array) -> tuple[Note, ...]:
    """Return warnings of a column of categories, fitted to training values, that may be times or numbers."""
    if is_blind(column) or names_the_records(column) or cells.dtype.kind != "O":
        return ()
    if notes := notes_of_times(column.name, (*column.categories, *column.rare)):
        return notes
    counts = count_categories(*distinct_cells(cells)) if column.rare or column.open_ended else {}
    return notes_of_numerals(column.name, {text: count for text, count in counts.items() if text is not None})


def notes_of_times(name: str, texts: Iterable[str]) -> tuple[Note, ...]:
    """Return a warning of categories that all seem to name times, so that those of later records are new.

    They do where they are made of numbers and of words for parts of a year alone, and each has a year, a month beside a
    number, or the number of a week or of a period.

    Parameters
    ----------
    name : str
        Name of the column.
    texts : iterable of str
        Its categories.

    Examples
    --------
    >>> [(kind, text)] = notes_of_times("week", ["CW09/24", "CW10/24", "CW11/24"])
    >>> print(text[:80])
    column 'week': 'CW09/24' and others seem to name times, and are used as categori
    >>> notes_of_times("model", ["Golf 2019", "Golf 2020", "Polo 2020"])
    ()
    """
    texts = list(texts)
    if len(texts) < _FEWEST or not all(map(_names_a_time, texts)):
        return ()
    text = (
        f"column {name!r}: {format_value(texts[0])} and others seem to name times, and are used as categories: each "
        "later one is new. Leave the column out (ignore=, on the command line: --drop), or write "
        "dates such as 2024-02-29; if they are no times, name it as categorical (on the command line: --categorical)"
    )
    return ((SpellingWarning, text),)


def notes_of_numerals(name: str, counts: Mapping[str, int]) -> tuple[Note, ...]:
    """Return a warning of categories that are Roman numbers, or of digits and marks where many are met once.

    Parameters
    ----------
    name : str
        Name of the column.
    counts : mapping of str to int
        How often each category was met.

    Examples
    --------
    >>> prices = {f"{100 + i // 32}-{i % 32:02}": 1 + i % 2 for i in range(60)}
    >>> print(notes_of_numerals("price", prices)[0][1][:82])
    column 'price': '100-00' and others are used as categories; 30 of 90 rows hold one
    >>> notes_of_numerals("stage", {"I": 40, "II": 50, "III": 7})
    ()
    """
    if len(counts) < _FEWEST_NUMERALS:
        return ()
    once, total = sum(count == 1 for count in counts.values()), sum(counts.values())
    is_roman = all(map(_ROMAN.fullmatch, counts))
    if not is_roman and (once < _LEAST_ONCE * total or not all(map(_DIGITS.fullmatch, counts))):
        return ()
    text = (
        f"column {name!r}: {format_value(next(iter(counts)))} and others are used as categories; {once:,} of {total:,} "
        "rows hold one that is met once, so that later rows will hold new ones. Write numbers in "
        "digits with a decimal point, or leave the column out (ignore=, on the command line: --drop); if they are "
        "codes, name it as categorical (on the command line: --categorical)"
    )
    return ((SpellingWarning, text),)


def _names_a_time(text: str) -> bool:
    parts = _WORDS.findall(text.casefold())
    words, numbers = [p for p in parts if not p.isdigit()], [p for p in parts if p.isdigit()]
    if not numbers or not all(word in _KNOWN for word in words):
        return False
    has_year = any(map(_YEAR.fullmatch, numbers))
    is_named = any(word in MONTHS or word in _WEEKS or word in _FISCAL for word in words)
    return (has_year and len(parts) > 1) or (is_named and len(numbers[0]) <= 2)
