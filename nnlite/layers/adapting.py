"""Data of `adapt`: arrays, lists, or batches one after another, of which there may be no end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np

from nnlite.types import Array


def batches_of(data: Any, steps: int | None = None) -> Iterator[Array]:
    """Return the batches of data, without targets and weights.

    Parameters
    ----------
    data : array_like, or iterable of batches
        An array, or a list of rows, is one batch. A list of arrays, a generator, a dataset or a sequence with a length
        and indices has a batch in each element: an array, or a tuple of it, targets and weights.
    steps : int, optional
        How many batches to take; by default all.

    Returns
    -------
    iterator of ndarray

    Raises
    ------
    ValueError
        If there is no batch.

    Examples
    --------
    >>> from itertools import repeat
    >>> [batch.tolist() for batch in batches_of(repeat(np.ones(2)), steps=2)]
    [[1.0, 1.0], [1.0, 1.0]]
    """
    count = 0
    for batch in islice(_elements(data), steps):
        count += 1
        yield np.asarray(batch[0] if isinstance(batch, tuple) else batch)
    if not count:
        raise ValueError("adapt found an empty iterable: it needs at least one batch; pass an array or a list of them")


def _elements(data: Any) -> Iterable[Any]:
    if isinstance(data, (list, tuple)):
        has_batches = any(isinstance(one, tuple) or (np.ndim(one) > 1 and hasattr(one, "__array__")) for one in data)
        return data if has_batches or not data else [np.asarray(data)]
    if hasattr(data, "__array__") or not (hasattr(data, "__iter__") or hasattr(data, "__getitem__")):
        return [data]
    if hasattr(data, "__len__") and hasattr(data, "__getitem__"):
        # Such as Keras's PyDataset, whose indices need not end with an error.
        return (data[index] for index in range(len(data)))
    return iter(data)


class Moments:
    """Mean and variance of all batches, updated batch by batch.

    Each batch is merged with what came before by the sums of squares about their means.

    Parameters
    ----------
    over : tuple of int
        Axes over which the mean is taken.

    References
    ----------
    Chan, Golub & LeVeque, "Algorithms for computing the sample variance", The American Statistician 37 (1983).

    Examples
    --------
    >>> moments = Moments((0,))
    >>> for batch in np.array([[[1.0], [2.0]], [[3.0], [6.0]]]):
    ...     moments.add(batch)
    >>> moments.mean.tolist(), moments.variance.tolist()
    ([3.0], [3.5])
    """

    def __init__(self, over: tuple[int, ...]) -> None:
        self.over, self.rows, self.numbers = over, 0, 0.0
        self.mean: Any = 0.0
        self.variance: Any = 0.0

    def add(self, batch: Array) -> None:
        """Merge a batch of float64."""
        mean, variance = batch.mean(axis=self.over), batch.var(axis=self.over)
        numbers = float(np.prod([batch.shape[axis] for axis in self.over]))
        part = numbers / (self.numbers + numbers)
        difference = mean - self.mean
        self.mean = self.mean + part * difference
        self.variance = (1 - part) * self.variance + part * variance + part * (1 - part) * difference**2
        self.rows, self.numbers = self.rows + len(batch), self.numbers + numbers
