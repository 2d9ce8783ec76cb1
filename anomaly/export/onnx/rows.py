"""Rows in ONNX: no operation is computed on a tensor without any.

Some runtimes do not bear it: TopK of ONNX Runtime up to 1.19 divides by the number of rows, and ends the process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from nnlite.export import OnnxGraph


def never_empty(graph: OnnxGraph, x: str, spare: str) -> str:
    """Return x, or if it has no rows, the one row ``spare``."""
    count = graph.add("Max", _count(graph, x), graph.ints([1]))
    return graph.add("Slice", graph.add("Concat", x, spare, axis=0), graph.ints([0]), count, graph.ints([0]))


def rows_of(graph: OnnxGraph, results: str, x: str) -> str:
    """Return as many results as x has rows: none if there were none before `never_empty`."""
    return graph.add("Slice", results, graph.ints([0]), _count(graph, x), graph.ints([0]))


def in_rows(
    graph: OnnxGraph, chosen: str, values: Mapping[str, str], compute: Callable[[str], Sequence[str]]
) -> list[str]:
    """Return values with some of their rows computed anew; nothing is computed if there are none.

    Parameters
    ----------
    graph : OnnxGraph
        The graph.
    chosen : str
        Which rows: 1 or 0, float32 of shape (n_rows,).
    values : mapping of str to str
        The names of the values, and their types in ONNX.
    compute : callable
        Takes the name of the indices of the rows, returns the new rows of each of the values.
    """

    def anew() -> list[str]:
        rows = graph.add("Transpose", graph.add("NonZero", chosen), perm=[1, 0])
        return [graph.add("ScatterND", *pair) for pair in zip(values, [rows] * len(values), compute(rows), strict=True)]

    any_row = graph.add("Cast", graph.add("ReduceMax", chosen, axes=[0], keepdims=0), to="BOOL")
    return graph.choice(any_row, list(values.values()), anew, lambda: list(values))


def _count(graph: OnnxGraph, x: str) -> str:
    return graph.add("Slice", graph.add("Shape", x), graph.ints([0]), graph.ints([1]))
