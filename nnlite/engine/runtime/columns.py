"""Distances by single columns in compiled code: addresses of the records, working memory and threads."""

from __future__ import annotations

import numpy as np

from nnlite.engine.codegen.native import call, native_function
from nnlite.engine.runtime.addresses import Addresses
from nnlite.engine.runtime.threads import choose_threads, run_parts
from nnlite.known_columns import KnownColumns
from nnlite.types import Array

_FLOAT32 = np.dtype(np.float32)


class CompiledColumns:
    """The compiled search among records by single columns.

    Parameters
    ----------
    known : KnownColumns
        The records.
    """

    def __init__(self, known: KnownColumns) -> None:
        self._addresses = Addresses()
        self._n_records = known.n_records
        self._columns = len(known.features) + len(known.several)
        of = self._addresses.of
        at = of("features", known.features, np.int64), of("values", known.values, np.float32)
        self._single = [len(known.features), *at]
        # Of a column with codes what its values are, or else the address of the records' values.
        self._coded: list[tuple[slice, Array, int] | None] = []
        self._plain: list[list[int]] = []
        for number, (own, compared, codes) in enumerate(known.several):
            if codes is None:
                rows = np.ascontiguousarray(compared.T)
                self._coded.append(None)
                self._plain.append([0, of(number, rows, np.float32), own.start, len(rows)])
            else:
                held = codes.astype(np.int32)
                self._coded.append((own, compared, of(number, held, np.int32)))
                self._plain.append([])
        self._near = native_function("columns.near", _FLOAT32)
        self._by_others = native_function("columns.near_by_others", _FLOAT32)

    def means(self, x: Array, k: int, bound: np.float32) -> Array:
        """Return the mean distance by each column from the k records nearest by the bounded distances of all.

        Parameters
        ----------
        x : ndarray of float32 of shape (n, n_features)
            C-contiguous.
        k : int
            Number of records, at most all.
        bound : float32
            Bound of the distances by one column.

        Returns
        -------
        ndarray of float32 of shape (n, n_columns)
            In the order of the columns: those of one feature, then the others.
        """
        result = np.empty((len(x), self._columns), np.float32)

        def work(rows: slice) -> None:
            addresses = Addresses()
            fields = [*self._operands(x[rows], k, bound, addresses), addresses.of("means", result[rows], np.float32)]
            operands = np.array(fields, np.int64)
            call(self._near, addresses.of("fields", operands, np.int64), 0)

        run_parts(work, len(x), choose_threads(None, self._n_records * x.shape[1], len(x)))
        return result

    def nearest(self, x: Array, wanted: Array, k: int, bound: np.float32) -> Array:
        """Return the k records nearest by all columns but one, for each wanted column of each row of `x`.

        Parameters
        ----------
        x, k, bound
            As of `means`.
        wanted : ndarray of bool of shape (n, n_columns)
            The columns, in the order of the results of `means`.

        Returns
        -------
        ndarray of int64 of shape (n_wanted, k)
            Row by row; the nearest first, and of equally near ones the first.
        """
        columns = np.nonzero(wanted)[1].astype(np.int64)
        starts = np.concatenate([[0], np.cumsum(np.count_nonzero(wanted, axis=1))]).astype(np.int64)
        result = np.empty((len(columns), k), np.int64)

        def work(rows: slice) -> None:
            addresses = Addresses()
            of = addresses.of
            own = np.ascontiguousarray(starts[rows.start : rows.stop + 1])
            fields = [
                *self._operands(x[rows], k, bound, addresses), of("starts", own, np.int64),
                of("columns", columns, np.int64), of("nearest", result, np.int64),
            ]  # fmt: skip
            operands = np.array(fields, np.int64)
            call(self._by_others, of("operands", operands, np.int64), 0)

        run_parts(work, len(x), choose_threads(None, self._n_records * x.shape[1], len(x)))
        return result

    def _operands(self, x: Array, k: int, bound: np.float32, addresses: Addresses) -> list[int]:
        """Return what both kernels are told, with working memory of their own."""
        of, n = addresses.of, self._n_records
        described = np.array([self._described(number, x, addresses) for number in range(len(self._coded))], np.int64)
        return [
            of("x", x, np.float32), *x.shape, *self._single, len(self._coded), of("described", described, np.int64), n,
            of("bound", np.array([bound]), np.float32),
            of("distances", np.empty(self._columns * n, np.float32), np.float32),
            of("total", np.empty(n, np.float32), np.float32), of("others", np.empty(n, np.float32), np.float32),
            of("least", np.empty(k, np.float32), np.float32), of("places", np.empty(k, np.int64), np.int64), k,
        ]  # fmt: skip

    def _described(self, number: int, x: Array, addresses: Addresses) -> list[int]:
        """Return the four numbers of a column with several features; see `nnlite.engine.kernels.columns.near`."""
        coded = self._coded[number]
        if coded is None:
            return self._plain[number]
        own, values, codes = coded
        table = np.ascontiguousarray(squares_apart(x[:, own], values))
        return [codes, addresses.of(number, table, np.float32), len(values), 0]


def squares_apart(x: Array, values: Array) -> Array:
    """Return the squared distance of each row of `x` from each of some values, of shape (n, n_values)."""
    apart = x[:, np.newaxis] - values
    return np.asarray(np.einsum("nvj,nvj->nv", apart, apart))
