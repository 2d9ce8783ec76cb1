"""Uncompressed zip files: the members as they lie in the file, without the `zipfile` module.

A zip file is read from its end. There is a record with the number of members and the place of their directory; the
directory has an entry for each member, with its size, its checksum and where it begins; and before the bytes of a
member its name is repeated::

    end of directory   signature, disks, members, size and place of the directory, length of a comment
    directory entry    signature, flags, method, checksum, sizes, lengths of name and extras, place of the member
    member             signature, flags, method, checksum, sizes, lengths of name and extras; name; bytes

Importing `zipfile`, which also knows compression, encryption and archives of several disks, takes a tenth of the time
in which a small program loads a detector and scores a record. What is not of the plain form is left to it.

References
----------
PKWARE Inc., *APPNOTE.TXT - .ZIP File Format Specification*, sections 4.3.7, 4.3.12 and 4.3.16.
"""

from __future__ import annotations

import struct
import zlib

_END = struct.Struct("<4s4H2LH")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_MEMBER = struct.Struct("<4s5H3L2H")


def stored_members(content: bytes) -> dict[str, memoryview] | None:
    """Return the members of a zip file of the plain form by their names, and None if it is of another form.

    They are views of the content: nothing is copied.

    Parameters
    ----------
    content : bytes
        The whole file.

    Returns
    -------
    dict of str to memoryview, or None
        None if the file is no zip file, or any field is not what this form has: another module can say why.

    Examples
    --------
    >>> import io, zipfile
    >>> buffer = io.BytesIO()
    >>> with zipfile.ZipFile(buffer, "w") as archive:
    ...     archive.writestr("name", "bytes")
    >>> bytes(stored_members(buffer.getvalue())["name"])
    b'bytes'
    >>> stored_members(b"") is None
    True
    """
    try:
        return _members(memoryview(content))
    except (struct.error, UnicodeDecodeError):
        return None


def _members(content: memoryview) -> dict[str, memoryview] | None:
    end = len(content) - _END.size
    signature, disk, first_disk, here, number, size, place, comment = _END.unpack_from(content, max(end, 0))
    if (signature, disk, first_disk, here, comment) != (b"PK\5\6", 0, 0, number, 0) or place + size != end:
        return None
    found: dict[str, memoryview] = {}
    directory = place
    # Members that lie one after the other cannot hold more than the file.
    reached = 0
    for _ in range(number):
        (signature, _, _, flags, method, _, _, checksum, packed, length, n_name, n_extra, n_note, disk, _, _, start) = (
            _ENTRY.unpack_from(content, place)
        )
        name = bytes(content[place + _ENTRY.size : place + _ENTRY.size + n_name])
        data = _bytes_of(content, start, (flags, method, checksum, packed, length), name)
        plain = (signature, flags, method, n_extra, n_note, disk, packed) == (b"PK\1\2", 0, 0, 0, 0, 0, length)
        if data is None or not plain or start != reached or zlib.crc32(data) != checksum:
            return None
        text = name.decode("ascii")
        if text in found or "\0" in text:
            return None
        found[text] = data
        reached = start + _MEMBER.size + n_name + length
        place += _ENTRY.size + n_name
    return found if place == end and reached == directory else None


def _bytes_of(content: memoryview, start: int, described: tuple[int, ...], name: bytes) -> memoryview | None:
    """Return the bytes of the member that begins at `start`, and None if it is not what the directory describes."""
    signature, _, flags, method, _, _, checksum, packed, length, n_name, n_extra = _MEMBER.unpack_from(content, start)
    first = start + _MEMBER.size
    own = (flags, method, checksum, packed, length)
    if signature != b"PK\3\4" or own != described or n_extra or content[first : first + n_name] != name:
        return None
    data = content[first + n_name : first + n_name + length]
    return data if len(data) == length else None
