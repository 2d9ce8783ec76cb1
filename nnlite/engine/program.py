"""Programs: the compiled form of a model.

A program is a list of instructions, each with the name of a kernel and its operands: memory locations, sizes,
constants. Running it on a batch is one step of training, evaluation or prediction. `nnlite.engine.lowering` writes it
once with symbolic locations (an offset into a named buffer such as the weights or the workspace). Linking then replaces
locations by addresses and names of kernels by addresses of machine code; the result is one array of integers, which
`nnlite.engine.kernels.epoch` interprets.

Backpropagation works as on the layers' path: the lowering of each layer records a backward step, and
`Program.emit_backward` runs these steps in reverse order. Where a tensor is used several times, the gradients of all
uses are summed.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np

from nnlite.engine.codegen.native import kernel_address
from nnlite.engine.gemm.gemm_sizes import workspace_items
from nnlite.memory import LINE
from nnlite.types import Array
from nnlite.weights import Weight, WeightVector

WORDS: Final = 24
"""Words of an instruction: the kernel's address and its operands."""
_SINGLE_RECORD_KERNELS: Final = ("activation.", "data.", "dense.vector", "normalization.")
"""Prefixes of the kernels that work without padding."""
_BUFFER_DTYPES: Final = {
    "totals": np.dtype(np.float64),
    "runtime parameters": np.dtype(np.float64),
    "barrier": np.dtype(np.int64),
}
"""Buffers whose dtype is not that of the program."""
_CONFLICT_BYTES: Final = 1024
"""Row lengths that are multiples of this many bytes cause cache conflicts."""
_DOUBLE, _BITS = struct.Struct("d"), struct.Struct("q")


class Unsupported(Exception):
    """A part of the model has no compiled form; the message names it."""


@dataclass(frozen=True)
class Location:
    """A memory location: an offset, in items, into a named buffer."""

    buffer: str
    offset: int = 0

    def offset_by(self, items: int) -> Location:
        """Return the location `items` further on."""
        return Location(self.buffer, self.offset + items)


Operand: TypeAlias = "Location | int | float | None"


@dataclass(eq=False)
class Tensor:
    """The activations of a batch.

    Attributes
    ----------
    location : Location
        Where the activations are stored, features x batch.
    shape : tuple of int
        Shape of one record; its values, in C order, are the features.
    requires_gradient : bool
        Whether any trainable weight contributes to the tensor.
    gradient : Location or None
        Where the gradient of the loss with respect to the tensor is accumulated; None before the first contribution.
    repeat_of : Tensor or None
        The tensor that every step repeats, so that a layer may compute once instead of at every step.
    computed_mask : Tensor or None
        The mask of the steps, if a masking layer computed this tensor.
    """

    location: Location
    shape: tuple[int, ...]
    requires_gradient: bool
    gradient: Location | None = None
    repeat_of: Tensor | None = None
    computed_mask: Tensor | None = None

    @property
    def size(self) -> int:
        """Number of features."""
        return math.prod(self.shape)


