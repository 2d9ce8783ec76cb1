"""Reader of safetensors files: named arrays behind a JSON header, without code.

Nothing in the file is trusted: the header's length is checked before it is read, every dtype, shape and offset before
an array is made, and the arrays have to fill the file without overlaps and gaps.

References
----------
The format: https://huggingface.co/docs/safetensors, section "Format".
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np

from nnlite.archive import FileFormatError
from nnlite.types import Array

LARGEST_HEADER = 100_000_000
"""Largest header in bytes, as in the reference implementation."""

_DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    # The upper half of a float32.
    "BF16": "<u2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U8": "u1",
    "BOOL": "?",
}


def read_safetensors(filepath: str | os.PathLike[str]) -> dict[str, Array]:
    """Return the arrays of a safetensors file by name.

    Parameters
    ----------
    filepath : str or path
        Name of the file.

    Returns
    -------
    dict of str to ndarray
        Copies in the dtypes of the file; bfloat16 as float32.

    Raises
    ------
    FileFormatError
        If the file is not a safetensors file, or damaged.
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> header = b'{"bias": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}'
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "weights.safetensors"
    >>> content = len(header).to_bytes(8, "little") + header + np.array([1.0, 2.0], "<f4").tobytes()
    >>> file.write_bytes(content)
    80
    >>> read_safetensors(file)["bias"].tolist()
    [1.0, 2.0]
    """
    label = str(filepath)
    content = Path(filepath).read_bytes()
    entries, data = _split(content, label)
    arrays, spans = {}, []
    for name, entry in entries.items():
        array, span = _array(name, entry, data, label)
        arrays[name] = array
        spans.append(span)
    position = 0
    for begin, end in sorted(spans):
        if begin != position:
            raise FileFormatError(f"{label}: its arrays overlap or leave a gap at byte {position} of the data")
        position = end
    if position != len(data):
        raise FileFormatError(f"{label}: {len(data) - position} bytes at its end belong to no array")
    return arrays


def _split(content: bytes, label: str) -> tuple[dict[str, Any], memoryview]:
    """Return the entries of the header, and the data behind it."""
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or length > min(LARGEST_HEADER, len(content) - 8) or content[8:9] != b"{":
        raise FileFormatError(f"{label} is not a safetensors file, or its beginning is damaged")
    try:
        header = json.loads(content[8 : 8 + length].decode(), object_pairs_hook=_without_repetition)
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"{label}: its header is not valid JSON: {error}") from error
    if not isinstance(header, Mapping):
        raise FileFormatError(f"{label}: its header is not an object of JSON")
    return {name: entry for name, entry in header.items() if name != "__metadata__"}, memoryview(content)[8 + length :]


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands in it twice")
    return found


def _array(name: str, entry: Any, data: memoryview, label: str) -> tuple[Array, tuple[int, int]]:
    """Return an array, and its place in the data."""
    fields = entry if isinstance(entry, Mapping) else {}
    dtype, shape, offsets = (fields.get(key) for key in ("dtype", "shape", "data_offsets"))
    if not (_are_sizes(shape) and _are_sizes(offsets) and len(offsets) == 2 and isinstance(dtype, str)):
        raise FileFormatError(f"{label}: the array {name!r} needs dtype, shape and data_offsets; found {entry!r:.200}")
    if dtype not in _DTYPES:
        raise FileFormatError(f"{label}: the array {name!r} has the dtype {dtype!r}; expected one of {list(_DTYPES)}")
    kind = np.dtype(_DTYPES[dtype])
    begin, end = offsets
    if end > len(data) or end - begin != math.prod(shape) * kind.itemsize:
        raise FileFormatError(
            f"{label}: the array {name!r} of shape {tuple(shape)} and dtype {dtype} does not fit its place, bytes "
            f"{begin} to {end} of {len(data)}; the file may be truncated"
        )
    try:
        array = np.frombuffer(data[begin:end], kind).reshape(shape)
    except ValueError as error:
        raise FileFormatError(f"{label}: the array {name!r} has the impossible shape {tuple(shape)}") from error
    if dtype == "BF16":
        array = (array.astype(np.uint32) << 16).view(np.float32)
    return array.copy(), (begin, end)


def _are_sizes(values: Any) -> TypeGuard[list[int]]:
    return isinstance(values, list) and all(type(one) is int and one >= 0 for one in values)
