"""Masks of valid steps: from the layer that computes a mask to those that use it.

A mask is a tensor of ones and zeros, with the shape of a record without its last axis. It belongs to a value of the
graph, as on the layers' path, and not to a memory location: two values may share a location.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnlite.engine.lowering.data_movement import broadcast_to_samples
from nnlite.engine.lowering.rules import Unsupported, lowers
from nnlite.engine.program import Program, Tensor
from nnlite.layers import Masking
from nnlite.layers.base import Layer

if TYPE_CHECKING:
    from nnlite.layers import Concatenate

Mask = Tensor | None
"""None: all steps are valid."""


@lowers(Masking)
def masking(program: Program, layer: Masking, inputs: list[Tensor]) -> Tensor:
    """Emit the mask, and set masked steps and their gradients to 0."""
    (x,) = inputs
    y, mask = program.tensor(x.shape, x.requires_gradient), program.tensor(x.shape[:-1], requires_gradient=False)
    sizes = (x.shape[-1], mask.size, program.ld)
    program.emit("masking.compute_mask", x.location, mask.location, *sizes, float(layer.mask_value))
    program.emit("masking.apply_mask", x.location, y.location, mask.location, *sizes)
    y.computed_mask = mask
    program.add_backward_in_place(y, x, lambda dy: program.emit("masking.apply_mask", dy, dy, mask.location, *sizes))
    return y


def masks_after(
    program: Program, layer: Any, inputs: list[Tensor], masks: list[Mask], outputs: list[Tensor]
) -> list[Mask]:
    """Return the masks of a layer's outputs: the equivalent of its `compute_mask` for tensors of the program.

    Parameters
    ----------
    program : Program
        The program; masks of several inputs may need instructions.
    layer : Layer
        The layer.
    inputs, outputs : list of Tensor
        Its inputs and outputs.
    masks : list of Tensor or None
        The masks of the inputs.
    """
    no_masks: list[Mask] = [None] * len(outputs)
    if isinstance(layer, Masking):
        return [outputs[0].computed_mask]
    if all(mask is None for mask in masks):
        return no_masks
    # Few models have masks, and these layers.
    from nnlite.layers import Bidirectional, Concatenate
    from nnlite.layers.recurrent import Recurrent

    if isinstance(layer, (Recurrent, Bidirectional)):
        series = 2 if isinstance(layer, Bidirectional) and layer.merge_mode is None else 1
        sequence_mask = masks[0] if layer.return_sequences else None
        return [sequence_mask] * series + no_masks[series:]
    if isinstance(layer, Concatenate):
        return [_concatenated(program, layer, inputs, masks)]
    if type(layer).compute_mask is not Layer.compute_mask:
        # All other layers that override compute_mask return no mask.
        return no_masks
    mask = _union(program, masks)
    fits = [mask is not None and len(y.shape) > 1 and y.shape[:1] == mask.shape for y in outputs]
    return [mask if fits_output else None for fits_output in fits]


def _union(program: Program, masks: list[Mask]) -> Mask:
    """Return the union of the masks; None if one input has no mask."""
    present = [mask for mask in masks if mask is not None]
    if len(present) < len(masks):
        return None
    return _reduced(program, "masking.union", present)


def _concatenated(program: Program, layer: Concatenate, inputs: list[Tensor], masks: list[Mask]) -> Mask:
    """Emit the masks concatenated along the steps; along another axis, their union."""
    if any(len(x.shape) < 2 for x in inputs):
        return None
    all_masks = [_all_valid(program, x) if mask is None else mask for x, mask in zip(inputs, masks, strict=True)]
    if layer.axis % (len(inputs[0].shape) + 1) == 1:
        _check_same_shape(all_masks, from_axis=1)
        joined = program.tensor(
            (sum(mask.shape[0] for mask in all_masks), *all_masks[0].shape[1:]), requires_gradient=False
        )
        start = 0
        for mask in all_masks:
            length = mask.size * program.ld
            program.emit("data.copy", mask.location, joined.location.offset_by(start), 1, length, 0, 0)
            start += length
        return joined
    return _reduced(program, "masking.union", all_masks)


def _reduced(program: Program, kernel: str, masks: list[Tensor]) -> Tensor:
    """Emit one mask from several of the same shape, by a kernel of two operands."""
    _check_same_shape(masks)
    total = masks[0]
    for mask in masks[1:]:
        both = program.tensor(total.shape, requires_gradient=False)
        program.emit(kernel, total.location, mask.location, both.location, both.size * program.ld)
        total = both
    return total


def _all_valid(program: Program, x: Tensor) -> Tensor:
    mask = program.tensor(x.shape[:1], requires_gradient=False)
    program.emit("masking.ones", mask.location, mask.size * program.ld)
    return mask


def _check_same_shape(masks: list[Tensor], from_axis: int = 0) -> None:
    if len({mask.shape[from_axis:] for mask in masks}) > 1:
        raise Unsupported("the combination of masks of different shapes has no compiled form")


def masked_weights(program: Program, mask: Tensor, weight: Tensor | None, output: Tensor, *, rescale: bool) -> Tensor:
    """Emit the sample weights that combine the mask of a model's output with given weights.

    With `rescale`, the mean weight over all records of the batch is kept.
    """
    program.needs_whole_batch |= rescale
    weights = program.tensor(output.shape[:-1], requires_gradient=False)
    record_weight = weight.location if weight is not None and weight.size == 1 else None
    sizes = (mask.size, weights.size // mask.size, program.ld)
    program.emit("masking.sample_weights", mask.location, record_weight, weights.location, *sizes, int(rescale))
    if weight is not None and record_weight is None:
        sample_weight, _ = broadcast_to_samples(program, weight, weights.shape)
        program.emit("series.multiply", weights.location, sample_weight, weights.location, weights.size * program.ld)
    return weights
