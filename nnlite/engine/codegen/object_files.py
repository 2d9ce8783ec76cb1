"""Object files of kernels, loaded without LLVM where that is simple: on Linux with x86-64 processors.

LLVM takes tens of milliseconds to be imported, and its linker does little for a kernel: it copies the sections into
memory, and writes addresses into the places that the file lists. LLVM emits objects for just-in-time use, in which
every such place holds a whole address (``R_X86_64_64``), and of functions elsewhere there are only those of the C
library that copy and clear memory.

References
----------
System V Application Binary Interface, chapters 4 and 5, and its AMD64 supplement, section 4.4, for the format.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import struct
import sys
from collections.abc import Collection, Mapping
from typing import NamedTuple

_SECTION, _SYMBOL, _RELOCATION = struct.Struct("<IIQQQQIIQQ"), struct.Struct("<IBBHQQ"), struct.Struct("<QQq")
_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_IDENTITY = b"\x7fELF\x02\x01\x01"  # of 64 bits, the least significant byte first
_RELOCATABLE, _X86_64 = 1, 62
_SYMBOLS, _RELOCATIONS, _EMPTY = 2, 4, 8
_OCCUPIES_MEMORY = 2
_WHOLE_ADDRESS = 1
_READ_AND_EXECUTE = 5
# Of exceptions, which kernels do not raise: nothing refers to it.
_UNWINDING = b".eh_frame"
# Machine code is never unloaded: these last as long as the process.
_loaded: list[mmap.mmap] = []


class NotSupported(Exception):
    """An object file, or a system, that LLVM has to load."""


class _Section(NamedTuple):
    """The header of a section, as the format has it."""

    name: int
    kind: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    alignment: int
    entry_size: int


def load(content: bytes, symbol: str, functions: Collection[str]) -> int:
    """Copy an object file into executable memory, for as long as the process lasts; return the address of a function.

    Parameters
    ----------
    content : bytes
        The object file.
    symbol : str
        Name of the function.
    functions : collection of str
        Functions of the C library that it may call.

    Raises
    ------
    NotSupported
        If the system is another one, allows no executable memory, or the file has what is not known here.
    """
    if sys.platform != "linux" or os.uname().machine != "x86_64":
        raise NotSupported(sys.platform)
    try:
        return _load(content, symbol.encode(), functions)
    except (struct.error, IndexError, ValueError, OSError) as error:
        raise NotSupported(str(error)) from error


def _load(content: bytes, symbol: bytes, functions: Collection[str]) -> int:
    sections = _sections(content)
    names = sections[_HEADER.unpack_from(content)[13]]
    used = {
        number: section
        for number, section in enumerate(sections)
        if section.flags & _OCCUPIES_MEMORY and _text(content, names.offset + section.name) != _UNWINDING
    }
    places, size = _layout(used)
    memory = mmap.mmap(-1, max(size, 1), mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    for number, section in used.items():
        if section.kind != _EMPTY:
            place = places[number]
            memory[place : place + section.size] = content[section.offset : section.offset + section.size]
    address = 0
    for section in sections:
        if section.kind == _SYMBOLS:
            addresses = _addresses(content, sections, section, {n: start + p for n, p in places.items()}, functions)
            address = next((value for name, value in addresses if name == symbol and value), 0)
    for section in sections:
        if section.kind == _RELOCATIONS and section.info in used:
            _relocate(content, section, [value for _, value in addresses], memory, places[section.info])
    if not address:
        raise NotSupported(f"no function {symbol!r}")
    if ctypes.CDLL(None, use_errno=True).mprotect(ctypes.c_void_p(start), ctypes.c_size_t(size), _READ_AND_EXECUTE):
        raise NotSupported("the system allows no executable memory")
    _loaded.append(memory)
    return address


def _sections(content: bytes) -> list[_Section]:
    header = _HEADER.unpack_from(content)
    if header[0][:7] != _IDENTITY or header[1:3] != (_RELOCATABLE, _X86_64) or header[11] != _SECTION.size:
        raise NotSupported("no object file of this kind")
    offset, count = header[6], header[12]
    sections = [_Section(*_SECTION.unpack_from(content, offset + n * _SECTION.size)) for n in range(count)]
    if any(one.kind != _EMPTY and one.offset + one.size > len(content) for one in sections):
        raise NotSupported("a section beyond the end of the file")
    return sections


def _layout(sections: Mapping[int, _Section]) -> tuple[dict[int, int], int]:
    """Return the place of each section in memory, and the size of all."""
    places, end = {}, 0
    for number, section in sections.items():
        alignment = max(section.alignment, 1)
        places[number] = -(-end // alignment) * alignment
        end = places[number] + section.size
    return places, end


def _addresses(
    content: bytes, sections: list[_Section], table: _Section, starts: Mapping[int, int], functions: Collection[str]
) -> list[tuple[bytes, int]]:
    """Return the name and the address of each symbol; 0 where nothing in memory has it."""
    found = []
    for offset in range(table.offset, table.offset + table.size, _SYMBOL.size):
        name_at, _, _, section, value, _ = _SYMBOL.unpack_from(content, offset)
        name = _text(content, sections[table.link].offset + name_at)
        if section == 0:
            found.append((name, _of_library(name.decode()) if name.decode() in functions else 0))
        elif section in starts:
            found.append((name, starts[section] + value))
        else:
            found.append((name, 0))
    return found


def _of_library(name: str) -> int:
    """Return the address of a function of the C library."""
    return ctypes.cast(getattr(ctypes.CDLL(None), name), ctypes.c_void_p).value or 0


def _relocate(content: bytes, table: _Section, addresses: list[int], memory: mmap.mmap, start: int) -> None:
    """Write the addresses that a table of relocations lists into a section."""
    for offset in range(table.offset, table.offset + table.size, _RELOCATION.size):
        place, info, addend = _RELOCATION.unpack_from(content, offset)
        kind, address = info & 0xFFFFFFFF, addresses[info >> 32]
        if kind != _WHOLE_ADDRESS or not address:
            raise NotSupported(f"a relocation of kind {kind} to address {address}")
        struct.pack_into("<Q", memory, start + place, address + addend)


def _text(content: bytes, offset: int) -> bytes:
    return content[offset : content.index(b"\0", offset)]
