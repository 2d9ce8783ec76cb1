"""Arrays aligned to cache lines."""

import numpy as np
import pytest

from nnlite.memory import LINE, aligned_zeros


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("items", [0, 1, 7, 4096, 300_000])
def test_zeros_are_aligned(items, dtype):
    zeros = aligned_zeros(items, dtype)
    assert zeros.shape == (items,)
    assert zeros.dtype == dtype
    assert not zeros.any()
    assert items == 0 or zeros.ctypes.data % LINE == 0


def test_large_arrays_have_different_offsets_in_their_pages():
    arrays = [aligned_zeros(500_000, np.float32) for _ in range(8)]
    assert len({array.ctypes.data % 4096 for array in arrays}) == len(arrays)


def test_arrays_share_no_memory():
    arrays = [aligned_zeros(5000, np.float64) for _ in range(4)]
    for i, array in enumerate(arrays):
        array[:] = i
    for i, array in enumerate(arrays):
        np.testing.assert_array_equal(array, i)
