"""Masks in the graphs of Keras, which nnlite computes by itself.

Keras writes the mask of a series into the graph: operations that compare the input of a `Masking` or `Embedding` layer,
and an argument ``mask`` of every layer behind it. Here masks follow the values, so these operations are left out. They
are left out only if they are such masks: a mask of the user's own is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nnlite.archive import FileFormatError

_OPERATIONS = frozenset(
    ("Any", "Concatenate", "ExpandDims", "LogicalAnd", "LogicalOr", "NotEqual", "OnesLike", "ZerosLike")
)
_SOURCES = ("Masking", "Embedding")
_SILENT = ("InputLayer", "SpatialDropout1D", "SpatialDropout2D")
"""Layers that do not say whether they train."""

_ARGUMENTS = ("mask", "query_mask", "value_mask", "key_mask")


def without_masks(layers: list[Mapping[str, Any]], outputs: Any, label: str) -> list[Mapping[str, Any]]:
    """Return the layers of a graph without the operations that compute masks.

    Parameters
    ----------
    layers : list of mapping
        Entries of the configuration of Keras.
    outputs : object
        Its ``output_layers``.
    label : str
        Name of the file, for errors.

    Raises
    ------
    FileFormatError
        If a mask is not that of a `Masking` or `Embedding` layer.
    """
    named = {_name(entry): entry for entry in layers}
    used = {history[0] for entry in layers if not is_operation(entry) for use in _uses(entry) for history in use[0]}
    used |= set(_strings(outputs))
    masks = {
        name
        for name, entry in named.items()
        if is_operation(entry) and name not in used and entry.get("class_name") in _OPERATIONS
    }
    for entry in layers:
        for inputs, given in _uses(entry):
            for history in given if _name(entry) not in masks else []:
                _check_mask(named, _name(entry), inputs, history, label)
    for name in masks:
        if named[name].get("class_name") == "NotEqual" and not _is_source(named, named[name], None):
            raise FileFormatError(
                f"{label}: {name!r} computes a mask that is not of a Masking or Embedding layer, which is not supported"
            )
    return [entry for entry in layers if _name(entry) not in masks]


def is_operation(entry: Mapping[str, Any]) -> bool:
    """Return whether an entry is an operation on tensors, not a layer."""
    module, config = entry.get("module"), entry.get("config")
    if isinstance(module, str):
        return module.startswith("keras.src.ops")
    # Files in HDF5 name no modules; layers say whether they train, operations do not.
    return isinstance(config, Mapping) and "trainable" not in config and entry.get("class_name") not in _SILENT


def _check_mask(named: Mapping[str, Any], layer: str, inputs: list[Any], mask: Any, label: str) -> None:
    """Raise unless a mask comes from sources that the inputs of the layer depend on."""
    behind = set(_ancestors(named, [one[0] for one in inputs]))
    compared = [name for name in _ancestors(named, [mask[0]]) if named.get(name, {}).get("class_name") == "NotEqual"]
    if not compared or not all(_is_source(named, named[name], behind) for name in compared):
        raise FileFormatError(
            f"{label}: layer {layer!r} is called with a mask of its own, which is not supported; expected that of a "
            "Masking or Embedding layer before it"
        )


def _is_source(named: Mapping[str, Any], comparison: Mapping[str, Any], behind: set[str] | None) -> bool:
    """Return whether a comparison is that of a masking layer, one of those in `behind`."""
    use = (comparison.get("inbound_nodes") or [{}])[0]
    args = use.get("args", []) if isinstance(use, Mapping) else []
    compared = next(_histories(args), None)
    values = [one for one in args if not isinstance(one, (Mapping, list))]
    for name, entry in named.items():
        if entry.get("class_name") in _SOURCES and not is_operation(entry) and (behind is None or name in behind):
            config = entry["config"]
            zero = 0 if config.get("mask_zero") else None
            value = config.get("mask_value") if entry["class_name"] == "Masking" else zero
            if value is not None and values == [value] and any(one[:1] == [compared] for one, _ in _uses(entry)):
                return True
    return False


def _ancestors(named: Mapping[str, Any], names: list[str]) -> Iterator[str]:
    """Yield the names of all layers and operations that results depend on, these included."""
    seen: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            yield name
            waiting += [history[0] for use in _uses(named.get(name, {})) for history in use[0]]


def _uses(entry: Mapping[str, Any]) -> Iterator[tuple[list[Any], list[Any]]]:
    """Yield for each use of a layer the tensors that it is called with, and its masks."""
    for use in entry.get("inbound_nodes") or []:
        if isinstance(use, Mapping):
            kwargs = use.get("kwargs") or {}
            others = [value for key, value in kwargs.items() if key not in _ARGUMENTS]
            masks = [kwargs.get(key) for key in _ARGUMENTS]
            yield [*_histories(use.get("args")), *_histories(others)], list(_histories(masks))


def _histories(value: Any) -> Iterator[Any]:
    """Yield the layer, the use and the index of each tensor in nested values."""
    if isinstance(value, Mapping) and isinstance(value.get("config"), Mapping) and "keras_history" in value["config"]:
        yield list(value["config"]["keras_history"])
    elif isinstance(value, Mapping):
        yield from _histories(list(value.values()))
    elif isinstance(value, list):
        for one in value:
            yield from _histories(one)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, Mapping)):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from _strings(one)


def _name(entry: Mapping[str, Any]) -> str:
    config = entry.get("config")
    return str(config.get("name") if isinstance(config, Mapping) else entry.get("name"))
