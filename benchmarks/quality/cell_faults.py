"""Faults in one or two cells of normal records, whose columns an explanation should name first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from benchmarks.quality.fault_tables import Case, Columns, is_missing

_MOST_LEVELS = 10
_RARE = 0.05
_SHIFTS = (4.0, 8.0)
_TORN = 2.5
# A thousandfold, and inches for centimeters.
_UNITS = (0.001, 1 / 2.54, 2.54, 1000.0)
# Columns of like scale: medians differ by no more standard deviations, and these by no larger factor.
_LIKE_MEDIANS, _LIKE_SPREADS = 1.0, 2.0


class Cell(NamedTuple):
    """A cell to alter.

    Attributes
    ----------
    known : ndarray
        The column's values in training that are not missing.
    value : object
        The cell's own value.
    rng : numpy.random.Generator
        Source of the new value.
    """

    known: np.ndarray
    value: Any
    rng: np.random.Generator


class Kind(NamedTuple):
    """A kind of fault.

    Attributes
    ----------
    columns : callable
        Whether a training column can have it.
    value : callable
        The new value of a cell, or None if there is none.
    n_columns : int, default 1
        Number of columns that are altered.
    contradicts : bool, default False
        Whether the new value is a normal one. Then it contradicts the columns that determine it, and these may be
        the wrong ones too.
    with_partners : bool, default False
        Whether only columns can have it that have partners.
    swaps : bool, default False
        Whether two columns of like scale exchange their values.
    """

    columns: Callable[[np.ndarray], bool]
    value: Callable[[Cell], Any]
    n_columns: int = 1
    contradicts: bool = False
    with_partners: bool = False
    swaps: bool = False


class Faults(NamedTuple):
    """Altered records.

    Attributes
    ----------
    columns : dict of str to ndarray
        The records.
    changed : ndarray of bool of shape (n,)
        Which of them differ from the normal ones.
    right : list of tuple of str, of length n
        The columns that are right to name.
    """

    columns: Columns
    changed: np.ndarray
    right: list[tuple[str, ...]]


def faults_of(case: Case, records: Columns, kind: Kind, rng: np.random.Generator) -> Faults:
    """Put a fault into each record, in random columns.

    Parameters
    ----------
    case : Case
        The table.
    records : dict of str to ndarray
        Normal records.
    kind : Kind
        One of `KINDS`.
    rng : numpy.random.Generator
        Source of columns and values.
    """
    names = [name for name in records if kind.columns(case.train[name])]
    if kind.with_partners:
        names = [name for name in names if name in case.partners]
    known = {name: case.train[name][~is_missing(case.train[name])] for name in names}
    choices = _pairs_of_like_scale(known) if kind.swaps else None
    altered = {name: column.copy() for name, column in records.items()}
    n = len(next(iter(records.values())))
    changed, right = np.zeros(n, np.bool_), []
    for row in range(n):
        chosen = _chosen(names, kind.n_columns, choices, rng)
        cells = {name: Cell(known[name], records[name][row], rng) for name in chosen}
        values = _exchanged(cells) if kind.swaps else {name: kind.value(cell) for name, cell in cells.items()}
        if None not in values.values():
            for name, value in values.items():
                changed[row] |= value != records[name][row]
                altered[name][row] = value
        partners = [other for name in chosen for other in case.partners.get(name, ())] if kind.contradicts else []
        right.append((*chosen, *partners))
    return Faults(altered, changed, right)


def _chosen(
    names: list[str], n_columns: int, choices: list[tuple[str, str]] | None, rng: np.random.Generator
) -> list[str]:
    if choices is not None:
        return list(choices[rng.integers(len(choices))]) if choices else []
    return rng.permutation(names)[:n_columns].tolist() if len(names) >= n_columns else []


def _exchanged(cells: dict[str, Cell]) -> dict[str, Any]:
    return {name: other.value for name, other in zip(cells, reversed(cells.values()), strict=True)}


def _pairs_of_like_scale(known: dict[str, np.ndarray]) -> list[tuple[str, str]]:
    scales = {name: (float(np.median(values)), float(values.std())) for name, values in known.items()}
    return [
        (one, other)
        for one, other in combinations(scales, 2)
        if abs(scales[one][0] - scales[other][0]) <= _LIKE_MEDIANS * min(scales[one][1], scales[other][1])
        and max(scales[one][1], scales[other][1]) <= _LIKE_SPREADS * min(scales[one][1], scales[other][1])
    ]


# -- columns -----------------------------------------------------------------------------------


def _levels(column: np.ndarray) -> int:
    return len(set(column[~is_missing(column)].tolist()))


def _is_number(column: np.ndarray) -> bool:
    return column.dtype.kind == "f" and _levels(column) > _MOST_LEVELS


def _is_discrete(column: np.ndarray) -> bool:
    return column.dtype.kind in "Ob" or (column.dtype.kind == "f" and _levels(column) <= _MOST_LEVELS)


def _is_category(column: np.ndarray) -> bool:
    # Text of two levels may be read as true and false, which have no third.
    return column.dtype.kind == "O" and _levels(column) > 2


def _is_flag(column: np.ndarray) -> bool:
    return _is_discrete(column) and _levels(column) == 2


def _is_time(column: np.ndarray) -> bool:
    return column.dtype.kind == "M"


def _is_any(column: np.ndarray) -> bool:
    return not _is_time(column)


# -- values ------------------------------------------------------------------------------------


def _shifted(cell: Cell) -> Any:
    return cell.value + cell.rng.choice([-1, 1]) * cell.rng.uniform(*_SHIFTS) * cell.known.std()


def _beyond(cell: Cell) -> Any:
    return cell.known.max() + 2 * np.abs(cell.known).max()


def _in_another_unit(cell: Cell) -> Any:
    return cell.value * cell.rng.choice(_UNITS)


def _negative(cell: Cell) -> Any:
    return -cell.value


def _rarest(cell: Cell) -> Any:
    values = cell.known.tolist()
    level, count = Counter(values).most_common()[-1]
    return level if count <= _RARE * len(values) else None


def _another(cell: Cell) -> Any:
    others = cell.known[cell.known != cell.value]
    return others[cell.rng.integers(len(others))] if len(others) else None


def _far(cell: Cell) -> Any:
    """Return the value of another record that is far from the record's own."""
    values = cell.known[np.abs(cell.known - cell.value) > _TORN * cell.known.std()]
    return values[cell.rng.integers(len(values))] if len(values) else None


