"""Random graphs: several inputs and outputs, layers that are used twice, models in models, parts that are frozen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.nnlite.random_models.architecture import MODEL, Architecture, Use
from tests.nnlite.random_models.layers import LARGEST, LayerSpec, Rng, Shape, chance, draw_layer, make, pick
from tests.nnlite.random_models.objectives import Output, draw_output
from tests.nnlite.random_models.rare import draw_rare


def draw_architecture(rng: Rng) -> tuple[Architecture, list[Output]]:
    """Draw a graph, and what each of its outputs is trained for.

    Layers are put on what there is until there are enough; then loose ends are gathered, and given heads that fit a
    loss.
    """
    chain = chance(rng, 0.3)
    noise = 0.15 if chance(rng, 0.2) else 0.0
    graph = _Graph(rng, [_draw_shape(rng) for _ in range(1 if chain else pick(rng, (1, 1, 1, 2, 3)))], noise)
    for _ in range(int(rng.integers(1, 8))):
        graph.grow(only_last=chain)
    while len(graph.loose_ends()) > 3:
        graph.join()
    outputs = [graph.head(place) for place in graph.loose_ends()]
    architecture = Architecture(
        graph.inputs,
        graph.layers,
        graph.uses,
        [place for place, _ in outputs],
        "float32" if chance(rng, 0.25) else "float64",
        chain=chain,
    )
    return _partly_frozen(rng, architecture), [output for _, output in outputs]


def _draw_shape(rng: Rng) -> Shape:
    rank = pick(rng, (1, 2, 2, 3))
    return tuple(int(size) for size in rng.integers(2 if rank == 3 else 1, (8, 7, 5)[rank - 1], size=rank))


def paths_of(architecture: Architecture) -> list[str]:
    """List what can be frozen: the model, its layers, and those of nested models."""
    paths = [MODEL, *architecture.layers]
    for name, spec in architecture.layers.items():
        if spec.kind in ("Sequential", "Model"):
            paths += [f"{name}/{name}_{i}" for i in range(len(spec.inside))]
    return paths


def _partly_frozen(rng: Rng, architecture: Architecture) -> Architecture:
    lazy = architecture.chain and chance(rng, 0.4)
    if not chance(rng, 0.4):
        return replace(architecture, lazy=lazy)
    paths = paths_of(architecture)
    frozen = [pick(rng, (MODEL, *paths)) for _ in range(pick(rng, (1, 1, 2)))]
    thawed = [pick(rng, paths)] if chance(rng, 0.3) else []
    late = architecture.chain and frozen == [MODEL] and not thawed and chance(rng, 0.5)
    return replace(architecture, frozen=tuple(frozen), thawed=tuple(thawed), lazy=lazy, added_late=int(late))


class _Graph:
    """A graph that grows: tensors with their shapes, layers and their uses."""

    def __init__(self, rng: Rng, inputs: list[Shape], noise: float) -> None:
        self.rng, self.noise = rng, noise
        # Numbers of their own: other cases stay what they were. In few cases: the backends are not compared there.
        self.rare = rng.spawn(1)[0]
        self.share_of_rare = 0.4 if chance(self.rare, 0.15) else 0.0
        self.rare_noise = 0.5 if chance(self.rare, 0.3) else 0.0
        self.inputs = inputs
        self.shapes: list[Shape] = list(inputs)
        self.layers: dict[str, LayerSpec] = {}
        self.uses: list[Use] = []
        self._taken: dict[str, Shape] = {}

    def grow(self, only_last: bool = False) -> None:
        """Put a layer on a tensor, or join two."""
        rng = self.rng
        loose = self.loose_ends()
        place = len(self.shapes) - 1 if only_last else pick(rng, loose if chance(rng, 0.7) else range(len(self.shapes)))
        shape = self.shapes[place]
        again = [name for name, taken in self._taken.items() if taken == shape]
        if not only_last and again and chance(rng, 0.25):
            self._use(pick(rng, again), (place,))
            return
        alike = [i for i, other in enumerate(self.shapes) if other == shape and i != place]
        if not only_last and alike and chance(rng, 0.4):
            self._put(LayerSpec(pick(rng, ("Add", "Concatenate"))), (place, pick(rng, alike)))
            return
        if place < len(self.inputs) and len(shape) == 2 and chance(rng, 0.4):
            self._put(LayerSpec("Masking", {"mask_value": 0.0}), (place,))
            return
        for _ in range(20):
            rare = chance(self.rare, self.share_of_rare)
            spec = draw_rare(self.rare, shape, self.rare_noise) if rare else draw_layer(rng, shape, self.noise)
            if only_last and spec.settings.get("return_state"):
                continue
            if self._put(spec, (place,)):
                return

    def _put(self, spec: LayerSpec, places: tuple[int, ...], most: int = LARGEST) -> bool:
        """Use a new layer; False where it does not take such records, or gives too much."""
        name = f"l{len(self.layers)}"
        try:
            shapes = _shapes_after(spec, [self.shapes[place] for place in places])
        except ValueError:
            return False
        if any(min(shape) < 1 or np.prod(shape) > most or len(shape) > 3 for shape in shapes):
            return False
        self.layers[name] = spec
        if len(places) == 1:
            self._taken[name] = self.shapes[places[0]]
        self._use(name, places, shapes)
        return True

    def _use(self, name: str, places: tuple[int, ...], shapes: list[Shape] | None = None) -> None:
        if shapes is None:
            shapes = _shapes_after(self.layers[name], [self.shapes[place] for place in places])
        self.uses.append(Use(name, places, len(shapes)))
        self.shapes += shapes

    def join(self) -> None:
        """Make one of the first two loose ends."""
        ends = []
        for place in self.loose_ends()[:2]:
            self._put(LayerSpec("Flatten"), (place,))
            ends.append(len(self.shapes) - 1)
        self._put(LayerSpec("Concatenate"), (ends[0], ends[1]), most=2 * LARGEST)

    def head(self, place: int) -> tuple[int, Output]:
        """Give a loose end what a loss needs; return the output's place."""
        layer, output = draw_output(self.rng, self.shapes[place])
        while output.loss.endswith("NLL") and any(spec.kind == "Masking" for spec in self.layers.values()):
            # A likelihood is one of a whole record: it has no steps that could be masked.
            layer, output = draw_output(self.rng, self.shapes[place])
        if layer is not None or place < len(self.inputs):
            self._put(layer or LayerSpec("Activation", {"activation": "tanh"}), (place,), most=8 * LARGEST)
            place = len(self.shapes) - 1
        return place, output

    def loose_ends(self) -> list[int]:
        """Return the tensors that nothing takes."""
        taken = {place for use in self.uses for place in use.inputs}
        return [place for place in range(len(self.shapes)) if place not in taken]


def _shapes_after(spec: LayerSpec, shapes: list[Shape]) -> list[Shape]:
    given = [(None, *shape) for shape in shapes]
    result = make(spec, "probe").compute_output_shape(given if len(given) > 1 else given[0])
    return [tuple(one[1:]) for one in (result if isinstance(result, list) else [result])]
