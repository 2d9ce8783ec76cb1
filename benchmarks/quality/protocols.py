"""The tables and the two protocols of the comparison."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

MOST_ROWS = 10_000
PROTOCOLS = ("one-class", "unsupervised")


@dataclass(frozen=True)
class Split:
    """Training and test rows of a table.

    Attributes
    ----------
    train : ndarray of float32 of shape (n_train, n_features)
        Training rows, standardized by their mean and standard deviation.
    test : ndarray of float32 of shape (n_test, n_features)
        Test rows, standardized by those of the training rows.
    labels : ndarray of int of shape (n_test,)
        Labels of the test rows; 1 is an anomaly.
    """

    train: np.ndarray
    test: np.ndarray
    labels: np.ndarray


def read_table(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows and the labels of one ADBench file."""
    with np.load(path, allow_pickle=True) as file:
        return file["X"].astype(np.float64), file["y"].astype(np.int64).ravel()


def tables(folder: Path, only: list[str] | None = None) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yield name, rows and labels of each table of a folder."""
    for path in sorted(folder.glob("*.npz")):
        if not only or path.stem in only:
            yield path.stem, *read_table(path)


def split(x: np.ndarray, y: np.ndarray, protocol: str, seed: int) -> Split:
    """Divide a table.

    Parameters
    ----------
    x, y : ndarray
        Rows and labels.
    protocol : {"one-class", "unsupervised"}
        "one-class" trains on a random half of the normal rows and tests on the other half and all anomalies;
        "unsupervised" trains and tests on all rows.
    seed : int
        Seed of the halves, and of a sample of 10,000 rows from larger tables, with their fraction of anomalies.
    """
    generator = np.random.default_rng(seed)
    normal, anomalous = (generator.permutation(np.flatnonzero(y == label)) for label in (0, 1))
    if len(y) > MOST_ROWS:
        kept = round(MOST_ROWS * len(anomalous) / len(y))
        normal, anomalous = normal[: MOST_ROWS - kept], anomalous[:kept]
    if protocol == "one-class":
        half = len(normal) // 2
        train, test = normal[:half], np.r_[normal[half:], anomalous]
    else:
        train = test = generator.permutation(np.r_[normal, anomalous])
    center, spread = x[train].mean(axis=0), x[train].std(axis=0)
    spread[spread <= 1e-12 * np.abs(center)] = 1.0
    spread[spread == 0] = 1.0
    scaled = [((x[rows] - center) / spread).astype(np.float32) for rows in (train, test)]
    return Split(*scaled, y[test])
