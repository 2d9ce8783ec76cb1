"""What a protocol yields: training and test records, and how to use them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd

Records: TypeAlias = "np.ndarray | pd.DataFrame"


@dataclass(frozen=True)
class Split:
    """Training and test records of a table.

    Attributes
    ----------
    train : ndarray of shape (n_train, n_features), or DataFrame
        Training records. Missing cells are NaN, in text columns None.
    test : ndarray of shape (n_test, n_features), or DataFrame
        Test records.
    labels : ndarray of int of shape (n_test,)
        Labels of the test records; 1 is an anomaly.
    own : bool, default False
        Whether the test records are the training records, so that a detector's own scores of those are evaluated.
    contamination : float, optional
        Fraction of anomalies that detectors are given; by default none is given.
    """

    train: Records
    test: Records
    labels: np.ndarray
    own: bool = False
    contamination: float | None = None


Cut: TypeAlias = "Callable[[int], Split]"
"""From a seed to the split of a table."""


@dataclass(frozen=True)
class Protocol:
    """A way to make training and test records.

    Attributes
    ----------
    name : str
        Name, such as ``"one-class"``.
    description : str
        What it trains on and tests on, in one sentence.
    tables : callable
        From data files to pairs of the name of a table and its `Cut`; a table is read when its turn comes.
    data : str, default ""
        Pattern of the data files below the data folder; empty if the protocol makes its own records.
    """

    name: str
    description: str
    tables: Callable[[Iterable[Path]], Iterator[tuple[str, Cut]]]
    data: str = ""

    def files(self, folder: Path) -> list[Path]:
        """Return the data files in a folder with subfolders, or in a folder that holds these files alone.

        Raises
        ------
        FileNotFoundError
            If there are none.
        """
        found = sorted(folder.glob(self.data)) or sorted(folder.glob(Path(self.data).name)) if self.data else []
        if self.data and not found:
            raise FileNotFoundError(
                f"protocol {self.name!r} reads {self.data}, and {str(folder)!r} has no such file; "
                "name a folder that does"
            )
        return found


def halves(labels: np.ndarray, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of a random half of the normal records, and those of all others."""
    normal = generator.permutation(np.flatnonzero(labels == 0))
    half = len(normal) // 2
    return normal[:half], np.r_[normal[half:], np.flatnonzero(labels == 1)]
