"""Weights of layers, and the vector of all weights of a model.

To a layer its kernel is a matrix and its bias a vector. To the model all weights are one vector: kernels and biases are
*views* of parts of it, with the same memory. The gradient has the same form. So an optimizer is one loop over two
vectors, saving means writing one array, and averaging two models is one addition.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from nnlite.eager import as_tensor
from nnlite.initializers import Initializer
from nnlite.memory import aligned_zeros
from nnlite.random import global_generator
from nnlite.regularizers import Regularizer
from nnlite.types import Array
from nnlite.weight_operators import WeightOperators

if TYPE_CHECKING:
    from numpy.typing import DTypeLike


class Weight(WeightOperators):
    """An array of a layer that training changes, such as a kernel or a moving average.

    The declaration of a weight allocates no memory: the array is created on first access, or with the weight vector of
    a model. So a file can be checked against the sizes in its configuration before any memory is allocated.

    Parameters
    ----------
    name : str
        Name in the layer: ``"kernel"``.
    shape : tuple of int
        Shape of the array.
    dtype : numpy.dtype
        float32 or float64.
    initializer : Initializer
        Source of the initial values.
    regularizer : Regularizer, optional
        Penalty on the values that is added to the loss.
    trainable : bool, default True
        Whether the optimizer changes the values.

    Attributes
    ----------
    path : str
        The name, under the attribute that Keras has for the names of layer and weight.
    constraint : callable, optional
        Function of the values, which are replaced by its result after every update; see `nnlite.constraints`.
    learned : bool
        Whether the weight has a gradient, frozen or not; a moving average has none.
    """

    volatile: ClassVar[tuple[str, ...]] = ("_value", "_gradient", "initializer", "as_layer")
    """Attributes that compiled programs need not compare: the vector says where arrays are, and the initializer has no
    further effect; see `nnlite.engine.runtime.staleness`."""

    def __init__(
        self,
        name: str,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        initializer: Initializer,
        regularizer: Regularizer | None = None,
        trainable: bool = True,
    ) -> None:
        self.name = self.path = name
        self.shape = shape
        self.dtype = dtype
        self.initializer = initializer
        self.regularizer = regularizer
        self.constraint: Callable[[Array], Array] | None = None
        self.learned = trainable
        self.trainable = trainable
        self.as_layer: Any = None
        self._value: Array | None = None
        self._gradient: Array | None = None

    @property
    def size(self) -> int:
        """Number of values."""
        return math.prod(self.shape)

    @property
    def value(self) -> Array:
        """The array; assign to it in place (``weight.value[...] = new``)."""
        if self._value is None:
            self._value = self.initializer(self.shape, self.dtype, global_generator())
        return self._value

    @property
    def alone(self) -> bool:
        """Whether the array is not a part of a weight vector."""
        return self._value is None or self._value.base is None

    @property
    def gradient(self) -> Array:
        """Derivative of the loss with respect to each value, written by the layer's backward pass."""
        if self._gradient is None:
            self._gradient = np.zeros(self.shape, self.dtype)
        return self._gradient

    def assign(self, values: Array) -> None:
        """Copy values of the same shape into the array."""
        values = np.asarray(values)
        if values.shape != self.shape:
            raise ValueError(f"weight {self.name!r} has shape {self.shape}; found values of shape {values.shape}")
        self.value[...] = values

    def move_to(self, value: Array, gradient: Array | None) -> None:
        """Replace the arrays of the value and of the gradient by others of the same shape."""
        self._value = value
        self._gradient = gradient

    def __getitem__(self, key: Any) -> Any:
        """Return a part of the values, with the method `numpy`; in a method ``call``, of the tensor."""
        tensor = self.as_tensor()
        return as_tensor(tensor[key].copy()) if isinstance(tensor, np.ndarray) else tensor[key]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        """Return a copy of the values."""
        del copy
        return np.array(self.value, dtype)

    def numpy(self) -> Array:
        """Return a copy of the values."""
        return self.value.copy()

    def __repr__(self) -> str:
        return f"Weight({self.name!r}, shape={self.shape}, dtype={self.dtype.name})"


