"""The alarm budget of the options, and the times of the records that it counts."""

from __future__ import annotations

from anomaly.cli.cells import as_times
from anomaly.cli.source import Source
from anomaly.errors import DataError, format_value
from anomaly.preprocessing.columns.parsing import UnreadableError
from anomaly.tables import Table
from anomaly.thresholds import AlarmBudget
from nnlite.types import Array


def budget_of(text: str | None, time: str | None, time_zone: str | None) -> AlarmBudget | None:
    """Return the budget of the options --budget, --time and --time-zone; None without a budget.

    Raises
    ------
    ValueError
        If they are invalid, or do not go together.
    """
    for option, value in (("time", time), ("time-zone", time_zone)):
        if value is not None and text is None:
            raise ValueError(f"--{option} goes with --budget N/PERIOD, such as 50/day: it says when records were made")
    if text is None:
        return None
    try:
        budget = AlarmBudget.parse(text, time_zone or "UTC")
    except ValueError as error:
        raise ValueError(f"--budget: {error}") from error
    if budget.period is None and time is not None:
        raise ValueError(f"--time goes with a budget for each period, such as --budget {budget.alarms}/day")
    if budget.period is not None and time is None:
        raise ValueError(f"--budget {text} needs the times of the records: give --time COL")
    return budget


def times_of(table: Table, name: str, source: Source) -> Array:
    """Return the times of records, a column of a table from a file, as datetime64[us] in UTC, NaT where missing.

    Raises
    ------
    DataError
        If there is no such column, or a cell is no date.
    """
    source.check_present(table, [name])
    cells = table[name]
    try:
        return as_times(cells)
    except UnreadableError as error:
        raise DataError(
            f"{table.position(error.index)}, column {name!r}: found {format_value(cells[error.index])}, expected a "
            "date and time such as 2024-12-31 23:59 or 2024-12-31T23:59:00+01:00"
        ) from error
