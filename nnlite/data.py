"""The door: what users pass to fit and predict becomes arrays of the model's dtype, checked, and batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnlite.types import Array, RandomGenerator, Shape

_FEW = 1_000_000


def as_list(value: Any) -> list[Any]:
    """Return a list of one thing, or of the things in a list or tuple."""
    return list(value) if isinstance(value, (list, tuple)) else [value]


def by_name(value: Any, names: Sequence[str], what: str) -> list[Any]:
    """Put what was passed for several named inputs or outputs in their order.

    Parameters
    ----------
    value : object, sequence or mapping
        One thing for a single name; else one per name, in order or by name.
    names : sequence of str
        The model's inputs or outputs.
    what : str
        For error messages: ``"x"``.
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
    """Convert to an array of `dtype`, copying only when that is needed."""
    try:
        return np.asarray(value, dtype)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{what} must be an array of numbers; found {type(value).__name__} that cannot be "
            f"converted to {dtype.name}: {error}"
        ) from error


def check_shape(array: Array, shape: Shape, what: str) -> Array:
    """Return `array` if it has the shape the model expects (adding a last axis of 1 where that is all it lacks).

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


@dataclass
class Batch:
    """Some rows of everything a training step needs."""

    x: list[Array]
    y: list[Array]
    sample_weight: list[Array | None]
    n_rows: int


@dataclass
class Data:
    """The arrays of a fit or an evaluation: one per input, per output, and their weights."""

    x: list[Array]
    y: list[Array]
    sample_weight: list[Array | None]

    def __post_init__(self) -> None:
        lengths = {len(array) for array in [*self.x, *self.y]}
        if len(lengths) > 1:
            raise ValueError(
                "x and y must have the same number of rows; found "
                f"{[len(a) for a in self.x]} in x and {[len(a) for a in self.y]} in y"
            )
        if not self.n_rows:
            raise ValueError("x has no rows: there is nothing to train on or to score")
        for weight in self.sample_weight:
            if weight is not None and (weight.ndim == 0 or len(weight) != self.n_rows):
                raise ValueError(
                    f"sample_weight must have one value per row ({self.n_rows}); found shape {weight.shape}"
                )

    @property
    def n_rows(self) -> int:
        """Number of records."""
        return len(self.x[0])

    def rows(self, chosen: slice | Array) -> Batch:
        """Take some rows. An array that is both input and target is read once."""
        taken: dict[int, Array] = {}

        def take(array: Array) -> Array:
            return taken.setdefault(id(array), array[chosen])

        return Batch(
            [take(array) for array in self.x],
            [take(array) for array in self.y],
            [None if weight is None else take(weight) for weight in self.sample_weight],
            len(take(self.x[0])),
        )

    def order(self, shuffle: RandomGenerator | None) -> Array | None:
        """Return a new order of the rows; None for that in which they are."""
        return None if shuffle is None else self._shuffled(shuffle, 1)[0]

    def orders(self, shuffle: RandomGenerator | None, epochs: int) -> Array | None:
        """Return the orders of several epochs, the same that as many calls of `order` would give."""
        return None if shuffle is None else self._shuffled(shuffle, epochs)

    def _shuffled(self, shuffle: RandomGenerator, times: int) -> Array:
        # Small integers where they do: the orders of many rows are the one thing here that takes memory by the row.
        dtype = np.int32 if self.n_rows < 2**31 else np.int64
        orders = np.empty((times, self.n_rows), dtype)
        for order in orders:
            if self.n_rows <= _FEW:
                order[:] = shuffle.permutation(self.n_rows)
            else:  # slower, but in place
                order[:] = np.arange(self.n_rows, dtype=dtype)
                shuffle.shuffle(order)
        return orders

    def batches(self, batch_size: int, shuffle: RandomGenerator | None) -> Iterator[Batch]:
        """Yield all rows once, in order or shuffled; the last batch may be short."""
        order = self.order(shuffle)
        for start in range(0, self.n_rows, batch_size):
            place = slice(start, start + batch_size)
            yield self.rows(place if order is None else order[place])

    def split(self, share: float) -> tuple[Data, Data]:
        """Cut off the last `share` of the rows.

        Raises
        ------
        ValueError
            If either part would be empty.
        """
        first = int(self.n_rows * (1 - share))
        if not 0 < first < self.n_rows:
            raise ValueError(
                f"validation_split={share} of {self.n_rows} rows leaves {first} to train on and "
                f"{self.n_rows - first} to validate on; both need at least one"
            )
        parts = [self.rows(slice(0, first)), self.rows(slice(first, None))]
        train, validation = (Data(part.x, part.y, part.sample_weight) for part in parts)
        return train, validation


def weights_of_classes(y: Array, class_weight: Mapping[int, float]) -> Array:
    """Give each row the weight of its class.

    Parameters
    ----------
    y : ndarray
        Class numbers, of shape (rows,) or (rows, 1), or one-hot rows.
    class_weight : mapping of int to float
        Class number to weight; 1 for a class it does not name.

    Returns
    -------
    ndarray of shape (rows,)
        The weights.

    Examples
    --------
    >>> weights_of_classes(np.array([0.0, 1.0, 1.0]), {1: 5.0}).tolist()
    [1.0, 5.0, 5.0]
    """
    if y.ndim > 1:
        y = y.argmax(axis=-1) if y.shape[-1] > 1 else y[..., 0]
    if y.ndim != 1:
        raise ValueError(f"class_weight needs one class a row; found y with {y.shape} of them")
    numbers = np.rint(y).astype(np.int64)
    weights: Array = np.ones(len(numbers), y.dtype if y.dtype.kind == "f" else np.float32)
    for number, weight in class_weight.items():
        weights[numbers == number] = weight
    return weights


def check_batch_size(batch_size: int | None, default: int) -> int:
    """Return a usable batch size."""
    if batch_size is None:
        return default
    if isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
        raise ValueError(f"batch_size must be a whole number of at least 1; found {batch_size!r}")
    return int(batch_size)
