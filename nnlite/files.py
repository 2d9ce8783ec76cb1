"""Writing files so that nothing is lost: all of the new file, or the old one as it was."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Open a file for writing that takes its place only when all of it is written.

    The bytes go to a temporary file in the same folder, which is renamed at the end of the block. On any error, a full
    disk included, the temporary file is removed and a file that was there before stays as it was.

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
        If the folder does not exist or cannot be written to, or the disk is full.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> with atomic_write(folder / "greeting.txt") as file:
    ...     _ = file.write(b"hello")
    >>> (folder / "greeting.txt").read_text()
    'hello'
    """
    import tempfile

    target = Path(path)
    if target.is_dir():
        raise IsADirectoryError(f"cannot write to {str(target)!r}: it is a folder; name a file in it")
    if not target.parent.is_dir():
        raise FileNotFoundError(
            f"cannot write to {str(target)!r}: there is no folder {str(target.parent)!r}; create it first"
        )
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:100]}.")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _take_permissions(temporary, target)
        os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def _take_permissions(temporary: str, target: Path) -> None:
    """Give the new file the permissions of the old one, or those a plain `open` would have given."""
    if target.exists():
        mode = target.stat().st_mode & 0o777
    else:
        mask = os.umask(0)
        os.umask(mask)
        mode = 0o666 & ~mask
    os.chmod(temporary, mode)
