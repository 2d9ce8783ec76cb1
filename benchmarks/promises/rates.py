"""Promises of `TableDetector` about rates: false alarms, p-values, probabilities, flagged training records."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import lru_cache, partial

import numpy as np

from anomaly import AutoencoderDetector, ImageDetector, TableDetector
from anomaly.errors import FewRecordsWarning
from benchmarks.promises.data import Array, records_of
from benchmarks.promises.promise import NEVER, Promise, about, at_most, between
from benchmarks.promises.table_detector import QUICK, WHERE, fitted, parse

_FRESH = 2000


@lru_cache(maxsize=128)
def _p_values_and_labels(data: str, seed: int, rate: float, **settings) -> tuple[Array, Array]:
    """Return those of fresh records; several promises are about the same ones."""
    detector, _, rng = fitted(data, seed, false_alarm_rate=rate, **{"n_jobs": 1, **settings})
    fresh = records_of(parse(data)[0], _FRESH, rng)
    return detector.p_values(fresh), detector.predict(fresh)


def _false_alarms(rate: float, **settings) -> Callable[[int, str], float]:
    def measure(seed: int, data: str) -> float:
        return float(_p_values_and_labels(data, seed, rate, **settings)[1].mean()) / rate

    return measure


def _small_p_values(level: float, **settings) -> Callable[[int, str], float]:
    def measure(seed: int, data: str) -> float:
        return float((_p_values_and_labels(data, seed, 0.05, **settings)[0] <= level + 1e-12).mean()) / level

    return measure


def _less_than_its_equals(seed: int, data: str) -> float:
    """Return the number of p-values below (1 + c) / (n + 1), with c equal training records."""
    detector, records, rng = fitted(data, seed, false_alarm_rate=0.05, **QUICK)
    fresh = records_of(parse(data)[0], 200, rng)
    equal = (fresh[:, np.newaxis] == records).all(axis=2).sum(axis=1)
    return float((detector.p_values(fresh) < (1 + equal) / (len(records) + 1) - 1e-9).sum())


def _small_p_values_of_training(seed: int, data: str) -> float:
    """Return the fraction of p-values up to 0.05, divided by 0.05, without a false-alarm rate."""
    detector, _, rng = fitted(data, seed, n_jobs=1)
    return float((detector.p_values(records_of(parse(data)[0], _FRESH, rng)) <= 0.05).mean()) / 0.05


def _small_p_values_of_autoencoder(seed: int, data: str) -> float:
    """Return the fraction of p-values up to 0.05 for random linear mixtures of independent normal variables."""
    n, d = (int(word.split("=")[1]) for word in data.split(", "))
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(d, d))
    detector = AutoencoderDetector(random_state=seed).fit(rng.normal(size=(n, d)) @ mixing)
    return float((detector.p_values(rng.normal(size=(_FRESH, d)) @ mixing) <= 0.05).mean())


def _small_p_values_of_images(seed: int, data: str) -> float:
    rng = np.random.default_rng(seed)
    detector = ImageDetector(random_state=seed).fit(rng.normal(size=(200, 8, 8)))
    return float((detector.p_values(rng.normal(size=(1000, 8, 8))) <= 0.05).mean())


def _wrong_warnings(seed: int, data: str) -> float:
    """Return the number of missing and undue warnings for a rate of 0.05, which takes 19 records."""
    wrong = 0
    for n in (18, 19, 20):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            fitted(f"{data}, n={n}", seed, false_alarm_rate=0.05, **{**QUICK, "epochs": 2})
        wrong += any(issubclass(one.category, FewRecordsWarning) for one in caught) != (n < 19)
    return float(wrong)


def _equal_labels(seed: int, data: str) -> float:
    """Return the fraction of fresh records with equal labels by two detectors fitted to different records."""
    name, records = data.split(": ")
    kind, n = parse(records)
    rng = np.random.default_rng(seed)
    make = {"table": partial(TableDetector, n_jobs=1), "autoencoder": AutoencoderDetector}[name]
    one, other = (make(random_state=seed, contamination=0.1).fit(records_of(kind, n, rng)) for _ in range(2))
    fresh = records_of(kind, _FRESH, rng)
    return float((one.predict(fresh) == other.predict(fresh)).mean())


def _flagged_in_training(seed: int, data: str) -> float:
    """Return the number of flagged records beyond the contamination."""
    detector, records, _ = fitted(data, seed, contamination=0.1, **QUICK)
    return float(max(0.0, detector.labels_.sum() - 0.1 * len(records)))


def _flagged_of_clean(seed: int, data: str) -> float:
    detector, _, _ = fitted(data, seed, n_jobs=1)
    return float(detector.labels_.mean())


def _probability_error(seed: int, data: str) -> float:
    """Return the mean probability of an anomaly minus their fraction; anomalies are two to six times further out."""
    kind, _ = parse(data)
    detector, _, rng = fitted(data, seed, false_alarm_rate=0.05, n_jobs=1)
    normal = records_of(kind, 900, rng)
    anomalies = records_of(kind, 100, rng) * rng.uniform(2.0, 6.0, size=(100, 1))
    probabilities = detector.predict_proba(np.r_[normal, anomalies], prior=0.1)[:, 1]
    return float(probabilities.mean() - 0.1)


def _rows_off_one(seed: int, data: str) -> float:
    detector, records, _ = fitted(data, seed, **QUICK)
    rows = detector.predict_proba(records, prior=0.1)
    return float((np.abs(rows.sum(axis=1) - 1) > 1e-12).sum() + (rows < 0).sum() + (rows > 1).sum())


def _rate_after_updates(seed: int, data: str) -> float:
    kind, n = parse(data)
    rng = np.random.default_rng(seed)
    detector = TableDetector(random_state=seed, false_alarm_rate=0.05, n_jobs=1).fit(records_of(kind, n, rng))
    for _ in range(3):
        detector.partial_fit(records_of(kind, n // 2, rng))
    return float(detector.predict(records_of(kind, _FRESH, rng)).mean()) / 0.05


_RECORDS = ("normal, n=100", "normal, n=500", "correlated, n=200", "heavy, n=300", "counts, n=300")

PROMISES = (
    Promise(
        WHERE,
        "Fraction of fresh normal records that may be flagged",
        "false alarms / false_alarm_rate 0.05",
        _false_alarms(0.05),
        at_most(1.0),
        _RECORDS,
        seeds=60,
        short=0,
    ),
    Promise(
        WHERE,
        "Fraction of fresh normal records that may be flagged",
        "false alarms / false_alarm_rate 0.05, small networks",
        _false_alarms(0.05, **QUICK),
        at_most(1.0),
        _RECORDS,
        seeds=300,
        short=6,
    ),
    Promise(
        WHERE,
        "Fraction of fresh normal records that may be flagged",
        "false alarms / false_alarm_rate 0.01",
        _false_alarms(0.01),
        at_most(1.0),
        _RECORDS,
        seeds=60,
        short=0,
    ),
    Promise(
        WHERE,
        "Fraction of fresh normal records that may be flagged",
        "false alarms / false_alarm_rate 0.001",
        _false_alarms(0.001),
        at_most(1.0),
        ("normal, n=200", "correlated, n=400", "normal, n=1000"),
        seeds=60,
        short=0,
    ),
    Promise(
        WHERE,
        "3 to 5.5 % of fresh normal records had p-values of at most 0.05",
        "P(p <= 0.05) / 0.05 for normal records",
        _small_p_values(0.05),
        between(0.6, 1.1),
        _RECORDS,
        seeds=60,
        short=0,
    ),
    Promise(
        WHERE,
        "3 to 5.5 % of fresh normal records had p-values of at most 0.05",
        "P(p <= 0.05) / 0.05 for normal records, small networks",
        _small_p_values(0.05, **QUICK),
        between(0.6, 1.1),
        _RECORDS,
        seeds=300,
        short=6,
    ),
    Promise(
        WHERE,
        "of at least (1 + c) / (n + 1)",
        "p-values below that of their equals",
        _less_than_its_equals,
        NEVER,
        ("counts, n=300", "three counts, n=1000"),
        seeds=20,
        short=2,
    ),
    Promise(
        WHERE,
        "5.5 % had p-values of at most 0.05 with 1000 records of five columns",
        "P(p <= 0.05) / 0.05 without a rate",
        _small_p_values_of_training,
        between(0.9, 1.3),
        ("normal, n=1000",),
        seeds=20,
        short=0,
    ),
    Promise(
        WHERE,
        "8 % with 100 of five or 1000 of thirty",
        "P(p <= 0.05) / 0.05 without a rate",
        _small_p_values_of_training,
        between(1.2, 2.0),
        ("normal, n=100", "wide, n=1000"),
        seeds=20,
        short=0,
    ),
    Promise(
        WHERE,
        "with 300 of thirty, whose reference is held out, 4.6 %",
        "P(p <= 0.05) / 0.05 without a rate",
        _small_p_values_of_training,
        between(0.6, 1.1),
        ("wide, n=300",),
        seeds=10,
        short=0,
    ),
    *(
        Promise(
            "anomaly.AutoencoderDetector",
            words,
            "P(p <= 0.05) for normal records",
            _small_p_values_of_autoencoder,
            about(promised, 0.15 if promised > 0.05 else 0.4),
            (data,),
            seeds=20,
            short=0,
        )
        for words, promised, data in (
            ("11 % had p-values of at most 0.05 with 1000 training records of five columns", 0.11, "n=1000, d=5"),
            ("42 % with 100 of five", 0.42, "n=100, d=5"),
            ("27 % with 1000 of thirty", 0.27, "n=1000, d=30"),
            ("With 300 records of thirty columns 3 % had p-values of at most 0.05", 0.03, "n=300, d=30"),
        )
    ),
    Promise(
        "anomaly.ImageDetector",
        "with 200 training images of 8 x 8 independent pixels, 20 % of fresh normal images",
        "P(p <= 0.05) for normal images",
        _small_p_values_of_images,
        about(0.2, 0.15),
        seeds=10,
        short=0,
    ),
    Promise(
        WHERE,
        "A rate below 1 / (n + 1) is more than n records can guarantee",
        "warnings that are missing or undue",
        _wrong_warnings,
        NEVER,
        ("normal",),
        seeds=3,
        short=1,
    ),
    Promise(
        "anomaly.detectors.BaseDetector.predict_confidence",
        "87 to 93 % of the labels by two `TableDetector`",
        "equal labels",
        _equal_labels,
        between(0.86, 0.94),
        ("table: normal, n=200", "table: correlated, n=200", "table: normal, n=1000"),
        seeds=10,
        short=0,
    ),
    Promise(
        "anomaly.detectors.BaseDetector.predict_confidence",
        "68 to 79 % of those by two `AutoencoderDetector`",
        "equal labels",
        _equal_labels,
        between(0.67, 0.8),
        ("autoencoder: normal, n=200", "autoencoder: correlated, n=200", "autoencoder: normal, n=1000"),
        seeds=10,
        short=0,
    ),
    Promise(
        WHERE,
        "Fraction of anomalies among the training records",
        "records flagged beyond contamination 0.1",
        _flagged_in_training,
        NEVER,
        ("normal, n=200", "counts, n=200"),
        seeds=20,
        short=3,
    ),
    Promise(
        "anomaly.thresholds.AutoThreshold",
        "0.6 to 1.2 % of fresh records are flagged",
        "flagged of clean training records by default",
        _flagged_of_clean,
        at_most(0.03),
        (*_RECORDS, "three counts, n=1000"),
        seeds=20,
        short=1,
    ),
    Promise(
        WHERE + ".predict_proba",
        "Rows that add up to 1",
        "rows that do not, probabilities out of range",
        _rows_off_one,
        NEVER,
        ("normal, n=200",),
        seeds=10,
        short=2,
    ),
    Promise(
        WHERE + ".predict_proba",
        "that it is an anomaly",
        "mean probability minus fraction of anomalies",
        _probability_error,
        between(-0.05, 0.05),
        ("normal, n=500", "correlated, n=200", "heavy, n=300"),
        seeds=20,
        short=2,
    ),
    Promise(
        WHERE + ".partial_fit",
        "without forgetting",
        "false alarms / false_alarm_rate 0.05 after updates",
        _rate_after_updates,
        at_most(1.0),
        ("normal, n=200", "correlated, n=400"),
        seeds=40,
        short=0,
    ),
)
