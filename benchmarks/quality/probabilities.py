"""How good probabilities without labels are: ``python -m benchmarks.quality.probabilities --data FOLDER``.

Detectors learn from normal rows (the one-class protocol), and say of each other row how likely it is an anomaly; they
are told the true share of anomalies, and no more. Judged by the mean log loss and the Brier score, beside what knows
the share alone, and two ways to make probabilities of scores that PyOD offers. Then how many are anomalies where so
much was said, over all tables, each weighing the same. `a` is the exponent that fits a table's own labels best.
"""

from __future__ import annotations

import argparse
import math
from itertools import pairwise
from pathlib import Path

import numpy as np

from anomaly import TableDetector
from anomaly.calibration import p_values
from benchmarks.quality.protocols import split, tables

_erf = np.vectorize(math.erf)
_EDGES = (0.0, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9, 1.0)


def losses(truth: np.ndarray, said: np.ndarray) -> tuple[float, float]:
    """Return the log loss, chances cut to 0.001 and 0.999, and the Brier score."""
    cut = np.clip(said, 0.001, 0.999)
    return -float(np.where(truth == 1, np.log(cut), np.log(1 - cut)).mean()), float(np.square(said - truth).mean())


def reliability(pairs: list[tuple[np.ndarray, np.ndarray]]) -> list[tuple[float, float]]:
    """Return the mean of what was said and the share of anomalies, of records of which about as much was said."""
    truth, said = (np.concatenate(arrays) for arrays in zip(*pairs, strict=True))
    weight = np.concatenate([np.full(len(labels), 1 / len(labels)) for labels, _ in pairs])
    found = []
    for low, high in pairwise(_EDGES):
        here = (said >= low) & (said < high)
        if here.any():
            means = [float(np.average(of[here], weights=weight[here])) for of in (said, truth)]
            found.append((means[0], means[1]))
    return found


def judged(
    train: np.ndarray, test: np.ndarray, truth: np.ndarray, seed: int, honest: bool
) -> tuple[float, dict, tuple[np.ndarray, np.ndarray]]:
    """Return the best exponent, the losses of each way, and the labels with what `predict_proba` says."""
    detector = TableDetector(false_alarm_rate=0.01 if honest else None, random_state=seed).fit(train)
    scores, known, prior = detector.decision_function(test), detector.calibration_scores_, float(truth.mean())
    usual = (scores - known.mean()) / known.std()
    ways = {
        "predict_proba": detector.predict_proba(test, prior=prior)[:, 1],
        "share alone": np.full(len(test), prior),
        "PyOD's unify": np.maximum(_erf(usual / math.sqrt(2)), 0),
        "PyOD's linear": np.clip((scores - known.min()) / np.ptp(known), 0, 1),
    }
    exponent = -1 / float(np.log(p_values(known, scores[truth == 1])).mean())
    return exponent, {name: losses(truth, said) for name, said in ways.items()}, (truth, ways["predict_proba"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="../shared/data/adbench")
    parser.add_argument("--protocol", choices=("one-class", "unsupervised"), default="one-class")
    parser.add_argument("--rows", type=int, default=10_000, help="so many of a table at most, at random")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for honest in (True, False):
        found = []
        for _, x, y in tables(Path(options.data)):
            some = np.random.default_rng(options.seed).permutation(len(y))[: options.rows]
            data = split(x[some], y[some], options.protocol, options.seed)
            found.append(judged(data.train, data.test, data.labels, options.seed, honest))
        kind = "held-out scores (false_alarm_rate given)" if honest else "training scores (the default)"
        print(f"{kind}: median a {np.median([exponent for exponent, _, _ in found]):.2f}")
        for name in found[0][1]:
            log_loss, brier = np.mean([ways[name] for _, ways, _ in found], axis=0)
            print(f"  {name:<16} log loss {log_loss:.3f}  Brier {brier:.3f}")
        told = reliability([pair for _, _, pair in found])
        print(
            "  predict_proba said and true: " + ", ".join(f"{said:.2f} {true:.2f}" for said, true in told), flush=True
        )


if __name__ == "__main__":
    main()
