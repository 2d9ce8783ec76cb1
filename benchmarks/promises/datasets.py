"""Promises of the generators in `anomaly.datasets`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from anomaly.datasets import Dataset, make_connections, make_correlated, make_sensors, make_transactions
from anomaly.drift import kolmogorov_smirnov
from anomaly.metrics import roc_auc_score
from benchmarks.promises.promise import NEVER, Promise, at_most

_WHERE = "anomaly.datasets."
_MAKERS: dict[str, Callable[..., Dataset]] = {
    "transactions": make_transactions,
    "connections": make_connections,
    "sensors": make_sensors,
    "correlated": make_correlated,
}
_FRACTIONS = {"bearing_wear": 0.4, "stuck_sensor": 0.25, "broken_correlation": 0.25, "spike": 0.1}


def _miscounted(seed: int, data: str) -> float:
    fraction = float(np.random.default_rng(seed).uniform(0.0, 0.5))
    records = _MAKERS[data](n_records=600, contamination=fraction, random_state=seed)
    return float(abs(int(records.labels.sum()) - fraction * 600) > 0.5 + 1e-9 or len(records) != 600)


def _differing(seed: int, data: str) -> float:
    a, b = (_MAKERS[data](n_records=300, random_state=seed) for _ in range(2))
    same = all(np.array_equal(a.columns[name].astype(str), b.columns[name].astype(str)) for name in a.columns)
    return float(not same or not np.array_equal(a.labels, b.labels))


def _uneven_kinds(seed: int, data: str) -> float:
    records = _MAKERS[data](n_records=1000, contamination=0.05, random_state=seed)
    _, counts = np.unique(records.kinds[records.labels == 1].astype(str), return_counts=True)
    return float(len(counts) != 4 or np.ptp(counts) > 1)


def _wrong_fractions(seed: int, data: str) -> float:
    """Return the number of kinds of faults whose fraction is not the documented one, rounded to records."""
    records = make_sensors(n_records=4000, contamination=0.05, random_state=seed)
    return float(sum(abs((records.kinds == kind).sum() - 200 * fraction) > 1 for kind, fraction in _FRACTIONS.items()))


def _column_differs(seed: int, data: str) -> float:
    """Return the rejection rate, over the level, of tests for another distribution of a column among the anomalies."""
    records = make_correlated(n_records=2000, contamination=0.3, random_state=seed)
    normal = records.labels == 0
    p = [kolmogorov_smirnov(column[normal], column[~normal])[1] for column in records.columns.values()]
    return float((np.array(p) <= 0.05).mean() / 0.05)


def _best_single_column(seed: int, data: str) -> float:
    """Return the highest AUROC of a single column's distance from its median."""
    records = _MAKERS[data](n_records=4000, contamination=0.05, random_state=seed)
    found = []
    for column in records.columns.values():
        if column.dtype.kind == "f":
            filled = np.where(np.isnan(column), np.nanmedian(column), column)
            found.append(roc_auc_score(records.labels, np.abs(filled - np.median(filled))))
    return max(found)


def _impossible_payments(seed: int, data: str) -> float:
    """Count normal payments that are contactless above 50 euros, or in cash and no multiple of ten."""
    records = make_transactions(n_records=2000, random_state=seed)
    columns = {name: column[records.labels == 0] for name, column in records.columns.items()}
    contactless = columns["channel"] == "contactless"
    return float((columns["amount"][contactless] > 50.0).sum() + _odd_cash(columns))


def _odd_cash(columns: dict[str, np.ndarray]) -> int:
    cash = np.array([str(value) == "cash" for value in columns["merchant_category"]])
    return int((np.abs(columns["amount"][cash] % 10.0) > 1e-9).sum())


PROMISES = (
    Promise(
        _WHERE + "make_sensors",
        "Fraction of records with a fault, from 0 to 0.5",
        "data sets with another number of anomalies (all four)",
        _miscounted,
        NEVER,
        tuple(_MAKERS),
        seeds=30,
        short=5,
    ),
    Promise(
        "anomaly.datasets",
        "equal arguments give equal records, bit for bit",
        "data sets that differ",
        _differing,
        NEVER,
        tuple(_MAKERS),
        seeds=10,
        short=2,
    ),
    Promise(
        _WHERE + "make_transactions",
        "in nearly equal numbers of each kind",
        "data sets with uneven kinds (connections, too)",
        _uneven_kinds,
        NEVER,
        ("transactions", "connections"),
        seeds=20,
        short=3,
    ),
    Promise(
        _WHERE + "make_sensors",
        "40 % bearing wear, 25 % a stuck sensor, 25 % a broken correlation and 10 % spikes",
        "kinds with another fraction",
        _wrong_fractions,
        NEVER,
        seeds=20,
        short=3,
    ),
    Promise(
        _WHERE + "make_correlated",
        "The distribution of each single column is the same",
        "columns that differ / level 0.05",
        _column_differs,
        at_most(1.0),
        seeds=100,
        short=20,
    ),
    Promise(
        "anomaly.datasets",
        "no threshold on a single column detects them all",
        "AUROC of the best single column",
        _best_single_column,
        at_most(0.9),
        tuple(_MAKERS),
        seeds=10,
        short=2,
    ),
    Promise(
        _WHERE + "make_transactions",
        "contactless payments are at most 50 euros, cash is in multiples of ten",
        "normal payments that are not",
        _impossible_payments,
        NEVER,
        seeds=20,
        short=3,
    ),
)
