"""Optimizers."""

from __future__ import annotations

from nnlite.engine.lowering.rules import Unsupported
from nnlite.engine.program import Place, Program
from nnlite.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop


def lower_optimizer(program: Program, optimizer: Optimizer, first: int, length: int) -> None:
    """Emit the step of an optimizer for some of the weights.

    Parameters
    ----------
    program : Program
        Where to.
    optimizer : Optimizer
        Built for the weights.
    first, length : int
        Which of the weights.

    Raises
    ------
    Unsupported
        If the optimizer has no compiled form.
    """

    def slot(name: str) -> Place | None:
        return Place(f"slot {name}", first) if name in optimizer.slots else None

    weights, gradients = Place("weights", first), Place("gradients", first)
    kind = type(optimizer)
    if isinstance(optimizer, SGD) and kind is SGD:
        constants = (length, float(optimizer.momentum), int(optimizer.nesterov))
        program.emit("optimizer.sgd", weights, gradients, slot("momentum"), *constants)
    elif isinstance(optimizer, RMSprop) and kind is RMSprop:
        slots = [slot(name) for name in ("velocity", "average_gradient", "momentum")]
        constants_rms = (length, float(optimizer.rho), float(optimizer.momentum), float(optimizer.epsilon))
        program.emit("optimizer.rmsprop", weights, gradients, *slots, *constants_rms)
    elif isinstance(optimizer, Adam) and kind in (Adam, AdamW):
        constants_adam = (length, float(optimizer.beta_1), float(optimizer.beta_2), float(optimizer.epsilon))
        names = ("momentum", "velocity", "velocity_hat") if optimizer.amsgrad else ("momentum", "velocity")
        kernel = "amsgrad" if optimizer.amsgrad else "adam"
        program.emit(f"optimizer.{kernel}", weights, gradients, *map(slot, names), *constants_adam)
    else:
        raise Unsupported(f"the optimizer {kind.__name__} has no compiled form")


def lower_clipping(program: Program, optimizer: Optimizer, length: int) -> None:
    """Emit what limits the gradients of all weights."""
    if optimizer.clipvalue is not None:
        program.emit("optimizer.clip_values", Place("gradients"), length, float(optimizer.clipvalue))
    elif optimizer.global_clipnorm is not None:
        program.emit("optimizer.clip_norm", Place("gradients"), length, float(optimizer.global_clipnorm))
    elif optimizer.clipnorm is not None:
        for _, place in optimizer.layout:
            size = place.stop - place.start
            program.emit("optimizer.clip_norm", Place("gradients", place.start), size, float(optimizer.clipnorm))


def lower_decay(program: Program, optimizer: Optimizer, length: int) -> None:
    """Emit the decay of the weights that decay."""
    if not optimizer.weight_decay:
        return
    for place in optimizer.decaying(length):
        size = place.stop - place.start
        program.emit("optimizer.decay", Place("weights", place.start), size, float(optimizer.weight_decay))
