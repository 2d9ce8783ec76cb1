"""Two fits in two threads."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.speed.contestants import OURS
from benchmarks.speed.figures import JobResult, Target, ratio
from benchmarks.speed.jobs.training import find
from benchmarks.speed.networks import MIDDLE
from benchmarks.speed.rounds import Settings, alternate
from nnlite.processors import available_processors


def two_fits(settings: Settings) -> JobResult:
    """Fit two models of one thread each, one after the other and side by side."""
    result = JobResult("two-fits", "two fits of train-middle, one after the other and in two threads")
    if available_processors() < 2:
        result.skipped[OURS.title] = "there is only one core"
        return result
    job = MIDDLE.shortened(10) if settings.quick else MIDDLE
    parts = ("one after the other", "in two threads")
    alternate(replace(settings, threads=("one",)), [OURS], "pair", {"network": job.to_message()}, result, parts)
    apart, together = (find(result, OURS.title, "one", part) for part in parts)
    if apart is not None and together is not None:
        what = "faster in two threads than one after the other"
        result.figures.append(ratio(what, apart.values, together.values, Target("at least", 1.8)))
    return result
