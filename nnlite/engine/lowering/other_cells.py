"""LSTM and GRU with activations other than tanh and sigmoid.

The steps that the kernels of the default cells fuse are separate instructions here: each activation by its kernel, and
products of whole gates between them.
"""

from __future__ import annotations

from nnlite.engine.lowering import cells
from nnlite.engine.lowering.gates import GateFunction
from nnlite.engine.lowering.recurrence import Loop
from nnlite.engine.program import Location


class _Gates(Loop):
    """Gates that keep their inputs before the activations, if the derivatives depend on these."""

    def emit_start(self) -> None:
        super().emit_start()
        program, layer = self.program, self.layer
        self.function = GateFunction(program, layer.activation, self.units)
        self.recurrent_function = GateFunction(program, layer.recurrent_activation, self.units)
        self.keeps_inputs = self.function.needs_input or self.recurrent_function.needs_input
        width = self.gates * self.size
        # Without a backward pass, the inputs of a step's gates are not needed after it.
        self._stored_steps = self.steps if program.training else 1
        self._gate_inputs = program.reserve(self._stored_steps * width) if self.keeps_inputs else self.z
        # The gradients of one step's gates, in the backward pass.
        self.dz = program.reserve(width) if program.training else None

    def gate_input(self, step: int, number: int) -> Location:
        """Return the location of a gate's input to its activation."""
        if not self.keeps_inputs:
            return self.gate(step, number)
        return self._gate_inputs.offset_by(((step % self._stored_steps) * self.gates + number) * self.size)

    def activate(self, function: GateFunction, step: int, number: int, gates: int = 1) -> None:
        """Emit an activation of some of a step's gates."""
        gate_input, gate = self.gate_input(step, number), self.gate(step, number)
        if self.keeps_inputs:
            self.program.emit("data.copy", gate, gate_input, 1, gates * self.size, 0, 0)
        function.forward(gate_input, gate, gates)

    def activate_backward(self, function: GateFunction, step: int, number: int, gates: int = 1) -> None:
        """Emit the backward step of an activation, in place on the gradients of the step's gates."""
        function.backward(self.gate_input(step, number), self.gate(step, number), self.dgate(number), gates)

    def dgate(self, number: int) -> Location:
        """Return the location of the gradient of one of this step's gates."""
        assert self.dz is not None
        return self.dz.offset_by(number * self.size)

    def multiply(self, a: Location, b: Location, product: Location, add: bool = False) -> None:
        """Emit a product of two blocks, or add it to its target."""
        self.program.emit("series.multiply_add" if add else "series.multiply", a, b, product, self.size)

    def copy(self, source: Location, target: Location, blocks: int = 1) -> None:
        """Emit a copy of blocks."""
        self.program.emit("data.copy", source, target, 1, blocks * self.size, 0, 0)


class LSTMCell(_Gates, cells.LSTMCell):
    """c = f c_previous + i candidate, h = o g(c)."""

    def emit_gates(self, step: int) -> None:
        i, f, candidate, o = (self.gate(step, number) for number in range(4))
        self.activate(self.recurrent_function, step, 0, 2)
        self.activate(self.function, step, 2)
        self.activate(self.recurrent_function, step, 3)
        self.multiply(f, self.cell(step - 1), self.cell(step))
        self.multiply(i, candidate, self.cell(step), add=True)
        if not self.function.needs_input:
            self.copy(self.cell(step), self.activated_cell(step))
        self.function.forward(self.cell(step), self.activated_cell(step))
        self.multiply(o, self.activated_cell(step), self.state(step))

    def emit_gates_backward(self, step: int) -> None:
        i, f, candidate, o = (self.gate(step, number) for number in range(4))
        di, df, dcandidate, do = (self.dgate(number) for number in range(4))
        dh, dc = self.state_gradient(step), self.dc
        self.multiply(dh, o, di)
        self.function.backward(self.cell(step), self.activated_cell(step), di)
        self.program.emit("data.accumulate", di, dc, self.size)
        self.multiply(dc, candidate, di)
        self.multiply(dc, self.cell(step - 1), df)
        self.multiply(dc, i, dcandidate)
        self.multiply(dh, self.activated_cell(step), do)
        self.multiply(dc, f, dc)
        self.activate_backward(self.recurrent_function, step, 0, 2)
        self.activate_backward(self.function, step, 2)
        self.activate_backward(self.recurrent_function, step, 3)
        self.copy(di, i, 4)


class GRUResetAfterCell(_Gates, cells.GRUResetAfterCell):
    """The candidate is f(a + r v), with v the product of the state and the recurrent kernel."""

    def emit_gates(self, step: int) -> None:
        z, r, candidate = (self.gate(step, number) for number in range(3))
        self.program.emit("data.accumulate", self.u_gate(step), z, 2 * self.size)
        self.activate(self.recurrent_function, step, 0, 2)
        self.multiply(r, self.u_gate(step, 2), candidate, add=True)
        self.activate(self.function, step, 2)
        self.program.emit("recurrent.gru_interpolation_forward", z, self.state(step - 1), self.state(step), self.size)

    def emit_gates_backward(self, step: int) -> None:
        z, r, _ = (self.gate(step, number) for number in range(3))
        dz, dr, dcandidate = (self.dgate(number) for number in range(3))
        v = self.u_gate(step, 2)
        self.program.emit(
            "recurrent.gru_interpolation_backward", z, self.state(step - 1), self.state_gradient(step), dz, self.size
        )
        self.activate_backward(self.function, step, 2)
        self.multiply(dcandidate, v, dr)
        self.activate_backward(self.recurrent_function, step, 0, 2)
        self.multiply(dcandidate, r, v)
        self.copy(dz, z, 3)
        self.copy(dz, self.u_gate(step), 2)


class GRUResetBeforeCell(_Gates, cells.GRUResetBeforeCell):
    """The candidate is f(a + the product of r h_previous and the recurrent kernel)."""

    def emit_gates(self, step: int, recurrent_input: Location) -> None:
        self.activate(self.recurrent_function, step, 0, 2)
        self.multiply(self.gate(step, 1), recurrent_input, self.reset_state(step))

    def emit_state(self, step: int) -> None:
        self.activate(self.function, step, 2)
        locations = (self.gate(step), self.state(step - 1), self.state(step))
        self.program.emit("recurrent.gru_interpolation_forward", *locations, self.size)

    def emit_state_backward(self, step: int) -> None:
        locations = (self.gate(step), self.state(step - 1), self.state_gradient(step), self.dgate(0))
        self.program.emit("recurrent.gru_interpolation_backward", *locations, self.size)
        self.activate_backward(self.function, step, 2)
        self.copy(self.dgate(2), self.gate(step, 2))

    def emit_gates_backward(self, step: int, recurrent_input: Location, recurrent_input_gradient: Location) -> None:
        self.multiply(self.dv, self.gate(step, 1), recurrent_input_gradient, add=True)
        self.multiply(self.dv, recurrent_input, self.dgate(1))
        self.activate_backward(self.recurrent_function, step, 0, 2)
        self.copy(self.dgate(0), self.gate(step), 2)
