"""Comparison with remembered records in ONNX, as `anomaly.detectors.table.neighbors` does it.

Products find the nearest records, as everywhere; they are float64 here, so that a few spare candidates are enough. The
distances to these are computed from float32 differences.

Far from all records, these differences are rounded so coarsely that many records are equally far, and the first of them
are the nearest. Rows that lie so far out are few: they are compared with every record, column by column, with the same
additions as in Python.
"""

from __future__ import annotations

import numpy as np

from anomaly.detectors.table.neighbors import NearestNeighbors
from anomaly.export.onnx.rows import in_rows
from nnlite.export import OnnxGraph
from nnlite.types import Array

_SPARE = 8
# Differences of such a size are rounded to a millionth.
_FAR = 16.0
# As of `nnlite.neighbors`.
_SUMS = 8
# As of `anomaly.detectors.table.neighbors`.
_GAIN, _BEND = 10.0, 2.0


def neighbor_score(graph: OnnxGraph, member: NearestNeighbors, x: str) -> str:
    """Return the score of each record by its nearest neighbors, as float64 of shape (n_records,)."""
    distances, near = _nearest(graph, member, _compared(graph, member, x))
    first = graph.add("Slice", distances, graph.ints([0]), graph.ints([member.k]), graph.ints([1]))
    mean = graph.add("Div", _sum(graph, first), graph.doubles(member.k * member.unit))
    if member.contrast:
        local = graph.add("Gather", graph.doubles(member.local_distances), near, axis=0)
        ratio = graph.add("Div", _sum(graph, distances), _sum(graph, local))
        mean = graph.add("Add", mean, graph.add("Mul", ratio, graph.doubles(member.contrast)))
    return graph.add("Div", mean, graph.doubles(member.scale))


def _sum(graph: OnnxGraph, values: str) -> str:
    return graph.add("ReduceSum", values, graph.ints([1]), keepdims=0)


def _compared(graph: OnnxGraph, member: NearestNeighbors, x: str) -> str:
    """Return the features whose differences are distances."""
    if member.left_out is not None:
        x = graph.add("Where", graph.add("Cast", graph.floats(member.left_out), to="BOOL"), graph.floats(0.0), x)
    if not member.magnify and member.tails is None:
        return x
    wide = graph.add("Cast", x, to="DOUBLE")
    size = graph.add("Abs", wide)
    if member.magnify:
        root = graph.add("Sqrt", graph.add("Add", graph.add("Mul", size, graph.doubles(2 * _GAIN)), graph.doubles(1.0)))
        twice = graph.add("Mul", wide, graph.doubles(2.0))
        return graph.add("Cast", graph.add("Div", twice, graph.add("Add", root, graph.doubles(1.0))), to="FLOAT")
    roots = graph.add("Div", graph.add("Max", size, graph.doubles(_BEND)), graph.doubles(_BEND))
    roots = graph.add("Sqrt", graph.add("Sqrt", roots))
    bent = graph.add("Sub", graph.add("Mul", roots, graph.doubles(4.0)), graph.doubles(3.0))
    bent = graph.add("Mul", graph.add("Sign", wide), graph.add("Mul", bent, graph.doubles(_BEND)))
    in_tail = graph.add("Cast", graph.floats(member.tails), to="BOOL")
    is_bent = graph.add("And", graph.add("Greater", size, graph.doubles(_BEND)), in_tail)
    return graph.add("Where", is_bent, graph.add("Cast", bent, to="FLOAT"), x)


