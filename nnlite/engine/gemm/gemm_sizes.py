"""Constants and workspace sizes of the matrix product. Needs no Numba."""

from __future__ import annotations

from typing import Final

from nnlite.engine.codegen.processor import Machine, host_machine

TN, NN, NT = 0, 1, 2
"""The forms: AᵀB, AB, ABᵀ."""

ZERO, ADD, BIAS = 0, 1, 2
"""The initial values of a result: zeros, its current values, or one bias for each row."""

PANEL: Final = 2
"""Vectors side by side in a tile."""

DEPTH, COLUMNS = 256, 512
"""Size of a packed block of B: half a megabyte in float32, of which a panel of 16 to 32 KB is in use at a time."""

LARGEST_UNPACKED: Final = 16384
"""Most items of B for which reading it in place is faster than packing."""

SMALLEST_TRANSPOSED: Final = 24
"""Rows and columns of X Yᵀ from which transposing Y during packing is faster than reducing lanes."""


def workspace_items(columns: int, depth: int, machine: Machine | None = None) -> int:
    """Return the number of workspace items that any of the three products of these sizes needs.

    Parameters
    ----------
    columns : int
        Columns of the result (its rows do not matter).
    depth : int
        Length of the sums.
    machine : Machine, optional
        The machine that the products are built for; by default this CPU.
    """
    machine = machine or host_machine()
    if columns < SMALLEST_TRANSPOSED and depth * columns <= LARGEST_UNPACKED:
        return 0
    panel = PANEL * machine.lanes(4)
    panels = (min(columns, COLUMNS) + panel - 1) // panel
    return panel * DEPTH + panels * panel * min(depth, DEPTH)
