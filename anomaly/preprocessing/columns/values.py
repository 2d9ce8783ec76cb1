"""The kinds of columns: how their cells become numbers, and numbers their cells; and which kind a column is.

Numbers, truth values and dates each become one number, NaN where missing (`ValueColumn`); a moment, a date with a time
of day, makes four more that say where in the day and in the week it is, or those four alone (`CycleColumn`). Text
becomes the index of a place: one for each category, and places for what is rare, missing or was never seen
(`anomaly.preprocessing.columns.categories`).
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, ClassVar, TypeAlias

import numpy as np

from anomaly.errors import DataError, format_value
from anomaly.preprocessing.columns.categories import CategoryColumn, count_categories
from anomaly.preprocessing.columns.parsing import (
    MICROSECONDS_PER_DAY,
    TRUTH_PAIRS,
    UnreadableError,
    category_text,
    distinct_cells,
    parse_days,
    parse_each,
    parse_number,
    parse_numbers,
    parse_truth,
)
from anomaly.preprocessing.state import field
from anomaly.tables.cells import text_array
from nnlite.types import Array

_FIRST_LOOK = 100
# Days from the first to the last training value, of which all hours, or all days of the week, are known.
_ALL_HOURS, _ALL_WEEKDAYS = 23 / 24, 6.0
_EPOCH = date(1970, 1, 1).toordinal()
# The day first or the month, which no program can tell; or the year first, but not as ISO 8601 has it.
_DAY = r"(0?[1-9]|[12]\d|3[01])"
_FOREIGN_DATE = re.compile(
    rf"({_DAY}(?P<a>[./-]){_DAY}(?P=a)(\d{{4}}|\d\d)|\d{{4}}(?P<b>[./-]){_DAY}(?P=b){_DAY})"
    r"(,?[T ] ?\d{1,2}[:.]\d{2}([:.]\d{2}([.,]\d+)?)?( ?[AaPp]\.?[Mm]\.?)?( ?(Z|UTC|[+-]\d{2}:?\d{2}))?)?",
    re.ASCII,
)
_FIRST_DAY, _LAST_DAY = date.min.toordinal() - _EPOCH, date.max.toordinal() - _EPOCH


class ValueColumn(ABC):
    """A column whose cells each become one number, or several that are computed from it.

    Parameters
    ----------
    name : str
        Of the column.
    resolution : int, optional
        Each training value was a multiple of one over this; by default nothing is known of that.
    """

    kind: ClassVar[str]
    expected: ClassVar[str]
    aspects: ClassVar[tuple[str, ...]] = ()
    """What `aspects_of` returns, in words; most kinds of columns have no aspects."""
    resolutions: ClassVar[tuple[int, ...]] = ()
    """Those that are looked for, the coarsest first."""

    def __init__(self, name: str, resolution: int | None = None) -> None:
        self.name = name
        self.resolution = resolution

    @staticmethod
    @abstractmethod
    def parse(cells: Array) -> Array:
        """Turn cells into float64 numbers, NaN where missing; raise `UnreadableError` where that cannot be."""

    @staticmethod
    @abstractmethod
    def restore(numbers: Array) -> Array:
        """Turn numbers into the cells they stand for."""

    @staticmethod
    def aspects_of(numbers: Array) -> list[Array]:  # noqa: ARG004
        """Return further numbers that follow from those that `parse` gave, NaN where they are."""
        return []

    def numbers_of(self, numbers: Array) -> list[Array]:
        """Return all numbers that make features: what `parse` gave, and what follows from it."""
        return [numbers, *self.aspects_of(numbers)]

    @property
    def number_names(self) -> tuple[str, ...]:
        """What each of `numbers_of` is called."""
        return self.name, *(f"{self.name} ({aspect})" for aspect in self.aspects)

    def learn_resolution(self, numbers: Array) -> None:
        """Find out the coarsest resolution that all of the training values keep to, if any."""
        present = numbers[np.isfinite(numbers)]
        fitting = (parts for parts in self.resolutions if _are_multiples(present, parts))
        self.resolution = next(fitting, None) if len(present) else None

    def rounded(self, numbers: Array) -> Array:
        """Return numbers to the column's resolution: features are of float32, and come back with small errors."""
        if self.resolution is None:
            return numbers
        with np.errstate(over="ignore"):  # what is as far away as that, `restore` puts at the end of time
            return np.asarray(np.rint(numbers * self.resolution) / self.resolution + 0.0)  # no -0

    def summary(self, median: float) -> str:
        """Say what training values are like, by the median of the first of their numbers."""
        value = self.restore(np.array([median]))[0]
        # In 15 digits the mean of two numbers is what one would write.
        return f"median {format_value(float(f'{value:.15g}') if isinstance(value, float) else value)}"

    def get_config(self) -> dict[str, Any]:
        """Return what is known of the column, as JSON values."""
        config: dict[str, Any] = {"kind": self.kind, "name": self.name}
        return config if self.resolution is None else {**config, "resolution": self.resolution}

    def read(self, cells: Array, position: Callable[[int], str]) -> Array:
        """Return the column's numbers.

        Parameters
        ----------
        cells : ndarray of shape (n_rows,)
            The column's values.
        position : callable
            Says where the row of an index is, such as `anomaly.tables.Table.position`.

        Returns
        -------
        ndarray of float64 of shape (n_rows,)
            NaN where missing.

        Raises
        ------
        DataError
            If a cell is not of the column's kind; the message says where.
        """
        try:
            return self.parse(cells)
        except UnreadableError as error:
            raise DataError(
                f"{position(error.index)}, column {self.name!r}: found {format_value(cells[error.index])}, expected "
                f"{self.expected}; if the column holds categories, name it as categorical when fitting"
            ) from None


