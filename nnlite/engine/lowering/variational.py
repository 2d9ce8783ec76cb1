"""The Gaussian code of a variational autoencoder."""

from __future__ import annotations

import math

from nnlite.engine.lowering.rules import lowers
from nnlite.engine.program import Program, Tensor
from nnlite.layers import GaussianLatent


@lowers(GaussianLatent)
def gaussian_latent(program: Program, layer: GaussianLatent, inputs: list[Tensor]) -> Tensor:
    """Emit the sample and the divergence; at inference z is the mean, unless the layer samples there too."""
    (x,) = inputs
    size, positions, ld = x.shape[-1] // 2, math.prod(x.shape[:-1]), program.ld
    z = program.tensor((*x.shape[:-1], size), x.requires_gradient)
    # Callbacks may change it between epochs.
    beta = program.runtime_parameter(lambda: layer.beta)
    program.emit("variational.divergence", x.location, size, positions, ld, beta, program.total("penalty"))
    noise = None
    if program.training or layer.sample_at_inference:
        noise = program.reserve(z.size * ld)
        stream = program.random_stream(lambda: int(layer.rng.integers(2**63)))
        program.emit("variational.sample", x.location, noise, z.location, size, positions, ld, stream)
    else:
        program.emit("data.copy", x.location, z.location, positions, size * ld, 2 * size * ld, size * ld)

    def emit_step() -> None:
        dz = z.gradient
        with program.contribution(x) as dx:
            if dx is None:
                return
            if dz is None:
                # No loss depends on the code; the divergence remains.
                dz = program.reserve(z.size * ld)
                program.emit("data.clear", dz, z.size * ld)
            program.emit("variational.backward", x.location, noise, dz, dx, size, positions, ld, beta)

    program.add_backward_step(emit_step)
    return z
