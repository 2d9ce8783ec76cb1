"""The cells of recurrent layers: what happens at a step, there and back. `recurrence` has the loop.

Here are those with the usual activations, which are compiled together with the gates; `other_cells` has all others.
"""

from __future__ import annotations

from nnlite.engine.gemm.gemm_sizes import ADD, BIAS, ZERO
from nnlite.engine.lowering.gates import GateFunction
from nnlite.engine.lowering.recurrence import Loop
from nnlite.engine.program import Place, Tensor


class Simple(Loop):
    """h = f(z)."""

    def begin(self) -> None:
        super().begin()
        self.function = GateFunction(self.program, self.layer.activation, self.units)
        self.turned_recurrent = self.turned(self.recurrent_kernel, self.units)

    def target(self, step: int) -> Place:
        return self.gate(step) if self.function.needs_input else self.state(step)

    def step(self, step: int) -> None:
        if self.looks_before(step):
            self.product(self.turned_recurrent, self.units, self.seen(step), self.target(step), self.units, ADD)
        self.function.forward(self.gate(step), self.state(step))

    def step_back(self, step: int) -> None:
        dh = self.dstate(step)
        self.function.backward(self.gate(step), self.state(step), dh)
        self.program.emit("data.copy", dh, self.gate(step), 1, self.size, 0, 0)
        if self.looks_before(step):
            self.back_to_before(step, 1, self.gate(step), self.start_before(step))


class LongShortTerm(Loop):
    """An LSTM: a state h and a cell c."""

    def begin(self) -> None:
        super().begin()
        self.c = self.program.reserve((self.steps + 1) * self.size)
        self.all_shown = self.program.reserve(self.steps * self.size)
        self.turned_recurrent = self.turned(self.recurrent_kernel, self.units)
        if self.first:
            self.program.emit("data.copy", self.first[1].place, self.c, 1, self.size, 0, 0)

    def states(self, step: int) -> list[Place]:
        return [self.state(step), self.cell(step)]

    def cell(self, step: int) -> Place:
        """Return the place of c after a step; -1: to begin with."""
        return self.c.after((step + 1) * self.size)

    def shown(self, step: int) -> Place:
        """Return the place of what a step's cell shows, g(c)."""
        return self.all_shown.after(step * self.size)

    def step(self, step: int) -> None:
        if self.looks_before(step):
            self.product(self.turned_recurrent, self.units, self.seen(step), self.gate(step), 4 * self.units, ADD)
        self.open(step)

    def open(self, step: int) -> None:
        """Emit the gates, the cell and the state."""
        places = (self.cell(step - 1), self.cell(step), self.shown(step), self.state(step))
        self.program.emit("recurrent.lstm_forward", self.gate(step), *places, self.size)

    def begin_back(self, states: list[Tensor]) -> None:
        self.dc = self.program.reserve(self.size)
        self.program.emit("data.clear", self.dc, self.size)
        if states[1].derivative is not None:
            self.program.emit("data.accumulate", states[1].derivative, self.dc, self.size)

    def derivatives(self, step: int) -> list[Place]:
        return [self.dstate(step), self.dc]

    def step_back(self, step: int) -> None:
        self.open_back(step)
        if self.looks_before(step):
            self.back_to_before(step, 4, self.gate(step), self.start_before(step))

    def open_back(self, step: int) -> None:
        """Emit the way back through the gates, and to the cell before."""
        places = (self.cell(step - 1), self.shown(step), self.dstate(step), self.dc)
        self.program.emit("recurrent.lstm_backward", self.gate(step), *places, self.size)