class NumberColumn(ValueColumn):
    """A column of numbers, as such or as text.

    Examples
    --------
    >>> import numpy as np
    >>> NumberColumn.parse(np.array(["3", "2.5e3", "NA", None], dtype=object)).tolist()
    [3.0, 2500.0, nan, nan]
    """

    kind = "number"
    expected = "a number"
    resolutions: ClassVar[tuple[int, ...]] = (1,)

    @staticmethod
    def parse(cells: Array) -> Array:
        """Return the numbers; truth values are 1 and 0."""
        if cells.dtype.kind in "fb":
            return cells.astype(np.float64, copy=False)
        if cells.dtype.kind == "M":
            return _only_missing(cells)
        return parse_numbers(cells)

    @staticmethod
    def restore(numbers: Array) -> Array:
        """Return the numbers."""
        return numbers


class BooleanColumn(ValueColumn):
    """A column of truth values: as such, or text in pairs such as true and false, yes and no; they become 1 and 0.

    Examples
    --------
    >>> import numpy as np
    >>> BooleanColumn.parse(np.array(["Yes", "no", ""], dtype=object)).tolist()
    [1.0, 0.0, nan]
    """

    kind = "boolean"
    expected = "true or false"

    @staticmethod
    def parse(cells: Array) -> Array:
        """Return 1 for true and 0 for false."""
        if cells.dtype.kind == "M":
            return _only_missing(cells)
        if cells.dtype.kind == "O":
            return parse_each(cells, parse_truth)
        numbers = cells.astype(np.float64, copy=False)
        wrong = np.flatnonzero((numbers != 0) & (numbers != 1) & ~np.isnan(numbers))
        if len(wrong):
            raise UnreadableError(int(wrong[0]))
        return numbers

    @staticmethod
    def restore(numbers: Array) -> Array:
        """Return true from one half upwards; as text where some are missing."""
        if np.isnan(numbers).any():
            words = (None if x != x else "true" if x >= 0.5 else "false" for x in numbers.tolist())
            return text_array(words, len(numbers))
        return numbers >= 0.5