class WeightVector:
    """All weights of a model in one vector, trainable ones first.

    Parameters
    ----------
    weights : sequence of Weight
        Weights, whose arrays become views of the vector.
    values : ndarray, optional
        Initial values in the order of `weights`; by default the current values.
    moves : bool, default True
        Whether the arrays of the weights become views. Otherwise the vector is a copy of the current values.
    frozen : bool, default False
        Whether the whole model is frozen, so that no weight is trainable.
    dtype : dtype, default float32
        Dtype of a vector without weights; else theirs is used.

    Attributes
    ----------
    values : ndarray, shape (n_weights,)
        The vector.
    n_trainable : int
        Number of trainable values, the first ones of the vector.
    layout : list of (str, slice)
        Name and slice of each trainable weight.

    Raises
    ------
    ValueError
        If the weights have different dtypes, or `values` has another size.
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
        # Initial values are drawn in the order of the layers, so that a seed gives the same weights whichever of them
        # are frozen.
        initial = [weight.value for weight in weights] if values is None else _split(weights, values)
        self.values = aligned_zeros(size, dtypes.pop())
        self._gradients: Array | None = None
        self._places = self._assign_places()
        for weight, place, array in zip(self._weights, self._places, initial, strict=True):
            view = self.values[place].reshape(weight.shape)
            view[...] = array
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
        """The gradient vector, allocated on first access: a model that only predicts needs none."""
        if self._gradients is None:
            self._gradients = aligned_zeros(self.values.size, self.values.dtype)
            for weight, place in zip(self._weights, self._places, strict=True):
                weight.move_to(weight.value, self._gradients[place].reshape(weight.shape))
        return self._gradients

    def place_of(self, weight: Weight) -> slice:
        """Return the slice of a weight."""
        return self._place_by_weight[id(weight)]

    def trained_places(self) -> list[tuple[Weight, slice]]:
        """Return the trainable weights, each with its slice."""
        flagged = zip(self._weights, self._trainable_flags, strict=True)
        return [(weight, self.place_of(weight)) for weight, flag in flagged if flag]

    def is_whole(self) -> bool:
        """Return whether the arrays of all its own weights are views of it."""
        base = self.values.base
        return all(weight.value.base is base or weight.size == 0 for weight in self._weights)

    def keeps(self, weights: Sequence[Weight]) -> bool:
        """Return whether the arrays of all `weights` are views of the vector, in any order, frozen or not."""
        return all(
            id(weight) in self._place_by_weight and (weight.size == 0 or weight.value.base is self.values.base)
            for weight in weights
        )

    def copy_in(self) -> None:
        """Copy the current values of the weights into the vector."""
        for weight, place in zip(self._weights, self._places, strict=True):
            self.values[place] = weight.value.ravel()

    def holds(self, weights: Sequence[Weight], frozen: bool = False) -> bool:
        """Return whether the arrays of all `weights` are still views of the vector, with the same order and flags.

        A layer may belong to several models. Each moves the weights to its own vector when it needs them, and the
        others detect that by this method.
        """
        return (
            len(weights) == len(self._weights)
            and _flags(weights, frozen) == self._trainable_flags
            and all(
                weight is own and (weight.size == 0 or weight.value.base is self.values.base)
                for weight, own in zip(weights, self._weights, strict=True)
            )
        )


def constrain(weights: Sequence[Weight]) -> None:
    """Replace the values of weights by what their constraints make of them."""
    for weight in weights:
        if weight.constraint is not None:
            weight.value[...] = weight.constraint(weight.value)


def _flags(weights: Sequence[Weight], frozen: bool) -> list[bool]:
    return [weight.trainable and not frozen for weight in weights]


def _split(weights: Sequence[Weight], values: Array) -> list[Array]:
    ends = np.cumsum([weight.size for weight in weights])
    parts = np.split(values, ends[:-1]) if len(weights) else []
    return [part.reshape(weight.shape) for part, weight in zip(parts, weights, strict=True)]


def flatten(weights: Sequence[Weight]) -> Array:
    """Return the values of `weights` in their order, concatenated to one vector."""
    if not weights:
        return np.zeros(0, np.float32)
    return np.concatenate([weight.value.ravel() for weight in weights])
