"""Made-up tables whose rows follow each other in time: slow processes, of which the following days are scored.

Each kind is a function from a random generator and a number of rows to columns, and to a cause that no training row
has: it moves several columns at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Process = Callable[[np.random.Generator, int], "tuple[np.ndarray, np.ndarray]"]
"""From a generator and a number of rows to rows of shape (n, d), and the direction of an unknown cause."""

_COLUMNS = 8
_DAY = 480
_NOISE = 0.1
# Rows between faults, and of a fault.
_APART, _LASTING = (60, 700), (40, 120)


@dataclass(frozen=True)
class SlowTable:
    """Rows of a slow process.

    Attributes
    ----------
    train, later : ndarray of float64 of shape (n, d)
        Normal training rows, and the rows that follow them.
    labels : ndarray of int of shape (n_later,)
        1 for the rows of `later` with a fault: an unknown cause, an offset of one column, or a column that goes on as
        it did at another time.
    """

    train: np.ndarray
    later: np.ndarray
    labels: np.ndarray


def autoregressive(rng: np.random.Generator, n: int, span: float) -> np.ndarray:
    """Return a stationary process of unit variance, whose correlation falls by e in `span` rows."""
    factor = np.exp(-1 / span)
    steps = rng.normal(size=n) * np.sqrt(1 - factor**2)
    x = np.empty(n)
    x[0] = rng.normal()
    for i in range(1, n):
        x[i] = factor * x[i - 1] + steps[i]
    return x


def _smoothed(x: np.ndarray, span: float) -> np.ndarray:
    y, level = np.empty_like(x), x[0]
    for i, value in enumerate(x):
        level += (value - level) / span
        y[i] = level
    return y


def _factors(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    states = np.column_stack([autoregressive(rng, n, span) for span in (80, 200, 500)])
    return states @ rng.normal(size=(3, _COLUMNS)), 1.5 * rng.normal(size=_COLUMNS)


def _curved(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    states = np.column_stack([autoregressive(rng, n, span) for span in (100, 400)])
    mixed = states @ rng.normal(size=(2, _COLUMNS)) + rng.normal(size=_COLUMNS)
    x = np.where(np.arange(_COLUMNS) % 2 == 0, np.tanh(mixed), np.exp(0.6 * mixed))
    return x, rng.normal(size=_COLUMNS)


def _daily(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    season = np.sin(2 * np.pi * np.arange(n) / _DAY)
    states = np.column_stack([season, autoregressive(rng, n, _DAY), autoregressive(rng, n, _DAY / 8)])
    return (states * [1.0, 0.8, 0.3]) @ rng.normal(size=(3, _COLUMNS)), 1.5 * rng.normal(size=_COLUMNS)


def _loads(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    lengths = np.maximum(1, rng.exponential(150, n)).astype(int)
    states = 1.5 * rng.normal(size=(4, _COLUMNS))
    x = states[np.repeat(rng.integers(4, size=n), lengths)[:n]]
    x = np.column_stack([_smoothed(x[:, j], rng.uniform(2, 40)) for j in range(_COLUMNS)])
    return x + 0.5 * np.outer(autoregressive(rng, n, 300), rng.normal(size=_COLUMNS)), 1.5 * rng.normal(size=_COLUMNS)


def _room(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return temperature, humidity, light, carbon dioxide and water of an empty room; the cause is people."""
    hour = np.arange(n) % _DAY / _DAY * 24
    sun = (
        np.maximum(0, np.sin((hour - 7) / 10 * np.pi))
        * ((hour > 7) & (hour < 17))
        * np.exp(0.4 * autoregressive(rng, n, 60))
    )
    temperature = 20 + _smoothed(1.5 * sun, 60) + 0.4 * autoregressive(rng, n, _DAY)
    water = 4 + 0.6 * autoregressive(rng, n, _DAY)
    humidity = 100 * water / (14.7 * np.exp(0.062 * (temperature - 20)))
    gas = 440 + 25 * autoregressive(rng, n, _DAY / 2)
    x = np.column_stack([temperature, humidity, np.where(sun > 0.05, 100 * sun, 0), gas, water])
    return x, np.array([0.8, 1.5, 400.0, 300.0, 0.2])


PROCESSES: dict[str, Process] = {
    "factors": _factors, "curved": _curved, "daily": _daily, "loads": _loads, "room": _room
}  # fmt: skip
"""The processes by name."""


def make_slow_table(name: str, seed: int, n_train: int = 3000, n_later: int = 3000) -> SlowTable:
    """Make a table of a process.

    Parameters
    ----------
    name : str
        A key of `PROCESSES`.
    seed : int
        Seed.
    n_train, n_later : int
        Number of training rows, and of those that follow.
    """
    rng = np.random.default_rng([seed, list(PROCESSES).index(name)])
    clean, cause = PROCESSES[name](rng, n_train + n_later)
    x, labels = clean.copy(), np.zeros(len(clean), np.int64)
    spread = clean[:n_train].std(axis=0)
    start = n_train + int(rng.integers(*_APART))
    while start + _LASTING[1] < len(x):
        rows = slice(start, start + int(rng.integers(*_LASTING)))
        x[rows] = _with_fault(rng, x[rows], clean[:n_train], cause, spread)
        labels[rows] = 1
        start = rows.stop + int(rng.integers(*_APART))
    x = x + _NOISE * spread * rng.normal(size=x.shape)
    return SlowTable(x[:n_train], x[n_train:], labels[n_train:])


def _with_fault(
    rng: np.random.Generator, rows: np.ndarray, known: np.ndarray, cause: np.ndarray, spread: np.ndarray
) -> np.ndarray:
    """Return rows with one of the three faults."""
    kind, column, faulty = rng.integers(3), int(rng.integers(len(spread))), rows.copy()
    if kind == 0:
        return faulty + cause * (rng.uniform(1, 2) + 0.2 * rng.normal(size=(len(rows), 1)))
    if kind == 1:
        faulty[:, column] += rng.choice([-1, 1]) * rng.uniform(2, 4) * spread[column]
    else:
        other = int(rng.integers(len(known) - len(rows)))
        faulty[:, column] = known[other : other + len(rows), column]
    return faulty
