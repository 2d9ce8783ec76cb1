"""Bodies in C of the activation functions that shrink small inputs to zero, or have linear pieces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnlite import activations as functions
from nnlite.activations import ActivationFunction
from nnlite.export.c.program import literal


def _soft_shrink(function: Any) -> str:
    t = literal(function.threshold)
    return f"float s = v; if (s < -{t}) s = -{t}; if (s > {t}) s = {t}; return v - s;"


def _threshold(function: Any) -> str:
    return f"return v > {literal(function.threshold)} ? v : {literal(function.default_value)};"


BODIES: dict[type[ActivationFunction], Callable[[Any], str]] = {
    functions.HardShrink: lambda f: f"return fabsf(v) > {literal(f.threshold)} ? v : 0.0f;",
    functions.SoftShrink: _soft_shrink,
    functions.TanhShrink: lambda f: "return v - tanhf(v);",  # noqa: ARG005
    functions.Threshold: _threshold,
    functions.HardTanh: lambda f: "return v < -1.0f ? -1.0f : v > 1.0f ? 1.0f : v;",  # noqa: ARG005
    functions.SquarePlus: lambda f: f"return (v + sqrtf(v * v + {literal(f.b)})) / 2.0f;",
    functions.SparsePlus: lambda f: (  # noqa: ARG005
        "if (v >= 1.0f) return v; if (v < -1.0f) v = -1.0f; return (v + 1.0f) * (v + 1.0f) / 4.0f;"
    ),
    functions.SparseSigmoid: lambda f: (  # noqa: ARG005
        "v = (v + 1.0f) / 2.0f; return v < 0.0f ? 0.0f : v > 1.0f ? 1.0f : v;"
    ),
}
