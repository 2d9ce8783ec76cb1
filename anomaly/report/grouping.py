r"""Groups of alike anomalies: those whose scores come from the same columns.

With p the contributions of a record's columns divided by its score, two records are as alike as the cosine of their
p. Records are taken from the highest score down; each joins the group whose mean is most alike, or else begins a group
of its own. Hartigan, "Clustering Algorithms" (1975), calls this the leader algorithm.
"""

from __future__ import annotations

import numpy as np

from anomaly.report.content import AnomalyGroup
from nnlite.types import Array

LEAST_SIMILARITY = 0.8
"""Cosine from which records are alike: a column's half of a score may move to another, but not most of it."""

_NAMED_SHARE = 0.2
_MOST_NAMED = 3


def group_alike(contributions: Array, names: list[str]) -> list[AnomalyGroup]:
    """Group records by the columns that their scores come from.

    Parameters
    ----------
    contributions : ndarray of shape (n_records, n_columns)
        Contributions of columns to scores, the highest score first.
    names : list of str
        Names of the columns.

    Returns
    -------
    list of AnomalyGroup
        The largest group first, and last the records that are like no other, with no columns to name them by.

    Examples
    --------
    >>> import numpy as np
    >>> groups = group_alike(np.array([[9.0, 0.0], [0.1, 4.0], [5.0, 0.2]]), ["amount", "hour"])
    >>> [(list(group.columns), list(group.members)) for group in groups]
    [(['amount'], [0, 2]), ([], [1])]
    """
    totals = np.maximum(contributions.sum(axis=1, keepdims=True), np.finfo(np.float64).tiny)
    shares = np.maximum(contributions, 0.0) / totals
    sums = np.zeros((0, len(names)))
    members: list[list[int]] = []
    for i, p in enumerate(shares):
        similarity = sums @ p / np.maximum(np.linalg.norm(sums, axis=1) * np.linalg.norm(p), 1e-300)
        best = int(np.argmax(similarity)) if len(members) else -1
        if best >= 0 and similarity[best] >= LEAST_SIMILARITY:
            sums[best] += p
            members[best].append(i)
        else:
            sums = np.vstack([sums, p])
            members.append([i])
    alike: dict[tuple[str, ...], list[int]] = {}
    for total, own in zip(sums, members, strict=True):
        # Groups that would have the same name are one to a reader; groups of one have none.
        named = _named(total / len(own), names) if len(own) > 1 else ()
        alike.setdefault(named, []).extend(own)
    order = sorted(alike, key=lambda named: (not named, -len(alike[named])))
    return [AnomalyGroup(named, sorted(alike[named])) for named in order]


def _named(shares: Array, names: list[str]) -> tuple[str, ...]:
    """Return the names of the columns with a good part of the score; at least one."""
    order = np.argsort(-shares, kind="stable")[:_MOST_NAMED]
    chosen = [k for rank, k in enumerate(order) if rank == 0 or shares[k] >= _NAMED_SHARE]
    # In the order of the table, so that a group has one name whichever of its columns is ahead.
    return tuple(names[k] for k in sorted(chosen))
