"""The preprocessing in C: from the columns of a record, which are numbers or codes of categories, to features."""

from __future__ import annotations

from typing import Any

import numpy as np

from anomaly.preprocessing.columns.categories import HOLE, CategoryColumn
from anomaly.preprocessing.columns.heavy_tails import HeavyTailColumn
from anomaly.preprocessing.columns.levels import LevelColumn
from anomaly.preprocessing.columns.values import BooleanColumn, IgnoredColumn, NumberColumn
from anomaly.preprocessing.fitted import FittedTable
from anomaly.preprocessing.parameters import FEATURE_LIMIT
from anomaly.preprocessing.scaling.base import AffineScaler
from nnlite.export import NotExportable
from nnlite.export.c.program import CProgram

_LIMIT = repr(float(FEATURE_LIMIT))

_SCALED = """static float @(double v, double center, double scale) {
  v = (v - center) / scale;
  return (float)(v < -LIMIT ? -LIMIT : v > LIMIT ? LIMIT : v);
}"""

# Codes below `own` are the numbers of their groups; the others that are known share the group `own`.
_CODE = """static void @(float *f, int n, float x, int own, int known, int unseen, int missing, double weight) {
  int group = unseen;
  if (isnan(x)) group = missing;
  else if (x >= 0.0f && x < (float)known && x == floorf(x)) group = x < (float)own ? (int)x : own;
  for (int j = 0; j < n; j++) f[j] = j == group ? (float)weight : 0.0f;
}"""

_LEVEL = """static void @(float *f, int n, float x, const float *levels, const float *groups, int known, int unseen,
    int missing, double weight, double apart) {
  double nearest = INFINITY;
  int group = isnan(x) ? missing : unseen;
  for (int i = 0; i < known; i++) {
    const double distance = fabs((double)x - levels[i]);
    if (distance < nearest) nearest = distance;
    if (x == levels[i]) group = (int)groups[i];
  }
  if (group == unseen && apart > 0.0 && nearest > apart) weight *= nearest / apart;
  for (int j = 0; j < n; j++) f[j] = j == group ? (float)(weight < LIMIT ? weight : LIMIT) : 0.0f;
}"""


def feature_lines(program: CProgram, fitted: FittedTable, category_weight: float) -> list[str]:
    """Return the lines that compute the features f from the columns x, and return 0 if a value has no features.

    Numbers are computed in float64, as in Python: a feature that is off by one digit may be on the other side of a
    split of an isolation forest, and a value near a large center loses no digits.

    Raises
    ------
    NotExportable
        If a column is not one of numbers, booleans or categories, or its missing cells have a mark.
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
    scales = iter(zip(fitted.scaler.center_.tolist(), fitted.scaler.scale_.tolist(), strict=True))
    checks, lines, width = [], [], 0
    for position, column in enumerate(fitted.columns):
        x = f"x[{position}]"
        if isinstance(column, CategoryColumn):
            if column.missing_group == HOLE:
                checks.append(f"if (isnan({x})) return 0;")
            lines.append(_category(program, column, x, width, category_weight))
            width += len(column.groups)
            continue
        values = _values(column, x)
        checks += [f"if (!isfinite({x})) return 0;"] if values else []
        for value in values:
            # A table of categories alone has no use for the function, and compilers warn of one without a use.
            name = program.function("scaled", _SCALED.replace("LIMIT", _LIMIT))
            center, scale = next(scales)
            lines.append(f"f[{width}] = {name}({value}, {center!r}, {scale!r});")
            width += 1
    return [*checks, *lines, "return 1;"]


def codes_of(column: Any) -> tuple[str, ...]:
    """Return the texts of a column of categories in the order of their codes; none for a column of numbers."""
    if not isinstance(column, CategoryColumn) or isinstance(column, LevelColumn):
        return ()
    return (*column.categories, *column.rare)


def _category(program: CProgram, column: CategoryColumn, x: str, start: int, weight: float) -> str:
    """Return the line that computes the features of a column of categories: the weight in the group of its own."""
    numbers: list[Any] = [len(column.groups), x]
    if isinstance(column, LevelColumn):
        levels = sorted(column.known_numbers)
        apart = 0.0 if column.boolean else float(np.ptp(levels)) / (len(levels) - 1)
        arrays = program.floats(levels), program.floats([column.known_numbers[level] for level in levels])
        name = program.function("level", _LEVEL.replace("LIMIT", _LIMIT))
        numbers += [*arrays, len(levels), column.unseen_group, column.missing_group, repr(weight), repr(apart)]
    else:
        name = program.function("code", _CODE)
        known = len(codes_of(column))
        weight = min(weight, float(FEATURE_LIMIT))
        numbers += [len(column.categories), known, column.unseen_group, column.missing_group, repr(weight)]
    return f"{name}(f + {start}, {', '.join(map(str, numbers))});"


def _values(column: Any, x: str) -> list[str]:
    """Return the numbers of a column as expressions in C."""
    if isinstance(column, IgnoredColumn):
        return []
    if type(column) in (NumberColumn, BooleanColumn):
        return [x]
    if type(column) is HeavyTailColumn:
        return [x, f"asinh((({x}) / 2.0 - {column.center / 2!r}) / {column.spread / 2!r})"]
    raise NotExportable(
        f"column {column.name!r} has the kind {column.kind!r}; C has columns of numbers, booleans and categories only: "
        "leave it out when you fit the detector"
    )
