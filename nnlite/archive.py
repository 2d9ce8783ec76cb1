"""File format: a ``.npz`` file of numeric arrays and a JSON configuration, safe to read from untrusted sources.

An archive is an uncompressed zip file. Its member ``config.json`` is the configuration; the others are arrays that
``numpy.load`` can read. Unlike ``numpy.load``, the reader here validates every field: no array may be larger than the
bytes in the file, only numeric dtypes are allowed, nothing is unpickled, decompressed or imported, and every checksum
is verified.
"""

from __future__ import annotations

import io
import math
import os
from collections.abc import Iterator, Mapping
from typing import IO, Any

import numpy as np

from nnlite.stored_zip import stored_members
from nnlite.types import Array

FORMAT = "nnlite"
VERSION = 1
_CONFIG = "config.json"
_DTYPES = ("float32", "float64", "int32", "int64", "uint8", "bool")
_DEEPEST = 100
# Behind the magic string, the version and the length of the header, which has two bytes.
_HEADER_START = 10
_EPOCH = (1980, 1, 1, 0, 0, 0)


class FileFormatError(ValueError):
    """A file in another format, truncated, altered or of a later version."""


def write_archive(
    path: str | os.PathLike[str], kind: str, config: Mapping[str, Any], arrays: Mapping[str, Array]
) -> None:
    """Write an archive; if that fails, an existing file is unchanged.

    Parameters
    ----------
    path : str or path
        Name of the file.
    kind : str
        Kind of the contents: ``"model"``.
    config : mapping
        Configuration of JSON values.
    arrays : mapping of str to ndarray
        Numeric arrays.
    """
    from nnlite.files import atomic_write

    with atomic_write(path) as file:
        file.write(dump_archive(kind, config, arrays))


def dump_archive(kind: str, config: Mapping[str, Any], arrays: Mapping[str, Array]) -> bytes:
    """Return the bytes of an archive; the same contents give the same bytes."""
    import json
    import zipfile

    head = {"format": FORMAT, "version": VERSION, "kind": kind, "arrays": list(arrays), **config}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        # A fixed date, so that equal contents give equal files.
        archive.writestr(zipfile.ZipInfo(_CONFIG, _EPOCH), json.dumps(head, indent=1, default=_plain))
        for name, array in arrays.items():
            if array.dtype.name not in _DTYPES:
                raise ValueError(f"array {name!r} has dtype {array.dtype}; expected one of {_DTYPES}")
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", _EPOCH), member.getvalue())
    return buffer.getvalue()


def _plain(value: Any) -> Any:
    """Return a number of NumPy as one of Python, which JSON knows."""
    if isinstance(value, (np.bool_, np.integer, np.floating)):
        return value.item()
    raise TypeError(f"found {value!r} of type {type(value).__name__} in a configuration; expected JSON values")


def read_archive(source: str | os.PathLike[str] | bytes, kind: str) -> tuple[dict[str, Any], dict[str, Array]]:
    """Read an archive, validating every field.

    Parameters
    ----------
    source : str, path or bytes
        The file, or its contents.
    kind : str
        Expected kind of the contents.

    Returns
    -------
    config : dict
        The JSON values that were written.
    arrays : dict of str to ndarray
        The arrays, fresh copies.

    Raises
    ------
    FileFormatError
        If the file is not such an archive, whole and unaltered.
    OSError
        If it cannot be read at all.
    """
    label = "the data" if isinstance(source, bytes) else repr(os.fspath(source))
    if not isinstance(source, bytes):
        if os.path.isdir(source):
            raise IsADirectoryError(f"cannot read {label}: it is a folder; name a file in it")
        if not os.path.exists(source):
            raise FileNotFoundError(f"cannot read {label}: there is no such file")
    with io.BytesIO(source) if isinstance(source, bytes) else open(source, "rb") as file:
        members = _members(file, label)
    config = _parse_config(members.pop(_CONFIG, None), label, kind)
    if config.pop("arrays", None) != [name.removesuffix(".npy") for name in members]:
        raise FileFormatError(f"{label} holds other arrays than it should; it was altered")
    # Each member is released after parsing, so that memory never contains all arrays twice.
    return config, {
        name.removesuffix(".npy"): _parse_array(members.pop(name), f"{label}, array {name!r}") for name in list(members)
    }


def check_numbers(
    config: Any, arrays: Mapping[str, Array], label: str, allowed: Mapping[str, str] | None = None
) -> None:
    """Raise FileFormatError if a number of a file is NaN or infinite: a detector with one flags nothing.

    Parameters
    ----------
    config : object
        JSON values.
    arrays : mapping of str to ndarray
        Arrays.
    label : str
        Name of the file, for errors.
    allowed : mapping of str to {"nan", "inf"}, optional
        Ends of the names of arrays, and what these may hold nevertheless.
    """
    for path, number in _numbers(config):
        if not math.isfinite(number):
            raise FileFormatError(f"{label}: {path or 'its configuration'} is {number}; expected a finite number")
    for name, array in arrays.items():
        if array.dtype.kind != "f" or np.isfinite(array).all():
            continue
        kinds = {kind for end, kind in (allowed or {}).items() if name.endswith(end)}
        for kind, found in (("nan", np.isnan(array).any()), ("inf", np.isinf(array).any())):
            if found and kind not in kinds:
                raise FileFormatError(f"{label}: the array {name!r} holds {kind}; expected finite numbers")


