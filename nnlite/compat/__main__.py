"""Run or check a program that was written for Keras: ``python -m nnlite.compat [--check] SCRIPT.py [ARGUMENT ...]``."""

from __future__ import annotations

import argparse
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

from nnlite.compat.checking import check_source
from nnlite.compat.importing import supply_keras


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 0, or with ``--check`` 1 if a line is not supported.

    Parameters
    ----------
    arguments : sequence of str, optional
        Arguments of the command; by default those of the process.
    """
    parser = argparse.ArgumentParser(
        prog="python -m nnlite.compat", description="Run a program for Keras with nnlite in the place of keras."
    )
    parser.add_argument("--check", action="store_true", help="list lines that are not supported; run nothing")
    parser.add_argument("script", type=Path, metavar="SCRIPT.py", help="the program")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="its arguments")
    options = parser.parse_args(arguments)
    try:
        source = options.script.read_text(encoding="utf-8")
    except OSError as error:
        parser.error(f"cannot read {str(options.script)!r}: {error.strerror}")
    supply_keras()
    if options.check:
        findings = check_source(source, str(options.script))
        for finding in findings:
            print(finding)
        n_lines = len({one.line for one in findings})
        print(f"{n_lines} lines of {options.script} are not supported" if findings else "all names are supported")
        return 1 if findings else 0
    sys.argv = [str(options.script), *options.arguments]
    sys.path.insert(0, str(options.script.parent.resolve()))
    runpy.run_path(str(options.script), run_name="__main__")
    return 0


if __name__ == "__main__":
    sys.exit(main())
