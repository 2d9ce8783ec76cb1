r"""A promise of the documentation, and the criterion by which a simulation keeps or breaks it.

Each value that is simulated, one for each seed, is an unbiased draw of what is promised: a rate, a bias, a number of
exceptions. A promise about a mean is broken where the mean lies beyond the bound by more than its margin

.. math:: t s / \sqrt n,

t being Student's quantile with n - 1 degrees of freedom for one chance in a thousand, by four terms of its expansion
around the normal one (Abramowitz & Stegun 26.7.5). So of a thousand promises that are just kept one is reported as
broken. A promise about every single case has no margin: one exception breaks it.
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
    """The bounds within which the mean over seeds, or every single value, is to lie.

    Attributes
    ----------
    low, high : float
        The bounds, both included.
    every : bool
        Whether they hold for every value, and not for the mean alone.
    """

    low: float = -math.inf
    high: float = math.inf
    every: bool = False

    def margin(self, values: Sequence[float]) -> float:
        """Return by how much the mean of the values may lie beyond a bound by chance."""
        n = len(values)
        if self.every or n < 2:
            return 0.0
        return float(_student_quantile(n - 1) * np.std(values, ddof=1) / math.sqrt(n))

    def holds(self, values: Sequence[float]) -> bool | None:
        """Return whether the values are such as the promise allows; None where they are too few to decide.

        They are too few where the mean is out of bounds, and its margin is more than half of the bound.
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
        """Return the bounds in short."""
        each = "each " if self.every and self.low != self.high else ""
        if self.low == self.high:
            return f"{'always ' if self.every else ''}{self.low:g}"
        if self.low == -math.inf:
            return f"{each}<= {self.high:g}"
        if self.high == math.inf:
            return f"{each}>= {self.low:g}"
        return f"{each}{self.low:.4g} to {self.high:.4g}"


def at_most(high: float, every: bool = False) -> Criterion:
    """Return the criterion of what is promised to be no larger."""
    return Criterion(high=high, every=every)


def at_least(low: float, every: bool = False) -> Criterion:
    """Return the criterion of what is promised to be no smaller."""
    return Criterion(low=low, every=every)


def between(low: float, high: float, every: bool = False) -> Criterion:
    """Return the criterion of what is promised to lie in a range."""
    return Criterion(low, high, every)


def about(value: float, within: float) -> Criterion:
    """Return the criterion of what is promised to be so much, up to a fraction of it."""
    return Criterion(value - within * abs(value), value + within * abs(value))


def exactly(value: float) -> Criterion:
    """Return the criterion of a mean that is promised to be so much and no other."""
    return Criterion(value, value)


def always(value: float) -> Criterion:
    """Return the criterion of what is promised to be the same in every case."""
    return Criterion(value, value, every=True)


NEVER = always(0.0)
"""The criterion of exceptions that are promised not to exist."""


@dataclass(frozen=True)
class Promise:
    """A promise, where it is made, and how it is simulated.

    Attributes
    ----------
    where : str
        What is documented: a dotted name, ``"README.md"``, or a command with ``--help``.
    quote : str
        Words that stand there, the number among them: where they are reworded, the promise is to be looked at again.
    what : str
        What is measured, in a few words.
    measure : callable
        From a seed and the name of a kind of data to a number.
    criterion : Criterion
        What the number is to be.
    data : sequence of str, default ("",)
        Kinds of data, each measured on its own.
    seeds : int, default 20
        How many seeds make the full form.
    short : int, default 5
        How many make the short form; 0 leaves the promise out of it.
    """

    where: str
    quote: str
    what: str
    measure: Callable[[int, str], float]
    criterion: Criterion
    data: Sequence[str] = ("",)
    seeds: int = 20
    short: int = 5
