"""Criteria without labels, compared with AUROC: ``python -m benchmarks.quality.label_free --data FOLDER``.

Settings are fitted to a part of each table's training rows. Criteria see the rest of them, held out: agreement and
stability (`anomaly.detectors.comparison`), the fraction of flagged rows (fewer is better), and two curves of Goix
(2016) with uniform points in the range of the rows: mass volume for 90 to 99.9 % of the rows, and excess mass. For each
table, the rank correlation of a criterion with the AUROC of the settings is computed, and the AUROC of the setting that
it ranks first. The last line compares the fraction of held-out rows that are flagged with that of fresh normal ones.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from anomaly import AutoencoderDetector, TableDetector, VariationalDetector
from anomaly.detectors.comparison import compare_settings
from anomaly.detectors.record_detector import RecordDetector
from anomaly.metrics import rank_correlation, roc_auc_score
from benchmarks.quality.protocols import Split, split, tables

_SETTINGS: dict[str, tuple[Callable[..., RecordDetector], dict[str, Any]]] = {
    "defaults": (TableDetector, {}),
    "networks alone": (TableDetector, {"neighbors": 0}),
    "records alone": (TableDetector, {"neighbors_share": 1.0}),
    "20 neighbors": (TableDetector, {"neighbors": 20}),
    "2 neighbors": (TableDetector, {"neighbors": 2}),
    "quantile scaling": (TableDetector, {"scaling": "quantile"}),
    "standard scaling": (TableDetector, {"scaling": "standard"}),
    "minmax scaling": (TableDetector, {"scaling": "minmax"}),
    "noise 0.2": (TableDetector, {"noise": 0.2}),
    "noise 1": (TableDetector, {"noise": 1.0}),
    "no fine comparison": (TableDetector, {"fine_share": 0.0}),
    "small networks": (TableDetector, {"hidden": (16,)}),
    "no contrast": (TableDetector, {"contrast": 0.0}),
    "one autoencoder": (AutoencoderDetector, {}),
    "variational": (VariationalDetector, {}),
}
_CRITERIA = ("agreement", "stability", "few flagged", "mass volume", "excess mass")
_HELD_OUT = 0.3
_POINTS = 2000


def mass_volume(scores: np.ndarray, uniform: np.ndarray) -> float:
    """Return the mean volume of the sets that hold 90 to 99.9 % of the held-out rows, as a fraction of the range."""
    limits = np.quantile(scores, np.linspace(0.9, 0.999, 20))
    return float(np.mean([(uniform <= limit).mean() for limit in limits]))


def excess_mass(scores: np.ndarray, uniform: np.ndarray) -> float:
    """Return the mean over t from 0 to 5 of the largest mass of a set minus t times its volume."""
    masses = np.arange(1, len(scores) + 1) / len(scores)
    volumes = np.searchsorted(np.sort(uniform), np.sort(scores), side="right") / len(uniform)
    return float(np.mean([(masses - t * volumes).max() for t in np.linspace(0, 5, 50)]))


def measured(data: Split, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return criteria and AUROC of each setting, and the fractions flagged: of held-out rows and fresh normal ones."""
    train = np.asarray(data.train)
    detectors = {name: make(**arguments) for name, (make, arguments) in _SETTINGS.items()}
    compared = compare_settings(detectors, train, n_seeds=2, held_out=_HELD_OUT, seed=seed)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(train))
    rest, learned = train[order[: compared.n_held_out]], train[order[compared.n_held_out :]]
    low, high = rest.min(axis=0), rest.max(axis=0)
    points = (low + (high - low) * rng.random((_POINTS, train.shape[1]))).astype(np.float32)
    criteria, aurocs, flagged = [], [], []
    for setting, (make, arguments) in zip(compared.settings, _SETTINGS.values(), strict=True):
        detector = make(random_state=seed, **arguments).fit(learned)
        held_out, uniform, test = (detector.decision_function(x) for x in (rest, points, data.test))
        aurocs.append(roc_auc_score(data.labels, test))
        flagged.append([(scores > detector.threshold_).mean() for scores in (held_out, test[data.labels == 0])])
        volume, excess = mass_volume(held_out, uniform), excess_mass(held_out, uniform)
        criteria.append([setting.agreement, setting.stability, -setting.flagged_held_out, -volume, excess])
    return np.array(criteria), np.array(aurocs), np.array(flagged)


def main(arguments: list[str] | None = None) -> None:
    """Print the figures of each table, and their means."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="../shared/data/adbench")
    parser.add_argument("--protocol", choices=("one-class", "unsupervised"), default="one-class")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rows", type=int, default=2000, help="the most rows of a table (default: 2000)")
    options = parser.parse_args(arguments)
    correlations, chosen, known, rates = [], [], [], []
    for name, x, y in tables(Path(options.data)):
        some = np.random.default_rng(options.seed).permutation(len(y))[: options.rows]
        criteria, aurocs, flagged = measured(split(x[some], y[some], options.protocol, options.seed), options.seed)
        correlations.append([rank_correlation(column, aurocs) for column in criteria.T])
        chosen.append(aurocs[criteria.argmax(axis=0)])
        known.append([aurocs[0], aurocs.max(), aurocs.mean()])
        rates.append(flagged)
        print(name, *(f"{value:.2f}" for value in correlations[-1]), flush=True)
    print(f"\n{'criterion':<14}{'correlation':>12}{'above 0':>9}{'AUROC of its choice':>21}")
    for criterion, own, aurocs in zip(_CRITERIA, np.transpose(correlations), np.transpose(chosen), strict=True):
        print(f"{criterion:<14}{own.mean():>12.2f}{(own > 0).sum():>9}{aurocs.mean():>21.3f}")
    defaults, best, mean = np.mean(known, axis=0)
    print(f"AUROC of the defaults {defaults:.3f}, of the best setting {best:.3f}, mean {mean:.3f}")
    held_out, fresh = np.concatenate(rates).T
    with np.errstate(invalid="ignore"):  # where all fractions are equal
        correlation, difference = np.corrcoef(held_out, fresh)[0, 1], np.abs(held_out - fresh).mean()
    print(f"flagged held-out rows and fresh normal ones: correlation {correlation:.2f}, difference {difference:.1%}")


if __name__ == "__main__":
    main()
