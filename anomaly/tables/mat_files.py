"""Tables in files of MATLAB, of version 5 by SciPy, and of version 7.3, which are HDF5, by h5py."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from anomaly.errors import DataError, FileFormWarning, format_names
from anomaly.tables.libraries import library
from anomaly.tables.table import Table, table_of_columns
from nnlite.types import Array

_HDF5 = b"\x89HDF"
_LABELS = ("y", "Y", "label", "labels")
# A file of a stranger is no way to read other files.
_ELSEWHERE = "a link to another file"
# Real variables become some ten times as large when they are unpacked.
_BYTES, _MOST_UNPACKED, _MOST_TIMES = 8, 2**26, 200
_NO_NUMBERS = {"U": "text", "S": "text", "O": "cells", "V": "structures", "c": "complex numbers"}


def read_mat(path: str) -> Table:
    """Read the matrix ``X`` of a file, or its only one, and vectors of as many numbers.

    A matrix of which the columns are as many as the labels is transposed, with a warning. Variables that become no
    column are named in a warning.

    Raises
    ------
    DataError
        If there is no matrix of numbers, or several and none is ``X``.
    """
    with open(path, "rb") as file:
        start = file.read(520)
    # Files of version 7.3 are HDF5, with 512 bytes before it.
    found = _hdf5_variables(path) if _HDF5 in (start[:4], start[512:516]) else _variables(path)
    kinds = {name: kind for name, value in found.items() if (kind := _other_kind(value)) is not None}
    arrays = {name: np.asarray(value) for name, value in found.items() if name not in kinds}
    matrices = {name: array for name, array in arrays.items() if min(array.shape) > 1}
    vectors = {name: array.ravel() for name, array in arrays.items() if min(array.shape) == 1 < max(array.shape)}
    if "X" not in matrices and len(matrices) != 1:
        others = f"; beside it {_described(kinds)}" if kinds else ""
        raise DataError(
            f"{path!r}: expected one matrix, or one with the name X; found {format_names(matrices) or 'none'}{others}"
        )
    name = "X" if "X" in matrices else next(iter(matrices))
    matrix = _records_in_rows(matrices[name], vectors, path, name)
    columns = {f"x{j}": np.array(matrix[:, j], np.float64) for j in range(matrix.shape[1])}
    columns |= {label: np.array(v, np.float64) for label, v in vectors.items() if len(v) == len(matrix)}
    _tell_unused(arrays.keys() - columns.keys() - {name}, kinds, arrays, path)
    return table_of_columns(columns, repr(path))


def _records_in_rows(matrix: Array, vectors: dict[str, Array], path: str, name: str) -> Array:
    """Return a matrix, transposed if its columns and not its rows are as many as the labels."""
    lengths = {len(vector) for label, vector in vectors.items() if label in _LABELS} or set(map(len, vectors.values()))
    if len(matrix) in lengths or matrix.shape[1] not in lengths:
        return matrix
    warnings.warn(
        f"{path!r}: {name} has {matrix.shape[1]:,} columns, as many as there are labels: it is transposed",
        FileFormWarning,
        stacklevel=2,
    )
    return matrix.T


def _tell_unused(names: Iterable[str], kinds: dict[str, str], arrays: dict[str, Array], path: str) -> None:
    shapes = {name: " x ".join(map(str, arrays[name].shape)) for name in sorted(names) if max(arrays[name].shape) > 1}
    unused = shapes | kinds
    if unused:
        warnings.warn(
            f"{path!r}: no columns of the table, and left out: {_described(unused)}", FileFormWarning, stacklevel=2
        )


def _described(kinds: dict[str, str]) -> str:
    return ", ".join(f"{name!r} ({kind})" for name, kind in kinds.items())


def _other_kind(value: Any) -> str | None:
    """Return what a variable is if it is no matrix of numbers, otherwise None."""
    if not isinstance(value, np.ndarray):
        return "a sparse matrix" if hasattr(value, "toarray") else str(value)
    if value.dtype.kind in _NO_NUMBERS:
        return _NO_NUMBERS[value.dtype.kind]
    if value.size == 0:
        return "empty"
    return None if value.ndim == 2 else f"{value.ndim} dimensions"


def _variables(path: str) -> dict[str, Any]:
    scipy_io = library("scipy.io", path)
    for name, shape, kind in scipy_io.whosmat(path):
        if kind != "sparse":
            _check_size(path, name, math.prod(shape) * _BYTES, os.path.getsize(path))
    found: dict[str, Any] = scipy_io.loadmat(path)
    return {name: value for name, value in found.items() if not name.startswith("__")}


def _hdf5_variables(path: str) -> dict[str, Any]:
    with library("h5py", path).File(path, "r") as file:
        own = {name: file.get(name, getlink=True) for name in file if not name.startswith("#")}
        return {
            name: _ELSEWHERE if hasattr(link, "filename") else _hdf5_variable(file[name], path)
            for name, link in own.items()
        }


def _check_size(path: str, name: str, size: int, stored: int) -> None:
    """Raise DataError for a variable that is far larger than what is stored of it."""
    if size > max(_MOST_UNPACKED, _MOST_TIMES * stored):
        raise DataError(
            f"{path!r}: {name!r} becomes {size:,} bytes when it is unpacked, more than {_MOST_TIMES} times as many as "
            "the file has for it; if it is a table of yours, save it as CSV"
        )


def _hdf5_variable(value: Any, path: str) -> Any:
    """Return a matrix, or the kind of anything else.

    Text is stored as the numbers of its characters, and an empty matrix as its shape: attributes alone tell.
    """
    kind = value.attrs.get("MATLAB_class", b"")
    if not hasattr(value, "shape"):
        return "a sparse matrix" if "MATLAB_sparse" in value.attrs else "a structure"
    if value.attrs.get("MATLAB_empty", 0):
        return "empty"
    if kind in (b"char", b"cell"):
        return {b"char": "text", b"cell": "cells"}[kind]
    if value.is_virtual or value.external:
        return _ELSEWHERE
    _check_size(path, value.name.lstrip("/"), value.nbytes, value.id.get_storage_size())
    # MATLAB stores columns one after another, which HDF5 takes for rows.
    return np.asarray(value).T