def _nearest(graph: OnnxGraph, member: NearestNeighbors, x: str) -> tuple[str, str]:
    """Return the distances to the nearest records, without the record itself, and their indices."""
    records = member.compared_records
    count = min(member.n_local + member.n_own, len(records))
    distances, near = _by_products(graph, records, x, count)
    farthest = graph.add("ReduceMax", graph.add("Abs", x), axes=[1], keepdims=0)
    is_far = graph.add("Cast", graph.add("Greater", farthest, graph.floats(_FAR)), to="FLOAT")
    distances, near = in_rows(
        graph,
        is_far,
        {distances: "DOUBLE", near: "INT64"},
        lambda rows: _by_differences(graph, records, graph.add("GatherND", x, rows), count),
    )
    if count == member.n_local:
        return distances, near
    # The nearest record of a remembered record is itself.
    nearest = graph.add("Slice", distances, graph.ints([0]), graph.ints([1]), graph.ints([1]))
    own = graph.add("Cast", graph.add("Equal", nearest, graph.doubles(0.0)), to="INT64")
    columns = graph.add("Add", own, graph.ints(np.arange(member.n_local)))
    return (
        graph.add("GatherElements", distances, columns, axis=1),
        graph.add("GatherElements", near, columns, axis=1),
    )


def _by_products(graph: OnnxGraph, records: Array, x: str, count: int) -> tuple[str, str]:
    candidates = _candidates(graph, records, x, min(count + _SPARE, len(records)))
    rows = graph.add("Gather", graph.floats(records), candidates, axis=0)
    apart = graph.add("Cast", graph.add("Sub", graph.add("Unsqueeze", x, graph.ints([1])), rows), to="DOUBLE")
    squares = graph.add("ReduceSum", graph.add("Mul", apart, apart), graph.ints([2]), keepdims=0)
    distances, places = _smallest(graph, graph.add("Sqrt", squares), count)
    return distances, graph.add("GatherElements", candidates, places, axis=1)


def _by_differences(graph: OnnxGraph, records: Array, x: str, count: int) -> tuple[str, str]:
    """Return the same by the distances to all records, of shape (n_rows, n_records), column by column."""
    squares = []
    for column, values in enumerate(records.T):
        own = graph.add("Slice", x, graph.ints([column]), graph.ints([column + 1]), graph.ints([1]))
        apart = graph.add("Cast", graph.add("Sub", own, graph.floats(values)), to="DOUBLE")
        squares.append(graph.add("Mul", apart, apart))
    return _smallest(graph, graph.add("Sqrt", _sum_in_order(graph, squares)), count)


def _sum_in_order(graph: OnnxGraph, columns: list[str]) -> str:
    """Return the sum of columns, added in the order of `nnlite.neighbors.sum_in_order`."""
    whole = len(columns) - len(columns) % _SUMS
    sums = columns[: min(whole, _SUMS)]
    for first in range(_SUMS, whole, _SUMS):
        sums = [graph.add("Add", *pair) for pair in zip(sums, columns[first : first + _SUMS], strict=True)]
    while len(sums) > 1:
        sums = [graph.add("Add", *pair) for pair in zip(sums[::2], sums[1::2], strict=True)]
    total, *rest = [*sums, *columns[whole:]]
    for column in rest:
        total = graph.add("Add", total, column)
    return total


def _smallest(graph: OnnxGraph, values: str, count: int) -> tuple[str, str]:
    """Return the smallest values of each row in rising order, and where they are; of equal ones the first ones."""
    found, places = graph.add_all("TopK", values, graph.ints([count]), outputs=2, axis=1, largest=0, sorted=1)
    return found, places


def _candidates(graph: OnnxGraph, records: Array, x: str, count: int) -> str:
    r"""Return the indices of the nearest records, in rising order, by :math:`|r|^2 - 2\, x \cdot r`."""
    center = np.median(records, axis=0).astype(np.float32)
    centered = records.astype(np.float64) - center
    moved = graph.add("Sub", graph.add("Cast", x, to="DOUBLE"), graph.doubles(center))
    products = graph.add("MatMul", moved, graph.doubles(-2 * centered.T))
    products = graph.add("Add", products, graph.doubles(np.square(centered).sum(axis=1)))
    near = _smallest(graph, products, count)[1]
    # In rising order, so that of equally near records the first comes first.
    return _smallest(graph, near, count)[0]
