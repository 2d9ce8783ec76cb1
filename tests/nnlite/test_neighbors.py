"""The nearest neighbors are those of a search that computes everything in float64, whatever computes."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlite.neighbors import NearestNeighbors, smallest, squared_distances

BACKENDS = ("numpy", "numba")


def in_order(squares):
    """Add the numbers of a row one by one, as `squared_distances` says."""
    whole = len(squares) - len(squares) % 8
    sums = [0.0] * 8
    for j in range(whole):
        sums[j % 8] += squares[j]
    total = ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]))
    for j in range(whole, len(squares)):
        total += squares[j]
    return total


def brute_force(records, x, k):
    """Compute all distances, and sort them by (distance, index)."""
    distances, indices = np.empty((len(x), k)), np.empty((len(x), k), np.int64)
    for row, query in enumerate(x):
        differences = (query - records).astype(np.float64)
        found = np.sqrt(np.array([in_order(squares.tolist()) for squares in differences * differences]))
        order = np.lexsort((np.arange(len(records)), found))[:k]
        distances[row], indices[row] = found[order], order
    return distances, indices


def check(records, x, k, threads=None):
    expected = brute_force(records, x, k)
    for backend in BACKENDS:
        found = NearestNeighbors(records, backend).query(x, k, threads)
        np.testing.assert_array_equal(found[1], expected[1], err_msg=backend)
        np.testing.assert_array_equal(found[0], expected[0], err_msg=backend)


@st.composite
def searches(draw):
    """Draw records, queries and k: noise, lattices full of ties, copies, groups far from the center and each other."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n, d, m = draw(st.integers(1, 200)), draw(st.integers(1, 40)), draw(st.integers(0, 30))
    x = rng.normal(size=(n + m, d)).astype(np.float32)
    kind = draw(st.sampled_from(["noise", "lattice", "copies", "groups", "scales", "moved"]))
    if kind == "lattice":
        x = np.round(x)
    elif kind == "copies":
        x = x[rng.integers(0, max(1, (n + m) // 10), n + m)]
    elif kind == "groups":
        x[rng.random(n + m) < 0.3] += np.float32(draw(st.sampled_from([1e2, 1e4, 1e6, 1e8])))
        x[rng.random(n + m) < 0.2, 0] -= np.float32(draw(st.sampled_from([1e1, 1e5, 1e12])))
    elif kind == "scales":
        x *= (10 ** rng.uniform(-12, 9, size=d)).astype(np.float32)
    elif kind == "moved":
        x += np.float32(draw(st.sampled_from([1e3, 3e7, 1e14])))
    records, queries = x[:n], x[n:]
    if draw(st.booleans()):
        queries = np.concatenate([queries, records[: n // 4]])
    return records, queries, draw(st.integers(1, n))


@settings(max_examples=150)
@given(searches())
def test_both_backends_find_what_brute_force_finds(search):
    check(*search)


@pytest.mark.parametrize("d", [1, 7, 8, 64, 129, 784])
@pytest.mark.parametrize(("n", "k"), [(33, 1), (600, 21), (600, 599)])
def test_any_number_of_columns(d, n, k):
    rng = np.random.default_rng(d)
    check(rng.normal(size=(n, d)).astype(np.float32), rng.normal(size=(9, d)).astype(np.float32), k)


def far_groups():
    rng = np.random.default_rng(0)
    records, x = rng.normal(size=(4000, 8)).astype(np.float32), rng.normal(size=(100, 8)).astype(np.float32)
    records[:200] += np.float32(1e4)
    return records, x + np.float32(1e4)


@pytest.mark.parametrize("queries", [1, 40])
def test_a_group_far_from_the_center_finds_its_own(queries):
    records, x = far_groups()
    expected = brute_force(records, x[:10], 21)
    assert (expected[1] < 200).all()
    for backend in BACKENDS:
        # Asked for often, compiled code sorts the records into boxes.
        found = NearestNeighbors(records, backend).query(np.repeat(x, queries, axis=0), 21)
        for values, wanted in zip(found, expected, strict=True):
            np.testing.assert_array_equal(values[::queries][:10], wanted)


def clustered(n, m, seed=0):
    """Return records and queries for which most boxes are out of reach; a tenth of all are copies."""
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(20, 12)) * 10
    x = (centers[rng.integers(0, 20, n + m)] + rng.normal(size=(n + m, 12))).astype(np.float32)
    x[rng.random(n + m) < 0.1] = x[0]
    x[rng.random(n + m) < 0.05] += np.float32(3e4)
    return x[:n], x[n:]


@pytest.mark.parametrize("k", [1, 21, 40, 300])
def test_backends_agree_where_boxes_prune(k):
    records, x = clustered(3001, 3000)
    expected = NearestNeighbors(records, "numpy").query(x, k)
    search = NearestNeighbors(records, "numba")
    for _ in range(2):
        for found, wanted in zip(search.query(x, k), expected, strict=True):
            np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("backend", BACKENDS)
def test_results_are_independent_of_threads_and_of_the_batch(backend):
    records, x = clustered(2500, 5000, 1)
    search = NearestNeighbors(records, backend)
    distances, indices = search.query(x, 21, threads=1)
    for threads in (2, 3):
        found = search.query(x, 21, threads=threads)
        np.testing.assert_array_equal(found[0], distances)
        np.testing.assert_array_equal(found[1], indices)
    for rows in (slice(0, 1), slice(7, 20), slice(4000, None), slice(0, None, 1001)):
        found = search.query(x[rows], 21)
        np.testing.assert_array_equal(found[0], distances[rows])
        np.testing.assert_array_equal(found[1], indices[rows])


@pytest.mark.parametrize("backend", BACKENDS)
def test_input_of_any_layout_and_type(backend):
    rng = np.random.default_rng(2)
    records, x = rng.normal(size=(80, 6)), rng.normal(size=(10, 6))
    search = NearestNeighbors(records, backend)
    expected = search.query(x.astype(np.float32), 5)
    unaligned = np.frombuffer(b"-" + x.astype(np.float32).tobytes(), np.uint8)[1:].view(np.float32).reshape(x.shape)
    for same in (x, np.asfortranarray(x), np.repeat(x, 2, axis=0)[::2], x.tolist(), unaligned):
        found = search.query(same, 5)
        np.testing.assert_array_equal(found[0], expected[0])
        np.testing.assert_array_equal(found[1], expected[1])
    assert [part.shape for part in search.query(x[:0], 5)] == [(0, 5), (0, 5)]


@pytest.mark.parametrize("backend", BACKENDS)
def test_numbers_whose_squares_float32_does_not_hold(backend):
    records = np.array([[3e38, -3e38], [-3e38, 3e38], [0, 0], [1e20, 0], [1e-40, 0]], np.float32)
    distances, indices = NearestNeighbors(records, backend).query(records, 5)
    np.testing.assert_array_equal(distances[:, 0], 0)
    np.testing.assert_array_equal(indices[2], [2, 4, 3, 0, 1])
    assert distances[2, 1] == np.float64(np.float32(1e-40))
    assert distances[0, -1] == np.inf


@pytest.mark.parametrize(
    ("records", "x", "k", "message"),
    [
        (np.zeros(3), None, 1, "records must be a matrix"),
        (np.zeros((3, 0)), None, 1, "at least one column"),
        (np.zeros((0, 3)), None, 1, "at least one record"),
        (np.array([[1.0], [np.nan]]), None, 1, "records must be finite; found a number that is not in row 1"),
        (np.zeros((3, 2)), np.zeros((1, 3)), 1, "x must have 2 columns, as the records do; found 3"),
        (np.zeros((3, 2)), np.full((1, 2), np.inf), 1, "x must be finite"),
        (np.zeros((3, 2)), np.zeros((1, 2)), 0, "k must be from 1 to 3"),
        (np.zeros((3, 2)), np.zeros((1, 2)), 4, "k must be from 1 to 3, the number of records; found 4"),
    ],
)
def test_doubtful_arguments_are_refused(records, x, k, message):
    with pytest.raises(ValueError, match=message):
        NearestNeighbors(records).query(x, k)


def test_backend_and_threads_are_checked():
    with pytest.raises(ValueError, match="backend must be one of"):
        NearestNeighbors(np.zeros((2, 2)), backend="torch")
    with pytest.raises(ValueError, match="threads must be .* at least 1; found 0"):
        NearestNeighbors(np.zeros((2, 2))).query(np.zeros((2, 2)), 1, threads=0)


@pytest.mark.parametrize("backend", BACKENDS)
def test_copies_search_too(backend):
    records, x = clustered(300, 20)
    search = NearestNeighbors(records, backend)
    expected = search.query(x, 3)
    for again in (copy.deepcopy(search), pickle.loads(pickle.dumps(search))):
        for found, wanted in zip(again.query(x, 3), expected, strict=True):
            np.testing.assert_array_equal(found, wanted)


NUMPY_ALONE = """
import sys
sys.modules["numba"] = sys.modules["llvmlite"] = None
import numpy as np
from nnlite.neighbors import NearestNeighbors
x = np.random.default_rng(0).normal(size=(5000, 4))
print(NearestNeighbors(x).query(x, 2)[1][:, 0].tolist() == list(range(5000)))
try:
    NearestNeighbors(x, "numba").query(x, 2)
except ValueError as error:
    print(error)
"""
FEW_QUERIES = """
import sys
import numpy as np
from nnlite.neighbors import NearestNeighbors
x = np.random.default_rng(0).normal(size=(1000, 4))
search = NearestNeighbors(x)
search.query(x[:10], 2)
print("nnlite.engine" in sys.modules)
search.query(np.repeat(x, 50, axis=0), 2)
print("nnlite.engine" in sys.modules)
"""


def output(script):
    return subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout


def test_numpy_alone_is_enough():
    lines = output(NUMPY_ALONE).splitlines()
    assert lines[0] == "True"
    assert lines[1].startswith("backend='numba' needs the package numba")


def test_the_engine_is_loaded_when_it_pays():
    assert output(FEW_QUERIES).split() == ["False", "True"]


@pytest.mark.parametrize("d", [1, 5, 8, 19, 130])
def test_squared_distances_are_added_in_order(d):
    rng = np.random.default_rng(d)
    x, records = rng.normal(size=(2, 50, d)).astype(np.float32)
    expected = [in_order(row) for row in np.square((x - records).astype(np.float64)).tolist()]
    np.testing.assert_array_equal(squared_distances(x, records), expected)


@given(st.integers(1, 4000), st.integers(1, 30), st.integers(0, 1000))
def test_the_smallest_are_those_that_sorting_finds(n, count, seed):
    count = min(count, n)
    values = np.random.default_rng(seed).integers(0, 50 if seed % 2 else 10**6, (3, n)).astype(np.float32)
    found = np.take_along_axis(values, smallest(values, count), axis=1)
    np.testing.assert_array_equal(np.sort(found, axis=1), np.sort(values, axis=1)[:, :count])


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_equal_records_and_records_that_nearly_tie(backend):
    rng = np.random.default_rng(0)
    records = np.repeat(rng.normal(size=(40, 9)), 30, axis=0).astype(np.float32)
    records[::3] += 1e-6 * rng.normal(size=records[::3].shape).astype(np.float32)
    x = records[::7] + np.float32(1e-6)
    distances, indices = NearestNeighbors(records, backend).query(x, 1)
    every = np.sqrt(np.square(x[:, np.newaxis] - records, dtype=np.float64).sum(axis=-1))
    np.testing.assert_allclose(distances[:, 0], every.min(axis=1), rtol=1e-12)
    np.testing.assert_array_equal(indices[:, 0], [np.flatnonzero(row <= row.min() * (1 + 1e-12))[0] for row in every])
