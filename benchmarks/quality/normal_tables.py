"""Tables of many kinds, made-up and real, with fresh normal records and clear anomalies, to measure false alarms."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import numpy as np

from benchmarks.quality.protocols import read_table
from benchmarks.quality.protocols.mixed import read_mixed

Columns = dict[str, np.ndarray]
Draw = Callable[[np.random.Generator, int, int], Columns]
"""From a generator, a number of records and a number of columns to records; the structure does not depend on them."""

_MOST_FRESH = 1000
_FEWEST_FRESH = 40
_ANOMALIES = 100
_DISTANCE = 8.0
_NEVER_SEEN = "never seen"
_LEVELS = np.array(list("abcdefgh"), dtype=object)


@dataclass(frozen=True)
class NormalTable:
    """A table's records, of which some train a detector.

    Attributes
    ----------
    name : str
        Kind and size.
    train, fresh, anomalies : dict of str to ndarray
        Training records, fresh normal ones, and clear anomalies: normal records of which a third of the columns lie
        eight standard deviations further out, or have a level that no other record has (of two levels, the other one).
    """

    name: str
    train: Columns
    fresh: Columns
    anomalies: Columns


def _numbers(x: np.ndarray) -> Columns:
    return {f"x{j}": x[:, j] for j in range(x.shape[1])}


def _factors(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    """Return records of a few factors and some noise."""
    mixing = np.random.default_rng(d).normal(size=(max(1, d // 3), d))
    return rng.normal(size=(n, len(mixing))) @ mixing + 0.3 * rng.normal(size=(n, d))


def _groups(rng: np.random.Generator, n: int, d: int) -> Columns:
    centers = np.random.default_rng(d).normal(scale=4.0, size=(4, d))
    return _numbers(centers[rng.choice(4, n, p=[0.5, 0.3, 0.15, 0.05])] + rng.normal(size=(n, d)))


def _curve(rng: np.random.Generator, n: int, d: int) -> Columns:
    angles = rng.uniform(0, 2 * np.pi, size=(n, 1)) * np.arange(1, d + 1) / d
    return _numbers(np.cos(angles) + 0.05 * rng.normal(size=(n, d)))


def _categories(rng: np.random.Generator, n: int, d: int) -> Columns:
    """Return columns of levels of falling frequency, half of which follow the column before."""
    levels = rng.geometric(0.45, size=(n, d)).clip(1, len(_LEVELS)) - 1
    follows = rng.random((n, d)) < 0.8
    for j in range(1, d, 2):
        levels[:, j] = np.where(follows[:, j], levels[:, j - 1], levels[:, j])
    return {f"c{j}": _LEVELS[levels[:, j]] for j in range(d)}


def _mixed(rng: np.random.Generator, n: int, d: int) -> Columns:
    """Return numbers, counts and levels that depend on a few factors; one number in twenty is missing."""
    x = _factors(rng, n, d)
    columns: Columns = {}
    for j in range(d):
        if j % 3 == 0:
            columns[f"x{j}"] = np.where(rng.random(n) < 0.05, np.nan, np.exp(x[:, j]))
        elif j % 3 == 1:
            columns[f"c{j}"] = _LEVELS[np.clip(np.floor(x[:, j] + 3), 0, 5).astype(int)]
        else:
            columns[f"k{j}"] = np.round(2 * np.abs(x[:, j]))
    return columns


MADE: dict[str, Draw] = {
    "independent": lambda rng, n, d: _numbers(rng.normal(size=(n, d))),
    "correlated": lambda rng, n, d: _numbers(_factors(rng, n, d)),
    "heavy": lambda rng, n, d: _numbers(_factors(rng, n, d) * np.sqrt(3 / rng.chisquare(3, (n, 1)))),
    "amounts": lambda rng, n, d: _numbers(np.exp(1.2 * _factors(rng, n, d))),
    "groups": _groups,
    "curve": _curve,
    "counts": lambda rng, n, d: _numbers(rng.poisson(np.geomspace(0.2, 5.0, d), size=(n, d)).astype(float)),
    "categories": _categories,
    "mixed": _mixed,
}
"""Made-up kinds of records."""


def _n_rows(columns: Columns) -> int:
    return len(next(iter(columns.values())))


def _rows(columns: Columns, rows: np.ndarray) -> Columns:
    return {name: values[rows] for name, values in columns.items()}


def _clear_anomalies(normal: Columns, rng: np.random.Generator) -> Columns:
    found = _rows(normal, rng.integers(_n_rows(normal), size=_ANOMALIES))
    moved = rng.random((_ANOMALIES, len(found))).argsort(axis=1) < max(1, round(len(found) / 3))
    for j, (name, values) in enumerate(found.items()):
        if values.dtype == object:
            found[name] = np.where(moved[:, j], _other_levels(normal[name], values), values).astype(object)
        else:
            spread = np.nanstd(normal[name]) or 1.0
            further = values + rng.choice([-1.0, 1.0], _ANOMALIES) * _DISTANCE * spread
            found[name] = np.where(moved[:, j], further, values)
    return found


def _known_values(column: np.ndarray) -> list[object]:
    """Return the distinct values of a column, without missing ones, in order."""
    return sorted({value for value in column.tolist() if value is not None and value == value})


def _other_levels(normal: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return a level that is never seen, or the other one of two, which may be read as booleans."""
    levels = _known_values(normal)
    if len(levels) > 2:
        return np.full(len(values), _NEVER_SEEN, dtype=object)
    return np.where(values == levels[0], levels[-1], levels[0]).astype(object)


