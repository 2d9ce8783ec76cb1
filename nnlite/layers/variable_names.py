"""The names of weights in Keras, for layers and models alike."""

from __future__ import annotations

from nnlite.weights import Weight


class VariableNames:
    """Weights under the names `variables`, `trainable_variables` and `non_trainable_variables`."""

    @property
    def weights(self) -> list[Weight]:
        """All weights."""
        raise NotImplementedError(f"{type(self).__name__} does not define weights")

    @property
    def trainable_weights(self) -> list[Weight]:
        """The weights that training changes."""
        raise NotImplementedError(f"{type(self).__name__} does not define trainable_weights")

    @property
    def non_trainable_weights(self) -> list[Weight]:
        """The weights that training does not change."""
        raise NotImplementedError(f"{type(self).__name__} does not define non_trainable_weights")

    @property
    def variables(self) -> list[Weight]:
        """The weights, under their name in Keras."""
        return self.weights

    @property
    def trainable_variables(self) -> list[Weight]:
        """The weights that training changes, under their name in Keras."""
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Weight]:
        """The weights that training does not change, under their name in Keras."""
        return self.non_trainable_weights
