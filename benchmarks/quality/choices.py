"""Choice of the defaults: ``python -m benchmarks.quality.choices --data FOLDER``.

Each variant differs from the defaults in one respect and is evaluated with both protocols. The best variant on some
tables may be best by chance. So the best one is also chosen on a random half of the tables and evaluated on the other
half, for many random halves.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from anomaly import TableDetector
from anomaly.metrics import average_precision_score, roc_auc_score
from benchmarks.quality.protocols import CLEAN, split, tables

_AVERAGED = "scores averaged"
VARIANTS: dict[str, dict[str, Any]] = {
    "defaults": {},
    # A blend that ignores the spreads, which no parameter can request.
    _AVERAGED: {},
    "networks alone": {"neighbors": 0},
    "records alone": {"neighbors_share": 1.0},
    "2 neighbors": {"neighbors": 2},
    "10 neighbors": {"neighbors": 10},
    "half networks": {"neighbors_share": 0.5},
    "no fine comparison": {"fine_share": 0.0},
    "mostly fine": {"fine_share": 0.7},
    "no contrast": {"contrast": 0.0},
    "contrast 1": {"contrast": 1.0},
    "noise 0.2 alone": {"noise": 0.2},
    "noise 0.5 alone": {"noise": 0.5},
    "noise 1 alone": {"noise": 1.0},
    "noise up to 2": {"noise": (0.2, 0.5, 1.0, 2.0)},
    "no noise samples": {"draws": 0},
    "stopped early": {"patience": 5},
    "smaller networks": {"hidden": (64, 64)},
    "bottleneck": {"hidden": (64, 8, 64)},
    "a tenth trimmed": {"trim": 0.1},
    "standard scaling": {"scaling": "standard"},
    "robust scaling": {"scaling": "robust"},
    "quantile scaling": {"scaling": "quantile"},
}
_ROUNDS = 1000


def evaluate(folder: Path, names: list[str], seed: int) -> np.ndarray:
    """Return AUROC and average precision, of shape (tables, variants, protocols, 2)."""
    results = []
    for table, x, y in tables(folder):
        row = [[_figures(x, y, protocol, seed, name) for protocol in CLEAN] for name in names]
        print(table, *(f"{np.mean(figures):.3f}" for figures in row), flush=True)
        results.append(row)
    return np.array(results)


def _figures(x: np.ndarray, y: np.ndarray, protocol: str, seed: int, name: str) -> tuple[float, float]:
    data = split(x, y, protocol, seed)
    detector = TableDetector(random_state=seed, **VARIANTS[name]).fit(data.train)
    if name == _AVERAGED:
        for member in detector.members_:
            member.spread = 1.0
    scores = detector.decision_function(data.test)
    return roc_auc_score(data.labels, scores), average_precision_score(data.labels, scores)


def held_out(figures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the figures of the best variant of one half of the tables on the other half, and counts of the choices."""
    generator = np.random.default_rng(0)
    chosen, counts = [], np.zeros(figures.shape[1], int)
    for _ in range(_ROUNDS):
        order = generator.permutation(len(figures))
        choosing, testing = order[: len(order) // 2], order[len(order) // 2 :]
        best = int(figures[choosing].mean(axis=(0, 2, 3)).argmax())
        counts[best] += 1
        chosen.append(figures[testing, best].mean(axis=0))
    return np.mean(chosen, axis=0), counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="../shared/data/adbench")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--variants", nargs="+", choices=list(VARIANTS), default=list(VARIANTS))
    options = parser.parse_args()
    figures = evaluate(Path(options.data), options.variants, options.seed)
    print(f"\n{'variant':<20}" + "".join(f"{protocol:>22}" for protocol in CLEAN) + "   chosen")
    best, counts = held_out(figures)
    rows = zip([*options.variants, "chosen elsewhere"], [*figures.mean(axis=0), best], [*counts, ""], strict=True)
    for name, values, count in rows:
        shown = "".join(f"{f'{auroc:.3f} / {ap:.3f}':>22}" for auroc, ap in values)
        print(f"{name:<20}{shown}   {count}")


if __name__ == "__main__":
    main()
