"""Embeddings: a vector for each whole number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnlite import initializers, regularizers
from nnlite.initializers import Initializer
from nnlite.layers.arguments import check_size, set_constraints
from nnlite.layers.base import Layer
from nnlite.registry import serialize, serialize_optional
from nnlite.regularizers import Regularizer
from nnlite.types import Array, Shape


class Embedding(Layer):
    r"""Look up a vector for each whole number, such as the number of a word or a category.

    With a table E of one row for each number:

    .. math:: y_{i} = E_{x_i}, \qquad dE_k = \sum_{i:\, x_i = k} dy_i

    It equals a `Dense` layer on one-hot vectors, without their multiplications with 0. The numbers themselves have no
    derivative.

    Parameters
    ----------
    input_dim : int
        Number of rows of the table: numbers are from 0 to ``input_dim - 1``.
    output_dim : int
        Size of the vectors.
    embeddings_initializer : str or Initializer, default "uniform"
        Initial values of E.
    embeddings_regularizer : str or Regularizer, optional
        Penalty on E.
    embeddings_constraint : str, Constraint or callable, optional
        Constraint on the vectors after every update; see `nnlite.constraints`.
    mask_zero : bool, default False
        Whether 0 is padding, which the next layers leave out.
    weights : list of one array, optional
        Initial table.
    input_length : int, optional
        Accepted for compatibility with Keras.
    **settings
        See `Layer`.

    Raises
    ------
    ValueError
        When called with a number that is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Embedding
    >>> table = np.array([[0.0, 0.0], [1.0, 2.0]])
    >>> Embedding(2, 2, weights=[table])(np.array([[1, 0]])).tolist()
    [[[1.0, 2.0], [0.0, 0.0]]]
    """

    supports_masking = False

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: str | Initializer = "uniform",
        embeddings_regularizer: str | Regularizer | None = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Sequence[Array] | None = None,
        *,
        input_length: int | None = None,
        **settings: Any,
    ) -> None:
        if input_length is not None and settings.get("input_shape") is None:
            settings["input_shape"] = (input_length,)
        super().__init__(**settings)
        set_constraints(self, embeddings_constraint=embeddings_constraint)
        self.input_dim, self.output_dim = (
            check_size(self, "input_dim", input_dim),
            check_size(self, "output_dim", output_dim),
        )
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.mask_zero = mask_zero
        self._initial = weights

    def build(self, input_shape: Shape) -> Shape:
        """Declare E."""
        first = not self.weights
        self.embeddings = self.add_weight(
            "embeddings", (self.input_dim, self.output_dim), self.embeddings_initializer, self.embeddings_regularizer
        )
        if first and self._initial is not None:
            self.set_weights(self._initial)
        return (*input_shape, self.output_dim)

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Look up the vectors."""
        numbers = x.astype(np.int64)
        if numbers.size and not 0 <= numbers.min() <= numbers.max() < self.input_dim:
            raise ValueError(
                f"layer {self.name!r}: numbers must be from 0 to {self.input_dim - 1}; found {numbers.min()} to "
                f"{numbers.max()}"
            )
        return self.embeddings.value[numbers], numbers

    def backward(self, dy: Array, cache: Any) -> None:
        """Write dE: the sum of dy over the places of each number. There is no dx."""
        gradient = np.zeros(self.embeddings.shape, dy.dtype)
        np.add.at(gradient, cache.ravel(), dy.reshape(-1, self.output_dim))
        self.embeddings.gradient[...] = gradient

    def compute_mask(self, x: Array, mask: Any = None, y: Any = None) -> Any:
        """Return True for every number but 0 with `mask_zero`."""
        return x != 0 if self.mask_zero else super().compute_mask(x, mask, y)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "input_dim": self.input_dim,
            "output_dim": self.output_dim,
            "embeddings_initializer": serialize(self.embeddings_initializer),
            "embeddings_regularizer": serialize_optional(self.embeddings_regularizer),
            "mask_zero": self.mask_zero,
        }
