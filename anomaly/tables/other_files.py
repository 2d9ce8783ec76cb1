"""Tables in files other than CSV: Parquet, Feather, ARFF, MATLAB and Excel.

All but ARFF need libraries, which the extra ``files`` of this distribution installs.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from anomaly.errors import DataError
from anomaly.tables.arrow_files import ARROW_SUFFIXES, read_arrow_file
from anomaly.tables.table import Table

_SUFFIXES = frozenset((*ARROW_SUFFIXES, ".arff", ".mat", ".xlsx"))


def is_other_file(path: str | os.PathLike[str]) -> bool:
    """Return whether a file's name ends as those of the formats of this module do.

    Examples
    --------
    >>> is_other_file("data.parquet"), is_other_file("data.csv")
    (True, False)
    """
    return Path(path).suffix.lower() in _SUFFIXES


def read_other_file(path: str | os.PathLike[str]) -> Table:
    """Read a table from a Parquet, Feather, ARFF, MATLAB or Excel file.

    - ARFF: dense or sparse; ``?`` is missing, and nominal attributes are categories. It needs no library.
    - MATLAB: the matrix ``X``, or the only one; vectors of as many numbers, such as ``y``, are columns of their own. A
      matrix of which the columns are as many as these numbers is transposed, with a warning.
    - Excel: the first sheet, whose first row has the names.

    Parameters
    ----------
    path : str or path
        The file; its name says what it is.

    Returns
    -------
    Table
        The records.

    Raises
    ------
    DataError
        If the file is damaged, or holds no table, or the library for it is not installed.
    """
    if not os.path.isfile(path):
        raise DataError(f"cannot read {os.fspath(path)!r}: there is no such file")
    name = os.fspath(path)
    try:
        return _reader(Path(path).suffix.lower())(name)
    except (DataError, OSError, MemoryError):
        raise
    except Exception as error:  # libraries of others, with errors of their own
        raise DataError(f"cannot read {name!r}: {' '.join(str(error).split()) or type(error).__name__}") from error


def _reader(suffix: str) -> Callable[[str], Table]:
    """Return the function that reads files of a suffix; most processes need none."""
    if suffix == ".arff":
        from anomaly.tables.arff_files import read_arff

        return read_arff
    if suffix == ".mat":
        from anomaly.tables.mat_files import read_mat

        return read_mat
    if suffix == ".xlsx":
        from anomaly.tables.excel_files import read_xlsx

        return read_xlsx
    return read_arrow_file
