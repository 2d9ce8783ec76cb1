"""The files of the packages that a run enters, and the calls that no import of the caller leads to."""

from __future__ import annotations

import inspect
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any


@dataclass
class Walk:
    """The functions that a run calls.

    Attributes
    ----------
    functions : set of (str, str)
        File, and qualified name of each function entered; the bodies of modules do not count.
    calls : set of (str, str)
        File of the caller and file of the called function.
    """

    root: Path
    functions: set[tuple[str, str]] = field(default_factory=set)
    calls: set[tuple[str, str]] = field(default_factory=set)

    def files(self, package: str) -> set[str]:
        """Return the files of a package that were entered."""
        start = str(self.root / package) + "/"
        return {file for file, _ in self.functions if file.startswith(start)}

    def module(self, file: str) -> str:
        """Return a file's dotted name."""
        parts = Path(file).relative_to(self.root).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@contextmanager
def walking(root: Path) -> Iterator[Walk]:
    """Record the functions of both packages that are called meanwhile, in every thread."""
    walk = Walk(root)
    inside = tuple(str(root / package) + "/" for package in ("nnlite", "anomaly"))

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event != "call":
            return
        code = frame.f_code
        if not code.co_filename.startswith(inside) or code.co_name in ("<module>", "<lambda>") or _is_class_body(frame):
            return
        walk.functions.add((code.co_filename, code.co_qualname if sys.version_info >= (3, 11) else code.co_name))
        caller = frame.f_back
        if caller is not None and caller.f_code.co_filename.startswith(inside):
            walk.calls.add((caller.f_code.co_filename, code.co_filename))

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield walk
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]


def _is_class_body(frame: FrameType) -> bool:
    # Local variables of functions are optimized; those of a class body become its namespace.
    return not frame.f_code.co_flags & inspect.CO_OPTIMIZED


def files_entered(root: Path, run: Callable[[], object]) -> Walk:
    """Run something and return its walk."""
    with walking(root) as walk:
        run()
    return walk