class ResetAfter(Loop):
    """A GRU whose r comes in after the product with the recurrent kernel, which has a bias of its own."""

    def begin(self) -> None:
        super().begin()
        self.u = self.program.reserve(self.steps * 3 * self.size)
        self.turned_recurrent = self.turned(self.recurrent_kernel, self.units)

    def u_gate(self, step: int, number: int = 0) -> Place:
        """Return the place of one of the blocks of the product with the recurrent kernel."""
        return self.u.after((step * 3 + number) * self.size)

    def step(self, step: int) -> None:
        rows = 3 * self.units
        bias = self.program.weight(self.layer.bias).after(rows) if self.layer.use_bias else None
        start = ZERO if bias is None else BIAS
        self.product(self.turned_recurrent, self.units, self.seen(step), self.u_gate(step), rows, start, bias)
        self.open(step)

    def open(self, step: int) -> None:
        """Emit the gates and the state."""
        places = (self.gate(step), self.u_gate(step), self.state(step - 1), self.state(step))
        self.program.emit("recurrent.gru_forward", *places, self.size)

    def step_back(self, step: int) -> None:
        self.open_back(step)
        if self.looks_before(step):
            self.carry(step)
            self.back_to_before(step, 3, self.u_gate(step), ADD)

    def open_back(self, step: int) -> None:
        """Emit the way back through the gates."""
        places = (self.gate(step), self.u_gate(step), self.state(step - 1), self.dstate(step))
        self.program.emit("recurrent.gru_backward", *places, self.size)

    def recurrent_gradient(self, dkernel: Place) -> None:
        self.over_steps(self.all_seen, self.u, 3, dkernel)

    def recurrent_bias_gradient(self, dbias: Place) -> None:
        self.program.emit("dense.bias_gradient", self.u, dbias, 3 * self.units, self.steps, self.program.ld)


class ResetBefore(Loop):
    """A GRU whose r comes in before the product with the recurrent kernel."""

    def begin(self) -> None:
        super().begin()
        program = self.program
        self.v, self.dv = program.reserve(self.steps * self.size), program.reserve(self.size)
        self.turned_gates = self.turned(self.recurrent_kernel, self.units, gates=2)
        self.turned_new = self.turned(self.recurrent_kernel, self.units, first=2, gates=1)

    def reset(self, step: int) -> Place:
        """Return the place of r times what is seen of the state before a step."""
        return self.v.after(step * self.size)

    def step(self, step: int) -> None:
        seen = self.seen(step)
        self.product(self.turned_gates, self.units, seen, self.gate(step), 2 * self.units, ADD)
        self.open(step, seen)
        self.product(self.turned_new, self.units, self.reset(step), self.gate(step, 2), self.units, ADD)
        self.renew(step)

    def open(self, step: int, seen: Place) -> None:
        """Emit the gates z and r, and r times what is seen."""
        self.program.emit("recurrent.gru_gates", self.gate(step), seen, self.reset(step), self.size)

    def renew(self, step: int) -> None:
        """Emit the state."""
        places = (self.gate(step), self.state(step - 1), self.state(step))
        self.program.emit("recurrent.gru_state", *places, self.size)

    def step_back(self, step: int) -> None:
        self.renew_back(step)
        self.product_back(2, 1, self.gate(step, 2), self.dv, ZERO)
        # What r let pass goes to the state as it is seen.
        dseen, seen = self.dstate(step), self.state(step - 1)
        if self.kept is not None:
            dseen, seen = self.dseen, self.dropped.after(step * self.size)
            self.program.emit("data.clear", dseen, self.size)
        self.open_back(step, seen, dseen)
        if self.looks_before(step):
            self.carry(step)
            self.back_to_before(step, 2, self.gate(step), ADD, begun=ADD)

    def renew_back(self, step: int) -> None:
        """Emit the way back to z and to the new state before its activation; leave what passed by z."""
        places = (self.gate(step), self.state(step - 1), self.dstate(step), self.dv)
        self.program.emit("recurrent.gru_state_back", *places, self.size)

    def open_back(self, step: int, seen: Place, dseen: Place) -> None:
        """Emit the way back through r, of which a part goes to what was seen."""
        self.program.emit("recurrent.gru_gates_back", self.gate(step), seen, self.dv, dseen, self.size)

    def recurrent_gradient(self, dkernel: Place) -> None:
        self.over_steps(self.all_seen, self.z, 2, dkernel, skips=False)
        self.over_steps(self.v, self.gate(0, 2), 1, dkernel.after(2 * self.units), skips=False)
