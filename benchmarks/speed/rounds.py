"""Rounds: every contestant gets ready, then all take turns."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from benchmarks.speed.contestants import Contestant
from benchmarks.speed.figures import JobResult, Measurement
from benchmarks.speed.workers import Skipped, Worker


@dataclass
class Settings:
    """What was asked for on the command line.

    Attributes
    ----------
    peers : sequence of Contestant
        Who takes part beside us.
    python, peers_python : str
        Interpreters for our own work and for the peers'.
    tensorflow_python : str
        Interpreter for TensorFlow, which may not go together with the rest; by default that of the peers.
    rounds : int
        Turns of each contestant.
    threads : tuple of str
        "one", "all", or both.
    quick : bool
        Whether jobs are made smaller.
    c_program : str
        Path of the C program.
    memory_gigabytes : float
        Size of the memory-mapped file.
    nslkdd : str
        Path of a file of NSL-KDD, for the search for neighbors.
    earlier : str
        Folder with the sources of an earlier version to compare with, in jobs of whole processes; by default none.
    say : callable
        Told what is going on.
    """

    peers: Sequence[Contestant]
    python: str
    peers_python: str
    rounds: int = 5
    threads: tuple[str, ...] = ("one", "all")
    quick: bool = False
    c_program: str = ""
    memory_gigabytes: float = 1.0
    nslkdd: str = ""
    earlier: str = ""
    tensorflow_python: str = ""
    say: Callable[[str], object] = print
    versions: dict[str, str] = field(default_factory=dict)

    def python_of(self, contestant: Contestant) -> str:
        """Return the interpreter that a contestant runs in."""
        if contestant.ours:
            return self.python
        return self.tensorflow_python or self.peers_python if contestant.tensorflow else self.peers_python


def alternate(
    settings: Settings,
    contestants: Sequence[Contestant],
    kind: str,
    job: dict[str, Any],
    result: JobResult,
    parts: Sequence[str] = ("",),
) -> None:
    """Let contestants do a job in turn and add what they took to `result`.

    Parameters
    ----------
    settings : Settings
        Rounds, threads and interpreters.
    contestants : sequence of Contestant
        Who; each round in another order, so that nobody always follows the same neighbour.
    kind : str
        What is to be done: "train", "sequence", "predict-one", "predict-many", "product", "neighbors", "pair" or
        "growth".
    job : dict
        What it is to be done with.
    result : JobResult
        Gets the measurements, and who was skipped.
    parts : sequence of str
        What is measured apart.
    """
    for threads in settings.threads:
        with ExitStack() as open_workers:
            workers: dict[Worker, dict[str, Any]] = {}
            for contestant in contestants:
                if threads not in contestant.threads or contestant.title in result.skipped:
                    continue
                settings.say(f"  {contestant.title}, {threads} thread{'s' * (threads == 'all')}: warming up")
                worker = open_workers.enter_context(Worker(contestant, threads, settings.python_of(contestant)))
                try:
                    workers[worker] = worker.prepare(kind, job)
                    settings.versions.update(workers[worker]["versions"])
                except Skipped as reason:
                    result.skipped[contestant.title] = str(reason)
                    worker.close()
            turns = _take_turns(settings, list(workers), result, parts)
        for (worker, part), answers in turns.items():
            if worker.contestant.title not in result.skipped:
                result.measurements.append(_measurement(worker, part, answers, workers[worker]["note"]))


def _take_turns(
    settings: Settings, workers: list[Worker], result: JobResult, parts: Sequence[str]
) -> dict[tuple[Worker, str], list[dict[str, Any]]]:
    turns: dict[tuple[Worker, str], list[dict[str, Any]]] = {(worker, part): [] for worker in workers for part in parts}
    order = random.Random(0)
    for number in range(settings.rounds):
        settings.say(f"  round {number + 1} of {settings.rounds}")
        order.shuffle(workers)
        for part in parts:
            for worker in list(workers):
                try:
                    turns[worker, part].append(worker.turn(part))
                except Skipped as reason:
                    result.skipped[worker.contestant.title] = str(reason)
                    workers.remove(worker)
    return turns


def _measurement(worker: Worker, part: str, answers: list[dict[str, Any]], note: str) -> Measurement:
    return Measurement(
        worker.contestant.title,
        worker.threads,
        [answer["seconds"] for answer in answers],
        part,
        firsts=[answer["first"] for answer in answers],
        loss=answers[-1]["loss"],
        processor=[answer["processor"] for answer in answers if answer["processor"] is not None],
        note=note,
    )
