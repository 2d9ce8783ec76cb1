"""Prototypes as a member of an ensemble: means of groups of records, in place of the records themselves."""

from __future__ import annotations

from typing import ClassVar

from anomaly.detectors.table.neighbors import NearestNeighbors
from nnlite.types import Array

LEAST_RECORDS = 5
"""The fewest records that a prototype is the mean of."""


class Prototypes(NearestNeighbors):
    """Means of groups of training records, and the distances of records to the nearest of them.

    Scores are those of `NearestNeighbors`, but a record equal to a prototype is at distance 0: no prototype is the
    record itself.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[0.0], [1.0], [3.0]], np.float32)
    >>> [members(x, 1, 0.0).scores(x[:1]).tolist() for members in (NearestNeighbors, Prototypes)]
    [[1.0], [0.0]]
    """

    kind: ClassVar[str] = "prototypes"
    n_own: ClassVar[int] = 0

    @classmethod
    def in_place_of(cls, member: NearestNeighbors, means: Array) -> Prototypes:
        """Return a member that compares with prototypes as another one compares with records.

        Parameters
        ----------
        member : NearestNeighbors
            Remembered records.
        means : ndarray of float32 of shape (n_prototypes, n_features)
            At least two prototypes. The neighbors are the same fraction of them as of the records.
        """
        k = max(1, round(member.k * len(means) / len(member.records)))
        return cls(means, k, member.contrast, magnify=member.magnify, left_out=member.left_out, tails=member.tails)
