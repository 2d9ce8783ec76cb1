"""The cells of recurrent layers: the instructions of one step, forward and backward. `recurrence` has the loop.

These have the default activations, which their kernels fuse with the gates; `other_cells` has all others.
"""

from __future__ import annotations

from nnlite.engine.gemm.gemm_sizes import ADD, BIAS, ZERO
from nnlite.engine.lowering.gates import GateFunction
from nnlite.engine.lowering.recurrence import Loop
from nnlite.engine.program import Location, Tensor


class SimpleRNNCell(Loop):
    """h = f(z)."""

    def emit_start(self) -> None:
        super().emit_start()
        self.function = GateFunction(self.program, self.layer.activation, self.units)
        self.transposed_recurrent = self.transposed_kernel(self.recurrent_kernel, self.units)

    def projection(self, step: int) -> Location:
        return self.gate(step) if self.function.needs_input else self.state(step)

    def emit_step(self, step: int) -> None:
        if self.needs_previous_gradient(step):
            locations = (self.recurrent_input(step), self.projection(step))
            self.product(self.transposed_recurrent, self.units, *locations, self.units, ADD)
        self.function.forward(self.gate(step), self.state(step))

    def emit_step_backward(self, step: int) -> None:
        dh = self.state_gradient(step)
        self.function.backward(self.gate(step), self.state(step), dh)
        self.program.emit("data.copy", dh, self.gate(step), 1, self.size, 0, 0)
        if self.needs_previous_gradient(step):
            self.product_to_previous(step, 1, self.gate(step), self.start_of_previous(step))


class LSTMCell(Loop):
    """An LSTM: a state h and a cell c."""

    def emit_start(self) -> None:
        super().emit_start()
        self.c = self.program.reserve((self.steps + 1) * self.size)
        self.activated_cells = self.program.reserve(self.steps * self.size)
        self.transposed_recurrent = self.transposed_kernel(self.recurrent_kernel, self.units)
        if self.initial_states:
            self.program.emit("data.copy", self.initial_states[1].location, self.c, 1, self.size, 0, 0)

    def states(self, step: int) -> list[Location]:
        return [self.state(step), self.cell(step)]

    def cell(self, step: int) -> Location:
        """Return the location of c after a step; -1: the initial one."""
        return self.c.offset_by((step + 1) * self.size)

    def activated_cell(self, step: int) -> Location:
        """Return the location of a step's g(c)."""
        return self.activated_cells.offset_by(step * self.size)

    def emit_step(self, step: int) -> None:
        if self.needs_previous_gradient(step):
            locations = (self.recurrent_input(step), self.gate(step))
            self.product(self.transposed_recurrent, self.units, *locations, 4 * self.units, ADD)
        self.emit_gates(step)

    def emit_gates(self, step: int) -> None:
        """Emit the gates, the cell and the state."""
        locations = (self.cell(step - 1), self.cell(step), self.activated_cell(step), self.state(step))
        self.program.emit("recurrent.lstm_forward", self.gate(step), *locations, self.size)

    def emit_backward_start(self, states: list[Tensor]) -> None:
        self.dc = self.program.reserve(self.size)
        self.program.emit("data.clear", self.dc, self.size)
        if states[1].gradient is not None:
            self.program.emit("data.accumulate", states[1].gradient, self.dc, self.size)

    def state_gradients(self, step: int) -> list[Location]:
        return [self.state_gradient(step), self.dc]

    def emit_step_backward(self, step: int) -> None:
        self.emit_gates_backward(step)
        if self.needs_previous_gradient(step):
            self.product_to_previous(step, 4, self.gate(step), self.start_of_previous(step))

    def emit_gates_backward(self, step: int) -> None:
        """Emit the gradients of the gates and of the previous c."""
        locations = (self.cell(step - 1), self.activated_cell(step), self.state_gradient(step), self.dc)
        self.program.emit("recurrent.lstm_backward", self.gate(step), *locations, self.size)


