"""Series without anomalies, made-up and real."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from benchmarks.series.parts import families, nab, skab
from nnlite.types import Array

_REAL_TRAINING = 2000


def _sine(n: int, rng: np.random.Generator) -> Array:
    return _column(np.sin(np.arange(n) / 10 + rng.uniform(0, 6)) + 0.1 * rng.normal(size=n))


def _days(n: int, rng: np.random.Generator) -> Array:
    """Return days of 144 steps, of which every seventh is quiet."""
    t = np.arange(n) + int(rng.integers(7 * 144))
    busy = np.where(t // 144 % 7 == 6, 0.3, 1.0)
    return _column(busy * np.maximum(0, np.sin(2 * np.pi * t / 144)) + 0.1 * rng.normal(size=n))


def _autoregressive(n: int, rng: np.random.Generator) -> Array:
    values, noise = np.zeros(n + 200), rng.normal(size=n + 200)
    for step in range(1, n + 200):
        values[step] = 0.95 * values[step - 1] + noise[step]
    return _column(values[200:])


def _pulses(n: int, rng: np.random.Generator) -> Array:
    """Return pulses every 40 to 44 steps, as of a heart."""
    values = 0.05 * rng.normal(size=n)
    shape = np.exp(-(((np.arange(9) - 4) / 1.5) ** 2))
    places = np.cumsum(rng.integers(40, 45, size=n // 40 + 2)) - int(rng.integers(40))
    for place in places[(places >= 0) & (places < n - 9)]:
        values[place : place + 9] += shape * rng.uniform(0.9, 1.1)
    return _column(values)


def _counts(n: int, rng: np.random.Generator) -> Array:
    t = np.arange(n) + int(rng.integers(96))
    return _column(rng.poisson(np.exp(1.5 + np.sin(2 * np.pi * t / 96))).astype(np.float64))


def _wandering(n: int, rng: np.random.Generator) -> Array:
    """Return a cycle on a level that drifts as a random walk."""
    return _sine(n, rng) + np.cumsum(0.01 * rng.normal(size=(n, 1)), axis=0)


def _sensors(n: int, rng: np.random.Generator) -> Array:
    """Return six sensors that follow two cycles and a load."""
    t = np.arange(n)[:, np.newaxis] + rng.uniform(0, 300)
    load = np.sin(2 * np.pi * t / np.array([50.0, 31.0])) @ np.array([[1, 0.5, 0, 1, 0.3, 0], [0, 0.5, 1, -1, 0.3, 0]])
    return load + 0.1 * rng.normal(size=(n, 6)) + 0.1 * _autoregressive(n, rng)


def _column(values: Array) -> Array:
    return values[:, np.newaxis]


MADE_UP: dict[str, Callable[[int, np.random.Generator], Array]] = {
    "sine": _sine,
    "days and weeks": _days,
    "autoregressive": _autoregressive,
    "pulses": _pulses,
    "counts": _counts,
    "random-walk drift": _wandering,
    "six sensors": _sensors,
}
"""Makers of series of any length, of shape (n_steps, n_columns)."""


def real(folder: Path) -> Iterator[tuple[str, Array]]:
    """Yield names and normal series of public collections: those that are in the folder.

    They are the training parts of `benchmarks.series.parts.families` with at least 2,000 rows, none of them labelled,
    SKAB's file of normal operation, and NAB's synthetic series without anomalies.
    """
    index = folder / "series" / "index.csv"
    if index.is_file():
        with index.open(newline="") as file:
            normal = {row["name"] for row in csv.DictReader(file) if row["anomalous_rows_in_training"] == "0"}
        for case in families.cases(folder, 0, False):
            if case.name in normal and len(case.train) >= _REAL_TRAINING:
                yield case.name, case.train
    operation = folder / "skab" / "anomaly-free" / "anomaly-free.csv"
    if operation.is_file():
        yield "SKAB normal operation", skab.sensors_of(operation)[0]
    if (folder / "nab" / "windows.json").is_file():
        for name, windows in nab.files(folder).items():
            if not windows:
                yield f"NAB {Path(name).stem}", nab.read(folder / "nab" / name, [])[0]
