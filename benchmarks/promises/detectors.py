"""Promises of the detectors of records and images that hold for every record: units, sums, ranks, bits, files."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from anomaly import AutoencoderDetector, ImageDetector, TableDetector, VariationalDetector, load_detector
from anomaly.datasets import make_sensors, make_transactions
from benchmarks.promises.data import Array, records_of
from benchmarks.promises.promise import NEVER, Promise, at_most, between
from benchmarks.promises.table_detector import QUICK, WHERE, fitted, parse

_KINDS: dict[str, Any] = {
    "table": lambda seed, **more: TableDetector(random_state=seed, **QUICK, **more),
    "autoencoder": lambda seed, **more: AutoencoderDetector(hidden=(16, 4, 16), epochs=10, random_state=seed, **more),
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
    """Fit twice with the same seed, `TableDetector` with one thread and with two."""
    x = _records(data, np.random.default_rng(seed))
    one, other = _KINDS[data](seed), _KINDS[data](seed)
    if data == "table":
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
    """Return the number of single records whose scores differ from those in a batch by more than rounding."""
    rng = np.random.default_rng(seed)
    detector, fresh = _KINDS[data](seed).fit(_records(data, rng)), _records(data, rng, 40)
    together = detector.decision_function(fresh)
    alone = np.concatenate([detector.decision_function(fresh[i : i + 1]) for i in range(len(fresh))])
    # The last of the 13 binary digits of `TableDetector` may differ.
    return float((np.abs(together - alone) > 2.0**-12 * np.maximum(1.0, np.abs(together))).sum())


def _flags_too_many(seed: int, data: str) -> float:
    x = _records(data, np.random.default_rng(seed))
    return float(abs(int(_KINDS[data](seed, contamination=0.1).fit(x).labels_.sum()) - 12))


def _contributions_do_not_add_up(seed: int, data: str) -> float:
    detector, records, rng = fitted(data, seed, **QUICK)
    far = records * rng.uniform(0.0, 20.0, size=(len(records), 1))
    contributions, scores = detector.explain(far), detector.decision_function(far)
    backwards = sum(contributions[:, ::-1].T)
    return float((contributions < 0).sum() + (contributions.sum(axis=1) != scores).sum() + (backwards != scores).sum())


def _autoencoder(seed: int, **settings: Any) -> tuple[AutoencoderDetector, Array, np.random.Generator]:
    rng = np.random.default_rng(seed)
    records = records_of("correlated", 300, rng)
    detector = AutoencoderDetector(**{"hidden": (16, 4, 16), "epochs": 10, "random_state": seed, **settings})
    return detector.fit(records), records, rng


def _squared_errors_differ(seed: int, data: str) -> float:
    """Return the number of contributions that are not the scaled squared errors of the reconstruction."""
    detector, records, _ = _autoencoder(seed)
    scale = records.std(axis=0)
    restored = detector.reconstruct(records)
    errors = (np.column_stack([restored[name] for name in restored.names]) - records) / scale
    contributions = detector.score_terms(records)
    wrong = np.abs(contributions - np.square(errors) / records.shape[1]) > 1e-3 * (contributions + 1e-3)
    return float(wrong.sum() + (contributions.sum(axis=1) != detector.decision_function(records)).sum())


def _far_scores_fall(seed: int, data: str) -> float:
    """Return the number of records beyond the clipped range that do not score higher ten times further out."""
    detector, _, rng = _autoencoder(seed)
    directions = rng.normal(size=(50, 6))
    directions /= np.abs(directions).min(axis=1, keepdims=True)
    near, far = (detector.decision_function(reach * directions) for reach in (100.0, 1000.0))
    return float((far <= near).sum())


def _ranks_differ(seed: int, data: str) -> float:
    """Return the number of p-values that are not (1 + reference scores at least as high) / (n + 1)."""
    rng = np.random.default_rng(seed)
    detector, fresh = _KINDS[data](seed).fit(_records(data, rng)), _records(data, rng, 60)
    scores, reference = detector.decision_function(fresh), detector.calibration_scores_
    ranks = (1 + (reference >= scores[:, np.newaxis]).sum(axis=1)) / (len(reference) + 1)
    return float((np.abs(detector.p_values(fresh) - ranks) > 1e-12).sum())


def _confidence_out_of_range(seed: int, data: str) -> float:
    rng = np.random.default_rng(seed)
    detector, fresh = _KINDS[data](seed).fit(_records(data, rng)), _records(data, rng, 60)
    confidence = detector.predict_confidence(fresh * rng.uniform(0, 9))
    return float((confidence < 0).sum() + (confidence > 1).sum())


def _proba_order_differs(seed: int, data: str) -> float:
    """Return the number of records with a higher score and a lower probability than the next, and of rows not 1."""
    rng = np.random.default_rng(seed)
    detector, fresh = _KINDS[data](seed).fit(_records(data, rng)), _records(data, rng, 60)
    probabilities, order = detector.predict_proba(fresh), np.argsort(detector.decision_function(fresh))
    return float(
        (np.diff(probabilities[order, 1]) < -1e-12).sum() + (np.abs(probabilities.sum(axis=1) - 1) > 1e-12).sum()
    )


def _wrong_column(seed: int, data: str) -> float:
    """Move a column by six standard deviations; return the fraction of records with another one first."""
    kind, _ = parse(data)
    detector, _, rng = fitted(data, seed, n_jobs=1)
    moved = records_of(kind, 100, rng)
    columns = rng.integers(moved.shape[1], size=100)
    moved[np.arange(100), columns] += 6.0 * moved.std(axis=0)[columns]
    return float((detector.explain(moved).argmax(axis=1) != columns).mean())


def _order_matters(seed: int, data: str) -> float:
    """Return the number of scores that change with the order of named columns."""
    rng = np.random.default_rng(seed)
    records = _KINDS_OF_ORDERS[data](n_records=200, random_state=seed).columns
    detector = _KINDS["table"](seed).fit(records)
    permuted = {name: records[name] for name in rng.permutation(list(records))}
    return float((detector.decision_function(records) != detector.decision_function(permuted)).sum())


def _remembered(seed: int, data: str) -> float:
    """Return the number of remembered records beyond 10,000, of 10,500 training records."""
    detector, _, _ = fitted("normal, n=10500", seed, **{**QUICK, "epochs": 1})
    return float(len(detector.decision_scores_) != 10_500) + max(0, len(detector.ensemble_.remembered) - 10_000)


def _trimmed(seed: int, data: str) -> float:
    """Return the difference between the number of records left out by ``trim=0.1`` and a tenth of them."""
    detector, records, _ = fitted(data, seed, trim=0.1, **QUICK)
    return float(abs(len(detector.ensemble_.remembered) - 0.9 * len(records)))


def _active_units(seed: int, data: str) -> float:
    """Return the fraction of active units of the middle layer with ``noise=0, sparsity=0.01``."""
    detector, records, _ = fitted(data, seed, neighbors=0, noise=0, sparsity=0.01, n_jobs=1)
    return float((np.abs(detector.encode(records)) > 1e-6).mean())


_KINDS_OF_ORDERS = {"transactions": make_transactions, "sensors": make_sensors}
_TABLE_DATA = ("normal, n=200", "correlated, n=300", "counts, n=200")

PROMISES = (
    Promise(
        WHERE + ".decision_function",
        "About 1 for a normal record",
        "median score of training records",
        _median_score(fresh=False),
        between(0.9, 1.1),
        (*_TABLE_DATA, "heavy, n=300"),
        seeds=20,
        short=2,
    ),
    Promise(
        WHERE + ".decision_function",
        "About 1 for a normal record",
        "median score of fresh records",
        _median_score(fresh=True),
        between(0.8, 1.25),
        (*_TABLE_DATA, "heavy, n=300"),
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
        "flagged with contamination=0.1, minus 12 of 120 (all detectors)",
        _flags_too_many,
        NEVER,
        tuple(_KINDS),
        seeds=5,
        short=1,
    ),
    Promise(
        WHERE + ".explain",
        "Each row adds up to the result of `decision_function` for the record, without rounding errors",
        "rows that do not, negative contributions",
        _contributions_do_not_add_up,
        NEVER,
        _TABLE_DATA,
        seeds=10,
        short=1,
    ),
    Promise(
        "anomaly.AutoencoderDetector.score_terms",
        "Squared errors of the column's features, divided by the number of features; each row adds up to the score",
        "contributions that are not, rows that do not",
        _squared_errors_differ,
        NEVER,
        seeds=10,
        short=2,
    ),
    Promise(
        "anomaly.AutoencoderDetector",
        "the score is that of unclipped features and increases with the distance",
        "far records that score lower",
        _far_scores_fall,
        NEVER,
        seeds=10,
        short=2,
    ),
    Promise(
        "anomaly.detectors.BaseDetector.p_values",
        "By the rank among ``calibration_scores_``, from 1 / (n + 1) to 1",
        "p-values that are not (all detectors)",
        _ranks_differ,
        NEVER,
        tuple(_KINDS),
        seeds=5,
        short=1,
    ),
    Promise(
        "anomaly.detectors.BaseDetector.predict_confidence",
        "Confidence in the labels that `predict` returns, from 0 to 1",
        "confidences out of range (all detectors)",
        _confidence_out_of_range,
        NEVER,
        tuple(_KINDS),
        seeds=5,
        short=1,
    ),
    Promise(
        "anomaly.detectors.BaseDetector.predict_proba",
        "its order is that of the scores",
        "records out of order, rows that do not add up to 1 (all detectors)",
        _proba_order_differs,
        NEVER,
        tuple(_KINDS),
        seeds=5,
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
        "fraction of records with another column first",
        _wrong_column,
        at_most(0.25),
        ("normal, n=300", "correlated, n=300"),
        seeds=10,
        short=1,
    ),
    Promise(
        WHERE,
        "Of more than 10,000 training records",
        "remembered records beyond that",
        _remembered,
        NEVER,
        seeds=1,
        short=0,
    ),
    Promise(
        WHERE,
        "fraction of the training records that are left out",
        "records left out by trim=0.1, minus a tenth",
        _trimmed,
        NEVER,
        ("normal, n=200", "correlated, n=300"),
        seeds=5,
        short=1,
    ),
    Promise(
        WHERE,
        "With 0.01 about a quarter of the units is active",
        "fraction of active units",
        _active_units,
        between(0.15, 0.35),
        ("normal, n=1000", "correlated, n=1000"),
        seeds=5,
        short=1,
    ),
)
