"""The reasons for a score in words: what was found in a column, and what was expected there."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from anomaly.report.content import Reason
from nnlite.types import Array

_DIGITS = 4
# Of a cell, in a sentence.
_MOST_CHARACTERS = 100

BESIDE_COLUMNS = "the other columns"
BESIDE_STEPS = "the steps around it"

_ABOUT = "{column} is {found}, expected about {expected}"
_EXACT = "{column} is {found}, expected {expected}"
_UNUSUAL = f"{{column}} is {{found}}, unusual beside {BESIDE_COLUMNS}"
_ALONE = "{column} is {found}"

FORMS = (_ABOUT, _EXACT, _UNUSUAL, _ALONE)
"""Sentences on a column of a record."""


def cell_text(value: Any) -> str:
    """Return a cell as text for people: numbers with four significant digits, "" for a missing cell.

    Examples
    --------
    >>> cell_text(1234.5678), cell_text(0.00012345), cell_text(None), cell_text("a"), cell_text(12345678.0)
    ('1,235', '0.0001234', '', 'a', '12,345,678')
    """
    if value is None:
        return ""
    if isinstance(value, np.datetime64):
        return "" if np.isnat(value) else str(np.datetime_as_string(value, unit="s")).replace("T", " ")
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, int | float | np.integer | np.floating):
        return _number_text(float(value))
    return str(value)


def _number_text(value: float) -> str:
    if math.isnan(value):
        return ""
    # Whole numbers are counts, codes or years more often than measurements: they stay as they are.
    if value.is_integer() and abs(value) < 1e12:
        return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.0f}"
    return f"{value:,.0f}" if 1e3 <= abs(value) < 1e12 else f"{value:.{_DIGITS}g}"


def reason_text(
    column: str, found: str, expected: str, is_number: bool | None = None, beside: str = BESIDE_COLUMNS
) -> str:
    """Say in words what was found in a column and what was expected.

    Parameters
    ----------
    column : str
        Name of the column.
    found, expected : str
        The value and the expected one, as `cell_text` writes them; "" for a missing one.
    is_number : bool, optional
        Whether a number is expected, which is only about right. By default, whether the text is that of one.
    beside : str
        Beside what a value is unusual that is the expected one.

    Examples
    --------
    >>> reason_text("vibration_mm_s", "9.1", "2.2")
    'vibration_mm_s is 9.1, expected about 2.2'
    >>> reason_text("country", "BR", "DE"), reason_text("age", "", "41")
    ('country is BR, expected DE', 'age is missing, expected about 41')
    >>> reason_text("age", "41", "41"), reason_text("age", "41", "")
    ('age is 41, unusual beside the other columns', 'age is 41')
    """
    if not expected:
        form = _ALONE
    elif expected == found:
        form = _UNUSUAL.replace(BESIDE_COLUMNS, beside)
    else:
        form = _ABOUT if (_is_number(expected) if is_number is None else is_number) else _EXACT
    return form.format(column=column, found=found or "missing", expected=expected)


def in_words(form: str, column: str, found: str, expected: str) -> str:
    """Return a sentence of a form, one of `FORMS`, with values that are not too long for one.

    Examples
    --------
    >>> in_words(FORMS[1], "country", "BR", "DE")
    'country is BR, expected DE'
    """
    return form.format(column=column, found=_brief(found) or "missing", expected=_brief(expected))


def reasons_of(
    names: list[str],
    contributions: Array,
    found: list[Any],
    expected: list[Any] | None,
    most: int,
    write: Callable[[str, Any, Any], str | None] | None = None,
    beside: str = BESIDE_COLUMNS,
) -> list[Reason]:
    """Return the columns that contribute most to one score, with their values.

    Parameters
    ----------
    names : list of str of length n_columns
        Names of the columns.
    contributions : ndarray of shape (n_columns,)
        Contributions to the score.
    found : list of length n_columns
        The record's values.
    expected : list of length n_columns or None
        The expected values, if there are any.
    most : int
        Number of columns to name at most; columns that contribute nothing are not named.
    write : callable, optional
        Returns the expected value of a column as its cells are written, from its name, the value and the found cell; or
        None for the usual way.
    beside : str
        Beside what a value is unusual that is the expected one; see `reason_text`.

    Returns
    -------
    list of Reason
        The largest contribution first.
    """
    total = float(contributions.sum())
    reasons = []
    for k in np.argsort(-contributions, kind="stable")[:most]:
        if not contributions[k] > 0.0 or not total > 0.0:
            break
        wanted = None if expected is None else expected[k]
        own = write(names[k], wanted, found[k]) if write is not None and wanted is not None else None
        texts = cell_text(found[k]), cell_text(wanted) if own is None else own
        share = float(contributions[k]) / total
        text = reason_text(
            names[k], _brief(texts[0]), _brief(texts[1]), None if own is None else isinstance(wanted, float), beside
        )
        reasons.append(Reason(names[k], share, *texts, text))
    return reasons


def _brief(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else f"{text[: _MOST_CHARACTERS - 1]}…"


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", ""))
    except ValueError:
        return False
    return True
