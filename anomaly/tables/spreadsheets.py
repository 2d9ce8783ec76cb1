"""Text that a spreadsheet program would run as a formula."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any


def without_formulas(cells: Sequence[Any]) -> list[Any]:
    """Return cells with an apostrophe before text that begins like a formula; numbers stay as they are.

    Signs of full width are formulas in some languages. A program whose separator is the semicolon, as in most of
    Europe, cuts a cell at it although the cell is in quotes, and so begins another one there; after the end of a line
    within a cell as well.

    Source: OWASP, "CSV injection".

    Examples
    --------
    >>> without_formulas(["=1+1", "-1.5", -2, "+cmd", "a=b", "", "x;=1+1"])
    ["'=1+1", '-1.5', -2, "'+cmd", 'a=b', '', "x;'=1+1"]
    """
    return [_neutral(cell) if isinstance(cell, str) else cell for cell in cells]


def _neutral(text: str) -> str:
    if text[:1].isalnum() and not _has_separator(text):
        return text
    return text if _is_number(text) else _formula().sub(r"\1'\2", text)


def _has_separator(text: str) -> bool:
    return ";" in text or not text.isprintable()


@cache
def _formula() -> re.Pattern[str]:
    """Return the expression of a formula's beginning: a sign at the start, or after what some program cuts at.

    Blanks, tabs and carriage returns before a formula are skipped by some programs.
    """
    return re.compile(r"(^|[;\t\r\n])([^\S\n]*[=+\-@\uff1d\uff0b\uff0d\uff20])")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text[:1] not in "\t\r\n"
