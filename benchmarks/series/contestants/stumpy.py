"""The matrix profile by stumpy: the distance of each window to the most similar one, both z-normalized."""

from __future__ import annotations

import numpy as np

from benchmarks.series.windows import at_centres
from nnlite.types import Array


class MatrixProfile:
    """Distances to the windows of training; in training itself, to those that hardly overlap. Columns are averaged."""

    def fit(self, train: Array, length: int) -> None:
        self._train, self._length = train, length

    def own_scores(self) -> Array:
        return self._profile(self._train, None)

    def scores(self, segment: Array) -> Array:
        return self._profile(segment, self._train)

    def _profile(self, series: Array, others: Array | None) -> Array:
        import stumpy

        distances = []
        for number, column in enumerate(series.T.astype(np.float64)):
            other = None if others is None else np.ascontiguousarray(others[:, number], np.float64)
            profile = stumpy.stump(np.ascontiguousarray(column), self._length, other, ignore_trivial=others is None)
            distances.append(profile[:, 0].astype(np.float64))
        return at_centres(np.mean(distances, axis=0), self._length)
