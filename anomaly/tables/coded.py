"""A column of text of a file: an object array that knows its distinct texts, and which of them each row has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnlite.types import Array


class CodedText(np.ndarray[Any, np.dtype[Any]]):
    """Text cells as an object array, with the distinct texts and the code of each row.

    Whatever takes an object array takes this one. What asks for its codes looks a text up once, and not once a row.
    Selections of rows keep the codes; results of other operations of NumPy have none.

    Attributes
    ----------
    texts : sequence of str or None
        The distinct texts, some of which may be in no row. None without codes.
    codes : ndarray of int32 of shape (n_rows,)
        For each row, the index of its text. None without codes.
    decimal : str or None
        Decimal point of the numbers in the texts, if the file's form says so.

    Examples
    --------
    >>> import numpy as np
    >>> cells = coded_text(["FR", "DE"], np.array([0, 1, 0], np.int32))
    >>> cells.tolist(), cells[1:].codes.tolist(), cells[0]
    (['FR', 'DE', 'FR'], [1, 0], 'FR')
    """

    texts: Sequence[str | None] | None
    codes: Array | None
    decimal: str | None

    def __array_finalize__(self, source: Any) -> None:
        """Leave out the codes of an array that is made from another one: they are those of its rows no more."""
        self.texts = None
        self.codes = None
        self.decimal = getattr(source, "decimal", None)

    def __getitem__(self, chosen: Any) -> Any:
        """Return a cell, or cells with their codes."""
        found = super().__getitem__(chosen)
        if self.codes is not None and isinstance(found, CodedText) and found.ndim == 1:
            found.texts, found.codes = self.texts, self.codes[chosen]
        return found

    def __setitem__(self, chosen: Any, value: Any) -> None:
        """Set cells, whose codes are no longer known."""
        self.texts = self.codes = None
        super().__setitem__(chosen, value)


def coded_text(texts: Sequence[str | None], codes: Array, decimal: str | None = None) -> CodedText:
    """Return the text of each code.

    Parameters
    ----------
    texts : sequence of str or None
        Distinct texts; None is missing.
    codes : ndarray of int of shape (n_rows,)
        For each row, the index of its text.
    decimal : str, optional
        Decimal point of the numbers in the texts.
    """
    distinct = np.empty(len(texts), object)
    distinct[:] = texts
    cells = distinct[codes].view(CodedText)
    cells.texts, cells.codes, cells.decimal = texts, codes, decimal
    return cells


def decimal_of(cells: Array) -> str | None:
    """Return the decimal point of the numbers in a column of text, None if nothing says it."""
    return cells.decimal if isinstance(cells, CodedText) else None


def with_decimal(cells: Array, decimal: str | None) -> Array:
    """Return a column of text that says the decimal point of the numbers in it; with None, as it is."""
    if decimal is None:
        return cells
    said = cells.view(CodedText)
    said.decimal = decimal
    return said


def recoded(cells: CodedText) -> Array:
    """Return a view of cells, read-only, with the same codes."""
    view = cells.view()
    view.flags.writeable = False
    view.texts, view.codes = cells.texts, cells.codes
    return view


def coding_of(cells: Array) -> tuple[list[str | None], Array] | None:
    """Return the distinct texts of a column in the order of their first rows, and the index of each row's text.

    Parameters
    ----------
    cells : ndarray of shape (n_rows,)
        A column.

    Returns
    -------
    tuple, or None if the column has no codes
        Texts of which each is in some row, and an array of int of shape (n_rows,).

    Examples
    --------
    >>> import numpy as np
    >>> texts, indices = coding_of(coded_text(["a", "b", "c"], np.array([2, 0, 2], np.int32)))
    >>> texts, indices.tolist()
    (['c', 'a'], [0, 1, 0])
    """
    if not isinstance(cells, CodedText) or cells.codes is None or cells.texts is None:
        return None
    codes, n = cells.codes, len(cells)
    firsts = np.full(len(cells.texts), n)
    firsts[codes[::-1]] = np.arange(n - 1, -1, -1)  # the last one written is the first row
    present = np.flatnonzero(firsts < n)
    order = present[np.argsort(firsts[present], kind="stable")]
    places = np.empty(len(cells.texts), np.intp)
    places[order] = np.arange(len(order))
    return [cells.texts[code] for code in order.tolist()], places[codes]


def join_coded(parts: Sequence[Array]) -> Array | None:
    """Return columns one after another as one column with codes; None if one of them has no codes."""
    merged: dict[str | None, int] = {}
    codes = []
    decimal = None
    for part in parts:
        if not isinstance(part, CodedText) or part.codes is None or part.texts is None:
            return None
        decimal = part.decimal
        own = [merged.setdefault(text, len(merged)) for text in part.texts]
        codes.append(np.array(own, np.int32)[part.codes])
    return coded_text(list(merged), np.concatenate(codes), decimal)
