"""Files of the internet, which are not downloaded here."""

from __future__ import annotations

from typing import Any, NoReturn


def get_file(fname: str | None = None, origin: str | None = None, *_: Any, **__: Any) -> NoReturn:
    """Raise: nothing is downloaded.

    Raises
    ------
    RuntimeError
        Always; the message names the address.
    """
    raise RuntimeError(
        f"get_file downloads nothing: this package opens no connections. Download {origin or fname!r} yourself and "
        "pass the path of the file"
    )
