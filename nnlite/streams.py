"""Streams of batches: generators, datasets and other iterables in place of arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np

from nnlite.data import Data
from nnlite.types import RandomGenerator


def is_stream(x: Any) -> bool:
    """Return whether `x` gives batches: a generator, a dataset, a `PyDataset` or another iterable that is no array.

    Examples
    --------
    >>> import numpy as np
    >>> is_stream(iter([])), is_stream(np.zeros(3)), is_stream([1.0, 2.0])
    (True, False, False)
    """
    if x is None or isinstance(x, (np.ndarray, list, tuple, Mapping, str, bytes)):
        return False
    if hasattr(x, "__array__") or hasattr(x, "shape"):
        return False
    return hasattr(x, "__iter__") or (hasattr(x, "__getitem__") and hasattr(x, "__len__"))


def parts_of(batch: Any) -> tuple[Any, Any, Any]:
    """Return x, y and sample weights of a batch; those that it lacks are None."""
    if isinstance(batch, (tuple, list)):
        if not 1 <= len(batch) <= 3:
            raise ValueError(f"a batch must be x, (x, y) or (x, y, sample_weight); found {len(batch)} parts")
        x, y, weight = (*batch, None, None)[:3]
        return x, y, weight
    return batch, None, None


class Stream:
    """Batches of one source, epoch by epoch.

    Parameters
    ----------
    source : iterable, or object with `__getitem__` and `__len__`
        Source of batches. A generator is read on; others begin anew with each epoch, or, with `steps`, when they end.
    steps : int, optional
        Batches of an epoch; by default all of the source.
    shuffle : numpy.random.Generator, optional
        Source of the order of batches that are read by their numbers.
    """

    def __init__(self, source: Any, steps: int | None = None, shuffle: RandomGenerator | None = None) -> None:
        self.source = source
        self.steps = steps
        self._shuffle = shuffle
        self._by_number = hasattr(source, "__getitem__") and hasattr(source, "__len__")
        self._read_on = hasattr(source, "__next__")
        self._iterator: Iterator[Any] | None = None
        self._first: list[Any] = []

    def __len__(self) -> int:
        """Return the number of batches of an epoch; 0 if it is unknown."""
        if self.steps is not None:
            return self.steps
        try:
            return len(self.source)
        except TypeError:
            return 0

    def first(self) -> Any:
        """Return the first batch, which the next epoch begins with.

        Raises
        ------
        ValueError
            If there is none.
        """
        if not self._first:
            self._iterator = self._begin()
            self._first = list(islice(self._iterator, 1))
        if not self._first:
            raise ValueError(
                f"{type(self.source).__name__} gives no batches; training and evaluation need at least one"
            )
        return self._first[0]

    def epoch(self) -> Iterator[Any]:
        """Yield the batches of one epoch; fewer, if a generator ends."""
        count = 0
        while self.steps is None or count < self.steps:
            anew = self._iterator is None
            iterator = self._iterator = self._begin() if self._iterator is None else self._iterator
            waiting, self._first = self._first, []
            found = 0
            for batch in self._limited(waiting, iterator, count):
                yield batch
                found += 1
            count += found
            if self.steps is not None and count >= self.steps:
                break
            # The source has ended: with a number of steps it is read again, unless that gives nothing.
            self._iterator = None
            if self.steps is None or self._read_on or (anew and not found):
                break
        if hasattr(self.source, "on_epoch_end"):
            self.source.on_epoch_end()

    def _limited(self, waiting: list[Any], iterator: Iterator[Any], count: int) -> Iterator[Any]:
        yield from waiting
        left = None if self.steps is None else self.steps - count - len(waiting)
        yield from islice(iterator, left)

    def _begin(self) -> Iterator[Any]:
        if not self._by_number or hasattr(self.source, "cardinality"):
            return iter(self.source)
        numbers = np.arange(len(self.source))
        order = numbers if self._shuffle is None else self._shuffle.permutation(numbers)
        return (self.source[int(i)] for i in order)


class ArrayBatches:
    """The batches of arrays, in a new order each time.

    Parameters
    ----------
    data : Data
        The arrays.
    batch_size : int
        Rows of a batch.
    shuffle : numpy.random.Generator or None
        Source of the orders.
    """

    def __init__(self, data: Data, batch_size: int, shuffle: RandomGenerator | None) -> None:
        self.data, self.batch_size, self.shuffle = data, batch_size, shuffle

    def __iter__(self) -> Iterator[Any]:
        for batch in self.data.batches(self.batch_size, self.shuffle):
            yield tuple(_alone(part) for part in (batch.x, batch.y, batch.sample_weight))

    def __len__(self) -> int:
        return -(-self.data.n_rows // self.batch_size)


def _alone(parts: list[Any]) -> Any:
    return parts[0] if len(parts) == 1 else parts
