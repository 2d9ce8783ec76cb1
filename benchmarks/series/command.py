"""Detect faults in the series of SKAB and NAB: ``python -m benchmarks.series --data FOLDER``.

The folder contains ``skab/*/*.csv`` and ``nab/*.csv`` with ``nab/windows.json``, as published by their authors.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.series import nab, skab


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmarks named by the arguments and print their tables."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.series",
        description=str(__doc__).splitlines()[0],
        epilog="A separate experiment: python -m benchmarks.series.choice (selection of the settings without labels).",
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder with skab and nab")
    parser.add_argument("--only", choices=("skab", "nab"), help="one of the two collections (default: both)")
    parser.add_argument("--seeds", type=int, default=1, help="number of seeds for SKAB (default: 1)")
    options = parser.parse_args(arguments)
    if not options.data.is_dir():
        parser.error(f"--data: there is no folder {str(options.data)!r}")
    if options.only != "nab":
        for seed in range(options.seeds):
            print(skab.report(options.data / "skab", seed))
    if options.only != "skab":
        print(nab.report(options.data / "nab"))
    return 0
