"""Masks: which steps of a series count, from the layer that finds it out to those that ask.

A mask is a tensor of ones and zeros, with the shape of a record but for its last axis. It belongs to a value of the
graph, as on the textbook path, and not to the memory where that lies: two values may share it.
"""

from __future__ import annotations

from typing import Any

from nnlite.engine.lowering.moving import of_samples
from nnlite.engine.lowering.rules import Unsupported, lowers
from nnlite.engine.program import Program, Tensor
from nnlite.layers import Bidirectional, Concatenate, Masking
from nnlite.layers.base import Layer
from nnlite.layers.recurrent import Recurrent

Mask = Tensor | None
"""None: all steps count."""


@lowers(Masking)
def masking(program: Program, layer: Masking, inputs: list[Tensor]) -> Tensor:
    """Emit the search for steps that count; set the others to 0, and what comes back to them."""
    (x,) = inputs
    y, mask = program.tensor(x.shape, x.learns), program.tensor(x.shape[:-1], learns=False)
    sizes = (x.shape[-1], mask.size, program.ld)
    program.emit("masking.counts", x.place, mask.place, *sizes, float(layer.mask_value))
    program.emit("masking.keep", x.place, y.place, mask.place, *sizes)
    y.found = mask

    def back() -> None:
        if y.derivative is not None:
            program.emit("masking.keep", y.derivative, y.derivative, mask.place, *sizes)
            program.hand_on(y.derivative, x)

    program.on_the_way_back(back)
    return y


def masks_after(
    program: Program, layer: Any, inputs: list[Tensor], masks: list[Mask], outputs: list[Tensor]
) -> list[Mask]:
    """Return the masks of a layer's outputs: what its `compute_mask` says of arrays, said of places.

    Parameters
    ----------
    program : Program
        Where masks of several inputs are joined.
    layer : Layer
        The layer.
    inputs, outputs : list of Tensor
        What it took and gave.
    masks : list of Tensor or None
        Those of the inputs.
    """
    nothing: list[Mask] = [None] * len(outputs)
    if isinstance(layer, Masking):
        return [outputs[0].found]
    if all(mask is None for mask in masks):
        return nothing
    if isinstance(layer, (Recurrent, Bidirectional)):
        series = 2 if isinstance(layer, Bidirectional) and layer.merge_mode is None else 1
        own = masks[0] if layer.return_sequences else None
        return [own] * series + nothing[series:]
    if isinstance(layer, Concatenate):
        return [_joined(program, layer, inputs, masks)]
    if type(layer).compute_mask is not Layer.compute_mask:
        # All others that say something of their own say that no mask fits their outputs.
        return nothing
    mask = _any(program, masks)
    fits = [mask is not None and len(y.shape) > 1 and y.shape[:1] == mask.shape for y in outputs]
    return [mask if fitting else None for fitting in fits]


def _any(program: Program, masks: list[Mask]) -> Mask:
    """Of several inputs, a step counts if it does in any of them."""
    known = [mask for mask in masks if mask is not None]
    if len(known) < len(masks):
        return None
    return _combined(program, "masking.either", known)


def _joined(program: Program, layer: Concatenate, inputs: list[Tensor], masks: list[Mask]) -> Mask:
    """Join masks along the steps; along another axis, a step counts if it does in all inputs."""
    if any(len(x.shape) < 2 for x in inputs):
        return None
    known = [_everything(program, x) if mask is None else mask for x, mask in zip(inputs, masks, strict=True)]
    if layer.axis % (len(inputs[0].shape) + 1) == 1:
        _check_alike(known, from_axis=1)
        joined = program.tensor((sum(mask.shape[0] for mask in known), *known[0].shape[1:]), learns=False)
        start = 0
        for mask in known:
            length = mask.size * program.ld
            program.emit("data.copy", mask.place, joined.place.after(start), 1, length, 0, 0)
            start += length
        return joined
    return _combined(program, "series.multiply", known)


def _combined(program: Program, kernel: str, masks: list[Tensor]) -> Tensor:
    """Emit one mask of several alike, by a kernel that makes one of two."""
    _check_alike(masks)
    total = masks[0]
    for mask in masks[1:]:
        both = program.tensor(total.shape, learns=False)
        program.emit(kernel, total.place, mask.place, both.place, both.size * program.ld)
        total = both
    return total


def _everything(program: Program, x: Tensor) -> Tensor:
    mask = program.tensor(x.shape[:1], learns=False)
    program.emit("masking.everything", mask.place, mask.size * program.ld)
    return mask


def _check_alike(masks: list[Tensor], from_axis: int = 0) -> None:
    if len({mask.shape[from_axis:] for mask in masks}) > 1:
        raise Unsupported("joining masks of different shapes has no compiled form")


def masked_weights(program: Program, mask: Tensor, weight: Tensor | None, output: Tensor, *, rescale: bool) -> Tensor:
    """Emit the weights that a mask on a model's output makes of those that were given: one for each sample.

    With `rescale` they make up for the samples that don't count, of all records in the batch.
    """
    program.needs_whole_batch |= rescale
    weights = program.tensor(output.shape[:-1], learns=False)
    one_a_record = weight.place if weight is not None and weight.size == 1 else None
    sizes = (mask.size, weights.size // mask.size, program.ld)
    program.emit("masking.weights", mask.place, one_a_record, weights.place, *sizes, int(rescale))
    if weight is not None and one_a_record is None:
        own, _ = of_samples(program, weight, weights.shape)
        program.emit("series.multiply", weights.place, own, weights.place, weights.size * program.ld)
    return weights