class Program:
    """Instructions for one batch, and the memory they need.

    Parameters
    ----------
    dtype : numpy.dtype
        float32 or float64.
    rows : int
        Largest batch size. 0 makes a program for one record without padding: its features are contiguous, and layers
        that multiply whole batches are not supported.
    vector : WeightVector
        The weights.
    training : bool
        Whether layers behave as in training, and whether there is a backward pass.
    """

    def __init__(self, dtype: np.dtype[Any], rows: int, vector: WeightVector, training: bool) -> None:
        self.dtype = dtype
        self.training = training
        self.ld = _row_length(rows, dtype.itemsize)
        self.workspace_size = self.product_workspace_size = 0
        self.instructions: list[tuple[str, tuple[Operand, ...]]] = []
        self.totals: dict[tuple[Any, ...], Location] = {}
        self.seed_sources: list[Callable[[], int]] = []
        self.runtime_parameters: list[Callable[[], float]] = []
        self.needs_whole_batch = False
        self._vector = vector
        self._backward_steps: list[Callable[[], None]] = []
        self._weights_with_gradient: set[int] = set()

    # -- memory --------------------------------------------------------------------------------

    def reserve(self, items: int) -> Location:
        """Return the location of `items` new items in the workspace."""
        location = Location("workspace", self.workspace_size)
        per_line = LINE // self.dtype.itemsize
        self.workspace_size += -(-items // per_line) * per_line
        return location

    def tensor(self, shape: tuple[int, ...], requires_gradient: bool) -> Tensor:
        """Return a new tensor for records of `shape`."""
        return Tensor(self.reserve(math.prod(shape) * self.ld), shape, requires_gradient)

    def product_workspace(self, inputs: int, units: int) -> Location | None:
        """Return the workspace of a layer's matrix products; all layers share it."""
        need = max(
            workspace_items(self.ld, inputs),
            workspace_items(self.ld, units),
            workspace_items(units, self.ld),
        )
        self.product_workspace_size = max(self.product_workspace_size, need)
        return Location("product workspace") if need else None

    def weight(self, weight: Weight) -> Location:
        """Return the location of a weight's values."""
        return Location("weights", self._vector.place_of(weight).start)

    def total(self, *key: Any) -> Location:
        """Return the location of the sum over the batches (a double) with this key."""
        return self.totals.setdefault(key, Location("totals", len(self.totals)))

    # -- instructions --------------------------------------------------------------------------

    def emit(self, kernel: str, *operands: Operand) -> None:
        """Add an instruction."""
        if self.ld == 1 and not kernel.startswith(_SINGLE_RECORD_KERNELS):
            raise Unsupported(f"{kernel} works on whole vectors, and has no form for a single record")
        if len(operands) >= WORDS:
            raise ValueError(f"instruction {kernel!r} has {len(operands)} operands; the limit is {WORDS - 1}")
        self.instructions.append((kernel, operands))

    def random_stream(self, draw: Callable[[], int]) -> int:
        """Return the number of a new stream of random numbers; `draw` returns its seed for each run."""
        self.seed_sources.append(draw)
        return len(self.seed_sources) - 1

    def draw_seeds(self) -> Array:
        """Return newly drawn seeds, one for each stream of random numbers."""
        return np.array([draw() for draw in self.seed_sources], np.int64)

    def runtime_parameter(self, read: Callable[[], float]) -> Location:
        """Return the location of a double that `read` returns; it is read again before each run."""
        self.runtime_parameters.append(read)
        return Location("runtime parameters", len(self.runtime_parameters) - 1)

    # -- backward pass -------------------------------------------------------------------------

    def add_backward_step(self, emit_step: Callable[[], None]) -> None:
        """Record a function that emits a part of the backward pass, for `emit_backward`."""
        if self.training:
            self._backward_steps.append(emit_step)

    def emit_backward(self) -> None:
        """Emit the instructions of the backward pass."""
        for emit_step in reversed(self._backward_steps):
            emit_step()
        for weight, part in self._vector.trained_places():
            if id(weight) not in self._weights_with_gradient:
                self.emit("data.clear", Location("gradients", part.start), part.stop - part.start)

    def add_backward(self, y: Tensor, x: Tensor, emit: Callable[[Location, Location], None]) -> None:
        """Record a backward step from y to x: ``emit(dy, dx)``, if y has a gradient and x requires one."""

        def emit_step() -> None:
            if y.gradient is not None:
                with self.contribution(x) as dx:
                    if dx is not None:
                        emit(y.gradient, dx)

        self.add_backward_step(emit_step)

    def add_backward_in_place(self, y: Tensor, x: Tensor, emit: Callable[[Location], None] | None = None) -> None:
        """Record a backward step from y to x: ``emit(dy)`` overwrites dy by dx; without it, dx is dy."""

        def emit_step() -> None:
            if y.gradient is not None:
                if emit is not None:
                    emit(y.gradient)
                self.propagate(y.gradient, x)

        self.add_backward_step(emit_step)

    @contextmanager
    def contribution(self, tensor: Tensor) -> Iterator[Location | None]:
        """Yield the location for a gradient with respect to `tensor`; None if the tensor requires none.

        The values written in the block become the gradient, or are added to earlier contributions.
        """
        if not tensor.requires_gradient:
            yield None
        elif tensor.gradient is None:
            tensor.gradient = self.reserve(tensor.size * self.ld)
            yield tensor.gradient
        else:
            term = self.reserve(tensor.size * self.ld)
            yield term
            self.emit("data.accumulate", term, tensor.gradient, tensor.size * self.ld)

    def propagate(self, gradient: Location, tensor: Tensor) -> None:
        """Contribute a gradient to `tensor` without a copy, where no later instruction reads it."""
        if tensor.requires_gradient and tensor.gradient is None:
            tensor.gradient = gradient
        elif tensor.requires_gradient and tensor.gradient != gradient:
            self.emit("data.accumulate", gradient, tensor.gradient, tensor.size * self.ld)

    @contextmanager
    def weight_contribution(self, weight: Weight | None) -> Iterator[Location | None]:
        """Yield the location for the gradient of a weight; None if the weight is not trainable."""
        if weight is None or not weight.trainable:
            yield None
            return
        location = Location("gradients", self._vector.place_of(weight).start)
        if id(weight) not in self._weights_with_gradient:
            self._weights_with_gradient.add(id(weight))
            yield location
        else:
            term = self.reserve(weight.size)
            yield term
            self.emit("data.accumulate", term, location, weight.size)

    def copy(self) -> Program:
        """Return a program with the same instructions, which can be extended independently."""
        duplicate = copy(self)
        duplicate.instructions = list(self.instructions)
        return duplicate

    # -- linking -------------------------------------------------------------------------------

    def buffer_dtype(self, buffer: str) -> np.dtype[Any]:
        """Return the dtype in which compiled code reads a buffer."""
        return _BUFFER_DTYPES.get(buffer, self.dtype)

    def link(self, addresses: Mapping[str, int]) -> Array:
        """Return the instructions as integers.

        Parameters
        ----------
        addresses : mapping of str to int
            The address of each buffer.

        Returns
        -------
        ndarray of int64, shape (instructions, WORDS)
            The kernel's address and the operands of each.
        """
        sizes = {buffer: self.buffer_dtype(buffer).itemsize for buffer in addresses}
        words: list[int] = []
        for kernel, operands in self.instructions:
            words.append(kernel_address(kernel, self.dtype))
            for operand in operands:
                if isinstance(operand, Location):
                    words.append(addresses[operand.buffer] + operand.offset * sizes[operand.buffer])
                else:
                    words.append(_operand_word(operand))
            words.extend([0] * (WORDS - 1 - len(operands)))
        return np.array(words, np.int64).reshape(-1, WORDS)


def _row_length(rows: int, item_size: int) -> int:
    """Return the length of a row of features x batch, in items: the batch in whole cache lines.

    Cache lines whose addresses differ by a multiple of about a thousand bytes map to the same few cache sets, so a
    column would not fit if rows had such a length. One more line per row avoids these conflicts.
    """
    lines = -(-rows * item_size // LINE)
    if lines and lines * LINE % _CONFLICT_BYTES == 0:
        lines += 1
    return lines * LINE // item_size or 1


def _operand_word(operand: int | float | None) -> int:
    """Return the integer that encodes a number in a program: the bits of a float, 0 for None."""
    if isinstance(operand, float):
        return int(_BITS.unpack(_DOUBLE.pack(operand))[0])
    return 0 if operand is None else int(operand)
