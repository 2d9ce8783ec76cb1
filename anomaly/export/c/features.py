"""The preprocessing of numbers in C: from the columns of a record to features."""

from __future__ import annotations

from typing import Any

from anomaly.preprocessing.columns.categories import CategoryColumn
from anomaly.preprocessing.columns.heavy_tails import HeavyTailColumn
from anomaly.preprocessing.columns.values import IgnoredColumn, NumberColumn
from anomaly.preprocessing.fitted import FittedTable
from anomaly.preprocessing.parameters import FEATURE_LIMIT
from anomaly.preprocessing.scaling.base import AffineScaler
from nnlite.export import NotExportable
from nnlite.export.c.program import CProgram

_SCALED = """static float @(double v, double center, double scale) {
  v = (v - center) / scale;
  return (float)(v < -LIMIT ? -LIMIT : v > LIMIT ? LIMIT : v);
}"""


def feature_lines(program: CProgram, fitted: FittedTable) -> list[str]:
    """Return the lines that compute the features f from the columns x.

    They are computed in float64, as in Python: a feature that is off by one digit may be on the other side of a split
    of an isolation forest, and a value near a large center loses no digits.

    Raises
    ------
    NotExportable
        If a column is not one of numbers, or its missing cells have a mark.
    """
    if not isinstance(fitted.scaler, AffineScaler):
        raise NotExportable(
            f"scaling={fitted.scaler.name!r} is not exported to C; fit the detector with another scaling"
        )
    if fitted.is_marked.any():
        raise NotExportable(
            "columns with missing cells in training have features for them, which are not exported to C; fit the "
            "detector on records without missing cells"
        )
    name = program.function("scaled", _SCALED.replace("LIMIT", repr(float(FEATURE_LIMIT))))
    centers, scales = fitted.scaler.center_.tolist(), fitted.scaler.scale_.tolist()
    lines: list[str] = []
    for position, column in enumerate(fitted.columns):
        for value in _values(column, f"x[{position}]"):
            number = len(lines)
            lines.append(f"f[{number}] = {name}({value}, {centers[number]!r}, {scales[number]!r});")
    return lines


def _values(column: Any, x: str) -> list[str]:
    """Return the numbers of a column as expressions in C."""
    if isinstance(column, IgnoredColumn):
        return []
    if type(column) is NumberColumn:
        return [x]
    if type(column) is HeavyTailColumn:
        return [x, f"asinh((({x}) / 2.0 - {column.center / 2!r}) / {column.spread / 2!r})"]
    kind = "categories" if isinstance(column, CategoryColumn) else f"the kind {column.kind!r}"
    raise NotExportable(
        f"column {column.name!r} has {kind}; C has columns of numbers only: leave it out when you fit the detector"
    )
