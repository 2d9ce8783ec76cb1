"""Promises about random samples: a uniform sample of a stream, a stratified split."""

from __future__ import annotations

import numpy as np

from anomaly.datasets import make_correlated, make_transactions
from anomaly.detectors.table.reservoir import add_to_reservoir
from benchmarks.promises.promise import NEVER, Promise, exactly

_CAPACITY = 50


def _kept(seed: int, data: str) -> float:
    """Return the mean number of sampled items of a third of the stream, over the expected number."""
    third, sizes = data.split(" third, chunks of ")
    size, seen = int(sizes), 300
    rng = np.random.default_rng(seed)
    counts = np.zeros(seen)
    for _ in range(100):
        sample = np.empty(0, int)
        for start in range(0, seen, size):
            fresh = np.arange(start, min(start + size, seen))
            sample = add_to_reservoir(sample, start, fresh, _CAPACITY, rng)
        np.add.at(counts, sample, 1)
    part = np.split(counts, 3)[("first", "second", "last").index(third)]
    return float(part.mean() / (100 * _CAPACITY / seen))


def _wrong_size(seed: int, data: str) -> float:
    rng = np.random.default_rng(seed)
    n, m = (int(value) for value in rng.integers(1, 120, size=2))
    n = min(n, _CAPACITY)
    sample = add_to_reservoir(np.arange(n), n, np.arange(n, n + m), _CAPACITY, rng)
    return float(len(sample) != min(n + m, _CAPACITY)) + float(len(np.unique(sample)) != len(sample))


def _unfair_split(seed: int, data: str) -> float:
    """Return whether the number of test records of a kind differs from the exact fraction by more than one."""
    rng = np.random.default_rng(seed)
    fraction = float(rng.uniform(0.1, 0.9))
    records = make_transactions(n_records=500, contamination=0.05, random_state=seed)
    _, test = records.split(test_size=fraction, random_state=seed)
    worst = max(
        abs((test.kinds == kind).sum() - fraction * (records.kinds == kind).sum()) for kind in set(records.kinds)
    )
    return float(worst > 1.0)


def _mean_position_of_test(seed: int, data: str) -> float:
    """Return the mean position of the test records, which is 1/2 for a random split."""
    records = make_correlated(n_records=300, n_features=2, contamination=0.0, random_state=seed)
    _, test = records.split(test_size=0.3, random_state=seed)
    positions = np.flatnonzero(np.isin(records.columns["x0"], test.columns["x0"]))
    return float((positions + 0.5).mean() / 300)


PROMISES = (
    Promise(
        "anomaly.detectors.table.reservoir.add_to_reservoir",
        "all items so far are in it with the same probability",
        "probability of a third of the stream / expected",
        _kept,
        exactly(1.0),
        tuple(f"{third} third, chunks of {size}" for third in ("first", "second", "last") for size in (1, 40, 300)),
        seeds=40,
        short=5,
    ),
    Promise(
        "anomaly.detectors.table.reservoir.add_to_reservoir",
        "ndarray of shape (min(n + m, most), ...)",
        "samples of another size, or with repeats",
        _wrong_size,
        NEVER,
        seeds=500,
        short=100,
    ),
    Promise(
        "anomaly.datasets.Dataset.split",
        "the fraction of each kind is the same in both sets, up to rounding",
        "splits with other fractions",
        _unfair_split,
        NEVER,
        seeds=50,
        short=10,
    ),
    Promise(
        "anomaly.datasets.Dataset.split",
        "The split is random",
        "mean position of test records",
        _mean_position_of_test,
        exactly(0.5),
        seeds=200,
        short=40,
    ),
)
