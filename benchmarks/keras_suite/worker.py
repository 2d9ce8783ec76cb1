"""Run files of Keras's tests on nnlite, in the Python where Keras is installed; its answers are JSON."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import resource
import signal
import sys
import time
import traceback
import unittest
import warnings
from collections.abc import Iterator
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

from benchmarks.keras_suite.exclusions import reason_of_absence, reason_of_error, reason_of_name

_LONGEST = 20
"""Seconds after which a test is given up."""

# What tells the kinds of failures apart, by the name of the error.
_KINDS = {
    "MissingName": "name missing",
    "OtherWords": "refused in other words",
    "DifferentNumbers": "numbers differ",
    "InternalName": "excluded",
    "NotApplicable": "excluded",
    "Skipped": "excluded",
}


def keras_folder() -> Path:
    """Return the folder of Keras's package, without importing it."""
    spec = find_spec("keras")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("keras is not installed", name="keras")
    return Path(spec.submodule_search_locations[0])


def run_file(file: str, only: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield the result of each test of a file: its name, outcome, and the last line of its error."""
    name = f"keras.src.{file.removesuffix('.py').replace('/', '.')}"
    try:
        module = importlib.import_module(name)
    except Exception as error:
        yield {"test": f"{file}::(loading)", "outcome": "not loaded", "why": f"{type(error).__name__}: {error}"[:400]}
        return
    for case in _cases(unittest.defaultTestLoader.loadTestsFromModule(module)):
        test = f"{file}::{type(case).__name__}.{case._testMethodName}"
        if type(case).__module__ != name or (only and only not in test):
            continue
        reason = reason_of_name(test) or _skipped_by_mark(case)
        yield {"test": test, "outcome": "excluded", "why": reason} if reason else {"test": test, **_run(case)}


def _cases(suite: Any) -> Iterator[Any]:
    for one in suite:
        yield from _cases(one) if isinstance(one, unittest.TestSuite) else (one,)


def _skipped_by_mark(case: Any) -> str | None:
    """Return the reason of a mark of pytest by which a test skips itself, or None."""
    method = getattr(type(case), case._testMethodName)
    for mark in [*getattr(type(case), "pytestmark", []), *getattr(method, "pytestmark", [])]:
        if mark.name == "skipif" and mark.args[0]:
            return f"skips itself: {mark.kwargs.get('reason', '')}"
        if mark.name == "multi_device":
            return "skips itself: several devices"
    return None


def _run(case: Any) -> dict[str, Any]:
    result = unittest.TestResult()
    signal.signal(signal.SIGALRM, _give_up)
    signal.alarm(_LONGEST)
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        case.run(result)
    signal.alarm(0)
    if result.skipped:
        return {"outcome": "excluded", "why": f"skips itself: {result.skipped[0][1]}"}
    found = [*result.errors, *result.failures]
    if not found:
        return {"outcome": "passed", "why": ""}
    last = next((line for line in reversed(found[0][1].strip().splitlines()) if _names_an_error(line)), "")
    error, _, message = last.partition(": ")
    short = error.rpartition(".")[2]
    if error.endswith(("ModuleNotFoundError", "ImportError")) and not message.startswith("cannot import name"):
        return {"outcome": "excluded", "why": f"needs a package: {message}"}
    outcome = _KINDS.get(short, "failed")
    why = f"{short}: {message}"
    if short == "InternalName":
        why = f"tests what is inside Keras: {message}"
    elif reason := reason_of_error(message):
        outcome, why = "excluded", f"{reason}: {message}"
    elif outcome == "name missing" and (reason := reason_of_absence(message)):
        outcome, why = "excluded", f"{message.rpartition('.')[2]} is not here: {reason}"
    elif outcome == "excluded":
        why = message if short == "NotApplicable" else f"skips itself: {message}"
    return {"outcome": outcome, "why": why[:500], "trace": found[0][1][-1800:]}


def _give_up(*_: object) -> NoReturn:
    raise TimeoutError(f"the test took more than {_LONGEST} s")


def _names_an_error(line: str) -> bool:
    word = line.partition(":")[0]
    return (
        bool(line[:1].strip()) and word.replace(".", "").replace("_", "").isalnum() and not word.startswith("Traceback")
    )


def main() -> int:
    """Run the files that the question names, or list those that there are."""
    question = json.loads(sys.argv[1])
    root = keras_folder()
    # The tests run with this package alone, whose modules have no compiler in Keras's environment.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if not question:
        known = sorted(path.relative_to(root / "src").as_posix() for path in (root / "src").rglob("*_test.py"))
        __import__("pytest"), __import__("absl.testing")
        print(json.dumps({"files": known, "version": version("keras")}))
        return 0
    from benchmarks.keras_suite.shim.finder import supply

    # A test must not be able to fill the machine's memory.
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    supply(root)
    results = []
    for file in question["files"]:
        started = time.process_time()
        found = list(run_file(file, question.get("only")))
        print(f"{file}: {len(found)} tests, {time.process_time() - started:.1f} s", file=sys.stderr)
        results += found
    Path(question["output"]).write_text(json.dumps(results), encoding="utf-8")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ModuleNotFoundError:
        traceback.print_exc()
        sys.exit(1)
