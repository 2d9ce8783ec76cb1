"""LSTM and GRU with activations other than tanh and the sigmoid.

What their own kernels do in one is here done by one instruction after another: each activation by its kernel, and
products of whole gates between them.
"""

from __future__ import annotations

from nnlite.engine.lowering import cells
from nnlite.engine.lowering.gates import GateFunction
from nnlite.engine.lowering.recurrence import Loop
from nnlite.engine.program import Place


class _Gates(Loop):
    """Gates that keep what they were before their activations, where the slopes look at that."""

    def begin(self) -> None:
        super().begin()
        program, layer = self.program, self.layer
        self.function = GateFunction(program, layer.activation, self.units)
        self.opening = GateFunction(program, layer.recurrent_activation, self.units)
        self.keeps = self.function.needs_input or self.opening.needs_input
        width = self.gates * self.size
        # Without a way back, what was kept of a step is of no use after it.
        self._kept_steps = self.steps if program.training else 1
        self._raw = program.reserve(self._kept_steps * width) if self.keeps else self.z
        # On the way back: the derivatives of one step's gates.
        self.dz = program.reserve(width) if program.training else None

    def raw(self, step: int, number: int) -> Place:
        """Return where a gate is as it was before its activation."""
        if not self.keeps:
            return self.gate(step, number)
        return self._raw.after(((step % self._kept_steps) * self.gates + number) * self.size)

    def apply(self, function: GateFunction, step: int, number: int, gates: int = 1) -> None:
        """Emit an activation of some of a step's gates."""
        raw, gate = self.raw(step, number), self.gate(step, number)
        if self.keeps:
            self.program.emit("data.copy", gate, raw, 1, gates * self.size, 0, 0)
        function.forward(raw, gate, gates)

    def apply_back(self, function: GateFunction, step: int, number: int, gates: int = 1) -> None:
        """Emit the way back through an activation: the gates' derivatives, in their work memory, change in place."""
        function.backward(self.raw(step, number), self.gate(step, number), self.dgate(number), gates)

    def dgate(self, number: int) -> Place:
        """Return where the derivative of one of this step's gates is computed."""
        assert self.dz is not None
        return self.dz.after(number * self.size)

    def multiply(self, a: Place, b: Place, product: Place, add: bool = False) -> None:
        """Emit a product of two blocks, or its addition to what is there."""
        self.program.emit("series.multiply_add" if add else "series.multiply", a, b, product, self.size)

    def move(self, of: Place, to: Place, blocks: int = 1) -> None:
        """Emit a copy of blocks."""
        self.program.emit("data.copy", of, to, 1, blocks * self.size, 0, 0)


class LongShortTerm(_Gates, cells.LongShortTerm):
    """c = f c_before + i new, h = o g(c)."""

    def open(self, step: int) -> None:
        i, f, new, o = (self.gate(step, number) for number in range(4))
        self.apply(self.opening, step, 0, 2)
        self.apply(self.function, step, 2)
        self.apply(self.opening, step, 3)
        self.multiply(f, self.cell(step - 1), self.cell(step))
        self.multiply(i, new, self.cell(step), add=True)
        if not self.function.needs_input:
            self.move(self.cell(step), self.shown(step))
        self.function.forward(self.cell(step), self.shown(step))
        self.multiply(o, self.shown(step), self.state(step))

    def open_back(self, step: int) -> None:
        i, f, new, o = (self.gate(step, number) for number in range(4))
        di, df, dnew, do = (self.dgate(number) for number in range(4))
        dh, dc = self.dstate(step), self.dc
        self.multiply(dh, o, di)
        self.function.backward(self.cell(step), self.shown(step), di)
        self.program.emit("data.accumulate", di, dc, self.size)
        self.multiply(dc, new, di)
        self.multiply(dc, self.cell(step - 1), df)
        self.multiply(dc, i, dnew)
        self.multiply(dh, self.shown(step), do)
        self.multiply(dc, f, dc)
        self.apply_back(self.opening, step, 0, 2)
        self.apply_back(self.function, step, 2)
        self.apply_back(self.opening, step, 3)
        self.move(di, i, 4)


class ResetAfter(_Gates, cells.ResetAfter):
    """New = f(a + r v), v the product of the state and the recurrent kernel."""

    def open(self, step: int) -> None:
        z, r, new = (self.gate(step, number) for number in range(3))
        self.program.emit("data.accumulate", self.u_gate(step), z, 2 * self.size)
        self.apply(self.opening, step, 0, 2)
        self.multiply(r, self.u_gate(step, 2), new, add=True)
        self.apply(self.function, step, 2)
        self.program.emit("recurrent.gru_mix", z, self.state(step - 1), self.state(step), self.size)

    def open_back(self, step: int) -> None:
        z, r, _ = (self.gate(step, number) for number in range(3))
        dz, dr, dnew = (self.dgate(number) for number in range(3))
        v = self.u_gate(step, 2)
        self.program.emit("recurrent.gru_mix_back", z, self.state(step - 1), self.dstate(step), dz, self.size)
        self.apply_back(self.function, step, 2)
        self.multiply(dnew, v, dr)
        self.apply_back(self.opening, step, 0, 2)
        self.multiply(dnew, r, v)
        self.move(dz, z, 3)
        self.move(dz, self.u_gate(step), 2)


class ResetBefore(_Gates, cells.ResetBefore):
    """New = f(a + the product of r h_before and the recurrent kernel)."""

    def open(self, step: int, seen: Place) -> None:
        self.apply(self.opening, step, 0, 2)
        self.multiply(self.gate(step, 1), seen, self.reset(step))

    def renew(self, step: int) -> None:
        self.apply(self.function, step, 2)
        places = (self.gate(step), self.state(step - 1), self.state(step))
        self.program.emit("recurrent.gru_mix", *places, self.size)

    def renew_back(self, step: int) -> None:
        places = (self.gate(step), self.state(step - 1), self.dstate(step), self.dgate(0))
        self.program.emit("recurrent.gru_mix_back", *places, self.size)
        self.apply_back(self.function, step, 2)
        self.move(self.dgate(2), self.gate(step, 2))

    def open_back(self, step: int, seen: Place, dseen: Place) -> None:
        self.multiply(self.dv, self.gate(step, 1), dseen, add=True)
        self.multiply(self.dv, seen, self.dgate(1))
        self.apply_back(self.opening, step, 0, 2)
        self.move(self.dgate(0), self.gate(step), 2)
