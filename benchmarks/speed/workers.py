"""A worker as its employer sees it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from typing import Any

from benchmarks.speed.contestants import Contestant
from benchmarks.speed.environment import PROJECT, worker_environment

_PAUSE = 0.05
"""Seconds before a turn, in which the threads of whoever ran before go to sleep."""


class Skipped(Exception):
    """Says why a contestant does not take part."""


class Worker:
    """A process that does one job for one contestant. Use as a context manager.

    Parameters
    ----------
    contestant : Contestant
        Who.
    threads : {"one", "all"}
        How many threads it may use.
    python : str
        The interpreter.
    """

    def __init__(self, contestant: Contestant, threads: str, python: str = sys.executable) -> None:
        self.contestant, self.threads = contestant, threads
        self._messages = tempfile.TemporaryFile()  # noqa: SIM115 (closed in `close`)
        process = subprocess.Popen(
            [python, "-m", "benchmarks.speed.worker", contestant.module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._messages,
            text=True,
            env=worker_environment(threads),
            cwd=PROJECT,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        self._process, self._commands, self._answers = process, process.stdin, process.stdout

    def prepare(self, kind: str, job: dict[str, Any]) -> dict[str, Any]:
        """Let it get ready; return what it says about itself.

        Raises
        ------
        Skipped
            If it cannot do the job.
        """
        return self._ask({"do": "prepare", "kind": kind, "job": job})

    def turn(self, part: str = "") -> dict[str, Any]:
        """Let it run (one part of) its job, and return what it took."""
        time.sleep(_PAUSE)
        return self._ask({"do": "time", "part": part})

    def _ask(self, command: dict[str, Any]) -> dict[str, Any]:
        try:
            self._commands.write(json.dumps(command) + "\n")
            self._commands.flush()
            line = self._answers.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise Skipped(f"its process ended unexpectedly: {self._last_message()}")
        answer = json.loads(line)
        if "skipped" in answer:
            raise Skipped(answer["skipped"])
        return answer

    def _last_message(self) -> str:
        self._messages.seek(0)
        lines = self._messages.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "without a word"

    def close(self) -> None:
        """End the process."""
        with suppress(BrokenPipeError):
            self._commands.close()
        try:
            self._process.wait(3)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._answers.close()
        self._messages.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
