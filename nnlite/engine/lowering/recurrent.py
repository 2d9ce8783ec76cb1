"""The kinds of recurrent layers: what happens at a step, there and back. `recurrence` has the loop."""

from __future__ import annotations

from typing import Any, Final

from nnlite import activations
from nnlite.engine.gemm_sizes import ADD, BIAS, ZERO
from nnlite.engine.lowering.activation import kernel_of
from nnlite.engine.lowering.noise import spatial_dropout
from nnlite.engine.lowering.recurrence import Loop
from nnlite.engine.lowering.rules import Unsupported, lowers
from nnlite.engine.program import Place, Program, Tensor
from nnlite.layers import GRU, LSTM, SimpleRNN


@lowers(SimpleRNN, LSTM, GRU)
def recurrent(program: Program, layer: Any, inputs: list[Tensor]) -> Tensor | list[Tensor]:
    """Emit the loop over time, and the way back through it."""
    if program.training and layer.recurrent_dropout:
        raise Unsupported(f"layer {layer.name!r}: recurrent_dropout has no compiled form")
    x, *first = inputs
    if program.training and layer.dropout:
        x = spatial_dropout(program, layer, x, layer.dropout)
    return _cells[type(layer)](program, layer, x, first).run()


class _Simple(Loop):
    """h = f(z)."""

    def begin(self) -> None:
        super().begin()
        self.function: tuple[str, tuple[float, ...]] | None = None
        if type(self.layer.activation) is not activations.Linear:
            kernel, constants, by_output = kernel_of(self.layer.activation)
            if not by_output:
                raise Unsupported(
                    f"layer {self.layer.name!r}: activation {self.layer.activation.name!r} has no compiled form "
                    "in a recurrent layer"
                )
            self.function = kernel, constants
        self.turned_recurrent = self.turned(self.recurrent_kernel, self.units)

    def target(self, step: int) -> Place:
        return self.state(step)

    def step(self, step: int) -> None:
        if self.looks_before(step):
            self.product(self.turned_recurrent, self.units, self.state(step - 1), self.state(step), self.units, ADD)
        if self.function is not None:
            name, constants = self.function
            sizes = (self.units, self.program.ld)
            self.program.emit(f"activation.{name}_forward", self.state(step), *sizes, *constants)

    def step_back(self, step: int) -> None:
        program, dh = self.program, self.dstate(step)
        if self.function is not None:
            name, constants = self.function
            sizes = (self.units, program.ld)
            program.emit(f"activation.{name}_backward", self.state(step), dh, *sizes, *constants)
        program.emit("data.copy", dh, self.gate(step), 1, self.size, 0, 0)
        if self.looks_before(step):
            self.product_back(0, 1, self.gate(step), self.dstate(step - 1), self.start_before(step))


class _Gated(Loop):
    """What LSTM and GRU share: activations that are compiled together with the gates."""

    def begin(self) -> None:
        super().begin()
        layer = self.layer
        if (
            type(layer.activation) is not activations.Tanh
            or type(layer.recurrent_activation) is not activations.Sigmoid
        ):
            raise Unsupported(
                f"layer {layer.name!r}: activations {layer.activation.name!r} and {layer.recurrent_activation.name!r} "
                "have no compiled form in a recurrent layer, only 'tanh' and 'sigmoid'"
            )


class _LSTM(_Gated):
    """A state h and a cell c."""

    def begin(self) -> None:
        super().begin()
        self.c = self.program.reserve((self.steps + 1) * self.size)
        self.shown = self.program.reserve(self.steps * self.size)
        self.turned_recurrent = self.turned(self.recurrent_kernel, self.units)
        if self.first:
            self.program.emit("data.copy", self.first[1].place, self.c, 1, self.size, 0, 0)

    def last_states(self) -> list[Place]:
        return [*super().last_states(), self._cell(self.steps - 1)]

    def _cell(self, step: int) -> Place:
        return self.c.after((step + 1) * self.size)

    def step(self, step: int) -> None:
        z = self.gate(step)
        if self.looks_before(step):
            self.product(self.turned_recurrent, self.units, self.state(step - 1), z, 4 * self.units, ADD)
        places = (self._cell(step - 1), self._cell(step), self.shown.after(step * self.size), self.state(step))
        self.program.emit("recurrent.lstm_forward", z, *places, self.size)

    def begin_back(self, states: list[Tensor]) -> None:
        self.dc = self.program.reserve(self.size)
        self.program.emit("data.clear", self.dc, self.size)
        if states[1].derivative is not None:
            self.program.emit("data.accumulate", states[1].derivative, self.dc, self.size)

    def first_derivatives(self) -> list[Place]:
        return [self.before_first, self.dc]

    def step_back(self, step: int) -> None:
        z, shown = self.gate(step), self.shown.after(step * self.size)
        places = (self._cell(step - 1), shown, self.dstate(step), self.dc)
        self.program.emit("recurrent.lstm_backward", z, *places, self.size)
        if self.looks_before(step):
            self.product_back(0, 4, z, self.dstate(step - 1), self.start_before(step))


