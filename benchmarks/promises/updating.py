"""Promises of `TableDetector` about drift, further records, labels and expected values."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable

import numpy as np

from anomaly import TableDetector
from anomaly.errors import LabelWarning
from anomaly.metrics import roc_auc_score
from benchmarks.promises.data import Array, records_of
from benchmarks.promises.promise import NEVER, Promise, at_least, at_most, between
from benchmarks.promises.table_detector import QUICK, WHERE, fitted, parse

_ANOMALIES = 60


def _alarms(level: float, **settings) -> Callable[[int, str], float]:
    def measure(seed: int, data: str) -> float:
        kind, n = parse(data)
        rng = np.random.default_rng(seed)
        found = []
        for trial in range(5):
            detector = TableDetector(random_state=trial, **QUICK, **settings).fit(records_of(kind, n, rng))
            found += [detector.drift(records_of(kind, 200, rng), level=level).drifted for _ in range(2)]
        return float(np.mean(found)) / level

    return measure


def _missed(seed: int, data: str) -> float:
    """Return the fraction of trials in which a column that moves by 0.7 standard deviations is not reported."""
    rng = np.random.default_rng(seed)
    detector = TableDetector(random_state=seed, **QUICK).fit(rng.normal(size=(400, 2)))
    names = [[c.name for c in detector.drift(rng.normal([0.0, 0.7], size=(300, 2))).columns] for _ in range(10)]
    return float(np.mean(["x1" not in found for found in names]))


def _anomalies_of(kind: str, rng: np.random.Generator) -> Array:
    """Return records whose columns come from different normal records, each with a small offset."""
    records = records_of(kind, _ANOMALIES, rng)
    mixed = rng.permuted(records, axis=0)
    return mixed + 1.5 * rng.choice([-1.0, 1.0], size=mixed.shape) * records.std(axis=0)


def _updated_against_refitted(seed: int, data: str) -> float:
    """Return the AUROC after `fit` on a half and `partial_fit` on the other, minus that of `fit` on both."""
    kind, n = parse(data)
    rng = np.random.default_rng(seed)
    first, second, fresh = (records_of(kind, n, rng) for _ in range(3))
    anomalies = _anomalies_of(kind, rng)
    x, y = np.r_[fresh, anomalies], np.r_[np.zeros(n, int), np.ones(_ANOMALIES, int)]
    updated = TableDetector(random_state=seed, n_jobs=1).fit(first).partial_fit(second)
    whole = TableDetector(random_state=seed, n_jobs=1).fit(np.r_[first, second])
    return roc_auc_score(y, updated.decision_function(x)) - roc_auc_score(y, whole.decision_function(x))


def _forgotten(seed: int, data: str) -> float:
    """Return the AUROC on records of the first kind, minus that after five times as many of another kind."""
    kind, n = parse(data)
    rng = np.random.default_rng(seed)
    detector = TableDetector(random_state=seed, n_jobs=1).fit(records_of(kind, n, rng))
    x = np.r_[records_of(kind, n, rng), _anomalies_of(kind, rng)]
    y = np.r_[np.zeros(n, int), np.ones(_ANOMALIES, int)]
    before = roc_auc_score(y, detector.decision_function(x))
    for _ in range(5):
        detector.partial_fit(records_of(kind, n, rng) + 12.0)
    return before - roc_auc_score(y, detector.decision_function(x))


def _unfair_memory(seed: int, data: str) -> float:
    """Return the fraction of the first half of 20,000 records among the 10,000 remembered ones."""
    rng = np.random.default_rng(seed)
    detector = TableDetector(random_state=seed, **{**QUICK, "epochs": 1, "hidden": (4,)}).fit(
        rng.normal(size=(10_000, 2))
    )
    detector.partial_fit(rng.normal(size=(10_000, 2)) + 100.0)
    remembered = detector.preprocessor_.inverse_transform(detector.ensemble_.remembered)["x0"]
    return float((remembered < 50.0).mean())


def _miscounted(seed: int, data: str) -> float:
    detector, records, rng = fitted(data, seed, **QUICK)
    detector.partial_fit(records_of(parse(data)[0], 37, rng))
    return float(abs(detector.records_seen_ - len(records) - 37))


def _gain_by_labels(seed: int, data: str) -> float:
    """Return the AUROC with ten labelled anomalies of one column, minus that without; the other columns are noise."""
    rng = np.random.default_rng(seed)
    detector = TableDetector(random_state=seed, n_jobs=1).fit(rng.normal(size=(500, 6)))

    def anomalies(count: int) -> Array:
        records = rng.normal(size=(count, 6))
        records[:, 0] += rng.choice([-2.5, 2.5], size=count)
        return records

    x, y = np.r_[rng.normal(size=(500, 6)), anomalies(100)], np.r_[np.zeros(500, int), np.ones(100, int)]
    before = roc_auc_score(y, detector.decision_function(x))
    detector.learn_labels(anomalies(10), np.ones(10, int))
    return roc_auc_score(y, detector.decision_function(x)) - before


def _loss_by_top_labels(seed: int, data: str) -> float:
    """Return the AUROC without labels, minus that with correct labels of the 20 highest-scored records."""
    kind, n = parse(data)
    rng = np.random.default_rng(seed)
    detector = TableDetector(random_state=seed, n_jobs=1).fit(records_of(kind, n, rng))

    def labelled() -> tuple[Array, Array]:
        x = np.r_[records_of(kind, 500, rng), _anomalies_of(kind, rng)]
        return x, np.r_[np.zeros(500, int), np.ones(_ANOMALIES, int)]

    known, labels = labelled()
    top = np.argsort(-detector.decision_function(known))[:20]
    x, y = labelled()
    before = roc_auc_score(y, detector.decision_function(x))
    if not labels[top].any():
        return 0.0
    detector.learn_labels(known[top], labels[top])
    return before - roc_auc_score(y, detector.decision_function(x))


def _expected_further(seed: int, data: str) -> float:
    """Return the fraction of altered cells for which the column's median is nearer the truth than `expected`."""
    kind, _ = parse(data)
    detector, records, rng = fitted(data, seed, n_jobs=1)
    truth = records_of(kind, 100, rng)
    columns, rows = rng.integers(truth.shape[1], size=100), np.arange(100)
    altered = truth.copy()
    altered[rows, columns] += rng.choice([-6.0, 6.0], size=100) * records.std(axis=0)[columns]
    table = detector.expected(altered)
    expected = np.column_stack([table[name] for name in table.names])[rows, columns]
    right, median = truth[rows, columns], np.median(records, axis=0)[columns]
    return float((np.abs(expected - right) > np.abs(median - right)).mean())


