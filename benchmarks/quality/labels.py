"""Gain from a few labels: ``python -m benchmarks.quality.labels --data FOLDER``.

A detector is fitted without labels, then learns from k random anomalies of the test records, and is evaluated on the
other test records, the same ones for every k. With the protocol "unsupervised", test and training records are the same.
"default" is `TableDetector.learn_labels`; the other variants have fixed priors for the weights of members and of
columns. `benchmarks.quality.label_learning` measures other choices of labelled records, and wrong labels.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from anomaly import TableDetector
from anomaly.detectors.blend import Blend
from anomaly.detectors.table.label_learning import LabelledContributions, fit_weights, learn_weights
from anomaly.metrics import average_precision_score, roc_auc_score
from benchmarks.quality.protocols import CLEAN, Split, split, tables

COUNTS = (5, 10, 20)
_CHUNK = 8192
_MOST_COMPARED = 2000
# The prior standard deviations of members and of columns; with tiny ones weights stay at 1.
VARIANTS = {
    "default": None,
    "full": (0.5, 1.5),
    "columns alone": (1e-3, 1.5),
    "members alone": (1.5, 1e-3),
    "equal for members": (1.5, 1.5),
    "spread 0.5": (0.5 / 3, 0.5),
    "spread 1": (1 / 3, 1.0),
    "spread 2": (2 / 3, 2.0),
    "spread 3": (1.0, 3.0),
}


def figures(data: Split, seed: int, variants: list[str], counts: tuple[int, ...] = COUNTS) -> np.ndarray:
    """Evaluate a detector without labels, and with k of them in each variant.

    Parameters
    ----------
    data : Split
        Training and test rows.
    seed : int
        Seed of the detector, and of the choice of labelled anomalies.
    variants : list of str
        Names of `VARIANTS`.
    counts : tuple of int
        Numbers k of labels. In a table with fewer than 2k anomalies, half of them are labelled.

    Returns
    -------
    ndarray of shape (n_variants, 1 + n_counts, 2)
        AUROC and average precision; first without labels.
    """
    detector = TableDetector(random_state=seed).fit(data.train)
    drawn = draw(data.labels, seed, max(counts))
    others = np.setdiff1d(np.arange(len(data.labels)), drawn)
    test = _contributions(detector, data.test)
    train = test if data.train is data.test else _contributions(detector, data.train)
    blend = detector.ensemble_.blend
    plain = detector.decision_function(data.test)
    found = []
    for name in variants:
        row = [_evaluate(plain[others], data.labels[others])]
        for count in counts:
            labelled = drawn[:count]
            normal = np.delete(train, labelled, axis=0) if train is test else train
            normal = normal[:: -(-len(normal) // _MOST_COMPARED)]
            known = LabelledContributions(test[labelled], train[:0], normal)
            members, columns = _weights(known, blend, VARIANTS[name])
            scores = blend.with_weights(members).scores(list((test[others] @ columns).T))
            row.append(_evaluate(scores, data.labels[others]))
        found.append(row)
    return np.array(found)


def draw(labels: np.ndarray, seed: int, most: int) -> np.ndarray:
    """Return the indices of the anomalies to label: at most half of all."""
    anomalies = np.random.default_rng(seed).permutation(np.flatnonzero(labels == 1))
    return anomalies[: min(most, len(anomalies) // 2)]


def _weights(
    known: LabelledContributions, blend: Blend, spreads: tuple[float, float] | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights of members and of columns."""
    if spreads is None:
        learned = learn_weights(known, blend, 1.5)
        return learned.members, learned.columns
    members, columns = fit_weights(known.anomalies, known.normal, known.weights, blend, spreads)
    return members * blend.weights, columns


def _contributions(detector: TableDetector, rows: np.ndarray) -> np.ndarray:
    """Return each column's contribution to each member's score of each row."""
    features = detector.preprocessor_.transform(rows)
    chunks = [features[start : start + _CHUNK] for start in range(0, len(features), _CHUNK)]
    return np.concatenate([detector.ensemble_.contributions(chunk) for chunk in chunks])


def _evaluate(scores: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    return roc_auc_score(truth, scores), average_precision_score(truth, scores)


def report(results: np.ndarray, variants: list[str], counts: tuple[int, ...] = COUNTS) -> str:
    """Return the means over runs as text: metrics, gain from labels, the worst gain, and the fraction of gains.

    Parameters
    ----------
    results : ndarray of shape (n_runs, n_variants, 1 + n_counts, 2)
        Results of `figures` for each run.
    """
    mean = results.mean(axis=0)
    lines = [f"without labels: AUROC {mean[0, 0, 0]:.4f}, AP {mean[0, 0, 1]:.4f}; mean of {len(results)} runs"]
    lines.append(f"{'variant':<20}{'labels':>7}{'AUROC':>9}{'AP':>9}{'gain':>10}{'':>9}{'worst':>9}{'better':>9}")
    for i, name in enumerate(variants):
        for j, count in enumerate(counts, start=1):
            gains = results[:, i, j] - results[:, i, 0]
            (auroc, ap), (gain, gain_ap) = mean[i, j], gains.mean(axis=0)
            worst, better = gains[:, 0].min(), (gains[:, 0] > 0).mean()
            lines.append(
                f"{name:<20}{count:>7}{auroc:9.4f}{ap:9.4f}{gain:+10.4f}{gain_ap:+9.4f}{worst:+9.3f}{better:9.0%}"
            )
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality.labels", description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="../shared/data/adbench", help="folder of ADBench .npz files")
    parser.add_argument("--seeds", type=int, default=2, help="number of splits (default: 2)")
    parser.add_argument("--protocols", nargs="+", choices=CLEAN, default=list(CLEAN))
    parser.add_argument("--variants", nargs="+", choices=list(VARIANTS), default=["default"])
    options = parser.parse_args(arguments)
    if not Path(options.data).is_dir():
        parser.error(f"--data: there is no folder {options.data!r}")
    for protocol in options.protocols:
        runs = []
        for name, x, y in tables(Path(options.data)):
            for seed in range(options.seeds):
                runs.append(figures(split(x, y, protocol, seed), seed, options.variants))
                print(protocol, name, seed, *(f"{auroc:.3f}" for auroc in runs[-1][0, :, 0]), flush=True)
        print(f"\n{protocol}, {report(np.array(runs), options.variants)}\n")


if __name__ == "__main__":
    main()
