r"""Flag rates by the values of a column: whether a detector flags some groups of records more than others.

The rate of a group is known from its n records, k of them flagged, up to a confidence interval. Wilson's, with
:math:`\hat p = k / n` and the normal quantile z,

.. math:: \Bigl( \hat p + \frac{z^2}{2n} \pm z \sqrt{\frac{\hat p (1 - \hat p)}{n} + \frac{z^2}{4 n^2}} \Bigr)
          \Big/ \Bigl( 1 + \frac{z^2}{n} \Bigr)

keeps about its level for few records and rates near 0. Of twenty intervals at 95 %, one misses the rate by chance: a
single group apart from the others is a hint, not a finding.

References
----------
Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927); Brown, Cai & DasGupta,
"Interval estimation for a binomial proportion", Statistical Science 16 (2001).
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from itertools import pairwise
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from anomaly.metrics.validation import check_labels
from nnlite.types import Array
from nnlite.validation import check_value, integer, is_number, number

MISSING, OTHER = "(missing)", "(other values)"
"""Names of the group of missing values, and of that of rare ones."""

_MOST_NUMBERS = 10
_QUARTILES = (0.25, 0.5, 0.75)
_CONFIDENCE, _COUNT = number(above=0, below=1), integer(least=1)


@dataclass(frozen=True)
class FlagRate:
    """Records of one group, and how many of them are flagged.

    Attributes
    ----------
    value : str
        Value of the column, range of values, `MISSING` or `OTHER`.
    n_records, n_flagged : int
        Numbers of records, and of flagged ones.
    flag_rate, low, high : float
        Their ratio, and the ends of its confidence interval.
    n_labelled, n_anomalies : int
        Numbers of records with a label, and of anomalies among them.
    precision, recall, false_alarm_rate : float or None
        Of the records with a label; None where there are no flagged records, anomalies or normal records.
    """

    value: str
    n_records: int
    n_flagged: int
    flag_rate: float
    low: float
    high: float
    n_labelled: int
    n_anomalies: int
    precision: float | None
    recall: float | None
    false_alarm_rate: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return the attributes by name."""
        return asdict(self)


def flag_rates(
    values: ArrayLike,
    y_pred: ArrayLike,
    y_true: ArrayLike | None = None,
    *,
    most_values: int = 20,
    least_records: int = 10,
    confidence: float = 0.95,
) -> list[FlagRate]:
    """Return the rate of flagged records for each value of a column.

    Parameters
    ----------
    values : array_like of shape (n,)
        Values of a column. Numbers and dates of more than ten distinct values are divided at their quartiles; of equal
        quartiles one is left. None, NaN and NaT are missing.
    y_pred : array_like of 0 and 1 of shape (n,)
        1 for flagged records.
    y_true : array_like of 0, 1 and -1 of shape (n,), optional
        True labels; -1 for a record without one. By default no record has one.
    most_values : int, default 20
        The most values with a group of their own, the most frequent ones; all others are one group.
    least_records : int, default 10
        Values of fewer records are in that group, too.
    confidence : float, default 0.95
        Level of the confidence intervals, above 0 and below 1.

    Returns
    -------
    list of FlagRate
        Numbers and dates in rising order, other values by their number of records; then rare values, and missing ones.

    Raises
    ------
    ValueError
        If lengths differ, there are no records, or labels or arguments are none of these.

    Examples
    --------
    >>> country = np.repeat(["FR", "DE", None], [30, 20, 10])
    >>> flagged = np.zeros(60, int)
    >>> flagged[25:] = 1
    >>> for group in flag_rates(country, flagged):
    ...     print(group.value, group.n_flagged, group.n_records, f"{group.low:.2f} to {group.high:.2f}")
    FR 5 30 0.07 to 0.34
    DE 20 20 0.84 to 1.00
    (missing) 10 10 0.72 to 1.00
    """
    for name, value, constraint in (
        ("most_values", most_values, _COUNT),
        ("least_records", least_records, _COUNT),
        ("confidence", confidence, _CONFIDENCE),
    ):
        check_value(name, value, constraint)
    flags = check_labels(y_pred, "y_pred").astype(np.bool_)
    column, labels = np.asarray(values), _as_labels(y_true, len(flags))
    if column.shape != flags.shape:
        raise ValueError(f"values and y_pred must be of one length; found shapes {column.shape} and {flags.shape}")
    return [
        _rate_of(name, flags[rows], labels[rows], confidence)
        for name, rows in _groups(column, most_values, least_records)
    ]


