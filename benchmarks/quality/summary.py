"""Comparison of detectors by a protocol: means, ranks, and the range over seeds."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from benchmarks.quality.results import Result

# 95 % quantiles of the studentized range over the square root of 2, for 2 to 20 detectors (Demsar, JMLR 2006).
_NEMENYI = (
    *(1.960, 2.344, 2.569, 2.728, 2.850, 2.948, 3.031, 3.102, 3.164, 3.219),
    *(3.268, 3.313, 3.354, 3.391, 3.426, 3.458, 3.489, 3.517, 3.544),
)
CHANCE = 0.5
"""AUROC of random scores; their average precision is the fraction of anomalies."""


@dataclass(frozen=True)
class Comparison:
    """Results of several detectors on the same tables with the same seeds.

    A detector that raised an error on a table has the figures of random scores there: AUROC 0.5, and the fraction of
    anomalies as average precision.

    Attributes
    ----------
    protocol : str
        Name of the protocol.
    detectors, tables : list of str
        Their names.
    auroc, ap : ndarray of shape (n_detectors, n_tables, n_seeds)
        Figures of the runs.
    fit_seconds : ndarray of shape (n_detectors, n_tables, n_seeds)
        Duration of `fit`; NaN for runs that raised an error.
    left_out : list of str
        Tables that some detector has not been run on.
    """

    protocol: str
    detectors: list[str]
    tables: list[str]
    auroc: np.ndarray
    ap: np.ndarray
    fit_seconds: np.ndarray
    left_out: list[str]

    @property
    def refused(self) -> np.ndarray:
        """Number of runs that raised an error, of shape (n_detectors,)."""
        return np.isnan(self.fit_seconds).sum(axis=(1, 2))

    @property
    def n_seeds(self) -> int:
        """Number of seeds."""
        return self.auroc.shape[2]


@dataclass(frozen=True)
class Standing:
    """One detector of a comparison.

    Attributes
    ----------
    detector : str
        Its name.
    auroc, ap : float
        Means over tables and seeds.
    auroc_by_seed, ap_by_seed : list of float
        Means over tables, for each seed.
    rank : float
        Mean rank over tables by AUROC; 1 is best.
    refused : int
        Number of runs that raised an error.
    range_mean, range_most : float
        Difference between the largest and the smallest AUROC of a table over seeds: mean and maximum over tables.
    range_table : str
        The table of that maximum.
    fit_mean, fit_most : float
        Seconds of `fit`: mean and maximum; NaN if every run raised an error.
    """

    detector: str
    auroc: float
    ap: float
    auroc_by_seed: list[float]
    ap_by_seed: list[float]
    rank: float
    refused: int
    range_mean: float
    range_most: float
    range_table: str
    fit_mean: float
    fit_most: float


def compare(results: Iterable[Result], protocol: str, seeds: int) -> Comparison | None:
    """Gather the results of a protocol; None if there are no tables that all detectors were run on.

    Parameters
    ----------
    results : iterable of dict
        Results of single runs.
    protocol : str
        Name of the protocol.
    seeds : int
        Number of seeds; other results are left out.
    """
    cells = {
        (result["detector"], result["table"], result["seed"]): result
        for result in results
        if result["protocol"] == protocol and result["seed"] < seeds
    }
    detectors, found = (list(dict.fromkeys(key[i] for key in cells)) for i in (0, 1))
    tables = [t for t in found if all((d, t, s) in cells for d in detectors for s in range(seeds))]
    if not tables:
        return None
    runs = [[[_figures(cells[d, t, s]) for s in range(seeds)] for t in tables] for d in detectors]
    auroc, ap, seconds = np.moveaxis(np.array(runs), -1, 0)
    left_out = [table for table in found if table not in tables]
    return Comparison(protocol, detectors, tables, auroc, ap, seconds, left_out)


def _figures(result: Result) -> tuple[float, float, float]:
    if "error" in result:
        return CHANCE, result["chance"], math.nan
    return result["auroc"], result["ap"], result["fit_seconds"]


def standings(comparison: Comparison) -> list[Standing]:
    """Return the standing of each detector, the best first."""
    places = ranks(comparison.auroc.mean(axis=2).T)
    ranges = np.ptp(comparison.auroc, axis=2)
    found = []
    for i, detector in enumerate(comparison.detectors):
        widest = int(ranges[i].argmax())
        seconds = comparison.fit_seconds[i][~np.isnan(comparison.fit_seconds[i])]
        found.append(
            Standing(
                detector=detector,
                auroc=float(comparison.auroc[i].mean()),
                ap=float(comparison.ap[i].mean()),
                auroc_by_seed=comparison.auroc[i].mean(axis=0).tolist(),
                ap_by_seed=comparison.ap[i].mean(axis=0).tolist(),
                rank=float(places[i]),
                refused=int(comparison.refused[i]),
                range_mean=float(ranges[i].mean()),
                range_most=float(ranges[i, widest]),
                range_table=comparison.tables[widest],
                fit_mean=float(seconds.mean()) if len(seconds) else math.nan,
                fit_most=float(seconds.max()) if len(seconds) else math.nan,
            )
        )
    return sorted(found, key=lambda standing: -standing.auroc)


def ranks(figures: np.ndarray) -> np.ndarray:
    """Return each detector's mean rank over tables; rank 1 is the largest figure, ties have the mean of their ranks.

    Parameters
    ----------
    figures : ndarray of shape (n_tables, n_detectors)
        A figure of which more is better.
    """
    larger = (figures[:, np.newaxis, :] > figures[:, :, np.newaxis]).sum(axis=2)
    equal = (figures[:, np.newaxis, :] == figures[:, :, np.newaxis]).sum(axis=2)
    return (larger + (equal + 1) / 2).mean(axis=0)


def critical_difference(n_detectors: int, n_tables: int) -> float:
    r"""Return the critical difference of mean ranks at a level of 5 %: :math:`q\sqrt{k(k + 1) / 6N}`.

    References
    ----------
    Demsar, "Statistical comparisons of classifiers over multiple data sets", JMLR 7 (2006).
    """
    return _NEMENYI[n_detectors - 2] * math.sqrt(n_detectors * (n_detectors + 1) / (6 * n_tables))


def alike(rising: np.ndarray, distance: float) -> list[tuple[float, float]]:
    """Return the ends of the longest intervals of mean ranks that are no longer than a distance."""
    lasts = [float(rising[rising - first <= distance].max()) for first in rising]
    return [
        (float(first), last)
        for i, (first, last) in enumerate(zip(rising, lasts, strict=True))
        if last > first and last not in lasts[:i]
    ]
