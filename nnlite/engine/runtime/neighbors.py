"""The search for nearest neighbors in compiled code: its index, its working memory, and its threads."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from nnlite.engine.codegen.native import call, native_function
from nnlite.engine.runtime.addresses import Addresses
from nnlite.engine.runtime.neighbor_tree import compact_order, principal_axes, projected
from nnlite.engine.runtime.staged import FEW, StagedCall
from nnlite.engine.runtime.threads import ThreadGroup, choose_threads
from nnlite.types import Array

_LEAF, _ROWS = 32, 6
_MOST_LANES = 16
# What a query holds beyond its neighbors before it is sorted out.
_LEAST_ROOM = 16
_BLOCK = 1024
_SMALLEST_BLOCK = 128
# Distances of a block of queries from all boxes should stay near the processor.
_BOUNDS = 400_000
_CHUNKS_PER_THREAD = 4
# So many queries for each record pay for the tree.
_QUERIES_PER_RECORD = 0.3
_ALONE = 10
_WORTH_PRUNING = 0.6
_SAMPLE = 2000
_FLOAT32 = np.dtype(np.float32)
_KERNEL = "neighbors.search"
_PROJECTION = ("axes", "projected_panels", "projected_starts")


class _Leaves(NamedTuple):
    """Records packed in leaves of 32; addresses last as long as the arrays.

    Boxes are those of the projected records, where there are axes.
    """

    panels: Array
    starts: Array
    low: Array
    high: Array
    records: Array
    order: Array
    low_columns: Array
    high_columns: Array
    axes: Array
    projected_panels: Array
    projected_starts: Array


class CompiledNeighbors:
    """The compiled search among records.

    Parameters
    ----------
    records : ndarray of float32 of shape (n, d)
        C-contiguous, finite, and so small that squares of differences can be summed in float32.
    """

    def __init__(self, records: Array) -> None:
        self._records = records
        # Medians, since means would be far from all of several groups. (Of two in the middle either will do, and
        # `np.median` takes longer.)
        some = records[:: max(1, len(records) // _SAMPLE)]
        self._center = np.ascontiguousarray(np.partition(some, len(some) // 2, axis=0)[len(some) // 2])
        self._leaves: _Leaves | None = None
        self._queries = 0
        # Of the queries that look at boxes until it is known whether that pays: their number, and what they looked at.
        self._tried, self._share = 0, 0.0
        self._compact = False
        self._prune: bool | None = False
        self._function = native_function(_KERNEL, _FLOAT32)
        self._lock = threading.Lock()
        # Of each thread, for the next queries of its kind.
        self._local = threading.local()

    def query(self, x: Array, k: int, threads: int | None = None) -> tuple[Array, Array]:
        """Return the distances and the indices of the k nearest records of each query.

        Parameters
        ----------
        x : ndarray of float32 of shape (m, d)
            C-contiguous, of numbers as those of the records.
        k : int
            From 1 to n.
        threads : int, optional
            How many threads work on it; by default as many as pay.

        Returns
        -------
        distances : ndarray of float64 of shape (m, k)
            In rising order.
        indices : ndarray of int64 of shape (m, k)
            Of equal distances, the lower index comes first.
        """
        found = np.empty((len(x), k)), np.empty((len(x), k), np.int64)
        with self._lock:
            leaves = self._build(len(x))
        prune, done = self._prune, 0
        if prune is None:
            # The first block tells whether boxes leave out enough to pay.
            done = min(_BLOCK, len(x))
            share = self._run(leaves, x[:done], k, True, found[0][:done], found[1][:done])
            self._tried, self._share = self._tried + done, self._share + done * share
            prune = share < _WORTH_PRUNING
            if self._tried >= _SMALLEST_BLOCK:
                self._prune = self._share < _WORTH_PRUNING * self._tried
        self._run_in_threads(leaves, x, k, prune, found, done, threads)
        return found

    def _build(self, queries: int) -> _Leaves:
        """Return the leaves: compact ones once enough queries are asked, and until then records in their own order."""
        # To read all records takes as long for one query as for several.
        self._queries += max(queries, _ALONE)
        enough = self._queries >= _QUERIES_PER_RECORD * len(self._records) and len(self._records) > 4 * _LEAF
        leaves = self._leaves
        if enough and not self._compact:
            centered = self._records - self._center
            axes = principal_axes(centered, _LEAF)
            if axes is None:
                leaves = self._pack(compact_order(centered, _LEAF))
            else:
                coordinates = projected(centered, axes)
                leaves = self._pack(compact_order(coordinates, _LEAF), axes, coordinates)
            self._leaves, self._compact, self._prune = leaves, True, None
        elif leaves is None:
            leaves = self._leaves = self._pack(np.arange(len(self._records)))
        return leaves

    def _run_in_threads(
        self, leaves: _Leaves, x: Array, k: int, prune: bool, found: tuple[Array, Array], done: int, threads: int | None
    ) -> None:
        left = len(x) - done
        if left <= 0:
            return
        count = choose_threads(threads, self._records.size, left)
        if count == 1:
            self._run(leaves, x[done:], k, prune, found[0][done:], found[1][done:])
            return
        step = -(-left // (_CHUNKS_PER_THREAD * count))
        step = -(-step // _BLOCK) * _BLOCK if left > _BLOCK * count else -(-left // count)
        starts = deque(range(done, len(x), step))

        def work() -> None:
            while True:
                try:
                    start = starts.popleft()
                except IndexError:
                    return
                rows = slice(start, start + step)
                self._run(leaves, x[rows], k, prune, found[0][rows], found[1][rows])

        functions: list[Callable[[], None]] = [work] * min(count, len(starts))
        ThreadGroup(len(functions)).run(functions)

    def _pack(self, order: Array, axes: Array | None = None, coordinates: Array | None = None) -> _Leaves:
        """Pack records in leaves, in an order; also their coordinates, if there are axes, of shape (d, w)."""
        records = self._records[order]
        n, d = records.shape
        # The last record fills the last leaf: it makes no box larger, and the kernel leaves it out.
        filled = np.concatenate([order, np.repeat(order[-1:], -n % _LEAF)])
        padded = self._records[filled] - self._center
        panels, starts = _packed(padded)
        columns = np.zeros((d + 1, 0 if axes is None else _LEAF), np.float32)
        if axes is not None:
            columns[:d, : axes.shape[1]] = axes
        within = np.zeros((len(padded), 0), np.float32) if coordinates is None else coordinates[filled]
        boxed = (padded if axes is None else within).reshape(len(padded) // _LEAF, _LEAF, -1)
        low, high = boxed.min(axis=1), boxed.max(axis=1)
        places = order.astype(np.int32)
        return _Leaves(
            panels, starts, low, high, records, places, _columns(low), _columns(high), columns, *_packed(within)
        )

    def _run(self, leaves: _Leaves, x: Array, k: int, prune: bool, distances: Array, nearest: Array) -> float:
        """Search for some queries; return which part of all pairs was looked at, and of their columns."""
        count = len(leaves.low)
        block = max(_SMALLEST_BLOCK, min(_BLOCK, len(x), _BOUNDS // count if prune else _BLOCK))
        if len(x) <= FEW:
            block = FEW
        plan = getattr(self._local, "plan", None)
        if plan is None or not (plan.leaves is leaves and plan.key == (k, prune, block)):
            plan = self._local.plan = self._new_plan(leaves, k, prune, block)
        plan.counters[1] = 0
        if plan.staged is not None:
            plan.staged.run(x, distances, nearest)
        else:
            of, fields = plan.addresses.of, plan.fields
            fields[10:14] = (
                of("x", x, np.float32), len(x), of("distances", distances, np.float64),
                of("nearest", nearest, np.int64),
            )  # fmt: skip
            call(self._function, plan.fields_at, 0)
            plan.addresses.release("x", "distances", "nearest")
        return int(plan.counters[1]) / (x.size * count)

    def _new_plan(self, leaves: _Leaves, k: int, prune: bool, block: int) -> _Plan:
        """Return the operands of the kernel for queries of one kind, with a working memory."""
        n, d = self._records.shape
        count = len(leaves.low)
        # No power of two: the lines of a column would compete for a few places of the cache.
        stride = -(-block // 64) * 64 + 16
        addresses = Addresses()
        room = -(-(k + k // 2 + _LEAST_ROOM + _LEAF) // 16) * 16
        # Where boxes do not pay, tiles in few coordinates do not, either.
        width = leaves.projected_panels.shape[1] if prune else 0
        sizes = _workspace_bytes(stride, d, room, count if prune else 0, width)
        workspace = np.empty(sum(sizes) + 64, np.uint8)
        first = addresses.of("workspace", workspace, np.uint8)
        places = -(-first // 64) * 64 + np.cumsum([0, *sizes[:-1]])
        of = addresses.of
        fields = np.array([
            *(of(name, array, np.float32) for name, array in zip(leaves._fields[:5], leaves, strict=False)),
            of("order", leaves.order, np.int32), count, n, d, of("center", self._center, np.float32),
            0, 0, 0, 0, k, block, stride, int(prune), room, *places[:-3].tolist(),
            of("low columns", leaves.low_columns, np.float32), of("high columns", leaves.high_columns, np.float32),
            *places[-3:].tolist(), *(of(name, getattr(leaves, name), np.float32) for name in _PROJECTION), width,
        ], np.int64)  # fmt: skip
        counters = workspace[int(places[12]) - first :][:16].view(np.int64)
        staged = None
        if block == FEW:
            results = np.empty((FEW, k)), np.empty((FEW, k), np.int64)
            staged = StagedCall(self._function, fields, (10, 11, 12, 13), d, results, addresses)
        return _Plan(leaves, (k, prune, block), fields, of("fields", fields, np.int64), counters, addresses, staged)


class _Plan(NamedTuple):
    """The operands of the kernel for queries of one kind, and what holds them."""

    leaves: _Leaves
    key: tuple[int, bool, int]
    fields: Array
    fields_at: int
    counters: Array
    addresses: Addresses
    staged: StagedCall | None


def _columns(boxes: Array) -> Array:
    return np.ascontiguousarray(boxes.T)


def _packed(padded: Array) -> tuple[Array, Array]:
    """Return leaves column by column, and minus half of the squared lengths of their records."""
    in_leaves = padded.reshape(len(padded) // _LEAF, _LEAF, padded.shape[1])
    starts = np.einsum("ij,ij->i", padded, padded, dtype=np.float64) * -0.5
    return np.ascontiguousarray(in_leaves.transpose(0, 2, 1)), starts.astype(np.float32)


def _workspace_bytes(stride: int, d: int, room: int, boxes: int, width: int) -> list[int]:
    """Return the bytes of each part of the working memory, as `nnlite.engine.kernels.neighbors` lists them."""
    each = [4 * d, 4, 4, 4 * room, 4 * room, 4, 4, 4, 8, 8]
    sizes = [(stride + _ROWS) * size for size in each]
    sizes += [4 * _ROWS * 2 * _MOST_LANES, 8 * (_ROWS + 1), 16]
    sides = width or d
    sizes += [4 * stride * sides, 4 * stride * boxes, 4 * stride, 4 * stride, 8 * (boxes + 1)] if boxes else [0] * 5
    sizes += [(stride + _ROWS) * size for size in (4 * width, 4, 4)]
    return [-(-size // 64) * 64 for size in sizes]
