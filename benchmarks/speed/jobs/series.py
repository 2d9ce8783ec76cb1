"""The two training jobs on series."""

from __future__ import annotations

from benchmarks.speed.contestants import OURS
from benchmarks.speed.figures import JobResult, Target, ratio
from benchmarks.speed.jobs.training import find
from benchmarks.speed.rounds import Settings, alternate
from benchmarks.speed.sequences import CONVOLUTIONAL, LSTM, SequenceJob

_TAKES_PART = ("torch", "torch-compile", "keras", "keras-tensorflow")
_TARGET = Target("at least", 2.0)


def train_lstm(settings: Settings) -> JobResult:
    """Train an LSTM autoencoder: many small products, one after the other."""
    first, second = LSTM.units
    network = f"LSTM {first}, RepeatVector, LSTM {second}, TimeDistributed Dense"
    return _train("train-lstm", LSTM, network, settings)


def train_conv(settings: Settings) -> JobResult:
    """Train a convolutional autoencoder with dropout."""
    filters = [*CONVOLUTIONAL.units, CONVOLUTIONAL.features]
    network = f"Conv1D {filters[:2]}, Conv1DTranspose {filters[2:]}, dropout"
    return _train("train-conv", CONVOLUTIONAL, network, settings)


def _train(name: str, job: SequenceJob, network: str, settings: Settings) -> JobResult:
    if settings.quick:
        job = job.shortened(10)
    windows = f"{job.rows:,} windows of {job.steps} x {job.features}"
    result = JobResult(name, f"{windows}, {network}, batch {job.batch}, {job.epochs} epoch")
    peers = [peer for peer in settings.peers if peer.name in _TAKES_PART]
    alternate(settings, [OURS, *peers], "sequence", job.to_message(), result)
    titles = [peer.title for peer in peers]
    for threads in settings.threads:
        compare(result, titles, threads)
    return result


def compare(result: JobResult, peers: list[str], threads: str) -> None:
    """Add how many times as fast we are as each peer, and as the fastest of them, which is what is judged."""
    ours = find(result, OURS.title, threads)
    found = [one for title in peers if (one := find(result, title, threads)) is not None]
    if ours is None or not found:
        return
    at = f"{threads} thread{'s' * (threads == 'all')}"
    for theirs in found:
        result.figures.append(ratio(f"faster than {theirs.contestant}, {at}", theirs.values, ours.values))
    fastest = min(found, key=lambda one: one.median)
    what = f"faster than the fastest of them, {fastest.contestant}, {at}"
    result.figures.append(ratio(what, fastest.values, ours.values, _TARGET))
