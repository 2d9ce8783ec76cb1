"""Rules for thresholds without labels: ``python -m benchmarks.quality.thresholds [--data FOLDER]``.

Rules are fitted to scores of 13 shapes, without anomalies and with clear or vague ones in several fractions, and
evaluated on the same scores and on fresh ones; with a folder of real tables, on the default detector's scores, too.
The output is the false positive rate on training records, the same on fresh records, and the recall of anomalies.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from anomaly import TableDetector
from anomaly.errors import FewRecordsWarning
from anomaly.metrics import f1_score
from anomaly.thresholds import (
    AutoThreshold,
    IQRThreshold,
    MADThreshold,
    PeaksOverThreshold,
    QuantileThreshold,
    Threshold,
)
from benchmarks.quality.protocols import Split, cuts
from benchmarks.quality.protocols.mixed import MIXED
from benchmarks.quality.protocols.numeric import ONE_CLASS, UNSUPERVISED
from benchmarks.quality.score_shapes import KINDS, SHAPES, TIED, Scores


class FormerAutoThreshold(Threshold):
    """The former rule: the median plus three deviations of the logarithms, or the 99th percentile if that is lower."""

    def _choose(self, scores: np.ndarray, y: object) -> float:  # noqa: ARG002
        rule = MADThreshold(3.0, log=bool(scores.min() >= 0))
        return min(rule.fit(scores).threshold_, QuantileThreshold(0.01).fit(scores).threshold_)


RULES: dict[str, Callable[[], Threshold]] = {
    "auto": AutoThreshold,
    "former auto": FormerAutoThreshold,
    "quantile 1 %": lambda: QuantileThreshold(0.01),
    "mad": MADThreshold,
    "iqr": IQRThreshold,
    "pot 1 %": lambda: PeaksOverThreshold(0.01),
}
SIZES = {20: 200, 50: 100, 200: 50, 1000: 20, 20_000: 3}
"""Numbers of records, with the number of samples of each."""
FRACTIONS = (0.001, 0.01, 0.05, 0.1, 0.3)


def rates(rule: Threshold, normal: np.ndarray, anomalous: np.ndarray, fresh: np.ndarray) -> tuple[float, float, float]:
    """Return the flagged fractions of normal scores, of fresh ones, and of anomalies (NaN if there are none)."""
    threshold = rule.fit(np.concatenate([normal, anomalous])).threshold_
    found = float((anomalous > threshold).mean()) if len(anomalous) else float("nan")
    return (
        float((normal > threshold).mean()),
        1 - float(np.searchsorted(fresh, threshold, side="right")) / len(fresh),
        found,
    )


def table(title: str, rows: Iterable[tuple[str, list[np.ndarray]]], names: Iterable[str]) -> str:
    """Return a line for each case, with three rates of each rule in per cent."""
    lines = [f"\n{title}\n{'':<24}" + "".join(f"{name:>20}" for name in names)]
    for label, cells in rows:
        shown = ("".join(f"{100 * value:6.1f}" if value == value else "     -" for value in cell) for cell in cells)
        lines.append(f"{label:<24}" + "".join(f"  {text}" for text in shown))
    return "\n".join(lines)


def compare(sizes: dict[int, int], rules: list[str]) -> str:
    """Return the tables of all shapes and fractions of anomalies."""
    cases: dict[tuple[str, int, float, str], list[np.ndarray]] = {}
    for shape in SHAPES:
        scores = Scores(shape)
        for n, repeats in sizes.items():
            for fraction, kind in [(0.0, "vague"), *((fraction, kind) for kind in KINDS for fraction in FRACTIONS)]:
                samples = [scores.sample(n, fraction, kind, seed) for seed in range(repeats)]
                cases[shape, n, fraction, kind] = [
                    np.mean([rates(RULES[rule](), *sample, scores.fresh) for sample in samples], axis=0)
                    for rule in rules
                ]

    def mean(chosen: Callable[[tuple[str, int, float, str]], bool]) -> list[np.ndarray]:
        return list(np.mean([cells for case, cells in cases.items() if chosen(case)], axis=0))

    clean = [(shape, mean(lambda case, s=shape: case[0] == s and not case[2])) for shape in SHAPES]
    clean += [(f"n = {n:,}", mean(lambda case, n=n: case[1] == n and not case[2])) for n in sizes]
    parts = [table("Without anomalies: % of normal records flagged, training and fresh", clean, rules)]
    for kind in KINDS:
        rows = [
            (
                f"n = {n:,}, {100 * fraction:g} %",
                mean(lambda case, n=n, s=fraction, k=kind: case[1:] == (n, s, k) and case[0] not in TIED),
            )
            for n in sizes
            for fraction in FRACTIONS
        ]
        rows += [
            (shape, mean(lambda case, s=shape, k=kind: case[0] == s and case[2] and case[3] == k)) for shape in SHAPES
        ]
        parts.append(table(f"Anomalies {kind}: % of normal records flagged, training and fresh; recall", rows, rules))
    return "\n".join(parts)


def on_tables(folder: Path, rules: list[str], seeds: int) -> str:
    """Return the flagged training and normal test records of the default detector on real tables, and its F1."""
    parts = []
    for protocol in (ONE_CLASS, UNSUPERVISED, MIXED):
        if not any(folder.glob(protocol.data)):
            continue
        rows = [
            (name, list(np.mean([_on_table(cut(seed), rules, seed) for seed in range(seeds)], axis=0)))
            for _, name, cut in cuts([protocol], folder)
        ]
        rows.append(("mean", list(np.mean([cells for _, cells in rows], axis=0))))
        title = f"Tables, {protocol.name}: % of training records flagged, of normal test records, and F1"
        parts.append(table(title, rows, rules))
    return "\n".join(parts)


def _on_table(data: Split, rules: list[str], seed: int) -> list[tuple[float, float, float]]:
    detector = TableDetector(random_state=seed).fit(data.train)
    known = detector.decision_scores_
    scores = known if data.own else detector.decision_function(data.test)
    found = []
    for rule in rules:
        threshold = RULES[rule]().fit(known).threshold_
        f1 = f1_score(data.labels, (scores > threshold).astype(int))
        found.append((float((known > threshold).mean()), float((scores[data.labels == 0] > threshold).mean()), f1))
    return found


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality.thresholds", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--data", type=Path, help="folder with adbench and mixed; without it, simulated scores alone")
    parser.add_argument("--seeds", type=int, default=2, help="number of splits of each table (default: 2)")
    parser.add_argument("--rules", nargs="+", choices=RULES, default=list(RULES), help="default: all")
    parser.add_argument("--sizes", nargs="+", type=int, choices=SIZES, default=list(SIZES), help="default: all")
    options = parser.parse_args(arguments)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FewRecordsWarning)
        print(compare({n: SIZES[n] for n in options.sizes}, options.rules), flush=True)
        if options.data:
            print(on_tables(options.data, options.rules, options.seeds))


if __name__ == "__main__":
    main()
