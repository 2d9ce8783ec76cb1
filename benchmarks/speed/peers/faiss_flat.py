"""FAISS's exhaustive search."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np

from benchmarks.speed.peers.base import one_thread
from benchmarks.speed.peers.neighbors import NeighborsPeer, Search
from nnlite.processors import available_processors

# On a processor that it does not know, the BLAS of FAISS may choose kernels that are half as fast as its best.
_KERNELS = ("", "Haswell", "SkylakeX", "Zen")
_TRIAL = """
import time
import numpy as np
import faiss
faiss.omp_set_num_threads(1)
x = np.random.default_rng(0).standard_normal((8000, 50), dtype=np.float32)
index = faiss.IndexFlatL2(50)
index.add(x)
times = []
for _ in range(4):
    start = time.process_time()
    index.search(x[:4000], 21)
    times.append(time.process_time() - start)
print(min(times[1:]))
"""


class Peer(NeighborsPeer):
    """IndexFlatL2, and the roots of its squared distances."""

    packages = ("faiss-cpu",)

    def prepare_neighbors(self, job: dict[str, Any]) -> None:
        """Choose the kernels of its BLAS before it is loaded, then as all do."""
        kernel = _fastest_kernel()
        if kernel:
            os.environ["OPENBLAS_CORETYPE"] = kernel
        super().prepare_neighbors(job)
        self.note = f"BLAS kernels: {kernel or 'its own choice'}; {self.note}"

    def search(self, records: np.ndarray, k: int) -> Search:
        """Search by products of blocks."""
        import faiss

        faiss.omp_set_num_threads(1 if one_thread() else available_processors())
        index = faiss.IndexFlatL2(records.shape[1])
        index.add(records)

        def run(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            squares, indices = index.search(x, k)
            return np.sqrt(np.maximum(squares, 0, out=squares), out=squares), indices

        return run


def _fastest_kernel() -> str:
    """Return which kernels, asked for by name, are the fastest here; empty for FAISS's own choice."""
    seconds = {}
    for kernel in _KERNELS:
        environment = {**os.environ, **({"OPENBLAS_CORETYPE": kernel} if kernel else {})}
        trial = subprocess.run(
            [sys.executable, "-c", _TRIAL], env=environment, capture_output=True, text=True, check=False
        )
        if trial.returncode == 0:
            seconds[kernel] = float(trial.stdout)
    if not seconds:
        raise ImportError("faiss")
    return min(seconds, key=lambda kernel: seconds[kernel])
