"""How much memory a message of Arrow asks for, by its header: before anything is unpacked.

A message that is compressed claims a size for each buffer, which Arrow takes from memory before it unpacks a byte. The
header is a FlatBuffer: a table begins with the distance to a list of where its fields are.

References
----------
Apache Arrow, "Arrow columnar format: encapsulated messages" and "Record batch message: compression".
"""

from __future__ import annotations

from collections.abc import Iterator

Content = bytes | memoryview

# Positions of fields in their tables.
_KIND, _HEADER = 1, 2
_BATCH_OF_DICTIONARY, _BUFFERS, _COMPRESSION = 1, 2, 3
_DICTIONARY, _RECORDS = 2, 3
_NOT_COMPRESSED = -1


def unpacked_size(metadata: Content, body: Content) -> int:
    """Return the number of bytes of a message's buffers once they are unpacked; 0 for a schema.

    Parameters
    ----------
    metadata : bytes or memoryview
        The FlatBuffer of the message.
    body : bytes or memoryview
        Its buffers, one after another.

    Raises
    ------
    ValueError
        If it is no such message.

    Examples
    --------
    >>> unpacked_size(b"", b"")
    Traceback (most recent call last):
    ...
    ValueError: the header of a message of Arrow is damaged
    """
    try:
        return sum(_sizes(metadata, body))
    except IndexError:
        raise ValueError("the header of a message of Arrow is damaged") from None


def _sizes(metadata: Content, body: Content) -> Iterator[int]:
    message = _number(metadata, 0, 4)
    kind_at, batch = _field(metadata, message, _KIND), _table(metadata, message, _HEADER)
    kind = _number(metadata, kind_at, 1) if kind_at else 0
    if kind == _DICTIONARY and batch:
        batch = _table(metadata, batch, _BATCH_OF_DICTIONARY)
    if kind not in (_DICTIONARY, _RECORDS) or not batch:
        return
    is_compressed = _field(metadata, batch, _COMPRESSION) > 0
    buffers = _table(metadata, batch, _BUFFERS)
    for index in range(_number(metadata, buffers, 4) if buffers else 0):
        at = buffers + 4 + 16 * index
        start, size = _number(metadata, at, 8), _number(metadata, at + 8, 8)
        claimed = _number(body, start, 8) if is_compressed and size else _NOT_COMPRESSED
        found = size if claimed == _NOT_COMPRESSED else claimed
        if found < 0:
            raise IndexError(found)
        yield found


def _number(content: Content, at: int, width: int) -> int:
    """Return the whole number at a place."""
    if not 0 <= at <= len(content) - width:
        raise IndexError(at)
    return int.from_bytes(content[at : at + width], "little", signed=width == 8)


def _field(content: Content, table: int, index: int) -> int:
    """Return the place of a field of a table; 0 if it has none."""
    fields = table - int.from_bytes(content[table : table + 4], "little", signed=True)
    if 4 + 2 * index >= _number(content, fields, 2):
        return 0
    offset = _number(content, fields + 4 + 2 * index, 2)
    return table + offset if offset else 0


def _table(content: Content, table: int, index: int) -> int:
    """Return the place of the table, or the list, that a field refers to; 0 if there is none."""
    at = _field(content, table, index)
    return at + _number(content, at, 4) if at else 0
