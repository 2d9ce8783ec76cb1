"""Records with named columns, from arrays, data frames, lists of records or files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

from anomaly.errors import DataError, format_names, format_value
from anomaly.tables.cells import as_column, objects_as_column
from anomaly.tables.frames import (
    declares_categories,
    frame_matrix,
    is_frame,
    is_series,
    series_as_column,
)
from nnlite.types import Array

Numbering: TypeAlias = "Sequence[int] | Array"
_COLUMN_KINDS = "bMO"


@dataclass(frozen=True, eq=False, repr=False)
class Table:
    """Records with named columns: numbers, truth values, dates or text. It cannot be changed, only selected from.

    Rows remember where they came from: a message about the third row of a selection names the row, and the
    line of the file, that it was.

    Parameters
    ----------
    names : tuple of str
        One for each column, no two alike.
    cells : tuple of ndarray of shape (n_rows,), or ndarray of shape (n_rows, n_columns)
        Columns of dtype float64 (NaN is missing), bool, datetime64 (NaT is missing) or object (text; None is
        missing); or a matrix of numbers, which is not copied. `as_table` converts anything else.
    row_numbers : sequence of int, optional
        What messages call the rows; 1, 2, ... by default.
    line_numbers : sequence of int, optional
        The line on which each row starts in the file it came from.
    categorical : frozenset of str, optional
        Columns that their source declared to hold categories.
    named : bool, default True
        False where the names were made up because the source has none.

    Raises
    ------
    DataError
        If names and columns do not fit together.

    Examples
    --------
    >>> table = as_table({"color": ["red", "blue", None], "size": [1, 2, 3]})
    >>> table
    Table(3 rows x 2 columns: 'color', 'size')
    >>> table["size"].tolist()
    [1.0, 2.0, 3.0]
    >>> table.rows(slice(1, None)).position(0)
    'row 2'
    """

    names: tuple[str, ...]
    cells: tuple[Array, ...] | Array
    row_numbers: Numbering | None = None
    line_numbers: Numbering | None = None
    categorical: frozenset[str] = frozenset()
    named: bool = True

    def __post_init__(self) -> None:
        cells = self.cells
        _check_names(self.names)
        if isinstance(cells, np.ndarray):
            if cells.ndim != 2 or cells.dtype.kind not in "fiu":
                raise DataError(f"a matrix must be 2-D and numeric; found shape {cells.shape} and dtype {cells.dtype}")
            widths, cells = cells.shape[1], _read_only(cells)
        else:
            _check_columns(self.names, cells)
            widths, cells = len(cells), tuple(map(_read_only, cells))
        if widths != len(self.names):
            raise DataError(f"found {len(self.names)} names for {widths} columns; each needs one")
        # Frozen: the two fields that the constructor completes are set past the lock.
        object.__setattr__(self, "cells", cells)
        if self.row_numbers is None:
            object.__setattr__(self, "row_numbers", range(1, self.n_rows + 1))

    # -- looking -------------------------------------------------------------------------------

    @property
    def n_rows(self) -> int:
        """Number of records."""
        return len(self.cells) if isinstance(self.cells, np.ndarray) else len(self.cells[0])

    @property
    def first_row(self) -> int:
        """What messages call the first row."""
        return int(self._numbering[0])

    @property
    def matrix(self) -> Array | None:
        """All cells as one array of numbers of shape (n_rows, n_columns), where the source was one; else None."""
        return self.cells if isinstance(self.cells, np.ndarray) else None

    @property
    def columns(self) -> tuple[Array, ...]:
        """The columns, in the order of `names`."""
        return tuple(map(self._column, range(len(self.names))))

    def __len__(self) -> int:
        return self.n_rows

    def __getitem__(self, name: str) -> Array:
        return self._column(self._index(name))

    def __repr__(self) -> str:
        return f"Table({self.n_rows:,} rows x {len(self.names):,} columns: {format_names(self.names)})"

    def position(self, index: int) -> str:
        """Say where a row is, for messages.

        Parameters
        ----------
        index : int
            Counted from 0 in this table.

        Returns
        -------
        str
            ``"row 17"``, or ``"line 18 (row 17)"`` where the rows came from a file.
        """
        row = f"row {int(self._numbering[index])}"
        return row if self.line_numbers is None else f"line {int(self.line_numbers[index])} ({row})"

    @property
    def _numbering(self) -> Numbering:
        assert self.row_numbers is not None  # the constructor sees to it
        return self.row_numbers

    def _index(self, name: str) -> int:
        try:
            return self.names.index(name)
        except ValueError:
            raise DataError(f"there is no column {name!r}; the columns are {format_names(self.names)}") from None

    def _column(self, index: int) -> Array:
        if isinstance(self.cells, np.ndarray):
            return self.cells[:, index].astype(np.float64, copy=False)
        return self.cells[index]

    # -- selecting -----------------------------------------------------------------------------

    def select(self, names: Iterable[str]) -> Table:
        """Return the named columns, in the order given.

        Parameters
        ----------
        names : iterable of str
            Columns to keep.

        Returns
        -------
        Table
            With those columns.

        Raises
        ------
        DataError
            If there is no such column, or no name is given.
        """
        kept = tuple(names)
        where = {name: index for index, name in enumerate(self.names)}
        indices = [where[name] if name in where else self._index(name) for name in kept]
        if not kept:
            raise DataError("no column is left; name at least one to keep")
        if isinstance(self.cells, np.ndarray):
            return replace(self, names=kept, cells=self.cells[:, indices])
        return replace(self, names=kept, cells=tuple(self.cells[i] for i in indices))

    def drop(self, names: Iterable[str]) -> Table:
        """Return the table without the named columns.

        Parameters
        ----------
        names : iterable of str
            Columns to leave out.

        Returns
        -------
        Table
            With the other columns.

        Raises
        ------
        DataError
            If there is no such column, or none is left.
        """
        dropped = {self.names[self._index(name)] for name in names}
        return self.select(name for name in self.names if name not in dropped)

    def rename(self, names: Sequence[str]) -> Table:
        """Return the same columns under other names.

        Parameters
        ----------
        names : sequence of str
            One for each column.

        Returns
        -------
        Table
            With those names.
        """
        new = dict(zip(self.names, names, strict=False))
        declared = frozenset(new[name] for name in self.categorical & set(new))
        return replace(self, names=tuple(names), categorical=declared, named=True)

    def rows(self, selector: slice | Array | Sequence[int] | Sequence[bool]) -> Table:
        """Return some of the rows.

        Parameters
        ----------
        selector : slice, mask or indices
            A slice, one truth value per row, or row indices counted from 0.

        Returns
        -------
        Table
            With those rows, which keep their numbers.

        Raises
        ------
        DataError
            If a mask has not one value per row, or there is no such row.
        """
        chosen = selector if isinstance(selector, slice) else self._row_indices(selector)
        if isinstance(self.cells, np.ndarray):
            cells: tuple[Array, ...] | Array = self.cells[chosen]
        else:
            cells = tuple(column[chosen] for column in self.cells)
        lines = self.line_numbers
        return replace(
            self,
            cells=cells,
            row_numbers=_pick(self._numbering, chosen),
            line_numbers=None if lines is None else _pick(lines, chosen),
        )

    def _row_indices(self, selector: Any) -> Array:
        chosen = np.asarray(selector)
        if chosen.ndim != 1:
            raise DataError(f"rows takes a slice, a mask or a list of indices; found an array of shape {chosen.shape}")
        if chosen.dtype == np.bool_:
            if len(chosen) != self.n_rows:
                raise DataError(f"a mask must have one value per row ({self.n_rows:,}); found {len(chosen):,}")
            return np.flatnonzero(chosen)
        if chosen.size and chosen.dtype.kind not in "iu":
            raise DataError(f"row indices must be whole numbers; found dtype {chosen.dtype}")
        if chosen.size and not -self.n_rows <= chosen.min() <= chosen.max() < self.n_rows:
            raise DataError(f"row indices must be below {self.n_rows:,}; found {chosen.min()} to {chosen.max()}")
        return chosen.astype(np.intp)


def concatenate(tables: Sequence[Table]) -> Table:
    """Put tables of the same columns one below the other.

    Parameters
    ----------
    tables : sequence of Table
        At least one. Rows keep their numbers.

    Returns
    -------
    Table
        With all the rows.

    Raises
    ------
    DataError
        If the names differ, or a column is of different kinds.
    """
    first = tables[0]
    if len(tables) == 1:
        return first
    for table in tables[1:]:
        if table.names != first.names:
            raise DataError(
                f"tables to put together must have the same columns; found {format_names(first.names)} "
                f"and {format_names(table.names)}"
            )
    columns = []
    for name, parts in zip(first.names, zip(*(t.columns for t in tables), strict=True), strict=True):
        if len({part.dtype.kind for part in parts}) > 1:
            found = ", ".join(sorted({str(part.dtype) for part in parts}))
            raise DataError(f"column {name!r} cannot be put together from parts of dtypes {found}")
        columns.append(np.concatenate(parts))
    lines = [t.line_numbers for t in tables if t.line_numbers is not None]
    return replace(
        first,
        cells=tuple(columns),
        row_numbers=np.concatenate([table._numbering for table in tables]),
        line_numbers=np.concatenate(lines) if lines else None,
    )


def as_table(data: Any, names: Sequence[str] | None = None) -> Table:
    """Make a table of whatever holds records.

    Parameters
    ----------
    data : array, data frame, list, dict or Table
        - a 2-D array of numbers, text or Python objects, a structured array, or a masked one (masked is missing);
        - a DataFrame of pandas or polars, neither of which need be installed;
        - a list of records, each a dict (a key that a record lacks is a missing value there);
        - a list of rows, each a list, tuple or array;
        - a dict of columns;
        - a table, which is returned as it is.
    names : sequence of str, optional
        Names for the columns, in place of the source's own. Arrays and lists of rows have none:
        theirs are ``x0``, ``x1``, ...

    Returns
    -------
    Table
        Arrays of numbers are not copied.

    Raises
    ------
    DataError
        If there are no rows or no columns, rows differ in length, names are not distinct, or a cell holds something
        that is not a number, text, a truth value or a date.

    Examples
    --------
    >>> as_table([{"amount": 3, "country": "FR"}, {"amount": 4.5}]).columns[1].tolist()
    ['FR', None]
    >>> as_table([[1, 2], [3, 4], [5, 6]]).names
    ('x0', 'x1')
    """
    table = _convert(data)
    if names is not None:
        table = table.rename(names)
    return table


def _convert(data: Any) -> Table:
    if isinstance(data, Table):
        return data
    if isinstance(data, np.ndarray):
        return _from_array(data)
    if is_frame(data):
        return _from_frame(data)
    if isinstance(data, Mapping):
        return _from_columns(data)
    if is_series(data):
        raise DataError(
            f"expected a table, found one column ({type(data).__name__} {data.name!r}): make it a data frame with "
            "series.to_frame(), or select a single record with frame[i:i + 1]"
        )
    if isinstance(data, (str, bytes, os.PathLike)):
        raise DataError(f"expected a table, found {data!r}; to read a file use anomaly.tables.csv_files.read_csv")
    if hasattr(data, "toarray"):
        raise DataError("expected a table, found a sparse matrix; convert it with its method toarray()")
    if hasattr(data, "__array__"):
        return _from_array(np.asarray(data))
    if isinstance(data, Iterable):
        return _from_rows(list(data))
    raise DataError(
        f"expected a table (array, data frame, list of records, dict of columns); found {type(data).__name__}"
    )


def _from_array(array: Array) -> Table:
    if array.dtype.names is not None:
        if array.ndim != 1:
            raise DataError(f"a structured array must be 1-D; found shape {array.shape}")
        _check_size((len(array), len(array.dtype.names)))
        return _from_arrays(array.dtype.names, [array[name] for name in array.dtype.names])
    if array.ndim < 2:
        raise DataError(
            f"expected a 2-D array (rows x columns), found {array.ndim}-D of shape {array.shape}. Reshape your data "
            "with array.reshape(-1, 1) if it is a single column, or array.reshape(1, -1) if it is a single record"
        )
    if array.ndim > 2:
        raise DataError(f"expected a 2-D array (rows x columns), found shape {array.shape}")
    _check_size(array.shape)
    names = _numbered_names(array.shape[1])
    if array.dtype.kind in "fiu" and not isinstance(array, np.ma.MaskedArray):
        # Half and extended precision are rare enough to be converted at the door.
        exact = array.dtype.kind != "f" or array.dtype in (np.float32, np.float64)
        return Table(names, array if exact else array.astype(np.float64), named=False)
    return replace(_from_arrays(names, list(array.T)), named=False)


def _from_arrays(names: Sequence[str], arrays: Sequence[Array]) -> Table:
    columns = tuple(as_column(a, name) for name, a in zip(names, arrays, strict=True))
    return Table(tuple(names), columns)


def _from_frame(frame: Any) -> Table:
    labels = list(frame.columns)
    names = tuple(map(str, labels))
    _check_names(names)
    _check_size((len(frame), len(names)))
    matrix = frame_matrix(frame)
    if matrix is not None:
        return Table(names, matrix)
    return Table(
        names,
        tuple(series_as_column(frame[label], name) for label, name in zip(labels, names, strict=True)),
        categorical=frozenset(
            name for name, dtype in zip(names, frame.dtypes, strict=True) if declares_categories(dtype)
        ),
    )


def _from_columns(data: Mapping[Any, Any]) -> Table:
    names = tuple(map(str, data))
    columns = []
    for name, values in zip(names, data.values(), strict=True):
        if is_series(values):
            columns.append(series_as_column(values, name))
        elif isinstance(values, (list, tuple, range)):
            columns.append(objects_as_column(values, name))
        elif hasattr(values, "__array__") and np.asarray(values).ndim == 1:
            columns.append(as_column(np.asarray(values), name))
        else:
            raise DataError(
                f"column {name!r} must be a list or a 1-D array; found {type(values).__name__} {format_value(values)}. "
                "A single record is given as a list of one dict"
            )
    _check_size((len(columns[0]) if columns else 0, len(columns)))
    return Table(names, tuple(columns))


def _from_rows(rows: list[Any]) -> Table:
    if not rows:
        raise DataError("found 0 sample(s) (an empty list) while a minimum of 1 is required")
    if isinstance(rows[0], Mapping):
        return _from_records(rows)
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, (list, tuple)) and not (isinstance(row, np.ndarray) and row.ndim == 1):
            raise DataError(
                f"row {number}: expected a list of values, found {type(row).__name__} {format_value(row)}. Reshape your data: "
                "a single record is given as a list of one row"
            )
        if len(row) != len(rows[0]):
            raise DataError(f"row {number} has {len(row)} values; expected {len(rows[0])}, as in row 1")
    _check_size((len(rows), len(rows[0])))
    matrix = _plain_numbers(rows)
    if matrix is not None:
        return _from_array(matrix)
    names = _numbered_names(len(rows[0]))
    columns = zip(*rows, strict=True)
    cells = tuple(objects_as_column(values, name) for name, values in zip(names, columns, strict=True))
    return Table(names, cells, named=False)


def _from_records(records: list[Any]) -> Table:
    for number, record in enumerate(records, start=1):
        if not isinstance(record, Mapping):
            raise DataError(f"row {number}: expected a dict as in row 1, found {type(record).__name__} {format_value(record)}")
    keys = dict.fromkeys(key for record in records for key in record)
    return _from_columns({key: [record.get(key) for record in records] for key in keys})


def _plain_numbers(rows: list[Any]) -> Array | None:
    """Convert rows of numbers at once, if that is what they are."""
    if not all(isinstance(v, (int, float, np.number)) and not isinstance(v, bool) for v in rows[0]):
        return None
    try:
        array = np.array(rows)
    except (ValueError, OverflowError):
        return None
    return array if array.dtype.kind in "fiu" else None


@lru_cache(maxsize=64)
def _numbered_names(width: int) -> tuple[str, ...]:
    return tuple(f"x{i}" for i in range(width))


def _read_only(array: Array) -> Array:
    view: Array = array.view()
    view.flags.writeable = False
    return view


def _pick(numbers: Numbering, chosen: slice | Array) -> Numbering:
    return numbers[chosen] if isinstance(chosen, slice) else np.asarray(numbers)[chosen]


def _check_size(shape: tuple[int, ...]) -> None:
    if shape[0] == 0:
        raise DataError(f"found 0 sample(s) (shape={shape}) while a minimum of 1 is required.")
    if shape[1] == 0:
        raise DataError(f"found 0 feature(s) (shape={shape}) while a minimum of 1 is required.")


def _check_names(names: tuple[str, ...]) -> None:
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise DataError(f"column names must be distinct; found more than once: {format_names(twice)}")


def _check_columns(names: tuple[str, ...], columns: tuple[Array, ...]) -> None:
    if not columns:
        raise DataError("a table needs at least one column")
    for name, column in zip(names, columns, strict=False):
        if column.ndim != 1 or (column.dtype != np.float64 and column.dtype.kind not in _COLUMN_KINDS):
            raise DataError(
                f"column {name!r} has shape {column.shape} and dtype {column.dtype}; expected a 1-D array of float64, "
                "bool, datetime64 or text, which as_table makes"
            )
        if len(column) != len(columns[0]):
            raise DataError(
                f"column {name!r} has {len(column):,} rows; expected {len(columns[0]):,}, as in column {names[0]!r}"
            )
