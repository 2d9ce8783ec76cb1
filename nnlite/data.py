"""Input conversion: from the arguments of fit and predict to checked arrays of the model's dtype, and batches."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from nnlite.types import Array, RandomGenerator, Shape
from nnlite.validation import check_value, integer

_MOST_PERMUTED = 1_000_000


def as_list(value: Any) -> list[Any]:
    """Return the elements of a list or tuple, or one object, as a list."""
    return list(value) if isinstance(value, (list, tuple)) else [value]


def by_name(value: Any, names: Sequence[str], what: str) -> list[Any]:
    """Return the arguments for several named inputs or outputs in the order of their names.

    Parameters
    ----------
    value : object, sequence or mapping
        One argument for a single name; else one per name, in order or by name.
    names : sequence of str
        Names of the model's inputs or outputs.
    what : str
        Name of the argument, for error messages: ``"x"``.
    """
    if isinstance(value, Mapping):
        if set(value) != set(names):
            raise ValueError(f"{what} must have one entry for each of {list(names)}; found {sorted(map(str, value))}")
        return [value[name] for name in names]
    if len(names) == 1:
        alone = isinstance(value, (list, tuple)) and len(value) == 1 and hasattr(value[0], "shape")
        return [value[0] if alone else value]
    if not isinstance(value, (list, tuple)) or len(value) != len(names):
        found = f"{len(value)} of them" if isinstance(value, (list, tuple)) else type(value).__name__
        raise ValueError(f"{what} must be a list of {len(names)} arrays, for {list(names)}; found {found}")
    return list(value)


def as_array(value: Any, dtype: np.dtype[Any], what: str) -> Array:
    """Convert to an array of `dtype`, without a copy if possible; nothing is dropped in silence.

    Raises
    ------
    ValueError
        If it holds no numbers, or complex ones, masked values, or is a query that has not run yet.
    """
    # There are none before their module is imported, which takes 10 ms.
    masked = sys.modules.get("numpy.ma")
    if masked is not None and masked.is_masked(value):
        raise ValueError(f"{what} has masked values: fill them with value.filled(...), or leave their rows out")
    if hasattr(value, "collect") and not hasattr(value, "__array__"):
        raise ValueError(
            f"{what} is a {type(value).__name__}, which has no values yet: pass the result of its collect()"
        )
    if hasattr(value, "fetchnumpy") and not hasattr(value, "__array__"):
        raise ValueError(f"{what} is a {type(value).__name__}, a query: pass the result of its df()")
    try:
        found = np.asarray(value)
        if found.dtype.kind == "c":
            raise ValueError("complex numbers have two parts; give value.real and value.imag as two features")
        return np.asarray(found, dtype)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{what} must be an array of numbers; found {type(value).__name__} that cannot be "
            f"converted to {dtype.name}: {error}"
        ) from error


def check_shape(array: Array, shape: Shape, what: str) -> Array:
    """Return `array` if it has the expected shape; add a missing last axis of size 1.

    Raises
    ------
    ValueError
        If it has another shape.
    """
    if array.ndim == len(shape) - 1 and shape[-1] == 1 and array.ndim > 0:
        array = array[..., np.newaxis]
    fits = array.ndim == len(shape) and all(
        expected is None or expected == found for expected, found in zip(shape[1:], array.shape[1:], strict=True)
    )
    if not fits:
        sizes = ", ".join("rows" if i == 0 else str(size) for i, size in enumerate(shape))
        raise ValueError(f"{what} must have shape ({sizes}); found {array.shape}")
    return array


class Batch(NamedTuple):
    """Rows of inputs, targets and sample weights for one step of training."""

    x: list[Array]
    y: list[Array]
    sample_weight: list[Array | None]
    n_rows: int


class Data:
    """Arrays for training or evaluation: inputs, targets and sample weights."""

    def __init__(self, x: list[Array], y: list[Array], sample_weight: list[Array | None]) -> None:
        self.x, self.y, self.sample_weight = x, y, sample_weight
        lengths = {len(array) for array in [*self.x, *self.y]}
        if len(lengths) > 1:
            raise ValueError(
                "x and y must have the same number of rows; found "
                f"{[len(a) for a in self.x]} in x and {[len(a) for a in self.y]} in y"
            )
        if not self.n_rows:
            raise ValueError("x has no rows; training and evaluation need at least one")
        for weight in self.sample_weight:
            if weight is not None and (weight.ndim == 0 or len(weight) != self.n_rows):
                raise ValueError(
                    f"sample_weight must have one value per row ({self.n_rows}); found shape {weight.shape}"
                )

    @property
    def n_rows(self) -> int:
        """Number of records."""
        return len(self.x[0])

    def rows(self, index: slice | Array) -> Batch:
        """Return some of the rows. An array that is both input and target is read once."""
        taken: dict[int, Array] = {}

        def take(array: Array) -> Array:
            return taken.setdefault(id(array), array[index])

        return Batch(
            [take(array) for array in self.x],
            [take(array) for array in self.y],
            [None if weight is None else take(weight) for weight in self.sample_weight],
            len(take(self.x[0])),
        )

    def order(self, shuffle: RandomGenerator | None) -> Array | None:
        """Return a random order of the rows; None without a generator."""
        return None if shuffle is None else self._shuffled(shuffle, 1)[0]

    def orders(self, shuffle: RandomGenerator | None, epochs: int) -> Array | None:
        """Return the orders of several epochs, equal to those of as many calls of `order`."""
        return None if shuffle is None else self._shuffled(shuffle, epochs)

    def _shuffled(self, shuffle: RandomGenerator, times: int) -> Array:
        # Small integers where possible: nothing else here takes memory per row.
        dtype = np.int32 if self.n_rows < 2**31 else np.int64
        orders = np.empty((times, self.n_rows), dtype)
        for order in orders:
            if self.n_rows <= _MOST_PERMUTED:
                order[:] = shuffle.permutation(self.n_rows)
            else:  # slower, but without a copy
                order[:] = np.arange(self.n_rows, dtype=dtype)
                shuffle.shuffle(order)
        return orders

    def batches(self, batch_size: int, shuffle: RandomGenerator | None) -> Iterator[Batch]:
        """Yield all rows once, in order or shuffled; the last batch may be smaller."""
        order = self.order(shuffle)
        for start in range(0, self.n_rows, batch_size):
            place = slice(start, start + batch_size)
            yield self.rows(place if order is None else order[place])

    def split(self, fraction: float) -> tuple[Data, Data]:
        """Split off the last `fraction` of the rows.

        Raises
        ------
        ValueError
            If either part would be empty.
        """
        first = int(self.n_rows * (1 - fraction))
        if not 0 < first < self.n_rows:
            raise ValueError(
                f"validation_split={fraction} of {self.n_rows} rows leaves {first} to train on and "
                f"{self.n_rows - first} to validate on; both need at least one. The number to train on is "
                f"{self.n_rows} * (1 - {fraction}), rounded down as in Keras"
            )
        batches = [self.rows(slice(0, first)), self.rows(slice(first, None))]
        train, validation = (Data(batch.x, batch.y, batch.sample_weight) for batch in batches)
        return train, validation


def weights_of_classes(y: Array, class_weight: Mapping[int, float]) -> Array:
    """Return the weight of each row's class.

    Parameters
    ----------
    y : ndarray
        Class numbers, of shape (rows,) or (rows, 1), or one-hot rows.
    class_weight : mapping of int to float
        Weight of each class number; 1 for a class without an entry.

    Returns
    -------
    ndarray of shape (rows,)
        Weights.

    Raises
    ------
    ValueError
        If y has no class for each row, or is unknown (NaN) in one.

    Examples
    --------
    >>> weights_of_classes(np.array([0.0, 1.0, 1.0]), {1: 5.0}).tolist()
    [1.0, 5.0, 5.0]
    """
    unknown = np.isnan(y).any(axis=tuple(range(1, y.ndim)))
    if unknown.any():
        raise ValueError(f"class_weight needs a class for every row; found y of NaN in row {unknown.argmax()}")
    if y.ndim > 1:
        y = y.argmax(axis=-1) if y.shape[-1] > 1 else y[..., 0]
    if y.ndim != 1:
        raise ValueError(f"class_weight needs one class per row; found y of shape {y.shape}")
    numbers = np.rint(y).astype(np.int64)
    weights: Array = np.ones(len(numbers), y.dtype if y.dtype.kind == "f" else np.float32)
    for number, weight in class_weight.items():
        weights[numbers == number] = weight
    return weights


def check_batch_size(batch_size: int | None, default: int) -> int:
    """Return a valid batch size, or the default for None."""
    if batch_size is None:
        return default
    check_value("batch_size", batch_size, integer(least=1))
    return int(batch_size)
