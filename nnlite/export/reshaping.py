"""Layers that change shapes, and parts of tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite.export.graph import OnnxGraph, Tensor, exports, refusal
from nnlite.layers import Flatten, Permute, RepeatVector, Reshape
from nnlite.layers.arithmetic import GetItem

_END = int(np.iinfo(np.int64).max)


@exports(Reshape, Flatten)
def _reshape(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> str:
    """Reshape each record; 0 keeps the number of rows, -1 stands for the one unknown size."""
    sizes = [-1 if size is None else size for size in layer.build(inputs[0].shape)[1:]]
    if sizes.count(-1) > 1:
        raise refusal(layer, "has several unknown sizes; make the model with them in Input(shape=...)")
    return graph.add("Reshape", inputs[0].name, graph.ints([0, *sizes]))


@exports(Permute)
def _permute(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> str:
    return graph.add("Transpose", inputs[0].name, perm=[0, *layer.dims])


@exports(RepeatVector)
def _repeat(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> str:
    steps = graph.add("Unsqueeze", inputs[0].name, graph.ints([1]))
    return graph.add("Tile", steps, graph.ints([1, layer.n, 1]))


@exports(GetItem)
def _get_item(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> str:
    """Cut all axes at once, then remove those of whole numbers and insert the new ones."""
    slices: list[tuple[int, int, int, int]] = []
    removed, inserted = [], []
    axis, place = 1, 1
    for part in layer.index:
        if part == "new":
            inserted.append(place)
        elif isinstance(part, int):
            slices.append((part, part + 1 if part != -1 else _END, axis, 1))
            removed.append(axis)
        else:
            slices.append(_bounds(axis, *part))
        place += not isinstance(part, int)
        axis += part != "new"
    y = inputs[0].name
    if slices:
        y = graph.add("Slice", y, *(graph.ints(column) for column in zip(*slices, strict=True)))
    if removed:
        y = graph.add("Squeeze", y, graph.ints(removed))
    return graph.add("Unsqueeze", y, graph.ints(inserted)) if inserted else y


def _bounds(axis: int, start: int | None, stop: int | None, step: int | None) -> tuple[int, int, int, int]:
    """Return start, stop, axis and step of a slice, with numbers for what is open."""
    step = 1 if step is None else step
    if step > 0:
        return start or 0, _END if stop is None else stop, axis, step
    return _END if start is None else start, -_END if stop is None else stop, axis, step
