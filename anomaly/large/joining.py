"""Tables from several parts of a source, of which some columns have different types in different parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from anomaly.errors import DataError, format_names
from anomaly.tables import Table, concatenate
from nnlite.types import Array

_NUMBERS = {"b", "f"}


def merged_kinds(found: Iterable[Mapping[str, str]]) -> tuple[dict[str, str], set[str]]:
    """Return the kind of each column, and the columns that have no common kind.

    Booleans beside numbers are numbers; they are so where other rows miss the value.

    Parameters
    ----------
    found : iterable of mapping of str to str
        From the name of a column to the kind of its dtype: "f", "b", "M" or "O", and "" where all cells are missing.

    Examples
    --------
    >>> merged_kinds([{"a": "b", "b": "f", "c": ""}, {"a": "f", "b": "O", "c": "M"}])
    ({'a': 'f', 'b': 'O', 'c': 'M'}, {'b'})
    """
    kinds: dict[str, set[str]] = {}
    for one in found:
        for name, kind in one.items():
            kinds.setdefault(name, set()).update({kind} - {""})
    mixed = {name for name, found in kinds.items() if len(found) > 1 and found != _NUMBERS}
    return {name: max(found, key="bMfO".index) if found else "" for name, found in kinds.items()}, mixed


def kind_of(cells: Array) -> str:
    """Return the kind of a column's dtype, "" where all of its cells are missing."""
    kind = cells.dtype.kind
    if kind == "O":
        return kind if any(cell is not None for cell in cells) else ""
    return "" if kind in "fM" and bool(np.isnat(cells).all() if kind == "M" else np.isnan(cells).all()) else kind


def join(tables: Sequence[Table], kinds: Mapping[str, str] | None = None) -> Table:
    """Concatenate tables whose columns are converted to common kinds.

    Parameters
    ----------
    tables : sequence of Table
        At least one, of the same columns.
    kinds : mapping of str to str, optional
        Kind of each column; by default that which the tables themselves have in common.

    Examples
    --------
    >>> from anomaly.tables import as_table
    >>> join([as_table({"a": [True, False]}), as_table({"a": [None, 1.0]})])["a"].tolist()
    [1.0, 0.0, nan, 1.0]
    """
    if kinds is None:
        kinds = merged_kinds({n: kind_of(c) for n, c in zip(t.names, t.columns, strict=True)} for t in tables)[0]
    names = tables[0].names
    ordered = [table if table.names == names else table.select(names) for table in tables]
    return concatenate([_converted(table, kinds) for table in ordered])


def _converted(table: Table, kinds: Mapping[str, str]) -> Table:
    pairs = list(zip(table.names, table.columns, strict=True))
    if all(cells.dtype.kind == (kinds[name] or "f") for name, cells in pairs):
        return table
    columns = tuple(_as_kind(cells, kinds[name] or "f") for name, cells in pairs)
    return Table(table.names, columns, table.row_numbers, table.line_numbers, table.categorical, table.named)


def _as_kind(cells: Array, kind: str) -> Array:
    if cells.dtype.kind == kind:
        return cells
    if kind == "f" and cells.dtype.kind == "b":
        return cells.astype(np.float64)
    # All cells are missing; or the kinds are mixed, and the table is about to be read again.
    if kind == "O":
        return np.full(len(cells), None, object)
    return np.full(len(cells), np.nan if kind == "f" else np.datetime64("NaT", "us"))


def in_order(table: Table, first: Table, path: str) -> Table:
    """Return a table with the columns in the order of the first one; raise DataError if they are others."""
    if table.names == first.names:
        return table
    others = sorted(set(table.names) ^ set(first.names))
    if others:
        raise DataError(f"{path!r} has not the same columns as what comes before it: {format_names(others)}")
    return table.select(first.names)
