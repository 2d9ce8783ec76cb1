"""Folders for what the commands leave behind."""

from __future__ import annotations

import os
from pathlib import Path


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
