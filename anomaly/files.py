"""Writing files so that nothing is lost, whatever the name stands for: a file, a link to one, or a device."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import nnlite.files

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Open a file for writing that takes its place only when all of it is written.

    Ordinary files are written as `nnlite.files.atomic_write` does: to a temporary file beside them, renamed at the
    end. Where the name is a link, the file it leads to is replaced and the link stays. A device or a
    pipe (``/dev/null``) cannot be replaced: it takes the bytes as they come.

    Parameters
    ----------
    path : str or path
        Where the file is to be.

    Yields
    ------
    file object
        Open for writing bytes.

    Raises
    ------
    OSError
        If the folder does not exist or cannot be written to, or the disk is full: the message names `path`. An earlier
        file stays as it was, and no temporary file is left.

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
    try:
        if target.exists() and not target.is_file() and not target.is_dir():
            with open(target, "wb") as device:
                yield device
            return
        with nnlite.files.atomic_write(target.resolve() if target.is_symlink() else target) as file:
            yield file
    except OSError as error:
        # An error in the block may be about another file; a full disk and the temporary file are about this one.
        if error.errno in _NO_ROOM or _is_temporary(error.filename, target):
            raise OSError(error.errno, f"cannot write to {str(target)!r}: {error.strerror}") from error
        raise


def _is_temporary(name: object, target: Path) -> bool:
    return isinstance(name, str) and Path(name).name.startswith(f".{target.name[:100]}.")


def make_folder(path: str | os.PathLike[str]) -> Path:
    """Make a folder, and those above it, unless it is there already.

    Parameters
    ----------
    path : str or path
        Of the folder.

    Returns
    -------
    Path
        The same.

    Raises
    ------
    OSError
        If it cannot be made; the message names `path`.
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise FileExistsError(f"cannot write into {str(folder)!r}: it is a file; name a folder") from error
    except OSError as error:
        raise OSError(error.errno, f"cannot make the folder {str(folder)!r}: {error.strerror}") from error
    return folder