def _case(name: str, columns: Columns, n: int, seed: int) -> NormalTable:
    """Divide records at random into `n` to train on and some fresh ones."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(_n_rows(columns))
    # A column that is constant in all records has no anomalies.
    columns = {key: values for key, values in columns.items() if len(_known_values(values)) > 1}
    fresh = _rows(columns, order[n : n + _MOST_FRESH])
    label = f"{name} {n} x {len(columns)}"
    return NormalTable(label, _rows(columns, order[:n]), fresh, _clear_anomalies(fresh, rng))


def made(kind: str, n: int, d: int, seed: int) -> NormalTable:
    """Return a made-up table."""
    return _case(kind, MADE[kind](np.random.default_rng([seed, n, d]), n + _MOST_FRESH, d), n, seed)


def _normal_numbers(path: Path) -> Columns:
    x, y = read_table(path)
    return _numbers(x[y == 0])


def _normal_mixed(path: Path) -> Columns:
    frame, labels = read_mixed(path)
    return {name: frame[name].to_numpy()[labels == 0] for name in frame}


def real(folder: Path | None) -> Iterator[tuple[str, Columns]]:
    """Yield the name and the normal records of each real table, numeric ones first.

    Parameters
    ----------
    folder : Path, optional
        Folder with ADBench tables, ``adbench/*.npz``, and mixed ones, ``mixed/*.csv``; without it there are none.
    """
    for pattern, read in (("adbench/*.npz", _normal_numbers), ("mixed/*.csv", _normal_mixed)):
        for path in sorted(folder.glob(pattern)) if folder else ():
            yield path.stem, read(path)


def small_tables(folder: Path | None, seed: int) -> Iterator[NormalTable]:
    """Yield tables of 20 to 400 training records, made-up ones of 2 to 60 columns, and real ones of a folder."""
    sizes = ((20, 5), (30, 2), (50, 12), (100, 8), (200, 30), (300, 4), (400, 60), (60, 6), (40, 3), (150, 20))
    shapes = cycle(sizes)
    for kind in MADE:
        for n, d in (next(shapes) for _ in range(3)):
            yield made(kind, n, d, seed)
    numbers = cycle((100, 20, 300, 50, 200, 30, 400))
    for name, columns in real(folder):
        n = min(next(numbers), _n_rows(columns) - _FEWEST_FRESH)
        yield _case(name, columns, n, seed)


def tables_of_all_sizes(folder: Path | None, seed: int) -> Iterator[NormalTable]:
    """Yield tables of 100 to 3000 training records, or half of the records of smaller ones."""
    for kind, n in zip(MADE, cycle((100, 300, 1000, 3000)), strict=False):
        yield made(kind, n, 8, seed)
        yield made(kind, 1000 if n < 1000 else 100, 20, seed)
    for (name, columns), most in zip(real(folder), cycle((100, 300, 1000, 3000)), strict=False):
        n = min(most, _n_rows(columns) // 2)
        yield _case(name, columns, n, seed)