class GRUResetAfterCell(Loop):
    """A GRU with r applied after the product with the recurrent kernel, which has a bias of its own."""

    def emit_start(self) -> None:
        super().emit_start()
        self.u = self.program.reserve(self.steps * 3 * self.size)
        self.transposed_recurrent = self.transposed_kernel(self.recurrent_kernel, self.units)

    def u_gate(self, step: int, number: int = 0) -> Location:
        """Return the location of one of the blocks of the product with the recurrent kernel."""
        return self.u.offset_by((step * 3 + number) * self.size)

    def emit_step(self, step: int) -> None:
        rows = 3 * self.units
        bias = self.program.weight(self.layer.bias).offset_by(rows) if self.layer.use_bias else None
        start = ZERO if bias is None else BIAS
        locations = (self.recurrent_input(step), self.u_gate(step))
        self.product(self.transposed_recurrent, self.units, *locations, rows, start, bias)
        self.emit_gates(step)

    def emit_gates(self, step: int) -> None:
        """Emit the gates and the state."""
        locations = (self.gate(step), self.u_gate(step), self.state(step - 1), self.state(step))
        self.program.emit("recurrent.gru_forward", *locations, self.size)

    def emit_step_backward(self, step: int) -> None:
        self.emit_gates_backward(step)
        if self.needs_previous_gradient(step):
            self.carry_bypass(step)
            self.product_to_previous(step, 3, self.u_gate(step), ADD)

    def emit_gates_backward(self, step: int) -> None:
        """Emit the gradients of the gates."""
        locations = (self.gate(step), self.u_gate(step), self.state(step - 1), self.state_gradient(step))
        self.program.emit("recurrent.gru_backward", *locations, self.size)

    def recurrent_gradient(self, dkernel: Location) -> None:
        self.product_over_steps(self.recurrent_inputs, self.u, 3, dkernel)

    def recurrent_bias_gradient(self, dbias: Location) -> None:
        self.program.emit("dense.bias_gradient", self.u, dbias, 3 * self.units, self.steps, self.program.ld)


class GRUResetBeforeCell(Loop):
    """A GRU with r applied before the product with the recurrent kernel."""

    def emit_start(self) -> None:
        super().emit_start()
        program = self.program
        self.v, self.dv = program.reserve(self.steps * self.size), program.reserve(self.size)
        self.transposed_gates = self.transposed_kernel(self.recurrent_kernel, self.units, gates=2)
        self.transposed_candidate = self.transposed_kernel(self.recurrent_kernel, self.units, first_gate=2, gates=1)

    def reset_state(self, step: int) -> Location:
        """Return the location of r times the previous state."""
        return self.v.offset_by(step * self.size)

    def emit_step(self, step: int) -> None:
        recurrent_input = self.recurrent_input(step)
        self.product(self.transposed_gates, self.units, recurrent_input, self.gate(step), 2 * self.units, ADD)
        self.emit_gates(step, recurrent_input)
        self.product(self.transposed_candidate, self.units, self.reset_state(step), self.gate(step, 2), self.units, ADD)
        self.emit_state(step)

    def emit_gates(self, step: int, recurrent_input: Location) -> None:
        """Emit the gates z and r, and r times the previous state."""
        locations = (self.gate(step), recurrent_input, self.reset_state(step))
        self.program.emit("recurrent.gru_gates_forward", *locations, self.size)

    def emit_state(self, step: int) -> None:
        """Emit the state."""
        locations = (self.gate(step), self.state(step - 1), self.state(step))
        self.program.emit("recurrent.gru_state_forward", *locations, self.size)

    def emit_step_backward(self, step: int) -> None:
        self.emit_state_backward(step)
        self.product_backward(2, 1, self.gate(step, 2), self.dv, ZERO)
        # The gradient of r times the previous state, which may be under dropout.
        input_gradient, recurrent_input = self.state_gradient(step), self.state(step - 1)
        if self.dropout_mask is not None:
            input_gradient = self.recurrent_input_gradient
            recurrent_input = self.dropped_states.offset_by(step * self.size)
            self.program.emit("data.clear", input_gradient, self.size)
        self.emit_gates_backward(step, recurrent_input, input_gradient)
        if self.needs_previous_gradient(step):
            self.carry_bypass(step)
            self.product_to_previous(step, 2, self.gate(step), ADD, start_under_dropout=ADD)

    def emit_state_backward(self, step: int) -> None:
        """Emit the gradients of z and of the candidate before its activation, and the bypassing part."""
        locations = (self.gate(step), self.state(step - 1), self.state_gradient(step), self.dv)
        self.program.emit("recurrent.gru_state_backward", *locations, self.size)

    def emit_gates_backward(self, step: int, recurrent_input: Location, input_gradient: Location) -> None:
        """Emit the gradient of r, and r's part of the previous state's gradient."""
        locations = (self.gate(step), recurrent_input, self.dv, input_gradient)
        self.program.emit("recurrent.gru_gates_backward", *locations, self.size)

    def recurrent_gradient(self, dkernel: Location) -> None:
        self.product_over_steps(self.recurrent_inputs, self.z, 2, dkernel, skip_zero_state=False)
        self.product_over_steps(self.v, self.gate(0, 2), 1, dkernel.offset_by(2 * self.units), skip_zero_state=False)
