"""Arithmetic in the graphs of Keras, ``a + b`` or ``2 * a``, as layers: sums, products, or `Rescaling`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnlite.keras_files.masks import is_operation

_OF_TENSORS = {"Add": "Add", "Subtract": "Subtract", "Multiply": "Multiply"}


def with_layers(entries: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the entries of a graph, with layers in place of the operations that a layer computes.

    Parameters
    ----------
    entries : list of mapping
        Entries of the configuration of Keras. Operations that no layer computes remain as they are.

    Examples
    --------
    >>> a = {"config": {"keras_history": ["dense", 0, 0]}}
    >>> use = {"args": [1, a], "kwargs": {}}
    >>> entry = {"module": "keras.src.ops.numpy", "class_name": "Subtract", "config": {"name": "subtract"}}
    >>> (layer,) = with_layers([{**entry, "inbound_nodes": [use]}])
    >>> layer["class_name"], layer["config"]
    ('Rescaling', {'name': 'subtract', 'scale': -1.0, 'offset': 1.0})
    """
    return [_layer(entry) or entry if is_operation(entry) else entry for entry in entries]


def _layer(entry: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return a layer that computes an operation; None if there is none."""
    kind, uses, config = entry.get("class_name"), entry.get("inbound_nodes"), entry.get("config")
    if (
        not isinstance(uses, list)
        or len(uses) != 1
        or not isinstance(uses[0], Mapping)
        or not isinstance(config, Mapping)
    ):
        return None
    args = uses[0].get("args")
    if not isinstance(args, list) or len(args) != 2 or uses[0].get("kwargs"):
        return None
    if all(_is_tensor(one) for one in args) and kind in _OF_TENSORS:
        return _made(entry, _OF_TENSORS[kind], {}, [args])
    constants = [one for one in args if isinstance(one, (int, float)) and not isinstance(one, bool)]
    tensors = [one for one in args if _is_tensor(one)]
    if len(constants) != 1 or len(tensors) != 1:
        return None
    factors = _factors(str(kind), float(constants[0]), _is_tensor(args[0]))
    return (
        None
        if factors is None
        else _made(entry, "Rescaling", dict(zip(("scale", "offset"), factors, strict=True)), tensors)
    )


def _factors(kind: str, c: float, tensor_first: bool) -> tuple[float, float] | None:
    """Return a and b of the operation y = a x + b."""
    if kind == "Add":
        return 1.0, c
    if kind == "Subtract":
        return (1.0, -c) if tensor_first else (-1.0, c)
    if kind == "Multiply":
        return c, 0.0
    return (1 / c, 0.0) if kind in ("Divide", "TrueDivide") and tensor_first and c else None


def _made(entry: Mapping[str, Any], name: str, settings: dict[str, Any], args: list[Any]) -> Mapping[str, Any]:
    config = {"name": entry["config"].get("name"), **settings}
    uses = [{"args": args, "kwargs": {}}]
    return {"module": "keras.layers", "class_name": name, "config": config, "inbound_nodes": uses}


def _is_tensor(value: Any) -> bool:
    return (
        isinstance(value, Mapping) and isinstance(value.get("config"), Mapping) and "keras_history" in value["config"]
    )
