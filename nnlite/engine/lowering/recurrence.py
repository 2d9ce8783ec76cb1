"""Recurrent layers: the loop over time, written out as instructions.

At every step there are a product of the input and the kernel, one of the state before and the recurrent kernel, and
the gates; on the way back the same in reverse. The states of all steps lie one behind the other, and so do the gates,
which on the way back are overwritten by their derivatives: then the gradient of a kernel is one product over all
steps. Where the input is one and the same at every step, it is multiplied once.

With a mask, a step that does not count is computed like all others; then the state before takes the place of what came
of it. On the way back such a step is handed a derivative of zero, and the derivative itself passes by.
"""

from __future__ import annotations

from typing import Any

from nnlite.engine.gemm.gemm_sizes import ADD, BIAS, NN, NT, ZERO
from nnlite.engine.program import Place, Program, Tensor


class Loop:
    """The loop of one layer over time; its kind says what happens at a step.

    Parameters
    ----------
    program : Program
        Where to.
    layer : Recurrent
        The layer.
    x : Tensor
        The series.
    first : list of Tensor
        The states to begin with; none: zeros.
    mask : Tensor, optional
        The steps that count; by default all.
    kept : Place, optional
        What the state is multiplied with on its way into the recurrent kernel, for dropout.
    """

    def __init__(
        self,
        program: Program,
        layer: Any,
        x: Tensor,
        first: list[Tensor],
        mask: Tensor | None = None,
        kept: Place | None = None,
    ) -> None:
        self.program, self.layer, self.first, self.mask, self.kept = program, layer, first, mask, kept
        self.steps, self.features = x.shape
        same = x.repeated is not None and x.repeated.shape == x.shape[1:]
        self.x: Tensor = x.repeated if same and x.repeated is not None else x
        self.same = same
        self.units, self.gates = layer.units, layer.gates
        self.size = self.units * program.ld
        self.sequences = layer.return_sequences
        self.learns = any(w.trainable for w in layer.weights) or any(one.learns for one in (x, *first))
        # Place 0 holds the state to begin with: zeros, which nobody overwrites, unless it is given.
        self.h = program.reserve((self.steps + 1) * self.size)
        self.z = program.reserve(self.steps * self.gates * self.size)
        if kept is not None:
            self.dropped = program.reserve(self.steps * self.size)
        self.work = program.product_memory(max(self.features, self.units), self.gates * self.units)
        self.kernel, self.recurrent_kernel = program.weight(layer.kernel), program.weight(layer.recurrent_kernel)

    # -- there ---------------------------------------------------------------------------------

    def run(self) -> Tensor | list[Tensor]:
        """Emit everything; return the output, and the last states where they are asked for."""
        self.begin()
        self._project_and_step()
        last = self.h.after(self.steps * self.size)
        shape = (self.steps, self.units) if self.sequences else (self.units,)
        y = Tensor(self.h.after(self.size) if self.sequences else last, shape, self.learns)
        if self.shows_zeros:
            y = self.program.tensor(shape, self.learns)
            self._clear_masked(self.h.after(self.size), y.place)
        states = [Tensor(place, (self.units,), self.learns) for place in self.last_states()]
        self.program.on_the_way_back(lambda: self._back(y, states))
        return [y, *states] if self.layer.return_state else y

    @property
    def shows_zeros(self) -> bool:
        """Tell whether outputs at steps that don't count are zeros, and not the states."""
        return self.mask is not None and self.sequences and bool(self.layer.zero_masked)

    def begin(self) -> None:
        """Emit what comes before the first step."""
        if self.first:
            self.program.emit("data.copy", self.first[0].place, self.h, 1, self.size, 0, 0)

    def last_states(self) -> list[Place]:
        """Return where the last states are."""
        return self.states(self.steps - 1)

    def states(self, step: int) -> list[Place]:
        """Return the places of all that is handed from a step to the next; -1: to begin with."""
        return [self.state(step)]

    def state(self, step: int) -> Place:
        """Return the place of h after a step; -1: to begin with."""
        return self.h.after((step + 1) * self.size)

    def gate(self, step: int, number: int = 0) -> Place:
        """Return the place of one of a step's gates."""
        return self.z.after((step * self.gates + number) * self.size)

    def target(self, step: int) -> Place:
        """Return where the product of a step's input and the kernel goes."""
        return self.gate(step)

    def _project_and_step(self) -> None:
        turned = self.turned(self.kernel, self.features)
        width = self.gates * self.size
        if self.same:
            once = self.program.reserve(width)
            self._project(turned, self.x.place, once)
        for step in range(self.steps):
            if self.same:
                self.program.emit("data.copy", once, self.target(step), 1, width, 0, 0)
            else:
                self._project(turned, self.input(step), self.target(step))
            self.step(step)
            if self.mask is not None:
                for before, after in zip(self.states(step - 1), self.states(step), strict=True):
                    self.program.emit("masking.hold", before, after, self._counts(step), self.units, self.program.ld)

    def _project(self, turned: Place, x: Place, target: Place) -> None:
        bias = self.program.weight(self.layer.bias) if self.layer.use_bias else None
        start = ZERO if bias is None else BIAS
        self.product(turned, self.features, x, target, self.gates * self.units, start, bias)

    def input(self, step: int, of: Place | None = None) -> Place:
        """Return where a step's input is, or what belongs to it in another tensor of that shape."""
        return (of or self.x.place).after(0 if self.same else self._time(step) * self.features * self.program.ld)

    def _time(self, step: int) -> int:
        return self.steps - 1 - step if self.layer.go_backwards else step

    def _counts(self, step: int) -> Place:
        """Return where it says which records a step counts for."""
        assert self.mask is not None
        return self.mask.place.after(self._time(step) * self.program.ld)

    def _clear_masked(self, of: Place, to: Place) -> None:
        """Emit copies of all steps, with zeros where a step does not count."""
        for step in range(self.steps):
            start = step * self.size
            sizes = (self.units, 1, self.program.ld)
            self.program.emit("masking.keep", of.after(start), to.after(start), self._counts(step), *sizes)

    def seen(self, step: int) -> Place:
        """Return where what the recurrent kernel sees of the state before a step is; emit the dropout of it."""
        if self.kept is None:
            return self.state(step - 1)
        place = self.dropped.after(step * self.size)
        self.program.emit("series.multiply", self.state(step - 1), self.kept, place, self.size)
        return place

    def step(self, step: int) -> None:
        """Emit the new state, from the product of the input and the state before."""
        raise NotImplementedError

    # -- and back ------------------------------------------------------------------------------

    def _back(self, y: Tensor, states: list[Tensor]) -> None:
        if y.derivative is None and all(state.derivative is None for state in states):
            return
        program = self.program
        if y.derivative is None:
            y.derivative = program.reserve(y.size * program.ld)
            program.emit("data.clear", y.derivative, y.size * program.ld)
        self.dy = y.derivative
        if self.shows_zeros:
            self._clear_masked(self.dy, self.dy)
        if states[0].derivative is not None:
            program.emit("data.accumulate", states[0].derivative, self.dstate(self.steps - 1), self.size)
        self.before_first = program.reserve(self.size) if self.sequences else self.dy
        if self.kept is not None:
            self.dseen = program.reserve(self.size)
        self.begin_back(states)
        passed = [program.reserve(self.size) for _ in self.states(0)] if self.mask is not None else []
        for step in reversed(range(self.steps)):
            for own, past in zip(self.derivatives(step), passed, strict=False):
                program.emit("masking.part", own, past, self._counts(step), self.units, program.ld)
            self.step_back(step)
            if self.looks_before(step):
                for before, past in zip(self.derivatives(step - 1), passed, strict=False):
                    program.emit("data.accumulate", past, before, self.size)
        self._weight_gradients()
        for tensor, place in zip(self.first, self.derivatives(-1), strict=False):
            with program.contribution(tensor) as derivative:
                if derivative is not None:
                    program.emit("data.copy", place, derivative, 1, self.size, 0, 0)

    def begin_back(self, states: list[Tensor]) -> None:
        """Emit what comes before the first step back."""

    def derivatives(self, step: int) -> list[Place]:
        """Return where the derivatives by all that a step hands on are collected."""
        return [self.dstate(step)]

    def dstate(self, step: int) -> Place:
        """Return where the derivative by h after a step is collected: in the output's own place."""
        if step < 0:
            return self.before_first
        return self.dy.after(step * self.size) if self.sequences else self.dy

    def looks_before(self, step: int) -> bool:
        """Tell whether a derivative by the state before a step is asked for."""
        return step > 0 or bool(self.first)

    def start_before(self, step: int) -> int:
        """Return what the derivative by the state before a step begins from."""
        return ADD if self.sequences and step > 0 else ZERO

    def carry(self, step: int) -> None:
        """Hand on what of a derivative passed by the gates."""
        of, to = self.dstate(step), self.dstate(step - 1)
        if of != to and step > 0:
            self.program.emit("data.accumulate", of, to, self.size)
        elif of != to:
            self.program.emit("data.copy", of, to, 1, self.size, 0, 0)

    def back_to_before(self, step: int, gates: int, dz: Place, start: int, begun: int = ZERO) -> None:
        """Emit the product back through the recurrent kernel's first gates, to the derivative by the state before.

        With dropout it goes through `dseen`, where it begins from `begun`.
        """
        target = self.dstate(step - 1)
        if self.kept is None:
            self.product_back(0, gates, dz, target, start)
            return
        self.product_back(0, gates, dz, self.dseen, begun)
        self.program.emit("series.multiply", self.dseen, self.kept, self.dseen, self.size)
        if start == ADD:
            self.program.emit("data.accumulate", self.dseen, target, self.size)
        else:
            self.program.emit("data.copy", self.dseen, target, 1, self.size, 0, 0)

    def step_back(self, step: int) -> None:
        """Let the gates become their derivatives; add to the derivative by the state before."""
        raise NotImplementedError

    def _weight_gradients(self) -> None:
        program, layer, ld = self.program, self.layer, self.program.ld
        width, rows = self.gates * self.size, self.gates * self.units
        dz, positions, dz_step = self.z, self.steps, width
        x, x_step = self.input(0), self.features * ld
        if layer.go_backwards:
            x_step = -x_step
        if self.same:
            positions, dz = 1, program.reserve(width)
            program.emit("data.clear", dz, width)
            program.emit("series.add_blocks", self.z, dz, self.steps, width, width, 0, 1.0)
        with program.weight_contribution(layer.kernel) as dkernel:
            if dkernel is not None:
                program.emit(
                    *("dense.product", NT, x, ld, x_step, dz, ld, dz_step, dkernel, rows, 0),
                    *(self.features, rows, ld, ZERO, None, positions, self.work),
                )
        with program.weight_contribution(layer.recurrent_kernel) as dkernel:
            if dkernel is not None:
                self.recurrent_gradient(dkernel)
        with program.weight_contribution(layer.bias if layer.use_bias else None) as dbias:
            if dbias is not None:
                program.emit("dense.bias_gradient", dz, dbias, rows, positions, ld)
                self.recurrent_bias_gradient(dbias.after(rows))
        with program.contribution(self.x) as dx:
            if dx is not None:
                program.emit(
                    *("dense.product", NN, self.kernel, rows, 0, dz, ld, dz_step, self.input(0, dx), ld, x_step),
                    *(self.features, ld, rows, ZERO, None, positions, self.work),
                )

    def recurrent_gradient(self, dkernel: Place) -> None:
        """Emit the gradient of the recurrent kernel."""
        self.over_steps(self.all_seen, self.z, self.gates, dkernel)

    @property
    def all_seen(self) -> Place:
        """Return where what the recurrent kernel saw at all steps is."""
        return self.h if self.kept is None else self.dropped

    def recurrent_bias_gradient(self, dbias: Place) -> None:
        """Emit the gradient of the bias that is added to the product of the state."""

    # -- products ------------------------------------------------------------------------------

    def turned(self, kernel: Place, rows: int, first: int = 0, gates: int | None = None) -> Place:
        """Return a copy of some gates' columns of a kernel, transposed: at every step it is read along its rows."""
        all_columns = self.gates * self.units
        columns = (self.gates if gates is None else gates) * self.units
        target = self.program.reserve(rows * columns)
        source = kernel.after(first * self.units)
        self.program.emit("recurrent.transpose", source, target, rows, columns, all_columns)
        return target

    def product(
        self, turned: Place, depth: int, x: Place, target: Place, rows: int, start: int, bias: Place | None = None
    ) -> None:
        """Emit the product of a transposed kernel and the values of a step."""
        ld = self.program.ld
        places = (turned, depth, 0, x, ld, 0, target, ld, 0)
        self.program.emit("dense.product", NN, *places, rows, ld, depth, start, bias, 1, self.work)

    def product_back(self, gate: int, gates: int, dz: Place, target: Place, start: int) -> None:
        """Emit the product of some gates' columns of the recurrent kernel and their derivatives."""
        ld = self.program.ld
        places = (self.recurrent_kernel.after(gate * self.units), self.gates * self.units, 0, dz, ld, 0, target, ld, 0)
        self.program.emit("dense.product", NN, *places, self.units, ld, gates * self.units, start, None, 1, self.work)

    def over_steps(self, seen: Place, dz: Place, gates: int, dkernel: Place, skips: bool = True) -> None:
        """Emit a gradient of some gates' columns of the recurrent kernel, one product over all steps.

        With `skips` the first step is left out where its state is zero.
        """
        program, ld, all_rows = self.program, self.program.ld, self.gates * self.units
        left_out = 1 if skips and not self.first else 0
        width = self.gates * self.size
        if self.steps == left_out:
            program.emit("data.clear", dkernel, self.units * all_rows)
            return
        places = (seen.after(left_out * self.size), ld, self.size, dz.after(left_out * width), ld, width)
        sizes = (self.units, gates * self.units, ld, ZERO, None, self.steps - left_out, self.work)
        program.emit("dense.product", NT, *places, dkernel, all_rows, 0, *sizes)
