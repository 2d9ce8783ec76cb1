"""Fit and evaluate detectors on splits."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from anomaly.metrics import average_precision_score, roc_auc_score
from benchmarks.quality.contestants import make, version_of
from benchmarks.quality.protocols import PROTOCOLS, Protocol, Split
from benchmarks.quality.results import Plan, Result, append, key_of, read


def evaluate(name: str, data: Split, seed: int) -> Result:
    """Fit one detector and evaluate its scores.

    Parameters
    ----------
    name : str
        Name of the detector.
    data : Split
        Training and test records.
    seed : int
        Seed of the detector.

    Returns
    -------
    dict
        ``auroc``, ``ap``, ``fit_seconds`` and ``score_seconds``.

    Raises
    ------
    ValueError
        If a score is not finite.
    """
    contestant = make(name, seed, data.contamination)
    start = time.perf_counter()
    contestant.fit(data.train)
    fitted = time.perf_counter()
    scores = contestant.own_scores() if data.own else contestant.scores(data.test)
    scored = time.perf_counter()
    if not np.isfinite(scores).all():
        raise ValueError(f"{np.count_nonzero(~np.isfinite(scores))} of {len(scores)} scores are not finite")
    return {
        "auroc": roc_auc_score(data.labels, scores),
        "ap": average_precision_score(data.labels, scores),
        "fit_seconds": fitted - start,
        "score_seconds": scored - fitted,
    }


def measure(plan: Plan, done: dict[tuple, str]) -> Iterator[Result]:
    """Yield the result of each run that is not done.

    Parameters
    ----------
    plan : Plan
        What is to be measured.
    done : dict of tuple to str
        Keys of the runs that were measured, and the detector's version then; runs of other versions are measured again.
    """
    versions = {name: version_of(name) for name in plan.detectors}
    warm: set[str] = set()
    for protocol, table, seed, cut in _cuts(plan):
        keys = {name: (protocol.name, table, seed, name) for name in plan.detectors}
        remaining = [name for name in plan.detectors if done.get(keys[name]) != versions[name]]
        data = cut(seed) if remaining else None
        for name in remaining:
            if name not in warm:
                _warm_up(name)
                warm.add(name)
            about = {"protocol": protocol.name, "table": table, "seed": seed, "detector": name}
            about |= {"version": versions[name], "chance": float(data.labels.mean())}
            try:
                yield {**about, **evaluate(name, data, seed)}
            except Exception as error:  # A detector that fails does not end the comparison.
                yield {**about, "error": repr(error)}


def _cuts(plan: Plan) -> Iterator[tuple[Protocol, str, int, object]]:
    parts = [part for name in plan.protocols for part in PROTOCOLS[name]]
    for protocol in parts:
        for table, cut in protocol.tables(protocol.files(Path(plan.data))):
            if not plan.tables or table in plan.tables:
                for seed in range(plan.seeds):
                    yield protocol, table, seed, cut


def _warm_up(name: str) -> None:
    """Import and compile what the detector needs: this happens once, and is not timed."""
    records = np.random.default_rng(0).normal(size=(200, 4))
    contestant = make(name, 0)
    contestant.fit(records)
    contestant.scores(records)


def measure_into(path: Path, plan: Plan) -> None:
    """Measure the results that are not in the file yet, and append and print each."""
    done = {key_of(result): result["version"] for result in read(path)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        append(path, map(_printed, measure(plan, done)))


def _printed(result: Result) -> Result:
    shown = result.get("error") or f"AUROC {result['auroc']:.3f}  AP {result['ap']:.3f}  {result['fit_seconds']:.2f} s"
    print(*key_of(result), shown, flush=True)
    return result
