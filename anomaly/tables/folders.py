"""The files of a folder, as parts of one table."""

from __future__ import annotations

from pathlib import Path

from anomaly.errors import DataError
from anomaly.tables.other_files import is_other_file

_TEXT = (".csv", ".tsv", ".txt", ".data")


def is_table_file(path: str) -> bool:
    """Return whether a file's name ends as that of a table.

    Examples
    --------
    >>> is_table_file("a.csv.gz"), is_table_file("a.parquet"), is_table_file("notes.md")
    (True, True, False)
    """
    return is_other_file(path) or Path(path.lower().removesuffix(".gz")).suffix in _TEXT


def files_of(folder: str) -> list[str]:
    """Return the files of a folder and of those in it, in the order of their names.

    Names that begin with ``_`` or ``.`` are left out, as those that Spark and Hadoop write beside the parts of a table.

    Parameters
    ----------
    folder : str
        Path of the folder.

    Raises
    ------
    DataError
        If there is no file, or one that is no table; or if names of folders hold values of a column, which are not
        read.
    """
    found = []
    for path in sorted(Path(folder).rglob("*")):
        names = path.relative_to(folder).parts
        if any(name.startswith(("_", ".")) for name in names) or not path.is_file():
            continue
        valued = next((name for name in names[:-1] if "=" in name), None)
        if valued is not None:
            raise DataError(
                f"cannot read {folder!r}: it is a folder in which {valued!r} holds a value of a column, which is not "
                f"read; give the files as a pattern, such as '{folder}/*/*.parquet', to do without that column"
            )
        if not is_table_file(path.name):
            raise DataError(
                f"cannot read {folder!r}: it is a folder with {path.name!r} in it, which is no table; name a file in "
                f"it, or give a pattern, such as '{folder}/*.csv'"
            )
        found.append(str(path))
    if not found:
        raise DataError(f"cannot read {folder!r}: it is a folder without tables; name a file")
    return found
