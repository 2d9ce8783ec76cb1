"""Upsampling, zero padding and cropping."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite.export.graph import OnnxGraph, Tensor, exports, known_lengths
from nnlite.layers import Cropping1D, Cropping2D, UpSampling1D, UpSampling2D, ZeroPadding1D, ZeroPadding2D
from nnlite.layers.resizing import interpolation_matrix


@exports(UpSampling1D, UpSampling2D)
def _up_sampling(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> str:
    """Repeat positions by their numbers; Resize would compute the numbers in floating point."""
    y = inputs[0].name
    lengths = known_lengths(layer, inputs[0])
    if getattr(layer, "interpolation", "nearest") == "bilinear":
        matrices = [
            graph.floats(interpolation_matrix(n, times, np.dtype(np.float64)))
            for n, times in zip(lengths, layer.size, strict=True)
        ]
        return graph.add("Einsum", matrices[0], y, matrices[1], equation="ab,nbcd,ec->naed")
    for axis, (length, times) in enumerate(zip(lengths, layer.size, strict=True), start=1):
        if times > 1:
            y = graph.add("Gather", y, graph.ints(np.repeat(np.arange(length), times)), axis=axis)
    return y


@exports(ZeroPadding1D, ZeroPadding2D)
def _zero_padding(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> str:
    before, after = zip((0, 0), *layer.padding, (0, 0), strict=True)
    return graph.add("Pad", inputs[0].name, graph.ints([*before, *after]), mode="constant")


@exports(Cropping1D, Cropping2D)
def _cropping(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> str:
    """Cut the margins; an end of minus n leaves n positions out, and a huge one none."""
    starts, ends = zip(*layer.cropping, strict=True)
    ends = tuple(-end if end else np.iinfo(np.int64).max for end in ends)
    axes = list(range(1, 1 + len(starts)))
    return graph.add("Slice", inputs[0].name, graph.ints(starts), graph.ints(ends), graph.ints(axes))
