"""The parameters of a `TablePreprocessor`: what they may be, and how they are written to a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anomaly.preprocessing.scaling.linear import SCALERS

if TYPE_CHECKING:
    from anomaly.preprocessing.table import TablePreprocessor

FEATURE_LIMIT = 1e6
"""Features are clipped to this size: beyond it all is equally absurd, and float32 can still add up their squares."""

PARAMETERS = (
    "scaling",
    "categorical",
    "min_category_count",
    "max_categories",
    "category_weight",
    "dates",
    "extra",
)
"""The names of the constructor's arguments, in their order."""


def check_parameters(preprocessor: TablePreprocessor) -> None:
    """Raise a ValueError for the first parameter that is unusable, saying what was found and what is expected."""
    _check_choice("scaling", preprocessor.scaling, tuple(SCALERS))
    _check_choice("dates", preprocessor.dates, ("number", "cycles", "ignore"))
    _check_choice("extra", preprocessor.extra, ("error", "ignore"))
    for name in ("min_category_count", "max_categories"):
        count = getattr(preprocessor, name)
        if not isinstance(count, (int, np.integer)) or isinstance(count, bool) or count < 1:
            raise ValueError(f"{name} must be a whole number of at least 1; found {count!r}")
    weight = preprocessor.category_weight
    is_number = isinstance(weight, (int, float, np.floating)) and not isinstance(weight, bool)
    if not is_number or not 0 < weight <= FEATURE_LIMIT:
        raise ValueError(f"category_weight must be above 0 and at most {FEATURE_LIMIT:g}; found {weight!r}")
    names = preprocessor.categorical
    if names is not None and (isinstance(names, str) or not all(isinstance(name, str) for name in names)):
        raise ValueError(f"categorical must be a list of column names; found {names!r}")


def _check_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}; found {value!r}")


def parameters_as_json(preprocessor: TablePreprocessor) -> dict[str, Any]:
    """Return the parameters by name, as JSON values."""
    return {name: _as_json(getattr(preprocessor, name)) for name in PARAMETERS}


def _as_json(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    return value if value is None or isinstance(value, (str, int, float)) else list(value)
