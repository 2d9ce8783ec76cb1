"""Promises of the commands of ``anomaly``: scores independent of other options, results that a seed reproduces."""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from anomaly.cli import main
from anomaly.datasets import make_connections, make_transactions
from anomaly.events import EventStream, find_events
from anomaly.tables.csv_files import read_csv
from benchmarks.promises.promise import NEVER, Promise

_MAKERS = {"transactions": make_transactions, "connections": make_connections}


def _run(*arguments: str) -> str:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        if main(arguments) == 2:
            raise RuntimeError(f"anomaly {' '.join(arguments)} was refused")
    return printed.getvalue()


def _fit(folder: Path, data: str, seed: int, name: str = "m.npz") -> list[str]:
    _MAKERS[data](n_records=300, random_state=seed).to_csv(folder / "data.csv")
    arguments = ["--label", "label", "--normal", "normal", "--hidden", "8", "--epochs", "10", "--noise", "0.5"]
    _run("fit", str(folder / "data.csv"), "-m", str(folder / name), *arguments, "--seed", str(seed))
    return ["score", str(folder / "data.csv"), "-m", str(folder / name), "--label", "label"]


def _scores_differ(options: tuple[str, ...]) -> Callable[[int, str], float]:
    """Measure the number of scores and p-values that change with further output columns."""

    def measure(seed: int, data: str) -> float:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            score = _fit(folder, data, seed)
            tables = []
            for extra in ((), options):
                _run(*score, "-o", str(folder / "scores.csv"), "--p-values", *extra)
                tables.append(read_csv(folder / "scores.csv"))
            return float(sum((tables[0][column] != tables[1][column]).sum() for column in tables[0].names))

    return measure


def _models_differ(seed: int, data: str) -> float:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in ("one.npz", "other.npz"):
            _fit(folder, data, seed, file)
        return float((folder / "one.npz").read_bytes() != (folder / "other.npz").read_bytes())


def _exit_codes_wrong(seed: int, data: str) -> float:
    """Return the number of wrong exit codes of `drift`, for training records and for records that have drifted."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _fit(folder, data, seed)
        drift = ["drift", "-m", str(folder / "m.npz"), "--label", "label", "--drop", "label"]
        records = _MAKERS[data](n_records=300, contamination=0.0, random_state=seed)
        moved = {name: 5 * column if column.dtype.kind == "f" else column for name, column in records.columns.items()}
        type(records)(moved, records.labels, records.kinds, records.name, records.description).to_csv(folder / "b.csv")
        with contextlib.redirect_stdout(io.StringIO()):
            return float(main([*drift, str(folder / "data.csv")]) != 0) + float(
                main([*drift, str(folder / "b.csv")]) != 1
            )


def _events_differ(seed: int, data: str) -> float:
    """Return whether the events of a series depend on its division into chunks."""
    rng = np.random.default_rng(seed)
    labels = (rng.random(200) < 0.3).astype(int)
    settings = {"minimum_length": int(rng.integers(1, 4)), "tolerance": int(rng.integers(0, 4))}
    stream = EventStream(**settings)
    chunks = np.split(labels, np.sort(rng.integers(0, 200, size=7)))
    found = [*(event for chunk in chunks for event in stream.push(chunk)), *stream.finish()]
    return float([(e.start, e.end) for e in found] != [(e.start, e.end) for e in find_events(labels, **settings)])


PROMISES = (
    Promise(
        "anomaly score --help",
        "add the K columns that contribute most",
        "scores and p-values that change with --top 2",
        _scores_differ(("--top", "2")),
        NEVER,
        tuple(_MAKERS),
        seeds=5,
        short=1,
    ),
    Promise(
        "anomaly score --help",
        "an estimate of the probability that the record is an anomaly",
        "scores and p-values that change with --prior, --expected",
        _scores_differ(("--top", "1", "--expected", "--prior", "0.1")),
        NEVER,
        tuple(_MAKERS),
        seeds=5,
        short=1,
    ),
    Promise(
        "anomaly fit --help",
        "random seed, for reproducible results",
        "files of models that differ",
        _models_differ,
        NEVER,
        tuple(_MAKERS),
        seeds=3,
        short=1,
    ),
    Promise(
        "anomaly drift --help",
        "The exit code is 0 without drift, and 1 if the scores or some columns have drifted",
        "wrong exit codes",
        _exit_codes_wrong,
        NEVER,
        tuple(_MAKERS),
        seeds=5,
        short=1,
    ),
    Promise(
        "anomaly.events.EventStream",
        "the events do not depend on the division of the series into chunks",
        "series with other events",
        _events_differ,
        NEVER,
        seeds=500,
        short=100,
    ),
)
