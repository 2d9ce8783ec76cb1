"""Where randomness comes from: one generator, from which every other is derived.

Initial weights, dropout masks, noise and the shuffling of batches all draw from generators made here, so that
one call of `nnlite.utils.set_random_seed` fixes them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np

from nnlite.types import RandomGenerator

_shared: list[RandomGenerator] = []
_scoped: ContextVar[RandomGenerator | None] = ContextVar("nnlite_generator", default=None)


def global_generator() -> RandomGenerator:
    """Return the generator that unseeded things draw from."""
    if not _shared:
        _shared.append(np.random.default_rng())
    return _scoped.get() or _shared[0]


def seed_global_generator(seed: int) -> None:
    """Start the global generator anew from `seed`."""
    _shared[:] = [np.random.default_rng(seed)]


def make_generator(seed: int | None) -> RandomGenerator:
    """Make a generator from `seed`, or from the global generator where `seed` is None.

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


@contextmanager
def seeded(seed: int | None) -> Iterator[RandomGenerator]:
    """Let everything inside the block draw from a generator of its own.

    The block leaves the global generator as it was, and blocks in different threads don't meet:
    this is how an ensemble trains in parallel and still gives the same bits each time.

    Parameters
    ----------
    seed : int or None
        None derives a seed from the global generator.
    """
    token = _scoped.set(make_generator(seed))
    try:
        yield global_generator()
    finally:
        _scoped.reset(token)