def _never_seen(cell: Cell) -> Any:  # noqa: ARG001
    return "never seen"


def _half_a_day_later(cell: Cell) -> Any:
    return cell.value + np.timedelta64(12, "h")


def _shifted_or_another(cell: Cell) -> Any:
    return _shifted(cell) if _is_number(cell.known) else _another(cell)


KINDS = {
    "shifted number": Kind(_is_number, _shifted),
    "swapped category": Kind(_is_category, _another, contradicts=True),
    "rare value": Kind(_is_discrete, _rarest, contradicts=True),
    "broken correlation": Kind(_is_number, _far, contradicts=True, with_partners=True),
    "beyond range": Kind(_is_number, _beyond),
    "wrong unit": Kind(_is_number, _in_another_unit),
    "sign flipped": Kind(_is_number, _negative),
    "flag flipped": Kind(_is_flag, _another, contradicts=True),
    "unseen category": Kind(_is_category, _never_seen),
    "copied cell": Kind(_is_any, _another, contradicts=True),
    "time of day": Kind(_is_time, _half_a_day_later),
    "columns exchanged": Kind(_is_number, _another, n_columns=2, swaps=True),
    "two columns": Kind(_is_any, _shifted_or_another, n_columns=2),
    "two categories": Kind(_is_category, _another, n_columns=2, contradicts=True),
}
"""Kinds of faults, by name."""

MAIN_KINDS = ("shifted number", "swapped category", "rare value", "broken correlation")
"""The most frequent kinds of faults, of which the accuracy is also reported together."""
