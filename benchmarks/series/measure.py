"""Run detectors on the cases of the parts."""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from benchmarks.series.contestants import Contestant, entry, is_ours, version_of
from benchmarks.series.contestants.ours import Ours
from benchmarks.series.parts import alarms, families, faults, nab, skab
from benchmarks.series.parts.part import Case, Outcome, Part
from nnlite.types import Array

PARTS = cast("dict[str, Part]", {"families": families, "skab": skab, "nab": nab, "alarms": alarms, "faults": faults})

Result = dict[str, Any]
"""``part``, ``case``, ``group``, ``seed``, ``detector``, ``version`` and the metrics of the part; after an error,
``error`` and the metrics of no alarm and equal scores."""

KEYS = ("part", "case", "seed", "detector", "quick")


@dataclass(frozen=True)
class Plan:
    """What is to be measured.

    Attributes
    ----------
    detectors, parts, names : tuple of str
        Names of contestants, of parts, and of cases; no names stand for all cases.
    seeds : int
        Number of seeds.
    quick : bool
        Whether only a few short cases are run.
    data : str
        Folder of the data files.
    """

    detectors: tuple[str, ...]
    parts: tuple[str, ...]
    names: tuple[str, ...]
    seeds: int
    quick: bool
    data: str


def cases_of(plan: Plan) -> Iterator[tuple[str, int, Case]]:
    """Yield the cases of a plan, with their part and seed."""
    for part in plan.parts:
        for seed in range(plan.seeds):
            for case in PARTS[part].cases(Path(plan.data), seed, plan.quick):
                if not plan.names or case.name in plan.names:
                    yield part, seed, case


def key_of(result: Result) -> tuple[Any, ...]:
    """Return what identifies a run, whatever the version of the detector."""
    return tuple(result[key] for key in KEYS)


def read(path: Path) -> list[Result]:
    """Return the last result of each run in a file; none if there is no file."""
    lines = path.read_text().splitlines() if path.exists() else []
    return list({key_of(result): result for result in map(json.loads, lines)}.values())


def measure_into(path: Path, plan: Plan) -> None:
    """Measure what is not in the file yet, of the present versions; append and print each result as it comes."""
    done = {key_of(result): result["version"] for result in read(path)}
    versions = {name: version_of(name) for name in plan.detectors}
    warm: set[str] = set()
    with warnings.catch_warnings(), path.open("a") as file:
        warnings.simplefilter("ignore")
        for part, seed, case in cases_of(plan):
            for name, version in versions.items():
                about = {"part": part, "case": case.name, "group": case.group, "seed": seed, "detector": name}
                about |= {"quick": plan.quick, "version": version}
                if done.get(key_of(about)) != version:
                    result = about | _figures(PARTS[part], case, name, seed, warm)
                    file.write(json.dumps(result) + "\n")
                    file.flush()
                    print(part, case.name, seed, name, result.get("error") or f"{result['seconds']:.1f} s", flush=True)


def _figures(part: Part, case: Case, name: str, seed: int, warm: set[str]) -> Result:
    try:
        if name not in warm:
            _warm_up(name)
            warm.add(name)
        return part.figures(case, run(case, _made(name, seed, case.causal)))
    except Exception as error:  # A detector that fails does not end the comparison.
        return {"error": repr(error), **part.refused(case)}


def run(case: Case, contestant: Contestant) -> Outcome:
    """Fit a detector to the training series of a case, and score its segments.

    Raises
    ------
    ValueError
        If it does not return a finite score for each step.
    """
    start = time.perf_counter()
    contestant.fit(case.train)
    fitted = time.perf_counter()
    found = [_scored(contestant, segment.series) for segment in case.segments]
    scores, flags = [one for one, _ in found], [labels for _, labels in found]
    scored = time.perf_counter()
    for one, segment in zip(scores, case.segments, strict=True):
        if one.shape != (len(segment.series),) or not np.isfinite(one).all():
            raise ValueError(f"expected {len(segment.series)} finite scores; found shape {one.shape} or other values")
    return Outcome(scores, flags, fitted - start, scored - fitted)


def _scored(contestant: Contestant, series: Array) -> tuple[Array, Array]:
    """Return scores and labels of a series: those of the detector, if it tells them, or by its threshold."""
    if isinstance(contestant, Ours):
        return contestant.scored(series)
    scores = np.asarray(contestant.scores(series), np.float64)
    return scores, (scores > contestant.threshold).astype(np.int64)


def _made(name: str, seed: int, causal: bool) -> Contestant:
    if causal and is_ours(name):
        return entry(name).make(seed, causal=True)
    return entry(name).make(seed)


def _warm_up(name: str) -> None:
    """Import and compile what the detector needs: this happens once, and is not timed."""
    series = np.sin(np.arange(400.0) / 5)[:, np.newaxis] + 0.1 * np.random.default_rng(0).normal(size=(400, 1))
    contestant = entry(name).make(0)
    contestant.fit(series)
    contestant.scores(series[:200].copy())
