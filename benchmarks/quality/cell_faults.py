"""Faults in single cells of normal records, or in two, whose columns an explanation should name first.

Each kind is a function of a case, the records to alter and a generator. It returns altered records, which of them are
altered, and for each row the names of the columns that are right to name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from benchmarks.quality.fault_tables import Case, Columns, is_missing

_MOST_LEVELS = 10
_RARE = 0.05
_SHIFTS = (4.0, 8.0)
_TORN = 2.5


class Faults(NamedTuple):
    """Altered records.

    Attributes
    ----------
    columns : dict of str to ndarray
        The records.
    changed : ndarray of bool of shape (n,)
        Which of them were altered.
    right : list of tuple of str, of length n
        The columns that are right to name.
    """

    columns: Columns
    changed: np.ndarray
    right: list[tuple[str, ...]]


# A value for a cell: from the case, the name of the column, the record's values and a generator; None if there is none.
_Draw = Callable[[Case, str, Columns, int, np.random.Generator], object]


def faults_of(case: Case, records: Columns, kind: str, rng: np.random.Generator) -> Faults:
    """Put a fault of a kind into each record where that is possible.

    Parameters
    ----------
    case : Case
        The table.
    records : dict of str to ndarray
        Normal records.
    kind : str
        One of `KINDS`.
    rng : numpy.random.Generator
        Source of columns and values.
    """
    names, draw, count = KINDS[kind]
    candidates = [name for name in records if names(case, name)]
    altered = {name: column.copy() for name, column in records.items()}
    n = len(next(iter(records.values())))
    changed, right = np.zeros(n, np.bool_), []
    for row in range(n):
        chosen = rng.permutation(candidates)[:count].tolist() if len(candidates) >= count else []
        drawn = {name: draw(case, name, records, row, rng) for name in chosen}
        if chosen and all(value is not None for value in drawn.values()):
            for name, value in drawn.items():
                altered[name][row] = None if value is _HOLE and altered[name].dtype == object else value
            changed[row] = any(not _same(altered[name][row], records[name][row]) for name in chosen)
        right.append((*chosen, *(_partners(case, chosen) if kind in _EITHER else ())))
    return Faults(altered, changed, right)


def _partners(case: Case, chosen: list[str]) -> Iterator[str]:
    for name in chosen:
        yield from case.partners.get(name, ())


def _same(a: object, b: object) -> bool:
    return bool(a == b) or (a != a and b != b)


# -- columns -----------------------------------------------------------------------------------


def _is_number(case: Case, name: str) -> bool:
    return case.train[name].dtype.kind == "f" and len(np.unique(_present(case, name))) > _MOST_LEVELS


def _is_category(case: Case, name: str) -> bool:
    return case.train[name].dtype == object


def _is_flag(case: Case, name: str) -> bool:
    return case.train[name].dtype == np.bool_ or len(set(_present(case, name).tolist())) == 2


def _is_discrete(case: Case, name: str) -> bool:
    column = case.train[name]
    return column.dtype.kind in "Ob" or (
        column.dtype.kind == "f" and len(np.unique(_present(case, name))) <= _MOST_LEVELS
    )


def _is_time(case: Case, name: str) -> bool:
    return case.train[name].dtype.kind == "M"


def _is_any(case: Case, name: str) -> bool:
    return _is_number(case, name) or _is_discrete(case, name)


def _is_complete(case: Case, name: str) -> bool:
    return case.train[name].dtype.kind in "fO" and not is_missing(case.train[name]).any()


def _is_paired(case: Case, name: str) -> bool:
    return _is_number(case, name) and bool(case.partners.get(name))


# -- values ------------------------------------------------------------------------------------

_HOLE = np.nan


def _present(case: Case, name: str) -> np.ndarray:
    column = case.train[name]
    return column[~is_missing(column)]


def _shifted(case: Case, name: str, records: Columns, row: int, rng: np.random.Generator) -> object:
    return records[name][row] + rng.choice([-1, 1]) * rng.uniform(*_SHIFTS) * _present(case, name).std()


def _beyond(case: Case, name: str, records: Columns, row: int, rng: np.random.Generator) -> object:  # noqa: ARG001
    values = _present(case, name)
    return values.max() + 2 * np.abs(values).max()


def _unit(case: Case, name: str, records: Columns, row: int, rng: np.random.Generator) -> object:  # noqa: ARG001
    return records[name][row] * float(rng.choice([0.001, 0.01, 0.1, 10, 100, 1000]))


def _sign(case: Case, name: str, records: Columns, row: int, rng: np.random.Generator) -> object:  # noqa: ARG001
    return -records[name][row]


def _rare(case: Case, name: str, records: Columns, row: int, rng: np.random.Generator) -> object:  # noqa: ARG001
    values = _present(case, name).tolist()
    level, count = Counter(values).most_common()[-1]
    return level if count <= _RARE * len(values) else None


def _other(case: Case, name: str, records: Columns, row: int, rng: np.random.Generator) -> object:
    values = _present(case, name)
    others = values[values != records[name][row]]
    return others[rng.integers(len(others))] if len(others) else None


def _unseen(case: Case, name: str, records: Columns, row: int, rng: np.random.Generator) -> object:  # noqa: ARG001
    return "never seen"


def _copied(case: Case, name: str, records: Columns, row: int, rng: np.random.Generator) -> object:  # noqa: ARG001
    values = _present(case, name)
    return values[rng.integers(len(values))]


def _torn(case: Case, name: str, records: Columns, row: int, rng: np.random.Generator) -> object:
    """Return a value of another record that is far from the record's own."""
    values = _present(case, name)
    far = values[np.abs(values - records[name][row]) > _TORN * values.std()]
    return far[rng.integers(len(far))] if len(far) else None


def _hole(case: Case, name: str, records: Columns, row: int, rng: np.random.Generator) -> object:  # noqa: ARG001
    return _HOLE


def _half_a_day(case: Case, name: str, records: Columns, row: int, rng: np.random.Generator) -> object:  # noqa: ARG001
    return records[name][row] + np.timedelta64(12, "h")


def _shifted_or_other(case: Case, name: str, records: Columns, row: int, rng: np.random.Generator) -> object:
    return (_shifted if _is_number(case, name) else _other)(case, name, records, row, rng)


# Another normal value contradicts its partners, and either may be the wrong one.
_EITHER = ("torn pair", "copied", "other category", "rare level", "flag flipped", "two categories", "sign flipped")
KINDS: dict[str, tuple[Callable[[Case, str], bool], _Draw, int]] = {
    "shifted number": (_is_number, _shifted, 1),
    "other category": (_is_category, _other, 1),
    "rare level": (_is_discrete, _rare, 1),
    "torn pair": (_is_paired, _torn, 1),
    "beyond range": (_is_number, _beyond, 1),
    "wrong unit": (_is_number, _unit, 1),
    "sign flipped": (_is_number, _sign, 1),
    "flag flipped": (_is_flag, _other, 1),
    "unseen category": (_is_category, _unseen, 1),
    "copied": (_is_any, _copied, 1),
    "time of day": (_is_time, _half_a_day, 1),
    "never missing": (_is_complete, _hole, 1),
    "two columns": (_is_any, _shifted_or_other, 2),
    "two categories": (_is_category, _other, 2),
}
"""For each kind: the columns it is for, the value it gives, and the number of columns."""
