"""Random number generators: a global one, and others derived from it.

Initial weights, dropout masks, noise and the order of batches are drawn from generators of this module, so that one
call of `nnlite.utils.set_random_seed` makes them all reproducible.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar

import numpy as np

from nnlite.config import floatx
from nnlite.eager import as_tensor
from nnlite.traces import random_tensor
from nnlite.types import RandomGenerator

_shared: list[RandomGenerator] = []
_scoped: ContextVar[RandomGenerator | None] = ContextVar("nnlite_generator", default=None)


def global_generator() -> RandomGenerator:
    """Return the generator for objects without a seed of their own."""
    if not _shared:
        _shared.append(np.random.default_rng())
    return _scoped.get() or _shared[0]


def seed_global_generator(seed: int) -> None:
    """Reset the global generator with a seed."""
    _shared[:] = [np.random.default_rng(seed)]


def make_generator(seed: int | None) -> RandomGenerator:
    """Return a generator with a seed, by default with a seed drawn from the global generator.

    Examples
    --------
    >>> from nnlite.random import make_generator
    >>> a, b = make_generator(7), make_generator(7)
    >>> bool(a.random() == b.random())
    True
    """
    if seed is None:
        seed = int(global_generator().integers(2**63))
    return np.random.default_rng(seed)


class _Delayed:
    """A generator that is made on first use; shallow copies of a layer share it."""

    # A program that was compiled for a layer holds when it is made.
    volatile: ClassVar[tuple[str, ...]] = ("_made",)

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._made: RandomGenerator | None = None

    def get(self) -> RandomGenerator:
        if self._made is None:
            self._made = np.random.default_rng(self._seed)
        return self._made


class OwnGenerator:
    """Base of layers that draw random numbers: each has a generator of its own, made on first use.

    NumPy's generators take 9 ms to import, and a network that was loaded to score records draws nothing. A constructor
    calls `_seed_generator`, so that the order in which layers are built decides on their seeds, as without delay.
    """

    _generator: _Delayed

    def _seed_generator(self, seed: int | None) -> None:
        """Set the seed of the generator; by default it is drawn from the global generator."""
        drawn = _drawn_seed() if seed is None else seed
        self._generator = _Delayed(drawn)
        if seed is not None:
            # At once, for the error of an unusable seed.
            self._generator.get()

    @property
    def rng(self) -> RandomGenerator:
        """Generator of the layer's random numbers."""
        return self._generator.get()


def _drawn_seed() -> int:
    """Return a seed of the global generator or, as long as nobody has used or seeded that, of the system."""
    if _shared or _scoped.get() is not None:
        return int(global_generator().integers(2**63))
    return int.from_bytes(os.urandom(8), "little") >> 1


class SeedGenerator:
    """A sequence of random numbers of its own, the argument `seed` of the functions of this module.

    Parameters
    ----------
    seed : int, optional
        Seed; by default drawn from the global generator.
    name, **settings : object
        Accepted for compatibility with Keras, without effect.

    Examples
    --------
    >>> from nnlite import random
    >>> a, b = random.SeedGenerator(1), random.SeedGenerator(1)
    >>> bool((random.normal((2,), seed=a) == random.normal((2,), seed=b)).all())
    True
    """

    def __init__(self, seed: int | None = None, name: str | None = None, **settings: Any) -> None:
        del name, settings
        self.seed = seed
        self.generator = make_generator(seed)

    def next(self, ordered: bool = True) -> Any:
        """Return a seed, another one with each call."""
        del ordered
        return int(self.generator.integers(2**31))


def _in_a_graph(kind: str, shape: Any, low: float, high: float, seed: Any) -> Any:
    """Return a tensor of a graph if the number of rows is unknown, or None."""
    sizes = shape if isinstance(shape, (list, tuple)) else [shape]
    if all(isinstance(size, (int, np.integer)) for size in sizes):
        return None
    return random_tensor(kind, shape, low, high, seed)


def _generator_of(seed: int | SeedGenerator | None) -> RandomGenerator:
    """Return the generator that an argument `seed` stands for."""
    if isinstance(seed, SeedGenerator):
        return seed.generator
    return global_generator() if seed is None else np.random.default_rng(seed)


def normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: int | None = None) -> Any:
    """Return normally distributed numbers, as `keras.random.normal` does.

    Parameters
    ----------
    shape : sequence of int
        Shape of the array.
    mean, stddev : float, default 0.0 and 1.0
        Mean and standard deviation.
    dtype : str or dtype, optional
        By default `nnlite.config.floatx`.
    seed : int or SeedGenerator, optional
        Seed; by default numbers of the global generator.
    """
    drawn = _in_a_graph("normal", shape, mean, stddev, seed)
    if drawn is not None:
        return drawn
    return as_tensor(_generator_of(seed).normal(mean, stddev, shape).astype(dtype or floatx()))


def uniform(shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: int | None = None) -> Any:
    """Return uniformly distributed numbers, as `keras.random.uniform` does; arguments as of `normal`."""
    drawn = _in_a_graph("uniform", shape, minval, maxval, seed)
    if drawn is not None:
        return drawn
    return as_tensor(_generator_of(seed).uniform(minval, maxval, shape).astype(dtype or floatx()))


def truncated_normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Return normally distributed numbers, drawn again where they are over two standard deviations from the mean."""
    generator = _generator_of(seed)
    values = np.asarray(generator.normal(size=shape))
    while (far := np.abs(values) > 2).any():
        values[far] = generator.normal(size=int(far.sum()))
    return as_tensor((mean + stddev * values).astype(dtype or floatx()))


def randint(shape: Any, minval: int, maxval: int, dtype: Any = "int32", seed: Any = None) -> Any:
    """Return whole numbers from `minval` (included) to `maxval` (excluded)."""
    return as_tensor(_generator_of(seed).integers(minval, maxval, shape).astype(dtype))


def shuffle(x: Any, axis: int = 0, seed: Any = None) -> Any:
    """Return an array with its parts along an axis in a random order."""
    return as_tensor(_generator_of(seed).permutation(np.asarray(x), axis))


def dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: Any = None) -> Any:
    """Return an array with a fraction of its values set to 0, and the others divided by 1 - `rate`."""
    array = np.asarray(inputs, floatx())
    kept = _generator_of(seed).random(noise_shape or array.shape) >= rate
    return as_tensor(np.where(kept, array / array.dtype.type(1 - rate), array.dtype.type(0)))


@contextmanager
def seeded(seed: int | None) -> Iterator[RandomGenerator]:
    """Replace the global generator for the duration of a block.

    The state of the global generator does not change, and blocks in different threads are independent. So an ensemble
    can be trained in parallel with reproducible results.

    Parameters
    ----------
    seed : int or None
        Seed; by default drawn from the global generator.
    """
    token = _scoped.set(make_generator(seed))
    try:
        yield global_generator()
    finally:
        _scoped.reset(token)
