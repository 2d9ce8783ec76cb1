"""Tables in files other than CSV: Parquet, Feather, ARFF, MATLAB and Excel, by libraries that are installed beside.

The extra ``files`` of this distribution installs them.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from anomaly.errors import DataError, FileFormWarning, format_names
from anomaly.tables.arrow_files import ARROW_SUFFIXES, read_arrow_file
from anomaly.tables.cells import as_column, objects_as_column
from anomaly.tables.libraries import library
from anomaly.tables.table import Table
from nnlite.types import Array

_HDF5 = b"\x89HDF"
_LABELS = ("y", "Y", "label", "labels")


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


def _table(columns: Mapping[str, Array], path: str, categorical: frozenset[str] = frozenset()) -> Table:
    if not columns or not len(next(iter(columns.values()))):
        raise DataError(f"{path!r} has no rows")
    return Table(tuple(columns), tuple(columns.values()), categorical=categorical)


# -- ARFF --------------------------------------------------------------------------------------


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
    return _table(columns, path, frozenset(categorical))


# -- MATLAB ------------------------------------------------------------------------------------


def _read_mat(path: str) -> Table:
    with open(path, "rb") as file:
        start = file.read(520)
    # Files of version 7.3 are HDF5, with 512 bytes before it.
    arrays = _hdf5_arrays(path) if _HDF5 in (start[:4], start[512:516]) else _mat_arrays(path)
    matrices = {name: array for name, array in arrays.items() if min(array.shape) > 1}
    vectors = {name: array.ravel() for name, array in arrays.items() if min(array.shape) == 1 < max(array.shape)}
    if "X" not in matrices and len(matrices) != 1:
        raise DataError(
            f"{path!r}: expected one matrix, or one with the name X; found {format_names(matrices) or 'none'}"
        )
    name = "X" if "X" in matrices else next(iter(matrices))
    matrix = matrices[name]
    lengths = {len(vector) for label, vector in vectors.items() if label in _LABELS} or set(map(len, vectors.values()))
    if len(matrix) not in lengths and matrix.shape[1] in lengths:
        warnings.warn(
            f"{path!r}: {name} has {matrix.shape[1]:,} columns, as many as there are labels: it is transposed",
            FileFormWarning,
            stacklevel=2,
        )
        matrix = matrix.T
    columns = {f"x{j}": np.array(matrix[:, j], np.float64) for j in range(matrix.shape[1])}
    columns |= {label: np.array(v, np.float64) for label, v in vectors.items() if len(v) == len(matrix)}
    return _table(columns, path)


def _mat_arrays(path: str) -> dict[str, Array]:
    found = library("scipy.io", path).loadmat(path)
    return {name: value for name, value in found.items() if not name.startswith("__") and _is_numeric(value)}


def _hdf5_arrays(path: str) -> dict[str, Array]:
    with library("h5py", path).File(path, "r") as file:
        # MATLAB stores columns one after another, which HDF5 takes for rows.
        found = {name: np.asarray(value).T for name, value in file.items() if hasattr(value, "shape")}
    return {name: value for name, value in found.items() if _is_numeric(value)}


def _is_numeric(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind in "fiub" and value.ndim == 2 and value.size > 0


# -- Excel -------------------------------------------------------------------------------------


def _read_xlsx(path: str) -> Table:
    book = library("openpyxl", path).load_workbook(path, read_only=True, data_only=True)
    try:
        sheets = book.sheetnames
        if len(sheets) > 1:
            warnings.warn(
                f"{path!r}: read the first of {len(sheets)} sheets, {sheets[0]!r}", FileFormWarning, stacklevel=2
            )
        rows = [row for row in book[sheets[0]].iter_rows(values_only=True) if any(cell is not None for cell in row)]
    finally:
        book.close()
    if len(rows) < 2:
        raise DataError(f"{path!r} has no rows below the names of its columns")
    width = max(len(row) for row in rows)
    padded = [[*row, *[None] * (width - len(row))] for row in rows]
    columns = list(zip(*padded, strict=True))
    named = [column for column in columns if any(cell is not None for cell in column)]
    names = ["" if column[0] is None else str(column[0]).strip() for column in named]
    if "" in names or len(set(names)) < len(names):
        raise DataError(f"{path!r}: the first row must name each column, all differently; found {format_names(names)}")
    return _table({name: objects_as_column(column[1:], name) for name, column in zip(names, named, strict=True)}, path)


_READERS: dict[str, Callable[[str], Table]] = {
    **dict.fromkeys(ARROW_SUFFIXES, read_arrow_file),
    ".arff": _read_arff,
    ".mat": _read_mat,
    ".xlsx": _read_xlsx,
}
