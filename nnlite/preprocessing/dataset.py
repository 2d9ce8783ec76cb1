"""Datasets: batches of data from arrays, generators and files, with the methods of tf.data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from nnlite.eager import as_tensor
from nnlite.random import make_generator

_BUFFERED = 1000


class ArraySpec(NamedTuple):
    """Shape and dtype of an array; also `tf.TensorSpec`."""

    shape: Any = None
    dtype: Any = np.dtype("float32")
    name: str | None = None


class Dataset:
    """Elements (records, or batches of them) that can be iterated over several times.

    Every method returns a new dataset, and nothing is computed before it is iterated over.

    Parameters
    ----------
    make : callable
        Function without arguments that returns a new iterable of all elements.
    length : int, optional
        Number of elements, if it is known.

    Examples
    --------
    >>> import numpy as np
    >>> numbers = Dataset.from_tensor_slices(np.arange(5)).map(lambda x: 10 * x).batch(2)
    >>> [batch.tolist() for batch in numbers]
    [[0, 10], [20, 30], [40]]
    """

    def __init__(self, make: Callable[[], Iterable[Any]], length: int | None = None) -> None:
        self._make = make
        self._length = length

    # -- sources -------------------------------------------------------------------------------

    @classmethod
    def from_tensor_slices(cls, tensors: Any) -> Dataset:
        """Return the dataset of the rows of an array, or of tuples or dictionaries of rows."""
        arrays = _each(np.asarray, tensors)
        lengths = {len(array) for array in _leaves(arrays)}
        if len(lengths) != 1:
            raise ValueError(f"all arrays must have the same number of rows; found {sorted(lengths)}")
        (length,) = lengths
        return cls(lambda: (_row(arrays, i) for i in range(length)), length)

    @classmethod
    def from_tensors(cls, tensors: Any) -> Dataset:
        """Return the dataset of one element."""
        return cls(lambda: [_each(as_tensor, tensors)], 1)

    @classmethod
    def from_generator(cls, generator: Callable[..., Iterable[Any]], *_: Any, args: Any = (), **__: Any) -> Dataset:
        """Return the dataset of what a generator function yields; types and shapes of tf.data are not needed."""
        return cls(lambda: generator(*args))

    @classmethod
    def range(cls, *limits: int) -> Dataset:
        """Return the dataset of whole numbers, as Python's `range` has them."""
        numbers = range(*limits)
        return cls(lambda: map(as_tensor, numbers), len(numbers))

    @classmethod
    def zip(cls, *datasets: Any) -> Dataset:
        """Return the dataset of tuples of the elements of several ones."""
        several = datasets[0] if len(datasets) == 1 and isinstance(datasets[0], (list, tuple)) else datasets
        lengths = [one.length for one in several]
        return cls(lambda: zip(*several, strict=False), None if None in lengths else min(lengths))

    # -- changes -------------------------------------------------------------------------------

    def map(self, function: Callable[..., Any], *_: Any, **__: Any) -> Dataset:
        """Return the dataset of a function of every element; a tuple gives its arguments."""
        return Dataset(lambda: (_call(function, one) for one in self), self._length)

    def filter(self, function: Callable[..., Any]) -> Dataset:
        """Return the dataset of the elements for which a function is true."""
        return Dataset(lambda: (one for one in self if _call(function, one)))

    def batch(self, batch_size: int, drop_remainder: bool = False, *_: Any, **__: Any) -> Dataset:
        """Return the dataset of batches: `batch_size` elements along a new first axis; the last may be smaller."""

        def batches() -> Iterator[Any]:
            elements = iter(self)
            while len(some := list(islice(elements, batch_size))) >= (batch_size if drop_remainder else 1):
                yield _stacked(some)

        length = self._length
        if length is not None:
            length = length // batch_size if drop_remainder else -(-length // batch_size)
        return Dataset(batches, length)

    def window(self, size: int, shift: int | None = None, stride: int = 1, drop_remainder: bool = False) -> Dataset:
        """Return the dataset of windows, each a dataset of `size` elements, `stride` apart.

        Parameters
        ----------
        size : int
            Number of elements of a window.
        shift : int, optional
            Number of elements from the begin of a window to that of the next; by default `size`.
        stride : int, default 1
            Number of elements from one element of a window to the next.
        drop_remainder : bool, default False
            Whether to leave out windows at the end that are smaller.
        """

        def windows() -> Iterator[Dataset]:
            elements = list(self)
            for start in range(0, len(elements), shift or size):
                some = elements[start : start + size * stride : stride]
                if len(some) == size or not drop_remainder:
                    yield Dataset(lambda some=some: some, len(some))  # type: ignore[misc]

        return Dataset(windows)

    def flat_map(self, function: Callable[..., Iterable[Any]]) -> Dataset:
        """Return the dataset of all elements of the datasets that a function returns for each element."""

        def inner() -> Iterator[Any]:
            for one in self:
                yield from _call(function, one)

        return Dataset(inner)

    def unbatch(self) -> Dataset:
        """Return the dataset of the rows of all elements."""

        def rows() -> Iterator[Any]:
            for one in self:
                yield from Dataset.from_tensor_slices(one)

        return Dataset(rows)

    def shuffle(
        self, buffer_size: int | None = None, seed: int | None = None, reshuffle_each_iteration: bool = True
    ) -> Dataset:
        """Return the dataset in a random order: each element is drawn from a buffer of the next `buffer_size` ones."""
        size = buffer_size or _BUFFERED
        generator = make_generator(seed)
        fixed = int(generator.integers(2**63))

        def shuffled() -> Iterator[Any]:
            draw = generator if reshuffle_each_iteration else make_generator(fixed)
            elements = iter(self)
            buffer = list(islice(elements, size))
            for one in elements:
                place = int(draw.integers(len(buffer)))
                yield buffer[place]
                buffer[place] = one
            for place in draw.permutation(len(buffer)):
                yield buffer[place]

        return Dataset(shuffled, self._length)

    def repeat(self, count: int | None = None) -> Dataset:
        """Return the dataset several times in a row; without end by default."""

        def repeated() -> Iterator[Any]:
            done = 0
            while count is None or count < 0 or done < count:
                yield from self
                done += 1

        endless = count is None or count < 0
        return Dataset(repeated, None if endless or self._length is None else self._length * int(count or 0))

    def take(self, count: int) -> Dataset:
        """Return the dataset of the first elements; -1: all."""
        if count < 0:
            return self
        return Dataset(lambda: islice(self, count), None if self._length is None else min(count, self._length))

    def skip(self, count: int) -> Dataset:
        """Return the dataset without the first elements."""
        return Dataset(
            lambda: islice(self, count, None), None if self._length is None else max(self._length - count, 0)
        )

    def concatenate(self, dataset: Dataset) -> Dataset:
        """Return the dataset of the elements of this one and of another."""

        def both() -> Iterator[Any]:
            yield from self
            yield from dataset

        known = self._length is not None and dataset.length is not None
        return Dataset(both, (self._length or 0) + (dataset.length or 0) if known else None)

    def cache(self, *_: Any) -> Dataset:
        """Return the dataset that keeps its elements in memory after the first time."""
        kept: list[Any] = []

        def cached() -> Iterable[Any]:
            if not kept:
                kept.extend(self)
            return kept

        return Dataset(cached, self._length)

    def prefetch(self, *_: Any, **__: Any) -> Dataset:
        """Return the dataset itself: there is nothing to wait for."""
        return self

    def with_options(self, *_: Any) -> Dataset:
        """Return the dataset itself."""
        return self

    # -- iteration -----------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Any]:
        return iter(self._make())

    @property
    def length(self) -> int | None:
        """Number of elements, or None if it is unknown."""
        return self._length

    def __len__(self) -> int:
        if self._length is None:
            raise TypeError("the number of elements of this dataset is unknown")
        return self._length

    def cardinality(self) -> Any:
        """Return the number of elements, or -2 if it is unknown."""
        return as_tensor(-2 if self._length is None else self._length)

    @property
    def element_spec(self) -> Any:
        """Shapes and dtypes of the first element, in its tuples and mappings."""
        return _each(lambda array: ArraySpec(np.shape(array), np.asarray(array).dtype), next(iter(self)))

    def as_numpy_iterator(self) -> Iterator[Any]:
        """Return an iterator over the elements as plain arrays."""
        return (_each(np.asarray, one) for one in self)


def _call(function: Callable[..., Any], element: Any) -> Any:
    return function(*element) if isinstance(element, tuple) else function(element)


def _each(function: Callable[[Any], Any], tree: Any) -> Any:
    """Apply a function to all arrays in tuples and mappings; a list is one array."""
    if isinstance(tree, tuple):
        return tuple(_each(function, one) for one in tree)
    if isinstance(tree, Mapping):
        return {name: _each(function, one) for name, one in tree.items()}
    return function(tree)


def _row(arrays: Any, index: int) -> Any:
    return _each(lambda array: as_tensor(array[index]), arrays)


def _leaves(tree: Any) -> list[Any]:
    if isinstance(tree, tuple):
        return [leaf for one in tree for leaf in _leaves(one)]
    return [leaf for one in tree.values() for leaf in _leaves(one)] if isinstance(tree, Mapping) else [tree]


def _stacked(elements: list[Any]) -> Any:
    """Return several elements as one, with a new first axis in every array."""
    first = elements[0]
    if isinstance(first, tuple):
        return tuple(_stacked(list(column)) for column in zip(*elements, strict=True))
    if isinstance(first, Mapping):
        return {name: _stacked([one[name] for one in elements]) for name in first}
    return as_tensor(np.stack(elements))
