"""Graphs of ONNX operations as plain values, and the table of rules that turn layers into operations.

Nothing here needs the package ``onnx``: `nnlite.export.onnx_file` writes what the rules have collected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nnlite.layers.base import Layer
from nnlite.network import Network
from nnlite.types import Array, Shape


class NotExportable(ValueError):
    """A layer has no counterpart in the other format; the message says which, and what to do."""


@dataclass(frozen=True)
class Tensor:
    """A value in the graph: its name, its shape, rows first, with None for unknown sizes, and its type in ONNX."""

    name: str
    shape: Shape
    kind: str = "FLOAT"


@dataclass(frozen=True)
class Operation:
    """One node of the graph: an operation of ONNX with the names of its inputs and outputs."""

    kind: str
    inputs: list[str]
    outputs: list[str]
    attributes: dict[str, Any]


@dataclass(frozen=True)
class Branch:
    """One side of a choice: operations that may use all values made before, and the types of what comes out."""

    operations: list[Operation]
    outputs: dict[str, str]


Rule = Callable[["OnnxGraph", Any, list[Tensor]], Any]
"""Function of the graph, a layer and its inputs; it returns the name of the output, or a list of names."""

_RULES: dict[type[Layer], Rule] = {}


def exports(*kinds: type[Layer]) -> Callable[[Rule], Rule]:
    """Register a rule for layers of exactly these classes: a class derived from one may override anything.

    Examples
    --------
    >>> from nnlite.layers import Layer
    >>> class Double(Layer):
    ...     def forward(self, x, training=False):
    ...         return 2 * x, None
    >>> @exports(Double)
    ... def double(graph, layer, inputs):
    ...     return graph.add("Mul", inputs[0].name, graph.floats(2.0))
    """

    def register(rule: Rule) -> Rule:
        for kind in kinds:
            _RULES[kind] = rule
        return rule

    return register


def rule_of(kind: type[Layer]) -> Rule | None:
    """Return the rule for layers of exactly this class, or None."""
    return _RULES.get(kind)


@dataclass
class OnnxGraph:
    """Operations and constants, collected by the rules of layers.

    Attributes
    ----------
    operations : list of Operation
        The operations in the order of computation.
    constants : dict of str to ndarray
        Weights and other constants by name, float32, float64 or int64.
    """

    operations: list[Operation] = field(default_factory=list)
    constants: dict[str, Array] = field(default_factory=dict)
    _known: dict[tuple[Any, ...], str] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)
    _scope: list[str] = field(default_factory=list)

    def unique(self, name: str) -> str:
        """Return the name, with a number if it is taken."""
        found, count = name, 1
        while found in self._taken:
            found, count = f"{name}_{count}", count + 1
        self._taken.add(found)
        return found

    def add_all(self, kind: str, *inputs: str, outputs: int, **attributes: Any) -> list[str]:
        """Add an operation with several outputs; return their names."""
        prefix = "/".join([*self._scope, kind])
        names = [self.unique(prefix) for _ in range(outputs)]
        self.operations.append(Operation(kind, list(inputs), names, attributes))
        return names

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add an operation with one output; return its name. An input "" is an optional one that is left out."""
        return self.add_all(kind, *inputs, outputs=1, **attributes)[0]

    def choice(
        self,
        condition: str,
        kinds: Sequence[str],
        then: Callable[[], Sequence[str]],
        otherwise: Callable[[], Sequence[str]],
    ) -> list[str]:
        """Add operations of which only those on one side are computed.

        Parameters
        ----------
        condition : str
            Name of one truth value, without axes.
        kinds : sequence of str
            The types of the results in ONNX.
        then, otherwise : callable
            Add the operations of their side; return the names of the results.

        Returns
        -------
        list of str
            The names of the results of the side that is computed.
        """
        sides = {"then_branch": self._branch(kinds, then), "else_branch": self._branch(kinds, otherwise)}
        return self.add_all("If", condition, outputs=len(kinds), **sides)

    def _branch(self, kinds: Sequence[str], compute: Callable[[], Sequence[str]]) -> Branch:
        outside, self.operations = self.operations, []
        try:
            # What comes out has to be computed inside.
            names = [self.add("Identity", name) for name in compute()]
            return Branch(self.operations, dict(zip(names, kinds, strict=True)))
        finally:
            self.operations = outside

    def alias(self, result: str, name: str) -> str:
        """Give a result a name of its own, as an output has it; return the name."""
        return self.named(result, self.unique(name))

    def named(self, result: str, name: str) -> str:
        """Give a result a name that `unique` has returned before; return the name."""
        self.operations.append(Operation("Identity", [result], [name], {}))
        return name

    def floats(self, values: Any) -> str:
        """Return the name of a float32 constant; equal constants, such as shared weights, are kept once."""
        return self._constant(np.asarray(values, np.float32), "weight")

    def doubles(self, values: Any) -> str:
        """Return the name of a float64 constant."""
        return self._constant(np.asarray(values, np.float64), "number")

    def ints(self, values: Any) -> str:
        """Return the name of an int64 constant, such as a shape or axes."""
        return self._constant(np.asarray(values, np.int64), "integers")

    def _constant(self, array: Array, word: str) -> str:
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._known:
            name = self.unique("/".join([*self._scope, word]))
            self._known[key] = name
            self.constants[name] = np.ascontiguousarray(array).reshape(array.shape)
        return self._known[key]

    @contextmanager
    def within(self, name: str) -> Iterator[None]:
        """Put the name of a layer in front of the names made in the block."""
        self._scope.append(name)
        try:
            yield
        finally:
            self._scope.pop()

    def apply(self, layer: Layer, inputs: Sequence[Tensor], takes_list: bool = False) -> list[Tensor]:
        """Add the operations of a layer, or of all layers of a model; return its outputs.

        Raises
        ------
        NotExportable
            If there is no rule for the class of the layer, or for its settings.
        """
        with self.within(layer.name):
            if isinstance(layer, Network):
                return self._apply_network(layer, inputs)
            if getattr(layer, "data_format", None) == "channels_first":
                raise NotExportable(f"layer {layer.name!r} has its channels first; only channels last can be exported")
            rule = rule_of(type(layer))
            if rule is None:
                raise refusal(
                    layer,
                    "has no counterpart in ONNX; leave it out and do its work before or after the exported model, or "
                    "register a rule with nnlite.export.exports",
                )
            shapes = layer.build([one.shape for one in inputs] if takes_list else inputs[0].shape)
            names = rule(self, layer, list(inputs))
        names = names if isinstance(names, list) else [names]
        shapes = shapes if isinstance(shapes, list) else [shapes]
        return [Tensor(name, tuple(shape)) for name, shape in zip(names, shapes, strict=True)]

    def _apply_network(self, network: Network, inputs: Sequence[Tensor]) -> list[Tensor]:
        tensors: list[Any] = [*inputs, *[None] * (network.n_tensors - len(inputs))]
        for step in network.steps:
            if not step.inputs:
                # The step of an input computes nothing.
                continue
            step.store(tensors, self._results(step, [tensors[i] for i in step.inputs]))
        return [tensors[i] for i in network.output_indices]

    def _results(self, step: Any, inputs: list[Tensor]) -> Any:
        results = self.apply(step.layer, inputs, step.takes_list)
        return results if step.gives_list else results[0]


def refusal(layer: Layer, reason: str) -> NotExportable:
    """Return the error for a layer that cannot be exported."""
    return NotExportable(f"layer {layer.name!r} ({type(layer).__name__}) {reason}")


def known_lengths(layer: Layer, tensor: Tensor) -> tuple[int, ...]:
    """Return the sizes between rows and channels, or raise if one is unknown."""
    sizes = tensor.shape[1:-1]
    if any(size is None for size in sizes):
        raise refusal(
            layer,
            f"needs fixed lengths in ONNX; found input of shape {tensor.shape}. Make the model with the lengths "
            "in Input(shape=...)",
        )
    return tuple(size for size in sizes if size is not None)
