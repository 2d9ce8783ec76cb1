"""Gain from labels by the choice of records: ``python -m benchmarks.quality.label_learning --data FOLDER``.

A detector is fitted, records of a pool are labelled, and the detector learns from them. The labelled records are those
with the highest scores (which people label first), random ones, anomalies alone, mixtures, and any of these with one
label in five wrong. The gain is the difference in AUROC and average precision on other records. With the protocol
"one-class" the detector is fitted to normal records and the pool is fresh; with "unsupervised" the pool is the training
set. A choice without an anomaly is no trial, since `TableDetector.learn_labels` raises an error.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from anomaly import TableDetector
from anomaly.datasets import make_connections, make_correlated, make_sensors, make_transactions
from anomaly.detectors.blend import Blend
from anomaly.detectors.table.ensemble import Ensemble
from anomaly.detectors.table.label_learning import LabelledContributions, learn_weights, thinned
from anomaly.metrics import average_precision_score, roc_auc_score
from anomaly.tables import as_table
from benchmarks.quality.protocols import CLEAN, read_table

TABLES = ("cardio", "Ionosphere", "Pima", "annthyroid", "PageBlocks", "satellite", "yeast", "letter", "pendigits")
MOST_ROWS = 5000
# A larger loss of AUROC in a trial is harm.
HARM = 0.01
_CHUNK = 4096
_FLIPPED = ("top 20", "top 50", "random 50", "random 200", "balanced 40")


class Records(NamedTuple):
    """Inputs of label learning.

    Attributes
    ----------
    contributions : ndarray of shape (n, n_members, n_columns)
        Contributions of columns to the members' scores.
    scores : ndarray of shape (n,)
        Scores without labels.
    labels : ndarray of int of shape (n,)
        True labels.
    """

    contributions: np.ndarray
    scores: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class Case:
    """Inputs of label learning for one table and one fitted detector.

    Attributes
    ----------
    name, protocol : str
        Names of the table and of the protocol.
    blend : Blend
        Blend of the members' scores.
    pool, test : Records
        Records to label, and test records.
    remembered : ndarray of shape (n, n_members, n_columns)
        Contributions of the remembered training records.
    place : ndarray of int of shape (n_pool,)
        Index of each record of the pool among the remembered ones; -1 if it is not there.
    """

    name: str
    protocol: str
    blend: Blend
    pool: Records
    test: Records
    remembered: np.ndarray
    place: np.ndarray


class Trial(NamedTuple):
    """Gains on records that were not labelled, and the fraction of the spread that was taken."""

    table: str
    protocol: str
    seed: int
    choice: str
    auroc: float
    ap: float
    step: float


def made(seed: int) -> Iterator[tuple[str, Any, np.ndarray]]:
    """Yield name, columns and labels of generated tables."""
    for make, n in ((make_connections, 5000), (make_transactions, 5000), (make_sensors, 5000), (make_correlated, 2000)):
        data = make(n_records=n, contamination=0.04, random_state=seed)
        yield data.name, data.columns, data.labels
    rng = np.random.default_rng(seed)
    y = (rng.random(3000) < 0.05).astype(int)
    x = rng.normal(size=(3000, 6))
    x[y == 1, 0] = rng.normal(3, 0.5, y.sum())
    yield "one column", x, y
    x, kind = rng.normal(size=(3000, 8)), rng.integers(0, 2, 3000)
    x[(y == 1) & (kind == 0), 0] += 7
    x[(y == 1) & (kind == 1), 1] += 3
    yield "two kinds", x, y
    x = rng.normal(size=(3000, 5)) @ rng.normal(size=(5, 10)) + 0.3 * rng.normal(size=(3000, 10))
    x[y == 1] += 0.8 * rng.normal(size=(y.sum(), 10))
    yield "all columns", x, y


def read(folder: Path, seed: int) -> Iterator[tuple[str, Any, np.ndarray]]:
    """Yield name, rows and labels of real tables, with at most `MOST_ROWS` rows."""
    for name in TABLES:
        if (folder / f"{name}.npz").exists():
            x, y = read_table(folder / f"{name}.npz")
            rows = np.random.default_rng(seed).permutation(len(y))[:MOST_ROWS]
            yield name, x[rows], y[rows]


def prepare(name: str, x: Any, y: np.ndarray, protocol: str, seed: int, **parameters: Any) -> Case:
    """Fit a detector, and score the records to label and the test records."""
    rng = np.random.default_rng(seed)
    normal, odd = (rng.permutation(np.flatnonzero(y == label)) for label in (0, 1))
    half, middle = len(odd) // 2, len(normal) // 2
    if protocol == "one-class":
        end = (middle + len(normal)) // 2
        train = normal[:middle]
        pool, test = np.r_[normal[middle:end], odd[:half]], np.r_[normal[end:], odd[half:]]
    else:
        train = pool = rng.permutation(np.r_[normal[:middle], odd[:half]])
        test = np.r_[normal[middle:], odd[half:]]
    table = as_table(x)
    detector = TableDetector(random_state=seed, **parameters).fit(table.rows(train))
    ensemble = detector.ensemble_
    memory = ensemble.memory_for("the benchmark").records
    places = {row.tobytes(): i for i, row in enumerate(memory)}
    features = detector.preprocessor_.transform(table.rows(pool))
    return Case(
        name,
        protocol,
        ensemble.blend,
        *(
            Records(
                _contributions(ensemble, detector.preprocessor_.transform(table.rows(rows))),
                detector.decision_function(table.rows(rows)),
                y[rows],
            )
            for rows in (pool, test)
        ),
        _contributions(ensemble, memory),
        np.array([places.get(row.tobytes(), -1) for row in features]),
    )


def _contributions(ensemble: Ensemble, features: np.ndarray) -> np.ndarray:
    chunks = [features[start : start + _CHUNK] for start in range(0, len(features), _CHUNK)]
    return np.concatenate([ensemble.contributions(chunk) for chunk in chunks])


def choices(pool: Records, rng: np.random.Generator) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return the labelled records, by name of the choice: their indices in the pool, and their labels."""
    order, mixed = np.argsort(-pool.scores, kind="stable"), rng.permutation(len(pool.labels))
    odd, normal = (rng.permutation(np.flatnonzero(pool.labels == label)) for label in (1, 0))
    chosen = {f"top {k}": order[:k] for k in (10, 20, 50)}
    chosen |= {f"random {k}": mixed[:k] for k in (20, 50, 200)}
    chosen |= {f"anomalies {k}": odd[:k] for k in (5, 10, 20)}
    chosen["balanced 40"] = np.r_[odd[:20], normal[:20]]
    chosen["top 10, random 30"] = np.unique(np.r_[order[:10], mixed[:30]])
    chosen["anomalies of top 20"] = order[:20][pool.labels[order[:20]] == 1]
    found = {name: (rows, pool.labels[rows]) for name, rows in chosen.items()}
    for name in _FLIPPED:
        rows, labels = found[name]
        wrong = rng.permutation(len(rows))[: len(rows) // 5]
        flipped = labels.copy()
        flipped[wrong] = 1 - flipped[wrong]
        found[f"{name}, 1 in 5 wrong"] = rows, flipped
    return {name: (rows, labels) for name, (rows, labels) in found.items() if labels.any()}


def learn(case: Case, rows: np.ndarray, labels: np.ndarray, spread: float = 1.5) -> tuple[np.ndarray, float]:
    """Return the scores of the test records after label learning, and the fraction of the spread that was taken."""
    known_anomalous = case.place[rows[labels == 1]]
    assumed = np.delete(case.remembered, known_anomalous[known_anomalous >= 0], axis=0)
    of_labelled = case.pool.contributions[rows]
    known = LabelledContributions(of_labelled[labels == 1], of_labelled[labels == 0], thinned(assumed))
    learned = learn_weights(known, case.blend, spread)
    if not learned.step:
        return case.test.scores, 0.0
    by_member = list((case.test.contributions @ learned.columns).T)
    return case.blend.with_weights(learned.members).scores(by_member), learned.step


def trials(case: Case, seed: int) -> Iterator[Trial]:
    """Yield a trial for each choice of labels."""
    truth, before = case.test.labels, case.test.scores
    auroc, ap = roc_auc_score(truth, before), average_precision_score(truth, before)
    for name, (rows, labels) in choices(case.pool, np.random.default_rng(1000 + seed)).items():
        scores, step = learn(case, rows, labels)
        gains = roc_auc_score(truth, scores) - auroc, average_precision_score(truth, scores) - ap
        yield Trial(case.name, case.protocol, seed, name, *gains, step)


def report(found: list[Trial], n_worst: int = 5) -> str:
    """Return gains by choice of labels, harm, and the worst trials, as text."""
    by_choice: dict[str, list[Trial]] = defaultdict(list)
    for trial in found:
        by_choice[trial.choice].append(trial)
    lines = [
        f"{'labels':<28}{'trials':>7}{'AUROC':>9}{'worst':>8}{'harm':>6}{'AP':>9}{'worst':>8}{'harm':>6}  steps taken"
    ]
    for name, of_choice in [*by_choice.items(), ("all", found)]:
        aurocs, aps, steps = (np.array([getattr(t, of) for t in of_choice]) for of in ("auroc", "ap", "step"))
        cells = "".join(f"{g.mean():+9.4f}{g.min():+8.3f}{(g < -HARM).sum():6}" for g in (aurocs, aps))
        taken = ", ".join(f"{step:g}: {(steps == step).mean():.0%}" for step in np.unique(steps))
        lines.append(f"{name:<28}{len(of_choice):>7}{cells}  {taken}")
    lines.append("worst:")
    for trial in sorted(found, key=lambda t: t.auroc)[:n_worst]:
        what = f"{trial.table}, {trial.protocol}, seed {trial.seed}, {trial.choice}"
        lines.append(f"  {trial.auroc:+.3f} AUROC, {trial.ap:+.3f} AP, step {trial.step:g}: {what}")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality.label_learning", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--data", default="../shared/data/adbench", help="folder of ADBench .npz files")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1], help="seeds of tables, fits and labels")
    parser.add_argument("--tables", nargs="+", default=[], help="names of tables (default: all)")
    options = parser.parse_args(arguments)
    found: list[Trial] = []
    for seed in options.seeds:
        for name, x, y in [*made(seed), *read(Path(options.data), seed)]:
            for protocol in CLEAN if not options.tables or name in options.tables else ():
                fresh = list(trials(prepare(name, x, y, protocol, seed), seed))
                found += fresh
                gains = [trial.auroc for trial in fresh]
                print(f"{seed} {name} {protocol}: mean {np.mean(gains):+.4f}, worst {min(gains):+.4f}", flush=True)
    print(report(found))


if __name__ == "__main__":
    main()
