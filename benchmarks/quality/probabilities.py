"""Calibration of probabilities without labels: ``python -m benchmarks.quality.probabilities --data FOLDER``.

Detectors are fitted to normal rows (the one-class protocol) and estimate the probability that each other row is an
anomaly; their prior is the true fraction of anomalies. Metrics are the mean log loss and the Brier score, compared with
those of the prior alone and of PyOD's two conversions of scores to probabilities. The reliability of the estimates is
their mean beside the frequency of anomalies, over all tables with equal weights. `a` is the exponent that fits the
labels of a table best.
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


def losses(truth: np.ndarray, estimate: np.ndarray) -> tuple[float, float]:
    """Return the log loss, with probabilities clipped to 0.001 and 0.999, and the Brier score."""
    clipped = np.clip(estimate, 0.001, 0.999)
    return -float(np.where(truth == 1, np.log(clipped), np.log(1 - clipped)).mean()), float(
        np.square(estimate - truth).mean()
    )


def reliability(pairs: list[tuple[np.ndarray, np.ndarray]]) -> list[tuple[float, float]]:
    """Return the mean estimate and the frequency of anomalies for records in each interval of estimates."""
    truth, estimate = (np.concatenate(arrays) for arrays in zip(*pairs, strict=True))
    weight = np.concatenate([np.full(len(labels), 1 / len(labels)) for labels, _ in pairs])
    found = []
    for low, high in pairwise(_EDGES):
        here = (estimate >= low) & (estimate < high)
        if here.any():
            means = [float(np.average(of[here], weights=weight[here])) for of in (estimate, truth)]
            found.append((means[0], means[1]))
    return found


def evaluate(
    train: np.ndarray, test: np.ndarray, truth: np.ndarray, seed: int, held_out: bool
) -> tuple[float, dict, tuple[np.ndarray, np.ndarray]]:
    """Return the best exponent, the losses of each method, and the labels with the results of `predict_proba`."""
    detector = TableDetector(false_alarm_rate=0.01 if held_out else None, random_state=seed).fit(train)
    scores, known, prior = detector.decision_function(test), detector.calibration_scores_, float(truth.mean())
    standardized = (scores - known.mean()) / known.std()
    methods = {
        "predict_proba": detector.predict_proba(test, prior=prior)[:, 1],
        "prior alone": np.full(len(test), prior),
        "PyOD's unify": np.maximum(_erf(standardized / math.sqrt(2)), 0),
        "PyOD's linear": np.clip((scores - known.min()) / np.ptp(known), 0, 1),
    }
    exponent = -1 / float(np.log(p_values(known, scores[truth == 1])).mean())
    return (
        exponent,
        {name: losses(truth, estimate) for name, estimate in methods.items()},
        (truth, methods["predict_proba"]),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="../shared/data/adbench")
    parser.add_argument("--protocol", choices=("one-class", "unsupervised"), default="one-class")
    parser.add_argument("--rows", type=int, default=10_000, help="largest number of rows of a table (default: 10,000)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for held_out in (True, False):
        found = []
        for _, x, y in tables(Path(options.data)):
            some = np.random.default_rng(options.seed).permutation(len(y))[: options.rows]
            data = split(x[some], y[some], options.protocol, options.seed)
            found.append(evaluate(data.train, data.test, data.labels, options.seed, held_out))
        kind = "held-out scores (false_alarm_rate given)" if held_out else "training scores (the default)"
        print(f"{kind}: median a {np.median([exponent for exponent, _, _ in found]):.2f}")
        for name in found[0][1]:
            log_loss, brier = np.mean([methods[name] for _, methods, _ in found], axis=0)
            print(f"  {name:<16} log loss {log_loss:.3f}  Brier {brier:.3f}")
        pairs = reliability([pair for _, _, pair in found])
        print(
            "  predict_proba, estimate and frequency: "
            + ", ".join(f"{estimate:.2f} {frequency:.2f}" for estimate, frequency in pairs),
            flush=True,
        )


if __name__ == "__main__":
    main()
