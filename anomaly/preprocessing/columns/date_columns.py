"""Columns of dates, datetimes and times of day: days since 1970, and their position in the day and the week."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from anomaly.preprocessing.columns.parsing import MICROSECONDS_PER_DAY, parse_days, parse_each
from anomaly.preprocessing.columns.values import BooleanColumn, NumberColumn, ValueColumn, only_missing
from anomaly.tables.cells import text_array
from nnlite.types import Array

if TYPE_CHECKING:
    from anomaly.preprocessing.columns.forms import Form

# Days from the first to the last training value, from which all hours, or all days of the week, occur.
_ALL_HOURS, _ALL_WEEKDAYS = 23 / 24, 6.0
_MINUTES = 24 * 60
_EPOCH = date(1970, 1, 1).toordinal()
# The days that programs write where there is a time of day alone: the first ones of spreadsheets and of clocks.
_FIRST_ONES = ((1899, 12, 30), (1899, 12, 31), (1900, 1, 1), (1904, 1, 1), (1970, 1, 1), (1, 1, 1))
_SOME_HOURS, _NO_DAYS = 1 / 4, frozenset(date(*day).toordinal() - date(1970, 1, 1).toordinal() for day in _FIRST_ONES)
_FIRST_DAY, _LAST_DAY = date.min.toordinal() - _EPOCH, date.max.toordinal() - _EPOCH


class DateColumn(ValueColumn):
    """A column of dates, also as ISO 8601 text. They are converted to days since the start of 1970, in UTC.

    Examples
    --------
    >>> import numpy as np
    >>> DateColumn.parse(np.array(["1970-01-02", "1970-01-02 12:00:00"], dtype=object)).tolist()
    [1.0, 1.5]
    """

    kind = "date"
    expected = "a date such as 2024-12-31 or 2024-12-31 23:59:59"
    resolutions: ClassVar[tuple[int, ...]] = (1, 24, 24 * 60, 24 * 60 * 60)

    @classmethod
    def infer(cls, name: str, cells: Array) -> tuple[ValueColumn, Array] | None:
        """Return a column of dates, or of datetimes if any value has a time of day."""
        inferred = super().infer(name, cells)
        if inferred is None or not has_times(inferred[1]):
            return inferred
        return DatetimeColumn(name), inferred[1]

    @staticmethod
    def parse(cells: Array) -> Array:
        """Return days since the start of 1970 in UTC, the time of day as a fraction."""
        if cells.dtype.kind == "O":
            return parse_each(cells, parse_days)
        if cells.dtype.kind != "M":
            return only_missing(cells)
        datetimes = cells.astype("M8[us]")
        days = datetimes.astype(np.int64) / MICROSECONDS_PER_DAY
        return np.where(np.isnat(datetimes), np.nan, days)

    @staticmethod
    def restore(numbers: Array) -> Array:
        """Return datetimes, rounded to microseconds and clipped to the years 1 to 9999."""
        missing = np.isnan(numbers)
        days = np.clip(np.where(missing, 0.0, numbers), _FIRST_DAY, _LAST_DAY)
        datetimes: Array = np.rint(days * MICROSECONDS_PER_DAY).astype(np.int64).astype("M8[us]")
        datetimes[missing] = np.datetime64("NaT", "us")
        return datetimes


class DatetimeColumn(DateColumn):
    r"""A column of dates with a time of day: days since the start of 1970, and their position in the day and the week.

    The features of 23:59 and 00:01 must be close to each other, and likewise those of Sunday and Monday. Therefore hour
    and day of the week are points on a circle: with t in days, the sine and cosine of :math:`2 \pi t` for the hour, and
    of :math:`2 \pi t / 7` for the day of the week. Hours are those of UTC if the cells have a time zone, and otherwise
    those of the cells.

    Examples
    --------
    >>> import numpy as np
    >>> noon_on_a_monday = DatetimeColumn.parse(np.array(["1970-01-05 12:00"], dtype=object))
    >>> hour_sin, hour_cos, *_ = DatetimeColumn.cycles_of(noon_on_a_monday)
    >>> hour_sin.round(3).tolist(), hour_cos.round(3).tolist()
    ([0.0], [-1.0])
    """

    kind = "datetime"
    cycles = ("hour, sine", "hour, cosine", "weekday, sine", "weekday, cosine")

    @staticmethod
    def cycles_of(numbers: Array) -> list[Array]:
        """Return sine and cosine of the hour of the day, and of the day of the week."""
        # Reduced to one day or week first, since the sine of a large number has fewer correct digits.
        angles = (2 * np.pi * (numbers % 1.0), 2 * np.pi / 7 * (numbers % 7.0))
        return [wave(angle) for angle in angles for wave in (np.sin, np.cos)]


class CycleColumn(DatetimeColumn):
    """A column of datetimes whose features are the hour of the day and the day of the week alone.

    The date of a later record would lie beyond all training records. So would its day of the week if the training
    records span less than a week: then the hour is the only feature.

    Parameters
    ----------
    name : str
        Name of the column.
    weekday : bool, default True
        Whether the day of the week is a feature.
    form : Form, optional
        As for `ValueColumn`.
    """

    resolutions: ClassVar[tuple[int, ...]] = ()

    def __init__(self, name: str, weekday: bool = True, form: Form | None = None) -> None:
        super().__init__(name, form=form)
        self.weekday = weekday

    @classmethod
    def learn(cls, column: DateColumn, numbers: Array) -> CycleColumn | None:
        """Return the column of the cycles that the training values span; None if they span none."""
        from anomaly.preprocessing.columns.date_forms import DateForm

        span = np.ptp(numbers[~np.isnan(numbers)])
        has_weekday = not isinstance(column.form, DateForm) or column.form.has_weekday
        weekday = bool(span >= _ALL_WEEKDAYS) and has_weekday
        days = np.floor(numbers[~np.isnan(numbers)])
        is_clock = days[0] in _NO_DAYS and bool((days == days[0]).all()) and span >= _SOME_HOURS
        return cls(column.name, weekday, column.form) if span >= _ALL_HOURS or is_clock else None

    @staticmethod
    def restore(numbers: Array) -> Array:
        """Return missing datetimes, since hour and day of the week do not determine a date."""
        return np.full(len(numbers), np.datetime64("NaT", "us"), dtype="M8[us]")

    def restore_near(self, cycles: Sequence[Array], days: Array) -> Array:
        """Return the datetimes with the given hours, and days of the week, that are nearest to others, to the minute.

        Parameters
        ----------
        cycles : sequence of ndarray of float64 of shape (n_rows,)
            Sine and cosine of the hour of the day, and of the day of the week if that is a feature.
        days : ndarray of float64 of shape (n_rows,)
            The other datetimes, in days since the start of 1970; NaN is missing.

        Returns
        -------
        ndarray of datetime64[us] of shape (n_rows,)
            Missing where the others are.

        Examples
        --------
        >>> import numpy as np
        >>> column = CycleColumn("at", weekday=False)
        >>> column.restore_near(column.cycles_of(np.array([0.5]))[:2], np.array([10.1])).astype("M8[m]").tolist()
        [datetime.datetime(1970, 1, 11, 12, 0)]
        """
        hours = _position(cycles[0], cycles[1])
        whole = np.floor(days)
        if self.weekday:
            weekdays = np.rint(7 * _position(cycles[2], cycles[3]) - hours)
            whole = whole + (weekdays - whole + 3) % 7 - 3
        return super().restore(whole + np.rint(hours * _MINUTES) / _MINUTES)

    def numbers_of(self, numbers: Array) -> list[Array]:
        """Return sine and cosine of the hour of the day, and of the day of the week if that is a feature."""
        return self.cycles_of(numbers)[: 4 if self.weekday else 2]

    @property
    def number_names(self) -> tuple[str, ...]:
        """Name of each array of `numbers_of`."""
        return super().number_names[1 : 5 if self.weekday else 3]

    def summary(self, median: float) -> str:  # noqa: ARG002
        """Return a text that names the features."""
        return "; ".join(["hour and weekday" if self.weekday else "hour", *self._form_summary])

    def get_config(self) -> dict[str, Any]:
        """Return the attributes of the column, as JSON values."""
        return {**super().get_config(), "date": False, "weekday": self.weekday}


class TimeOfDayColumn(CycleColumn):
    """A column of times of day, without a date: a point on the circle of the day, so that 23:59 is near 00:01.

    Parameters
    ----------
    name : str
        Name of the column.
    form : Form
        Form of its cells.
    """

    def __init__(self, name: str, form: Form | None) -> None:
        super().__init__(name, False, form)

    def restore_near(self, cycles: Sequence[Array], days: Array) -> Array:
        """Return the times of day as text, to the minute; None where the others are missing."""
        minutes = np.rint(_position(cycles[0], cycles[1]) * _MINUTES) % _MINUTES
        missing = np.isnan(days) | np.isnan(minutes)
        texts = (
            None if gone else f"{int(minute) // 60:02}:{int(minute) % 60:02}"
            for gone, minute in zip(missing, np.nan_to_num(minutes), strict=True)
        )
        return text_array(texts, len(days))

    def summary(self, median: float) -> str:  # noqa: ARG002
        """Return a text that names the features."""
        return "; ".join(self._form_summary)

    def get_config(self) -> dict[str, Any]:
        """Return the attributes of the column, as JSON values."""
        return {**super().get_config(), "time_of_day": True}


INFERRED_COLUMNS: tuple[type[ValueColumn], ...] = (BooleanColumn, NumberColumn, DateColumn)
"""Kinds of columns in the order of their inference; a column of none of them contains categories."""
VALUE_COLUMNS: dict[str, type[ValueColumn]] = {
    column.kind: column for column in (BooleanColumn, NumberColumn, DateColumn, DatetimeColumn)
}


def _position(sine: Array, cosine: Array) -> Array:
    """Return the position in a cycle, from 0 to 1."""
    return np.asarray(np.arctan2(sine, cosine) / (2 * np.pi) % 1.0)


def has_times(days: Array) -> bool:
    """Return whether days have a fraction; NaN is missing."""
    return bool((days[~np.isnan(days)] % 1.0 != 0.0).any())
