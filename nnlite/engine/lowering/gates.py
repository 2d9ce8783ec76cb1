"""Activation functions on the gates of one step of a recurrent layer."""

from __future__ import annotations

from nnlite import activations
from nnlite.engine.lowering.activation import kernel_of
from nnlite.engine.lowering.rules import Unsupported
from nnlite.engine.program import Location, Program


class GateFunction:
    """An activation function on whole gates: blocks with one row for each unit.

    Parameters
    ----------
    program : Program
        The program.
    function : ActivationFunction
        The function.
    units : int
        Rows of a block.

    Attributes
    ----------
    needs_input : bool
        Whether the backward pass reads x, so that it must be kept beside y; else y overwrites x.

    Raises
    ------
    Unsupported
        If the function has no compiled form.
    """

    def __init__(self, program: Program, function: activations.ActivationFunction, units: int) -> None:
        self._program, self._units = program, units
        self.needs_input = False
        self._kernel: str | None = None
        self._constants: tuple[float, ...] = ()
        self._work: Location | None = None
        if isinstance(function, activations.Softmax):
            if type(function) is not activations.Softmax or function.axis not in (-1, 1):
                raise Unsupported(f"the activation {function.name!r} has no compiled form in a recurrent layer")
            self._kernel, self._work = "softmax", program.reserve(2 * program.ld)
        elif type(function) is not activations.Linear:
            self._kernel, self._constants, by_output = kernel_of(function)
            self.needs_input = not by_output

    def forward(self, x: Location, y: Location, blocks: int = 1) -> None:
        """Emit y = f(x). Unless `needs_input`, x is at the location of y already."""
        if self._kernel is not None:
            operands = (x, y) if self.needs_input else (y,)
            self._program.emit(f"activation.{self._kernel}_forward", *operands, *self._sizes(blocks))

    def backward(self, x: Location, y: Location, dy: Location, blocks: int = 1) -> None:
        """Emit the instruction that overwrites dy by dx."""
        if self._kernel is not None:
            operands = (x, y, dy) if self.needs_input else (y, dy)
            self._program.emit(f"activation.{self._kernel}_backward", *operands, *self._sizes(blocks))

    def _sizes(self, blocks: int) -> tuple[int | float | Location, ...]:
        if self._work is not None:
            return self._units, blocks, self._program.ld, self._work
        return blocks * self._units, self._program.ld, *self._constants
