"""Weights that several layers share (tied weights), in the configurations of models.

A decoder may use the kernel of its encoder, transposed: half of the weights, and two layers that learn one matrix. The
layers of a configuration are made one by one, each with weights of its own; the ties say which of them are one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from nnlite.layers.base import Layer


def tied_places(layers: Iterable[Layer]) -> list[list[int]]:
    """Return the ties among layers: of every place whose weight another place before has, both numbers.

    Parameters
    ----------
    layers : iterable of Layer
        Layers of a model. Each weight that they hold, those inside of them included, is a place; the places are
        numbered in the order of the layers.

    Returns
    -------
    list of [int, int]
        Number of the place, and of the first one with the same weight.
    """
    first: dict[int, int] = {}
    ties = []
    for number, (layer, name) in enumerate(_places(layers)):
        kept = first.setdefault(id(layer.own_weights[name]), number)
        if kept != number:
            ties.append([number, kept])
    return ties


def tie(layers: Iterable[Layer], ties: Iterable[Iterable[int]]) -> None:
    """Let layers share weights as `tied_places` found it in others.

    Raises
    ------
    ValueError
        If these layers have no such places, or their weights differ in shape or dtype.
    """
    places = list(_places(layers))
    for number, kept in ties:
        if not 0 <= kept < number < len(places):
            raise ValueError(
                f"weight {number} of the layers is to be their weight {kept}, but they have {len(places)}: they are "
                "other layers than those that shared weights"
            )
        (layer, name), (owner, owned) = places[number], places[kept]
        layer.share_weight(name, owner.own_weights[owned])


def _places(layers: Iterable[Layer]) -> Iterator[tuple[Layer, str]]:
    """Yield every layer with the name of each weight that it holds, the layers inside included."""
    for layer in layers:
        for name in layer.own_weights:
            yield layer, name
        yield from _places(layer.sublayers())


def ties_entry(layers: Iterable[Layer]) -> dict[str, Any]:
    """Return the entry of a configuration for the ties among layers; nothing if there are none."""
    ties = tied_places(layers)
    return {"ties": ties} if ties else {}