def _numbers(value: Any, path: str = "") -> Iterator[tuple[str, float]]:
    """Yield the floating-point numbers in JSON values, each with its place."""
    if isinstance(value, float):
        yield path, value
    elif isinstance(value, dict):
        for name, one in value.items():
            if isinstance(one, (float, dict, list)):
                yield from _numbers(one, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for i, one in enumerate(value):
            yield from _numbers(one, f"{path}[{i}]")


def check_depth(value: Any, label: str) -> None:
    """Raise FileFormatError for JSON values nested so deeply that reading them would exhaust the stack."""
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > _DEEPEST:
            raise FileFormatError(f"{label}: its {_CONFIG} is nested more than {_DEEPEST} deep; it was altered")
        inner = [one for one in level if isinstance(one, (dict, list))]
        level = [item for one in inner for item in (one.values() if isinstance(one, dict) else one)]


def arrays_with_prefix(arrays: Mapping[str, Array], prefix: str) -> dict[str, Array]:
    """Return the arrays whose names begin with a prefix, without the prefix.

    Examples
    --------
    >>> import numpy as np
    >>> list(arrays_with_prefix({"model/0": np.zeros(2), "scale": np.ones(1)}, "model/"))
    ['0']
    """
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def read_members(file: IO[bytes], label: str) -> dict[str, bytes]:
    """Return the contents of an uncompressed zip file by the names of its members.

    Parameters
    ----------
    file : binary file
        The open file.
    label : str
        Its name, for errors.

    Raises
    ------
    FileFormatError
        If it is not such a file, claims to hold more bytes than it has, or names a member twice.
    """
    return {name: bytes(content) for name, content in _members(file, label).items()}


def _members(file: IO[bytes], label: str) -> dict[str, bytes | memoryview]:
    """Return what `read_members` does, as views of the file's bytes where it has the usual form."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    if (members := stored_members(file.read())) is not None:
        return dict(members)
    import zipfile

    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            if sum(max(entry.file_size, entry.compress_size) for entry in entries) > size:
                raise FileFormatError(f"{label} claims to hold more than its {size:,} bytes; it was altered")
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
                raise FileFormatError(f"{label} holds compressed members; {FORMAT} writes none")
            if len({entry.filename for entry in entries}) < len(entries):
                raise FileFormatError(f"{label} holds two members of one name; it was altered")
            return {entry.filename: archive.read(entry) for entry in entries}
    except FileFormatError:
        raise
    # The zip module raises many types of exceptions for malformed files; here they are one.
    except Exception as error:
        raise FileFormatError(
            f"{label} is not a file that {FORMAT} wrote, or it is truncated or altered: {error}"
        ) from error


def _parse_config(content: bytes | memoryview | None, label: str, kind: str) -> dict[str, Any]:
    import json

    if content is None:
        raise FileFormatError(f"{label} holds no {_CONFIG}: it is not a file that {FORMAT} wrote")
    try:
        config = json.loads(bytes(content).decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"{label}: its {_CONFIG} cannot be read: {error}") from error
    check_depth(config, label)
    if not isinstance(config, dict) or config.pop("format", None) != FORMAT:
        raise FileFormatError(f"{label} is not a file that {FORMAT} wrote")
    version = config.pop("version", None)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise FileFormatError(f"{label}: format version {version!r} is not one that was ever written")
    if version > VERSION:
        raise FileFormatError(
            f"{label} has format version {version}, and this program reads up to {VERSION}; "
            "update nnlite-anomaly to read it"
        )
    found = config.pop("kind", None)
    if found != kind:
        raise FileFormatError(f"{label} holds a {found!r}; expected a {kind!r}")
    return config


def _parse_array(content: bytes | memoryview, label: str) -> Array:
    try:
        shape, fortran_order, dtype = _usual_header(content) or _any_header(content)
    # NumPy parses the header as a Python literal, which can raise many types of exceptions.
    except Exception as error:
        raise FileFormatError(f"{label} cannot be read: {error}") from error
    if dtype.name not in _DTYPES or dtype.byteorder == ">":
        raise FileFormatError(f"{label} has dtype {dtype}; expected one of {_DTYPES}")
    start = _HEADER_START + int.from_bytes(content[_HEADER_START - 2 : _HEADER_START], "little")
    if min(shape, default=0) < 0 or fortran_order:
        raise FileFormatError(f"{label} has an impossible layout: shape {shape}")
    if math.prod(shape) * dtype.itemsize != len(content) - start:
        raise FileFormatError(
            f"{label} claims shape {shape} of {dtype.name}, which is not the {len(content) - start:,} bytes there are"
        )
    return np.frombuffer(content, dtype, offset=start).reshape(shape).copy()


def _usual_header(content: bytes | memoryview) -> tuple[tuple[int, ...], bool, np.dtype[Any]] | None:
    """Return shape, order and dtype of an array as NumPy writes them, and None where they are written otherwise.

    To parse a Python literal takes longer than all else about a small array.
    """
    end = _HEADER_START + int.from_bytes(content[_HEADER_START - 2 : _HEADER_START], "little")
    header = bytes(content[_HEADER_START:end]).decode("latin-1").rstrip()
    descr, _, rest = header.removeprefix("{'descr': '").partition("', 'fortran_order': False, 'shape': (")
    sizes = [size for size in rest.removesuffix("), }").split(",") if size.strip()]
    if len(descr) != 3 or not all(size.strip().isdecimal() for size in sizes):
        return None
    shape = tuple(int(size) for size in sizes)
    written = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"
    usual = header == written and bytes(content[: _HEADER_START - 2]) == b"\x93NUMPY\1\0"
    return (shape, False, np.dtype(descr)) if usual else None


def _any_header(content: bytes | memoryview) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    stream = io.BytesIO(content)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError("unknown array format version")
    shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(stream)
    return shape, fortran_order, dtype
