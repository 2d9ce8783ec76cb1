"""Forms of cells that are no plain numbers, booleans or ISO dates: reading them, and their restoration from a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from anomaly.errors import DataError
from anomaly.preprocessing.columns.clock_forms import ClockForm
from anomaly.preprocessing.columns.date_forms import DateForm
from anomaly.preprocessing.columns.number_forms import SPECIAL_FORMS, NumberForm, SpecialForm
from anomaly.preprocessing.columns.number_times import NumberTimeForm
from anomaly.preprocessing.columns.parsing import UnreadableError, parse_each
from anomaly.preprocessing.columns.pattern_forms import PatternForm
from anomaly.tables.saved_state import field
from nnlite.types import Array


class Form(Protocol):
    """The form of the cells of a column."""

    @property
    def expected(self) -> str:
        """What a cell must be, for errors."""

    @property
    def summary(self) -> str:
        """Describe the form."""

    def get_config(self) -> dict[str, Any]:
        """Return the attributes as JSON values."""


def read_cells(form: Form, cells: Array) -> Array:
    """Return the number of each cell of a form, NaN if missing; raise `UnreadableError` for a cell of another form.

    Examples
    --------
    >>> from anomaly.preprocessing.columns.numerals import Style
    >>> form = NumberForm(Style(",", ""), "", {"C": 1.0}, False, "20,3 C")
    >>> read_cells(form, np.array(["20,3 C", None, "NA"], dtype=object)).tolist()
    [20.3, nan, nan]
    """
    if isinstance(form, (DateForm, NumberTimeForm)):
        return form.read(cells)
    assert isinstance(form, (NumberForm, SpecialForm, ClockForm, PatternForm))  # there are no others
    if cells.dtype.kind == "O":
        return parse_each(cells, form.parse)
    if cells.dtype.kind == "M":
        numbers, taken = np.full(len(cells), np.nan), np.isnat(cells)
    else:
        numbers = cells.astype(np.float64, copy=False)
        taken = np.array([number != number or form.takes(number) for number in numbers.tolist()], np.bool_)
    if not taken.all():
        raise UnreadableError(int(np.flatnonzero(~taken)[0]))
    return numbers


_FORMS: dict[str, Any] = {
    "spelling": NumberForm,
    "clock": ClockForm,
    "date": DateForm,
    "number": NumberTimeForm,
    "pattern": PatternForm,
}


def form_from_config(config: Mapping[str, Any]) -> Form:
    """Restore a form from the values of its `get_config`; raise `DataError` for an invalid field."""
    kind = field(config, "type", str)
    if kind in SPECIAL_FORMS:
        return SpecialForm(kind, field(config, "example", str))
    if kind not in _FORMS:
        raise DataError(f"preprocessing: there is no form of cells {kind!r}")
    form: Form = _FORMS[kind].from_config(config)
    return form
