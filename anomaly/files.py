"""Writing files so that nothing is lost, whatever the name stands for: a file, a link to one, or a device."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import nnlite.files


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
        If the folder does not exist or cannot be written to, or the disk is full. An earlier file stays as it was,
        and no temporary file is left.

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
    if target.exists() and not target.is_file() and not target.is_dir():
        with open(target, "wb") as device:
            yield device
        return
    with nnlite.files.atomic_write(target.resolve() if target.is_symlink() else target) as file:
        yield file
