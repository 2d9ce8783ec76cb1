"""Files of the internet, which are not downloaded here."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any


def get_file(
    fname: str | None = None,
    origin: str | None = None,
    *_: Any,
    cache_subdir: str = "datasets",
    cache_dir: str | None = None,
    **__: Any,
) -> str:
    """Return the path of a file that Keras has downloaded before.

    Parameters
    ----------
    fname, origin : str
        Name of the file, by default the last part of the address.
    cache_subdir, cache_dir : str
        Where it is: by default the folder ``datasets`` of ``~/.keras``, or of the environment variable ``KERAS_HOME``.

    Raises
    ------
    RuntimeError
        If there is no such file: nothing is downloaded. The message names the address.
    """
    home = Path(cache_dir or os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    path = home / cache_subdir / (fname or str(origin).rpartition("/")[2])
    if path.exists():
        return str(path)
    raise RuntimeError(
        f"get_file downloads nothing: this package opens no connections. Download {origin or fname!r} yourself and "
        "pass the path of the file"
    )
