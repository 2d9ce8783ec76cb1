"""Cost of files without training records: ``python -m benchmarks.quality.kept_records --data FOLDER``.

Detectors are fitted to normal rows (the one-class protocol) and keep all remembered records, prototypes of them, or
none. The figures are means over tables and seeds of AUROC, average precision, the fraction of flagged normal rows, and
the size of the file.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from anomaly import TableDetector, load_detector
from anomaly.detectors.table.kept_records import RECORDS
from anomaly.metrics import average_precision_score, roc_auc_score
from benchmarks.quality.protocols import split, tables


def figures(detector: TableDetector, test: np.ndarray, labels: np.ndarray, records: str) -> list[float]:
    """Return AUROC, average precision, the fraction of flagged normal rows, and the size of the file in kilobytes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "detector.npz"
        detector.save(path, records=records)
        loaded, size = load_detector(path), path.stat().st_size
    scores = loaded.decision_function(test)
    flagged = (scores > loaded.threshold_)[labels == 0].mean()
    return [roc_auc_score(labels, scores), average_precision_score(labels, scores), flagged, size / 1000]


def evaluate(folder: Path, seeds: int, most_rows: int) -> np.ndarray:
    """Return the figures of each table and seed, of shape (n, 3, 4)."""
    results = []
    for name, x, y in tables(folder):
        for seed in range(seeds):
            some = np.random.default_rng(seed).permutation(len(y))[:most_rows]
            data = split(x[some], y[some], "one-class", seed)
            detector = TableDetector(random_state=seed).fit(data.train)
            results.append([figures(detector, data.test, data.labels, records) for records in RECORDS])
            print(name, seed, *(f"{row[0]:.3f}" for row in results[-1]), flush=True)
    return np.array(results)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="../shared/data/adbench")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--rows", type=int, default=2000, help="the most rows of a table (default: 2000)")
    options = parser.parse_args(arguments)
    means = evaluate(Path(options.data), options.seeds, options.rows).mean(axis=0)
    print(f"\n{'records':<12}{'AUROC':>8}{'AP':>8}{'flagged':>9}{'kB':>8}")
    for records, (auroc, precision, flagged, size) in zip(RECORDS, means, strict=True):
        print(f"{records:<12}{auroc:>8.3f}{precision:>8.3f}{flagged:>9.1%}{size:>8.0f}")


if __name__ == "__main__":
    main()
