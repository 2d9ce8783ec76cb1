"""The parts of a table that workers read: of files, data frames and arrays of Dask."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from glob import glob, has_magic
from typing import Any

from anomaly.errors import DataError
from anomaly.large.file_parts import FilePart, parts_of
from anomaly.large.reading import FileReader, FrameReader, PartReader
from anomaly.tables.csv_form import CsvForm
from anomaly.tables.folders import files_of


@dataclass(frozen=True)
class Parts:
    """Parts of a table, and what reads them.

    Attributes
    ----------
    reader : PartReader
        Reads a part.
    parts : sequence
        A `FilePart`, or a delayed data frame or array, each.
    """

    reader: PartReader
    parts: Sequence[Any]

    def label(self, number: int) -> str:
        """Return the name of a part, for errors."""
        part = self.parts[number]
        return part.path if isinstance(part, FilePart) else f"partition {number}"

    @property
    def numbered(self) -> list[tuple[int, str]]:
        """Number and name of each part."""
        return [(number, self.label(number)) for number in range(len(self.parts))]


def as_parts(data: Any, form: CsvForm | None = None) -> Parts:
    """Return the parts of a table.

    Parameters
    ----------
    data : dask DataFrame, dask Array of shape (n_rows, n_columns), path, or sequence of paths
        A path may be a folder, or a pattern such as ``data/*.parquet``; workers must find the files under it.
    form : CsvForm, optional
        Form of CSV files.

    Raises
    ------
    DataError
        If there are no files, or the data are none of these.
    """
    if isinstance(data, (str, os.PathLike)):
        data = [data]
    if isinstance(data, Sequence) and all(isinstance(path, (str, os.PathLike)) for path in data):
        paths = [path for one in data for path in _files(os.fspath(one))]
        return Parts(FileReader(form or CsvForm()), [part.absolute for part in parts_of(paths)])
    if not hasattr(data, "__dask_graph__") or not hasattr(data, "to_delayed"):
        raise DataError(
            f"expected a data frame or an array of Dask, or paths of files; found {type(data).__name__}. For tables in "
            "memory use the detector's own fit and decision_function"
        )
    if hasattr(data, "chunks") and hasattr(data, "rechunk"):
        if data.ndim != 2:
            raise DataError(f"an array must have 2 dimensions, rows and columns; found shape {data.shape}")
        return Parts(FrameReader(), data.rechunk({1: -1}).to_delayed().ravel().tolist())
    return Parts(FrameReader(), data.to_delayed())


def _files(path: str) -> list[str]:
    if os.path.isdir(path):
        return files_of(path)
    if os.path.exists(path) or not has_magic(path):
        return [path]
    found = sorted(glob(path))
    if not found:
        raise DataError(f"cannot read {path!r}: no file matches this pattern")
    return found
