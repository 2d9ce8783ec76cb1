"""Measure detectors of other projects in the Python where they are installed.

That Python runs this file as ``python -m benchmarks.quality.elsewhere``, with a question in JSON as its argument.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from benchmarks.other_python import NoSuchPython, ask, order
from benchmarks.quality.contestants import CONTESTANTS
from benchmarks.quality.measure import measure_into
from benchmarks.quality.results import Plan

__all__ = ["NoSuchPython", "measure_there", "missing_here", "missing_there"]

_MODULE = "benchmarks.quality.elsewhere"


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
    return ask(python, _MODULE, "numpy, pandas and scikit-learn")


def measure_there(python: str, path: Path, plan: Plan) -> None:
    """Measure a plan in another Python, into the same file.

    Raises
    ------
    subprocess.CalledProcessError
        If that process fails; what it had measured is in the file.
    """
    question = {"path": str(path.resolve()), "plan": asdict(plan) | {"data": str(Path(plan.data).resolve())}}
    order(python, _MODULE, question)


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
