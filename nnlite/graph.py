"""Graphs of layers, which calls of layers on symbolic tensors create.

``Dense(5)(inputs)`` computes nothing: it creates a `Node` with the layer, its inputs and its outputs, and returns the
outputs as `SymbolicTensor` objects. `Model` sorts the nodes topologically: each comes after all nodes it depends on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import numpy as np

from nnlite.services import service
from nnlite.types import Shape


class NamedLayer(Protocol):
    """A layer in a graph, which only needs a name."""

    name: str


class SymbolicTensor:
    """A placeholder for a value that a node will compute.

    Attributes
    ----------
    shape : tuple of int or None
        Shape of the value; None for sizes that depend on the data, such as the number of rows.
    dtype : numpy.dtype
        Dtype of the value.
    node : Node
        Node that computes the value.
    whole : Node or None
        Outermost layer with a method ``call`` that has computed the value, as a whole.
    row_free : bool
        Whether the first axis is not that of the rows: the tensor is a weight, a total, or computed from such alone.
    """

    # NumPy's arrays leave their operators to this class.
    __array_ufunc__ = None

    def __init__(self, shape: Shape, dtype: np.dtype[Any], node: Node, row_free: bool = False) -> None:
        self.shape, self.dtype, self.node, self.row_free = shape, dtype, node, row_free
        self.whole: Node | None = None

    def __repr__(self) -> str:
        return f"SymbolicTensor(shape={self.shape!r}, dtype={self.dtype!r})"

    @property
    def name(self) -> str:
        """Name of the layer that computes the tensor."""
        return self.node.layer.name

    @property
    def ndim(self) -> int:
        """Number of axes, rows included."""
        return len(self.shape)

    def __add__(self, other: Any) -> Any:
        return _operate("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return _operate("add", self, other)

    def __sub__(self, other: Any) -> Any:
        return _operate("sub", self, other)

    def __rsub__(self, other: Any) -> Any:
        return _operate("sub", self, other, swapped=True)

    def __mul__(self, other: Any) -> Any:
        return _operate("mul", self, other)

    def __rmul__(self, other: Any) -> Any:
        return _operate("mul", self, other)

    def __truediv__(self, other: Any) -> Any:
        return _operate("truediv", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _operate("truediv", self, other, swapped=True)

    def __pow__(self, other: Any) -> Any:
        return _operate("pow", self, other)

    def __rpow__(self, other: Any) -> Any:
        return _operate("pow", self, other, swapped=True)

    def __matmul__(self, other: Any) -> Any:
        return _operate("matmul", self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return _operate("matmul", self, other, swapped=True)

    def __neg__(self) -> Any:
        return _operate("neg", self)

    def __abs__(self) -> Any:
        return _operate("abs", self)

    def __lt__(self, other: Any) -> Any:
        return _operate("less", self, other)

    def __le__(self, other: Any) -> Any:
        return _operate("less_equal", self, other)

    def __gt__(self, other: Any) -> Any:
        return _operate("greater", self, other)

    def __ge__(self, other: Any) -> Any:
        return _operate("greater_equal", self, other)

    def __getitem__(self, key: Any) -> Any:
        return _operate("getitem", self, key)

    def __iter__(self) -> Any:
        raise TypeError("a symbolic tensor cannot be iterated over: its values are known only when the model computes")

    def __bool__(self) -> bool:
        raise TypeError("a symbolic tensor has no truth value: its values are known only when the model computes")


def _operate(name: str, tensor: SymbolicTensor, *operands: Any, swapped: bool = False) -> Any:
    """Return the result of an operator, which is that of a layer."""
    return service("operator")(name, tensor, *operands, swapped=swapped)


class Node:
    """One use of a layer, with its inputs and outputs.

    `takes_list` and `gives_list` are True if the layer takes or returns a list of tensors, as `Add` and models with
    several outputs do, instead of one tensor.
    """

    def __init__(
        self,
        layer: NamedLayer,
        inputs: tuple[SymbolicTensor, ...],
        takes_list: bool = False,
        gives_list: bool = False,
    ) -> None:
        self.layer, self.inputs = layer, inputs
        self.takes_list, self.gives_list = takes_list, gives_list
        self.outputs: tuple[SymbolicTensor, ...] = ()


def is_symbolic(value: object) -> bool:
    """Return whether the argument of a layer is a symbolic tensor, or contains one."""
    if isinstance(value, (list, tuple)):
        return any(isinstance(item, SymbolicTensor) for item in value)
    return isinstance(value, SymbolicTensor)


def producer(tensor: SymbolicTensor) -> Node:
    """Return the node that computes a tensor."""
    return tensor.node


def whole_producer(tensor: SymbolicTensor) -> Node:
    """Return the node that computes a tensor, where a layer with a method ``call`` is one node, as in Keras."""
    return tensor.whole or tensor.node


def topological_order(
    outputs: Iterable[SymbolicTensor], node_of: Callable[[SymbolicTensor], Node] = producer
) -> list[Node]:
    """Return all nodes that `outputs` depend on, each after all nodes it depends on.

    The order is that of a depth-first search from the outputs, inputs first (Cormen et al., *Introduction to
    Algorithms*, ch. 20). It is iterative, so that long chains of layers do not exceed the recursion limit.
    """
    ordered: list[Node] = []
    done: set[int] = set()
    stack = [(node_of(tensor), False) for tensor in reversed(list(outputs))]
    while stack:
        node, inputs_done = stack.pop()
        if id(node) in done:
            continue
        if inputs_done:
            done.add(id(node))
            ordered.append(node)
        else:
            stack.append((node, True))
            stack.extend((node_of(tensor), False) for tensor in reversed(node.inputs))
    return ordered


def check_connected(nodes: Sequence[Node], inputs: Sequence[SymbolicTensor], *, model_name: str) -> None:
    """Raise unless `inputs` are exactly the inputs of the graph."""
    expected = {id(tensor) for tensor in inputs}
    reached = {id(tensor) for node in nodes for tensor in node.outputs}
    for node in nodes:
        if not node.inputs and not any(id(tensor) in expected for tensor in node.outputs):
            raise ValueError(
                f"the outputs of model {model_name!r} depend on the input {node.layer.name!r}, which is not "
                f"among its inputs ({', '.join(repr(t.name) for t in inputs)}); add it to inputs="
            )
    for tensor in inputs:
        if id(tensor) not in reached:
            raise ValueError(
                f"no output of model {model_name!r} depends on its input {tensor.name!r}; "
                "leave the input out or connect it"
            )


def layers_by_depth(
    outputs: Iterable[SymbolicTensor], nodes: Sequence[Node], node_of: Callable[[SymbolicTensor], Node] = producer
) -> list[NamedLayer]:
    """Return the layers of a graph, each once, those farthest from the outputs first.

    This is the order in Keras, also of `get_weights`. The depth of a layer is the length of the longest path to an
    output; layers of equal depth are in the order of a depth-first search from the outputs.
    """
    outputs = list(outputs)
    depth: dict[int, int] = {}
    for node in reversed(nodes):
        own = depth.setdefault(id(node.layer), 0)
        for tensor in node.inputs:
            feeding = id(node_of(tensor).layer)
            depth[feeding] = max(depth.get(feeding, 0), own + 1)
    found: dict[int, NamedLayer] = {}
    seen: set[int] = set()
    stack = [node_of(tensor) for tensor in reversed(outputs)]
    while stack:
        node = stack.pop()
        if id(node) not in seen:
            seen.add(id(node))
            found.setdefault(id(node.layer), node.layer)
            stack.extend(node_of(tensor) for tensor in reversed(node.inputs))
    return sorted(found.values(), key=lambda layer: -depth[id(layer)])
