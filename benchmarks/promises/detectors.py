"""Promises of the detectors of records and images that hold for every record: units, sums, bits, files."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from anomaly import ImageDetector, TableDetector, VariationalDetector, load_detector
from anomaly.datasets import make_sensors, make_transactions
from benchmarks.promises.data import Array, records_of
from benchmarks.promises.promise import NEVER, Promise, at_most, between
from benchmarks.promises.table_detector import QUICK, WHERE, fitted, parse

_KINDS: dict[str, Any] = {
    "blend": lambda seed, **more: TableDetector(random_state=seed, **QUICK, **more),
    "variational": lambda seed, **more: VariationalDetector(
        hidden=(16,), latent=2, epochs=10, random_state=seed, **more
    ),
    "image": lambda seed, **more: ImageDetector(filters=(4,), epochs=5, random_state=seed, **more),
}


def _records(kind: str, rng: np.random.Generator, n: int = 120) -> Array:
    return rng.normal(size=(n, 6, 6)) + np.eye(6) if kind == "image" else records_of("correlated", n, rng)


def _median_score(fresh: bool) -> Any:
    def measure(seed: int, data: str) -> float:
        detector, _, rng = fitted(data, seed, n_jobs=1)
        scores = (
            detector.decision_function(records_of(parse(data)[0], 1000, rng)) if fresh else detector.decision_scores_
        )
        return float(np.median(scores))

    return measure


def _bits_differ(seed: int, data: str) -> float:
    """Fit twice with the same seed, the blend with one thread and with two."""
    x = _records(data, np.random.default_rng(seed))
    one, other = _KINDS[data](seed), _KINDS[data](seed)
    if data == "blend":
        other.set_params(n_jobs=2)
    a, b = one.fit(x).decision_scores_, other.fit(x).decision_scores_
    return float((a != b).sum() + (one.threshold_ != other.threshold_))


def _file_differs(seed: int, data: str) -> float:
    rng = np.random.default_rng(seed)
    detector, fresh = _KINDS[data](seed).fit(_records(data, rng)), _records(data, rng)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "detector.npz"
        detector.save(path)
        loaded = load_detector(path)
    different = detector.decision_function(fresh) != loaded.decision_function(fresh)
    return float(different.sum() + (detector.threshold_ != loaded.threshold_))


def _depends_on_batch(seed: int, data: str) -> float:
    """Return how many scores of single records differ, beyond rounding, from those in a batch."""
    rng = np.random.default_rng(seed)
    detector, fresh = _KINDS[data](seed).fit(_records(data, rng)), _records(data, rng, 40)
    together = detector.decision_function(fresh)
    alone = np.concatenate([detector.decision_function(fresh[i : i + 1]) for i in range(len(fresh))])
    return float((np.abs(together - alone) > 1e-3 * np.maximum(1.0, np.abs(together))).sum())


def _flags_too_many(seed: int, data: str) -> float:
    x = _records(data, np.random.default_rng(seed))
    return float(abs(int(_KINDS[data](seed, contamination=0.1).fit(x).labels_.sum()) - 12))


def _parts_do_not_add_up(seed: int, data: str) -> float:
    detector, records, rng = fitted(data, seed, **QUICK)
    far = records * rng.uniform(0.0, 20.0, size=(len(records), 1))
    parts, scores = detector.explain(far), detector.decision_function(far)
    # Scores are rounded to four significant digits.
    return float((parts < 0).sum() + (np.abs(parts.sum(axis=1) - scores) > 1e-3 * np.maximum(scores, 1e-3)).sum())


def _wrong_column(seed: int, data: str) -> float:
    """Return the share of records, one column moved by six standard deviations, where another is named first."""
    kind, _ = parse(data)
    detector, _, rng = fitted(data, seed, n_jobs=1)
    moved = records_of(kind, 100, rng)
    columns = rng.integers(moved.shape[1], size=100)
    moved[np.arange(100), columns] += 6.0 * moved.std(axis=0)[columns]
    return float((detector.explain(moved).argmax(axis=1) != columns).mean())


def _order_matters(seed: int, data: str) -> float:
    """Return how many scores change with the order of named columns."""
    rng = np.random.default_rng(seed)
    records = _KINDS_OF_ORDERS[data](n_records=200, random_state=seed).columns
    detector = _KINDS["blend"](seed).fit(records)
    turned = {name: records[name] for name in rng.permutation(list(records))}
    return float((detector.decision_function(records) != detector.decision_function(turned)).sum())


def _remembered(seed: int, data: str) -> float:
    """Return how many records are remembered beyond 10,000, of 10,500."""
    detector, _, _ = fitted("normal, n=10500", seed, **{**QUICK, "epochs": 1})
    return float(len(detector.decision_scores_) != 10_500) + max(
        0, len(detector.ensemble_.members[-1].records) - 10_000
    )


def _trimmed(seed: int, data: str) -> float:
    """Return how many records more or fewer than a tenth are not remembered with ``trim=0.1``."""
    detector, records, _ = fitted(data, seed, trim=0.1, **QUICK)
    return float(abs(len(detector.ensemble_.members[-1].records) - 0.9 * len(records)))


def _active_units(seed: int, data: str) -> float:
    """Return the share of active units of the middle layer with ``noise=0, sparsity=0.01``."""
    detector, records, _ = fitted(data, seed, neighbors=0, noise=0, sparsity=0.01, n_jobs=1)
    return float((np.abs(detector.encode(records)) > 1e-6).mean())


_KINDS_OF_ORDERS = {"transactions": make_transactions, "sensors": make_sensors}
_BLEND_DATA = ("normal, n=200", "correlated, n=300", "counts, n=200")

PROMISES = (
    Promise(
        WHERE + ".decision_function",
        "About 1 for a",
        "median score of training records",
        _median_score(fresh=False),
        between(0.9, 1.1),
        (*_BLEND_DATA, "heavy, n=300"),
        seeds=20,
        short=2,
    ),
    Promise(
        WHERE + ".decision_function",
        "About 1 for a",
        "median score of fresh records",
        _median_score(fresh=True),
        between(0.8, 1.25),
        (*_BLEND_DATA, "heavy, n=300"),
        seeds=20,
        short=2,
    ),
    Promise(
        WHERE,
        "The same int gives the same detector, bit by bit, for any number of threads",
        "scores that differ (all detectors)",
        _bits_differ,
        NEVER,
        tuple(_KINDS),
        seeds=10,
        short=1,
    ),
    Promise(
        "anomaly.load_detector",
        "Fitted detector with the same scores as the saved one",
        "scores that differ",
        _file_differs,
        NEVER,
        tuple(_KINDS),
        seeds=10,
        short=1,
    ),
    Promise(
        "anomaly.VariationalDetector",
        "a record's score is independent of the batch",
        "scores that change with the batch (all detectors)",
        _depends_on_batch,
        NEVER,
        tuple(_KINDS),
        seeds=5,
        short=1,
    ),
    Promise(
        "anomaly.thresholds.QuantileThreshold",
        "the integer nearest to",
        "flagged with contamination=0.1, less 12 of 120 (all detectors)",
        _flags_too_many,
        NEVER,
        tuple(_KINDS),
        seeds=5,
        short=1,
    ),
    Promise(
        WHERE + ".explain",
        "Each row adds up to",
        "rows that do not, negative parts",
        _parts_do_not_add_up,
        NEVER,
        _BLEND_DATA,
        seeds=10,
        short=1,
    ),
    Promise(
        "README.md",
        "with columns in any order",
        "scores that change with the order of columns",
        _order_matters,
        NEVER,
        tuple(_KINDS_OF_ORDERS),
        seeds=5,
        short=1,
    ),
    Promise(
        "README.md",
        "reports which columns contribute most",
        "share of records with another column named first",
        _wrong_column,
        at_most(0.25),
        ("normal, n=300", "correlated, n=300"),
        seeds=10,
        short=1,
    ),
    Promise(
        WHERE,
        "Of more than 10,000 training records",
        "records remembered beyond that",
        _remembered,
        NEVER,
        seeds=1,
        short=0,
    ),
    Promise(
        WHERE,
        "fraction of the training records, those with the highest scores in a first round",
        "records left out by trim=0.1, less a tenth",
        _trimmed,
        NEVER,
        ("normal, n=200", "correlated, n=300"),
        seeds=5,
        short=1,
    ),
    Promise(
        WHERE,
        "With 0.01 about a quarter of the units is active",
        "share of active units",
        _active_units,
        between(0.15, 0.35),
        ("normal, n=1000", "correlated, n=1000"),
        seeds=5,
        short=1,
    ),
)
