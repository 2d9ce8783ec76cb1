"""Run a module of the benchmarks in another Python, where the detectors of other projects are installed."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_PROJECT = Path(__file__).resolve().parents[1]


class NoSuchPython(Exception):
    """The Python that was named cannot run the comparison."""


def ask(python: str, module: str, needed: str) -> Any:
    """Return the answer of a module, in JSON on its standard output, to an empty question.

    Raises
    ------
    NoSuchPython
        If there is no such file, or it lacks what every contestant needs.
    """
    try:
        done = subprocess.run(
            _command(python, module, {}), env=_environment(), capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise NoSuchPython(f"{python!r} cannot be run: {error.strerror}") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["without a word"])[-1]
        raise NoSuchPython(f"{python!r} needs {needed} at least; it ended with: {last}")
    return json.loads(done.stdout)


def order(python: str, module: str, question: Mapping[str, object]) -> None:
    """Let a module carry out a question, which it is given in JSON as its argument.

    Raises
    ------
    subprocess.CalledProcessError
        If that process fails.
    """
    subprocess.run(_command(python, module, question), env=_environment(), check=True)


def _command(python: str, module: str, question: Mapping[str, object]) -> list[str]:
    return [python, "-m", module, json.dumps(question)]


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(_PROJECT)}
