"""Graphs of layers as plain values, from which models are built."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from nnlite.data import as_list
from nnlite.layers import Input, Layer
from nnlite.models import Model, Sequential
from tests.nnlite.random_models.layers import LayerSpec, Shape, make

MODEL = ""
"""Entry for the whole model among frozen names."""


@dataclass(frozen=True)
class Use:
    """A layer applied to tensors, which are counted: the inputs first, then what each use gives."""

    layer: str
    inputs: tuple[int, ...]
    n_outputs: int = 1


@dataclass(frozen=True)
class Architecture:
    """A graph of layers as plain values.

    Attributes
    ----------
    inputs : list of tuple of int
        Shape of a record of each.
    layers : dict of str to LayerSpec
        The layers by name.
    uses : list of Use
        Where each is applied, in order.
    outputs : list of int
        The tensors that the model gives.
    dtype : str
        What it computes in.
    frozen : tuple of str
        Layers that are frozen, in this order, by name; a slash leads into a nested model; "" is the whole model.
    thawed : tuple of str
        Layers that are thawed after that.
    chain : bool
        Whether to make it a `Sequential`.
    lazy : bool
        Whether the chain learns the shape of its input from the data, after layers have been frozen.
    added_late : int
        How many layers of a chain are added after others have been frozen.
    """

    inputs: list[Shape]
    layers: dict[str, LayerSpec]
    uses: list[Use]
    outputs: list[int]
    dtype: str = "float64"
    frozen: tuple[str, ...] = ()
    thawed: tuple[str, ...] = ()
    chain: bool = False
    lazy: bool = False
    added_late: int = 0

    def is_random(self) -> bool:
        """Tell whether a layer draws numbers in training."""
        return any(layer.is_random() for layer in self.layers.values())

    def without_activity_penalties(self) -> Architecture:
        """Return the same graph without penalties on what layers give."""
        return replace(self, layers={name: _without_penalty(spec) for name, spec in self.layers.items()})

    def is_masked(self) -> bool:
        """Tell whether steps of an input are masked."""
        return any(layer.kind == "Masking" for layer in self.layers.values())

    def lines(self) -> list[str]:
        """Describe the graph, a use a line."""
        lines = [f"t{i} = Input({shape})" for i, shape in enumerate(self.inputs)]
        count = len(lines)
        for use in self.uses:
            given = ", ".join(f"t{count + i}" for i in range(use.n_outputs))
            lines.append(f"{given} = {use.layer}: {self.layers[use.layer]} of {', '.join(f't{i}' for i in use.inputs)}")
            count += use.n_outputs
        kind = f"Sequential{', lazy' * self.lazy}" if self.chain else "Model"
        late = f", {self.added_late} layers added after freezing" if self.added_late else ""
        lines.append(f"{kind} of {', '.join(f't{i}' for i in self.outputs)} in {self.dtype}{late}")
        for word, names in (("frozen", self.frozen), ("thawed", self.thawed)):
            if names:
                lines.append(f"{word}: {', '.join(name or 'the model' for name in names)}")
        return lines


def _without_penalty(spec: LayerSpec) -> LayerSpec:
    settings = {key: value for key, value in spec.settings.items() if key != "activity_regularizer"}
    if spec.kind == "ActivityRegularization":
        settings = {"l1": 0.0, "l2": 0.0}
    return LayerSpec(spec.kind, settings, tuple(map(_without_penalty, spec.inside)))


def build(architecture: Architecture) -> Any:
    """Build the model, with what is frozen frozen."""
    made = {name: make(spec, name) for name, spec in architecture.layers.items()}
    if architecture.chain:
        return _build_chain(architecture, [made[use.layer] for use in architecture.uses])
    tensors: list[Any] = [Input(shape, name=f"in{i}") for i, shape in enumerate(architecture.inputs)]
    for use in architecture.uses:
        given = [tensors[i] for i in use.inputs]
        tensors += as_list(made[use.layer](given if len(given) > 1 else given[0]))
    model = Model(tensors[: len(architecture.inputs)], [tensors[i] for i in architecture.outputs], name="net")
    freeze_parts(model, architecture)
    return model


def _build_chain(architecture: Architecture, layers: list[Layer]) -> Sequential:
    start = [] if architecture.lazy else [Input(architecture.inputs[0], name="in0")]
    early = len(layers) - architecture.added_late
    model = Sequential([*start, *layers[:early]], name="net")
    freeze_parts(model, architecture)
    for layer in layers[early:]:
        model.add(layer)
    return model


def freeze_parts(model: Any, architecture: Architecture) -> None:
    """Freeze and thaw what a description says is frozen and thawed."""
    for names, value in ((architecture.frozen, False), (architecture.thawed, True)):
        for name in names:
            find(model, name).trainable = value


def find(model: Any, path: str) -> Any:
    """Return the layer at a path of names, or the model itself."""
    for name in path.split("/") if path else ():
        model = model.get_layer(name)
    return model


def frozen_weights(model: Any, architecture: Architecture) -> set[int]:
    """Return the ids of all weights that must not change, from the description alone, as Keras has it.

    Freezing reaches all that is inside at that time; a model that is frozen itself trains nothing.
    """
    flags: dict[int, bool] = {}
    late = {id(layer) for layer in model.layers[len(model.layers) - architecture.added_late :]}
    for names, value in ((architecture.frozen, False), (architecture.thawed, True)):
        for name in names:
            for layer in _within(find(model, name), late if name == MODEL else set()):
                flags[id(layer)] = value
    everything = list(_within(model, set()))
    if not flags.get(id(model), True):
        # Batch normalization goes by its own flag: what it was thawed for moves on in a frozen model.
        learned = {id(weight) for layer in everything for weight in layer.weights if weight.learned}
    else:
        learned = set()
    off = [layer for layer in everything if not flags.get(id(layer), True) and not list(_inside(layer))]
    return learned | {id(weight) for layer in off for weight in layer.weights}


def _inside(layer: Any) -> list[Any]:
    return list(getattr(layer, "layers", []))


def _within(layer: Any, but: set[int]) -> list[Any]:
    if id(layer) in but:
        return []
    return [layer, *(one for inner in _inside(layer) for one in _within(inner, but))]
