"""Tiles of squared distances, and their bits."""

import numpy as np
import pytest
from numba import njit

from nnlite.engine.codegen.distances import LEAF, ROWS, distances, squared_distance, trailing_zeros
from nnlite.engine.codegen.pointers import pointer_to, shift
from nnlite.neighbors import squared_distances


def tile_function(lanes, differences):
    tiles = distances(lanes)
    tile = tiles.by_differences if differences else tiles.by_products

    @njit
    def run(x, rows, panel, first, starts, squares, limits, found, bits):
        tile(
            pointer_to(x), x.shape[1], pointer_to(rows), shift(pointer_to(panel), first),
            shift(pointer_to(starts), first), pointer_to(squares), pointer_to(limits), pointer_to(found),
            pointer_to(bits),
        )  # fmt: skip

    return run


@pytest.mark.parametrize("lanes", [4, 8, 16])
@pytest.mark.parametrize("differences", [False, True])
def test_tile_computes_distances_and_compares_them(lanes, differences):
    rng, width, depth = np.random.default_rng(lanes), 2 * lanes, 5
    x, records = (rng.normal(size=(n, depth)).astype(np.float32) for n in (9, LEAF))
    rows = rng.permutation(9)[:ROWS]
    squares, starts = np.square(x).sum(axis=1), np.square(records).sum(axis=1) * np.float32(-0.5)
    limits = np.full(9, 8, np.float32)
    limits[rows[2]] = 0
    found, bits = np.zeros((ROWS, width), np.float32), np.zeros(ROWS + 1, np.int64)
    first, panel = LEAF - width, np.ascontiguousarray(records.T)
    tile_function(lanes, differences)(x, rows, panel, first, starts, squares, limits, found, bits)
    expected = np.square(x[rows, np.newaxis] - records[first:]).sum(axis=2)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    within = found <= limits[rows, np.newaxis]
    assert 0 < within.sum() < within.size
    np.testing.assert_array_equal(bits[:ROWS], (within << np.arange(width)).sum(axis=1))
    assert bits[ROWS] == (within.any(axis=1) << np.arange(ROWS)).sum()
    assert not within[2].any()


@pytest.mark.parametrize("lanes", [4, 8, 16])
def test_what_is_no_number_is_not_left_out_by_tiles_but_by_boxes(lanes):
    intrinsic = distances(lanes).within
    within = njit(lambda a, b, factor: intrinsic(pointer_to(a), pointer_to(b), factor))
    values, limits = np.linspace(0, 63, 64, dtype=np.float32), np.full(64, 20, np.float32)
    values[3] = limits[5] = np.nan
    expected = sum(1 << i for i in range(11) if i not in (3, 5))
    assert within(values, limits, np.float32(0.5)) == expected
    x = np.full((ROWS, 1), np.nan, np.float32)
    found, bits = np.zeros((ROWS, 2 * lanes), np.float32), np.zeros(ROWS + 1, np.int64)
    panel, ones = np.zeros(LEAF, np.float32), np.ones(LEAF, np.float32)
    tile_function(lanes, True)(x, np.arange(ROWS), panel, 0, ones, ones, ones, found, bits)
    assert bits[0] == (1 << 2 * lanes) - 1


@pytest.mark.parametrize("depth", [1, 7, 8, 9, 31, 784])
def test_sums_are_those_of_numpy_bit_for_bit(depth):
    a, b = np.random.default_rng(depth).normal(size=(2, depth)).astype(np.float32)
    measure = njit(lambda a, b: squared_distance(pointer_to(a), pointer_to(b), a.shape[0]))
    assert measure(a, b) == squared_distances(a, b)


def test_lowest_bit():
    place = njit(lambda bits: trailing_zeros(bits))
    assert [place(bits) for bits in (1, 12, -(2**63))] == [0, 2, 63]
