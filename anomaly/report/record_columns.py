"""The listed records as columns: a text or number that repeats is written once, and arrays are packed.

A list of 50,000 records would be 35 MB as rows with their reasons in words. As columns it is a quarter of that, and the
page's script makes the rows and sentences that are looked at.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from anomaly.report.content import Reason, RecordsSection, UnusualRecord
from anomaly.report.reasons import FORMS, cell_text, in_words
from nnlite.types import Array

MOST_CHARACTERS = 1000
"""Characters of a cell that are kept."""

_AS_WRITTEN = len(FORMS)
# Bytes of a number as JSON, to choose the shorter form.
_BYTES_OF_NUMBER = 7
# Powers of ten up to this one are exact.
_LARGEST_POWER = 22
_NO_DIGITS = -(1 << 15)
# Smaller numbers have fewer digits in single precision.
_LEAST_SINGLE = 1e-37


def records_payload(section: RecordsSection) -> dict[str, Any]:
    """Return the values of a list of records, which `values.js` reads."""
    records = section.records
    return {
        "columns": list(section.columns),
        "count": len(records),
        "row": packed([record.row for record in records], np.int32),
        "key": [record.key for record in records] if any(record.key for record in records) else None,
        "score": packed([record.score for record in records], np.float64),
        "p": _optional([record.p_value for record in records], np.float32, np.nan),
        "label": _optional([record.label for record in records], np.int8, -1),
        "cells": [_cells([record.cells[k] for record in records]) for k in range(len(section.columns))],
        "reasons": _reasons(section),
        "missing": _texts([", ".join(record.missing) for record in records]),
        "groups": [{"columns": list(group.columns), "members": list(group.members)} for group in section.groups],
    }


def packed(values: Any, dtype: Any) -> list[str]:
    """Return the name of a type and base64 of little-endian numbers: half as long as their digits, and read at once.

    Examples
    --------
    >>> import numpy as np
    >>> packed([1, 2], np.int8)
    ['i1', 'AQI=']
    """
    array = np.ascontiguousarray(values, np.dtype(dtype).newbyteorder("<"))
    return [array.dtype.str[1:], base64.b64encode(array.tobytes()).decode("ascii")]


def shortened(text: str) -> str:
    """Return the first `MOST_CHARACTERS` of a text, and how many it has."""
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}… ({len(text):,} characters)"


def _optional(values: Sequence[float | None], dtype: Any, missing: float) -> list[str] | None:
    if all(value is None for value in values):
        return None
    return packed([missing if value is None else value for value in values], dtype)


def _needed(cell: float | str | None) -> float | str | None:
    """Return a cell with as many digits as are shown of it."""
    if cell is None or isinstance(cell, str):
        return cell if cell is None else shortened(cell)
    if not math.isfinite(cell):
        return None
    size = abs(cell)
    if cell == int(cell) and size < 1e12:
        return int(cell)
    return float(f"{cell:.6g}" if 1e3 <= size < 1e12 else f"{cell:.4g}")


def _cells(cells: Iterable[float | str | None]) -> dict[str, Any]:
    """Return a column: its distinct values with their positions, or numbers where those are shorter."""
    found: dict[float | str | None, int] = {}
    positions = [found.setdefault(value, len(found)) for value in map(_needed, cells)]
    width = np.min_scalar_type(max(len(found) - 1, 0))
    distinct: dict[str, Any] = {"values": list(found), "positions": packed(positions, width)}
    if any(isinstance(value, str) for value in found):
        return distinct
    every = np.array([np.nan if value is None else value for value in found], np.float64)[positions]
    numbers = _decimals(every)
    if numbers is None:
        sizes = np.abs(every[every != 0.0])
        # Six digits are the same in single precision, whole numbers as far as it counts.
        is_single = not ((sizes >= 1 << 24) | (sizes < _LEAST_SINGLE)).any()
        numbers = {"numbers": packed(every, np.float32 if is_single else np.float64)}
    size = sum(len(text) for _, text in numbers.values())
    return distinct if len(distinct["positions"][1]) + _BYTES_OF_NUMBER * len(found) <= size else numbers


def _decimals(values: Array) -> dict[str, list[str]] | None:
    """Return numbers of four digits as these and a power of ten, or None if they are others."""
    there = np.isfinite(values)
    with np.errstate(divide="ignore"):
        powers = np.where(there & (values != 0.0), np.floor(np.log10(np.abs(values))) - 3, 0.0)
    if (np.abs(powers) > _LARGEST_POWER).any():
        return None
    up, down = 10.0 ** np.maximum(powers, 0), 10.0 ** np.maximum(-powers, 0)
    digits = np.where(there, np.rint(values * down / up), 0.0)
    if (digits[there] / down[there] * up[there] != values[there]).any():
        return None
    return {"digits": packed(np.where(there, digits, _NO_DIGITS), np.int16), "powers": packed(powers, np.int8)}


def _texts(texts: Iterable[str]) -> dict[str, Any]:
    found: dict[str, int] = {}
    positions = [found.setdefault(text, len(found)) for text in texts]
    if len(found) <= 1:
        return {"values": list(found), "positions": None}
    return {"values": list(found), "positions": packed(positions, np.min_scalar_type(len(found) - 1))}


def _reasons(section: RecordsSection) -> dict[str, Any]:
    """Return the reasons of all records, one after the other, with how many each record has."""
    places = {name: k for k, name in enumerate(section.columns)}
    every = [(record, reason) for record in section.records for reason in record.reasons]
    forms = [_form(reason) for _, reason in every]

    def all_texts(read: Callable[[UnusualRecord, Reason], str]) -> dict[str, Any]:
        return _texts(shortened(read(record, reason)) for record, reason in every)

    def found(record: UnusualRecord, reason: Reason) -> str:
        """Return "" if the text is that of the record's own cell."""
        cell = record.cells[places[reason.column]] if reason.column in places else None
        return "" if _reads_as(cell, reason.found) else reason.found or "missing"

    written = [reason.text if form == _AS_WRITTEN else "" for (_, reason), form in zip(every, forms, strict=True)]
    return {
        "counts": packed([len(record.reasons) for record in section.records], np.uint16),
        "forms": list(FORMS),
        "form": packed(forms, np.uint8),
        "column": _texts(reason.column for _, reason in every),
        "share": packed([round(10_000 * min(max(reason.share, 0.0), 1.0)) for _, reason in every], np.uint16),
        "found": all_texts(found),
        "expected": all_texts(lambda _, reason: reason.expected),
        "written": _texts(written),
    }


def _form(reason: Reason) -> int:
    """Return the position of the form that gives the sentence, or `_AS_WRITTEN`."""
    for k, form in enumerate(FORMS):
        if in_words(form, reason.column, reason.found, reason.expected) == reason.text:
            return k
    return _AS_WRITTEN


def _reads_as(cell: float | str | None, text: str) -> bool:
    """Return whether the page writes a cell in the same way."""
    if isinstance(cell, str) or cell is None:
        return text == (cell or "")
    # Very small and large numbers have exponents, which Python and JavaScript write in different ways.
    return cell_text(cell) == text and (cell == 0.0 or 1e-4 <= abs(cell) < 1e12)
