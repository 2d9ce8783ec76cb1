"""Measure detectors of other projects in the Python where they are installed.

That Python runs this file as ``python -m benchmarks.quality.elsewhere``, with a question in JSON as its argument.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from benchmarks.quality.contestants import CONTESTANTS
from benchmarks.quality.measure import measure_into
from benchmarks.quality.results import Plan

_PROJECT = Path(__file__).resolve().parents[2]


class NoSuchPython(Exception):
    """The Python that was named cannot run the comparison."""


def missing_here() -> dict[str, list[str]]:
    """Return the missing packages of each contestant in this Python."""
    return {name: entry.missing() for name, entry in CONTESTANTS.items()}


def missing_there(python: str) -> dict[str, list[str]]:
    """Return the missing packages of each contestant in another Python.

    Raises
    ------
    NoSuchPython
        If there is no such file, or it lacks what every contestant needs.
    """
    try:
        done = subprocess.run(_command(python, {}), env=_environment(), capture_output=True, text=True, check=False)
    except OSError as error:
        raise NoSuchPython(f"{python!r} cannot be run: {error.strerror}") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["without a word"])[-1]
        raise NoSuchPython(f"{python!r} needs numpy, pandas and scikit-learn at least; it ended with: {last}")
    return json.loads(done.stdout)


def measure_there(python: str, path: Path, plan: Plan) -> None:
    """Measure a plan in another Python, into the same file.

    Raises
    ------
    subprocess.CalledProcessError
        If that process fails; what it had measured is in the file.
    """
    question = {"path": str(path.resolve()), "plan": asdict(plan) | {"data": str(Path(plan.data).resolve())}}
    subprocess.run(_command(python, question), env=_environment(), check=True)


def _command(python: str, question: Mapping[str, object]) -> list[str]:
    return [python, "-m", "benchmarks.quality.elsewhere", json.dumps(question)]


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(_PROJECT)}


def main(arguments: list[str]) -> None:
    """Answer a question: an empty one is for the missing packages."""
    question = json.loads(arguments[0])
    if question:
        plan = {name: tuple(value) if isinstance(value, list) else value for name, value in question["plan"].items()}
        measure_into(Path(question["path"]), Plan(**plan))
    else:
        print(json.dumps(missing_here()))


if __name__ == "__main__":
    main(sys.argv[1:])
