"""Names and sizes of the matrix product, for those who plan one without compiling it. Needs no Numba."""

from __future__ import annotations

from typing import Final

from nnlite.engine.codegen.processor import Machine, host_machine

TN, NN, NT = 0, 1, 2
"""The forms: AᵀB, AB, ABᵀ."""

ZERO, ADD, BIAS = 0, 1, 2
"""What a result begins from: nothing, what it holds, a number for each row."""

PANEL: Final = 2
"""Vectors side by side in a tile."""

DEPTH, COLUMNS = 256, 512
"""Size of a packed block of B: half a megabyte in float32, of which a panel of 16 to 32 KB is in use at a time."""

UNPACKED: Final = 16384
"""Items of B up to which reading it where it lies is faster than packing."""

TRANSPOSED: Final = 24
"""Rows and columns of X Yᵀ from which transposing Y while it is packed is faster than adding up lanes."""


def workspace_items(columns: int, depth: int, machine: Machine | None = None) -> int:
    """Return the items of workspace that any of the three products of these sizes may need.

    Parameters
    ----------
    columns : int
        Columns of the result (its rows don't matter).
    depth : int
        Length of the sums.
    machine : Machine, optional
        What the products were built for; this CPU, by default.
    """
    machine = machine or host_machine()
    if columns < TRANSPOSED and depth * columns <= UNPACKED:
        return 0
    panel = PANEL * machine.lanes(4)
    panels = (min(columns, COLUMNS) + panel - 1) // panel
    return panel * DEPTH + panels * panel * min(depth, DEPTH)
