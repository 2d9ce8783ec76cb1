"""A whole model: its graph, and what is done with the outputs."""

from __future__ import annotations

from dataclasses import dataclass

import nnlite.engine.lowering.convolution
import nnlite.engine.lowering.dense
import nnlite.engine.lowering.noise
import nnlite.engine.lowering.normalization
import nnlite.engine.lowering.pooling
import nnlite.engine.lowering.recurrent
import nnlite.engine.lowering.resizing
import nnlite.engine.lowering.shaping
import nnlite.engine.lowering.variational
import nnlite.engine.lowering.wrappers  # noqa: F401  (each of these registers its rules)
from nnlite.compiled import CompiledNetwork
from nnlite.engine.lowering.graph import lower_network
from nnlite.engine.lowering.masking import Mask
from nnlite.engine.lowering.objective import lower_objective
from nnlite.engine.lowering.rules import record_shape
from nnlite.engine.program import Place, Program, Tensor
from nnlite.objective import Objective
from nnlite.weights import WeightVector


@dataclass(frozen=True)
class DataShapes:
    """What of the data decides on the program.

    Attributes
    ----------
    targets : list of tuple of int
        Shape of one record of each target.
    same : list of int or None
        For each target the input that it is the same array as.
    weights : list of tuple of int or None
        For each target the shape of one record's weights, if there are any.
    """

    targets: list[tuple[int, ...]]
    same: list[int | None]
    weights: list[tuple[int, ...] | None]


def lower_model(
    model: CompiledNetwork,
    rows: int,
    training: bool,
    data: DataShapes | None = None,
    vector: WeightVector | None = None,
) -> Program:
    """Write the program of a model, but for the optimizer and the penalties on weights.

    Parameters
    ----------
    model : CompiledNetwork
        The model; compiled, unless there is no `data`.
    rows : int
        Most records in a batch.
    training : bool
        Whether to go backwards too.
    data : DataShapes, optional
        What the losses are to look at. Without it the program predicts.
    vector : WeightVector, optional
        What holds the weights; by default the model's own.

    Returns
    -------
    Program
        It reads from the spaces ``input 0``, ..., ``target 0``, ..., ``weight 0``, ..., or writes to ``output 0``, ....

    Raises
    ------
    Unsupported
        If something in the model has no compiled form.
    """
    program = Program(model.dtype, rows, vector or model.weight_vector, training)
    inputs = [
        _fetch(program, f"input {i}", record_shape(tensor.shape, f"input {tensor.name!r}"))
        for i, tensor in enumerate(model.inputs)
    ]
    outputs, masks = lower_network(program, model, inputs, [None] * len(inputs))
    if data is None:
        for i, output in enumerate(outputs):
            program.emit("data.scatter", output.place, Place(f"output {i}"), output.size, program.ld)
    else:
        _lower_judgement(program, model.objective, data, inputs, outputs, masks)
        if training:
            program.go_back()
    return program


def _lower_judgement(
    program: Program,
    objective: Objective,
    data: DataShapes,
    inputs: list[Tensor],
    outputs: list[Tensor],
    masks: list[Mask],
) -> None:
    targets = [
        inputs[same] if same is not None else _fetch(program, f"target {i}", shape)
        for i, (same, shape) in enumerate(zip(data.same, data.targets, strict=True))
    ]
    weights = [None if shape is None else _fetch(program, f"weight {i}", shape) for i, shape in enumerate(data.weights)]
    lower_objective(program, objective, outputs, targets, weights, masks)


def _fetch(program: Program, space: str, shape: tuple[int, ...]) -> Tensor:
    x = program.tensor(shape, learns=False)
    program.emit("data.gather", Place(space), x.place, x.size, program.ld)
    return x
