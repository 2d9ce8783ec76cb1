"""Promises of `anomaly.preprocessing` about scaled features."""

from __future__ import annotations

import numpy as np

from anomaly.preprocessing import TablePreprocessor
from anomaly.preprocessing.scaling.linear import CoreScaler
from anomaly.preprocessing.scaling.quantile import QuantileScaler
from benchmarks.promises.data import scores_of
from benchmarks.promises.promise import NEVER, Promise, about, at_most, between

_WHERE = "anomaly.preprocessing."


def _core_of_normal(seed: int, data: str) -> float:
    values = np.random.default_rng(seed).normal(3.0, 2.0, size=(2000, 1))
    return float(CoreScaler().fit(values).scale_[0]) / 2.0


def _core_with_anomalies(seed: int, data: str) -> float:
    """Return the scale of standard normal values with 5 % of values at 8 standard deviations."""
    rng = np.random.default_rng(seed)
    values = np.r_[rng.normal(size=1900), np.full(100, 8.0)][:, np.newaxis]
    return float(CoreScaler().fit(values).scale_[0])


def _below_a_fifth(seed: int, data: str) -> float:
    rng = np.random.default_rng(seed)
    values = np.where(rng.random((500, 1)) < 0.05, scores_of(data, (500, 1), rng), 1.0)
    return float(CoreScaler().fit(values).scale_[0] < values.std() / 5 - 1e-12)


def _deviation_of_scaled(seed: int, data: str) -> float:
    values = scores_of(data, (3000, 1), np.random.default_rng(seed))
    return float(np.std(QuantileScaler().fit(values).transform(values)))


def _far_values_collapse(seed: int, data: str) -> float:
    values = scores_of(data, (500, 1), np.random.default_rng(seed))
    far = values.max() + np.ptp(values) * np.arange(1.0, 6.0)[:, np.newaxis]
    return float((np.diff(QuantileScaler().fit(values).transform(far), axis=0) <= 0).sum())


def _category_variance(seed: int, data: str) -> float:
    """Return the total variance of a column of categories minus (1 - sum of squared frequencies)."""
    rng = np.random.default_rng(seed)
    cells = np.array(list("abcdefgh"), object)[rng.integers(int(data.split()[0]), size=400)]
    features = TablePreprocessor().fit_transform({"number": rng.normal(size=400), "category": cells})[:, 1:]
    _, counts = np.unique(cells.astype(str), return_counts=True)
    return float(features.var(axis=0).sum() - (1 - np.square(counts / 400).sum()))


def _clipped(seed: int, data: str) -> float:
    values = np.random.default_rng(seed).normal(size=(100, 2))
    preprocessor = TablePreprocessor(scaling=data).fit(values)
    return float(np.abs(preprocessor.transform([[1e300, -1e300]])).max())


def _not_restored(seed: int, data: str) -> float:
    """Return the number of training records that `inverse_transform` does not restore."""
    rng = np.random.default_rng(seed)
    table = {"whole": rng.integers(100, size=200), "category": np.array(list("abc"), object)[rng.integers(3, size=200)]}
    preprocessor = TablePreprocessor(scaling=data).fit(table)
    restored = preprocessor.inverse_transform(preprocessor.transform(table))
    wrong = (restored["whole"] != table["whole"]) | (restored["category"] != table["category"])
    return float(wrong.sum())


PROMISES = (
    Promise(
        _WHERE + "scaling.linear.CoreScaler",
        "For normally distributed values s is the standard deviation",
        "s / standard deviation",
        _core_of_normal,
        about(1.0, 0.01),
        seeds=100,
        short=20,
    ),
    Promise(
        _WHERE + "scaling.linear.CoreScaler",
        "they hardly change s",
        "s with 5 % of far values / s without",
        _core_with_anomalies,
        at_most(1.25),
        seeds=50,
        short=10,
    ),
    Promise(
        _WHERE + "scaling.linear.CoreScaler",
        "s is at least a fifth of",
        "scales that are less",
        _below_a_fifth,
        NEVER,
        ("exponential", "pareto"),
        seeds=50,
        short=10,
    ),
    Promise(
        _WHERE + "scaling.quantile.QuantileScaler",
        "Map values through their ranks to a normal",
        "standard deviation of scaled values",
        _deviation_of_scaled,
        about(1.0, 0.01),
        ("exponential", "pareto", "uniform"),
        seeds=20,
        short=5,
    ),
    Promise(
        _WHERE + "scaling.quantile.QuantileScaler",
        "a value far outside the training range remains far outside",
        "far values that do not",
        _far_values_collapse,
        NEVER,
        ("exponential", "normal"),
        seeds=50,
        short=10,
    ),
    Promise(
        _WHERE + "TablePreprocessor",
        "then have a total variance of",
        "variance minus that",
        _category_variance,
        between(-1e-4, 1e-4, every=True),
        ("2 categories", "8 categories"),
        seeds=20,
        short=5,
    ),
    Promise(
        _WHERE + "TablePreprocessor",
        r"**Features are clipped** to :math:`\pm 10^6`",
        "largest feature / a million",
        lambda seed, data: _clipped(seed, data) / 1e6,
        at_most(1.0, every=True),
        ("standard", "core", "robust", "minmax"),
        seeds=3,
        short=1,
    ),
    Promise(
        _WHERE + "TablePreprocessor.inverse_transform",
        "Whether to round numbers to integers",
        "training records that are not restored",
        _not_restored,
        NEVER,
        ("standard", "core", "minmax", "robust", "quantile"),
        seeds=10,
        short=2,
    ),
)
