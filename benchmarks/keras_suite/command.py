"""``python -m benchmarks keras-suite``: Keras's own unit tests, run on nnlite."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.arguments import some_of
from benchmarks.keras_suite.areas import AREAS, LEFT_OUT, files_of
from benchmarks.other_python import NoSuchPython, ask, order

_WORKER = "benchmarks.keras_suite.worker"
COLUMNS = ("passed", "refused in other words", "name missing", "numbers differ", "failed", "not loaded")
"""Outcomes of tests that apply."""


def main(arguments: Sequence[str]) -> int:
    """Run the tests; return 0, or 1 if a test fails in comparing numbers."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks keras-suite", description=__doc__)
    parser.add_argument("--keras-python", required=True, metavar="PYTHON", help="a Python with Keras and pytest")
    parser.add_argument("--areas", type=some_of(AREAS), metavar="A,B", help=f"of {', '.join(AREAS)}; default all")
    parser.add_argument("--failures", action="store_true", help="list every test that applies and does not pass")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result of every test to a file")
    options = parser.parse_args(arguments)
    try:
        known = ask(options.keras_python, _WORKER, "Keras and pytest")
    except NoSuchPython as error:
        parser.error(str(error))
    files = {area: files_of(area, known["files"]) for area in options.areas or AREAS}
    results = _run(options.keras_python, [file for several in files.values() for file in several])
    by_area = {
        area: [one for one in results if one["test"].partition("::")[0] in several] for area, several in files.items()
    }
    print(f"tests of Keras {known['version']}, run on nnlite")
    print("\n".join(table(by_area)))
    print("\n".join(excluded(results)))
    if options.failures:
        print("\n".join(f"{one['test']}: {one['outcome']}: {one['why']}" for one in results if _fails(one)))
    if options.json:
        options.json.write_text(json.dumps({"keras": known["version"], "tests": results}, indent=1), encoding="utf-8")
    return int(any(one["outcome"] == "numbers differ" for one in results))


def _run(python: str, files: list[str]) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "results.json"
        order(python, _WORKER, {"files": files, "output": str(output)})
        found: list[dict[str, Any]] = json.loads(output.read_text(encoding="utf-8"))
        return found


def _fails(result: Mapping[str, Any]) -> bool:
    return result["outcome"] not in ("passed", "excluded")


def table(by_area: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    """Return the lines of a table: the outcomes of each area's tests, and of all.

    Parameters
    ----------
    by_area : mapping of str to sequence of mapping
        Results of tests, each with "outcome".

    Examples
    --------
    >>> print(table({"losses": [{"outcome": "passed"}, {"outcome": "failed"}, {"outcome": "excluded"}]})[-1])
    | **all** | 2 | 1 (50 %) | 0 | 0 | 0 | 1 | 0 | 1 |
    """
    heads = ["area", "apply", *COLUMNS, "excluded"]
    lines = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    everything = [one for several in by_area.values() for one in several]
    for area, several in [*by_area.items(), ("**all**", everything)]:
        counts = Counter(one["outcome"] for one in several)
        apply = sum(counts.values()) - counts["excluded"]
        share = f" ({100 * counts['passed'] / apply:.0f} %)" if apply else ""
        cells = [area, apply, f"{counts['passed']}{share}", *(counts[one] for one in COLUMNS[1:]), counts["excluded"]]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return lines


def excluded(results: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return how many tests each reason excludes, and the files that are not run.

    Examples
    --------
    >>> excluded([{"outcome": "excluded", "why": "another framework: jax"}])[1]
    '    1  another framework'
    """
    reasons = Counter(_kind_of(one["why"]) for one in results if one["outcome"] == "excluded")
    lines = ["excluded:", *(f"{count:5d}  {reason}" for reason, count in reasons.most_common())]
    return [*lines, "files not run:", *(f"       {file}: {reason}" for file, reason in LEFT_OUT.items())]


def _kind_of(why: str) -> str:
    """Return the reason of an exclusion without what differs from test to test."""
    return why.rpartition("is not here: ")[2] if "is not here: " in why else why.partition(":")[0]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
