"""Text that a spreadsheet program would run as a formula."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

# A tab or a carriage return before a formula is skipped by some programs.
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


def without_formulas(cells: Sequence[Any]) -> list[Any]:
    """Return cells with an apostrophe before text that begins like a formula; numbers stay as they are.

    Source: OWASP, "CSV injection".

    Examples
    --------
    >>> without_formulas(["=1+1", "-1.5", -2, "+cmd", "a=b", ""])
    ["'=1+1", '-1.5', -2, "'+cmd", 'a=b', '']
    """
    return [f"'{cell}" if isinstance(cell, str) and _is_formula(cell) else cell for cell in cells]


def _is_formula(text: str) -> bool:
    if not text.startswith(_FORMULA_SIGNS):
        return False
    try:
        float(text)
    except ValueError:
        return True
    return text[0] in "\t\r"
