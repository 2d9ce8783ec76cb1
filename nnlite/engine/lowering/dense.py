"""The dense layer."""

from __future__ import annotations

import math

from nnlite.engine.gemm.gemm_sizes import BIAS, NN, NT, TN, ZERO
from nnlite.engine.lowering.activation import activate
from nnlite.engine.lowering.products import Matrix, emit_product
from nnlite.engine.lowering.rules import lowers
from nnlite.engine.program import Program, Tensor
from nnlite.layers import Dense


@lowers(Dense)
def dense(program: Program, layer: Dense, inputs: list[Tensor]) -> Tensor:
    """Emit z = W^T x + b, the activation, and their gradients."""
    (x,) = inputs
    requires_gradient = x.requires_gradient or any(weight.trainable for weight in layer.weights)
    z = program.tensor((*x.shape[:-1], layer.units), requires_gradient)
    n, units, ld = x.shape[-1], layer.units, program.ld
    positions = math.prod(x.shape[:-1])
    bias = layer.bias if layer.use_bias else None
    start, bias_location = (ZERO, None) if bias is None else (BIAS, program.weight(bias))
    kernel = Matrix(program.weight(layer.kernel), units)
    if ld == 1:
        program.emit("dense.vector", kernel.location, bias_location, x.location, z.location, n, units, positions)
        return activate(program, layer.activation, z)
    workspace = program.product_workspace(n, units)
    x_matrix, z_matrix = Matrix(x.location, ld, n * ld), Matrix(z.location, ld, units * ld)
    sizes = (units, ld, n)
    emit_product(program, TN, kernel, x_matrix, z_matrix, sizes, workspace, start, bias_location, positions)

    def emit_step() -> None:
        if z.gradient is None:
            return
        dz = Matrix(z.gradient, ld, units * ld)
        with program.weight_contribution(layer.kernel) as dkernel:
            if dkernel is not None:
                sizes = (n, units, ld)
                emit_product(program, NT, x_matrix, dz, Matrix(dkernel, units), sizes, workspace, positions=positions)
        with program.weight_contribution(bias) as dbias:
            if dbias is not None:
                program.emit("dense.bias_gradient", z.gradient, dbias, units, positions, ld)
        with program.contribution(x) as dx:
            if dx is not None:
                sizes = (n, ld, units)
                emit_product(program, NN, kernel, dz, Matrix(dx, ld, n * ld), sizes, workspace, positions=positions)

    program.add_backward_step(emit_step)
    return activate(program, layer.activation, z)
