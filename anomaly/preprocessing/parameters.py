"""Parameters of a `TablePreprocessor`: the constraint of each, and their restoration from a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from anomaly.errors import DataError, format_names
from anomaly.preprocessing.columns.missing import TREATMENTS
from anomaly.preprocessing.scaling.linear import SCALERS
from anomaly.tables.saved_state import field
from nnlite.suggestions import did_you_mean
from nnlite.validation import check_parameters, choice, integer, names, number, text

FEATURE_LIMIT = 1e6
"""Features are clipped to this absolute value, whose square float32 can still sum."""

CONSTRAINTS = {
    "scaling": choice(*SCALERS),
    "categorical": names(),
    "min_category_count": integer(least=1),
    "max_categories": integer(least=1),
    "category_weight": number(above=0, most=FEATURE_LIMIT),
    "dates": choice("number", "cycles", "ignore"),
    "extra": choice("error", "ignore"),
    "missing": choice(*TREATMENTS),
    "keep": names(),
    "date_format": text("a format of dates such as '%d/%m/%Y'") | names("formats"),
    "time_zone": text("the name of a time zone, or None"),
}
"""Constraint of each argument of the constructor."""
_EARLIER = {"missing": "median", "keep": None, "date_format": None, "time_zone": None}
"""Parameters that states of earlier versions lack, with what these versions did."""


def check_against(parameters: Mapping[str, Any], columns: Sequence[str]) -> None:
    """Raise ValueError if a parameter is invalid, or names a column that is not there."""
    check_parameters(parameters, CONSTRAINTS)
    from anomaly.preprocessing.columns.date_formats import check_format
    from anomaly.preprocessing.columns.learning import as_formats
    from anomaly.preprocessing.columns.zones import zone

    for form in as_formats(parameters["date_format"]):
        check_format(form.partition("=")[2] if "=%" in form else form)
    if parameters["time_zone"] is not None:
        zone(parameters["time_zone"])
    for parameter in ("categorical", "keep"):
        unknown = [name for name in parameters[parameter] or () if name not in columns]
        if unknown:
            raise DataError(
                f"`{parameter}` names columns that are not there: {format_names(unknown)}; the columns are "
                f"{format_names(columns)}{did_you_mean(unknown[0], columns)}"
            )


def parameters_from_state(config: Any) -> dict[str, Any]:
    """Return the parameters of a saved state; raise `DataError` if one is invalid."""
    parameters = {**_EARLIER, **field(config, "parameters", dict)}
    if set(parameters) != set(CONSTRAINTS):
        raise DataError(f"preprocessing: expected the parameters {', '.join(CONSTRAINTS)}")
    try:
        check_parameters(parameters, CONSTRAINTS)
    except ValueError as error:
        raise DataError(f"preprocessing: {error}") from error
    return parameters


def as_json(value: Any) -> Any:
    """Return a parameter as a JSON value."""
    if isinstance(value, np.generic):
        return value.item()
    return value if value is None or isinstance(value, (str, int, float)) else list(value)
