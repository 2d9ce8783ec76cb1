"""Docstrings, help texts and files as plain text."""

from __future__ import annotations

import contextlib
import io
from functools import cache, reduce
from importlib import import_module
from pathlib import Path
from typing import Any

from anomaly.cli import main

_PROJECT = Path(__file__).parents[2]


@cache
def text_of(where: str) -> str:
    """Return the documentation at a place, with single spaces.

    Parameters
    ----------
    where : str
        A dotted name, a file of the project, or ``"anomaly COMMAND --help"``.

    Raises
    ------
    LookupError
        If the place does not exist.
    """
    if where.endswith(".md"):
        return " ".join((_PROJECT / where).read_text(encoding="utf-8").split())
    if where.endswith("--help"):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
            main(where.split()[1:])
        return " ".join(printed.getvalue().split())
    return " ".join(str(_object(where).__doc__).split())


def _object(where: str) -> Any:
    names = where.split(".")
    for count in range(len(names), 0, -1):
        try:
            module = import_module(".".join(names[:count]))
        except ModuleNotFoundError:
            continue
        try:
            return reduce(getattr, names[count:], module)
        except AttributeError:
            break
    raise LookupError(f"there is nothing at {where!r}")
