"""Weights of PyTorch modules, found by name in a file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from nnlite.imports.safetensors import read_safetensors
from nnlite.imports.torch_layouts import layout_of
from nnlite.layers.base import Layer
from nnlite.layers.wrappers import TimeDistributed
from nnlite.network import Network
from nnlite.types import Array

_IGNORED = "num_batches_tracked"
"""A counter of batch normalization in PyTorch, which inference does not use."""


def load_torch_weights(
    model: Network, filepath: str | os.PathLike[str], names: Mapping[str, str] | None = None
) -> None:
    """Set the weights of a model from a PyTorch ``state_dict`` that was saved as safetensors.

    In PyTorch: ``safetensors.torch.save_file(module.state_dict(), "weights.safetensors")``. The model has the same
    layers; kernels are transposed and gates reordered. Neither PyTorch nor the package safetensors is needed here.

    Parameters
    ----------
    model : Network
        Model whose input shapes are known. The weights of all its layers are set.
    filepath : str or path
        Name of the file.
    names : mapping of str to str, optional
        For the names of layers here, those of modules there, such as ``{"dense": "encoder.0"}``; others are the same.

    Raises
    ------
    ValueError
        If a layer is not found, a shape does not fit, a tensor of the file belongs to no layer, or PyTorch has no such
        layer. Then no weight is changed.
    nnlite.archive.FileFormatError
        If the file is not a safetensors file, or damaged.

    Notes
    -----
    Settings are not in the file: ``epsilon`` of normalization layers is 1e-5 in PyTorch and 1e-3 here. PyTorch's
    channels are first: put ``Permute((3, 1, 2))`` (images) or ``Permute((2, 1))`` (series) in front of a `Flatten`
    whose result enters a `Dense`. A module of several recurrent layers (``num_layers``) has no counterpart.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import numpy as np
    >>> from nnlite.layers import Dense, Input
    >>> from nnlite.models import Sequential
    >>> header = b'{"0.weight": {"dtype": "F32", "shape": [1, 2], "data_offsets": [0, 8]}}'
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "weights.safetensors"
    >>> _ = file.write_bytes(len(header).to_bytes(8, "little") + header + np.array([3.0, 4.0], "<f4").tobytes())
    >>> model = Sequential([Input((2,)), Dense(1, use_bias=False, name="code")])
    >>> load_torch_weights(model, file, names={"code": "0"})
    >>> model.predict(np.array([[1.0, 10.0]]), verbose=0).tolist()
    [[43.0]]
    """
    names = dict(names or {})
    tensors = read_safetensors(filepath)
    label = str(filepath)
    layers = _by_name(model)
    unknown = sorted(set(names) - set(layers))
    if unknown:
        raise ValueError(f"names: model {model.name!r} has no layers {unknown} with weights; it has {sorted(layers)}")
    pairs: list[tuple[Any, Array]] = []
    used: set[str] = set()
    for name, layer in layers.items():
        prefix = names.get(name, name)
        pairs += _pairs(layer, prefix, tensors, used, label)
    left = sorted(name for name in set(tensors) - used if not name.endswith(_IGNORED))
    if left:
        raise ValueError(
            f"{label}: no layer of model {model.name!r} takes {left}; its layers are {sorted(layers)}. Give names= for "
            "layers that have other names there"
        )
    for weight, values in pairs:
        weight.assign(values)


def _by_name(model: Network) -> dict[str, Layer]:
    """Return the layers with weights by name, or raise if two have the same."""
    leaves = [layer for layer in _leaves(model) if layer.weights]
    found = {layer.name: layer for layer in leaves}
    if len(found) < len(leaves):
        names = [layer.name for layer in leaves]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"model {model.name!r} has several layers of the names {twice}; give each its own name")
    return found


def _leaves(layer: Layer) -> list[Layer]:
    """Return the layers of a model at all depths, each once."""
    inner = (
        layer.graph_layers
        if isinstance(layer, Network)
        else [layer.layer]
        if isinstance(layer, TimeDistributed)
        else []
    )
    if not inner:
        return [layer]
    found = {id(leaf): leaf for one in inner for leaf in _leaves(one)}
    return list(found.values())


def _pairs(
    layer: Layer, prefix: str, tensors: Mapping[str, Array], used: set[str], label: str
) -> list[tuple[Any, Array]]:
    """Return a layer's weights with their values; add the names of its tensors to those that are used."""
    place = f"layer {layer.name!r} ({type(layer).__name__})"
    layout = layout_of(layer)
    if layout is None:
        raise ValueError(f"{place} has no counterpart in PyTorch; set its weights by layer.set_weights")
    own = _Own({name[len(prefix) + 1 :]: array for name, array in tensors.items() if name.startswith(f"{prefix}.")})
    try:
        pairs = layout(layer, own)
    except KeyError as error:
        raise ValueError(
            f"{label}: found no tensor {f'{prefix}.{error.args[0]}'!r} for {place}; the file has {sorted(tensors)}. "
            "Give names= if the module has another name there"
        ) from error
    except ValueError as error:
        raise ValueError(f"{label}: {place}: {error}") from error
    for weight, values in pairs:
        if values.shape != weight.shape:
            raise ValueError(
                f"{label}: {place} has {weight.name} of shape {weight.shape}; that of {prefix!r} becomes {values.shape}"
            )
    used.update(f"{prefix}.{name}" for name in own.read)
    return pairs


class _Own(dict[str, Array]):
    """Tensors of one module, which notes the names that were read."""

    def __init__(self, tensors: Mapping[str, Array]) -> None:
        super().__init__(tensors)
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> Array:
        array = super().__getitem__(name)
        self.read.add(name)
        return array
