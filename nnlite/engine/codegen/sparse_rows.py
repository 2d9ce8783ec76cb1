r"""A register tile of a product whose left operand has many zeros: rows of activations after a ReLU.

.. math:: z_{ru} = b_u + \sum_{k \in K} h_{rk}\, w_{ku}

K lists the columns in which any row of the tile is not 0. To leave the others out changes no sum: what they add is 0.
So the sums, in the order of k, are those of the whole product, whatever rows share a tile. The noisy copies of one
record have nearly the same active units, and a third to two thirds of the product is left out.

Vectors lie along the units; the numbers of the rows are broadcast. (`nnlite.engine.gemm.gemm_tile` has the general
product, and explains why sums stay in registers.)
"""

# Numba hands intrinsics their types by the names of their parameters, used or not.
# ruff: noqa: ARG001
# mypy: allow-untyped-defs

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from llvmlite import ir
from numba import extending, types

from nnlite.engine.codegen.emit import I32, I64, Emitter, declare_function
from nnlite.engine.codegen.processor import PANEL_VECTORS, Machine, tile_rows

intrinsic: Any = extending.intrinsic
_FLOAT = ir.FloatType()


class SparseRows(NamedTuple):
    """The tile for one machine.

    Attributes
    ----------
    rows, width : int
        Rows and units of a tile.
    tile : intrinsic ``(h, stride, columns, count, panel, bias, z, z_stride, low)``
        Write ``z[r * z_stride + u] = max(low, bias[u] + sum(h[r * stride + k] * panel[k * width + u]))``, with k
        from the int32 list `columns` of `count` items. Float32.
    """

    rows: int
    width: int
    tile: Any


@cache
def sparse_rows(machine: Machine) -> SparseRows:
    """Return the tile that suits `machine`."""
    f, i, n = types.CPointer(types.float32), types.CPointer(types.int32), types.int64
    rows, lanes = tile_rows(machine), machine.lanes(4)

    @intrinsic
    def tile(typing_context, h, stride, columns, count, panel, bias, z, z_stride, low):
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            builder.call(_tile_function(builder.module, lanes, rows), arguments)
            return context.get_dummy_value()

        return types.void(f, n, i, n, f, f, f, n, types.float32), generate

    return SparseRows(rows, PANEL_VECTORS * lanes, tile)


def _tile_function(module: ir.Module, lanes: int, rows: int) -> ir.Function:
    pointer = _FLOAT.as_pointer()
    arguments = [pointer, I64, I32.as_pointer(), I64, pointer, pointer, pointer, I64, _FLOAT]
    function, new = declare_function(module, f"nnlite_sparse_rows_{rows}x{lanes}", arguments)
    if not new:
        return function
    h, stride, columns, count, panel, bias, z, z_stride, low = function.args
    emit = Emitter(function, lanes)
    builder = emit.builder
    offsets = [ir.Constant(I64, v * lanes) for v in range(PANEL_VECTORS)]
    bases = [emit.opaque(emit.at(h, emit.times(stride, r))) for r in range(rows)]
    first = [emit.load(emit.at(bias, offset)) for offset in offsets]
    sums = [[emit.variable(value) for value in first] for _ in range(rows)]
    place = emit.variable(columns)
    with emit.repeat(count):
        k = builder.sext(builder.load(builder.load(place)), I64)
        weights = emit.at(panel, emit.times(k, PANEL_VECTORS * lanes))
        vectors = [emit.load(emit.at(weights, offset)) for offset in offsets]
        for base, row in zip(bases, sums, strict=True):
            spread = emit.splat(builder.load(emit.at(base, k)))
            for slot, vector in zip(row, vectors, strict=True):
                builder.store(builder.call(emit.fma, [spread, vector, builder.load(slot)]), slot)
        emit.advance(place, ir.Constant(I64, 1))
    least = emit.splat(low)
    for r, row in enumerate(sums):
        for slot, offset in zip(row, offsets, strict=True):
            value = builder.load(slot)
            # What is no number stays so, as in NumPy.
            value = builder.select(builder.fcmp_unordered(">", value, least), value, least)
            emit.store(value, emit.at(z, emit.times(z_stride, r), offset))
    builder.ret_void()
    return function