class DateColumn(ValueColumn):
    """A column of dates or times, as such or as ISO 8601 text; they become days since the start of 1970, in UTC.

    Examples
    --------
    >>> import numpy as np
    >>> DateColumn.parse(np.array(["1970-01-02", "1970-01-02 12:00:00"], dtype=object)).tolist()
    [1.0, 1.5]
    """

    kind = "date"
    expected = "a date such as 2024-12-31 or 2024-12-31 23:59:59"
    resolutions: ClassVar[tuple[int, ...]] = (1, 24, 24 * 60, 24 * 60 * 60)

    @staticmethod
    def parse(cells: Array) -> Array:
        """Return days since the start of 1970 in UTC, with the time of day behind the point."""
        if cells.dtype.kind == "O":
            return parse_each(cells, parse_days)
        if cells.dtype.kind != "M":
            return _only_missing(cells)
        moments = cells.astype("M8[us]")
        days = moments.astype(np.int64) / MICROSECONDS_PER_DAY
        return np.where(np.isnat(moments), np.nan, days)

    @staticmethod
    def restore(numbers: Array) -> Array:
        """Return the moments, to the microsecond, within the years 1 to 9999."""
        missing = np.isnan(numbers)
        days = np.clip(np.where(missing, 0.0, numbers), _FIRST_DAY, _LAST_DAY)
        moments: Array = np.rint(days * MICROSECONDS_PER_DAY).astype(np.int64).astype("M8[us]")
        moments[missing] = np.datetime64("NaT")
        return moments


class MomentColumn(DateColumn):
    r"""A column of dates with a time of day: days since the start of 1970, and where in the day and the week that is.

    To a network, 23:59 and 00:01 must be neighbours, as Sunday and Monday: each is given as a point on a circle, with
    t in days, the sine and cosine of :math:`2 \pi t` for the hour, and of :math:`2 \pi t / 7` for the day of the week.
    Hours are those of UTC where the cells have a zone, else those of the clock that wrote them.

    Examples
    --------
    >>> import numpy as np
    >>> noon_on_a_monday = MomentColumn.parse(np.array(["1970-01-05 12:00"], dtype=object))
    >>> hour_sin, hour_cos, *_ = MomentColumn.aspects_of(noon_on_a_monday)
    >>> hour_sin.round(3).tolist(), hour_cos.round(3).tolist()
    ([0.0], [-1.0])
    """

    kind = "moment"
    aspects = ("hour, sine", "hour, cosine", "weekday, sine", "weekday, cosine")

    @staticmethod
    def aspects_of(numbers: Array) -> list[Array]:
        """Return sine and cosine of the hour of the day, and of the day of the week."""
        # Whole days and weeks are taken away first: the sine of a large number is known to fewer digits.
        angles = (2 * np.pi * (numbers % 1.0), 2 * np.pi / 7 * (numbers % 7.0))
        return [wave(angle) for angle in angles for wave in (np.sin, np.cos)]


class CycleColumn(MomentColumn):
    """A column of moments of which only the hour of the day and the day of the week make features.

    The date itself would put each later record beyond all training records. So would a cycle that training records have
    not gone round: of less than a week, the weekday is left out, too.

    Parameters
    ----------
    name : str
        Of the column.
    weekday : bool, default True
        Whether the day of the week makes features.
    """

    resolutions: ClassVar[tuple[int, ...]] = ()

    def __init__(self, name: str, weekday: bool = True) -> None:
        super().__init__(name)
        self.weekday = weekday

    @classmethod
    def learn(cls, name: str, numbers: Array) -> CycleColumn | None:
        """Make a column with the cycles that training values go round, None if there is no such cycle."""
        span = np.ptp(numbers[~np.isnan(numbers)])
        return cls(name, bool(span >= _ALL_WEEKDAYS)) if span >= _ALL_HOURS else None

    @staticmethod
    def restore(numbers: Array) -> Array:
        """Return missing moments: hour and day of the week tell no date."""
        return np.full(len(numbers), np.datetime64("NaT"), dtype="M8[us]")

    def numbers_of(self, numbers: Array) -> list[Array]:
        """Return the numbers that say where in the day and in the week moments are."""
        return self.aspects_of(numbers)[: 4 if self.weekday else 2]

    @property
    def number_names(self) -> tuple[str, ...]:
        """What each of `numbers_of` is called."""
        return super().number_names[1 : 5 if self.weekday else 3]

    def summary(self, median: float) -> str:  # noqa: ARG002
        """Say what of the moments is looked at."""
        return "hour and weekday" if self.weekday else "hour"

    def get_config(self) -> dict[str, Any]:
        """Return what is known of the column, as JSON values."""
        return {**super().get_config(), "date": False, "weekday": self.weekday}


