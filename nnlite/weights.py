"""Weights, and the one vector that all weights of a model live in.

A layer sees its kernel as a matrix and its bias as a vector. The model sees one long vector: the kernel and the bias
are *views* into it, so that writing to either writes to both. The gradient has the same form.
An optimizer is then one loop over two vectors, saving is writing one array, and averaging two models is one addition.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from nnlite.initializers import Initializer
from nnlite.memory import aligned_zeros
from nnlite.random import global_generator
from nnlite.regularizers import Regularizer
from nnlite.types import Array


class Weight:
    """One array that a layer learns (or keeps, as batch normalization keeps its averages).

    Declaring a weight takes no memory: its array is made when it is first read, or when a model
    gathers its weights into one vector. A file can therefore be checked against the sizes its
    configuration asks for before any of that memory is taken.

    Parameters
    ----------
    name : str
        What the layer calls it: ``"kernel"``.
    shape : tuple of int
        Shape of the array.
    dtype : numpy.dtype
        float32 or float64.
    initializer : Initializer
        Where the first values come from.
    regularizer : Regularizer, optional
        Penalty on the values that joins the loss.
    trainable : bool, default True
        Whether the optimizer changes it.

    Attributes
    ----------
    learned : bool
        Whether it is of the kind that training changes through its gradient, frozen or not.
    """

    volatile: ClassVar[tuple[str, ...]] = ("_value", "_gradient", "initializer")
    """Compiled programs ask the vector where arrays are, and how they began is past; see
    `nnlite.engine.runtime.staleness`."""

    def __init__(
        self,
        name: str,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        initializer: Initializer,
        regularizer: Regularizer | None = None,
        trainable: bool = True,
    ) -> None:
        self.name = name
        self.shape = shape
        self.dtype = dtype
        self.initializer = initializer
        self.regularizer = regularizer
        self.learned = trainable
        self.trainable = trainable
        self._value: Array | None = None
        self._gradient: Array | None = None

    @property
    def size(self) -> int:
        """Number of values."""
        return math.prod(self.shape)

    @property
    def value(self) -> Array:
        """The array itself; write to it in place (``weight.value[...] = new``)."""
        if self._value is None:
            self._value = self.initializer(self.shape, self.dtype, global_generator())
        return self._value

    @property
    def alone(self) -> bool:
        """Whether the array is the weight's own, and no part of a vector."""
        return self._value is None or self._value.base is None

    @property
    def gradient(self) -> Array:
        """Derivative of the loss by each value, written by the layer's backward pass."""
        if self._gradient is None:
            self._gradient = np.zeros(self.shape, self.dtype)
        return self._gradient

    def assign(self, values: Array) -> None:
        """Copy `values` in, checking the shape."""
        values = np.asarray(values)
        if values.shape != self.shape:
            raise ValueError(f"weight {self.name!r} has shape {self.shape}; found values of shape {values.shape}")
        self.value[...] = values

    def move_to(self, value: Array, gradient: Array | None) -> None:
        """Let the weight live in `value` (and `gradient`), arrays of its own shape."""
        self._value = value
        self._gradient = gradient

    def numpy(self) -> Array:
        """Return a copy of the values."""
        return self.value.copy()

    def __repr__(self) -> str:
        return f"Weight({self.name!r}, shape={self.shape}, dtype={self.dtype.name})"


