"""What is told of rows that were left out because they could not be read."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from anomaly.cli.streams import say_aside
from anomaly.preprocessing.columns.learning import ColumnSettings
from anomaly.preprocessing.columns.misfits import rows_that_misfit
from anomaly.tables import Table
from anomaly.tables.bad_rows import BadRows
from anomaly.tables.csv_writer import CsvWriter
from nnlite.types import Array

_MOST_TOLD = 3


def without_misfits(
    table: Table, bad: BadRows, file: str, categorical: Collection[str], date_format: Sequence[str]
) -> Array:
    """Return which rows have no cell that does not fit the others of its column, and add the others to a list.

    Parameters
    ----------
    table : Table
        Training rows, with the columns that are features alone.
    bad : BadRows
        The list.
    file : str
        Name of the file, where there is one alone.
    categorical : collection of str
        Columns of categories.
    date_format : sequence of str
        Formats of dates, as for `anomaly.preprocessing.TablePreprocessor`.
    """
    settings = ColumnSettings("cycles", 1, 1, "nan", date_format=tuple(date_format))
    causes = rows_that_misfit(table, categorical, settings)
    is_good = np.ones(len(table), np.bool_)
    for row, cause in causes.items():
        is_good[row] = False
        line = row + 1 if table.line_numbers is None else int(table.line_numbers[row])
        bad.add(file if table.files is None else table.files[row], line, cause)
    return is_good


def tell_left_out(bad: BadRows, path: str | None, spreadsheet: bool = False) -> None:
    """Print how many rows were left out, with the first causes; write all to a file if one is given.

    Parameters
    ----------
    bad : BadRows
        The rows.
    path : str or None
        The file.
    spreadsheet : bool, default False
        Whether the file holds no text that a spreadsheet would run as a formula.
    """
    if path is not None:
        with CsvWriter(path, spreadsheet=spreadsheet) as writer:
            writer.write_row(["file", "line", "cause"])
            for row in bad.rows:
                writer.write_row(row)
    if not len(bad):
        return
    causes = "; ".join(f"{file}, line {line}: {cause}" for file, line, cause in bad.rows[:_MOST_TOLD])
    more = f"; and {len(bad) - _MOST_TOLD:,} more" if len(bad) > _MOST_TOLD else ""
    where = "" if path is None else f" (all of them are in {path!r})"
    rows = "row that cannot be read" if len(bad) == 1 else "rows that cannot be read"
    say_aside(f"anomaly: left out {len(bad):,} {rows}{where}: {causes}{more}")
