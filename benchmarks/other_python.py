"""Run a module of the benchmarks in another Python, where the detectors of other projects are installed."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
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


def divided(
    wanted: Sequence[str] | None,
    known: Sequence[str],
    lacking: Mapping[str, Sequence[str]],
    elsewhere: Mapping[str, Sequence[str]],
    python: str | None,
) -> tuple[list[str], list[str]]:
    """Return the contestants to run in this Python, and in another one.

    Parameters
    ----------
    wanted : sequence of str, optional
        Contestants that were named; by default all that can be run.
    known : sequence of str
        All contestants.
    lacking, elsewhere : mapping of str to sequence of str
        Missing packages of each, in this Python and in the other.
    python : str, optional
        The other Python, for the error.

    Raises
    ------
    ModuleNotFoundError
        If a contestant that was named has its packages in neither.
    """
    absent = [name for name in wanted or () if lacking[name] and elsewhere[name]]
    if absent:
        packages = sorted({package for name in absent for package in elsewhere[name]})
        raise ModuleNotFoundError(
            f"{', '.join(absent)} cannot be run: {python or 'this Python'} has no {' and no '.join(packages)}; "
            "install it, or name a Python that has it with --peers-python"
        )
    chosen = wanted or [name for name in known if not lacking[name] or not elsewhere[name]]
    here = [name for name in chosen if not lacking[name]]
    return here, [name for name in chosen if name not in here]


def _command(python: str, module: str, question: Mapping[str, object]) -> list[str]:
    return [python, "-m", module, json.dumps(question)]


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(_PROJECT)}
