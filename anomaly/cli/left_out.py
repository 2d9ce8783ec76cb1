"""What is told of rows that were left out because they could not be read."""

from __future__ import annotations

import sys

from anomaly.errors import printable
from anomaly.tables.bad_rows import BadRows
from anomaly.tables.csv_writer import CsvWriter

_MOST_TOLD = 3


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
    print(printable(f"anomaly: left out {len(bad):,} {rows}{where}: {causes}{more}"), file=sys.stderr)
