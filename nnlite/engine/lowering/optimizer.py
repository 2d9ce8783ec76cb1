"""Optimizer steps."""

from __future__ import annotations

from nnlite.engine.lowering.rules import Unsupported
from nnlite.engine.program import Location, Program
from nnlite.memory import LINE
from nnlite.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop

# By their names: to import them all would take a tenth of the first fit.
_ADAPTIVE = {
    "nnlite.optimizers.nadam.Nadam": ("nadam", ("beta_1", "beta_2", "epsilon")),
    "nnlite.optimizers.adamax.Adamax": ("adamax", ("beta_1", "beta_2", "epsilon")),
    "nnlite.optimizers.adagrad.Adagrad": ("adagrad", ("epsilon",)),
    "nnlite.optimizers.adadelta.Adadelta": ("adadelta", ("rho", "epsilon")),
    "nnlite.optimizers.lion.Lion": ("lion", ("beta_1", "beta_2")),
    "nnlite.optimizers.ftrl.Ftrl": (
        "ftrl",
        (
            "l1_regularization_strength",
            "l2_regularization_strength",
            "l2_shrinkage_regularization_strength",
            "beta",
        ),
    ),
}


def lower_optimizer(program: Program, optimizer: Optimizer, first: int, length: int) -> None:
    """Emit the step of an optimizer for a range of the weights.

    Parameters
    ----------
    program : Program
        The program.
    optimizer : Optimizer
        Built for the weights.
    first, length : int
        The range.

    Raises
    ------
    Unsupported
        If the optimizer has no compiled form.
    """

    def slot(name: str) -> Location | None:
        return Location(f"slot {name}", first) if name in optimizer.slots else None

    if optimizer.averages:
        raise Unsupported("averages of weights or of gradients have no compiled form")
    weights, gradients = Location("weights", first), Location("gradients 0", first)
    kind = type(optimizer)
    if isinstance(optimizer, SGD) and kind is SGD:
        sgd_operands = (length, float(optimizer.momentum), int(optimizer.nesterov))
        program.emit("optimizer.sgd", weights, gradients, slot("momentum"), *sgd_operands)
    elif isinstance(optimizer, RMSprop) and kind is RMSprop:
        slots = [slot(name) for name in ("velocity", "average_gradient", "momentum")]
        rmsprop_operands = (length, float(optimizer.rho), float(optimizer.momentum), float(optimizer.epsilon))
        program.emit("optimizer.rmsprop", weights, gradients, *slots, *rmsprop_operands)
    elif isinstance(optimizer, Adam) and kind in (Adam, AdamW):
        adam_operands = (length, float(optimizer.beta_1), float(optimizer.beta_2), float(optimizer.epsilon))
        names = ("momentum", "velocity", "velocity_hat") if optimizer.amsgrad else ("momentum", "velocity")
        kernel = "amsgrad" if optimizer.amsgrad else "adam"
        program.emit(f"optimizer.{kernel}", weights, gradients, *map(slot, names), *adam_operands)
    else:
        kernel, constants = _adaptive_step(optimizer)
        slots = [slot(name) for name in optimizer.slot_names]
        program.emit(f"adaptive.{kernel}", weights, gradients, *slots, length, *map(float, constants))


def _adaptive_step(optimizer: Optimizer) -> tuple[str, tuple[float, ...]]:
    """Return the kernel of one of the less frequent optimizers, and its constants."""
    kind = type(optimizer)
    kernel, constants = _ADAPTIVE.get(f"{kind.__module__}.{kind.__qualname__}", ("", ()))
    if not kernel or getattr(optimizer, "learning_rate_power", -0.5) != -0.5:
        raise Unsupported(f"the optimizer {kind.__name__} has no compiled form for these settings")
    return kernel, tuple(getattr(optimizer, name) for name in constants)


def lower_clipping(program: Program, optimizer: Optimizer, length: int) -> None:
    """Emit the clipping of the gradients of all weights."""
    if optimizer.clipvalue is not None:
        program.emit("optimizer.clip_values", Location("gradients 0"), length, float(optimizer.clipvalue))
    elif optimizer.global_clipnorm is not None:
        program.emit("optimizer.clip_norm", Location("gradients 0"), length, float(optimizer.global_clipnorm))
    elif optimizer.clipnorm is not None:
        for _, part in optimizer.layout:
            size = part.stop - part.start
            program.emit("optimizer.clip_norm", Location("gradients 0", part.start), size, float(optimizer.clipnorm))


def lower_decay(program: Program, optimizer: Optimizer, length: int, part: slice) -> None:
    """Emit the decay of the weights in `part` that decay."""
    if not optimizer.weight_decay:
        return
    for decayed in optimizer.decaying(length):
        start, stop = max(decayed.start, part.start), min(decayed.stop, part.stop)
        if start < stop:
            program.emit("optimizer.decay", Location("weights", start), stop - start, float(optimizer.weight_decay))


def lower_step(program: Program, optimizer: Optimizer, length: int, thread: int, threads: int) -> None:
    """Emit a thread's part of the optimizer's step.

    Every thread has the gradients of its own records. After a barrier, each thread sums one part of these gradients,
    and updates that part of the weights; a second barrier follows. Clipping needs the whole gradient: then the first
    thread updates all weights.
    """
    clips = any(limit is not None for limit in (optimizer.clipvalue, optimizer.clipnorm, optimizer.global_clipnorm))
    per_line = LINE // program.dtype.itemsize
    part_size = -(-length // (threads * per_line)) * per_line
    part = slice(min(thread * part_size, length), min((thread + 1) * part_size, length))
    if clips:
        part = slice(0, length if thread == 0 else 0)
    if threads > 1:
        program.emit("threads.barrier", Location("barrier"), threads)
    if part.start < part.stop:
        size = part.stop - part.start
        for other in range(1, threads):
            terms = Location(f"gradients {other}", part.start)
            program.emit("data.accumulate", terms, Location("gradients 0", part.start), size)
        if clips:
            lower_clipping(program, optimizer, length)
        lower_decay(program, optimizer, length, part)
        lower_optimizer(program, optimizer, part.start, size)
    if threads > 1:
        program.emit("threads.barrier", Location("barrier"), threads)
