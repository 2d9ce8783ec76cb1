"""Filling of holes in ONNX, as `anomaly.detectors.table.imputation` does it.

Most records have no holes: those that have some are taken out, filled, and put back, so that others cost nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from anomaly.detectors.features import FeatureSet
from anomaly.detectors.table.imputation import FARTHEST, NEIGHBORS, RANKED, Imputer
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
    rows = graph.add("Transpose", graph.add("NonZero", worst), perm=[1, 0])
    chosen = graph.add("GatherND", x, rows)
    return graph.add("ScatterND", x, rows, compute(chosen))


def imputed(graph: OnnxGraph, imputer: Imputer, x: str) -> str:
    """Return features without holes: filled by the nearest training records that have them."""
    if not len(imputer.donors):
        return filled(graph, imputer.features, x)
    return replaced(graph, x, graph.add("IsNaN", x), lambda rows: _from_donors(graph, imputer, rows))


def _from_donors(graph: OnnxGraph, imputer: Imputer, x: str) -> str:
    own_values = filled(graph, imputer.features, x)
    near = _nearest(graph, imputer, x)
    found = graph.add("Gather", graph.floats(imputer.donors), near, axis=0)
    hole = graph.add("IsNaN", found)
    has = graph.add("And", graph.add("Not", hole), graph.add("Not", _own(graph, x, found, hole)))
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


def _own(graph: OnnxGraph, x: str, found: str, hole: str) -> str:
    """Return which of the nearest donors do not count: the first that is equal to the record, holes included.

    Without such a one, it is the last, so that as many are ranked as in Python.
    """
    record = graph.add("Unsqueeze", x, graph.ints([1]))
    both = graph.add("And", graph.add("IsNaN", record), hole)
    same = graph.add("Or", graph.add("Equal", record, found), both)
    least = graph.add("ReduceMin", graph.add("Cast", same, to="FLOAT"), axes=[2], keepdims=1)
    before = graph.add("CumSum", least, graph.ints(1))
    first = graph.add("And", graph.add("Cast", least, to="BOOL"), graph.add("Less", before, graph.floats(1.5)))
    others = graph.add(
        "CumSum", graph.add("Sub", graph.floats(1.0), graph.add("Cast", first, to="FLOAT")), graph.ints(1)
    )
    return graph.add("Or", first, graph.add("Greater", others, graph.floats(RANKED)))
