"""Comparison of settings on unlabelled records: what they agree on, how stable they are, and what they flag.

Each setting is fitted several times, with other seeds, to the same part of the records, and scores the rest:

- **Stability**: rank correlation of the scores by two seeds, and the fraction of the highest scored records that they
  share. Where it is low, the result is luck: average several fits, or train longer.
- **Agreement**: the same between two settings, and for each setting the mean over all others. Where it is high, the
  choice hardly matters. A setting that agrees with none of the others sees something else, rightly or wrongly.
- **Flagged**: the fraction of the records above the threshold, of training and held out. Held-out records were not
  learned, as those to come, so theirs is the fraction of alarms to expect. Where it is far above the fraction of
  training records, the networks have learned single records, or there are too few.

None of this tells which setting finds the anomalies: that takes labels, a few dozen at least. In a large comparison of
criteria without labels none chose settings reliably (Ma et al., 2023). ``docs/comparing_settings.md`` has figures for
this package.

References
----------
Ma, Zhao, Zhang & Akoglu, "The need for unsupervised outlier model selection: a review and evaluation of internal
evaluation strategies", SIGKDD Explorations 25 (2023); Lin, Thekumparampil, Fanti & Oh, "InfoGAN-CR and
ModelCentrality: self-supervised model training and selection for disentangling GANs", ICML 2020, on agreement; Perini,
Galvin & Vercruyssen, "A ranking stability measure for quantifying the robustness of anomaly detection methods", ECML
PKDD workshops 2020; Goix, "How to evaluate the quality of unsupervised anomaly detection algorithms?", ICML workshop on
anomaly detection 2016, on excess mass and mass volume.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from anomaly.detectors.record_detector import RecordDetector
from anomaly.errors import DataError
from anomaly.metrics import rank_correlation, top_overlap
from anomaly.tables import as_table
from nnlite.job import Plan, counted
from nnlite.types import Array
from nnlite.validation import check_value, integer, number

_LEAST_HELD_OUT = 20
_LEAST_TOP = 5
_SETTINGS, _SEEDS, _FRACTION = integer(least=2), integer(least=2), number(above=0, below=1)


@dataclass(frozen=True)
class SettingComparison:
    """One setting among others.

    Attributes
    ----------
    name : str
        Name of the setting.
    agreement, top_agreement : float
        Mean rank correlation with the other settings, and the mean fraction of the highest scored records shared.
    stability, top_stability : float
        The same between seeds of this setting.
    flagged_training, flagged_held_out : float
        Fractions of the training records and of the held-out ones above the threshold, the mean over seeds.
    seconds : float
        Time of a fit, the mean over seeds.
    """

    name: str
    agreement: float
    top_agreement: float
    stability: float
    top_stability: float
    flagged_training: float
    flagged_held_out: float
    seconds: float


@dataclass(frozen=True)
class Comparison:
    """Comparison of settings.

    Attributes
    ----------
    n_training, n_held_out : int
        Numbers of records.
    n_top : int
        Number of the highest scored records that overlaps are computed of.
    settings : tuple of SettingComparison
        In the order given.
    rank_correlations, top_overlaps : ndarray of float64 of shape (n_settings, n_settings)
        Agreement of each pair of settings, the mean over pairs of seeds; on the diagonal the stability.
    """

    n_training: int
    n_held_out: int
    n_top: int
    settings: tuple[SettingComparison, ...]
    rank_correlations: Array
    top_overlaps: Array

    def to_dict(self) -> dict[str, Any]:
        """Return all values as JSON has them."""
        return {
            "n_training": self.n_training,
            "n_held_out": self.n_held_out,
            "n_top": self.n_top,
            "settings": [asdict(setting) for setting in self.settings],
            "rank_correlations": self.rank_correlations.tolist(),
            "top_overlaps": self.top_overlaps.tolist(),
        }


def compare_settings(
    detectors: Mapping[str, RecordDetector],
    X: Any,
    *,
    n_seeds: int = 3,
    held_out: float = 0.3,
    top: float = 0.05,
    seed: int = 0,
) -> Comparison:
    """Compare settings on unlabelled records; see `anomaly.detectors.comparison`.

    Parameters
    ----------
    detectors : mapping of str to RecordDetector
        Two settings or more by name: detectors of tables, which are not fitted or changed.
    X : table of shape (n_records, n_features)
        Records, normal ones or with a few anomalies, as for `fit`.
    n_seeds : int, default 3
        How often each setting is fitted, at least twice.
    held_out : float, default 0.3
        Fraction of the records that are scored, drawn at random; the others are learned.
    top : float, default 0.05
        Fraction of the held-out records that are the highest scored ones; at least five of them.
    seed : int, default 0
        Seed of the division; those of the fits are the next ones.

    Returns
    -------
    Comparison
        Values of each setting, and of each pair.

    Raises
    ------
    ValueError
        If there are fewer than two settings or 20 held-out records, or a setting cannot be fitted.

    Examples
    --------
    >>> import numpy as np
    >>> from anomaly import AutoencoderDetector, TableDetector
    >>> x = np.random.default_rng(0).normal(size=(200, 3)) @ np.array([[1.0, 1, 0], [0, 1, 1], [0, 0, 0.1]])
    >>> found = compare_settings(
    ...     {"blend": TableDetector(epochs=20), "one network": AutoencoderDetector(epochs=20)}, x, n_seeds=2
    ... )
    >>> [setting.name for setting in found.settings], found.n_held_out
    (['blend', 'one network'], 60)
    """
    check_value("the number of settings", len(detectors), _SETTINGS)
    check_value("n_seeds", n_seeds, _SEEDS)
    check_value("held_out", held_out, _FRACTION)
    check_value("top", top, _FRACTION)
    table = as_table(X)
    n_held_out = int(held_out * len(table))
    if n_held_out < _LEAST_HELD_OUT:
        raise DataError(
            f"a comparison needs at least {_LEAST_HELD_OUT} held-out records; found {n_held_out}, a fraction of "
            f"{held_out:g} of {len(table)}"
        )
    order = np.random.default_rng(seed).permutation(len(table))
    # In random order, since held-out records are from between the training records: their own order would mislead.
    training, rest = table.rows(order[n_held_out:]), table.rows(np.sort(order[:n_held_out]))
    seeds = range(seed, seed + n_seeds)
    fits = {
        name: [_fit(name, detector, training, rest, s) for s in counted(seeds)]
        for name, detector in counted(detectors.items(), "settings")
    }
    n_top = max(_LEAST_TOP, round(top * n_held_out))
    correlations, overlaps = _pairwise([[fit.scores for fit in own] for own in fits.values()], n_top)
    settings = tuple(
        SettingComparison(
            name=name,
            agreement=_mean_of_others(correlations, i),
            top_agreement=_mean_of_others(overlaps, i),
            stability=float(correlations[i, i]),
            top_stability=float(overlaps[i, i]),
            flagged_training=float(np.mean([fit.flagged_training for fit in own])),
            flagged_held_out=float(np.mean([fit.flagged_held_out for fit in own])),
            seconds=float(np.mean([fit.seconds for fit in own])),
        )
        for i, (name, own) in enumerate(fits.items())
    )
    return Comparison(len(training), n_held_out, n_top, settings, correlations, overlaps)


@dataclass(frozen=True)
class _Fit:
    scores: Array
    flagged_training: float
    flagged_held_out: float
    seconds: float


def _fit(name: str, detector: RecordDetector, training: Any, rest: Any, seed: int) -> _Fit:
    """Fit a copy of a detector, and score the held-out records."""
    own = type(detector)(**detector.get_params() | {"random_state": seed})
    start = time.perf_counter()
    plan = Plan(fit=5, scoring=1)
    try:
        with plan("fit"):
            own.fit(training)
        with plan("scoring"):
            scores = own.decision_function(rest)
    except ValueError as error:
        raise DataError(f"setting {name!r}: {error}") from error
    seconds = time.perf_counter() - start
    return _Fit(scores, float(own.labels_.mean()), float((scores > own.threshold_).mean()), seconds)


def _pairwise(scores: list[list[Array]], n_top: int) -> tuple[Array, Array]:
    """Return mean rank correlations and overlaps of each pair of settings, over pairs of different seeds."""
    correlations, overlaps = np.ones((2, len(scores), len(scores)))
    for i, own in enumerate(scores):
        for j, other in enumerate(scores[: i + 1]):
            # Two settings with the same seed may begin with the same weights: other seeds compare settings alone.
            pairs = (
                list(combinations(own, 2))
                if i == j
                else [(a, b) for s, a in enumerate(own) for t, b in enumerate(other) if s != t]
            )
            correlations[i, j] = correlations[j, i] = np.mean([rank_correlation(a, b) for a, b in pairs])
            overlaps[i, j] = overlaps[j, i] = np.mean([top_overlap(a, b, n_top) for a, b in pairs])
    return correlations, overlaps


def _mean_of_others(values: Array, index: int) -> float:
    return float(np.delete(values[index], index).mean())
