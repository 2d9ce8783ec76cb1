"""Tables in files other than CSV: Parquet, Feather, ARFF, MATLAB and Excel, by libraries that are installed beside.

The extra ``files`` of this distribution installs them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from anomaly.errors import DataError
from anomaly.tables.arrow_files import ARROW_SUFFIXES, read_arrow_file
from anomaly.tables.cells import as_column, objects_as_column
from anomaly.tables.excel_files import read_xlsx
from anomaly.tables.libraries import library
from anomaly.tables.mat_files import read_mat
from anomaly.tables.table import Table, table_of_columns
from nnlite.types import Array


def is_other_file(path: str | os.PathLike[str]) -> bool:
    """Return whether a file's name ends as those of the formats of this module do.

    Examples
    --------
    >>> is_other_file("data.parquet"), is_other_file("data.csv")
    (True, False)
    """
    return Path(path).suffix.lower() in _READERS


def read_other_file(path: str | os.PathLike[str]) -> Table:
    """Read a table from a Parquet, Feather, ARFF, MATLAB or Excel file.

    - ARFF: ``?`` is missing, and nominal attributes are categories.
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
        return _READERS[Path(path).suffix.lower()](name)
    except (DataError, OSError, MemoryError):
        raise
    except Exception as error:  # libraries of others, with errors of their own
        raise DataError(f"cannot read {name!r}: {' '.join(str(error).split()) or type(error).__name__}") from error


def _read_arff(path: str) -> Table:
    data, meta = library("scipy.io.arff", path).loadarff(path)
    columns: dict[str, Array] = {}
    categorical = set()
    for name, kind in zip(meta.names(), meta.types(), strict=True):
        if kind == "nominal":
            categorical.add(name)
            texts = [value.decode() for value in data[name].tolist()]
            columns[name] = objects_as_column([None if text == "?" else text for text in texts], name)
        else:
            columns[name] = as_column(data[name], name)
    return table_of_columns(columns, repr(path), frozenset(categorical))


_READERS: dict[str, Callable[[str], Table]] = {
    **dict.fromkeys(ARROW_SUFFIXES, read_arrow_file),
    ".arff": _read_arff,
    ".mat": read_mat,
    ".xlsx": read_xlsx,
}
