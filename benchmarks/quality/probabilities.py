"""How good probabilities without labels are: ``python -m benchmarks.quality.probabilities --data FOLDER``.

Detectors learn from normal rows (the one-class protocol), and say of each other row how likely it is an anomaly; they
are told the true share of anomalies, and no more. Judged by the mean log loss and the Brier score, beside what knows
the share alone, and two ways to make probabilities of scores that PyOD offers. `a` is the best exponent for the table's
own labels: its median is where the constant in `anomaly.calibration` comes from.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np

from anomaly import AutoencoderDetector
from anomaly.calibration import p_values
from benchmarks.quality.protocols import split, tables

_erf = np.vectorize(math.erf)


def losses(truth: np.ndarray, said: np.ndarray) -> tuple[float, float]:
    """Return the log loss, chances cut to 0.001 and 0.999, and the Brier score."""
    cut = np.clip(said, 0.001, 0.999)
    return -float(np.where(truth == 1, np.log(cut), np.log(1 - cut)).mean()), float(np.square(said - truth).mean())


def judged(train: np.ndarray, test: np.ndarray, truth: np.ndarray, seed: int, honest: bool) -> tuple[float, dict]:
    """Return the best exponent, and the losses of each way."""
    detector = AutoencoderDetector(false_alarm_rate=0.01 if honest else None, random_state=seed).fit(train)
    scores, known, prior = detector.decision_function(test), detector.calibration_scores_, float(truth.mean())
    usual = (scores - known.mean()) / known.std()
    ways = {
        "predict_proba": detector.predict_proba(test, prior=prior)[:, 1],
        "share alone": np.full(len(test), prior),
        "PyOD's unify": np.maximum(_erf(usual / math.sqrt(2)), 0),
        "PyOD's linear": np.clip((scores - known.min()) / np.ptp(known), 0, 1),
    }
    exponent = -1 / float(np.log(p_values(known, scores[truth == 1])).mean())
    return exponent, {name: losses(truth, said) for name, said in ways.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="../shared/data/adbench")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for honest in (True, False):
        found = []
        for _, x, y in tables(Path(options.data)):
            data = split(x, y, "one-class", options.seed)
            found.append(judged(data.train, data.test, data.labels, options.seed, honest))
        kind = "held-out scores (false_alarm_rate given)" if honest else "training scores (the default)"
        print(f"{kind}: median a {np.median([exponent for exponent, _ in found]):.2f}")
        for name in found[0][1]:
            log_loss, brier = np.mean([ways[name] for _, ways in found], axis=0)
            print(f"  {name:<16} log loss {log_loss:.3f}  Brier {brier:.3f}")


if __name__ == "__main__":
    main()