class _ResetAfter(_Gated):
    """A GRU whose r comes in after the product with the recurrent kernel, which has a bias of its own."""

    def begin(self) -> None:
        super().begin()
        self.u = self.program.reserve(self.steps * 3 * self.size)
        self.turned_recurrent = self.turned(self.recurrent_kernel, self.units)

    def _product(self, step: int) -> Place:
        return self.u.after(step * 3 * self.size)

    def step(self, step: int) -> None:
        rows, before = 3 * self.units, self.state(step - 1)
        bias = self.program.weight(self.layer.bias).after(rows) if self.layer.use_bias else None
        start = ZERO if bias is None else BIAS
        self.product(self.turned_recurrent, self.units, before, self._product(step), rows, start, bias)
        places = (self.gate(step), self._product(step), before, self.state(step))
        self.program.emit("recurrent.gru_forward", *places, self.size)

    def step_back(self, step: int) -> None:
        places = (self.gate(step), self._product(step), self.state(step - 1), self.dstate(step))
        self.program.emit("recurrent.gru_backward", *places, self.size)
        if self.looks_before(step):
            self.carry(step)
            self.product_back(0, 3, self._product(step), self.dstate(step - 1), ADD)

    def recurrent_gradient(self, dkernel: Place) -> None:
        self.over_steps(self.h, self.u, 3, dkernel)

    def recurrent_bias_gradient(self, dbias: Place) -> None:
        self.program.emit("dense.bias_gradient", self.u, dbias, 3 * self.units, self.steps, self.program.ld)


class _ResetBefore(_Gated):
    """A GRU whose r comes in before the product with the recurrent kernel."""

    def begin(self) -> None:
        super().begin()
        program = self.program
        self.v, self.dv = program.reserve(self.steps * self.size), program.reserve(self.size)
        self.turned_gates = self.turned(self.recurrent_kernel, self.units, gates=2)
        self.turned_new = self.turned(self.recurrent_kernel, self.units, first=2, gates=1)

    def _seen(self, step: int) -> Place:
        return self.v.after(step * self.size)

    def step(self, step: int) -> None:
        before, a, seen = self.state(step - 1), self.gate(step), self._seen(step)
        self.product(self.turned_gates, self.units, before, a, 2 * self.units, ADD)
        self.program.emit("recurrent.gru_gates", a, before, seen, self.size)
        self.product(self.turned_new, self.units, seen, self.gate(step, 2), self.units, ADD)
        self.program.emit("recurrent.gru_state", a, before, self.state(step), self.size)

    def step_back(self, step: int) -> None:
        program, a, before, dh = self.program, self.gate(step), self.state(step - 1), self.dstate(step)
        program.emit("recurrent.gru_state_back", a, before, dh, self.dv, self.size)
        self.product_back(2, 1, self.gate(step, 2), self.dv, ZERO)
        program.emit("recurrent.gru_gates_back", a, before, self.dv, dh, self.size)
        if self.looks_before(step):
            self.carry(step)
            self.product_back(0, 2, a, self.dstate(step - 1), ADD)

    def recurrent_gradient(self, dkernel: Place) -> None:
        self.over_steps(self.h, self.z, 2, dkernel, skips=False)
        self.over_steps(self.v, self.gate(0, 2), 1, dkernel.after(2 * self.units), skips=False)


def _gru(program: Program, layer: GRU, x: Tensor, first: list[Tensor]) -> Loop:
    return (_ResetAfter if layer.reset_after else _ResetBefore)(program, layer, x, first)


_cells: Final[dict[type, Any]] = {SimpleRNN: _Simple, LSTM: _LSTM, GRU: _gru}
