"""Output folders."""

from __future__ import annotations

import os
from pathlib import Path


def make_folder(path: str | os.PathLike[str]) -> Path:
    """Create a folder and its parents, unless it exists.

    Parameters
    ----------
    path : str or path
        Path of the folder.

    Returns
    -------
    Path
        The same path.

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
