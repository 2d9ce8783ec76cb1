"""The detector of tables that promises are simulated with, and normal records it is fitted to."""

from __future__ import annotations

from typing import Any

import numpy as np

from anomaly import TableDetector
from benchmarks.promises.data import Array, records_of

Blend = TableDetector
WHERE = "anomaly.TableDetector"
"""Where its promises are made."""

QUICK: dict[str, Any] = {"hidden": (16,), "noise": (0.2, 1.0), "epochs": 20, "n_jobs": 1}
"""Settings for promises that do not depend on how well it has learned."""


def parsed(data: str) -> tuple[str, int]:
    """Return the kind of records and their number that a kind of data such as "normal, n=200" names."""
    kind, n = data.split(", n=")
    return kind, int(n)


def fitted(data: str, seed: int, **settings: Any) -> tuple[Any, Array, np.random.Generator]:
    """Return a detector, the records it was fitted to, and the generator that goes on from there."""
    kind, n = parsed(data)
    rng = np.random.default_rng(seed)
    records = records_of(kind, n, rng)
    return Blend(random_state=seed, **settings).fit(records), records, rng