def _wrong_warnings(seed: int, data: str) -> float:
    """Return whether a `LabelWarning` comes with changed scores, or unchanged scores without one."""
    detector, records, rng = fitted(data, seed, **QUICK)
    fresh = records_of(parse(data)[0], 100, rng)
    before = detector.decision_function(fresh)
    labelled = records[rng.permutation(len(records))[:10]] * rng.choice([0.5, 3.0])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        detector.learn_labels(labelled, np.ones(10, int))
    warned = any(issubclass(one.category, LabelWarning) for one in caught)
    return float(warned != bool((detector.decision_function(fresh) == before).all()))


def _milliseconds_of_expected(seed: int, data: str) -> float:
    detector, records, _ = fitted(data, seed, n_jobs=1, epochs=2)
    start = time.process_time()
    detector.expected(records)
    return 1000 * (time.process_time() - start) / len(records)


_RECORDS = ("normal, n=400", "correlated, n=400", "heavy, n=400", "counts, n=400")

PROMISES = (
    Promise(
        WHERE + ".drift",
        "Probability of a false alarm",
        "false alarms / level 0.05",
        _alarms(0.05),
        at_most(1.0),
        _RECORDS,
        seeds=60,
        short=3,
    ),
    Promise(
        WHERE + ".drift",
        "Probability of a false alarm",
        "false alarms / level 0.05, contamination 0.1",
        _alarms(0.05, contamination=0.1),
        at_most(1.0),
        _RECORDS[:2],
        seeds=60,
        short=1,
    ),
    Promise(
        WHERE + ".drift",
        "Probability of a false alarm",
        "false alarms / level 0.01",
        _alarms(0.01),
        at_most(1.0),
        _RECORDS[:2],
        seeds=100,
        short=0,
    ),
    Promise(
        WHERE + ".drift",
        "rng.normal([0.0, 0.7], size=(300, 2))",
        "moved columns that are not reported",
        _missed,
        at_most(0.02),
        seeds=20,
        short=2,
    ),
    Promise(
        WHERE + ".partial_fit",
        "without forgetting",
        "AUROC of fit and partial_fit minus that of one fit",
        _updated_against_refitted,
        at_least(-0.01),
        ("normal, n=300", "correlated, n=300", "heavy, n=300"),
        seeds=20,
        short=1,
    ),
    Promise(
        WHERE + ".partial_fit",
        "without forgetting",
        "AUROC lost by five times as many records of another kind",
        _forgotten,
        at_most(0.03),
        ("normal, n=300", "correlated, n=300"),
        seeds=20,
        short=1,
    ),
    Promise(
        WHERE + ".partial_fit",
        "The remembered records stay a random sample of all records seen",
        "fraction of the first half among remembered records",
        _unfair_memory,
        between(0.48, 0.52),
        seeds=3,
        short=0,
    ),
    Promise(
        WHERE,
        "Number of records seen by `fit` and `partial_fit`",
        "records_seen_ minus that number",
        _miscounted,
        NEVER,
        ("normal, n=100",),
        seeds=5,
        short=1,
    ),
    Promise(
        WHERE + ".learn_labels",
        "labelled records",
        "AUROC gained by ten labels, anomalies in one of six columns",
        _gain_by_labels,
        at_least(0.01),
        seeds=20,
        short=2,
    ),
    Promise(
        WHERE + ".learn_labels",
        "by 0.009 at most",
        "AUROC lost by labels of the 20 highest scores",
        _loss_by_top_labels,
        at_most(0.01, every=True),
        ("normal, n=500", "correlated, n=500", "heavy, n=500"),
        seeds=20,
        short=1,
    ),
    Promise(
        WHERE + ".learn_labels",
        "All weights are then 1, and scores those without labels",
        "warnings with other scores, or equal scores without",
        _wrong_warnings,
        NEVER,
        ("normal, n=200", "correlated, n=200"),
        seeds=20,
        short=1,
    ),
    Promise(
        WHERE + ".expected",
        "It takes 0.05 to 1 ms a record",
        "milliseconds for a record",
        _milliseconds_of_expected,
        at_most(1.0),
        ("correlated, n=500", "wide, n=5000"),
        seeds=2,
        short=0,
    ),
    Promise(
        WHERE + ".expected",
        "Estimate the value of each column",
        "altered cells further from the truth than the median",
        _expected_further,
        at_most(0.35),
        ("correlated, n=500",),
        seeds=10,
        short=2,
    ),
)
