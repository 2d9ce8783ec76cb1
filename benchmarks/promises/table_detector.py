"""The `TableDetector` of the simulations, and the normal records it is fitted to."""

from __future__ import annotations

from typing import Any

import numpy as np

from anomaly import TableDetector
from benchmarks.promises.data import Array, records_of

WHERE = "anomaly.TableDetector"
"""Dotted name of the class whose docstring makes the promises."""

QUICK: dict[str, Any] = {"hidden": (16,), "noise": (0.2, 1.0), "epochs": 20, "n_jobs": 1}
"""Settings for promises that do not depend on the quality of the networks."""


def parse(data: str) -> tuple[str, int]:
    """Return the kind and the number of records in the name of a data set, such as "normal, n=200"."""
    kind, n = data.split(", n=")
    return kind, int(n)


def fitted(data: str, seed: int, **settings: Any) -> tuple[TableDetector, Array, np.random.Generator]:
    """Return a detector, its training records, and the generator for further records."""
    kind, n = parse(data)
    rng = np.random.default_rng(seed)
    records = records_of(kind, n, rng)
    return TableDetector(random_state=seed, **settings).fit(records), records, rng
