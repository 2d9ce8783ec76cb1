"""Warnings of columns: one for each class and cause, with the names of the columns."""

from __future__ import annotations

import warnings

from anomaly.errors import ConstantColumnWarning, DataWarning, IdentifierColumnWarning, format_names, format_value


class ColumnNotes:
    """Warnings of columns, one for each class and cause."""

    def __init__(self) -> None:
        self._names: dict[tuple[type[DataWarning], str], list[str]] = {}

    def add(self, category: type[DataWarning], text: str, name: str = "") -> None:
        """Add a column to the warning of a text, which has ``{names}`` for the names of the columns."""
        self._names.setdefault((category, text), []).append(name)

    def warn(self) -> None:
        """Give the warnings."""
        for (category, text), names in self._names.items():
            warnings.warn(text.replace("{names}", format_names(names)), category, stacklevel=2)


def leave_out(name: str, reason: str, notes: ColumnNotes) -> None:
    """Warn of a column that is left out."""
    notes.add(
        IdentifierColumnWarning,
        f"left out: {{names}}, since {reason}; later values are new, whatever the records are. keep= (on the command "
        "line: --keep) uses such a column",
        name,
    )


def note_constant(name: str, value: object, notes: ColumnNotes) -> None:
    """Warn of a column with one value."""
    notes.add(
        ConstantColumnWarning,
        f"all values are {format_value(value)} in the training rows, so that any other value of these columns is "
        "anomalous: {names}. Leave them out if that is not meant (ignore=, on the command line: --drop)",
        name,
    )
