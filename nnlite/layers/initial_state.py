"""Layers with an initial state: recurrent layers and wrappers of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite.eager import as_tensor, masks_of, with_masks
from nnlite.graph import is_symbolic
from nnlite.layers.base import Layer
from nnlite.types import Array


class TakesInitialState(Layer):
    """A layer that takes a series, or a list of a series and initial states."""

    takes_mask = True

    def forward(self, x: Any, training: bool = False, mask: Any = None) -> tuple[Any, Any]:
        """Compute the output, without the masked steps."""
        raise NotImplementedError(f"{type(self).__name__} does not define forward(x, training, mask)")

    @property
    def _takes_list(self) -> bool:
        # One tensor, or a list of it and the initial states.
        return True

    def __call__(  # type: ignore[override]
        self, inputs: Any, initial_state: Any = None, mask: Array | None = None, training: bool = False
    ) -> Any:
        """Add the layer to a graph, or apply it to arrays.

        Parameters
        ----------
        inputs : SymbolicTensor or ndarray, shape (rows, steps, features), or a list of it and the initial states
            See `Layer`.
        initial_state : SymbolicTensor or ndarray, shape (rows, units), or a list of them, optional
            Initial state; zeros by default.
        mask : ndarray of bool, shape (rows, steps), optional
            True for valid steps, if `inputs` are arrays. In a graph, masks come from `Masking`.
        training : bool, default False
            Whether to apply dropout.

        Raises
        ------
        ValueError
            If a shape doesn't fit, or a mask is given in a graph.
        """
        if initial_state is not None:
            states = initial_state if isinstance(initial_state, (list, tuple)) else [initial_state]
            inputs = [inputs, *states]
        if not is_symbolic(inputs):
            return self._apply(inputs, training, mask)
        self._check_no_mask_in_graph(mask)
        return super().__call__(list(inputs) if isinstance(inputs, tuple) else inputs, training)

    def _apply(self, inputs: Any, training: bool, mask: Array | None) -> Any:
        several = isinstance(inputs, (list, tuple)) and all(isinstance(one, np.ndarray) for one in inputs)
        arrays = [np.asarray(one, self.dtype) for one in (inputs if several else [inputs])]
        self.build([array.shape for array in arrays])
        carried = masks_of(inputs[0] if isinstance(inputs, (list, tuple)) else inputs)
        valid = carried if mask is None else self._checked_mask(mask, arrays[0])
        y = self.forward(arrays if several else arrays[0], training, mask=valid)[0]
        return with_masks(as_tensor(y), self.compute_mask(arrays, valid, y))
