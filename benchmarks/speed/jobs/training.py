"""The three training jobs."""

from __future__ import annotations

import numpy as np

from benchmarks.speed.contestants import BLAS, OURS
from benchmarks.speed.figures import JobResult, Measurement, Target, ratio
from benchmarks.speed.networks import LARGE, MIDDLE, SMALL, TrainingJob
from benchmarks.speed.rounds import Settings, alternate

AGREE = 0.05
"""How far a contestant's loss after training may be from ours."""


def train_small(settings: Settings) -> JobResult:
    """Train the network of ten features, whose time is mostly overhead per step."""
    targets = {"PyTorch eager": 120, "Keras on JAX": 120, "JAX program": 30}
    return _train("train-small", SMALL, targets, settings)


def train_middle(settings: Settings) -> JobResult:
    """Train a network of typical size for tables."""
    targets = {"PyTorch eager": 8, "Keras on JAX": 8, "JAX program": 2.5}
    return _train("train-middle", MIDDLE, targets, settings)


def train_large(settings: Settings) -> JobResult:
    """Train a network that is mostly matrix products."""
    targets = {"PyTorch eager": 2, "PyTorch compiled": 2, "Keras on JAX": 2, "JAX program": 1}
    return _train("train-large", LARGE, targets, settings)


def _train(name: str, job: TrainingJob, targets: dict[str, float], settings: Settings) -> JobResult:
    if settings.quick:
        job = job.shortened(10)
    title = (
        f"{job.rows:,} x {job.sizes[0]}, {'-'.join(map(str, job.sizes))}, {job.output} output, batch {job.batch}, "
        f"{job.epochs} epochs"
    )
    result = JobResult(name, title)
    peers = [
        peer for peer in settings.peers if peer.name != "onnxruntime" and (peer is not BLAS or name == "train-large")
    ]
    message = {**job.to_message(), "c_program": settings.c_program}
    alternate(settings, [OURS, *peers], "train", message, result)
    for peer in peers:
        for threads in peer.threads:
            _compare(result, find(result, OURS.title, threads), find(result, peer.title, threads), targets)
    return result


def find(result: JobResult, contestant: str, threads: str, part: str = "") -> Measurement | None:
    """Return what a contestant took; None if it did not take part."""
    for one in result.measurements:
        if (one.contestant, one.threads, one.part) == (contestant, threads, part):
            return one
    return None


def _compare(
    result: JobResult, ours: Measurement | None, theirs: Measurement | None, targets: dict[str, float]
) -> None:
    if ours is None or theirs is None:
        return
    at = f"{theirs.threads} thread{'s' * (theirs.threads == 'all')}"
    if theirs.contestant == BLAS.title:
        target = Target("at least", 0.8) if theirs.threads == "one" else None
        figure = ratio(f"share of BLAS's matrix products in our time, {at}", theirs.values, ours.values, target)
    elif theirs.contestant == "C program":
        # The program tells the best of seven runs, so the best of seven of ours is held against it.
        figure = ratio("our time in times of the C program", ours.firsts, theirs.firsts, Target("at most", 1.25))
    else:
        bound = targets.get(theirs.contestant)
        target = None if bound is None else Target("at least", bound)
        figure = ratio(f"faster than {theirs.contestant}, {at}", theirs.values, ours.values, target)
    result.figures.append(figure)


def deviation(result: JobResult, one: Measurement) -> float | None:
    """Return by how much a contestant's loss differs from ours, relative to ours; None where that means nothing."""
    ours = find(result, OURS.title, one.threads)
    if ours is None or one.loss is None or ours.loss is None or one is ours or "no sigmoid" in one.note:
        return None
    return float(np.subtract(one.loss, ours.loss) / ours.loss)
