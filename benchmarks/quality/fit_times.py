"""Time of fitting beside another version of the package: ``python -m benchmarks.quality.fit_times --against PATH``.

Each version runs in a process of its own, in this Python. The two take turns, table by table and round by round, so
that a busy machine delays both alike, and medians are compared. The tables are those of the one-class protocol with at
least 20 training records for each column.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.arguments import positive
from benchmarks.quality.fit_worker import FitWorker, WorkerError
from benchmarks.quality.protocols import cuts, parts

RECORDS_A_COLUMN = 20
_PROJECT = Path(__file__).resolve().parents[2]


class Times(NamedTuple):
    """Durations of fits of one table.

    Attributes
    ----------
    table : str
        Name of the table.
    shape : tuple of int
        Numbers of training records and of columns.
    here, there : ndarray of shape (n_rounds, 2)
        Seconds, and seconds of processor time, of this version and of the other one.
    """

    table: str
    shape: tuple[int, ...]
    here: np.ndarray
    there: np.ndarray

    @property
    def ratios(self) -> np.ndarray:
        """Median of this version over that of the other one: of seconds, and of processor time."""
        return np.median(self.here, axis=0) / np.median(self.there, axis=0)


def wide_enough(folder: Path, tables: Iterable[str] = ()) -> Iterator[tuple[str, np.ndarray]]:
    """Yield names and training records of the tables with at least 20 records for each column."""
    for _, table, cut in cuts(parts(["one-class"]), folder, tables):
        train = np.asarray(cut(0).train)
        if len(train) >= RECORDS_A_COLUMN * train.shape[1]:
            yield table, train


def measure(tables: Iterable[tuple[str, np.ndarray]], against: Path, rounds: int) -> Iterator[Times]:
    """Yield the times of each table.

    Parameters
    ----------
    tables : iterable of (str, ndarray)
        Names and training records.
    against : Path
        Checkout of the other version.
    rounds : int
        Number of fits of each version.

    Raises
    ------
    WorkerError
        If a version cannot be fitted.
    """
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        here, there = (stack.enter_context(FitWorker(path)) for path in (_PROJECT, against))
        for table, train in tables:
            file = Path(folder) / "train.npy"
            np.save(file, train)
            for worker in (here, there):
                worker.fit(file)  # compiles, and fills caches
            pairs = np.array([[worker.fit(file) for worker in (here, there)] for _ in range(rounds)])
            yield Times(table, train.shape, pairs[:, 0], pairs[:, 1])


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality.fit_times", description=str(__doc__).splitlines()[0]
    )
    parser.add_argument("--against", type=Path, required=True, metavar="PATH", help="checkout of the other version")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder with adbench/*.npz")
    parser.add_argument("--tables", type=lambda text: text.split(","), default=[], metavar="A,B", help="default: all")
    parser.add_argument("--rounds", type=positive, default=5, metavar="N", help="fits of each version (default: 5)")
    options = parser.parse_args(arguments)
    if not (options.against / "anomaly" / "__init__.py").is_file():
        parser.error(f"--against: {str(options.against)!r} is no checkout: it has no anomaly/__init__.py")
    print(f"{'table':<24}{'records':>8}{'columns':>8}{'here, s':>9}{'there, s':>9}{'ratio':>7}{'processor':>11}")
    found = []
    try:
        for times in measure(wide_enough(options.data, options.tables), options.against, options.rounds):
            found.append(times)
            print(_line(times), flush=True)
    except (FileNotFoundError, WorkerError) as error:
        parser.error(str(error))
    if not found:
        parser.error(f"no table has at least {RECORDS_A_COLUMN} training records for each column")
    totals = [np.sum([np.median(getattr(one, side), axis=0) for one in found], axis=0) for side in ("here", "there")]
    mean = np.exp(np.mean([np.log(one.ratios) for one in found], axis=0))
    print(f"{'all, sum':<24}{'':16}{totals[0][0]:9.2f}{totals[1][0]:9.2f}{_ratios(totals[0] / totals[1])}")
    print(f"{'all, geometric mean':<24}{'':34}{_ratios(mean)}")
    return 0


def _line(times: Times) -> str:
    here, there = (float(np.median(side[:, 0])) for side in (times.here, times.there))
    n, width = times.shape
    return f"{times.table:<24}{n:8,}{width:8}{here:9.2f}{there:9.2f}{_ratios(times.ratios)}"


def _ratios(values: np.ndarray) -> str:
    return f"{values[0]:7.2f}{values[1]:11.2f}"


if __name__ == "__main__":
    sys.exit(main())
