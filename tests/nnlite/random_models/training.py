"""Random training: arguments of compile and fit, and changes by callbacks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nnlite.callbacks import Callback
from tests.nnlite.random_models.architecture import Architecture, find
from tests.nnlite.random_models.data import Arrays
from tests.nnlite.random_models.graphs import paths_of
from tests.nnlite.random_models.layers import Rng, chance, pick
from tests.nnlite.random_models.objectives import Output
from tests.nnlite.random_models.optimizers import Described, draw_optimizer, make_optimizer


@dataclass(frozen=True)
class Event:
    """Something that a callback does: in a hook, at a number of it, to some part of the model."""

    hook: str
    number: int
    action: str
    target: Any = None

    def __str__(self) -> str:
        return f"{self.hook}({self.number}): {self.action}" + ("" if self.target is None else f" {self.target!r}")


@dataclass(frozen=True)
class Training:
    """How a model is trained, as plain values."""

    optimizer: Described
    loss_weights: tuple[float, ...] | None
    batch_size: int
    epochs: int
    shuffle: bool
    threads: int
    weighted: str | None
    validation: str | None
    events: tuple[Event, ...] = ()

    def lines(self) -> list[str]:
        """Describe the training."""
        words = [f"batch_size={self.batch_size}, epochs={self.epochs}, shuffle={self.shuffle}, threads={self.threads}"]
        for name in ("loss_weights", "weighted", "validation"):
            if getattr(self, name) is not None:
                words.append(f"{name}={getattr(self, name)!r}")
        optimizer = f"{self.optimizer['kind']}: {self.optimizer['settings']}"
        return [optimizer, ", ".join(words), *(f"callback {event}" for event in self.events)]


BETWEEN = ("on_epoch_begin", "on_epoch_end")
ANYWHERE = (*BETWEEN, "on_train_batch_begin", "on_train_batch_end")


def draw_training(rng: Rng, architecture: Architecture, outputs: list[Output]) -> Training:
    """Draw a training for a model."""
    epochs = int(rng.integers(1, 4))
    scheduled_or_not = draw_optimizer(rng, architecture.dtype)
    n_events = pick(rng, (0, 0, 1, 1, 2))
    fixed = not isinstance(scheduled_or_not["settings"]["learning_rate"], dict)
    weighted = pick(rng, (None, None, "rows", "steps", "classes"))
    if weighted == "classes" and not (len(outputs) == 1 and outputs[0].targets == "classes"):
        weighted = "rows"
    return Training(
        scheduled_or_not,
        tuple(float(pick(rng, (0.3, 1.0, 2.0))) for _ in outputs) if chance(rng, 0.4) else None,
        int(rng.integers(1, 13)),
        epochs,
        chance(rng, 0.7),
        pick(rng, (1, 1, 2)),
        weighted,
        pick(rng, (None, None, "split", "data")),
        tuple(_draw_event(rng, architecture, outputs, epochs, fixed) for _ in range(n_events)),
    )


def _draw_event(rng: Rng, architecture: Architecture, outputs: list[Output], epochs: int, fixed: bool) -> Event:
    actions = [
        "freeze",
        "freeze normalization",
        "freeze normalization",
        "thaw",
        "evaluate",
        "evaluate",
        "predict",
        "loss weight",
    ]
    actions += ["reduction", "weights", "compile", "clip", "decay", "stop", "save"]
    if fixed:
        actions.append("rate")
    action = pick(rng, actions)
    target: Any = None
    if action in ("freeze", "thaw"):
        target = pick(rng, paths_of(architecture))
    elif action == "freeze normalization":
        paths = paths_of(architecture)
        action, target = "freeze", pick(rng, [path for path in paths if _normalizes(architecture, path)] or paths)
    elif action in ("loss weight", "reduction"):
        target = int(rng.integers(len(outputs)))
    elif action == "compile":
        target = draw_optimizer(rng, architecture.dtype)
    hook = "on_train_batch_end" if action == "evaluate" and chance(rng, 0.5) else pick(rng, ANYWHERE)
    return Event(hook, int(rng.integers(epochs if hook in BETWEEN else 3)), action, target)


def _normalizes(architecture: Architecture, path: str) -> bool:
    """Tell whether a layer is a batch normalization, in the model or in one that is nested."""
    name, _, inner = path.partition("/")
    spec = architecture.layers.get(name)
    if spec is not None and inner:
        spec = spec.inside[int(inner.rpartition("_")[2])]
    return spec is not None and spec.kind == "BatchNormalization"


class Acting(Callback):
    """Does what events say, each once; keeps what it looks up on the way."""

    def __init__(self, case: Any, data: Arrays, backend: str) -> None:
        super().__init__()
        self.case, self.data, self.backend = case, data, backend
        self.seen: list[Any] = []
        self._waiting = list(case.training.events)

    def _do(self, hook: str, number: int) -> None:
        due = [event for event in self._waiting if (event.hook, event.number) == (hook, number)]
        for event in due:
            self._waiting.remove(event)
            getattr(self, "_" + event.action.replace(" ", "_"))(event.target)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._do("on_epoch_begin", epoch)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._do("on_epoch_end", epoch)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._do("on_train_batch_begin", batch)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._do("on_train_batch_end", batch)

    def _freeze(self, path: str) -> None:
        find(self.model, path).trainable = False

    def _thaw(self, path: str) -> None:
        find(self.model, path).trainable = True

    def _evaluate(self, _: None) -> None:
        found = self.model.evaluate(*self.data.all, verbose=0, batch_size=7, return_dict=True, backend=self.backend)
        self.seen += list(found.values())

    def _predict(self, _: None) -> None:
        found = self.model.predict(self.data.x, verbose=0, backend=self.backend)
        self.seen += [float(one.sum()) for one in (found if isinstance(found, list) else [found])]

    def _loss_weight(self, place: int) -> None:
        self.model.objective.loss_weights[place] *= 3.0

    def _reduction(self, place: int) -> None:
        loss = self.model.objective.losses[place]
        loss.reduction = "sum" if loss.reduction != "sum" else "sum_over_batch_size"

    def _weights(self, _: None) -> None:
        self.model.set_weights([0.5 * weight for weight in self.model.get_weights()])

    def _compile(self, optimizer: Described) -> None:
        compile_model(self.model, self.case.outputs, self.case.training, make_optimizer(optimizer))

    def _clip(self, _: None) -> None:
        optimizer = self.model.optimizer
        optimizer.clipnorm, optimizer.clipvalue, optimizer.global_clipnorm = None, 0.005, None

    def _decay(self, _: None) -> None:
        self.model.optimizer.weight_decay = 0.05

    def _rate(self, _: None) -> None:
        # After compiling anew there may be a schedule, which cannot be set.
        if self.model.optimizer.fixed_rate is not None:
            self.model.optimizer.learning_rate = self.model.optimizer.fixed_rate / 3

    def _stop(self, _: None) -> None:
        self.model.stop_training = True

    def _save(self, _: None) -> None:
        self.model.__reduce__()


def compile_model(model: Any, outputs: list[Output], training: Training, optimizer: Any = None) -> None:
    """Compile a model as described."""
    weighted = [output.make_metrics(output.weighted_metrics) for output in outputs]
    model.compile(
        optimizer or make_optimizer(training.optimizer),
        [output.make_loss() for output in outputs],
        None if training.loss_weights is None else list(training.loss_weights),
        metrics=[output.make_metrics(output.metrics) for output in outputs],
        weighted_metrics=weighted if any(weighted) else None,
    )
