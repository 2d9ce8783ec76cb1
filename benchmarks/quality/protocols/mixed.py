"""Tables of numbers and text with missing cells, from CSV files whose last column is the class."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.quality.protocols.split import Cut, Protocol, Split

_MOST_NORMAL = 6000
_FEWEST_ANOMALIES = 10
# A text column with more distinct values for its rows is a name, of which no detector can learn anything.
_MOST_DISTINCT = 0.5


def read_mixed(path: Path) -> tuple[pd.DataFrame, np.ndarray]:
    """Read a CSV file.

    Parameters
    ----------
    path : Path
        File with a header; the last column is the class, empty cells are missing.

    Returns
    -------
    frame : DataFrame
        Columns of numbers (float64) and of text (object, missing is None), without constant columns and names.
    labels : ndarray of int of shape (n,)
        0 for records of the largest class, 1 for others.
    """
    cells = pd.read_csv(path, dtype=str, keep_default_na=False)
    classes = cells.pop(cells.columns[-1])
    columns = {name: _typed(cells[name]) for name in cells}
    frame = pd.DataFrame({name: column for name, column in columns.items() if _is_feature(column)})
    return frame, (classes != classes.value_counts().index[0]).to_numpy().astype(np.int64)


def _typed(cells: pd.Series) -> pd.Series:
    """Return numbers if all cells that are not empty are numbers, else text."""
    text = pd.Series([cell or None for cell in cells], dtype=object)
    numbers = pd.to_numeric(text, errors="coerce")
    return numbers.astype(np.float64) if (numbers.notna() == text.notna()).all() else text


def _is_feature(column: pd.Series) -> bool:
    distinct = column.nunique()
    return distinct > 1 and (column.dtype != object or distinct <= _MOST_DISTINCT * len(column))


def split_mixed(frame: pd.DataFrame, labels: np.ndarray, seed: int) -> Split:
    """Train on a half of the normal records, at most 3,000; a fifth of the test records are anomalies.

    Parameters
    ----------
    frame : DataFrame
        Records.
    labels : ndarray of int of shape (n,)
        1 for anomalies.
    seed : int
        Seed of the halves and of the anomalies.
    """
    generator = np.random.default_rng(seed)
    normal = generator.permutation(np.flatnonzero(labels == 0))[:_MOST_NORMAL]
    half = len(normal) // 2
    anomalous = generator.permutation(np.flatnonzero(labels == 1))
    test = np.r_[normal[half:], anomalous[: max(_FEWEST_ANOMALIES, (len(normal) - half) // 4)]]
    parts = [frame.iloc[rows].reset_index(drop=True) for rows in (normal[:half], test)]
    return Split(*parts, labels[test])


def _cuts(files: Iterable[Path]) -> Iterator[tuple[str, Cut]]:
    for path in files:
        yield path.stem, partial(split_mixed, *read_mixed(path))


MIXED = Protocol(
    "mixed",
    "tables of numbers and text: half of the largest class trains; of the test records a fifth are of other classes",
    _cuts,
    "mixed/*.csv",
)
