"""The preprocessing of numbers in C: from the columns of a record to features."""

from __future__ import annotations

from typing import Any

import numpy as np

from anomaly.preprocessing.columns.categories import CategoryColumn
from anomaly.preprocessing.columns.heavy_tails import HeavyTailColumn
from anomaly.preprocessing.columns.values import IgnoredColumn, NumberColumn
from anomaly.preprocessing.fitted import FittedTable
from anomaly.preprocessing.parameters import FEATURE_LIMIT
from anomaly.preprocessing.scaling.base import AffineScaler
from nnlite.export import NotExportable
from nnlite.export.c.program import CProgram, literal

_SCALED = """static float @(float v, float high, float low, float scale) {
  v = ((v - high) - low) / scale;
  return v < -LIMIT ? -LIMIT : v > LIMIT ? LIMIT : v;
}"""


def feature_lines(program: CProgram, fitted: FittedTable) -> list[str]:
    """Return the lines that compute the features f from the columns x.

    A center is two float32 numbers, so that a value near a large center loses no digits.

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
    name = program.function("scaled", _SCALED.replace("LIMIT", literal(FEATURE_LIMIT)))
    centers, scales = fitted.scaler.center_.tolist(), fitted.scaler.scale_.tolist()
    lines: list[str] = []
    for position, column in enumerate(fitted.columns):
        for value in _values(column, f"x[{position}]"):
            number = len(lines)
            high, low = _split(centers[number])
            lines.append(f"f[{number}] = {name}({value}, {high}, {low}, {literal(scales[number])});")
    return lines


def _values(column: Any, x: str) -> list[str]:
    """Return the numbers of a column as expressions in C."""
    if isinstance(column, IgnoredColumn):
        return []
    if type(column) is NumberColumn:
        return [x]
    if type(column) is HeavyTailColumn:
        high, low = _split(column.center)
        return [x, f"asinhf((({x} - {high}) - {low}) / {literal(column.spread)})"]
    kind = "categories" if isinstance(column, CategoryColumn) else f"the kind {column.kind!r}"
    raise NotExportable(
        f"column {column.name!r} has {kind}; C has columns of numbers only: leave it out when you fit the detector"
    )


def _split(value: float) -> tuple[str, str]:
    high = np.float32(value)
    return literal(high), literal(value - float(high))
