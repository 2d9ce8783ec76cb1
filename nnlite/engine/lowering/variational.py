"""The Gaussian code of a variational autoencoder."""

from __future__ import annotations

import math

from nnlite.engine.lowering.rules import lowers
from nnlite.engine.program import Program, Tensor
from nnlite.layers import GaussianLatent


@lowers(GaussianLatent)
def gaussian_latent(program: Program, layer: GaussianLatent, inputs: list[Tensor]) -> Tensor:
    """Emit the draw and the divergence; at inference z is the mean, unless the layer is to draw there too."""
    (x,) = inputs
    size, positions, ld = x.shape[-1] // 2, math.prod(x.shape[:-1]), program.ld
    z = program.tensor((*x.shape[:-1], size), x.learns)
    # It may be changed between epochs.
    beta = program.live(lambda: layer.beta)
    program.emit("variational.divergence", x.place, size, positions, ld, beta, program.total("penalty"))
    noise = None
    if program.training or layer.sample_at_inference:
        noise = program.reserve(z.size * ld)
        seed = program.seed(lambda: int(layer.rng.integers(2**63)))
        program.emit("variational.sample", x.place, noise, z.place, size, positions, ld, seed)
    else:
        program.emit("data.copy", x.place, z.place, positions, size * ld, 2 * size * ld, size * ld)

    def back() -> None:
        dz = z.derivative
        with program.contribution(x) as dx:
            if dx is None:
                return
            if dz is None:
                # No loss looks at the code; the divergence counts all the same.
                dz = program.reserve(z.size * ld)
                program.emit("data.clear", dz, z.size * ld)
            program.emit("variational.backward", x.place, noise, dz, dx, size, positions, ld, beta)

    program.on_the_way_back(back)
    return z
