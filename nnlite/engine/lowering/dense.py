"""The fully connected layer."""

from __future__ import annotations

import math

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
    kernel, bias = program.weight(layer.kernel), program.weight(layer.bias) if layer.use_bias else None
    sizes = (x.shape[-1], layer.units, math.prod(x.shape[:-1]), program.ld)
    work = program.product_memory(x.shape[-1], layer.units)
    program.emit("dense.forward", kernel, bias, x.place, z.place, *sizes, work)

    def back() -> None:
        if z.derivative is None:
            return
        with (
            program.contribution(x) as dx,
            program.weight_contribution(layer.kernel) as dkernel,
            program.weight_contribution(layer.bias if layer.use_bias else None) as dbias,
        ):
            program.emit("dense.backward", kernel, x.place, z.derivative, dx, dkernel, dbias, *sizes, work)

    program.on_the_way_back(back)
    return activate(program, layer.activation, z)
