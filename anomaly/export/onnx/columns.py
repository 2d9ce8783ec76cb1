"""The preprocessing in ONNX: from the columns of a record to its features, as `TablePreprocessor` computes them.

Numbers are float64 up to the conversion to features, with the operations of Python in its order: a feature that is off
by one digit may be on the other side of a split of an isolation forest.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from anomaly.export.onnx.categories import blank_block, level_block, text_block, with_holes_of
from anomaly.export.onnx.rows import never_empty
from anomaly.export.parts import Parts
from anomaly.preprocessing.columns.categories import CategoryColumn
from anomaly.preprocessing.columns.heavy_tails import HeavyTailColumn
from anomaly.preprocessing.columns.levels import LevelColumn
from anomaly.preprocessing.columns.values import BooleanColumn, IgnoredColumn, NumberColumn
from anomaly.preprocessing.fitted import FittedTable
from anomaly.preprocessing.layout import lay_out
from anomaly.preprocessing.parameters import FEATURE_LIMIT
from anomaly.preprocessing.scaling.base import AffineScaler
from nnlite.export import NotExportable, OnnxGraph, Tensor
from nnlite.types import Array

# From here on, v^2 + 1 is v^2.
_LARGE = 1e9
# As of `anomaly.preprocessing.columns.heavy_tails`.
_FARTHEST = 1e300


def inputs_of(graph: OnnxGraph, parts: Parts) -> list[Tensor]:
    """Return the inputs: one matrix of numbers, or with columns of text one input for each column.

    Raises
    ------
    NotExportable
        If a column or the scaling is not exported.
    """
    _check(parts.table)
    if not any(map(_is_text, parts.table.columns)):
        return [Tensor(graph.unique("records"), (None, len(parts.names)), "DOUBLE")]
    return [
        Tensor(graph.unique(column.name or "column"), (None, 1), "STRING" if _is_text(column) else "DOUBLE")
        for column in parts.table.columns
        if not isinstance(column, IgnoredColumn)
    ]


def features(graph: OnnxGraph, parts: Parts, inputs: list[Tensor]) -> tuple[str, str]:
    """Add the operations from the inputs to the features.

    Returns
    -------
    features : str
        float32 of shape (n_records, n_features); NaN in holes.
    valid : str
        Whether a record has no infinite number, of shape (n_records,); Python refuses such a record.
    """
    table, columns = parts.table, _columns(graph, parts, inputs)
    layout = lay_out(table.columns, table.is_marked)
    blocks, positions = [], []
    numbers = _numbers(graph, table, columns)
    valid = ""
    if numbers:
        infinite = graph.add("Cast", graph.add("IsInf", numbers), to="FLOAT")
        worst = graph.add("ReduceMax", infinite, axes=[1], keepdims=0)
        valid = graph.add("Not", graph.add("Cast", worst, to="BOOL"))
        blocks.append(_scaled(graph, table.scaler, numbers))
        positions += layout.values.tolist()
        if len(layout.marks):
            missing = graph.add("IsNaN", graph.add("Gather", numbers, graph.ints(layout.marked), axis=1))
            weight = graph.floats(parts.category_weight)
            blocks.append(graph.add("Mul", graph.add("Cast", missing, to="FLOAT"), weight))
            positions += layout.marks.tolist()
    for column, start in zip(table.categories, layout.category_starts, strict=True):
        block: Any = level_block if isinstance(column, LevelColumn) else text_block
        blocks.append(block(graph, column, columns[column.name], parts.category_weight))
        positions += range(start, start + len(column.groups))
    joined = graph.add("Concat", *blocks, axis=1) if len(blocks) > 1 else blocks[0]
    if positions != sorted(positions):
        joined = graph.add("Gather", joined, graph.ints(np.argsort(positions)), axis=1)
    return joined, valid


def blank(parts: Parts) -> Array:
    """Return the features of a record without any cell, float32."""
    layout = lay_out(parts.table.columns, parts.table.is_marked)
    found = np.full(parts.features.width, np.nan, np.float32)
    found[layout.marks] = parts.category_weight
    for column, start in zip(parts.table.categories, layout.category_starts, strict=True):
        found[start : start + len(column.groups)] = blank_block(column, parts.category_weight)
    return found


def _check(table: FittedTable) -> None:
    if not isinstance(table.scaler, AffineScaler):
        raise NotExportable(
            f"scaling={table.scaler.name!r} is not exported to ONNX; fit the detector with another scaling"
        )
    for column in table.columns:
        if isinstance(column, (IgnoredColumn, CategoryColumn)):
            continue
        if type(column) not in (NumberColumn, HeavyTailColumn, BooleanColumn):
            raise NotExportable(
                f"column {column.name!r} has the kind {column.kind!r}; ONNX files have columns of numbers, booleans "
                "and categories: convert it to numbers before you fit the detector, or leave it out"
            )
        if column.form is not None:
            raise NotExportable(
                f"column {column.name!r} is text of a form of its own ({column.form.expected}), which is not read in "
                "ONNX; convert it to numbers before you fit the detector"
            )


def _is_text(column: Any) -> bool:
    return isinstance(column, CategoryColumn) and not isinstance(column, LevelColumn)


def _columns(graph: OnnxGraph, parts: Parts, inputs: list[Tensor]) -> dict[str, str]:
    """Return each column that has features, of shape (n_records, 1), by its name."""
    used = {
        index: column.name for index, column in enumerate(parts.table.columns) if not isinstance(column, IgnoredColumn)
    }
    if len(inputs) == 1 and inputs[0].kind == "DOUBLE":
        x = never_empty(graph, inputs[0].name, graph.doubles(np.zeros((1, len(parts.names)))))
        return {name: graph.add("Gather", x, graph.ints([index]), axis=1) for index, name in used.items()}
    # Text becomes numbers first.
    return {
        name: one.name if one.kind == "STRING" else never_empty(graph, one.name, graph.doubles([[0.0]]))
        for name, one in zip(used.values(), inputs, strict=True)
    }


def _numbers(graph: OnnxGraph, table: FittedTable, columns: dict[str, str]) -> str:
    """Return the numbers of the columns of values side by side, "" without any."""
    numbers = []
    for column in table.columns:
        if isinstance(column, (NumberColumn, BooleanColumn)):
            numbers.append(columns[column.name])
        if isinstance(column, HeavyTailColumn):
            numbers.append(_compressed(graph, column, columns[column.name]))
    return graph.add("Concat", *numbers, axis=1) if numbers else ""


def _scaled(graph: OnnxGraph, scaler: Any, numbers: str) -> str:
    """Return (x - c) / s, clipped, as float32."""
    apart = graph.add("Sub", numbers, graph.doubles(scaler.center_))
    scaled = graph.add("Div", apart, graph.doubles(scaler.scale_))
    return graph.add("Cast", clip(graph, scaled, FEATURE_LIMIT), to="FLOAT")


def _compressed(graph: OnnxGraph, column: HeavyTailColumn, x: str) -> str:
    r"""Return asinh((x - c) / s).

    ONNX Runtime has asinh for float32 alone: :math:`\operatorname{sign}(v) \ln(|v| + \sqrt{v^2 + 1})` is written out.
    """
    apart = graph.add("Sub", graph.add("Div", x, graph.doubles(2.0)), graph.doubles(column.center / 2))
    v = clip(graph, graph.add("Div", apart, graph.doubles(column.spread / 2)), _FARTHEST)
    size = graph.add("Abs", v)
    bounded = graph.add("Min", size, graph.doubles(_LARGE))
    root = graph.add("Sqrt", graph.add("Add", graph.add("Mul", bounded, bounded), graph.doubles(1.0)))
    near = graph.add("Log", graph.add("Add", bounded, root))
    far = graph.add("Add", graph.add("Log", size), graph.doubles(np.log(2.0)))
    grown = graph.add("Where", graph.add("Greater", size, graph.doubles(_LARGE)), far, near)
    return with_holes_of(graph, x, graph.add("Mul", graph.add("Sign", v), grown))


def clip(graph: OnnxGraph, x: str, limit: float) -> str:
    """Return float64 numbers bounded by a limit on both sides; NaN remains NaN."""
    return with_holes_of(graph, x, graph.add("Max", graph.add("Min", x, graph.doubles(limit)), graph.doubles(-limit)))
