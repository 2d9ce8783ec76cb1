"""NumPy's matrix product, which is BLAS: alone, and all those of a training job in a row."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.speed.networks import TrainingJob
from benchmarks.speed.peers import base


def blas_kernel() -> str:
    """Return which BLAS NumPy uses, and which of its kernels runs here."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return "unknown kernel: threadpoolctl is not installed"
    found = [one for one in threadpool_info() if one["user_api"] == "blas"]
    return ", ".join(f"{one['internal_api']} {one['version']} {one.get('architecture', '')}" for one in found) or "none"


class Peer(base.Peer):
    """np.matmul into arrays that exist already."""

    packages = ("numpy",)

    def prepare_product(self, job: dict[str, Any]) -> None:
        """Multiply square matrices, one call from Python each time."""
        self.parts = {f"{form} {size}": _product(form, size) for form in job["forms"] for size in job["sizes"]}

    def prepare_train(self, _: dict[str, Any]) -> None:
        """Compute the matrix products of training, and nothing else of it."""
        self.note = "the matrix products alone"
        full, last = divmod(self.job.rows, self.job.batch)
        batches = [(_products(self.job, self.job.batch), full), *([(_products(self.job, last), 1)] if last else [])]

        def run() -> None:
            for _ in range(self.job.epochs):
                for products, times in batches:
                    for _ in range(times):
                        for a, b, out in products:
                            np.matmul(a, b, out=out)

        run()
        self.run = run  # type: ignore[method-assign]

    def versions(self) -> dict[str, str]:
        """Return NumPy's version and BLAS."""
        return {**super().versions(), "BLAS of NumPy": blas_kernel()}


def _product(form: str, size: int) -> base.Part:
    rng = np.random.default_rng(4)
    a, b = (rng.standard_normal((size, size), dtype=np.float32) for _ in range(2))
    out = np.empty_like(a)
    first, second = (a.T if form == "tn" else a), (b.T if form == "nt" else b)
    times = max(1, 100_000_000 // max(2 * size**3, 20_000))

    def run() -> None:
        for _ in range(times):
            np.matmul(first, second, out=out)

    run()
    return base.Part(run, times)


def _products(job: TrainingJob, rows: int) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Return the operands and results of all products of a step."""
    rng = np.random.default_rng(5)

    def matrix(n: int, m: int) -> np.ndarray:
        return rng.standard_normal((n, m), dtype=np.float32)

    products = []
    activations = [matrix(rows, size) for size in job.sizes]
    for number, (fan_in, fan_out) in enumerate(pairwise(job.sizes)):
        kernel, x, z = matrix(fan_in, fan_out), activations[number], activations[number + 1]
        products.append((x, kernel, np.empty_like(z)))
        products.append((x.T, z, np.empty_like(kernel)))
        if number:  # nobody asks for the derivative by the data
            products.append((z, kernel.T, np.empty_like(x)))
    return products
