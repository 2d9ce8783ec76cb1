"""HDF5 files of numeric arrays, checked before memory is taken.

Of all that HDF5 can hold, Keras writes groups, plain arrays and texts. Everything else is refused: links to other
files, arrays that are stored elsewhere, compressed ones (a few bytes could ask for all memory), and groups that
contain themselves.
"""

from __future__ import annotations

import io
import math
import os
from collections.abc import Iterator, Mapping
from typing import IO, Any

import numpy as np

from nnlite.archive import FileFormatError
from nnlite.types import Array

_DEEPEST = 60
_KINDS = "fiub"


def require_h5py() -> Any:
    """Return the package h5py.

    Raises
    ------
    ImportError
        If it is not installed; the message names the extra.
    """
    try:
        import h5py
    except ImportError as error:
        raise ImportError(
            "files of Keras need the package h5py; install the extra keras-files "
            "(pip install nnlite-anomaly[keras-files])"
        ) from error
    return h5py


class Hdf5File:
    """An open HDF5 file whose arrays were checked.

    Parameters
    ----------
    file : binary file
        The open file.
    label : str
        Its name, for errors.

    Raises
    ------
    FileFormatError
        If it is not an HDF5 file, or holds what is refused.
    """

    def __init__(self, file: IO[bytes], label: str) -> None:
        h5py = require_h5py()
        self.label = label
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        try:
            self._root = h5py.File(file, "r")
            self._datasets = dict(_walk(h5py, self._root, label))
        except FileFormatError:
            raise
        # The library raises many types of exceptions for malformed files; here they are one.
        except Exception as error:
            raise FileFormatError(f"{label} cannot be read as HDF5; it is truncated or altered: {error}") from error
        total = sum(_n_bytes(dataset) for dataset in self._datasets.values())
        if total > size:
            raise FileFormatError(f"{label} claims to hold {total:,} bytes of numbers in {size:,}; it was altered")
        self._taken: set[str] = set()

    @property
    def paths(self) -> list[str]:
        """Names of all arrays, such as ``layers/dense/vars/0``."""
        return list(self._datasets)

    def not_taken(self) -> list[str]:
        """Return the names of the arrays that `take` has not returned."""
        return [path for path in self._datasets if path not in self._taken]

    def take(self, path: str, shape: tuple[int, ...] | None = None) -> Array:
        """Return an array.

        Parameters
        ----------
        path : str
            Name of the array.
        shape : tuple of int, optional
            Expected shape, checked before the array is read.

        Raises
        ------
        FileFormatError
            If there is no such array, it has another shape, or holds NaN or infinite numbers.
        """
        dataset = self._datasets.get(path)
        if dataset is None:
            near = [name for name in self._datasets if name.split("/")[:2] == path.split("/")[:2]][:5]
            raise FileFormatError(
                f"{self.label} holds no array {path!r}, which this model needs"
                + (f"; near it are {near}" if near else "")
            )
        if shape is not None and dataset.shape != shape:
            raise FileFormatError(f"{self.label}: array {path!r} has shape {dataset.shape}; this model needs {shape}")
        self._taken.add(path)
        values = np.asarray(dataset[()])
        if not np.isfinite(values).all():
            raise FileFormatError(f"{self.label}: the array {path!r} holds NaN or infinity; expected finite numbers")
        return values

    def text(self, path: str, name: str) -> str | None:
        """Return a text that belongs to a group, or None if there is none."""
        value = self._attribute(path, name)
        value = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
        return value if isinstance(value, str) else None

    def texts(self, path: str, name: str) -> list[str]:
        """Return the list of texts that belongs to a group; it is empty if there is none."""
        values = self._attribute(path, name)
        if values is None or np.ndim(values) != 1:
            return []
        return [one.decode("utf-8", "replace") if isinstance(one, bytes) else str(one) for one in values]

    def _attribute(self, path: str, name: str) -> Any:
        try:
            group = self._root[path] if path else self._root
            return group.attrs.get(name)
        except Exception:
            # A group that is missing, or a text that cannot be read: whoever needs it says so.
            return None

    def close(self) -> None:
        """Close the file."""
        self._root.close()


def _walk(h5py: Any, root: Any, label: str) -> Iterator[tuple[str, Any]]:
    """Yield all arrays with their names; each group is entered once."""
    seen: set[int] = set()
    waiting = [("", root)]
    while waiting:
        path, group = waiting.pop()
        if path.count("/") > _DEEPEST:
            raise FileFormatError(f"{label}: its groups are nested more than {_DEEPEST} deep; it was altered")
        for name in group:
            own = f"{path}/{name}" if path else name
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise FileFormatError(f"{label}: {own!r} is a link, which Keras does not write; it was altered")
            item = group[name]
            address = h5py.h5o.get_info(item.id).addr
            if address in seen:
                raise FileFormatError(f"{label}: {own!r} occurs twice; it was altered")
            seen.add(address)
            if isinstance(item, h5py.Group):
                waiting.append((own, item))
            elif isinstance(item, h5py.Dataset):
                _check(item, f"{label}, array {own!r}")
                yield own, item
            else:
                raise FileFormatError(f"{label}: {own!r} is neither a group nor an array; it was altered")


def _check(dataset: Any, label: str) -> None:
    """Raise unless a dataset is a plain array of numbers, all of them in the file."""
    if dataset.dtype.kind not in _KINDS or dataset.shape is None:
        raise FileFormatError(f"{label} holds {dataset.dtype}; expected numbers")
    if dataset.is_virtual or dataset.external or dataset.compression or dataset.id.get_create_plist().get_nfilters():
        raise FileFormatError(f"{label} is compressed or stored elsewhere, which Keras does not write")
    if dataset.id.get_storage_size() < _n_bytes(dataset):
        raise FileFormatError(f"{label} claims shape {dataset.shape}, more than the bytes there are")


def _n_bytes(dataset: Any) -> int:
    return math.prod(dataset.shape) * int(dataset.dtype.itemsize)


def dump_hdf5(arrays: Mapping[str, Array], names: Mapping[str, str]) -> bytes:
    """Return an HDF5 file of arrays.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        Arrays by their names, such as ``layers/dense/vars/0``.
    names : mapping of str to str
        Groups, each with its text ``name``.
    """
    h5py = require_h5py()
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as root:
        for path, name in names.items():
            root.require_group(path).attrs["name"] = name
        for path, array in arrays.items():
            root.create_dataset(path, data=array)
    return buffer.getvalue()
