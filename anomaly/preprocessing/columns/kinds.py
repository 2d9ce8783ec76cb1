"""A column of any kind: its type, and its restoration from a saved state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from anomaly.errors import DataError
from anomaly.preprocessing.columns.categories import CategoryColumn
from anomaly.preprocessing.columns.date_columns import VALUE_COLUMNS, CycleColumn, DatetimeColumn, TimeOfDayColumn
from anomaly.preprocessing.columns.heavy_tails import HeavyTailColumn
from anomaly.preprocessing.columns.levels import LevelColumn
from anomaly.preprocessing.columns.values import IgnoredColumn, NumberColumn, ValueColumn
from anomaly.tables.saved_state import field

if TYPE_CHECKING:
    from anomaly.preprocessing.columns.forms import Form

_FORMER_KINDS = {"moment": DatetimeColumn.kind}
"""Kinds in files of earlier versions, with their present names."""

Column: TypeAlias = ValueColumn | CategoryColumn | IgnoredColumn


def column_from_config(config: Any) -> Column:
    """Restore a column from the values of its `get_config`; raise `DataError` for an invalid field."""
    kind = field(config, "kind", str)
    kind = _FORMER_KINDS.get(kind, kind)
    form = _form(config)
    if kind == DatetimeColumn.kind and "time_of_day" in config:
        return TimeOfDayColumn(field(config, "name", str), form)
    if kind == DatetimeColumn.kind and "date" in config and not field(config, "date", bool):
        return CycleColumn(field(config, "name", str), field(config, "weekday", bool), form)
    if kind in VALUE_COLUMNS:
        made = VALUE_COLUMNS[kind]
        resolution = field(config, "resolution", int) if "resolution" in config else None
        if resolution not in (None, *made.resolutions):
            raise DataError(f"preprocessing: a column of the kind {kind!r} has no resolution {resolution}")
        if made is NumberColumn and "heavy_tail" in config:
            return HeavyTailColumn.from_config(config, resolution, form)
        return made(field(config, "name", str), resolution, form)
    if kind == CategoryColumn.kind:
        has_levels = "levels" in config and field(config, "levels", bool)
        return (LevelColumn if has_levels else CategoryColumn).from_config(config)
    if kind == IgnoredColumn.kind:
        return IgnoredColumn(field(config, "name", str), field(config, "reason", str) if "reason" in config else "")
    raise DataError(f"preprocessing: there is no kind of column {kind!r}")


def _form(config: Any) -> Form | None:
    if "form" not in config:
        return None
    from anomaly.preprocessing.columns.forms import form_from_config

    return form_from_config(field(config, "form", dict))
