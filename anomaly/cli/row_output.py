"""The output of rows in the format of choice: CSV, JSON Lines or Parquet."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol

from anomaly.tables.csv_writer import CsvWriter
from nnlite.types import Array

FORMATS = ("csv", "jsonl", "parquet")
"""The formats of rows."""

_ENDINGS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}

_OTHER_ENDINGS = (
    *(".arff", ".arrow", ".db", ".docx", ".feather", ".h5", ".hdf5", ".htm", ".html", ".ipc", ".json", ".mat", ".npy"),
    *(".npz", ".ods", ".orc", ".pdf", ".pickle", ".pkl", ".sqlite", ".xls", ".xlsb", ".xlsm", ".xlsx", ".xml"),
    *(".bz2", ".xz", ".zip", ".zst"),
)
"""Endings of formats that are not written: a program would not find what the name promises."""


class RowOutput(Protocol):
    """A writer of rows: what `CsvWriter`, `JsonLinesWriter` and `ParquetWriter` have in common."""

    def __enter__(self) -> RowOutput:
        """Open the output."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        """Complete the output, or after an error leave an earlier file as it was."""

    def begin(self, head: Sequence[str]) -> None:
        """Set the names of the columns."""

    def write_columns(self, columns: Sequence[Array]) -> None:
        """Write a chunk of rows."""

    def flush(self) -> None:
        """Pass on the rows written so far, where they appear at once."""


def format_of(path: str, given: str | None) -> str:
    """Return the format of an output: the given one, or that of the file's ending.

    Raises
    ------
    ValueError
        If the ending is that of another format, and none is given.

    Examples
    --------
    >>> format_of("scores.jsonl.gz", None), format_of("a.parquet", None), format_of("-", None), format_of("-", "jsonl")
    ('jsonl', 'parquet', 'csv', 'jsonl')
    """
    ending = Path(path.lower().removesuffix(".gz")).suffix
    if given is None and ending in _OTHER_ENDINGS:
        raise ValueError(
            f"the output {path!r} has the ending {ending} of a format that is not written; choose a name that ends in "
            ".csv, .jsonl or .parquet, or --format csv to write CSV under this name"
        )
    return given or _ENDINGS.get(ending, "csv")


def open_rows(
    path: str, form: str, *, spreadsheet: bool = False, numbers: Collection[str] = (), whole: Collection[str] = ()
) -> RowOutput:
    """Return the writer of rows, to be entered.

    Parameters
    ----------
    path : str
        The file, or "-".
    form : str
        One of `FORMATS`.
    spreadsheet : bool, default False
        Whether to write no text that a spreadsheet would run as a formula; for CSV alone.
    numbers, whole : collection of str
        Columns of numbers and of whole numbers, in formats with types.

    Raises
    ------
    ValueError
        If options do not go together, or the library for Parquet is not installed.
    """
    if form == "csv":
        return CsvWriter(path, spreadsheet=spreadsheet)
    if spreadsheet:
        raise ValueError(f"--spreadsheet is for CSV; the output {path!r} is {form}")
    from anomaly.tables.typed_writers import JsonLinesWriter, ParquetWriter

    return (JsonLinesWriter if form == "jsonl" else ParquetWriter)(path, numbers=numbers, whole=whole)
