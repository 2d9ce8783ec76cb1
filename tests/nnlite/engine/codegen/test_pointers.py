"""Pointers in compiled code access the right items."""

import numpy as np
from numba import njit

from nnlite.engine.codegen.pointers import pointer_to, shift


def test_shift_advances_by_items() -> None:
    @njit
    def swap_last_two(array):
        last = shift(pointer_to(array), array.size - 1)
        last[0], last[-1] = last[-1], last[0]

    values = np.arange(5, dtype=np.float64)
    swap_last_two(values)
    assert values.tolist() == [0, 1, 2, 4, 3]
