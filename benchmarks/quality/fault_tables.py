"""Normal records of tables of many kinds, made up or read, into which faults are put.

Partners are columns that determine each other: where they contradict each other, each of them may be the wrong one.
Some made-up tables tell them. Of all others they are the columns of numbers that are most correlated with a column.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from anomaly import datasets
from anomaly.tables.csv_files import read_csv
from benchmarks.quality.protocols import read_table

Columns = dict[str, np.ndarray]
MOST_ROWS = 3000
_LABEL = "label"
# A text column with more distinct values for its rows is a name.
_MOST_DISTINCT = 0.5
_LEAST_CORRELATION = 0.7


@dataclass(frozen=True)
class Case:
    """Normal records of a table.

    Attributes
    ----------
    name : str
        Name of the table.
    train, test : dict of str to ndarray
        Columns of the training records and of fresh ones.
    partners : dict of str to tuple of str
        Columns that determine a column; if none are given, the one column with which it is correlated most, by ranks,
        if that correlation is at least 0.7.
    """

    name: str
    train: Columns
    test: Columns
    partners: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.partners:
            object.__setattr__(self, "partners", _most_correlated(self.train))


def rows_of(columns: Columns, rows: np.ndarray) -> Columns:
    """Return a copy of some rows."""
    return {name: column[rows] for name, column in columns.items()}


def made_tables(seed: int) -> Iterator[Case]:
    """Yield the made-up tables: those of this module, then the product's own."""
    for number, (name, (make, n, partners)) in enumerate(_MADE.items()):
        rng = np.random.default_rng([seed, number])
        columns = make(n + 600, rng)
        yield Case(name, *_parts(columns, np.arange(n + 600), n), partners)
    for use in _USES:
        data = getattr(datasets, f"make_{use}")(n_records=4000, random_state=seed)
        normal = np.random.default_rng(seed).permutation(np.flatnonzero(data.labels == 0))
        yield Case(use, *_parts(data.columns, normal, len(normal) // 2))


def mixed_tables(files: Iterable[Path], seed: int) -> Iterator[Case]:
    """Yield the normal records (the largest class) of CSV files, whose last column is the label."""
    for path in files:
        table = read_csv(path)
        columns = {name: _typed(column) for name, column in zip(table.names, table.columns, strict=True)}
        labels = columns.pop(_LABEL)
        normal = labels == Counter(labels.tolist()).most_common(1)[0][0]
        columns = {name: column for name, column in columns.items() if _is_feature(column[normal])}
        rows = np.random.default_rng(seed).permutation(np.flatnonzero(normal))[: 2 * MOST_ROWS]
        yield Case(path.stem, *_parts(columns, rows, len(rows) // 2))


def numeric_tables(files: Iterable[Path], seed: int) -> Iterator[Case]:
    """Yield the normal records of ADBench files."""
    for path in files:
        x, y = read_table(path)
        normal = np.random.default_rng(seed).permutation(np.flatnonzero(y == 0))[: 2 * MOST_ROWS]
        columns = {f"x{j}": x[:, j] for j in range(x.shape[1]) if np.ptp(x[normal, j])}
        if len(columns) > 1:
            yield Case(path.stem, *_parts(columns, normal, len(normal) // 2))


def _parts(columns: Columns, rows: np.ndarray, n: int) -> tuple[Columns, Columns]:
    return rows_of(columns, rows[:n]), rows_of(columns, rows[n:])


def _typed(column: np.ndarray) -> np.ndarray:
    """Return the numbers of a text column that holds nothing else."""
    cells = [None if cell is None or cell == "" else cell for cell in column.tolist()]
    try:
        return np.array([np.nan if cell is None else float(cell) for cell in cells])
    except ValueError:
        return np.array(cells, dtype=object)


def _is_feature(column: np.ndarray) -> bool:
    present = column[~is_missing(column)]
    distinct = len(set(present.tolist()))
    return distinct > 1 and (column.dtype != object or distinct <= _MOST_DISTINCT * len(column))


def is_missing(column: np.ndarray) -> np.ndarray:
    """Return which cells are missing."""
    if column.dtype == object:
        return np.array([cell is None for cell in column.tolist()], dtype=np.bool_)
    return np.isnan(column) if column.dtype.kind == "f" else np.zeros(len(column), np.bool_)


def _most_correlated(columns: Columns) -> dict[str, tuple[str, ...]]:
    names = [name for name, column in columns.items() if column.dtype.kind == "f"]
    if len(names) < 2:
        return {}
    # Missing cells are in the middle.
    values = [np.where(np.isnan(columns[name]), np.nanmedian(columns[name]), columns[name]) for name in names]
    ranks = np.array([np.unique(column, return_inverse=True)[1].ravel() for column in values], dtype=np.float64)
    varying = np.ptp(ranks, axis=1) > 0
    correlations = np.zeros((len(names), len(names)))
    correlations[np.ix_(varying, varying)] = np.abs(np.atleast_2d(np.corrcoef(ranks[varying])))
    np.fill_diagonal(correlations, 0)
    most = correlations.argmax(axis=1)
    return {
        name: (names[other],)
        for name, other, row in zip(names, most, correlations, strict=True)
        if row[other] >= _LEAST_CORRELATION
    }


# -- made-up tables ----------------------------------------------------------------------------


def _everyday(n: int, rng: np.random.Generator) -> Columns:
    """Two numbers that determine each other, others, rare values, and a category that is noise."""
    z = rng.normal(size=(n, 3))
    return {
        "a": z[:, 0],
        "b": z[:, 0] + 0.1 * rng.normal(size=n),
        "amount": np.exp(z[:, 1]),
        "product": z[:, 1] * z[:, 2],
        "tries": np.where(rng.random(n) < 0.03, 5.0, rng.integers(1, 3, n)),
        "on": rng.random(n) >= 0.04,
        "kind": rng.choice(["x", "y", "z", "rare"], n, p=[0.5, 0.3, 0.19, 0.01]).astype(object),
        "place": rng.choice([f"p{i}" for i in range(30)], n).astype(object),
    }


def _factors(n: int, rng: np.random.Generator, width: int = 12, factors: int = 4) -> Columns:
    """Correlated numbers of different units."""
    mixing = np.random.default_rng(width).normal(size=(factors, width))
    x = rng.normal(size=(n, factors)) @ mixing + 0.3 * rng.normal(size=(n, width))
    return {f"x{j}": 100 + x[:, j] * 10.0 ** (j % 5 - 2) for j in range(width)}


def _wide(n: int, rng: np.random.Generator) -> Columns:
    return _factors(n, rng, width=60, factors=6)


def _independent(n: int, rng: np.random.Generator) -> Columns:
    return {f"x{j}": rng.normal(size=n) for j in range(8)}


def _heavy(n: int, rng: np.random.Generator) -> Columns:
    """Amounts with heavy tails and a common size."""
    size = 1.2 * rng.normal(size=n)
    amounts = {f"x{j}": np.exp(size + 0.3 * rng.normal(size=n) + j) for j in range(4)}
    return {**amounts, "t": rng.standard_t(2, size=n), "u": np.exp(1.5 * rng.normal(size=n))}


def _orders(n: int, rng: np.random.Generator) -> Columns:
    """Categories that determine numbers and each other, an integer and its multiple, a flag, the time of day."""
    city = rng.choice(["Rome", "Milan", "Paris", "Lyon", "Oslo"], n, p=[0.3, 0.25, 0.25, 0.15, 0.05])
    country = np.select([np.isin(city, ["Rome", "Milan"]), np.isin(city, ["Paris", "Lyon"])], ["IT", "FR"], "NO")
    kind = rng.choice(["pen", "book", "phone"], n, p=[0.5, 0.4, 0.1])
    price = np.select([kind == "pen", kind == "book"], [2.0, 20.0], 500.0) * np.exp(0.1 * rng.normal(size=n))
    quantity = np.where(kind == "phone", 1, rng.poisson(3, n) + 1).astype(float)
    hour = np.clip(rng.normal(14, 2.5, n), 0, 23.9)
    minutes = (rng.integers(0, 60, n) * 24 * 60 + hour * 60).astype(int)
    return {
        "city": city.astype(object),
        "country": country.astype(object),
        "kind": kind.astype(object),
        "price": np.round(price, 2),
        "quantity": quantity,
        "total": np.round(price * quantity, 2),
        "express": (kind == "phone") ^ (rng.random(n) < 0.02),
        "at": np.datetime64("2024-03-04T00:00") + minutes.astype("timedelta64[m]"),
    }


def _flags(n: int, rng: np.random.Generator) -> Columns:
    """Booleans and categories alone, of which some depend on others."""
    groups = np.repeat(rng.integers(0, 4, n)[np.newaxis], 8, axis=0)
    noisy = np.where(rng.random(groups.shape) < 0.03, rng.integers(0, 4, groups.shape), groups)
    letters = np.array(["a", "b", "c", "d"], dtype=object)
    columns = {f"k{j}": letters[noisy[j]] for j in range(4)}
    columns |= {f"f{j}": (noisy[4 + j] == j) ^ (rng.random(n) < 0.02) for j in range(4)}
    return {**columns, "rare": rng.random(n) < 0.02, "noise": rng.choice(letters, n)}


def _small(n: int, rng: np.random.Generator) -> Columns:
    return {**_factors(n, rng, width=5, factors=2), "shift": rng.choice(np.array(["day", "night"], dtype=object), n)}


_Partners = dict[str, tuple[str, ...]]
_PAIR: _Partners = {"a": ("b",), "b": ("a",)}
_ORDER: _Partners = {
    "city": ("country",),
    "country": ("city",),
    "kind": ("price", "express"),
    "price": ("kind", "total", "quantity"),
    "total": ("price", "quantity"),
    "quantity": ("total", "price"),
    "express": ("kind", "price"),
}
# Name, and: how it is made, the number of training records, the partners of columns.
_MADE: dict[str, tuple[Callable[[int, np.random.Generator], Columns], int, _Partners]] = {
    "everyday": (_everyday, 1500, _PAIR),
    "factors": (_factors, 1500, {}),
    "independent": (_independent, 1000, {}),
    "wide": (_wide, 2000, {}),
    "heavy": (_heavy, 1500, {}),
    "orders": (_orders, 2000, _ORDER),
    "flags": (_flags, 1500, {}),
    "small": (_small, 120, {}),
}
_USES = ("sensors", "connections", "transactions")
MADE_UP = (*_MADE, *_USES)
"""Names of the made-up tables."""
