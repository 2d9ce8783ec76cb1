"""Dense layers, embeddings, and layers that do nothing at inference."""

from __future__ import annotations

from typing import Any

from nnlite.export.activations import activate
from nnlite.export.graph import OnnxGraph, Tensor, exports, refusal
from nnlite.layers import (
    ActivityRegularization,
    AlphaDropout,
    Dense,
    Dropout,
    Embedding,
    GaussianDropout,
    GaussianLatent,
    GaussianNoise,
    Identity,
    SpatialDropout1D,
    SpatialDropout2D,
)


@exports(Dense)
def _dense(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> str:
    """Return f(x W + b)."""
    z = graph.add("MatMul", inputs[0].name, graph.floats(layer.kernel.value))
    if layer.use_bias:
        z = graph.add("Add", z, graph.floats(layer.bias.value))
    return activate(graph, layer, z)


@exports(Embedding)
def _embedding(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> str:
    """Return the rows of the table. A number that is out of range fails in most runtimes, as it does here."""
    if layer.mask_zero:
        raise refusal(layer, "masks the number 0, and ONNX has no masks; make the layer with mask_zero=False")
    numbers = graph.add("Cast", inputs[0].name, to="INT64")
    return graph.add("Gather", graph.floats(layer.embeddings.value), numbers, axis=0)


@exports(GaussianLatent)
def _gaussian_latent(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> str:
    """Return the means, the first half of the features: the code at inference."""
    if layer.sample_at_inference:
        raise refusal(layer, "draws random codes at inference; export a model with sample_at_inference=False")
    features = inputs[0].shape[-1] or 0
    return graph.add("Slice", inputs[0].name, graph.ints([0]), graph.ints([features // 2]), graph.ints([-1]))


@exports(
    Dropout,
    AlphaDropout,
    GaussianDropout,
    SpatialDropout1D,
    SpatialDropout2D,
    GaussianNoise,
    ActivityRegularization,
    Identity,
)
def _nothing_at_inference(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> str:  # noqa: ARG001
    return inputs[0].name
