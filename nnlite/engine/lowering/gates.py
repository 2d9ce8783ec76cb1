"""Activation functions within recurrent layers, on the gates of one step."""

from __future__ import annotations

from nnlite import activations
from nnlite.engine.lowering.activation import kernel_of
from nnlite.engine.lowering.rules import Unsupported
from nnlite.engine.program import Place, Program


class GateFunction:
    """A function of whole gates: blocks of as many rows as the layer has units.

    Parameters
    ----------
    program : Program
        Where to.
    function : ActivationFunction
        What to apply.
    units : int
        Rows of a block.

    Attributes
    ----------
    needs_input : bool
        Whether x must be kept beside y, as y alone does not tell the slope; else y may be where x was.

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
        self._work: Place | None = None
        if isinstance(function, activations.Softmax):
            if type(function) is not activations.Softmax or function.axis not in (-1, 1):
                raise Unsupported(f"the activation {function.name!r} has no compiled form in a recurrent layer")
            self._kernel, self._work = "softmax", program.reserve(2 * program.ld)
        elif type(function) is not activations.Linear:
            self._kernel, self._constants, by_output = kernel_of(function)
            self.needs_input = not by_output

    def forward(self, x: Place, y: Place, blocks: int = 1) -> None:
        """Emit y = f(x), where x is looked at only if that `needs_input`; else x is expected in the place of y."""
        if self._kernel is not None:
            places = (x, y) if self.needs_input else (y,)
            self._program.emit(f"activation.{self._kernel}_forward", *places, *self._sizes(blocks))

    def backward(self, x: Place, y: Place, dy: Place, blocks: int = 1) -> None:
        """Emit what lets dy become dx."""
        if self._kernel is not None:
            places = (x, y, dy) if self.needs_input else (y, dy)
            self._program.emit(f"activation.{self._kernel}_backward", *places, *self._sizes(blocks))

    def _sizes(self, blocks: int) -> tuple[int | float | Place, ...]:
        if self._work is not None:
            return self._units, blocks, self._program.ld, self._work
        return blocks * self._units, self._program.ld, *self._constants
