"""The dense layer."""

from __future__ import annotations

import math

from nnlite.engine.gemm.gemm_sizes import BIAS, NN, NT, TN, ZERO
from nnlite.engine.lowering.activation import activate
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
    kernel_operands = (program.weight(layer.kernel), units, 0)
    x_operands, z_operands = (x.location, ld, n * ld), (z.location, ld, units * ld)
    if ld == 1:
        program.emit("dense.vector", kernel_operands[0], bias_location, x.location, z.location, n, units, positions)
        return activate(program, layer.activation, z)
    workspace = program.product_workspace(n, units)
    program.emit(
        "dense.product",
        TN,
        *kernel_operands,
        *x_operands,
        *z_operands,
        units,
        ld,
        n,
        start,
        bias_location,
        positions,
        workspace,
    )

    def emit_step() -> None:
        if z.gradient is None:
            return
        dz_operands = (z.gradient, ld, units * ld)
        with program.weight_contribution(layer.kernel) as dkernel:
            if dkernel is not None:
                dkernel_operands = (dkernel, units, 0)
                program.emit(
                    "dense.product",
                    NT,
                    *x_operands,
                    *dz_operands,
                    *dkernel_operands,
                    n,
                    units,
                    ld,
                    ZERO,
                    None,
                    positions,
                    workspace,
                )
        with program.weight_contribution(bias) as dbias:
            if dbias is not None:
                program.emit("dense.bias_gradient", z.gradient, dbias, units, positions, ld)
        with program.contribution(x) as dx:
            if dx is not None:
                dx_operands = (dx, ld, n * ld)
                program.emit(
                    "dense.product",
                    NN,
                    *kernel_operands,
                    *dz_operands,
                    *dx_operands,
                    n,
                    ld,
                    units,
                    ZERO,
                    None,
                    positions,
                    workspace,
                )

    program.add_backward_step(emit_step)
    return activate(program, layer.activation, z)
