"""Inference from Python: one record, and many."""

from __future__ import annotations

from benchmarks.speed.contestants import OURS
from benchmarks.speed.figures import JobResult, Target, ratio, single
from benchmarks.speed.jobs.training import find
from benchmarks.speed.networks import MIDDLE
from benchmarks.speed.rounds import Settings, alternate

_TAKES_PART = ("onnxruntime", "torch", "torch-compile")


def predict_one(settings: Settings) -> JobResult:
    """Predict one record at a time, from array to array."""
    result = JobResult("predict-one", f"one record through {'-'.join(map(str, MIDDLE.sizes))}, from Python")
    _predict(settings, result, "predict-one", 1)
    for threads in settings.threads:
        ours = find(result, OURS.title, threads)
        if ours is not None:
            what = f"time of a call, {threads} thread{'s' * (threads == 'all')}"
            result.figures.insert(0, single(what, ours.values, "s", Target("at most", 3e-6)))
    return result


def predict_many(settings: Settings) -> JobResult:
    """Predict many records at once."""
    rows = 5000 if settings.quick else 100_000
    result = JobResult("predict-many", f"{rows:,} records through {'-'.join(map(str, MIDDLE.sizes))}")
    _predict(settings, result, "predict-many", rows)
    return result


def _predict(settings: Settings, result: JobResult, kind: str, rows: int) -> None:
    peers = [peer for peer in settings.peers if peer.name in _TAKES_PART]
    alternate(settings, [OURS, *peers], kind, {"network": MIDDLE.to_message(), "rows": rows}, result)
    for peer in peers:
        for threads in settings.threads:
            ours, theirs = find(result, OURS.title, threads), find(result, peer.title, threads)
            if ours is not None and theirs is not None:
                what = f"faster than {peer.title}, {threads} thread{'s' * (threads == 'all')}"
                wanted = peer.name == "onnxruntime" or kind == "predict-many"
                target = Target("at least", 1.0) if wanted else None
                result.figures.append(ratio(what, theirs.values, ours.values, target))
