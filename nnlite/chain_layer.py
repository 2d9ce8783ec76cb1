"""One layer of a network that is a chain of dense layers."""

from __future__ import annotations

from typing import NamedTuple

from nnlite.types import Array


class ChainLayer(NamedTuple):
    """One layer of a chain.

    Attributes
    ----------
    kernel : ndarray of float32 of shape (inputs, units)
        W.
    bias : ndarray of float32 of shape (units,) or None
        b.
    relu : bool
        Whether the activation is a ReLU; there is none otherwise.
    """

    kernel: Array
    bias: Array | None
    relu: bool