VALUE_COLUMNS: dict[str, type[ValueColumn]] = {
    column.kind: column for column in (BooleanColumn, NumberColumn, DateColumn, MomentColumn)
}


class IgnoredColumn:
    """A column that is expected in the table and makes no features.

    Parameters
    ----------
    name : str
        Of the column.
    """

    kind: ClassVar[str] = "ignored"

    def __init__(self, name: str) -> None:
        self.name = name

    def get_config(self) -> dict[str, Any]:
        """Return what is known of the column, as JSON values."""
        return {"kind": self.kind, "name": self.name}


Column: TypeAlias = ValueColumn | CategoryColumn | IgnoredColumn


def column_from_config(config: Any) -> Column:
    """Make a column of what its `get_config` returned; raise `DataError` if it cannot have."""
    kind = field(config, "kind", str)
    if kind == MomentColumn.kind and "date" in config and not field(config, "date", bool):
        return CycleColumn(field(config, "name", str), field(config, "weekday", bool))
    if kind in VALUE_COLUMNS:
        made = VALUE_COLUMNS[kind]
        resolution = field(config, "resolution", int) if "resolution" in config else None
        if resolution not in (None, *made.resolutions):
            raise DataError(f"preprocessing: a column of the kind {kind!r} has no resolution {resolution}")
        return made(field(config, "name", str), resolution)
    if kind == CategoryColumn.kind:
        return CategoryColumn.from_config(config)
    if kind == IgnoredColumn.kind:
        return IgnoredColumn(field(config, "name", str))
    raise DataError(f"preprocessing: there is no kind of column {kind!r}")


def infer(name: str, cells: Array, position: Callable[[int], str]) -> tuple[ValueColumn | None, Array]:
    """Find out what kind of values a training column holds.

    A column of text is one of categories, unless more than half of its values are numbers, or dates: then
    the others are mistakes, and to take the numbers for categories would make one mistake a larger one.

    Parameters
    ----------
    name : str
        Of the column.
    cells : ndarray of shape (n_rows,)
        Its training values.
    position : callable
        Says where the row of an index is, for messages.

    Returns
    -------
    column : ValueColumn or None
        None if the column holds categories.
    numbers : ndarray of float64
        The cells' numbers; empty for categories.

    Raises
    ------
    DataError
        If some values are not of the kind that most are, or most are numbers with commas or dates that are not
        written as ISO 8601 has it; the message names the first.
    """
    kinds: tuple[type[ValueColumn], ...] = (BooleanColumn, NumberColumn, DateColumn)
    for kind in kinds:
        if kind is BooleanColumn and not _looks_boolean(cells):
            continue
        try:
            numbers = kind.parse(cells)
        except UnreadableError:
            continue
        if kind is DateColumn and _has_times(numbers):
            return MomentColumn(name), numbers
        return kind(name), numbers
    counts = {text: count for text, count in count_categories(*distinct_cells(cells)).items() if text is not None}
    for words, parse in (("numbers", parse_number), ("dates", parse_days)):
        _check_not_mostly(cells, counts, parse, words, name, position)
    _check_no_commas(cells, counts, name, position)
    _check_no_foreign_dates(cells, counts, name, position)
    return None, np.empty(0)


