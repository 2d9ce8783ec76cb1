"""Accuracy of explanations: ``python -m benchmarks.quality.explanations --data FOLDER``.

A detector is fitted to half of a table's normal rows. Each of the others gets a fault of four standard deviations, up
or down, in a random column, and this column should have the largest contribution to its score (`explain`). In a table
whose columns have few distinct values or are nearly independent, a deviation of four may be normal. So the accuracy is
reported by table, beside that of the column with the largest standardized value.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from anomaly import TableDetector
from benchmarks.quality.protocols import split, tables

_MOST_FAULTS = 300
SIZE = 4.0


def faults(train: np.ndarray, normal: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Inject a fault into each of some normal rows.

    Parameters
    ----------
    train, normal : ndarray of shape (n, n_features)
        Training rows, and fresh normal rows.
    seed : int
        Seed of rows, columns and signs.

    Returns
    -------
    rows : ndarray of shape (m, n_features)
        Some of `normal`, each with a fault of `SIZE` standard deviations.
    columns : ndarray of int of shape (m,)
        Column of each fault.
    """
    generator = np.random.default_rng(seed)
    spread = train.std(axis=0)
    rows = normal[generator.permutation(len(normal))[:_MOST_FAULTS]].copy()
    columns = generator.choice(np.flatnonzero(spread > 0), len(rows))
    rows[np.arange(len(rows)), columns] += generator.choice([-SIZE, SIZE], len(rows)) * spread[columns]
    return rows, columns


def accuracies(x: np.ndarray, y: np.ndarray, seed: int) -> tuple[float, float]:
    """Return the accuracy of the first column, by `explain` and by the largest standardized value."""
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
            results.append(np.mean([accuracies(x, y, seed) for seed in range(options.seeds)], axis=0))
            print(f"{table:<20}{results[-1][0]:9.3f}{results[-1][1]:15.3f}", flush=True)
    ours, plain = np.mean(results, axis=0)
    print(f"{'mean':<20}{ours:9.3f}{plain:15.3f}")


if __name__ == "__main__":
    main()
