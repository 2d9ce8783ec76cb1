"""Orders of the records for many epochs, drawn in compiled code from NumPy's generator.

For a small network NumPy's shuffling takes a quarter of the training time. The kernel takes a quarter of that, and
draws the same orders: it reads the generator's state and writes it back. NumPy's shuffling algorithm is no documented
interface, so the two are compared once in every process; if they differ, NumPy shuffles.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from nnlite.engine.codegen.native import call, native_function
from nnlite.engine.runtime.addresses import Addresses
from nnlite.types import Array, RandomGenerator

_WORD = 2**64 - 1


def draw_orders(generator: RandomGenerator, records: int, epochs: int) -> Array | None:
    """Return the results of ``generator.permutation(records)``, one for each epoch; None if they cannot be compiled.

    Parameters
    ----------
    generator : numpy.random.Generator
        Its state advances as if it had drawn the orders itself.
    records : int
        Below 2^31.
    epochs : int
        Number of orders.

    Returns
    -------
    ndarray of int32, shape (epochs, records), or None
    """
    return _draw(generator, records, epochs) if _is_supported(generator) and _agrees_with_numpy() else None


def _is_supported(generator: RandomGenerator) -> bool:
    return type(generator) is np.random.Generator and type(generator.bit_generator) is np.random.PCG64


@cache
def _agrees_with_numpy() -> bool:
    """Compare with NumPy, over enough draws that some are rejected and some leave spare bits."""
    ours, theirs = (np.random.Generator(np.random.PCG64(12345)) for _ in range(2))
    same = all(
        np.array_equal(_draw(ours, records, 1)[0], theirs.permutation(records)) for records in (2, 3, 1000, 70_000)
    )
    return same and ours.bit_generator.state == theirs.bit_generator.state


def _draw(generator: RandomGenerator, records: int, epochs: int) -> Array:
    orders, addresses = np.empty((epochs, records), np.int32), Addresses()
    with generator.bit_generator.lock:
        state: dict[str, Any] = dict(generator.bit_generator.state)
        pcg = state["state"]
        halves = [half for name in ("state", "inc") for half in (pcg[name] >> 64, pcg[name] & _WORD)]
        words = np.array([*halves, state["has_uint32"], state["uinteger"]], np.uint64)
        arguments = np.array([addresses.of("orders", orders, np.int32), records, epochs], np.int64)
        fields = np.concatenate([arguments, words.view(np.int64)])
        call(native_function("shuffle.orders", np.dtype(np.float32)), addresses.of("fields", fields, np.int64), 0)
        high, low, _, _, has_spare, spare = fields[3:].view(np.uint64).tolist()
        pcg["state"] = high << 64 | low
        state["has_uint32"], state["uinteger"] = has_spare, spare
        generator.bit_generator.state = state
    return orders
