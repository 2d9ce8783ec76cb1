"""Convolution: the bias; the products are in `nnlite.engine.lowering.windows`."""

from __future__ import annotations

from typing import Any

from nnlite.engine.codegen.pointers import as_pointer, shift


def fill(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Write the bias at every position. op: z, b, features, positions, ld."""
    features, ld, bias = op[2], op[4], as_pointer(op[1], zero)
    for t in range(op[3]):
        for j in range(features):
            row, value = shift(as_pointer(op[0], zero), (t * features + j) * ld), bias[j]
            for i in range(ld):
                row[i] = value
