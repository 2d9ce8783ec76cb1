"""What contestants that search for nearest neighbors have in common."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.speed.peers import base

Search = Callable[[np.ndarray], Any]
_CHECKED = 50
_AGREE = 1e-2


class NeighborsPeer(base.Peer):
    """Base of those contestants: a subclass says what searches, and for how many queries if for fewer than all.

    Attributes
    ----------
    most_queries : int
        How many queries a run makes at most; times are those of a query.
    """

    most_queries = 1_000_000

    def search(self, records: np.ndarray, k: int) -> Search:
        """Return a function from queries to their distances from the k nearest records, and to indices."""
        raise NotImplementedError

    def prepare_neighbors(self, job: dict[str, Any]) -> None:
        """Build the index of each of the data sets, and search once."""
        notes = []
        with np.load(job["file"]) as arrays:
            for name in job["names"]:
                records, x = arrays[f"{name} records"], arrays[f"{name} queries"][: self.most_queries]
                start = time.perf_counter()
                search = self.search(records, job["k"])
                found = np.asarray(search(x)[0])
                notes.append(f"{name}: first search with building {time.perf_counter() - start:.2f} s")
                _check(found, records, x, job["k"])
                self.parts = {**self.parts, name: base.Part(_run(search, x), len(x))}
        self.note = "; ".join(notes)


def _run(search: Search, x: np.ndarray) -> Callable[[], None]:
    def run() -> None:
        search(x)

    return run


def _check(found: np.ndarray, records: np.ndarray, x: np.ndarray, k: int) -> None:
    """Compare some distances with those of a search in float64."""
    for row, query in enumerate(x[:_CHECKED]):
        apart = np.sort(np.sqrt(np.square(query - records, dtype=np.float64).sum(axis=1)))[:k]
        if not abs(found[row].sum() - apart.sum()) <= _AGREE * apart.sum() + _AGREE:
            raise RuntimeError(f"the distances of query {row} are not those of its neighbors")
