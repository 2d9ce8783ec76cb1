"""Two parts of a dataset."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite.preprocessing.dataset import Dataset
from nnlite.random import make_generator


def split_dataset(
    dataset: Any,
    left_size: float | int | None = None,
    right_size: float | int | None = None,
    shuffle: bool = False,
    seed: int | None = None,
) -> tuple[Dataset, Dataset]:
    """Return two datasets with the first and the last elements of one.

    Parameters
    ----------
    dataset : Dataset, array_like, or tuple of arrays
        Elements; arrays are divided by rows.
    left_size, right_size : float or int, optional
        Fractions or numbers of elements. One of them is enough.
    shuffle : bool, default False
        Whether to draw the elements at random.
    seed : int, optional
        Seed of the order.

    Raises
    ------
    ValueError
        If neither size is given.

    Examples
    --------
    >>> import numpy as np
    >>> left, right = split_dataset(np.arange(10), left_size=0.8)
    >>> len(left), len(right)
    (8, 2)
    """
    if left_size is None and right_size is None:
        raise ValueError("split_dataset needs left_size or right_size")
    elements = list(dataset if isinstance(dataset, Dataset) else Dataset.from_tensor_slices(dataset))
    order = make_generator(seed).permutation(len(elements)) if shuffle else np.arange(len(elements))

    def count(size: float | int | None) -> int | None:
        return None if size is None else round(size * len(order)) if isinstance(size, float) else int(size)

    left, right = count(left_size), count(right_size)
    first = left if left is not None else len(order) - int(right or 0)
    stop = len(order) if right is None else first + right
    parts = [[elements[i] for i in part] for part in (order[:first], order[first:stop])]
    return Dataset(lambda: parts[0], len(parts[0])), Dataset(lambda: parts[1], len(parts[1]))
