"""Tables in ARFF files, the format of Weka and of many collections of data for outlier detection."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from anomaly.errors import DataError, FileFormWarning, format_names, format_value
from anomaly.tables.cells import objects_as_column
from anomaly.tables.java_dates import strptime_format
from anomaly.tables.table import Table, table_of_columns
from nnlite.types import Array

# A cell in quotes, in which a backslash takes the next character as it is, or one without; and what ends it.
_CELL = re.compile(r"""\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|((?!['"])[^,]*?))\s*(,|$)""", re.DOTALL)
_ATTRIBUTE = re.compile(r"""@attribute\s+('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\s{]+)\s*(.+)""", re.IGNORECASE)
_WEIGHT = re.compile(r"\{\s*[\d.eE+-]+\s*\}")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
# Sparse records of three bytes may stand for any number of zeros.
_MOST_CELLS = 2**25
_NUMBERS = ("numeric", "real", "integer")
_MISSING = None


@dataclass(frozen=True)
class _Attribute:
    """A column: its name, its kind, and of a nominal one the levels, of a date the format."""

    name: str
    kind: str
    levels: tuple[str, ...] = ()
    format: str = ""


def read_arff(path: str) -> Table:
    """Read an ARFF file: dense or sparse records, with numbers, nominal attributes, text and dates.

    ``?`` is missing unless it is in quotes, nominal attributes are categories, and what a sparse record leaves out is 0
    or the first level, as in Weka.

    Raises
    ------
    DataError
        If a line is no declaration or no record, with its number; or an attribute is relational.

    References
    ----------
    Weka's manual, "ARFF".
    """
    lines = _lines(path)
    attributes = _header(lines, path)
    numbers: list[int] = []
    rows: list[list[str | None]] = []
    is_weighted = False
    most_cells = _MOST_CELLS + os.path.getsize(path)
    for number, line in lines:
        if not line.startswith("{") and (unweighted := _without_weight(line)) != line:
            is_weighted, line = True, unweighted
        cells = _sparse(line, attributes, number, path) if line.startswith("{") else _cells(line, number, path)
        if len(cells) != len(attributes):
            raise _fault(path, number, f"found {len(cells)} cells, expected {len(attributes)}")
        rows.append(cells)
        numbers.append(number)
        if len(rows) * len(attributes) > most_cells:
            raise _fault(path, number, f"a sparse file of this size has at most {most_cells:,} cells, zeros included")
    if is_weighted:
        warnings.warn(f"{path!r}: weights of records are not used", FileFormWarning, stacklevel=2)
    if not rows:
        raise DataError(f"{path!r} has no rows")
    columns = {
        a.name: _column(a, cells, numbers, path) for a, cells in zip(attributes, zip(*rows, strict=True), strict=True)
    }
    table = table_of_columns(columns, repr(path), frozenset(a.name for a in attributes if a.kind == "nominal"))
    return Table(table.names, table.cells, line_numbers=numbers, categorical=table.categorical)


def _lines(path: str) -> Iterator[tuple[int, str]]:
    """Yield the number and the text of the lines that are neither blank nor a comment."""
    with open(path, "rb") as file:
        content = file.read()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
        warnings.warn(f"{path!r}: not UTF-8, and read as Latin-1", FileFormWarning, stacklevel=3)
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if stripped and not stripped.startswith("%"):
            yield number, stripped


# -- the header --------------------------------------------------------------------------------


def _header(lines: Iterator[tuple[int, str]], path: str) -> list[_Attribute]:
    """Return the attributes of the lines as far as the one that begins the records."""
    attributes: list[_Attribute] = []
    for number, line in lines:
        word = line.split(None, 1)[0].lower()
        if word == "@data":
            names = [a.name for a in attributes]
            if len(set(names)) < len(names):
                raise _fault(path, number, f"attributes must have distinct names; found {format_names(names)}")
            if not names:
                raise _fault(path, number, "no attribute is declared above the records")
            return attributes
        if word == "@attribute":
            attributes.append(_attribute(line, number, path))
        elif word != "@relation":
            raise _fault(path, number, f"expected @relation, @attribute or @data; found {format_value(line)}")
    raise DataError(f"{path!r}: expected a line @data above the records; found none")


def _attribute(line: str, number: int, path: str) -> _Attribute:
    match = _ATTRIBUTE.match(line)
    if match is None:
        raise _fault(path, number, f"expected @attribute NAME KIND; found {format_value(line)}")
    name, kind = (_unquoted(match[1]) or "").strip(), match[2].strip()
    if kind.startswith("{"):
        if not kind.endswith("}"):
            raise _fault(path, number, f"the levels of {name!r} must end in '}}' on the same line")
        return _Attribute(name, "nominal", tuple(cell or "?" for cell in _cells(kind[1:-1], number, path)))
    word, _, rest = kind.partition(" ")
    word = word.lower().partition("[")[0]
    if word in _NUMBERS:
        return _Attribute(name, "number")
    if word == "string":
        return _Attribute(name, "string")
    if word == "date":
        pattern = _unquoted(rest.strip()) or "yyyy-MM-dd'T'HH:mm:ss"
        try:
            return _Attribute(name, "date", format=strptime_format(pattern))
        except ValueError as error:
            raise _fault(path, number, f"date {name!r}: {error}") from error
    raise _fault(path, number, f"attribute {name!r} is {kind!r}; expected numeric, string, date, or levels in braces")


# -- records -----------------------------------------------------------------------------------


def _cells(line: str, number: int, path: str) -> list[str | None]:
    """Return the cells of a record; None is missing."""
    if "'" not in line and '"' not in line:
        separated = line.split(",") if "," in line else line.split("\t")
        return [_MISSING if (cell := text.strip()) in ("?", "") else cell for text in separated]
    cells: list[str | None] = []
    at = 0
    while True:
        match = _CELL.match(line, at)
        if match is None:
            raise _fault(path, number, f"quotes do not match; found {format_value(line)}")
        plain = match[3]
        quoted = match[1] if match[1] is not None else match[2]
        cells.append(_unescaped(quoted) if plain is None else _MISSING if plain in ("?", "") else plain)
        at = match.end()
        if match[4] == "":
            return cells


def _sparse(line: str, attributes: Sequence[_Attribute], number: int, path: str) -> list[str | None]:
    """Return the cells of a record that names the positions of those that are not 0."""
    cells: list[str | None] = [a.levels[0] if a.levels else "0" if a.kind == "number" else _MISSING for a in attributes]
    body = _without_weight(line[1:].rstrip())
    body = body.rstrip().removesuffix("}").strip()
    for pair in re.findall(r"""(?:[^,'"]|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")+""", body):
        position, _, text = pair.strip().partition(" ")
        if not position.isdecimal() or int(position) >= len(attributes):
            raise _fault(
                path, number, f"expected the position of an attribute, 0 to {len(attributes) - 1}; found {pair!r}"
            )
        (cells[int(position)],) = _cells(text.strip(), number, path)[:1]
    return cells


def _without_weight(line: str) -> str:
    """Return a record without the weight in braces at its end."""
    start = line.rfind("{")
    if start < 0 or not _WEIGHT.fullmatch(line, start):
        return line
    return line[:start].rstrip().removesuffix(",")


def _unquoted(text: str) -> str | None:
    return _unescaped(text[1:-1]) if text[:1] in ("'", '"') and text[-1:] == text[:1] and len(text) > 1 else text


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), text, flags=re.DOTALL) if "\\" in text else text


# -- columns -----------------------------------------------------------------------------------


def _column(attribute: _Attribute, cells: Sequence[str | None], numbers: Sequence[int], path: str) -> Array:
    name = attribute.name
    if attribute.kind == "number":
        return np.array(_converted(cells, _number, "a number", name, numbers, path), np.float64)
    if attribute.kind == "nominal":
        levels = dict(zip(attribute.levels, attribute.levels, strict=True))
        found = _converted(cells, levels.__getitem__, f"one of {format_names(attribute.levels)}", name, numbers, path)
        return objects_as_column(found, name)
    if attribute.kind == "date":
        pattern = attribute.format

        def parse(text: str) -> datetime:
            return datetime.strptime(text, pattern)

        return objects_as_column(_converted(cells, parse, f"a date like {pattern}", name, numbers, path), name)
    return objects_as_column(cells, name)


def _number(text: str) -> float:
    if "_" in text:
        raise ValueError(text)  # Python allows it between digits
    return float(text)


def _converted(
    cells: Sequence[str | None],
    convert: Callable[[str], Any],
    expected: str,
    name: str,
    numbers: Sequence[int],
    path: str,
) -> list[Any]:
    found: list[Any] = []
    for number, cell in zip(numbers, cells, strict=True):
        try:
            found.append(None if cell is None else convert(cell))
        except (ValueError, KeyError) as error:
            expects = f"expected {expected}; found {format_value(cell)}"
            raise _fault(path, number, f"column {name!r}: {expects}") from error
    return found


def _fault(path: str, number: int, what: str) -> DataError:
    return DataError(f"{path!r}, line {number}: {what}")
