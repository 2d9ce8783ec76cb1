"""The model of a service: read from its file, and read anew when the file changes.

A request keeps the model that it began with. A file that cannot be read leaves the model as it is, and the service says
so; a file that is replaced by renaming, as `save` does it, is never met half written.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from anomaly.detectors.loading import detector_from_bytes
from anomaly.errors import DataError, one_line

_DIGITS = 16


@dataclass(frozen=True)
class LoadedModel:
    """A model as it was read.

    Attributes
    ----------
    detector : RowDetector
        The detector, of tables.
    names : list of str
        Its columns.
    digest : str
        The first digits of the SHA-256 of the file.
    loaded : float
        When, in seconds since 1970.
    """

    detector: Any
    names: list[str]
    digest: str
    loaded: float


class ServedModel:
    """The model in a file.

    Parameters
    ----------
    path : str or path
        The file.
    report : callable
        Takes a line of text on what happened to the file.

    Raises
    ------
    DataError, OSError, ValueError
        If the file cannot be read the first time.
    """

    def __init__(self, path: str | os.PathLike[str], report: Callable[[str], None]) -> None:
        self.path = os.fspath(path)
        self._report = report
        self._seen = self._state()
        self.current = self._load()
        self.failures = 0
        self.failure = ""

    def refresh(self) -> bool:
        """Read the file anew if it has changed; return whether there is a new model. It raises nothing."""
        state = self._state()
        if state == self._seen:
            return False
        # The state is that before reading: what is written meanwhile is a further change.
        self._seen = state
        try:
            found = self._load()
        except Exception as error:  # whatever is in the file, the model at hand is good
            self.failures += 1
            self.failure = one_line(f"{type(error).__name__}: {error}")
            self._report(
                f"kept the model {self.current.digest}: {self.path!r} has changed, and cannot be used: {self.failure}"
            )
            return False
        self.failure = ""
        if found.digest == self.current.digest:
            return False
        self._report(f"took the model {found.digest} in place of {self.current.digest}")
        self.current = found
        return True

    def _state(self) -> tuple[int, ...] | None:
        """Return what changes with the file; None where there is none."""
        try:
            found = os.stat(self.path)
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _load(self) -> LoadedModel:
        with open(self.path, "rb") as file:
            content = file.read()
        detector = detector_from_bytes(content, repr(self.path))
        if getattr(detector, "data_kind", None) != "tables":
            raise DataError(
                f"{self.path!r} holds a detector of class {type(detector).__name__}; a service scores records of "
                "tables, each by itself"
            )
        names = [str(name) for name in vars(detector)["feature_names_in_"]]
        return LoadedModel(detector, names, hashlib.sha256(content).hexdigest()[:_DIGITS], time.time())
