"""The table: records with named columns, and the selection of columns and rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from anomaly.errors import DataError, format_names
from anomaly.tables.coded import CodedText, decimal_of, join_coded, recoded, with_decimal
from anomaly.tables.zoned import with_zone, zone_of
from nnlite.suggestions import did_you_mean
from nnlite.types import Array
from nnlite.values import Value

Numbering: TypeAlias = "Sequence[int] | Array"
_COLUMN_KINDS = "bMO"


class Table(Value):
    """Records with named columns of numbers, booleans, dates or text. A table is immutable.

    Rows keep the number that they have in their source: an error about the third row of a selection names the row of
    the source, and its line in the file.

    Parameters
    ----------
    names : tuple of str
        Names of the columns, distinct.
    cells : tuple of ndarray of shape (n_rows,), or ndarray of shape (n_rows, n_columns)
        Columns of dtype float64 (NaN is missing), bool, datetime64 (NaT is missing) or object (text; None is
        missing); or a matrix of numbers, which is not copied. `anomaly.tables.as_table` converts other data.
    row_numbers : sequence of int, optional
        Numbers of the rows in error messages; 1, 2, ... by default.
    line_numbers : sequence of int, optional
        Line of the source file on which each row starts.
    categorical : frozenset of str, optional
        Columns that the source declares as categorical.
    named : bool, default True
        False if the source has no names and they were generated.
    files : ndarray of object of shape (n_rows,), optional
        Name of the file of each row, where there are several.

    Raises
    ------
    DataError
        If the numbers of names and columns differ, names are repeated, or a column has another dtype or length.

    Examples
    --------
    >>> from anomaly.tables import as_table
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
    row_numbers: Numbering
    line_numbers: Numbering | None
    categorical: frozenset[str]
    named: bool
    files: Array | None

    def __init__(
        self,
        names: tuple[str, ...],
        cells: tuple[Array, ...] | Array,
        row_numbers: Numbering | None = None,
        line_numbers: Numbering | None = None,
        categorical: frozenset[str] = frozenset(),
        named: bool = True,
        files: Array | None = None,
    ) -> None:
        check_names(names)
        if isinstance(cells, np.ndarray):
            if cells.ndim != 2 or cells.dtype.kind not in "fiu":
                raise DataError(f"a matrix must be 2-D and numeric; found shape {cells.shape} and dtype {cells.dtype}")
            widths, cells = cells.shape[1], read_only(cells)
        else:
            _check_columns(names, cells)
            widths, cells = len(cells), tuple(map(read_only, cells))
        if widths != len(names):
            raise DataError(f"found {len(names)} names for {widths} columns; each needs one")
        if row_numbers is None:
            row_numbers = range(1, (len(cells) if isinstance(cells, np.ndarray) else len(cells[0])) + 1)
        self._set(
            names=names,
            cells=cells,
            row_numbers=row_numbers,
            line_numbers=line_numbers,
            categorical=categorical,
            named=named,
            files=files,
        )

    # -- reading -------------------------------------------------------------------------------

    @property
    def n_rows(self) -> int:
        """Number of records."""
        return len(self.cells) if isinstance(self.cells, np.ndarray) else len(self.cells[0])

    @property
    def first_row(self) -> int:
        """Number of the first row, as in error messages."""
        return int(self.row_numbers[0])

    @property
    def matrix(self) -> Array | None:
        """All cells as one numeric array of shape (n_rows, n_columns) if the source is one, otherwise None."""
        return self.cells if isinstance(self.cells, np.ndarray) else None

    @property
    def columns(self) -> tuple[Array, ...]:
        """Columns, in the order of `names`."""
        return tuple(map(self._column, range(len(self.names))))

    def __len__(self) -> int:
        return self.n_rows

    def __getitem__(self, name: str) -> Array:
        return self._column(self._index(name))

    def __repr__(self) -> str:
        return f"Table({self.n_rows:,} rows x {len(self.names):,} columns: {format_names(self.names)})"

    def position(self, index: int) -> str:
        """Return the position of a row in its source, for error messages.

        Parameters
        ----------
        index : int
            Index of the row in this table, counted from 0.

        Returns
        -------
        str
            ``"row 17"``, or ``"line 18 (row 17)"`` if the source is a file.
        """
        row = f"row {int(self.row_numbers[index])}"
        place = row if self.line_numbers is None else f"line {int(self.line_numbers[index])} ({row})"
        return place if self.files is None else f"{self.files[index]}, {place}"

    def _index(self, name: str) -> int:
        try:
            return self.names.index(name)
        except ValueError:
            raise DataError(
                f"there is no column {name!r}; the columns are {format_names(self.names)}"
                f"{did_you_mean(str(name), self.names)}"
            ) from None

    def _column(self, index: int) -> Array:
        if isinstance(self.cells, np.ndarray):
            return self.cells[:, index].astype(np.float64, copy=False)
        return self.cells[index]

    # -- selecting -----------------------------------------------------------------------------

    def select(self, names: Iterable[str]) -> Table:
        """Return a table of some of the columns.

        Parameters
        ----------
        names : iterable of str
            Columns to keep, in the new order.

        Returns
        -------
        Table
            Table of these columns.

        Raises
        ------
        DataError
            If there is no such column, or `names` is empty.
        """
        kept = tuple(names)
        positions = {name: index for index, name in enumerate(self.names)}
        indices = [positions[name] if name in positions else self._index(name) for name in kept]
        if not kept:
            raise DataError("no column is left; name at least one to keep")
        if isinstance(self.cells, np.ndarray):
            return self.replaced(names=kept, cells=self.cells[:, indices])
        return self.replaced(names=kept, cells=tuple(self.cells[i] for i in indices))

    def drop(self, names: Iterable[str]) -> Table:
        """Return a table without some of the columns.

        Parameters
        ----------
        names : iterable of str
            Columns to drop.

        Returns
        -------
        Table
            Table of the other columns.

        Raises
        ------
        DataError
            If there is no such column, or no column is left.
        """
        dropped = {self.names[self._index(name)] for name in names}
        return self.select(name for name in self.names if name not in dropped)

    def rename(self, names: Sequence[str]) -> Table:
        """Return a table with the same columns under new names.

        Parameters
        ----------
        names : sequence of str
            New name of each column.

        Returns
        -------
        Table
            Table with the new names.
        """
        new = dict(zip(self.names, names, strict=False))
        declared = frozenset(new[name] for name in self.categorical & set(new))
        return self.replaced(names=tuple(names), categorical=declared, named=True)

    def rows(self, selector: slice | Array | Sequence[int] | Sequence[bool]) -> Table:
        """Return a table of some of the rows.

        Parameters
        ----------
        selector : slice, mask or indices
            Slice, boolean mask with one value per row, or row indices counted from 0.

        Returns
        -------
        Table
            Table of these rows, which keep their numbers.

        Raises
        ------
        DataError
            If the length of a mask is not the number of rows, or there is no such row.
        """
        chosen = selector if isinstance(selector, slice) else self._row_indices(selector)
        if isinstance(self.cells, np.ndarray):
            cells: tuple[Array, ...] | Array = self.cells[chosen]
        else:
            cells = tuple(column[chosen] for column in self.cells)
        lines = self.line_numbers
        return self.replaced(
            cells=cells,
            row_numbers=_pick(self.row_numbers, chosen),
            line_numbers=None if lines is None else _pick(lines, chosen),
            files=None if self.files is None else self.files[chosen],
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
    """Concatenate tables of the same columns along their rows.

    Parameters
    ----------
    tables : sequence of Table
        At least one table. Rows keep their numbers.

    Returns
    -------
    Table
        Table of all rows.

    Raises
    ------
    DataError
        If the names or the kinds of the columns differ.
    """
    first = tables[0]
    if len(tables) == 1:
        return first
    for table in tables[1:]:
        if table.names != first.names:
            raise DataError(
                f"tables to concatenate must have the same columns; found {format_names(first.names)} "
                f"and {format_names(table.names)}"
            )
    columns = []
    for name, parts in zip(first.names, zip(*(t.columns for t in tables), strict=True), strict=True):
        if len({part.dtype.kind for part in parts}) > 1:
            found = ", ".join(sorted({str(part.dtype) for part in parts}))
            raise DataError(f"column {name!r} cannot be concatenated from parts of dtypes {found}")
        columns.append(join_columns(parts))
    lines = [t.line_numbers for t in tables if t.line_numbers is not None]
    return first.replaced(
        cells=tuple(columns),
        row_numbers=np.concatenate([np.asarray(table.row_numbers) for table in tables]),
        line_numbers=np.concatenate(lines) if lines else None,
        files=None if first.files is None else np.concatenate([np.asarray(table.files) for table in tables]),
    )


def join_columns(parts: Sequence[Array]) -> Array:
    """Return columns one after another as one; codes of text are kept if all have them."""
    coded = join_coded(parts)
    if coded is not None:
        return coded
    zones = {zone_of(part) for part in parts}
    joined = with_decimal(np.concatenate(parts), decimal_of(parts[0]))
    return with_zone(joined, zones.pop()) if len(zones) == 1 else joined


def read_only(array: Array) -> Array:
    """Return a read-only view of an array."""
    if isinstance(array, CodedText):
        return recoded(array)
    view: Array = array.view()
    view.flags.writeable = False
    return view


def _pick(numbers: Numbering, chosen: slice | Array) -> Numbering:
    return numbers[chosen] if isinstance(chosen, slice) else np.asarray(numbers)[chosen]


def check_names(names: tuple[str, ...]) -> None:
    """Raise DataError if a name is repeated."""
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


def table_of_columns(columns: Mapping[str, Array], label: str, categorical: frozenset[str] = frozenset()) -> Table:
    """Return the table of columns by name; raise DataError, which names their source, if they hold no rows."""
    if not columns or not len(next(iter(columns.values()))):
        raise DataError(f"{label} has no rows")
    return Table(tuple(columns), tuple(columns.values()), categorical=categorical)
