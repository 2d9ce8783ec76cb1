"""A whole model: its graph, with predictions or losses at its outputs."""

from __future__ import annotations

from dataclasses import dataclass

from nnlite.compiled import CompiledNetwork
from nnlite.engine.lowering.graph import lower_network
from nnlite.engine.lowering.masking import Mask
from nnlite.engine.lowering.objective import lower_objective
from nnlite.engine.lowering.rules import record_shape
from nnlite.engine.program import Location, Program, Tensor
from nnlite.objective import Objective
from nnlite.weights import WeightVector


@dataclass(frozen=True)
class DataShapes:
    """The properties of the data that a program depends on.

    Attributes
    ----------
    targets : list of tuple of int
        Shape of one record of each target.
    shared_inputs : list of int or None
        For each target the input that is the same array.
    weights : list of tuple of int or None
        For each target the shape of one record's weights; None without weights.
    """

    targets: list[tuple[int, ...]]
    shared_inputs: list[int | None]
    weights: list[tuple[int, ...] | None]


def lower_model(
    model: CompiledNetwork,
    rows: int,
    training: bool,
    data: DataShapes | None = None,
    vector: WeightVector | None = None,
) -> Program:
    """Return the program of a model, without the optimizer and the penalties on weights.

    Parameters
    ----------
    model : CompiledNetwork
        The model; compiled, if `data` is given.
    rows : int
        Largest batch size.
    training : bool
        Whether to emit the backward pass.
    data : DataShapes, optional
        The data of the losses. Without it the program predicts.
    vector : WeightVector, optional
        The weights; by default the model's own vector.

    Returns
    -------
    Program
        It reads the buffers ``input 0``, ..., ``target 0``, ..., ``weight 0``, ..., or writes ``output 0``, ....

    Raises
    ------
    Unsupported
        If a part of the model has no compiled form.
    """
    program = Program(model.dtype, rows, vector or model.weight_vector, training)
    inputs = [
        _gather(program, f"input {i}", record_shape(tensor.shape, f"input {tensor.name!r}"))
        for i, tensor in enumerate(model.inputs)
    ]
    outputs, masks = lower_network(program, model, inputs, [None] * len(inputs))
    if data is None:
        for i, output in enumerate(outputs):
            program.emit("data.scatter", output.location, Location(f"output {i}"), output.size, program.ld)
    else:
        _lower_losses(program, model.objective, data, inputs, outputs, masks)
        if training:
            program.emit_backward()
    return program


def _lower_losses(
    program: Program,
    objective: Objective,
    data: DataShapes,
    inputs: list[Tensor],
    outputs: list[Tensor],
    masks: list[Mask],
) -> None:
    targets = [
        inputs[shared_input] if shared_input is not None else _gather(program, f"target {i}", shape)
        for i, (shared_input, shape) in enumerate(zip(data.shared_inputs, data.targets, strict=True))
    ]
    weights = [
        None if shape is None else _gather(program, f"weight {i}", shape) for i, shape in enumerate(data.weights)
    ]
    lower_objective(program, objective, outputs, targets, weights, masks)


def _gather(program: Program, space: str, shape: tuple[int, ...]) -> Tensor:
    x = program.tensor(shape, requires_gradient=False)
    program.emit("data.gather", Location(space), x.location, x.size, program.ld)
    return x
