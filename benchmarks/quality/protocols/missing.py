"""Tables of numbers with cells missing completely at random, in training and test records alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.quality.protocols.numeric import DATA, read_table
from benchmarks.quality.protocols.split import Cut, Protocol, Split, halves

FRACTIONS = (0.0, 0.05, 0.2)
MOST_ROWS = 1200
# A sample keeps this many records of the rarer class, or all.
_FEWEST = 20


def sample(y: np.ndarray, most: int, generator: np.random.Generator) -> np.ndarray:
    """Return the rows of a random sample that keeps the fraction of anomalies, in their order.

    Parameters
    ----------
    y : ndarray of int of shape (n,)
        Labels.
    most : int
        Number of rows, approximately; all of a table with no more.
    generator : numpy.random.Generator
        Source of the sample.
    """
    if len(y) <= most:
        return np.arange(len(y))
    kept = []
    for label in (0, 1):
        rows = np.flatnonzero(y == label)
        wanted = max(round(most * len(rows) / len(y)), _FEWEST)
        kept.append(generator.choice(rows, min(wanted, len(rows)), replace=False))
    return np.sort(np.concatenate(kept))


def punched(x: np.ndarray, y: np.ndarray, fraction: float, seed: int) -> Split:
    """Divide a table as one-class does, and remove cells.

    Parameters
    ----------
    x, y : ndarray
        Rows and labels.
    fraction : float
        Fraction of the cells to remove, one of `FRACTIONS`.
    seed : int
        Seed of a sample of 1,200 rows, of the halves, and of the cells. Only the cells depend on the fraction.
    """
    generator = np.random.default_rng(seed)
    rows = sample(y, MOST_ROWS, generator)
    x, y = x[rows], y[rows]
    train, test = halves(y, generator)
    for each in FRACTIONS:
        parts = [np.where(generator.random(part.shape) < each, np.nan, part) for part in (x[train], x[test])]
        if each == fraction:
            return Split(*parts, y[test])
    raise ValueError(f"fraction must be one of {FRACTIONS}; found {fraction!r}")


def _cuts(files: Iterable[Path], fraction: float) -> Iterator[tuple[str, Cut]]:
    for path in files:
        yield path.stem, partial(punched, *read_table(path), fraction)


MISSING = tuple(
    Protocol(
        f"missing-{100 * fraction:g}",
        f"as one-class, tables cut to {MOST_ROWS:,} records, 0, 5 and 20 % of all cells missing at random",
        partial(_cuts, fraction=fraction),
        DATA,
    )
    for fraction in FRACTIONS
)