def _check_no_commas(cells: Array, counts: Mapping[str, int], name: str, position: Callable[[int], str]) -> None:
    """Refuse a column most of whose values are numbers but for commas in them."""
    fits = sum(count for text, count in counts.items() if parse_number(text.replace(",", "")) is not None)
    if 2 * fits > sum(counts.values()):
        wrong = next(i for i, cell in enumerate(cells) if "," in (category_text(cell) or ""))
        raise DataError(
            f"{position(wrong)}, column {name!r}: found {format_value(cells[wrong])}, a number but for its comma. Write "
            "decimals with a point, and nothing between thousands; if the column holds categories, name it as "
            "categorical (on the command line: --categorical)"
        )


def _check_no_foreign_dates(cells: Array, counts: Mapping[str, int], name: str, position: Callable[[int], str]) -> None:
    """Refuse a column most of whose values are dates, but not written as ISO 8601 has it: each later one is new."""
    fits = {text: count for text, count in counts.items() if _FOREIGN_DATE.fullmatch(text)}
    if 2 * sum(fits.values()) > sum(counts.values()):
        foreign = {text for text in fits if parse_days(text) is None}
        wrong = next(i for i, cell in enumerate(cells) if category_text(cell) in foreign)
        raise DataError(
            f"{position(wrong)}, column {name!r}: found {format_value(cells[wrong])}, a date that is not written 2024-02-01; "
            "rewrite it, leave the column out (on the command line: --drop), or name it as categorical (--categorical)"
        )


def _check_not_mostly(
    cells: Array,
    counts: Mapping[str, int],
    parse: Callable[[str], float | None],
    words: str,
    name: str,
    position: Callable[[int], str],
) -> None:
    """Refuse a column most of whose values, but not all, are numbers or dates."""
    fits = sum(count for text, count in counts.items() if parse(text) is not None)
    total = sum(counts.values())
    if 2 * fits > total:
        wrong = next(i for i, cell in enumerate(cells) if (t := category_text(cell)) is not None and parse(t) is None)
        raise DataError(
            f"{position(wrong)}, column {name!r}: found {format_value(cells[wrong])}, but {fits:,} of the column's {total:,} "
            f"values are {words}. Correct it, or leave the cell empty if the value is missing; if the column holds "
            "categories, name it as categorical (on the command line: --categorical)"
        )


def _are_multiples(numbers: Array, parts: int) -> bool:
    """Tell whether numbers are multiples of one over `parts`, as exactly as floating point has them."""
    for some in (numbers[:_FIRST_LOOK], numbers):  # most columns are told from a few
        with np.errstate(over="ignore", invalid="ignore"):
            counts = some * parts
            if not (np.abs(counts - np.rint(counts)) <= 2 * np.finfo(np.float64).eps * np.abs(counts)).all():
                return False
    return True


def _has_times(days: Array) -> bool:
    return bool((days[~np.isnan(days)] % 1.0 != 0.0).any())


def _looks_boolean(cells: Array) -> bool:
    """Tell whether there are both words of a pair, and no other: one alone may be a category whose others are rare."""
    if cells.dtype.kind != "O":
        return cells.dtype.kind == "b"
    distinct = set(cells)
    if len(distinct) > 50:  # two words in every spelling, and all ways to say that there is none
        return False
    words = {text.lower() for text in map(category_text, distinct) if text is not None}
    return any(words == set(pair) for pair in TRUTH_PAIRS)


def _only_missing(cells: Array) -> Array:
    """Accept cells of a wrong type if there is nothing in them."""
    present = np.flatnonzero(cells == cells)
    if len(present):
        raise UnreadableError(int(present[0]))
    return np.full(len(cells), np.nan)
