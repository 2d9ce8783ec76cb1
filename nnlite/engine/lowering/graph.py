"""The graph of a model, walked through layer by layer."""

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
        Where to.
    network : Network
        The graph.
    inputs : list of Tensor
        What it is applied to.
    masks : list of Tensor or None
        Which steps of each input count.

    Returns
    -------
    outputs : list of Tensor
        What it computes.
    masks : list of Tensor or None
        Which steps of each output count.

    Raises
    ------
    Unsupported
        If a layer has no compiled form.
    """
    values: list[Tensor | None] = [None] * network.n_tensors
    known: list[Mask] = [None] * network.n_tensors
    values[: len(inputs)], known[: len(inputs)] = inputs, masks
    for step in network.steps:
        taken = [_there(values[place]) for place in step.inputs]
        given, given_masks = lower_layer(program, step.layer, taken, [known[place] for place in step.inputs])
        if step.layer.activity_regularizer is not None:
            for y in given:
                lower_activity_penalty(program, step.layer.activity_regularizer, y)
        for place, y, mask in zip(step.outputs, given, given_masks, strict=True):
            values[place], known[place] = y, mask
    places = network.output_indices
    return [_there(values[place]) for place in places], [known[place] for place in places]


def lower_layer(
    program: Program, layer: Layer, inputs: list[Tensor], masks: list[Mask]
) -> tuple[list[Tensor], list[Mask]]:
    """Emit one layer, which may be a model; return its outputs and their masks."""
    if isinstance(layer, Network):
        return lower_network(program, layer, inputs, masks)
    rule = rule_for(layer)
    # Of several inputs the first is the series; the others are states.
    asked = layer.takes_mask and masks[0] is not None
    result = rule(program, layer, inputs, masks[0]) if asked else rule(program, layer, inputs)
    given = result if isinstance(result, list) else [result]
    return given, masks_after(program, layer, inputs, masks, given)


def _there(tensor: Tensor | None) -> Tensor:
    if tensor is None:
        raise Unsupported("the graph uses a tensor before it is computed")
    return tensor
