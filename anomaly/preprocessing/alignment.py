"""Alignment of the columns of a table with those of the training table."""

from __future__ import annotations

from anomaly.errors import DataError, format_names
from anomaly.tables import Table


def align_columns(table: Table, names: tuple[str, ...], *, named: bool, extra: str) -> Table:
    """Return a table with the columns of the training table, in their order and under their names.

    Parameters
    ----------
    table : Table
        Columns are matched by name, or by position if either table has no names.
    names : tuple of str
        Names of the columns of the training table.
    named : bool
        Whether the training table has names.
    extra : {"error", "ignore"}
        Treatment of additional columns with names.

    Returns
    -------
    Table
        The aligned table.

    Raises
    ------
    DataError
        If columns are missing or additional.
    """
    if table.names == names:
        return table
    if not (table.named and named):
        if len(table.names) != len(names):
            raise DataError(
                f"X has {len(table.names)} features, but TablePreprocessor is expecting {len(names)} features as input"
            )
        return table.rename(names)
    present, known = set(table.names), set(names)
    missing = [name for name in names if name not in present]
    if missing:
        raise DataError(f"columns missing: {format_names(missing)}; the table has {format_names(table.names)}")
    unknown = [name for name in table.names if name not in known]
    if unknown and extra == "error":
        raise DataError(
            f"columns that were not there in training: {format_names(unknown)}; leave them out (on the command line: "
            "--drop, --id or --label)"
        )
    return table.select(names)
