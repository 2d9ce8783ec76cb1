"""Programs: what a model is to the engine.

A program is a list of instructions, each naming a kernel and its fields: places in memory, sizes, constants. Running
it on a batch is training a step (or judging, or predicting) a batch. It is written once, by `nnlite.engine.lowering`,
in terms of *places* (so many items into the weights, so many into the work memory), and then linked: places become
addresses, names of kernels become addresses of machine code, and the whole is one array of integers that
`nnlite.engine.kernels.epoch` walks through.

Derivatives find their way as on the textbook path: each layer's lowering leaves a step behind, and `Program.go_back`
takes the steps in reverse. Where something is used several times, what comes back from all but the first is added on.
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
"""Length of an instruction: the kernel's address and its fields."""
_ON_ONE_RECORD: Final = ("activation.", "data.", "dense.vector", "normalization.")
"""Kernels that can do without pads, by the beginnings of their names."""
_ITEMS: Final = {"totals": np.dtype(np.float64), "numbers": np.dtype(np.float64), "meeting": np.dtype(np.int64)}
"""Spaces that hold items of one type whatever the program computes in."""
_CROWDED: Final = 1024
"""Bytes between rows from which on they get into each other's way."""
_DOUBLE, _BITS = struct.Struct("d"), struct.Struct("q")


class Unsupported(Exception):
    """The engine does not know how to do what the model asks for; the message says what."""


@dataclass(frozen=True)
class Place:
    """Somewhere in memory: so many items from the start of a space."""

    space: str
    offset: int = 0

    def after(self, items: int) -> Place:
        """Return the place so many items further on."""
        return Place(self.space, self.offset + items)


Field: TypeAlias = "Place | int | float | None"


