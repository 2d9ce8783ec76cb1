"""Sequences of different lengths as one array, and windows of series as Keras 2 had them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnlite.preprocessing.py_dataset import PyDataset
from nnlite.random import global_generator
from nnlite.types import Array, Arrays
from nnlite.validation import check_value, choice


def pad_sequences(
    sequences: Sequence[Any],
    maxlen: int | None = None,
    dtype: str = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: float = 0.0,
) -> Array:
    """Return sequences of different lengths as one array, padded and cut to the same length.

    Parameters
    ----------
    sequences : sequence of sequences
        Sequences of numbers, or of arrays of the same shape.
    maxlen : int, optional
        Length; by default that of the longest.
    dtype : str, default "int32"
        Dtype of the result.
    padding, truncating : {"pre", "post"}, default "pre"
        Whether to pad or cut before or behind.
    value : float, default 0.0
        Padding.

    Returns
    -------
    ndarray of shape (n, maxlen, ...)
        The sequences.

    Raises
    ------
    ValueError
        If an argument is unknown, or the elements of the sequences have different shapes.

    Examples
    --------
    >>> from nnlite.preprocessing.sequence import pad_sequences
    >>> pad_sequences([[1], [2, 3]], maxlen=3).tolist()
    [[0, 0, 1], [0, 2, 3]]
    """
    check_value("padding", padding, choice("pre", "post"))
    check_value("truncating", truncating, choice("pre", "post"))
    arrays = [np.asarray(one) for one in sequences]
    shapes = {array.shape[1:] for array in arrays if len(array)}
    if len(shapes) > 1:
        raise ValueError(f"the elements of all sequences must have the same shape; found {sorted(shapes)}")
    length = max(map(len, arrays), default=0) if maxlen is None else maxlen
    padded = np.full((len(arrays), length, *(shapes.pop() if shapes else ())), value, dtype)
    for row, array in zip(padded, arrays, strict=True):
        kept = array[max(len(array) - length, 0) :] if truncating == "pre" else array[:length]
        if len(kept):
            row[slice(length - len(kept), None) if padding == "pre" else slice(len(kept))] = kept
    return padded


class TimeseriesGenerator(PyDataset):
    """Batches of windows of a series and of the values that follow them, as in Keras 2.

    Parameters
    ----------
    data, targets : array_like of shape (steps, ...)
        The series, and the target at each step. The target of a window is that of the step behind it.
    length : int
        Number of steps of the series that a window spans.
    sampling_rate : int, default 1
        Number of steps from one step of a window to the next.
    stride : int, default 1
        Number of steps from one window to the next.
    start_index : int, default 0
        First step that is used.
    end_index : int, optional
        Last step that is used; by default the last of the series.
    shuffle, reverse : bool, default False
        Whether windows are drawn at random, and whether the steps of a window are reversed.
    batch_size : int, default 128
        Number of windows in a batch.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.preprocessing.sequence import TimeseriesGenerator
    >>> windows = TimeseriesGenerator(np.arange(6), np.arange(6), length=4)
    >>> [part.tolist() for part in windows[0]]
    [[[0, 1, 2, 3], [1, 2, 3, 4]], [4, 5]]
    """

    def __init__(
        self,
        data: Arrays,
        targets: Arrays,
        length: int,
        sampling_rate: int = 1,
        stride: int = 1,
        start_index: int = 0,
        end_index: int | None = None,
        shuffle: bool = False,
        reverse: bool = False,
        batch_size: int = 128,
    ) -> None:
        super().__init__()
        self.data, self.targets = np.asarray(data), np.asarray(targets)
        if len(self.data) != len(self.targets):
            raise ValueError(
                f"data and targets must have the same length; found {len(self.data)} and {len(self.targets)}"
            )
        last = len(self.data) - 1 if end_index is None else end_index
        self.ends = np.arange(start_index + length, last + 1, stride)
        if not len(self.ends):
            raise ValueError(f"no window of {length} steps lies within steps {start_index} to {last}")
        self.steps = np.arange(-length, 0, sampling_rate)[:: -1 if reverse else 1]
        self.shuffle, self.batch_size = shuffle, batch_size

    def __len__(self) -> int:
        return -(-len(self.ends) // self.batch_size)

    def __getitem__(self, index: int) -> tuple[Array, Array]:
        ends = self.ends[index * self.batch_size : (index + 1) * self.batch_size]
        if self.shuffle:
            ends = global_generator().choice(self.ends, len(ends))
        return self.data[ends[:, np.newaxis] + self.steps], self.targets[ends]
