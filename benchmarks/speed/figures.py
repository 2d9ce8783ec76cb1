"""The arithmetic of the report: medians, quartiles, ratios, and whether a target is met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Target:
    """What a figure is to reach.

    Attributes
    ----------
    sense : {"at least", "at most"}
        On which side of the bound it should be.
    bound : float
        The bound, which itself is good enough.
    """

    sense: str
    bound: float

    def met(self, value: float) -> bool:
        """Tell whether a value reaches the target."""
        return value >= self.bound if self.sense == "at least" else value <= self.bound


@dataclass
class Measurement:
    """What one contestant took, round by round.

    Attributes
    ----------
    contestant : str
        Who.
    threads : str
        "one" or "all".
    values : list of float
        One a round: the median of the runs of a turn.
    part : str
        Which part of the job, where it has several.
    unit : str
        Of the values.
    firsts : list of float
        The best of the first seven runs of each turn, for comparison with programs that report only that.
    loss : float, optional
        Mean squared error on all records after training.
    processor : list of float
        Processor time of a run on all its cores, one a round. Where other programs run too, it is below `values`: then
        the machine is too busy for times to mean much.
    note : str
        Settings that were chosen.
    """

    contestant: str
    threads: str
    values: list[float]
    part: str = ""
    unit: str = "s"
    firsts: list[float] = field(default_factory=list)
    loss: float | None = None
    processor: list[float] = field(default_factory=list)
    note: str = ""

    @property
    def median(self) -> float:
        """Middle of the rounds."""
        return float(np.median(self.values))

    @property
    def quartiles(self) -> tuple[float, float]:
        """A quarter of the rounds lie below the first, a quarter above the second."""
        return quartiles(self.values)


@dataclass
class Figure:
    """A number that says something, with its target where it has one.

    Attributes
    ----------
    what : str
        What it is, in words that stand alone in a table.
    value, low, high : float
        The number, and the quartiles of what it would be in single rounds.
    unit : str
        "x" for ratios.
    target : Target, optional
        What it is to reach.
    judged : bool
        Whether it may be held against the target: not where the job was made smaller.
    """

    what: str
    value: float
    low: float
    high: float
    unit: str = "x"
    target: Target | None = None
    judged: bool = True

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none, or the job was another."""
        return None if self.target is None or not self.judged else self.target.met(self.value)


def quartiles(values: Sequence[float]) -> tuple[float, float]:
    """Return the first and the third quartile."""
    low, high = np.quantile(values, [0.25, 0.75])
    return float(low), float(high)


def ratio(what: str, above: Sequence[float], below: Sequence[float], target: Target | None = None) -> Figure:
    """Return the ratio of two medians, with the quartiles of the ratios within rounds.

    Examples
    --------
    >>> ratio("twice", [2.0, 4.0, 6.0], [1.0, 2.0, 3.0]).value
    2.0
    """
    value = float(np.median(above) / np.median(below))
    return Figure(what, value, *quartiles(np.divide(above, below).tolist()), "x", target)


def difference(
    what: str, whole: Sequence[float], part: Sequence[float], unit: str, target: Target | None = None
) -> Figure:
    """Return the difference of two medians, with the quartiles of the differences within rounds."""
    value = float(np.median(whole) - np.median(part))
    return Figure(what, value, *quartiles(np.subtract(whole, part).tolist()), unit, target)


def single(what: str, values: Sequence[float], unit: str, target: Target | None = None) -> Figure:
    """Return a median with its quartiles."""
    return Figure(what, float(np.median(values)), *quartiles(values), unit, target)


@dataclass
class JobResult:
    """All that was found out about one job.

    Attributes
    ----------
    name, title : str
        How it is called on the command line, and in words.
    measurements : list of Measurement
        What everyone took.
    figures : list of Figure
        What follows from it.
    skipped : dict of str to str
        Who did not take part, and why.
    curves : dict
        For plots: name to {"x": [...], "seconds": [...], "exponent": ...}.
    """

    name: str
    title: str
    measurements: list[Measurement] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    curves: dict[str, dict] = field(default_factory=dict)
