"""Simulated scores of known distributions, to evaluate threshold rules."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Draw = Callable[[np.random.Generator, int], np.ndarray]


def _categories(rng: np.random.Generator, n: int) -> np.ndarray:
    probabilities = np.array([0.6, 0.25, 0.1, 0.05])
    return -np.log(probabilities)[rng.choice(4, (n, 3), p=probabilities)].sum(axis=1)


SHAPES: dict[str, Draw] = {
    "uniform": lambda rng, n: rng.random(n),
    "half normal": lambda rng, n: np.abs(rng.normal(size=n)),
    "normal": lambda rng, n: rng.normal(size=n),
    "chi, 6 columns": lambda rng, n: np.sqrt(rng.chisquare(6, n)),
    "exponential": lambda rng, n: rng.exponential(size=n),
    "gamma 2": lambda rng, n: rng.gamma(2.0, size=n),
    "log-normal 0.3": lambda rng, n: np.exp(0.3 * rng.normal(size=n)),
    "log-normal 1": lambda rng, n: np.exp(rng.normal(size=n)),
    "|t| 3": lambda rng, n: np.abs(rng.standard_t(3, size=n)),
    "Pareto 3": lambda rng, n: 1 + rng.pareto(3, size=n),
    "Pareto 1": lambda rng, n: 1 + rng.pareto(1, size=n),
    "counts": lambda rng, n: np.square(rng.poisson(1, (n, 3)) - 1.0).sum(axis=1),
    "categories": _categories,
}
"""Scores of normal records, from light tails to heavy ones; the last two have ties."""
TIED = ("counts", "categories")

KINDS: dict[str, Draw] = {
    "clear, tight": lambda rng, k: 1.6 * (1 + 0.08 * rng.normal(size=k)),
    "clear, wide": lambda rng, k: 1.6 * np.exp(0.5 * np.abs(rng.normal(size=k))),
    "vague": lambda rng, k: 1.2 * rng.random(k),
}
"""Scores of anomalies, on a scale from the normal median (0) to the 99.99 % quantile of normal scores (1)."""


class Scores:
    """A distribution of normal scores with its median and its 99.99 % quantile.

    Parameters
    ----------
    shape : str
        Name in `SHAPES`.
    """

    def __init__(self, shape: str) -> None:
        self._draw = SHAPES[shape]
        self.fresh = np.sort(self._draw(np.random.default_rng(1), 200_000))
        self._middle, self._far = np.quantile(self.fresh, [0.5, 0.9999])

    def sample(self, n: int, fraction: float, kind: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the scores of normal records and of anomalies, n in total.

        Parameters
        ----------
        n : int
            Number of records.
        fraction : float
            Fraction of anomalies, rounded to records; at least one record unless it is 0.
        kind : str
            Name in `KINDS`.
        seed : int
            Seed of the sample.
        """
        rng = np.random.default_rng(seed)
        k = max(1, round(fraction * n)) if fraction else 0
        normal = self._draw(rng, n - k)
        return normal, self._middle + (self._far - self._middle) * KINDS[kind](rng, k)
