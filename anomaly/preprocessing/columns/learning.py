"""Columns of a training table: their kinds, their categories, and which of them are left out or warned of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from anomaly.errors import (
    BlindColumnWarning,
    DataError,
    EmptyColumnWarning,
    TimeColumnWarning,
    format_value,
)
from anomaly.preprocessing.columns import left_out
from anomaly.preprocessing.columns.categories import CategoryColumn
from anomaly.preprocessing.columns.category_notes import notes_of_text
from anomaly.preprocessing.columns.column_notes import (
    ColumnNotes,
    leave_out,
    note_constant,
    note_far_values,
    note_likely_times,
    note_totals,
    notes_of_codes,
    notes_of_levels,
)
from anomaly.preprocessing.columns.date_columns import CycleColumn, DateColumn, DatetimeColumn, TimeOfDayColumn
from anomaly.preprocessing.columns.inference import Hints, infer
from anomaly.preprocessing.columns.kinds import Column
from anomaly.preprocessing.columns.levels import LevelColumn, are_levels
from anomaly.preprocessing.columns.number_inference import has_decimal_commas
from anomaly.preprocessing.columns.number_times import NumberTimeForm, find_number_times
from anomaly.preprocessing.columns.population import Population
from anomaly.preprocessing.columns.totals import ends_with_totals
from anomaly.preprocessing.columns.values import (
    BooleanColumn,
    IgnoredColumn,
    NumberColumn,
    ValueColumn,
    side_by_side,
)
from anomaly.tables import Table
from nnlite.types import Array

_NO_VALUES = "all values missing in training"


class FittedColumns(NamedTuple):
    """Columns of a training table, with the numbers and groups of its rows.

    Attributes
    ----------
    columns : sequence of Column
        One for each column of the table.
    numbers : ndarray of float of shape (n_rows, n_numbers)
        Numbers of the columns of values, side by side; NaN if missing.
    groups : list of ndarray of int of shape (n_rows,)
        For each column of categories, the group of each row.
    missing_fraction : ndarray of float64 of shape (n_columns,)
        Fraction of missing cells of each column.
    """

    columns: Sequence[Column]
    numbers: Array
    groups: list[Array]
    missing_fraction: Array


class ColumnSettings(NamedTuple):
    """Parameters of the columns, as for `anomaly.preprocessing.TablePreprocessor`, and what is known of all rows.

    `population` is given where the training rows are a sample.
    """

    dates: str
    min_category_count: int
    max_categories: int
    missing: str
    keep: Collection[str] = ()
    date_format: Sequence[str] = ()
    time_zone: str | None = None
    likely_decimal: str = "."
    population: Population | None = None

    @property
    def is_table(self) -> bool:
        """Whether rows are records; in a series, where missing cells are medians, a number that counts is a trend."""
        return self.missing == "nan"

    def hints(self, name: str) -> Hints:
        """Return what the user says about a column."""
        formats = [_format(text) for text in self.date_format if not _names_another(text, name)]
        return Hints(formats, self.time_zone, self.is_table, self.dates != "number", None, self.likely_decimal)


def _names_another(text: str, name: str) -> bool:
    """Return whether a format is that of another column: COLUMN=FORMAT."""
    column, found, _ = text.partition("=%")
    return bool(found) and column != name


def _format(text: str) -> str:
    column, found, form = text.partition("=%")
    return f"%{form}" if found and "%" not in column else text


def fit_columns(table: Table, categorical: Collection[str], settings: ColumnSettings) -> FittedColumns:
    """Infer the kind of each column of a training table, and fit its categories.

    Parameters
    ----------
    table : Table
        Training rows.
    categorical : collection of str
        Columns of categories.
    settings : ColumnSettings
        Parameters of the columns.

    Returns
    -------
    FittedColumns
        The columns, with the numbers and groups of the training rows.

    Raises
    ------
    DataError
        If a column has values of different kinds, or no column has values.

    Warns
    -----
    EmptyColumnWarning
        If a column has no values: it is left out.
    IdentifierColumnWarning
        If `missing` is "nan" and a column numbers or names the records, or only grows: it is left out.
    BlindColumnWarning
        If half of the rows hold a category met once, so that no later one is unusual.
    ConstantColumnWarning
        If `missing` is "nan" and all values are equal.
    FileFormWarning
        If `missing` is "nan" and the last row holds sums or means of the others.
    SpellingWarning, TimeColumnWarning
        If numbers were understood in a way that may not be meant.
    """
    columns: list[Column] = []
    numbers, groups, fractions = [], [], []
    notes, summed = ColumnNotes(), []
    if any(cells.dtype.kind == "O" and has_decimal_commas(cells) for cells in table.columns):
        settings = settings._replace(likely_decimal=",")
    for name, cells in zip(table.names, table.columns, strict=True):
        column, values = _fit_column(name, cells, name in categorical, table.position, settings, notes)
        if isinstance(column, CategoryColumn):
            groups.append(values)
            is_missing = values == column.missing_group
        else:
            is_missing = np.isnan(values)
            numbers += column.numbers_of(values) if isinstance(column, ValueColumn) else []
            summed += [(name, values)] if isinstance(column, NumberColumn) and len(values) else []
        columns.append(column)
        fractions.append(is_missing.mean())
    if all(fraction == 1 for fraction in fractions):
        raise no_values(table.names[0])
    if settings.is_table:
        note_totals(summed, table.position(len(table) - 1), settings.population, notes)
    notes.warn()
    missing = np.array(fractions) if settings.population is None else settings.population.missing_fractions(table.names)
    return FittedColumns(columns, side_by_side(numbers, len(table)), groups, missing)


def _fit_column(
    name: str,
    cells: Array,
    is_declared: bool,
    position: Callable[[int], str],
    settings: ColumnSettings,
    notes: ColumnNotes,
) -> tuple[Column, Array]:
    """Return a column, and the group or the number of each training value."""
    column: ValueColumn | None = None
    values = cells
    if not is_declared:
        column, values, own = infer(name, cells, position, settings.hints(name))
        notes.add_all(own)
    if column is None:
        categories, groups = _fit_categories(name, cells, is_declared, settings)
        if categories is not None:
            if settings.is_table and not is_declared and name not in settings.keep:
                notes.add_all(notes_of_text(categories, cells))
            return _checked_categories(categories, groups, settings, notes)
        values = np.full(len(cells), np.nan)
    if np.isnan(values).all():
        notes.add(
            EmptyColumnWarning,
            "all values missing in the training rows, so that these columns are ignored: {names}",
            name,
        )
        return IgnoredColumn(name, _NO_VALUES), values
    assert column is not None  # a column of categories without values is empty
    if column.form is not None or isinstance(column, DateColumn):
        note_far_values(name, cells, values, isinstance(column, DateColumn), notes)
    if settings.is_table and name not in settings.keep:
        checked, values = _checked_numbers(column, values, settings, notes)
        notes.add_all(notes_of_codes(name, cells) if type(checked) is NumberColumn and checked.form is None else ())
        return _finish(checked, values, settings)
    return _finish(column, values, settings)


def _finish(column: ValueColumn | IgnoredColumn, values: Array, settings: ColumnSettings) -> tuple[Column, Array]:
    """Return a column of levels, of cycles or with its resolution."""
    if isinstance(column, IgnoredColumn):
        return column, values
    least, most, missing = settings.min_category_count, settings.max_categories, settings.missing
    if (
        settings.is_table
        and column.form is None
        and isinstance(column, (NumberColumn, BooleanColumn))
        and are_levels(values)
    ):
        make = LevelColumn.of_numbers if isinstance(column, NumberColumn) else LevelColumn.of_booleans
        return make(column.name, values, least, most, missing)
    if isinstance(column, DateColumn) and not isinstance(column, TimeOfDayColumn):
        column = _with_dates(column, values, settings.dates)
    elif isinstance(column, TimeOfDayColumn) and settings.dates == "ignore":
        column = IgnoredColumn(column.name, "a time of day; times are ignored")
    if isinstance(column, ValueColumn):
        column.learn_resolution(values)
    return column, values


def _fit_categories(
    name: str, cells: Array, is_declared: bool, settings: ColumnSettings
) -> tuple[CategoryColumn | None, Array]:
    numeric = cells.dtype.kind in "fb" if is_declared else None  # declared text stays as it is written
    categories, groups = CategoryColumn.learn(
        name,
        cells,
        settings.min_category_count,
        settings.max_categories,
        missing=settings.missing,
        numeric=numeric,
        known=None if settings.population is None else settings.population.categories(name),
    )
    has_values = categories.categories or categories.rare or categories.open_ended
    return (categories if has_values else None), groups


def _checked_categories(
    column: CategoryColumn, groups: Array, settings: ColumnSettings, notes: ColumnNotes
) -> tuple[Column, Array]:
    """Return a column of categories, or none where it names the records; warn where no value is unusual."""
    name = column.name
    if settings.is_table and name not in settings.keep and left_out.names_the_records(column):
        leave_out(name, left_out.NAMING, notes)
        missing = np.where(groups == column.missing_group, np.nan, 0.0)
        return IgnoredColumn(name, f"left out: {left_out.NAMING}"), missing
    if left_out.is_blind(column):
        notes.add(
            BlindColumnWarning,
            "at least half of the rows hold a value that is met once, so that no later value of these columns is "
            "unusual: {names}. If they are numbers or dates, write them in one form; if not, leave them "
            "out (ignore=, on the command line: --drop)",
            name,
        )
    notes.add_all(notes_of_levels(column))
    is_single = len(column.categories) == 1 and not column.rare and not column.open_ended
    if settings.is_table and is_single and len(groups) >= left_out.FEWEST_NOTED:
        note_constant(name, column.categories[0], notes)
    return column, groups


def _checked_numbers(
    column: ValueColumn, values: Array, settings: ColumnSettings, notes: ColumnNotes
) -> tuple[ValueColumn | IgnoredColumn, Array]:
    """Return a column of times for numbers that are times, or none for those that only number or grow."""
    if not isinstance(column, NumberColumn):
        return column, values
    unit = find_number_times(column.name, values)
    if unit is not None and column.form is not None:
        reason = f"it holds times ({NumberTimeForm(unit, None).summary}) in the form {column.form.summary}"
        leave_out(column.name, reason, notes)
        return IgnoredColumn(column.name, f"left out: {reason}"), values
    if unit is not None:
        form = NumberTimeForm(unit, settings.time_zone)
        notes.add(
            TimeColumnWarning,
            f"column {column.name!r}: numbers are read as times, {form.summary}, so that "
            f"{format_value(float(values[~np.isnan(values)][0]))} is "
            f"{DateColumn.restore(form.read(values[~np.isnan(values)][:1])).astype('M8[s]')[0]}; keep= (on the command "
            "line: --keep) uses them as numbers",
        )
        days = form.read(values)
        has_times = bool((days[~np.isnan(days)] % 1.0 != 0.0).any())
        return (DatetimeColumn if has_times else DateColumn)(column.name, form=form), days
    reason = left_out.reason_of_numbers(values, None if settings.population is None else settings.population.n_rows)
    if reason:
        leave_out(column.name, reason, notes)
        return IgnoredColumn(column.name, f"left out: {reason}"), values
    present = values[~np.isnan(values)]
    if len(present) >= left_out.FEWEST_NOTED and (present == present[0]).all():
        note_constant(column.name, float(present[0]), notes)
    elif likely := left_out.find_likely_times(values):
        note_likely_times(column.name, float(present[0]), likely, notes)
    return column, values


def are_plain(table: Table) -> bool:
    """Return whether all columns of a matrix are used as they are; without names none is left out.

    A last row that holds sums or means is warned of, so that such a matrix is not plain.
    """
    if ends_with_totals(table.columns):
        return False
    if not table.named:
        return not any(map(are_levels, table.columns))
    return all(map(left_out.has_plain_features, table.names, table.columns))


def _with_dates(column: DateColumn, numbers: Array, dates: str) -> DateColumn | IgnoredColumn:
    """Return the column of dates for a value of the parameter `dates`."""
    if dates == "number":
        return column
    form = "" if column.form is None or not column.form.summary else f" ({column.form.summary})"
    if not isinstance(column, DatetimeColumn):
        return IgnoredColumn(
            column.name, f"a date without a time of day{form}; dates='number' (--dates number) uses it"
        )
    if dates == "ignore":
        return IgnoredColumn(column.name, f"a date{form}; dates are ignored")
    cycles = CycleColumn.learn(column, numbers)
    return cycles or IgnoredColumn(column.name, f"times{form} that span less than a day")


def no_values(name: str) -> DataError:
    """Return the error of a training column without values."""
    return DataError(
        f"column {name!r}: all values missing in the training rows; leave the column out (on the command line: --drop)"
    )


def as_formats(formats: str | Iterable[str] | None) -> tuple[str, ...]:
    """Return formats of dates as a tuple."""
    return (formats,) if isinstance(formats, str) else tuple(formats or ())


def column_settings(
    parameters: Mapping[str, Any], kept: Collection[str] = (), population: Population | None = None
) -> ColumnSettings:
    """Return the parameters of the columns from those of a preprocessor, and columns that are kept in any case."""
    same = ("dates", "min_category_count", "max_categories", "missing", "time_zone")
    return ColumnSettings(
        **{name: parameters[name] for name in same},
        keep=(*(parameters["keep"] or ()), *kept),
        date_format=as_formats(parameters["date_format"]),
        population=population,
    )
