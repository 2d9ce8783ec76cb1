"""Programs in C as plain values, and the table of rules that turn layers into loops and calls.

Every tensor is a buffer, a run of float32 numbers of one record. Buffers share one array: two that are never needed at
the same time may lie in the same place.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nnlite.export.graph import NotExportable, Tensor, refusal
from nnlite.layers.base import Layer
from nnlite.network import Network
from nnlite.types import Array

BUFFER = re.compile(r"\bt\d+\b")
"""Names of buffers in the text of a step."""

CRule = Callable[["CProgram", Any, list[Tensor]], Any]
"""Function of the program, a layer and its inputs; it returns the name of the output, or a list of names."""

_RULES: dict[type[Layer], CRule] = {}


@dataclass(frozen=True)
class Step:
    """Some lines of C, the layer they belong to, and the number of their operations."""

    layer: str
    text: str
    operations: int


def c_rule(*kinds: type[Layer]) -> Callable[[CRule], CRule]:
    """Register a rule for layers of exactly these classes: a class derived from one may override anything."""

    def register(rule: CRule) -> CRule:
        for kind in kinds:
            _RULES[kind] = rule
        return rule

    return register


def has_c_rule(kind: type[Layer]) -> bool:
    """Return whether layers of exactly this class can be exported."""
    return kind in _RULES


def literal(value: float) -> str:
    """Return a float32 number as C writes it, with the nine digits that tell it from all others.

    Examples
    --------
    >>> literal(1), literal(0.1), literal(float("-inf"))
    ('1.0f', '0.1f', '-INFINITY')
    """
    number = np.float32(value)
    if np.isnan(number):
        return "NAN"
    if np.isinf(number):
        return "INFINITY" if number > 0 else "-INFINITY"
    text = f"{number:.9g}"
    short = str(number)
    text = short if len(short) <= len(text) else text
    return f"{text}f" if "." in text or "e" in text else f"{text}.0f"


def sizes_of(tensor: Tensor) -> list[int]:
    """Return the shape of one record."""
    return [int(size or 0) for size in tensor.shape[1:]]


def size_of(tensor: Tensor) -> int:
    """Return the number of values of one record."""
    return math.prod(sizes_of(tensor))


@dataclass
class CProgram:
    """Steps, buffers and constants, collected by the rules of layers.

    Attributes
    ----------
    steps : list of Step
        The computation in order.
    sizes : dict of str to int
        Buffers by name, with their numbers of values.
    constants : dict of str to ndarray
        Weights by name, float32 or int8.
    owners : dict of str to str
        The layer that a constant belongs to.
    functions : dict of str to str
        The functions in C that the steps call, by name.
    layers : dict of str to tuple
        The class of each layer and the shape of its output, in order.
    int8 : bool
        Whether weights of dense layers are whole numbers of 8 bits.
    """

    steps: list[Step] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)
    constants: dict[str, Array] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)
    layers: dict[str, tuple[str, tuple[Any, ...]]] = field(default_factory=dict)
    int8: bool = False
    _known: dict[tuple[Any, ...], str] = field(default_factory=dict)
    _scope: list[str] = field(default_factory=list)

    def buffer(self, size: int) -> str:
        """Return the name of a new buffer."""
        name = f"t{len(self.sizes)}"
        self.sizes[name] = int(size)
        return name

    def floats(self, values: Any) -> str:
        """Return the name of a constant; equal ones, such as shared weights, are kept once."""
        return self._constant(np.ascontiguousarray(values, np.float32))

    def whole_numbers(self, values: Any) -> str:
        """Return the name of a constant of int8."""
        return self._constant(np.ascontiguousarray(values, np.int8))

    def _constant(self, array: Array) -> str:
        key = (array.dtype, array.shape, array.tobytes())
        if key not in self._known:
            name = f"w{len(self.constants)}"
            self._known[key] = name
            self.constants[name] = array
            self.owners[name] = self._here()
        return self._known[key]

    def function(self, name: str, text: str) -> str:
        """Add a function in C, in whose text @ stands for its name; return the name, numbered if it is taken."""
        unique, count = name, 1
        while self.functions.get(unique, text.replace("@", unique)) != text.replace("@", unique):
            unique, count = f"{name}_{count}", count + 1
        self.functions[unique] = text.replace("@", unique)
        return unique

    def add(self, text: str, operations: int = 0) -> None:
        """Add a step: some lines of C."""
        self.steps.append(Step(self._here(), text, int(operations)))

    def call(self, name: str, text: str, *arguments: str | int, operations: int = 0) -> None:
        """Add a call of a function in C."""
        self.add(f"{self.function(name, text)}({', '.join(map(str, arguments))});", operations)

    def _here(self) -> str:
        return "/".join(self._scope)

    @contextmanager
    def within(self, name: str) -> Iterator[None]:
        """Put the name of a layer in front of the names in the block."""
        self._scope.append(name)
        try:
            yield
        finally:
            self._scope.pop()

    def apply(self, layer: Layer, inputs: Sequence[Tensor], takes_list: bool = False) -> list[Tensor]:
        """Add the steps of a layer, or of all layers of a model; return its outputs.

        Raises
        ------
        NotExportable
            If there is no rule for the class of the layer, or for its settings.
        """
        if isinstance(layer, Network):
            return self._apply_network(layer, inputs)
        rule = _RULES.get(type(layer))
        if rule is None:
            raise refusal(
                layer,
                "is not exported to C; leave it out and do its work before or after the exported model, or export the "
                "model as ONNX: model.export('m.onnx')",
            )
        if getattr(layer, "data_format", None) == "channels_first":
            raise refusal(layer, "has its channels first; C has channels last only: put Permute layers around it")
        shapes = layer.build([one.shape for one in inputs] if takes_list else inputs[0].shape)
        shapes = shapes if isinstance(shapes, list) else [shapes]
        for shape in [*(one.shape for one in inputs), *shapes]:
            if any(size is None for size in shape[1:]):
                raise refusal(
                    layer,
                    f"has the shape {tuple(shape)}; C needs fixed sizes: make the model with them in Input(shape=...)",
                )
        with self.within(layer.name):
            self.layers.setdefault(self._here(), (type(layer).__name__, tuple(shapes[0][1:])))
            names = rule(self, layer, list(inputs))
        names = names if isinstance(names, list) else [names]
        return [Tensor(name, tuple(shape)) for name, shape in zip(names, shapes, strict=True)]

    def _apply_network(self, network: Network, inputs: Sequence[Tensor]) -> list[Tensor]:
        tensors: list[Any] = [*inputs, *[None] * (network.n_tensors - len(inputs))]
        for step in network.steps:
            if not step.inputs:
                # The step of an input computes nothing.
                continue
            arguments = [tensors[i] for i in step.inputs]
            if isinstance(step.layer, Network):
                with self.within(step.layer.name):
                    results = self.apply(step.layer, arguments, step.takes_list)
            else:
                results = self.apply(step.layer, arguments, step.takes_list)
            step.store(tensors, results if step.gives_list else results[0])
        return [tensors[i] for i in network.output_indices]


__all__ = [
    "BUFFER",
    "CProgram",
    "NotExportable",
    "Step",
    "Tensor",
    "c_rule",
    "has_c_rule",
    "literal",
    "refusal",
    "size_of",
    "sizes_of",
]
