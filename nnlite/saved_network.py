"""A network in a file that is a chain of dense layers: its layers at once, the model when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from nnlite.chain_layer import ChainLayer
from nnlite.types import Array

if TYPE_CHECKING:
    from nnlite.models import Model


class SavedNetwork:
    """A network as a file holds it.

    A model can be trained, described and changed, and so it needs its graph, its optimizer, its losses, and the modules
    of all of these. Who scores a few records needs the products of its layers alone, and a process that waits for
    nothing else starts in two thirds of the time.

    Parameters
    ----------
    layers : list of ChainLayer
        The layers of the model that the file describes; they are views of its weights.
    config, arrays : mapping
        What `nnlite.serialization.model_to_parts` returned.
    label : str
        Name of the file, for errors.
    """

    def __init__(
        self, layers: list[ChainLayer], config: Mapping[str, Any], arrays: Mapping[str, Array], label: str
    ) -> None:
        self.layers = layers
        self._parts = config, arrays, label

    @property
    def input_shape(self) -> tuple[None, int]:
        """As of the model."""
        return None, len(self.layers[0].kernel)

    @property
    def output_shape(self) -> tuple[None, int]:
        """As of the model."""
        return None, self.layers[-1].kernel.shape[1]

    @property
    def is_built(self) -> bool:
        """Whether the model has been asked for: its weights may be others since."""
        return "model" in vars(self)

    @cached_property
    def model(self) -> Model:
        """The model."""
        from nnlite.models import model_from_parts
        from nnlite.random import seeded

        # Whoever asks first, in the middle of a training say, keeps the random numbers that were to come next.
        with seeded(0):
            return model_from_parts(*self._parts)