class WeightVector:
    """All weights of a model, end to end: those that train first, the others after them.

    Parameters
    ----------
    weights : sequence of Weight
        The weights to gather. Each is moved: its array becomes a view into `values`.
    values : ndarray, optional
        Values to start from, in the order of `weights`; by default those that the weights have.
    moves : bool, default True
        Whether the weights come to live here. Otherwise the vector is a copy of what they are now.
    frozen : bool, default False
        Whether the model as a whole is frozen: then none of its weights train, whatever their layers say.
    dtype : dtype, default float32
        Of a vector of no weights; else it is theirs.

    Attributes
    ----------
    values : ndarray, shape (n_weights,)
        The vector.
    n_trainable : int
        How many of its first values an optimizer may change.
    layout : list of (str, slice)
        Name and place of each trainable weight.

    Raises
    ------
    ValueError
        If the weights are of different dtypes, or `values` of another size.
    """

    def __init__(
        self,
        weights: Sequence[Weight],
        values: Array | None = None,
        *,
        moves: bool = True,
        frozen: bool = False,
        dtype: DTypeLike = np.float32,
    ) -> None:
        dtypes = {weight.dtype for weight in weights} or {np.dtype(dtype)}
        if len(dtypes) > 1:
            names = ", ".join(sorted(dtype.name for dtype in dtypes))
            raise ValueError(
                f"all layers of a model must have one dtype; found {names}. "
                "Give every layer the same dtype=, or use nnlite.config.set_floatx"
            )
        self._weights = list(weights)
        self._trainable_flags = _flags(weights, frozen)
        size = sum(weight.size for weight in weights)
        if values is not None and values.shape != (size,):
            raise ValueError(f"the model has {size:,} weights; found {values.size:,} values of shape {values.shape}")
        # Fresh weights are drawn before the vector exists, in the layers' order, so that a seed
        # gives the same weights whichever of them are frozen.
        starts = [weight.value for weight in weights] if values is None else _split(weights, values)
        self.values = aligned_zeros(size, dtypes.pop())
        self._gradients: Array | None = None
        self._places = self._assign_places()
        for weight, place, start in zip(self._weights, self._places, starts, strict=True):
            view = self.values[place].reshape(weight.shape)
            view[...] = start
            if moves:
                weight.move_to(view, None)

    def _assign_places(self) -> list[slice]:
        places: dict[int, slice] = {}
        self.layout: list[tuple[str, slice]] = []
        position = 0
        for trainable in (True, False):
            for weight, flag in zip(self._weights, self._trainable_flags, strict=True):
                if flag is trainable:
                    place = slice(position, position + weight.size)
                    places[id(weight)] = place
                    position = place.stop
                    if trainable:
                        self.layout.append((weight.name, place))
            if trainable:
                self.n_trainable = position
        self._place_by_weight = places
        return [places[id(weight)] for weight in self._weights]

    @property
    def gradients(self) -> Array:
        """The gradient vector; made at its first use, so that a model that only predicts has none."""
        if self._gradients is None:
            self._gradients = aligned_zeros(self.values.size, self.values.dtype)
            for weight, place in zip(self._weights, self._places, strict=True):
                weight.move_to(weight.value, self._gradients[place].reshape(weight.shape))
        return self._gradients

    def place_of(self, weight: Weight) -> slice:
        """Return where in the vector a weight is."""
        return self._place_by_weight[id(weight)]

    def trained_places(self) -> list[tuple[Weight, slice]]:
        """Return the weights that train, each with its place."""
        flagged = zip(self._weights, self._trainable_flags, strict=True)
        return [(weight, self.place_of(weight)) for weight, flag in flagged if flag]

    def keeps(self, weights: Sequence[Weight]) -> bool:
        """Tell whether all `weights` live here, in whatever order, frozen or not: enough for who only reads them."""
        return all(
            id(weight) in self._place_by_weight and (weight.size == 0 or weight.value.base is self.values.base)
            for weight in weights
        )

    def copy_in(self) -> None:
        """Copy what the weights are now, wherever they live."""
        for weight, place in zip(self._weights, self._places, strict=True):
            self.values[place] = weight.value.ravel()

    def holds(self, weights: Sequence[Weight], frozen: bool = False) -> bool:
        """Tell whether all `weights` still live here, in the right order, frozen or not as before.

        A layer may be part of several models: each moves the weights to its own vector when it
        needs them there, and the others notice by asking this.
        """
        return (
            len(weights) == len(self._weights)
            and _flags(weights, frozen) == self._trainable_flags
            and all(
                weight is own and (weight.size == 0 or weight.value.base is self.values.base)
                for weight, own in zip(weights, self._weights, strict=True)
            )
        )


def _flags(weights: Sequence[Weight], frozen: bool) -> list[bool]:
    return [weight.trainable and not frozen for weight in weights]


def _split(weights: Sequence[Weight], values: Array) -> list[Array]:
    ends = np.cumsum([weight.size for weight in weights])
    parts = np.split(values, ends[:-1]) if len(weights) else []
    return [part.reshape(weight.shape) for part, weight in zip(parts, weights, strict=True)]


def flatten(weights: Sequence[Weight]) -> Array:
    """Return copies of the values of `weights`, end to end, in their order."""
    if not weights:
        return np.zeros(0, np.float32)
    return np.concatenate([weight.value.ravel() for weight in weights])
