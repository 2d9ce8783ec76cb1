"""nnlite's search for nearest neighbors."""

from __future__ import annotations

import numpy as np

from benchmarks.speed.peers.base import one_thread
from benchmarks.speed.peers.neighbors import NeighborsPeer, Search
from nnlite.neighbors import NearestNeighbors


class Peer(NeighborsPeer):
    """Us, with an index as many queries make it."""

    packages = ("numpy", "numba")

    def search(self, records: np.ndarray, k: int) -> Search:
        """Search in compiled code."""
        neighbors = NearestNeighbors(records, backend="numba")
        threads = 1 if one_thread() else None
        return lambda x: neighbors.query(x, k, threads)
