"""Recurrent layers: the choice of the cell."""

from __future__ import annotations

from typing import Any

from nnlite import activations
from nnlite.engine.lowering import cells, other_cells
from nnlite.engine.lowering.noise import dropout_mask, spatial_dropout
from nnlite.engine.lowering.recurrence import Loop
from nnlite.engine.lowering.rules import lowers
from nnlite.engine.program import Program, Tensor
from nnlite.layers import GRU, LSTM, SimpleRNN


@lowers(SimpleRNN, LSTM, GRU)
def recurrent(program: Program, layer: Any, inputs: list[Tensor], mask: Tensor | None = None) -> Tensor | list[Tensor]:
    """Emit the unrolled loop over time, and its backward pass."""
    x, *initial_states = inputs
    state_mask = None
    if program.training and layer.dropout:
        x = spatial_dropout(program, layer, x, layer.dropout)
    if program.training and layer.recurrent_dropout:
        state_mask = dropout_mask(program, layer, layer.units, layer.recurrent_dropout)
    return _cell(layer)(program, layer, x, initial_states, mask, state_mask).run()


def _cell(layer: Any) -> type[Loop]:
    if isinstance(layer, SimpleRNN):
        return cells.SimpleRNNCell
    has_fused_kernels = (
        type(layer.activation) is activations.Tanh and type(layer.recurrent_activation) is activations.Sigmoid
    )
    family: Any = cells if has_fused_kernels else other_cells
    if isinstance(layer, LSTM):
        return family.LSTMCell
    return family.GRUResetAfterCell if layer.reset_after else family.GRUResetBeforeCell
