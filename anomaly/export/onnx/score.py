"""Writing the whole score of a detector as an ONNX file."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

from anomaly.detectors.autoencoder import LARGEST_INPUT
from anomaly.export.onnx.blend import blended, rounded
from anomaly.export.onnx.columns import blank, features, inputs_of
from anomaly.export.onnx.holes import filled, imputed, known, replaced
from anomaly.export.onnx.members import member_score, outputs
from anomaly.export.onnx.rows import rows_of
from anomaly.export.parts import Blended, Parts, parts_of, reduced
from nnlite.export import OnnxGraph, Tensor
from nnlite.export.onnx_file import import_onnx, write_graph
from nnlite.models import Model


def export_onnx(detector: Any, path: str | os.PathLike[str], prototypes: int | None = None) -> None:
    """Write the score of a detector as an ONNX file.

    A table of numbers and booleans alone is one input, ``records``, float64 of shape (n_records, n_columns), in the
    order of ``feature_names_in_``. With columns of text, each column is an input of its own with the column's name, of
    shape (n_records, 1): text for categories, float64 for all others. A missing number is NaN, missing text "". The
    outputs are ``score``, float64 of shape (n_records,), and ``label``, int64: 1 above the threshold.

    Parameters
    ----------
    detector : TableDetector or AutoencoderDetector
        Fitted.
    path : str or path
        Name of the file.
    prototypes : int, optional
        The most prototypes to keep of the remembered records, for a smaller file. By default, what the detector has.

    Raises
    ------
    ImportError
        If the package ``onnx`` is not installed: it is the extra ``nnlite-anomaly[onnx]``.
    NotExportable
        If the detector holds what is not exported, such as columns of times: the error names it.

    Examples
    --------
    >>> import numpy as np, pathlib, tempfile
    >>> from anomaly import TableDetector
    >>> x = np.random.default_rng(0).normal(size=(200, 2))
    >>> detector = TableDetector(hidden=(8,), random_state=0).fit(x)
    >>> export_onnx(detector, pathlib.Path(tempfile.mkdtemp()) / "d.onnx")  # doctest: +SKIP
    """
    import_onnx()
    parts = parts_of(reduced(detector, prototypes), "ONNX")
    graph = OnnxGraph()
    inputs = inputs_of(graph, parts)
    named = graph.unique("score"), graph.unique("label")
    x, valid = features(graph, parts, inputs)
    score = (
        _ensemble(graph, parts.score, parts, x)
        if isinstance(parts.score, Blended)
        else _network(graph, parts.score, parts, x)
    )
    if valid:
        score = graph.add("Where", valid, score, graph.doubles(np.nan))
    label = graph.add("Cast", graph.add("Greater", score, graph.doubles(parts.threshold)), to="INT64")
    score, label = (rows_of(graph, one, inputs[0].name) for one in (score, label))
    results = [
        Tensor(graph.named(score, named[0]), (None,), "DOUBLE"),
        Tensor(graph.named(label, named[1]), (None,), "INT64"),
    ]
    metadata = {"detector": parts.kind, "columns": json.dumps(parts.names), "threshold": repr(parts.threshold)}
    write_graph(path, "detector", graph, inputs, results, metadata)


def _ensemble(graph: OnnxGraph, blend: Blended, parts: Parts, x: str) -> str:
    there = known(graph, parts.features, x)
    complete = imputed(graph, blend.imputer, x, blank(parts))
    scores = [member_score(graph, member, number, complete, there) for number, member in blend.members]
    return rounded(graph, blended(graph, blend, scores))


def _network(graph: OnnxGraph, model: Model, parts: Parts, x: str) -> str:
    """Return the mean squared error of the known features, as `AutoencoderDetector` computes it."""
    there, complete = known(graph, parts.features, x), _completed(graph, model, parts, x)
    found = _reconstruction(graph, model, parts, complete)
    apart = graph.add("Sub", graph.add("Cast", complete, to="DOUBLE"), graph.add("Cast", found, to="DOUBLE"))
    errors = graph.add("Where", there, graph.add("Mul", apart, apart), graph.doubles(0.0))
    total = graph.add("ReduceSum", errors, graph.ints([1]), keepdims=0)
    return graph.add("Div", total, graph.doubles(parts.features.n_targets))


def _completed(graph: OnnxGraph, model: Model, parts: Parts, x: str) -> str:
    """Return features without holes, those of unmarked columns filled by the network."""
    own, hole = filled(graph, parts.features, x), graph.add("IsNaN", x)
    marks = parts.features.marks
    if marks is not None:
        unmarked = ~np.isin(parts.features.columns, parts.features.columns[marks])
        hole = graph.add("And", hole, graph.add("Cast", graph.floats(unmarked), to="BOOL"))

    def fill(rows: str) -> str:
        values = filled(graph, parts.features, rows)
        unsure = graph.add("IsNaN", rows)
        if marks is not None:
            unsure = graph.add("And", unsure, graph.add("Cast", graph.floats(unmarked), to="BOOL"))
        return graph.add("Where", unsure, _reconstruction(graph, model, parts, values), values)

    # The rows are taken from x, whose holes tell what to fill.
    whole = replaced(graph, x, hole, fill)
    return graph.add("Where", graph.add("IsNaN", whole), own, whole)


def _reconstruction(graph: OnnxGraph, model: Model, parts: Parts, x: str) -> str:
    bounded = graph.add("Max", graph.add("Min", x, graph.floats(LARGEST_INPUT)), graph.floats(-LARGEST_INPUT))
    return outputs(graph, model, bounded, parts.features.width)