@dataclass(eq=False)
class Tensor:
    """The activations of a batch.

    Attributes
    ----------
    place : Place
        Where they are, features x batch.
    shape : tuple of int
        Shape of one record; its values, in C order, are the features.
    learns : bool
        Whether a derivative by them leads on to any weight that trains.
    derivative : Place or None
        Where the derivative of the loss by them is collected; None until something contributes to it.
    repeated : Tensor or None
        Of what they are copies, one for each step: whoever looks at that instead computes once, not at every step.
    found : Tensor or None
        Which steps count, where these are the outputs of the layer that finds it out.
    """

    place: Place
    shape: tuple[int, ...]
    learns: bool
    derivative: Place | None = None
    repeated: Tensor | None = None
    found: Tensor | None = None

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
        Most records a batch may have. 0 stands for programs that work on one record without any pads: its features
        lie one behind the other, and layers that multiply whole batches cannot be used.
    vector : WeightVector
        The weights.
    training : bool
        Whether layers behave as in training, and whether there is a way back.
    """

    def __init__(self, dtype: np.dtype[Any], rows: int, vector: WeightVector, training: bool) -> None:
        self.dtype = dtype
        self.training = training
        self.ld = _row_length(rows, dtype.itemsize)
        self.work_size = self.products_size = 0
        self.instructions: list[tuple[str, tuple[Field, ...]]] = []
        self.totals: dict[tuple[Any, ...], Place] = {}
        self.seeds: list[Callable[[], int]] = []
        self.numbers: list[Callable[[], float]] = []
        self.needs_whole_batch = False
        self._vector = vector
        self._steps_back: list[Callable[[], None]] = []
        self._reached: set[int] = set()

    # -- memory --------------------------------------------------------------------------------

    def reserve(self, items: int) -> Place:
        """Return a place for so many items in the work memory."""
        place = Place("work", self.work_size)
        per_line = LINE // self.dtype.itemsize
        self.work_size += -(-items // per_line) * per_line
        return place

    def tensor(self, shape: tuple[int, ...], learns: bool) -> Tensor:
        """Return a new tensor for records of `shape`."""
        return Tensor(self.reserve(math.prod(shape) * self.ld), shape, learns)

    def product_memory(self, inputs: int, units: int) -> Place | None:
        """Return work memory for the matrix products of a layer, all of which share one piece."""
        need = max(
            workspace_items(self.ld, inputs),
            workspace_items(self.ld, units),
            workspace_items(units, self.ld),
        )
        self.products_size = max(self.products_size, need)
        return Place("products") if need else None

    def weight(self, weight: Weight) -> Place:
        """Return where a weight's values are."""
        return Place("weights", self._vector.place_of(weight).start)

    def total(self, *key: Any) -> Place:
        """Return where the sum of that name (a double) is collected over the batches."""
        return self.totals.setdefault(key, Place("totals", len(self.totals)))

    # -- instructions --------------------------------------------------------------------------

    def emit(self, kernel: str, *fields: Field) -> None:
        """Add an instruction."""
        if self.ld == 1 and not kernel.startswith(_ON_ONE_RECORD):
            raise Unsupported(f"{kernel} works on whole vectors, never on a single record")
        if len(fields) >= WORDS:
            raise ValueError(f"instruction {kernel!r} has {len(fields)} fields; there is room for {WORDS - 1}")
        self.instructions.append((kernel, fields))

    def seed(self, draw: Callable[[], int]) -> int:
        """Return the number of a new stream of noise; `draw` makes its seed anew for every run."""
        self.seeds.append(draw)
        return len(self.seeds) - 1

    def draw_seeds(self) -> Array:
        """Return the seed of each stream of noise, drawn anew."""
        return np.array([draw() for draw in self.seeds], np.int64)

    def live(self, read: Callable[[], float]) -> Place:
        """Return the place of a double that `read` tells, looked at anew whenever the program is run."""
        self.numbers.append(read)
        return Place("numbers", len(self.numbers) - 1)

    # -- the way back --------------------------------------------------------------------------

    def on_the_way_back(self, step: Callable[[], None]) -> None:
        """Leave a step behind, to be taken by `go_back`."""
        if self.training:
            self._steps_back.append(step)

    def go_back(self) -> None:
        """Emit the instructions of the backward pass."""
        for step in reversed(self._steps_back):
            step()
        for weight, place in self._vector.trained_places():
            if id(weight) not in self._reached:
                self.emit("data.clear", Place("gradients", place.start), place.stop - place.start)

    @contextmanager
    def contribution(self, tensor: Tensor) -> Iterator[Place | None]:
        """Give the place where the derivative by a tensor is to be written; None where nobody needs it.

        What is written within the block becomes the derivative, or is added to what others contributed before.
        """
        if not tensor.learns:
            yield None
        elif tensor.derivative is None:
            tensor.derivative = self.reserve(tensor.size * self.ld)
            yield tensor.derivative
        else:
            share = self.reserve(tensor.size * self.ld)
            yield share
            self.emit("data.accumulate", share, tensor.derivative, tensor.size * self.ld)

    def hand_on(self, derivative: Place, tensor: Tensor) -> None:
        """Let a derivative that nobody else will look at be the contribution to a tensor."""
        if tensor.learns and tensor.derivative is None:
            tensor.derivative = derivative
        elif tensor.learns and tensor.derivative != derivative:
            self.emit("data.accumulate", derivative, tensor.derivative, tensor.size * self.ld)

    @contextmanager
    def weight_contribution(self, weight: Weight | None) -> Iterator[Place | None]:
        """Give the place where the gradient of a weight is to be written; None where it does not train."""
        if weight is None or not weight.trainable:
            yield None
            return
        place = Place("gradients", self._vector.place_of(weight).start)
        if id(weight) not in self._reached:
            self._reached.add(id(weight))
            yield place
        else:
            share = self.reserve(weight.size)
            yield share
            self.emit("data.accumulate", share, place, weight.size)

    def copy(self) -> Program:
        """Return a program of the same instructions, to be gone on with on its own."""
        twin = copy(self)
        twin.instructions = list(self.instructions)
        return twin

    # -- linking -------------------------------------------------------------------------------

    def items_of(self, space: str) -> np.dtype[Any]:
        """Return what compiled code takes the items of a space for."""
        return _ITEMS.get(space, self.dtype)

    def link(self, addresses: Mapping[str, int]) -> Array:
        """Return the instructions as integers.

        Parameters
        ----------
        addresses : mapping of str to int
            Where each space begins.

        Returns
        -------
        ndarray of int64, shape (instructions, WORDS)
            The kernel's address and the fields of each.
        """
        sizes = {space: self.items_of(space).itemsize for space in addresses}
        words: list[int] = []
        for kernel, fields in self.instructions:
            words.append(kernel_address(kernel, self.dtype))
            for field in fields:
                if isinstance(field, Place):
                    words.append(addresses[field.space] + field.offset * sizes[field.space])
                else:
                    words.append(_word(field))
            words.extend([0] * (WORDS - 1 - len(fields)))
        return np.array(words, np.int64).reshape(-1, WORDS)


def _row_length(rows: int, item_size: int) -> int:
    """Return how far apart the rows of features x batch are, in items: the batch's records, in whole cache lines.

    Lines whose addresses differ by a multiple of some thousand bytes share a few places of the cache. Where rows had
    such a length, a column of them would not fit; a line more between them spreads it.
    """
    lines = -(-rows * item_size // LINE)
    if lines and lines * LINE % _CROWDED == 0:
        lines += 1
    return lines * LINE // item_size or 1


def _word(field: int | float | None) -> int:
    """Return the integer that stands for a number in a program: a float's bits, nothing as 0."""
    if isinstance(field, float):
        return int(_BITS.unpack(_DOUBLE.pack(field))[0])
    return 0 if field is None else int(field)
