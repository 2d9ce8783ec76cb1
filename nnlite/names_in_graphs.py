"""Names of the inputs, outputs and layers of a model."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from nnlite.data import as_list
from nnlite.graph import SymbolicTensor
from nnlite.layers.base import Layer


def named_tensors(tensors_or_mapping: Any, argument: str) -> tuple[list[str], list[SymbolicTensor]]:
    """Return the names and the tensors of the inputs or outputs of a model.

    Raises
    ------
    TypeError
        If they are not symbolic tensors.
    ValueError
        If there are none.
    """
    if isinstance(tensors_or_mapping, Mapping):
        # As in Keras, in the order of the names, unless the mapping has an order of its own.
        names = (list if isinstance(tensors_or_mapping, OrderedDict) else sorted)(tensors_or_mapping)
        tensors = [tensors_or_mapping[name] for name in names]
    else:
        tensors = as_list(tensors_or_mapping)
        names = []
    for tensor in tensors:
        if not isinstance(tensor, SymbolicTensor):
            raise TypeError(
                f"Model: {argument} must be symbolic tensors, the results of Input(...) and of layers called on them; "
                f"found {type(tensor).__name__}"
            )
    if not tensors:
        raise ValueError(f"Model: {argument} must not be empty")
    return names or _distinct([tensor.name for tensor in tensors]), tensors


def _distinct(names: list[str]) -> list[str]:
    """Append numbers to repeated names: several outputs of a model may come from one layer."""
    counts: dict[str, int] = {}
    result = []
    for name in names:
        seen = counts.get(name, 0)
        result.append(f"{name}_{seen}" if seen else name)
        counts[name] = seen + 1
    return result


def check_names(layers: Sequence[Layer], wholes: Sequence[Layer], model_name: str) -> None:
    """Check that no two layers of a model have one name; those inside of a layer with ``call`` are renamed.

    Raises
    ------
    ValueError
        If two others have one name.
    """
    known = {id(layer) for layer in wholes}
    used = {layer.name for layer in wholes}
    for layer in layers:
        if id(layer) not in known:
            layer.name = next(name for name in _numbered(layer.name) if name not in used)
            used.add(layer.name)
    names = [layer.name for layer in layers if id(layer) in known]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"model {model_name!r} has several layers named {twice}; give each a name of its own")


def _numbered(name: str) -> Iterator[str]:
    """Yield a name, then the name with numbers."""
    yield name
    yield from (f"{name}_{number}" for number in count(1))
