"""Promises of the accuracy of explanations, over faults in made-up tables."""

from __future__ import annotations

from benchmarks.promises.promise import Promise, about
from benchmarks.quality.explanations import Plan, measure


def _named_first(seed: int, data: str) -> float:
    """Return the fraction of the alarms of all kinds whose column `explain` names first."""
    plan = Plan(seeds=1, first_seed=seed, detector=data, families=("made-up",), peers=False)
    found, _ = measure(plan)
    return sum(trial.first["explain"] for trial in found) / sum(trial.alarms for trial in found)


def _promise(detector: str, percent: int) -> Promise:
    return Promise(
        f"anomaly.{detector}.explain",
        f"came first in {percent} %",
        "fraction of alarms with the altered column first",
        _named_first,
        about(percent / 100, within=0.01),
        (detector,),
        seeds=2,
        short=0,
    )


PROMISES = (
    _promise("TableDetector", 99),
    _promise("AutoencoderDetector", 96),
    _promise("VariationalDetector", 96),
)
