"""Members of an ensemble in ONNX: networks, isolation forests and linear regressions."""

from __future__ import annotations

from typing import Any

import numpy as np

from anomaly.detectors.table.denoiser import Denoiser
from anomaly.detectors.table.isolation import IsolationForest, average_path_length
from anomaly.detectors.table.linear import LinearRegressions
from anomaly.detectors.table.neighbors import NearestNeighbors
from anomaly.export.onnx.neighbors import neighbor_score
from nnlite.export import NotExportable, OnnxGraph, Tensor
from nnlite.export.onnx_file import ML_DOMAIN
from nnlite.models import Model


def member_score(graph: OnnxGraph, member: Any, number: int, x: str, known: str) -> str:
    """Return the score of each record by a member, as float64 of shape (n_records,).

    Parameters
    ----------
    graph : OnnxGraph
        The graph.
    member : Member
        The member.
    number : int
        Its number, for names.
    x : str
        Features, float32 of shape (n_records, n_features), without holes.
    known : str
        Which features are neither holes nor marks.
    """
    with graph.within(f"member_{number}"):
        if type(member) is Denoiser:
            return _denoiser(graph, member, x, known)
        if type(member) is IsolationForest:
            return _forest(graph, member, x)
        if type(member) is LinearRegressions:
            return _regressions(graph, member, x, known)
        if isinstance(member, NearestNeighbors):
            return neighbor_score(graph, member, x)
    raise NotExportable(f"members of the class {type(member).__name__} are not exported to ONNX")


def outputs(graph: OnnxGraph, model: Model, x: str, width: int) -> str:
    """Return the output of a network of records as they are."""
    return graph.apply(model, [Tensor(x, (None, width))])[0].name


def _denoiser(graph: OnnxGraph, member: Denoiser, x: str, known: str) -> str:
    copies, width = member.noise_samples.shape
    record = graph.add("Unsqueeze", x, graph.ints([1]))
    moved = graph.add("Add", record, graph.floats(member.noise_samples))
    found = outputs(graph, member.model, graph.add("Reshape", moved, graph.ints([-1, width])), width)
    found = graph.add("Reshape", found, graph.ints([-1, copies, width]))
    errors = _mean_square(graph, graph.add("Sub", record, found))
    errors = graph.add("Where", known, errors, graph.floats(0.0))
    weighted = graph.add("Cast", graph.add("Mul", errors, graph.floats(member.weights)), to="DOUBLE")
    return _mean_of_known(graph, weighted, known, member.scale)


def _regressions(graph: OnnxGraph, member: LinearRegressions, x: str, known: str) -> str:
    moved = graph.add("Sub", graph.add("Cast", x, to="DOUBLE"), graph.doubles(member.center))
    residuals = graph.add("MatMul", moved, graph.doubles(member.coefficients.T))
    squares = graph.add("Where", known, graph.add("Mul", residuals, residuals), graph.doubles(0.0))
    return _mean_of_known(graph, graph.add("Mul", squares, graph.doubles(member.weights)), known, member.scale)


def _mean_of_known(graph: OnnxGraph, weighted: str, known: str, scale: float) -> str:
    total = graph.add("ReduceSum", weighted, graph.ints([1]), keepdims=0)
    count = graph.add("ReduceSum", graph.add("Cast", known, to="DOUBLE"), graph.ints([1]), keepdims=0)
    count = graph.add("Max", count, graph.doubles(1.0))
    return graph.add("Div", graph.add("Div", total, count), graph.doubles(scale))


def _mean_square(graph: OnnxGraph, apart: str) -> str:
    return graph.add("ReduceMean", graph.add("Mul", apart, apart), axes=[1], keepdims=0)


def _forest(graph: OnnxGraph, member: IsolationForest, x: str) -> str:
    sums = graph.add("TreeEnsembleRegressor", x, domain=ML_DOMAIN, n_targets=1, **_trees(member))
    mean = graph.add("Div", graph.add("Cast", sums, to="DOUBLE"), graph.doubles(len(member.features)))
    usual = graph.doubles(-float(average_path_length(member.subsample)))
    score = graph.add("Pow", graph.doubles(2.0), graph.add("Div", mean, usual))
    score = graph.add("Squeeze", score, graph.ints([1]))
    return graph.add("Div", score, graph.doubles(member.scale))


def _trees(member: IsolationForest) -> dict[str, list[Any]]:
    """Return the trees as the attributes of the operation, without nodes that send every record left."""
    found: dict[str, list[Any]] = {name: [] for name in ("treeids", "nodeids", "featureids", "values", "modes")}
    left: list[int] = []
    right: list[int] = []
    leaves: list[tuple[int, int, float]] = []
    for tree in range(len(member.features)):
        walk = _Tree(member, tree)
        walk.add(0, 0)
        size = len(walk.modes)
        found["treeids"] += [tree] * size
        found["nodeids"] += range(size)
        found["featureids"] += walk.features
        found["values"] += walk.thresholds
        found["modes"] += walk.modes
        left += walk.left
        right += walk.right
        leaves += [(tree, node, length) for node, length in walk.leaves]
    trees, nodes, lengths = zip(*leaves, strict=True)
    return {
        **{f"nodes_{name}": values for name, values in found.items()},
        "nodes_truenodeids": left,
        "nodes_falsenodeids": right,
        "target_treeids": list(trees),
        "target_nodeids": list(nodes),
        "target_ids": [0] * len(leaves),
        "target_weights": list(lengths),
    }


class _Tree:
    """Nodes of one tree, numbered as they are met."""

    def __init__(self, member: IsolationForest, tree: int) -> None:
        self._nodes = member.features[tree], member.thresholds[tree], member.counts[tree]
        self.features: list[int] = []
        self.thresholds: list[float] = []
        self.modes: list[str] = []
        self.left: list[int] = []
        self.right: list[int] = []
        self.leaves: list[tuple[int, float]] = []

    def add(self, node: int, splits: int) -> int:
        """Add a node of the complete tree, and all below it; return its number."""
        features, thresholds, counts = self._nodes
        while node < len(thresholds) and np.isinf(thresholds[node]):
            node = 2 * node + 1
        own = len(self.modes)
        for numbers in (self.features, self.thresholds, self.left, self.right):
            numbers.append(0)
        if node >= len(thresholds):
            self.modes.append("LEAF")
            count = max(int(counts[node - len(thresholds)]), 1)
            self.leaves.append((own, splits + float(average_path_length(count))))
            return own
        self.modes.append("BRANCH_LEQ")
        self.features[own], self.thresholds[own] = int(features[node]), float(thresholds[node])
        self.left[own] = self.add(2 * node + 1, splits + 1)
        self.right[own] = self.add(2 * node + 2, splits + 1)
        return own
