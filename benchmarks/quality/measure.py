"""Fit and evaluate detectors on splits."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from anomaly.metrics import average_precision_score, roc_auc_score
from benchmarks.quality.contestants import make, version_of
from benchmarks.quality.protocols import Split, cuts, parts
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


def measure(plan: Plan, done: dict[tuple[Any, ...], str]) -> Iterator[Result]:
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
    for protocol, table, cut in cuts(parts(plan.protocols), Path(plan.data), plan.tables):
        for seed in range(plan.seeds):
            about = {
                name: {"protocol": protocol, "table": table, "seed": seed, "detector": name, "version": version}
                for name, version in versions.items()
            }
            remaining = [name for name in plan.detectors if done.get(key_of(about[name])) != versions[name]]
            if remaining:
                yield from (about[name] | result for name, result in _of_split(remaining, cut(seed), seed, warm))


def _of_split(names: list[str], data: Split, seed: int, warm: set[str]) -> Iterator[tuple[str, Result]]:
    """Yield the name of each detector and its figures or its error; `warm` remembers which of them have run before."""
    for name in names:
        chance: Result = {"chance": float(data.labels.mean())}
        try:
            if name not in warm:
                _warm_up(name)
                warm.add(name)
            yield name, chance | evaluate(name, data, seed)
        except Exception as error:  # A detector that fails does not end the comparison.
            yield name, chance | {"error": repr(error)}


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
