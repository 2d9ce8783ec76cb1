r"""A promise of the documentation, and the criterion that decides whether a simulation confirms it.

A simulation gives one value for each seed, an unbiased estimate of the promised quantity: a rate, a bias, a number of
exceptions. A promise about a mean does not hold if the mean is beyond the bound by more than the margin

.. math:: t s / \sqrt n,

with s the standard deviation of the n values, and t the quantile of Student's distribution with n - 1 degrees of
freedom for a two-sided level of 0.001, from four terms of its expansion around the normal quantile (Abramowitz & Stegun
26.7.5). So of a thousand promises that hold exactly, one is reported as false. A promise about every single case has no
margin: one exception refutes it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

_NORMAL_QUANTILE = 3.29


def _student_quantile(degrees: int) -> float:
    z = _NORMAL_QUANTILE
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return sum(term / degrees**i for i, term in enumerate(terms))


@dataclass(frozen=True)
class Criterion:
    """Bounds of the mean over seeds, or of every single value.

    Attributes
    ----------
    low, high : float
        Bounds, both included.
    every : bool
        Whether the bounds apply to every value, not only to the mean.
    """

    low: float = -math.inf
    high: float = math.inf
    every: bool = False

    def margin(self, values: Sequence[float]) -> float:
        """Return the largest distance of the mean beyond a bound that is not significant."""
        n = len(values)
        if self.every or n < 2:
            return 0.0
        return float(_student_quantile(n - 1) * np.std(values, ddof=1) / math.sqrt(n))

    def holds(self, values: Sequence[float]) -> bool | None:
        """Return whether the values satisfy the criterion; None if they are too few to decide.

        They are too few if the mean is out of bounds and its margin is more than half of the bound.
        """
        if self.every:
            return all(self.low <= value <= self.high for value in values)
        mean, margin = float(np.mean(values)), self.margin(values)
        if self.low <= mean <= self.high:
            return True
        bound = self.high if mean > self.high else self.low
        if abs(mean - bound) > margin:
            return False
        return None if bound and margin > abs(bound) / 2 else True

    def __str__(self) -> str:
        """Return the bounds as text."""
        each = "each " if self.every and self.low != self.high else ""
        if self.low == self.high:
            return f"{'always ' if self.every else ''}{self.low:g}"
        if self.low == -math.inf:
            return f"{each}<= {self.high:g}"
        if self.high == math.inf:
            return f"{each}>= {self.low:g}"
        return f"{each}{self.low:.4g} to {self.high:.4g}"


def at_most(high: float, every: bool = False) -> Criterion:
    """Return the criterion of an upper bound."""
    return Criterion(high=high, every=every)


def at_least(low: float, every: bool = False) -> Criterion:
    """Return the criterion of a lower bound."""
    return Criterion(low=low, every=every)


def between(low: float, high: float, every: bool = False) -> Criterion:
    """Return the criterion of a range."""
    return Criterion(low, high, every)


def about(value: float, within: float) -> Criterion:
    """Return the criterion of a value with a relative tolerance."""
    return Criterion(value - within * abs(value), value + within * abs(value))


def exactly(value: float) -> Criterion:
    """Return the criterion of an exact mean."""
    return Criterion(value, value)


def always(value: float) -> Criterion:
    """Return the criterion of a value that is the same in every case."""
    return Criterion(value, value, every=True)


NEVER = always(0.0)
"""The criterion of a number of exceptions that is always 0."""


@dataclass(frozen=True)
class Promise:
    """A promise, its place in the documentation, and its simulation.

    Attributes
    ----------
    where : str
        Place: a dotted name, ``"README.md"``, or a command with ``--help``.
    quote : str
        Words of the documentation at that place, with the number: if they change, the promise has to be reviewed.
    what : str
        Measured quantity, in a few words.
    measure : callable
        Function from a seed and the name of a kind of data to a value.
    criterion : Criterion
        Bounds of the values.
    data : sequence of str, default ("",)
        Kinds of data, each with a simulation of its own.
    seeds : int, default 20
        Number of seeds in the full form.
    short : int, default 5
        Number of seeds in the short form; 0 leaves the promise out.
    """

    where: str
    quote: str
    what: str
    measure: Callable[[int, str], float]
    criterion: Criterion
    data: Sequence[str] = ("",)
    seeds: int = 20
    short: int = 5
