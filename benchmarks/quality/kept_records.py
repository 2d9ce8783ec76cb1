"""Cost of files without training records: ``python -m benchmarks.quality.kept_records --data FOLDER``.

Detectors are fitted to normal records and keep all remembered records, prototypes of them, or none. The figures are
means over tables and seeds of AUROC, average precision, the fraction of flagged normal records, and the size of the
file.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from anomaly import TableDetector, load_detector
from anomaly.detectors.table.files import RECORDS
from anomaly.metrics import average_precision_score, roc_auc_score
from benchmarks.quality.protocols import Records, Split, cuts, parts

_PROTOCOLS = ("one-class", "mixed", "missing")


def figures(detector: TableDetector, test: Records, labels: np.ndarray, records: str) -> list[float]:
    """Return AUROC, average precision, the fraction of flagged normal rows, and the size of the file in kilobytes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "detector.npz"
        detector.save(path, records=records)
        loaded, size = load_detector(path), path.stat().st_size
    scores = loaded.decision_function(test)
    flagged = (scores > loaded.threshold_)[labels == 0].mean()
    return [roc_auc_score(labels, scores), average_precision_score(labels, scores), flagged, size / 1000]


def _limited(data: Split, most: int, seed: int) -> Split:
    """Return a split with at most so many training records, and test records."""
    some = np.random.default_rng(seed).permutation(len(data.labels))[:most]
    test = data.test[some] if isinstance(data.test, np.ndarray) else data.test.iloc[some]
    return Split(data.train[:most], test, data.labels[some])


def evaluate(protocol: str, folder: Path, seeds: int, most: int) -> np.ndarray:
    """Return the figures of each table and seed, of shape (n, 3, 4)."""
    results = []
    for part, name, cut in cuts(parts([protocol]), folder):
        for seed in range(seeds):
            data = _limited(cut(seed), most, seed)
            detector = TableDetector(random_state=seed).fit(data.train)
            results.append([figures(detector, data.test, data.labels, records) for records in RECORDS])
            print(part, name, seed, *(f"{row[0]:.3f}" for row in results[-1]), flush=True)
    return np.array(results)


def main(arguments: list[str] | None = None) -> None:
    """Print the figures of each table, and their means."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="../shared/data")
    parser.add_argument("--protocol", choices=_PROTOCOLS, default="one-class")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--rows", type=int, default=1000, help="the most training, and test, records (default: 1000)")
    options = parser.parse_args(arguments)
    means = evaluate(options.protocol, Path(options.data), options.seeds, options.rows).mean(axis=0)
    print(f"\n{'records':<12}{'AUROC':>8}{'AP':>8}{'flagged':>9}{'kB':>8}")
    for records, (auroc, precision, flagged, size) in zip(RECORDS, means, strict=True):
        print(f"{records:<12}{auroc:>8.3f}{precision:>8.3f}{flagged:>9.1%}{size:>8.0f}")


if __name__ == "__main__":
    main()
