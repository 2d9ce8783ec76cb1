"""Windows of a time series, with their targets, as a dataset of batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from nnlite.eager import as_tensor
from nnlite.preprocessing.dataset import Dataset
from nnlite.random import make_generator
from nnlite.types import Arrays
from nnlite.validation import check_value, choice, integer


def timeseries_dataset_from_array(
    data: Arrays,
    targets: Arrays | None,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
    format: str = "tf",
) -> Dataset:
    """Return the windows of a series, with the target of each, in batches.

    Parameters
    ----------
    data : array_like of shape (steps, ...)
        The series.
    targets : array_like of shape (steps, ...), optional
        Target of the window that begins at each step.
    sequence_length : int
        Number of steps in a window.
    sequence_stride : int, default 1
        Number of steps from the begin of a window to that of the next.
    sampling_rate : int, default 1
        Number of steps of the series from one step of a window to the next.
    batch_size : int, optional, default 128
        Number of windows in a batch; None: single windows.
    shuffle : bool, default False
        Whether the windows come in a random order, another one in each iteration.
    seed : int, optional
        Seed of the order.
    start_index, end_index : int, optional
        Steps from which and up to which the series is used.
    format : {"tf", "grain"}, default "tf"
        Accepted for compatibility with Keras: the batches are the same for both.

    Returns
    -------
    Dataset
        Batches ``(windows, targets)``, or windows without targets.

    Raises
    ------
    ValueError
        If a length is not a whole number of at least 1, or an index lies outside of the series.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.preprocessing import timeseries_dataset_from_array
    >>> series = np.arange(6)
    >>> batches = timeseries_dataset_from_array(series, series[3:], sequence_length=3)
    >>> for x, y in batches:
    ...     print(x.tolist(), y.tolist())
    [[0, 1, 2], [1, 2, 3], [2, 3, 4]] [3, 4, 5]
    """
    positive = integer(least=1)
    for name, value in (
        ("sequence_length", sequence_length),
        ("sequence_stride", sequence_stride),
        ("sampling_rate", sampling_rate),
    ):
        check_value(name, value, positive)
    check_value("format", format, choice("tf", "grain"))
    check_value("batch_size", batch_size, choice(None) | positive)
    series = np.asarray(data)
    wanted = None if targets is None else np.asarray(targets)
    for name, index in (("start_index", start_index), ("end_index", end_index)):
        check_value(name, index, choice(None) | integer(0, len(series)))
    first, end = start_index or 0, len(series) if end_index is None else end_index
    # A window ends within the series, and has a target where there are targets.
    count = max(end - first - (sequence_length - 1) * sampling_rate, 0)
    if wanted is not None:
        count = min(count, max(len(wanted) - first, 0))
    starts = np.arange(first, first + count, sequence_stride)
    steps = np.arange(0, sequence_length * sampling_rate, sampling_rate)
    generator = make_generator(seed) if shuffle else None

    def windows() -> Iterator[Any]:
        order = starts if generator is None else starts[generator.permutation(len(starts))]
        size = batch_size or 1
        for place in range(0, len(order), size):
            some = order[place : place + size]
            x = as_tensor(series[some[:, np.newaxis] + steps])
            y = None if wanted is None else as_tensor(wanted[some])
            if batch_size is None:
                x, y = x[0], None if y is None else y[0]
            yield x if y is None else (x, y)

    return Dataset(windows, -(-len(starts) // (batch_size or 1)))