def wilson_interval(count: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return Wilson's confidence interval of a rate: `count` of `n`, of which there is at least one.

    Examples
    --------
    >>> low, high = wilson_interval(0, 10)
    >>> low, round(high, 4)
    (0.0, 0.2775)
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    rate, ratio = count / n, z * z / n
    middle = (rate + ratio / 2) / (1 + ratio)
    half = z * math.sqrt(rate * (1 - rate) / n + ratio / (4 * n)) / (1 + ratio)
    # The ends are exact where no record, or each of them, counts.
    return (0.0 if count == 0 else middle - half), (1.0 if count == n else middle + half)


def _rate_of(value: str, flags: Array, labels: Array, confidence: float) -> FlagRate:
    n, count = len(flags), int(flags.sum())
    low, high = wilson_interval(count, n, confidence)
    anomalies, normal = labels == 1, labels == 0
    hits, alarms = int((flags & anomalies).sum()), int((flags & normal).sum())
    return FlagRate(
        value=value,
        n_records=n,
        n_flagged=count,
        flag_rate=count / n,
        low=low,
        high=high,
        n_labelled=int((anomalies | normal).sum()),
        n_anomalies=int(anomalies.sum()),
        precision=_ratio(hits, hits + alarms),
        recall=_ratio(hits, int(anomalies.sum())),
        false_alarm_rate=_ratio(alarms, int(normal.sum())),
    )


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _as_labels(y_true: ArrayLike | None, count: int) -> Array:
    labels = np.full(count, -1) if y_true is None else np.asarray(y_true)
    if labels.shape != (count,) or not np.isin(labels, (-1, 0, 1)).all():
        found = labels.shape if labels.shape != (count,) else np.unique(labels)[:5].tolist()
        raise ValueError(
            f"y_true must have one label per record ({count}), 0 for normal records, 1 for anomalies and -1 without "
            f"one; found {found}"
        )
    return labels


def _groups(column: Array, most_values: int, least_records: int) -> list[tuple[str, Array]]:
    """Return names and rows of the groups of a column, none of which is empty."""
    missing = np.array([value is None or value != value for value in column.tolist()], np.bool_)
    if column.dtype.kind == "M":
        missing = np.isnat(column)
    present = np.flatnonzero(~missing)
    own = _in_one_type(column[present])
    ordered = own.dtype.kind in "fiuM"
    if ordered and len(np.unique(own)) > _MOST_NUMBERS:
        groups = _ranges(own)
    else:
        groups = _values(own, ordered, most_values, least_records)
    named = [(name, present[rows]) for name, rows in groups]
    return [*named, *([(MISSING, np.flatnonzero(missing))] if missing.any() else [])]


def _in_one_type(values: Array) -> Array:
    """Return numbers, dates, or text."""
    if values.dtype.kind == "O" and len(values) and all(is_number(value) for value in values.tolist()):
        return values.astype(np.float64)
    return values if values.dtype.kind in "fiuM" else np.array([str(value) for value in values.tolist()], np.str_)


def _ranges(values: Array) -> list[tuple[str, Array]]:
    """Return the ranges between quartiles: each contains its upper end."""
    distinct = np.unique(values)
    ranked = np.sort(values)
    ends = np.unique([ranked[math.ceil(level * len(ranked)) - 1] for level in _QUARTILES])
    # No value is above the largest.
    ends = ends[ends < distinct[-1]] if ends[0] < distinct[-1] else distinct[-2:-1]
    places = np.searchsorted(ends, values, side="left")
    texts = _texts(ends)
    names = [f"up to {texts[0]}", *(f"{low} to {high}" for low, high in pairwise(texts)), f"above {texts[-1]}"]
    return [(name, np.flatnonzero(places == place)) for place, name in enumerate(names)]


def _values(values: Array, ordered: bool, most_values: int, least_records: int) -> list[tuple[str, Array]]:
    """Return the frequent values, and the rare ones as one group."""
    distinct, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    frequent = np.argsort(-counts, kind="stable")[:most_values]
    frequent = frequent[counts[frequent] >= least_records]
    shown = np.sort(frequent) if ordered else frequent
    names = _texts(distinct[shown])
    groups = [(name, np.flatnonzero(places == place)) for name, place in zip(names, shown, strict=True)]
    rare = np.flatnonzero(~np.isin(places, frequent))
    return [*groups, *([(OTHER, rare)] if len(rare) else [])]


def _texts(values: Array) -> list[str]:
    """Return values as text, with six digits where these tell them apart."""
    if values.dtype.kind == "M":
        return [str(text) for text in np.datetime_as_string(values, unit="s")]
    if values.dtype.kind == "f":
        short = [f"{value:.6g}" for value in values.tolist()]
        return short if len(set(short)) == len(short) else [repr(value) for value in values.tolist()]
    return [str(value) for value in values.tolist()]
