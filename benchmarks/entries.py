"""Detectors that benchmarks compare, before they are made: what they need, and which version they are."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import anomaly

_ROOT = Path(anomaly.__file__).parents[1]


@dataclass(frozen=True)
class Entry:
    """A contestant before it is made.

    Attributes
    ----------
    make : callable
        From what it is given to the contestant.
    packages : tuple of str
        Packages that it needs, by the names under which they are installed.
    description : str
        What it does, in a few words.
    """

    make: Callable[[Any], Any]
    packages: tuple[str, ...]
    description: str

    def missing(self) -> list[str]:
        """Return the packages that are not installed in this Python."""
        return [package for package in self.packages if _version(package) is None]

    def version(self) -> str:
        """Return names and versions of the packages, such as ``"pyod 3.6.7, torch 2.14.1"``."""
        return ", ".join(f"{package} {_version(package)}" for package in self.packages)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


@cache
def sources_version() -> str:
    """Return a short hash of the packages' sources, so that results of other versions are not taken for theirs."""
    digest = hashlib.sha256()
    for package in ("anomaly", "nnlite"):
        for path in sorted((_ROOT / package).rglob("*.py")):
            digest.update(path.relative_to(_ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return f"sources {digest.hexdigest()[:10]}"
