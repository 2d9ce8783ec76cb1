"""Attention in the graphs of Keras: a call on queries, values and keys with settings, which here are the layer's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnlite.archive import FileFormatError

LAYERS = ("AdditiveAttention", "Attention", "MultiHeadAttention")
"""Layers of attention; all but the last are called on a list."""

_SETTINGS = ("use_causal_mask", "return_attention_scores")
_MASKS = ("query_mask", "value_mask", "key_mask")


def with_own_settings(entry: Mapping[str, Any], label: str) -> Mapping[str, Any]:
    """Return the entry of a layer, if it is one of attention called on a list, with settings of the call as its own.

    Parameters
    ----------
    entry : mapping
        Entry of a layer in a graph of Keras.
    label : str
        Name of the file, for errors.

    Raises
    ------
    FileFormatError
        If several uses of the layer have different settings.

    Examples
    --------
    >>> use = {"args": ["query", "value"], "kwargs": {"use_causal_mask": True}}
    >>> entry = {"class_name": "MultiHeadAttention", "config": {"num_heads": 2}, "inbound_nodes": [use]}
    >>> found = with_own_settings(entry, "model.keras")
    >>> found["config"], found["inbound_nodes"]
    ({'num_heads': 2, 'use_causal_mask': True}, [{'args': [['query', 'value']], 'kwargs': {}}])
    """
    uses = entry.get("inbound_nodes")
    if entry.get("class_name") not in LAYERS or not isinstance(uses, list) or not isinstance(entry["config"], Mapping):
        return entry
    found = [_use(use) for use in uses if isinstance(use, Mapping)]
    settings = [one for _, one in found]
    if any(one != settings[0] for one in settings):
        raise FileFormatError(
            f"{label}: layer {entry['config'].get('name')!r} is called with {settings[0]} and otherwise, which is not "
            "supported; expected the same in all calls"
        )
    own = settings[0] if settings else {}
    return {**entry, "config": {**entry["config"], **own}, "inbound_nodes": [use for use, _ in found]}


def _use(use: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a use of a layer on a list of tensors, and its settings."""
    args, kwargs = list(use.get("args") or []), dict(use.get("kwargs") or {})
    settings = {name: True for name in _SETTINGS if kwargs.pop(name, None)}
    if len(args) == 1 and isinstance(args[0], list):
        return {"args": args, "kwargs": kwargs}, settings
    # Masks follow the values; `masks.without_masks` has checked that they do in the file.
    for name in _MASKS:
        kwargs.pop(name, None)
    tensors = [*args, *(kwargs.pop(name, None) for name in ("query", "value", "key")[len(args) :])]
    return {"args": [[one for one in tensors if one is not None]], "kwargs": kwargs}, settings


def settings_of_call(config: dict[str, Any]) -> dict[str, Any]:
    """Remove the settings that Keras takes in the call from the configuration of a layer, and return them."""
    return {name: True for name in _SETTINGS if config.pop(name, False)}


def use_in_keras(tensors: list[Any], settings: dict[str, Any], class_name: str) -> dict[str, Any]:
    """Return one use of a layer of attention as Keras writes it."""
    return {"args": tensors if class_name == "MultiHeadAttention" else [tensors], "kwargs": settings}
