"""Batches that a class computes one by one, by their numbers."""

from __future__ import annotations

from typing import Any


class PyDataset:
    """Base of datasets that compute the batch with a number; `Sequence` in Keras 2.

    A subclass defines `__getitem__(index)`, which returns ``(x, y)`` or ``(x, y, sample_weight)``, and `__len__`, the
    number of batches. `fit` takes the batches in a random order unless ``shuffle=False``, and calls `on_epoch_end`.

    Parameters
    ----------
    workers, use_multiprocessing, max_queue_size : object
        Accepted for compatibility with Keras, without effect.

    Examples
    --------
    >>> import numpy as np
    >>> class Squares(PyDataset):
    ...     def __len__(self):
    ...         return 3
    ...     def __getitem__(self, index):
    ...         x = np.full((2, 1), index)
    ...         return x, x**2
    >>> Squares()[2][1].tolist()
    [[4], [4]]
    """

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        self.workers, self.use_multiprocessing, self.max_queue_size = workers, use_multiprocessing, max_queue_size

    def __getitem__(self, index: int) -> Any:
        """Return a batch."""
        raise NotImplementedError(f"{type(self).__name__} does not define __getitem__(index)")

    def __len__(self) -> int:
        """Return the number of batches."""
        raise NotImplementedError(f"{type(self).__name__} does not define __len__()")

    def on_epoch_begin(self) -> None:
        """Run before an epoch."""

    def on_epoch_end(self) -> None:
        """Run after an epoch."""
