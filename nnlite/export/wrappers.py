"""A layer applied to every step; and masks, which ONNX does not have."""

from __future__ import annotations

from typing import Any

from nnlite.export.graph import OnnxGraph, Tensor, exports, refusal
from nnlite.layers import Masking, TimeDistributed


@exports(TimeDistributed)
def _time_distributed(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> str:
    """Merge rows and steps, apply the layer, and split them again."""
    x = inputs[0]
    record = x.shape[2:]
    if any(size is None for size in record):
        raise refusal(
            layer, f"needs fixed sizes in ONNX; found input of shape {x.shape}. Give them to Input(shape=...)"
        )
    merged = Tensor(graph.add("Reshape", x.name, graph.ints([-1, *record])), (None, *record))
    (y,) = graph.apply(layer.layer, [merged])
    # The numbers of rows and steps are those of the input, known only when the model runs.
    begin = graph.add("Slice", graph.add("Shape", x.name), graph.ints([0]), graph.ints([2]))
    shape = graph.add("Concat", begin, graph.ints([-1 if size is None else size for size in y.shape[1:]]), axis=0)
    return graph.add("Reshape", y.name, shape)


@exports(Masking)
def _masking(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> str:  # noqa: ARG001
    raise refusal(
        layer,
        "masks steps, and ONNX has no masks that follow a value from layer to layer; export a model without it, with "
        "the same weights, and give it series without padding, one length a batch",
    )
