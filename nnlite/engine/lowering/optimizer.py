"""Optimizers."""

from __future__ import annotations

from nnlite.engine.lowering.rules import Unsupported
from nnlite.engine.program import Place, Program
from nnlite.memory import LINE
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

    weights, gradients = Place("weights", first), Place("gradients 0", first)
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
        program.emit("optimizer.clip_values", Place("gradients 0"), length, float(optimizer.clipvalue))
    elif optimizer.global_clipnorm is not None:
        program.emit("optimizer.clip_norm", Place("gradients 0"), length, float(optimizer.global_clipnorm))
    elif optimizer.clipnorm is not None:
        for _, place in optimizer.layout:
            size = place.stop - place.start
            program.emit("optimizer.clip_norm", Place("gradients 0", place.start), size, float(optimizer.clipnorm))


def lower_decay(program: Program, optimizer: Optimizer, length: int, part: slice) -> None:
    """Emit the decay of those of the weights in `part` that decay."""
    if not optimizer.weight_decay:
        return
    for place in optimizer.decaying(length):
        start, stop = max(place.start, part.start), min(place.stop, part.stop)
        if start < stop:
            program.emit("optimizer.decay", Place("weights", start), stop - start, float(optimizer.weight_decay))


def lower_step(program: Program, optimizer: Optimizer, length: int, thread: int, threads: int) -> None:
    """Emit a thread's part of the optimizer's step.

    Every thread has gradients of its own share of the batch. When all are there, each thread adds up a part of them,
    and changes that part of the weights; nobody goes on before all have done so. Clipping needs the whole gradient:
    then the first thread does everything.
    """
    clips = any(limit is not None for limit in (optimizer.clipvalue, optimizer.clipnorm, optimizer.global_clipnorm))
    per_line = LINE // program.dtype.itemsize
    share = -(-length // (threads * per_line)) * per_line
    part = slice(min(thread * share, length), min((thread + 1) * share, length))
    if clips:
        part = slice(0, length if thread == 0 else 0)
    if threads > 1:
        program.emit("threads.meet", Place("meeting"), threads)
    if part.start < part.stop:
        size = part.stop - part.start
        for other in range(1, threads):
            terms = Place(f"gradients {other}", part.start)
            program.emit("data.accumulate", terms, Place("gradients 0", part.start), size)
        if clips:
            lower_clipping(program, optimizer, length)
        lower_decay(program, optimizer, length, part)
        lower_optimizer(program, optimizer, part.start, size)
    if threads > 1:
        program.emit("threads.meet", Place("meeting"), threads)
