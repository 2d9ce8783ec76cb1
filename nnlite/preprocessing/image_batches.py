"""Batches of images that are prepared when they are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from nnlite.preprocessing.py_dataset import PyDataset
from nnlite.types import Array


class ImageBatches(PyDataset):
    """Batches of images, each prepared by an `ImageDataGenerator` when it is needed; an endless iterator, too.

    Parameters
    ----------
    generator : ImageDataGenerator
        What prepares the images.
    read : callable
        Function of the number of an image that returns its array.
    y : ndarray or None
        Targets, or numbers of classes.
    batch_size : int
        Images in a batch.
    shuffle : bool
        Whether they come in a random order, another one in each epoch.
    seed : int or None
        Seed of the order and of the changes.
    numbers : sequence of int
        Numbers of the images.
    sample_weight : ndarray, optional
        Weights of the images.

    Attributes
    ----------
    n, samples : int
        Number of images.
    classes : ndarray
        Number of the class of each image, from a folder.
    class_indices : dict of str to int
        Numbers of the classes by their names, from a folder.
    filenames : list of str
        Names of the files, from a folder.
    """

    class_indices: dict[str, int]
    classes: Array
    filenames: list[str]

    def __init__(
        self,
        generator: Any,
        read: Callable[[int], Array],
        y: Any,
        batch_size: int,
        shuffle: bool,
        seed: int | None,
        numbers: Sequence[int],
        sample_weight: Any = None,
    ) -> None:
        super().__init__()
        self.image_data_generator, self._read, self._y, self._weights = generator, read, y, sample_weight
        self.batch_size, self.shuffle, self.seed = batch_size, shuffle, seed
        self.n = self.samples = len(numbers)
        self._numbers, self._rng = np.asarray(numbers, int), np.random.default_rng(seed)
        self._next = 0
        self.on_epoch_end()

    def on_epoch_end(self) -> None:
        """Draw the order of the next epoch."""
        self._order = self._rng.permutation(self._numbers) if self.shuffle else self._numbers

    def __len__(self) -> int:
        """Return the number of batches."""
        return -(-self.n // self.batch_size)

    def __getitem__(self, index: int) -> Any:
        """Return a batch: images, with their targets and weights if there are any."""
        if not 0 <= index < len(self):
            raise IndexError(f"there are {len(self)} batches; found number {index}")
        chosen = self._order[index * self.batch_size : (index + 1) * self.batch_size]
        x = np.stack([self.image_data_generator.prepared(self._read(int(one)), self._rng) for one in chosen])
        parts = [x, *(given[chosen] for given in (self._y, self._weights) if given is not None)]
        return x if len(parts) == 1 else tuple(parts)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        """Return the next batch; after the last one the first of another epoch."""
        if self._next == len(self):
            self._next = 0
            self.on_epoch_end()
        self._next += 1
        return self[self._next - 1]

    next = __next__

    def reset(self) -> None:
        """Begin with the first batch again."""
        self._next = 0
