"""How often the right column is named: ``python -m benchmarks.quality.explanations --data FOLDER``.

A detector learns half of a table's normal rows. Others of them get a fault of four standard deviations, up or down, in
one column drawn at random, and `explain` should give that column the largest part of the score. In a table whose
columns take few values, or hardly depend on each other, four standard deviations may be nothing unusual: so the figure
is given by table, and beside it how often the column of the largest standardised value would be the right one.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from anomaly import TableDetector
from benchmarks.quality.protocols import split, tables

_MOST_FAULTS = 300
SIZE = 4.0


def faults(train: np.ndarray, usual: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Put a fault into each of some usual rows.

    Parameters
    ----------
    train, usual : ndarray of shape (n, n_features)
        What the detector learns, and fresh rows like it.
    seed : int
        Draws rows, columns and signs.

    Returns
    -------
    rows : ndarray of shape (m, n_features)
        Some of `usual`, each with a fault of `SIZE` standard deviations.
    columns : ndarray of int of shape (m,)
        Where.
    """
    generator = np.random.default_rng(seed)
    spread = train.std(axis=0)
    rows = usual[generator.permutation(len(usual))[:_MOST_FAULTS]].copy()
    columns = generator.choice(np.flatnonzero(spread > 0), len(rows))
    rows[np.arange(len(rows)), columns] += generator.choice([-SIZE, SIZE], len(rows)) * spread[columns]
    return rows, columns


def named_first(x: np.ndarray, y: np.ndarray, seed: int) -> tuple[float, float]:
    """Return how often the faulty column comes first: by `explain`, and by the largest standardised value."""
    data = split(x, y, "one-class", seed)
    rows, columns = faults(data.train, data.test[data.labels == 0], seed)
    detector = TableDetector(random_state=seed).fit(data.train)
    return float((detector.explain(rows).argmax(axis=1) == columns).mean()), float(
        (np.abs(rows - data.train.mean(axis=0)).argmax(axis=1) == columns).mean()
    )


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality.explanations", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--data", default="../shared/data/adbench", help="folder of ADBench .npz files")
    parser.add_argument("--seeds", type=int, default=1, help="number of splits (default: 1)")
    parser.add_argument("--tables", nargs="+", default=[], help="names of tables (default: all)")
    options = parser.parse_args(arguments)
    print(f"{'table':<20}{'explain':>9}{'largest value':>15}")
    results = []
    for table, x, y in tables(Path(options.data), options.tables):
        if x.shape[1] > 1:
            results.append(np.mean([named_first(x, y, seed) for seed in range(options.seeds)], axis=0))
            print(f"{table:<20}{results[-1][0]:9.3f}{results[-1][1]:15.3f}", flush=True)
    ours, plain = np.mean(results, axis=0)
    print(f"{'mean':<20}{ours:9.3f}{plain:15.3f}")


if __name__ == "__main__":
    main()
