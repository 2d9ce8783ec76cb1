"""Jobs of whole processes: each contestant is a program in a process of its own, and all take turns."""

from __future__ import annotations

import json
import os
import random
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.speed.environment import PROJECT, worker_environment
from benchmarks.speed.figures import JobResult, Measurement
from benchmarks.speed.rounds import Settings


@dataclass(frozen=True)
class Program:
    """A program that does a job.

    Attributes
    ----------
    title : str
        Who does the job.
    arguments : list of str
        Arguments of the interpreter.
    python : str
        The interpreter.
    environment : dict of str to str
        Further environment variables.
    reports : bool
        Whether the last line of its output is JSON with "seconds" and "processor", what it measured of itself; by
        default the whole process counts, its start too.
    """

    title: str
    arguments: list[str]
    python: str
    environment: dict[str, str] = field(default_factory=dict)
    reports: bool = False


def take_turns(
    settings: Settings, programs: Sequence[Program], result: JobResult, threads: str, part: str = ""
) -> None:
    """Let programs run in turn, each once before that, and add what they took to `result`."""
    remaining, answers = [], {program.title: ([], []) for program in programs}  # type: ignore[var-annotated]
    for program in programs:
        settings.say(f"  {program.title}, {threads} thread{'s' * (threads == 'all')}: warming up")
        try:
            run_once(program, threads)
            remaining.append(program)
        except RuntimeError as error:
            result.skipped[program.title] = str(error).strip().splitlines()[-1]
    order = random.Random(0)
    for number in range(settings.rounds):
        settings.say(f"  round {number + 1} of {settings.rounds}")
        order.shuffle(remaining)
        for program in remaining:
            seconds, processor = run_once(program, threads)
            answers[program.title][0].append(seconds)
            answers[program.title][1].append(processor)
    for program in programs:
        seconds_of_all, processor_of_all = answers[program.title]
        if seconds_of_all:
            result.measurements.append(
                Measurement(program.title, threads, seconds_of_all, part, processor=processor_of_all)
            )


def run_once(program: Program, threads: str) -> tuple[float, float]:
    """Run a program; return its seconds, and those of the processor."""
    before, start = os.times(), time.perf_counter()
    done = subprocess.run(
        [program.python, *program.arguments],
        env=worker_environment(threads, program.environment),
        cwd=program.environment.get("PYTHONPATH", str(PROJECT)),
        capture_output=True,
        text=True,
        check=False,
    )
    seconds, after = time.perf_counter() - start, os.times()
    if done.returncode:
        raise RuntimeError(done.stderr or f"{program.title} ended with {done.returncode}")
    if program.reports:
        answer = json.loads(done.stdout.splitlines()[-1])
        return float(answer["seconds"]), float(answer["processor"])
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return seconds, used


def processor_of(result: JobResult, title: str, threads: str, part: str = "") -> list[float] | None:
    """Return the processor seconds of a contestant, which a busy machine hardly changes; None if it has none."""
    for one in result.measurements:
        if (one.contestant, one.threads, one.part) == (title, threads, part):
            return one.processor
    return None
