"""Recurrent layers: the loop over time, unrolled into instructions.

Every step consists of a product of the input and the kernel, a product of the previous state and the recurrent kernel,
and the gates; the backward pass is the same in reverse. The states of all steps are stored consecutively, and so are
the gates, which the backward pass overwrites by their gradients: then the gradient of a kernel is one product over all
steps. An input that is constant over time is multiplied once.

With a mask, a masked step is computed like all others; then the previous state replaces its result. In the backward
pass such a step receives a gradient of zero, and the gradient itself bypasses it.
"""

from __future__ import annotations

from typing import Any

from nnlite.engine.gemm.gemm_sizes import ADD, BIAS, NN, NT, ZERO
from nnlite.engine.lowering.products import Matrix, emit_product
from nnlite.engine.program import Location, Program, Tensor


class Loop:
    """The loop of one layer over time; subclasses emit the steps of their cell.

    Parameters
    ----------
    program : Program
        The program.
    layer : Recurrent
        The layer.
    x : Tensor
        The series.
    initial_states : list of Tensor
        The initial states; empty: zeros.
    mask : Tensor, optional
        The mask of valid steps; by default all are valid.
    dropout_mask : Location, optional
        The factors of the state in the product with the recurrent kernel, for dropout.
    """

    def __init__(
        self,
        program: Program,
        layer: Any,
        x: Tensor,
        initial_states: list[Tensor],
        mask: Tensor | None = None,
        dropout_mask: Location | None = None,
    ) -> None:
        self.program, self.layer, self.initial_states = program, layer, initial_states
        self.mask, self.dropout_mask = mask, dropout_mask
        self.steps, self.features = x.shape
        is_constant = x.repeat_of is not None and x.repeat_of.shape == x.shape[1:]
        self.x: Tensor = x.repeat_of if is_constant and x.repeat_of is not None else x
        self.constant_input = is_constant
        self.units, self.gates = layer.units, layer.gates
        self.size = self.units * program.ld
        self.return_sequences = layer.return_sequences
        self.requires_gradient = any(w.trainable for w in layer.weights) or any(
            tensor.requires_gradient for tensor in (x, *initial_states)
        )
        # Step -1 is the initial state: zeros, which no instruction overwrites, unless it is given.
        self.h = program.reserve((self.steps + 1) * self.size)
        self.z = program.reserve(self.steps * self.gates * self.size)
        if dropout_mask is not None:
            self.dropped_states = program.reserve(self.steps * self.size)
        self.workspace = program.product_workspace(max(self.features, self.units), self.gates * self.units)
        self.kernel, self.recurrent_kernel = program.weight(layer.kernel), program.weight(layer.recurrent_kernel)

    # -- forward -------------------------------------------------------------------------------

    def run(self) -> Tensor | list[Tensor]:
        """Emit all instructions; return the output, and the last states if the layer returns them."""
        self.emit_start()
        self._emit_forward()
        last = self.h.offset_by(self.steps * self.size)
        shape = (self.steps, self.units) if self.return_sequences else (self.units,)
        y = Tensor(self.h.offset_by(self.size) if self.return_sequences else last, shape, self.requires_gradient)
        if self.zeroes_masked_outputs:
            y = self.program.tensor(shape, self.requires_gradient)
            self._zero_masked(self.h.offset_by(self.size), y.location)
        states = [Tensor(location, (self.units,), self.requires_gradient) for location in self.last_states()]
        self.program.add_backward_step(lambda: self._emit_backward(y, states))
        return [y, *states] if self.layer.return_state else y

    @property
    def zeroes_masked_outputs(self) -> bool:
        """Whether outputs of masked steps are zeros, instead of the previous states."""
        return self.mask is not None and self.return_sequences and bool(self.layer.zero_masked)

    def emit_start(self) -> None:
        """Emit the instructions before the first step."""
        if self.initial_states:
            self.program.emit("data.copy", self.initial_states[0].location, self.h, 1, self.size, 0, 0)

    def last_states(self) -> list[Location]:
        """Return the locations of the last states."""
        return self.states(self.steps - 1)

    def states(self, step: int) -> list[Location]:
        """Return the locations of all states after a step; -1: the initial ones."""
        return [self.state(step)]

    def state(self, step: int) -> Location:
        """Return the location of h after a step; -1: the initial state."""
        return self.h.offset_by((step + 1) * self.size)

    def gate(self, step: int, number: int = 0) -> Location:
        """Return the location of one of a step's gates."""
        return self.z.offset_by((step * self.gates + number) * self.size)

    def projection(self, step: int) -> Location:
        """Return the location of the product of a step's input and the kernel."""
        return self.gate(step)

    def _emit_forward(self) -> None:
        transposed = self.transposed_kernel(self.kernel, self.features)
        width = self.gates * self.size
        if self.constant_input:
            once = self.program.reserve(width)
            self._project(transposed, self.x.location, once)
        for step in range(self.steps):
            if self.constant_input:
                self.program.emit("data.copy", once, self.projection(step), 1, width, 0, 0)
            else:
                self._project(transposed, self.input(step), self.projection(step))
            self.emit_step(step)
            if self.mask is not None:
                for previous, current in zip(self.states(step - 1), self.states(step), strict=True):
                    operands = (previous, current, self.mask_of_step(step), self.units, self.program.ld)
                    self.program.emit("masking.select_state", *operands)

    def _project(self, kernel: Location, x: Location, target: Location) -> None:
        bias = self.program.weight(self.layer.bias) if self.layer.use_bias else None
        start = ZERO if bias is None else BIAS
        self.product(kernel, self.features, x, target, self.gates * self.units, start, bias)

    def input(self, step: int, base: Location | None = None) -> Location:
        """Return the location of a step's input, or of the same step in another tensor of that shape."""
        time = 0 if self.constant_input else self._time(step)
        return (base or self.x.location).offset_by(time * self.features * self.program.ld)

    def _time(self, step: int) -> int:
        return self.steps - 1 - step if self.layer.go_backwards else step

    def mask_of_step(self, step: int) -> Location:
        """Return the location of a step's mask."""
        assert self.mask is not None
        return self.mask.location.offset_by(self._time(step) * self.program.ld)

    def _zero_masked(self, source: Location, target: Location) -> None:
        """Emit copies of all steps, with zeros at masked steps."""
        for step in range(self.steps):
            start, sizes = step * self.size, (self.units, 1, self.program.ld)
            locations = (source.offset_by(start), target.offset_by(start), self.mask_of_step(step))
            self.program.emit("masking.apply_mask", *locations, *sizes)

    def recurrent_input(self, step: int) -> Location:
        """Return the location of the previous state as the recurrent kernel multiplies it; emit its dropout."""
        if self.dropout_mask is None:
            return self.state(step - 1)
        location = self.dropped_states.offset_by(step * self.size)
        self.program.emit("series.multiply", self.state(step - 1), self.dropout_mask, location, self.size)
        return location

    def emit_step(self, step: int) -> None:
        """Emit the new state, from the product of the input and the previous state."""
        raise NotImplementedError

    # -- backward ------------------------------------------------------------------------------

    def _emit_backward(self, y: Tensor, states: list[Tensor]) -> None:
        if y.gradient is None and all(state.gradient is None for state in states):
            return
        program = self.program
        if y.gradient is None:
            y.gradient = program.reserve(y.size * program.ld)
            program.emit("data.clear", y.gradient, y.size * program.ld)
        self.dy = y.gradient
        if self.zeroes_masked_outputs:
            self._zero_masked(self.dy, self.dy)
        if states[0].gradient is not None:
            program.emit("data.accumulate", states[0].gradient, self.state_gradient(self.steps - 1), self.size)
        self.initial_gradient = program.reserve(self.size) if self.return_sequences else self.dy
        if self.dropout_mask is not None:
            self.recurrent_input_gradient = program.reserve(self.size)
        self.emit_backward_start(states)
        bypasses = [program.reserve(self.size) for _ in self.states(0)] if self.mask is not None else []
        for step in reversed(range(self.steps)):
            for gradient, bypass in zip(self.state_gradients(step), bypasses, strict=False):
                program.emit(
                    "masking.split_gradient", gradient, bypass, self.mask_of_step(step), self.units, program.ld
                )
            self.emit_step_backward(step)
            if self.needs_previous_gradient(step):
                for previous, bypass in zip(self.state_gradients(step - 1), bypasses, strict=False):
                    program.emit("data.accumulate", bypass, previous, self.size)
        self._weight_gradients()
        for tensor, location in zip(self.initial_states, self.state_gradients(-1), strict=False):
            with program.contribution(tensor) as contribution:
                if contribution is not None:
                    program.emit("data.copy", location, contribution, 1, self.size, 0, 0)

    def emit_backward_start(self, states: list[Tensor]) -> None:
        """Emit the instructions before the first backward step."""

    def state_gradients(self, step: int) -> list[Location]:
        """Return the locations of the gradients of all states after a step."""
        return [self.state_gradient(step)]

    def state_gradient(self, step: int) -> Location:
        """Return the location of the gradient of h after a step: that of the output, if it has all steps."""
        if step < 0:
            return self.initial_gradient
        return self.dy.offset_by(step * self.size) if self.return_sequences else self.dy

    def needs_previous_gradient(self, step: int) -> bool:
        """Tell whether the gradient of the state before a step is needed."""
        return step > 0 or bool(self.initial_states)

    def start_of_previous(self, step: int) -> int:
        """Return the initial value of the product for the previous state's gradient: ADD or ZERO."""
        return ADD if self.return_sequences and step > 0 else ZERO

    def carry_bypass(self, step: int) -> None:
        """Emit the contribution to the previous state's gradient that bypassed the candidate."""
        source, target = self.state_gradient(step), self.state_gradient(step - 1)
        if source != target and step > 0:
            self.program.emit("data.accumulate", source, target, self.size)
        elif source != target:
            self.program.emit("data.copy", source, target, 1, self.size, 0, 0)

    def product_to_previous(
        self, step: int, gates: int, dz: Location, start: int, start_under_dropout: int = ZERO
    ) -> None:
        """Emit the product of the recurrent kernel's first gates and their gradients: the previous state's gradient.

        With dropout it is accumulated in `recurrent_input_gradient`, starting from `start_under_dropout`.
        """
        target = self.state_gradient(step - 1)
        if self.dropout_mask is None:
            self.product_backward(0, gates, dz, target, start)
            return
        self.product_backward(0, gates, dz, self.recurrent_input_gradient, start_under_dropout)
        product = (self.recurrent_input_gradient, self.dropout_mask, self.recurrent_input_gradient)
        self.program.emit("series.multiply", *product, self.size)
        if start == ADD:
            self.program.emit("data.accumulate", self.recurrent_input_gradient, target, self.size)
        else:
            self.program.emit("data.copy", self.recurrent_input_gradient, target, 1, self.size, 0, 0)

    def emit_step_backward(self, step: int) -> None:
        """Overwrite the gates by their gradients; add to the gradient of the previous state."""
        raise NotImplementedError

    def _weight_gradients(self) -> None:
        program, layer, ld = self.program, self.layer, self.program.ld
        width, rows = self.gates * self.size, self.gates * self.units
        positions, dz = self.steps, Matrix(self.z, ld, width)
        x = Matrix(self.input(0), ld, -self.features * ld if layer.go_backwards else self.features * ld)
        if self.constant_input:
            positions, dz = 1, Matrix(program.reserve(width), ld, width)
            program.emit("data.clear", dz.location, width)
            program.emit("series.add_blocks", self.z, dz.location, self.steps, width, width, 0, 1.0)
        with program.weight_contribution(layer.kernel) as dkernel:
            if dkernel is not None:
                self._emit_product(NT, x, dz, Matrix(dkernel, rows), (self.features, rows, ld), positions=positions)
        with program.weight_contribution(layer.recurrent_kernel) as dkernel:
            if dkernel is not None:
                self.recurrent_gradient(dkernel)
        with program.weight_contribution(layer.bias if layer.use_bias else None) as dbias:
            if dbias is not None:
                program.emit("dense.bias_gradient", dz.location, dbias, rows, positions, ld)
                self.recurrent_bias_gradient(dbias.offset_by(rows))
        with program.contribution(self.x) as dx:
            if dx is not None:
                kernel, target = Matrix(self.kernel, rows), Matrix(self.input(0, dx), ld, x.stride)
                self._emit_product(NN, kernel, dz, target, (self.features, ld, rows), positions=positions)

    def recurrent_gradient(self, dkernel: Location) -> None:
        """Emit the gradient of the recurrent kernel."""
        self.product_over_steps(self.recurrent_inputs, self.z, self.gates, dkernel)

    @property
    def recurrent_inputs(self) -> Location:
        """The location of the factors of the recurrent kernel at all steps."""
        return self.h if self.dropout_mask is None else self.dropped_states

    def recurrent_bias_gradient(self, dbias: Location) -> None:
        """Emit the gradient of the bias of the recurrent product."""

    # -- products ------------------------------------------------------------------------------

    def transposed_kernel(self, kernel: Location, rows: int, first_gate: int = 0, gates: int | None = None) -> Location:
        """Return a transposed copy of some gates' columns of a kernel, which every step reads along its rows."""
        all_columns = self.gates * self.units
        columns = (self.gates if gates is None else gates) * self.units
        target = self.program.reserve(rows * columns)
        source = kernel.offset_by(first_gate * self.units)
        self.program.emit("recurrent.transpose", source, target, rows, columns, all_columns)
        return target

    def product(
        self,
        kernel: Location,
        depth: int,
        x: Location,
        target: Location,
        rows: int,
        start: int,
        bias: Location | None = None,
    ) -> None:
        """Emit the product of a transposed kernel and the values of a step."""
        matrices = (Matrix(kernel, depth), Matrix(x, self.program.ld), Matrix(target, self.program.ld))
        self._emit_product(NN, *matrices, (rows, self.program.ld, depth), start, bias)

    def product_backward(self, gate: int, gates: int, dz: Location, target: Location, start: int) -> None:
        """Emit the product of some gates' columns of the recurrent kernel and their gradients."""
        ld = self.program.ld
        kernel = Matrix(self.recurrent_kernel.offset_by(gate * self.units), self.gates * self.units)
        sizes = (self.units, ld, gates * self.units)
        self._emit_product(NN, kernel, Matrix(dz, ld), Matrix(target, ld), sizes, start)

    def product_over_steps(
        self, inputs: Location, dz: Location, gates: int, dkernel: Location, skip_zero_state: bool = True
    ) -> None:
        """Emit the gradient of some gates' columns of the recurrent kernel, one product over all steps.

        With `skip_zero_state` the first step is skipped if the initial state is zero.
        """
        ld, all_rows, width = self.program.ld, self.gates * self.units, self.gates * self.size
        skipped = 1 if skip_zero_state and not self.initial_states else 0
        if self.steps == skipped:
            self.program.emit("data.clear", dkernel, self.units * all_rows)
            return
        a, b = inputs.offset_by(skipped * self.size), dz.offset_by(skipped * width)
        matrices = (Matrix(a, ld, self.size), Matrix(b, ld, width), Matrix(dkernel, all_rows))
        self._emit_product(NT, *matrices, (self.units, gates * self.units, ld), positions=self.steps - skipped)

    def _emit_product(
        self,
        form: int,
        a: Matrix,
        b: Matrix,
        c: Matrix,
        sizes: tuple[int, int, int],
        start: int = ZERO,
        bias: Location | None = None,
        positions: int = 1,
    ) -> None:
        emit_product(self.program, form, a, b, c, sizes, self.workspace, start, bias, positions)
