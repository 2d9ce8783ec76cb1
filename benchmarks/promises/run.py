"""Simulation of promises, and its outcomes."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

import numpy as np

from benchmarks.promises.promise import Promise


@dataclass(frozen=True)
class Outcome:
    """Outcome of the simulation of a promise on one kind of data.

    Attributes
    ----------
    family, where, what, data, promised : str
        The promise.
    measured, margin : float
        Mean over the seeds and its margin; for a promise about every case, the worst value.
    seeds : int
        Number of seeds.
    seconds : float
        Duration.
    holds : bool or None
        Whether the promise holds; None if more seeds are needed to decide.
    """

    family: str
    where: str
    what: str
    data: str
    promised: str
    measured: float
    margin: float
    seeds: int
    seconds: float
    holds: bool | None

    def to_dict(self) -> dict[str, str | float | bool | None]:
        """Return the fields by name."""
        return asdict(self)


def outcomes(family: str, promises: Iterable[Promise], seeds: int | None, short: bool) -> Iterator[Outcome]:
    """Simulate promises one by one.

    Parameters
    ----------
    family : str
        Name of the family, for the outcomes.
    promises : iterable of Promise
        Promises to simulate.
    seeds : int or None
        Number of seeds, in place of each promise's own.
    short : bool
        Whether to use the number of seeds of the short form.
    """
    for promise in promises:
        count = seeds or (promise.short if short else promise.seeds)
        if short and not promise.short:
            continue
        for data in promise.data:
            yield _outcome(family, promise, data, count)


def _outcome(family: str, promise: Promise, data: str, seeds: int) -> Outcome:
    start = time.perf_counter()
    with warnings.catch_warnings():
        # Some simulations cause warnings on purpose; the tests check those.
        warnings.simplefilter("ignore", UserWarning)
        values = [float(promise.measure(seed, data)) for seed in range(seeds)]
    criterion = promise.criterion
    measured = float(np.mean(values))
    if criterion.every:
        measured = max(values, key=lambda value: max(criterion.low - value, value - criterion.high))
    return Outcome(
        family,
        promise.where,
        promise.what,
        data,
        str(criterion),
        measured,
        criterion.margin(values),
        seeds,
        time.perf_counter() - start,
        criterion.holds(values),
    )
