"""One score from those of the members in ONNX, as `anomaly.detectors.blend` and its rounding compute it."""

from __future__ import annotations

import numpy as np

from anomaly.detectors.blend import LEAST_SCORE
from anomaly.export.parts import Blended
from nnlite.export import OnnxGraph


def blended(graph: OnnxGraph, blend: Blended, scores: list[str]) -> str:
    """Return the blend of the members' scores, float64 of shape (n_records,)."""
    bound, zero = graph.doubles(blend.bound), graph.doubles(0.0)
    logs = [
        graph.add("Div", graph.add("Log", graph.add("Max", one, graph.doubles(LEAST_SCORE))), graph.doubles(unit))
        for one, unit in zip(scores, blend.units.tolist(), strict=True)
    ]
    highest = graph.add("Min", graph.add("Max", *logs), zero)
    terms = []
    for z, weight in zip(logs, blend.weights.tolist(), strict=True):
        below = graph.add("Div", graph.add("Sub", graph.add("Min", z, zero), highest), bound)
        term = graph.add("Add", graph.add("Max", z, zero), graph.add("Mul", bound, graph.add("Exp", below)))
        terms.append(graph.add("Mul", term, graph.doubles(weight)))
    psi = graph.add("Div", graph.add("Sum", *terms), bound)
    one = graph.doubles(1.0)
    above = graph.add("Mul", bound, graph.add("Sub", psi, one))
    below = graph.add("Add", highest, graph.add("Mul", bound, graph.add("Log", graph.add("Min", psi, one))))
    mean = graph.add("Where", graph.add("Greater", psi, one), above, below)
    return graph.add("Exp", graph.add("Mul", mean, graph.doubles(blend.power)))


def rounded(graph: OnnxGraph, scores: str) -> str:
    """Return scores rounded to 13 binary digits."""
    exponent = graph.add("Floor", graph.add("Div", graph.add("Log", scores), graph.doubles(np.log(2.0))))
    # Of a score in [1, 2) the last digit is 2^-12.
    unit = graph.add("Pow", graph.doubles(2.0), graph.add("Sub", exponent, graph.doubles(12.0)))
    return graph.add("Mul", graph.add("Round", graph.add("Div", scores, unit)), unit)
