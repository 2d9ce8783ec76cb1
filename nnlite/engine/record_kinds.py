"""Numbers by which the reader of records and its caller understand each other, and the records read."""

from __future__ import annotations

from typing import NamedTuple

from nnlite.types import Array

NUMBER, TEXT, SKIPPED, EMPTY = 0, 1, 2, 3
"""Kinds of columns: numbers, text, what is passed over, and what must be blank, as after delimiters at a line's end."""

FULL, MORE, WRONG = 0, 1, 2
"""Why reading stopped: enough rows; no more whole records among the bytes; a record that is none."""

TEXTS_FULL, ODD_FULL = 3, 4
"""Why it stopped for the reader itself: no room for another text, or another odd cell."""


class Records(NamedTuple):
    """Columns of the records read so far; views, which the next chunk overwrites.

    Attributes
    ----------
    numbers : ndarray of float64 of shape (n_number_columns, n_rows)
        NaN where a cell is empty or odd.
    codes : ndarray of int32 of shape (n_text_columns, n_rows)
        Codes of texts.
    spans : list of ndarray of int64 of shape (n_texts, 2)
        For each column of text and code, the text's start in the bytes, and twice its length, plus 1 if its quotes are
        doubled.
    odd : ndarray of int64 of shape (n, 4)
        Cells in columns of numbers that are no plain numbers: row, column, start and end.
    lines : ndarray of int64 of shape (n_rows,)
        Line of each record.
    """

    numbers: Array
    codes: Array
    spans: list[Array]
    odd: Array
    lines: Array
