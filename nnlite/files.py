"""Atomic writing of files, of targets of symbolic links, and of devices."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

_OPEN_FILES = "/proc/self/fd"
_TRIES = 100
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Open a file for writing that replaces an existing file only when it is complete.

    The block writes to a temporary file in the same folder, which is renamed at its end. For a symbolic link, the
    target is replaced and the link kept. A device or a pipe (``/dev/null``) cannot be replaced and is written directly.

    Parameters
    ----------
    path : str or path
        Name of the file.

    Yields
    ------
    file object
        File opened for writing bytes.

    Raises
    ------
    OSError
        If the folder does not exist or cannot be written to, or the disk is full: the message contains `path`. An
        existing file is unchanged, and no temporary file remains.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> target = pathlib.Path(tempfile.mkdtemp()) / "scores.txt"
    >>> with atomic_write(target) as file:
    ...     _ = file.write(b"0.5")
    >>> target.read_text()
    '0.5'
    """
    target = Path(path)
    _check_no_loop(target)
    try:
        if target.exists() and not target.is_file() and not target.is_dir():
            with open(target, "wb") as device:
                yield device
            return
        with _replacement(target.resolve() if target.is_symlink() else target) as file:
            yield file
    except OSError as error:
        # An error in the block may concern another file; a full disk or the temporary file concern this one.
        if error.errno in _DISK_FULL or _is_temporary(error.filename, target):
            raise OSError(error.errno, f"cannot write to {str(target)!r}: {error.strerror}") from error
        raise


def _check_no_loop(target: Path) -> None:
    """Raise OSError for symbolic links that lead to each other in a circle."""
    try:
        os.stat(target)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise OSError(
                errno.ELOOP, f"cannot write to {str(target)!r}: its symbolic links lead in a circle"
            ) from error


def _is_temporary(name: object, target: Path) -> bool:
    return isinstance(name, str) and Path(name).name.startswith(f".{target.name[:100]}.")


@contextmanager
def _replacement(target: Path) -> Iterator[IO[bytes]]:
    """Open a temporary file in the folder of `target` that replaces it at the end of the block."""
    if target.is_dir():
        raise IsADirectoryError(f"cannot write to {str(target)!r}: it is a folder; name a file in it")
    if not target.parent.is_dir():
        raise FileNotFoundError(
            f"cannot write to {str(target)!r}: there is no folder {str(target.parent)!r}; create it first"
        )
    # A new file has the permissions of `open`: the system applies the mask, which is of the whole process and cannot
    # be read without changing it for other threads. What replaces a file is private until it has that one's.
    mode = 0o600 if target.exists() else 0o666
    nameless = _open_without_name(target.parent, mode)
    if nameless is None:
        handle, temporary = _open_with_name(target, mode)
    else:
        handle, temporary = nameless, ""
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            if target.exists() and hasattr(os, "fchmod"):
                os.fchmod(file.fileno(), target.stat().st_mode & 0o777)
            os.fsync(file.fileno())
            if not temporary:
                temporary = _name(file.fileno(), target)
        os.replace(temporary, target)
        _sync_folder(target.parent)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def _open_without_name(folder: Path, mode: int) -> int | None:
    """Open a temporary file that has no name yet, so that a killed process leaves nothing; None if that is not known.

    Only Linux knows such files, and not in every file system.
    """
    if not hasattr(os, "O_TMPFILE") or not os.path.isdir(_OPEN_FILES):
        return None
    with suppress(OSError):
        return os.open(folder, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, mode)
    return None


def _name(handle: int, target: Path) -> str:
    """Give a file without a name a temporary one, for the moment before it replaces `target`; return it."""
    for _ in range(_TRIES):
        temporary = _temporary_name(target)
        with suppress(FileExistsError):
            # Only with a folder's descriptor does Python ask the system to follow the link to the open file.
            folder = os.open(target.parent, os.O_RDONLY)
            try:
                os.link(f"{_OPEN_FILES}/{handle}", temporary, src_dir_fd=folder, follow_symlinks=True)
            finally:
                os.close(folder)
            return temporary
    raise FileExistsError(errno.EEXIST, "no free temporary name", str(target))


def _open_with_name(target: Path, mode: int) -> tuple[int, str]:
    """Open a temporary file beside `target`; return its descriptor and its name."""
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    for _ in range(_TRIES):
        temporary = _temporary_name(target)
        with suppress(FileExistsError):
            return os.open(temporary, flags, mode), temporary
    raise FileExistsError(errno.EEXIST, "no free temporary name", str(target))


def _temporary_name(target: Path) -> str:
    return str(target.parent / f".{target.name[:100]}.{os.urandom(8).hex()}")


def _sync_folder(folder: Path) -> None:
    """Make the new name last through a power failure, where the system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
