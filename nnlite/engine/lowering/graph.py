"""The graph of a model, lowered layer by layer."""

from __future__ import annotations

from nnlite.engine.lowering.masking import Mask, masks_after
from nnlite.engine.lowering.objective import lower_activity_penalty
from nnlite.engine.lowering.rules import Unsupported, rule_for
from nnlite.engine.program import Program, Tensor
from nnlite.layers.base import Layer
from nnlite.network import Network


def lower_network(
    program: Program, network: Network, inputs: list[Tensor], masks: list[Mask]
) -> tuple[list[Tensor], list[Mask]]:
    """Emit all layers of a graph.

    Parameters
    ----------
    program : Program
        The program.
    network : Network
        The graph.
    inputs : list of Tensor
        Its inputs.
    masks : list of Tensor or None
        The mask of each input.

    Returns
    -------
    outputs : list of Tensor
        Its outputs.
    masks : list of Tensor or None
        The mask of each output.

    Raises
    ------
    Unsupported
        If a layer has no compiled form.
    """
    values: list[Tensor | None] = [None] * network.n_tensors
    value_masks: list[Mask] = [None] * network.n_tensors
    values[: len(inputs)], value_masks[: len(inputs)] = inputs, masks
    for step in network.steps:
        layer_inputs = [_computed(values[index]) for index in step.inputs]
        outputs, output_masks = lower_layer(
            program, step.layer, layer_inputs, [value_masks[index] for index in step.inputs]
        )
        if step.layer.activity_regularizer is not None:
            for y in outputs:
                lower_activity_penalty(program, step.layer.activity_regularizer, y)
        for index, y, mask in zip(step.outputs, outputs, output_masks, strict=True):
            values[index], value_masks[index] = y, mask
    indices = network.output_indices
    return [_computed(values[index]) for index in indices], [value_masks[index] for index in indices]


def lower_layer(
    program: Program, layer: Layer, inputs: list[Tensor], masks: list[Mask]
) -> tuple[list[Tensor], list[Mask]]:
    """Emit one layer, which may be a model; return its outputs and their masks."""
    if isinstance(layer, Network):
        return lower_network(program, layer, inputs, masks)
    if getattr(layer, "data_format", None) == "channels_first":
        raise Unsupported(f"layer {layer.name!r} with channels first has no compiled form")
    rule = rule_for(layer)
    # The first of several inputs is the series; the others are states.
    uses_mask = layer.takes_mask and masks[0] is not None
    result = rule(program, layer, inputs, masks[0]) if uses_mask else rule(program, layer, inputs)
    outputs = result if isinstance(result, list) else [result]
    return outputs, masks_after(program, layer, inputs, masks, outputs)


def _computed(tensor: Tensor | None) -> Tensor:
    if tensor is None:
        raise Unsupported("the graph uses a tensor before it is computed")
    return tensor
