"""scikit-learn's exhaustive search."""

from __future__ import annotations

import numpy as np
from sklearn.neighbors import NearestNeighbors

from benchmarks.speed.peers.base import one_thread
from benchmarks.speed.peers.neighbors import NeighborsPeer, Search


class Peer(NeighborsPeer):
    """NearestNeighbors(algorithm="brute")."""

    packages = ("scikit-learn",)
    algorithm = "brute"

    def search(self, records: np.ndarray, k: int) -> Search:
        """Search as `algorithm` says."""
        jobs = 1 if one_thread() else -1
        index = NearestNeighbors(n_neighbors=k, algorithm=self.algorithm, n_jobs=jobs).fit(records)
        found: Search = index.kneighbors
        return found
