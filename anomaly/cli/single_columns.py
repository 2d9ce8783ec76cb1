"""The best that a rule on one column could do, as a measure for the alarms of a detector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from nnlite.types import Array


class SingleRule(NamedTuple):
    """A rule on one column: the records with the highest, the lowest or the least central values.

    Attributes
    ----------
    text : str
        The rule in words.
    precision : float
        Fraction of anomalies among as many records as there are anomalies.
    """

    text: str
    precision: float


def best_single_rule(columns: Mapping[str, Array], labels: Array) -> SingleRule:
    """Return the rule on one column of numbers that finds the most anomalies; the labels themselves choose it.

    Parameters
    ----------
    columns : mapping of str to ndarray of shape (n_records,)
        Columns; those that hold no numbers are left out.
    labels : ndarray of int of shape (n_records,)
        1 for anomalies, else 0.

    Examples
    --------
    >>> columns = {"load": np.array([4.0, 5.0, 6.0, 5.0]), "heat": np.array([1.0, 9.0, 2.0, np.nan])}
    >>> best_single_rule(columns, np.array([0, 1, 0, 0]))
    SingleRule(text='the highest heat', precision=1.0)
    """
    n, found = int(labels.sum()), []
    for name, values in columns.items():
        if values.dtype.kind not in "fiu":
            continue
        numbers = values.astype(np.float64)
        distance = np.abs(numbers - np.nanmedian(numbers))
        for text, order in (("highest", numbers), ("lowest", -numbers), ("most extreme", distance)):
            chosen = np.argsort(-np.nan_to_num(order, nan=-np.inf), kind="stable")[:n]
            found.append(SingleRule(f"the {text} {name}", float(labels[chosen].mean())))
    return max(found, key=lambda rule: rule.precision)
