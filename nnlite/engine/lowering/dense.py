"""The fully connected layer."""

from __future__ import annotations

import math

from nnlite.engine.gemm.gemm_sizes import BIAS, NN, NT, TN, ZERO
from nnlite.engine.lowering.activation import activate
from nnlite.engine.lowering.rules import lowers
from nnlite.engine.program import Program, Tensor
from nnlite.layers import Dense


@lowers(Dense)
def dense(program: Program, layer: Dense, inputs: list[Tensor]) -> Tensor:
    """Emit z = W^T x + b and what comes back through it, then the activation."""
    (x,) = inputs
    learns = x.learns or any(weight.trainable for weight in layer.weights)
    z = program.tensor((*x.shape[:-1], layer.units), learns)
    n, units, ld = x.shape[-1], layer.units, program.ld
    positions = math.prod(x.shape[:-1])
    bias = layer.bias if layer.use_bias else None
    start, bias_place = (ZERO, None) if bias is None else (BIAS, program.weight(bias))
    kernel = (program.weight(layer.kernel), units, 0)
    of_x, of_z = (x.place, ld, n * ld), (z.place, ld, units * ld)
    if ld == 1:
        program.emit("dense.vector", kernel[0], bias_place, x.place, z.place, n, units, positions)
        return activate(program, layer.activation, z)
    work = program.product_memory(n, units)
    program.emit("dense.product", TN, *kernel, *of_x, *of_z, units, ld, n, start, bias_place, positions, work)

    def back() -> None:
        if z.derivative is None:
            return
        of_dz = (z.derivative, ld, units * ld)
        with program.weight_contribution(layer.kernel) as dkernel:
            if dkernel is not None:
                of_dkernel = (dkernel, units, 0)
                program.emit("dense.product", NT, *of_x, *of_dz, *of_dkernel, n, units, ld, ZERO, None, positions, work)
        with program.weight_contribution(bias) as dbias:
            if dbias is not None:
                program.emit("dense.bias_gradient", z.derivative, dbias, units, positions, ld)
        with program.contribution(x) as dx:
            if dx is not None:
                of_dx = (dx, ld, n * ld)
                program.emit("dense.product", NN, *kernel, *of_dz, *of_dx, n, ld, units, ZERO, None, positions, work)

    program.on_the_way_back(back)
    return activate(program, layer.activation, z)
