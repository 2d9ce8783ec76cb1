"""Clean tables of numbers: one-class, unsupervised, and unsupervised with the contamination given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.quality.protocols.split import Cut, Protocol, Split

MOST_ROWS = 10_000
CONTAMINATION = 0.1
CLEAN = ("one-class", "unsupervised")
"""The protocols that `split` knows."""
DATA = "adbench/*.npz"


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
    """Divide a table into training and test rows, float32, standardized by the training rows.

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
    return Split(*scaled, y[test], own=protocol == "unsupervised")


def _contaminated(x: np.ndarray, y: np.ndarray, seed: int) -> Split:
    return replace(split(x, y, "unsupervised", seed), contamination=CONTAMINATION)


def _cuts(files: Iterable[Path], protocol: str) -> Iterator[tuple[str, Cut]]:
    for path in files:
        yield path.stem, partial(split, *read_table(path), protocol)


def _contaminated_cuts(files: Iterable[Path]) -> Iterator[tuple[str, Cut]]:
    for path in files:
        yield path.stem, partial(_contaminated, *read_table(path))


ONE_CLASS = Protocol(
    "one-class",
    "train on a random half of the normal records, test on the other half and all anomalies",
    partial(_cuts, protocol="one-class"),
    DATA,
)
UNSUPERVISED = Protocol(
    "unsupervised",
    "train on all records without their labels, evaluate the scores of these",
    partial(_cuts, protocol="unsupervised"),
    DATA,
)
CONTAMINATED = Protocol(
    "contaminated",
    f"as unsupervised, with contamination={CONTAMINATION} given",
    _contaminated_cuts,
    DATA,
)
