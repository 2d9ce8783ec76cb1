"""Filling of holes in ONNX, as `anomaly.detectors.table.imputation` does it.

Most records have no holes: those that have some are taken out, filled, and put back, so that others cost nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from anomaly.detectors.features import FeatureSet
from anomaly.detectors.table.imputation import FARTHEST, NEIGHBORS, RANKED, Imputer
from anomaly.export.onnx.rows import in_rows
from nnlite.export import OnnxGraph
from nnlite.types import Array


def known(graph: OnnxGraph, features: FeatureSet, x: str) -> str:
    """Return which features are neither holes nor marks."""
    there = graph.add("Not", graph.add("IsNaN", x))
    if features.marks is None:
        return there
    targets = graph.add("Cast", graph.floats(~features.marks), to="BOOL")
    return graph.add("And", there, targets)


def filled(graph: OnnxGraph, features: FeatureSet, x: str) -> str:
    """Return features with the value that stands in for each hole."""
    fill = np.zeros(features.width) if features.fill is None else features.fill
    return graph.add("Where", graph.add("IsNaN", x), graph.floats(fill), x)


def replaced(graph: OnnxGraph, x: str, holes: str, compute: Callable[[str], str]) -> str:
    """Return x with the rows that have holes computed anew.

    Parameters
    ----------
    graph : OnnxGraph
        The graph.
    x : str
        Features, with holes.
    holes : str
        Holes, of the shape of x.
    compute : callable
        Takes the name of some rows of x, returns that of the rows in their place.
    """
    worst = graph.add("ReduceMax", graph.add("Cast", holes, to="FLOAT"), axes=[1], keepdims=0)
    return in_rows(graph, worst, {x: "FLOAT"}, lambda rows: [compute(graph.add("GatherND", x, rows))])[0]


def imputed(graph: OnnxGraph, imputer: Imputer, x: str, blank: Array) -> str:
    """Return features without holes: filled by the nearest training records that have them.

    Parameters
    ----------
    graph : OnnxGraph
        The graph.
    imputer : Imputer
        With the training records.
    x : str
        Features, with holes.
    blank : ndarray of float32 of shape (n_features,)
        The features of a record without any cell. All training records may be equally near to it: which of them fill
        it is found in Python.
    """
    if not len(imputer.donors):
        return filled(graph, imputer.features, x)

    def fill(rows: str) -> str:
        is_blank = graph.add("Cast", _equal(graph, rows, graph.floats(blank), 1), to="BOOL")
        values = graph.floats(imputer.filled(blank[np.newaxis])[0])
        return graph.add("Where", is_blank, values, _from_donors(graph, imputer, rows))

    return replaced(graph, x, graph.add("IsNaN", x), fill)


def _equal(graph: OnnxGraph, x: str, y: str, axis: int) -> str:
    """Return 1 for equal records, holes included, else 0, as float32."""
    holes = graph.add("And", graph.add("IsNaN", x), graph.add("IsNaN", y))
    same = graph.add("Or", graph.add("Equal", x, y), holes)
    return graph.add("ReduceMin", graph.add("Cast", same, to="FLOAT"), axes=[axis], keepdims=1)


def _from_donors(graph: OnnxGraph, imputer: Imputer, x: str) -> str:
    own_values = filled(graph, imputer.features, x)
    near = _nearest(graph, imputer, x)
    found = graph.add("Gather", graph.floats(imputer.donors), near, axis=0)
    hole = graph.add("IsNaN", found)
    has = graph.add("And", graph.add("Not", hole), graph.add("Not", _own(graph, x, found)))
    ranks = graph.add("CumSum", graph.add("Cast", has, to="FLOAT"), graph.ints(1))
    has = graph.add("And", has, graph.add("Not", graph.add("Greater", ranks, graph.floats(NEIGHBORS))))
    counts = graph.add("ReduceSum", graph.add("Cast", has, to="DOUBLE"), graph.ints([1]), keepdims=0)
    values = graph.add("Cast", graph.add("Where", has, found, graph.floats(0.0)), to="DOUBLE")
    sums = graph.add("ReduceSum", values, graph.ints([1]), keepdims=0)
    means = graph.add("Cast", graph.add("Div", sums, graph.add("Max", counts, graph.doubles(1.0))), to="FLOAT")
    means = graph.add("Where", graph.add("Greater", counts, graph.doubles(0.0)), means, own_values)
    return graph.add("Where", graph.add("IsNaN", x), means, x)


def _nearest(graph: OnnxGraph, imputer: Imputer, x: str) -> str:
    """Return the indices of the nearest donors, one more than are ranked: one may be equal to the record."""
    marks = imputer.features.marks
    there = known(graph, imputer.features, x)
    bounded = graph.add("Max", graph.add("Min", x, graph.floats(FARTHEST)), graph.floats(-FARTHEST))
    record = graph.add("Where", there, bounded, graph.floats(0.0))
    present = graph.add("Cast", there, to="FLOAT")
    donors, has = _sides(imputer.donors, marks)
    left = graph.add(
        "Concat",
        graph.add("Mul", record, record),
        graph.add("Mul", record, graph.floats(-2.0)),
        present,
        axis=1,
    )
    sides = np.ascontiguousarray(np.concatenate([has, donors, donors * donors], axis=1).T)
    squares = graph.add("Max", graph.add("MatMul", left, graph.floats(sides)), graph.floats(0.0))
    counts = graph.add("MatMul", present, graph.floats(has.T))
    some = graph.add("Greater", counts, graph.floats(0.0))
    distances = graph.add("Div", squares, graph.add("Max", counts, graph.floats(1.0)))
    distances = graph.add("Where", some, distances, graph.floats(np.inf))
    count = graph.ints([min(RANKED + 1, len(donors))])
    return graph.add_all("TopK", distances, count, outputs=2, axis=1, largest=0, sorted=1)[1]


def _sides(donors: Array, marks: Array | None) -> tuple[Array, Array]:
    """Return the features of donors, drawn in and 0 in holes, and where they are."""
    has = ~np.isnan(donors)
    if marks is not None:
        has[:, marks] = False
    bounded = np.where(has, np.clip(donors, -FARTHEST, FARTHEST), 0)
    return bounded.astype(np.float32), has.astype(np.float32)


def _own(graph: OnnxGraph, x: str, found: str) -> str:
    """Return which of the nearest donors do not count: the first that is equal to the record, holes included.

    Without such a one, it is the last, so that as many are ranked as in Python.
    """
    least = _equal(graph, graph.add("Unsqueeze", x, graph.ints([1])), found, 2)
    before = graph.add("CumSum", least, graph.ints(1))
    first = graph.add("And", graph.add("Cast", least, to="BOOL"), graph.add("Less", before, graph.floats(1.5)))
    others = graph.add(
        "CumSum", graph.add("Sub", graph.floats(1.0), graph.add("Cast", first, to="FLOAT")), graph.ints(1)
    )
    return graph.add("Or", first, graph.add("Greater", others, graph.floats(RANKED)))
