"""Simulations of promises, and what came out of them."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

import numpy as np

from benchmarks.promises.promise import Promise


@dataclass(frozen=True)
class Outcome:
    """What a promise came to on one kind of data.

    Attributes
    ----------
    family, where, what, data, promised : str
        Which promise.
    measured, margin : float
        The mean over the seeds, and what of it may be chance; of a promise about every case, the worst value.
    seeds : int
        How many there were.
    seconds : float
        What they took.
    holds : bool or None
        Whether the promise is kept; None where more seeds are needed to decide.
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
        What the promises are listed under.
    promises : iterable of Promise
        To be simulated.
    seeds : int or None
        How many seeds, in place of each promise's own number.
    short : bool
        Whether to take the short form's number of seeds.
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
        # Some simulations go where a warning is due; whether it comes is for the tests.
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
