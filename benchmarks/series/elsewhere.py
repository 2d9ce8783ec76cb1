"""Measure detectors of other projects in the Python where they are installed.

That Python runs this file as ``python -m benchmarks.series.elsewhere``, with a question in JSON as its argument.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from benchmarks.other_python import ask, order
from benchmarks.series.contestants import CONTESTANTS
from benchmarks.series.measure import Plan, measure_into

_MODULE = "benchmarks.series.elsewhere"


def missing_here() -> dict[str, list[str]]:
    """Return the missing packages of each contestant in this Python."""
    return {name: entry.missing() for name, entry in CONTESTANTS.items()}


def missing_there(python: str) -> dict[str, list[str]]:
    """Return the missing packages of each contestant in another Python; raise NoSuchPython if it cannot be used."""
    return ask(python, _MODULE, "numpy")


def measure_there(python: str, path: Path, plan: Plan) -> None:
    """Measure a plan in another Python, into the same file.

    Raises
    ------
    subprocess.CalledProcessError
        If that process fails; what it had measured is in the file.
    """
    order(
        python,
        _MODULE,
        {"path": str(path.resolve()), "plan": asdict(plan) | {"data": str(Path(plan.data).resolve())}},
    )


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
