"""The processor's vector registers, which decide the shapes of tiles and buffers. Needs no Numba."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from nnlite.engine.codegen.host import host

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

PANEL_VECTORS = 2
"""Vectors of units in a tile of `nnlite.engine.codegen.sparse_rows`, and so in a panel of packed weights."""


class Machine(NamedTuple):
    """The bytes of a vector register, and the rows of a register tile."""

    vector_bytes: int
    rows: int

    def lanes(self, item_bytes: int) -> int:
        """Return the items in a vector; at least 4, as `dots` reduces groups of four. LLVM splits wider vectors."""
        return max(4, self.vector_bytes // item_bytes)


@cache
def host_machine() -> Machine:
    """Return the tile for this CPU: 12 x 2 of AVX-512's 32 registers, 6 x 2 of 16 on others."""
    return Machine(host().vector_bytes, 12 if host().many_registers else 6)


def vector_width(dtype: DTypeLike) -> int:
    """Return the multiple to which a batch is padded: the items in a vector register of this CPU."""
    return host_machine().lanes(np.dtype(dtype).itemsize)


def tile_rows(machine: Machine | None = None) -> int:
    """Return the rows of a tile of `nnlite.engine.codegen.sparse_rows`: few enough for the vector registers."""
    return 8 if (machine or host_machine()).rows >= 12 else 4
