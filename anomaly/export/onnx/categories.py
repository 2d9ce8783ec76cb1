"""Columns of categories in ONNX: a label encoder finds the group of a cell, and a table the features of the group."""

from __future__ import annotations

import numpy as np

from anomaly.export.onnx.rows import never_empty
from anomaly.preprocessing.columns.categories import HOLE, CategoryColumn
from anomaly.preprocessing.columns.levels import LevelColumn
from anomaly.preprocessing.parameters import FEATURE_LIMIT
from anomaly.tables.cells import MISSING_TEXTS
from nnlite.export import OnnxGraph
from nnlite.export.onnx_file import ML_DOMAIN
from nnlite.types import Array

_LARGEST = 1e300


def text_block(graph: OnnxGraph, column: CategoryColumn, x: str, weight: float) -> str:
    """Return the features of a column of text, of shape (n_records, n_groups)."""
    missing = _missing(column)
    known = {**dict.fromkeys(sorted(MISSING_TEXTS), missing), **column.known_texts}
    groups = graph.add(
        "LabelEncoder",
        x,
        domain=ML_DOMAIN,
        keys_strings=list(known),
        values_int64s=list(known.values()),
        default_int64=column.unseen_group,
    )
    groups = never_empty(graph, groups, graph.ints([[missing]]))
    return graph.add("Cast", _rows(graph, column, groups, weight), to="FLOAT")


def level_block(graph: OnnxGraph, column: LevelColumn, x: str, weight: float) -> str:
    """Return the features of a column of a few numbers or of booleans, of shape (n_records, n_groups)."""
    levels = sorted(column.known_numbers)
    # The group of unseen numbers, and how far each level's is from it: at most one level is equal.
    apart = [column.known_numbers[level] - column.unseen_group for level in levels]
    equal = graph.add("Cast", graph.add("Equal", x, graph.doubles(levels)), to="INT64")
    moved = graph.add("ReduceSum", graph.add("Mul", equal, graph.ints(apart)), graph.ints([1]), keepdims=1)
    found = graph.add("Add", moved, graph.ints(column.unseen_group))
    groups = graph.add("Where", graph.add("IsNaN", x), graph.ints(_missing(column)), found)
    rows = _rows(graph, column, groups, weight)
    if not column.boolean:
        sizes = _sizes(graph, levels, x)
        once = graph.doubles(1.0)
        is_unseen = graph.add("Equal", groups, graph.ints(column.unseen_group))
        rows = graph.add("Mul", rows, graph.add("Where", is_unseen, sizes, once))
        rows = with_holes_of(graph, rows, graph.add("Min", rows, graph.doubles(FEATURE_LIMIT)))
    return graph.add("Cast", rows, to="FLOAT")


def blank_block(column: CategoryColumn, weight: float) -> Array:
    """Return the features of a missing cell."""
    return _table(column, weight)[_missing(column)]


def with_holes_of(graph: OnnxGraph, x: str, results: str) -> str:
    """Return results that are NaN where x is.

    ONNX leaves open what Min and Max make of NaN: in ONNX Runtime up to 1.17 the minimum of a single column of NaN and
    a number is the number.
    """
    return graph.add("Where", graph.add("IsNaN", x), x, results)


def _sizes(graph: OnnxGraph, levels: list[float], x: str) -> str:
    """Return the distance from the nearest level in units of the mean distance between levels, at least 1."""
    distances = graph.add("Abs", graph.add("Sub", x, graph.doubles(levels)))
    nearest = graph.add("ReduceMin", distances, axes=[1], keepdims=1)
    scaled = graph.add("Div", graph.add("Mul", nearest, graph.doubles(len(levels) - 1)), graph.doubles(np.ptp(levels)))
    # Finite, since it is multiplied by the features of the other groups, which are 0.
    return graph.add("Min", graph.add("Max", scaled, graph.doubles(1.0)), graph.doubles(_LARGEST))


def _missing(column: CategoryColumn) -> int:
    """Return the row of missing cells in the table of `_rows`."""
    return len(column.groups) if column.missing_group == HOLE else column.missing_group


def _rows(graph: OnnxGraph, column: CategoryColumn, groups: str, weight: float) -> str:
    rows = graph.add("Gather", graph.doubles(_table(column, weight)), groups, axis=0)
    return graph.add("Squeeze", rows, graph.ints([1]))


def _table(column: CategoryColumn, weight: float) -> Array:
    """Return the row of each group: the weight in its own column; the last one, of holes, is NaN."""
    n = len(column.groups)
    return np.concatenate([min(weight, FEATURE_LIMIT) * np.eye(n), np.full((1, n), np.nan)])
