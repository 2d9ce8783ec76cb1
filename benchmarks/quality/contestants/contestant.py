"""Interface of a detector in the comparison."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np

from benchmarks.quality.protocols import Records


class Contestant(Protocol):
    """A detector with its defaults, and whatever it needs to take records of any kind."""

    def fit(self, train: Records) -> None:
        """Fit the detector to records."""

    def own_scores(self) -> np.ndarray:
        """Return the scores of the training records, of shape (n_train,); larger is more anomalous."""

    def scores(self, test: Records) -> np.ndarray:
        """Return the scores of other records, of shape (n_test,)."""


class Given(NamedTuple):
    """What a detector is given; all other settings are its defaults."""

    seed: int
    contamination: float | None = None


Make: TypeAlias = "Callable[[Given], Contestant]"


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

    make: Make
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
