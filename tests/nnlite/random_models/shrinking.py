"""Shrinking: the smallest case for which the same check fails."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests.nnlite.random_models.architecture import Architecture, Use
from tests.nnlite.random_models.cases import Case
from tests.nnlite.random_models.checks import failure
from tests.nnlite.random_models.layers import LayerSpec
from tests.nnlite.random_models.training import Training

ATTEMPTS = 120
"""Largest number of smaller cases; each takes some hundredths of a second."""


def shrink(case: Case, check: str, attempts: int = ATTEMPTS) -> Case:
    """Return the smallest case found that still fails a check.

    Parameters
    ----------
    case : Case
        One that fails.
    check : str
        The check that it fails.
    attempts : int
        How many smaller cases to try at most.
    """
    kind = _kind(failure(case, check))
    found = True
    while found and attempts > 0:
        found = False
        for smaller in _smaller(case):
            attempts -= 1
            if _kind(failure(smaller, check)) == kind:
                case, found = smaller, True
                break
            if attempts <= 0:
                break
    return case


def _kind(message: str | None) -> str | None:
    """Return what kind of failure it is: another error would be another story."""
    return None if message is None else re.split(r"[\d'\[(]| of ", message)[0]


def _smaller(case: Case) -> Iterator[Case]:
    """Yield cases that are smaller by one thing each, the largest things first."""
    for architecture, outputs in _smaller_graphs(case.architecture, case.outputs):
        loss_weights = None if len(outputs) < len(case.outputs) else case.training.loss_weights
        training = replace(case.training, loss_weights=loss_weights)
        yield replace(case, architecture=architecture, outputs=outputs, training=training)
    for training in _smaller_trainings(case.training):
        yield replace(case, training=training)
    for i, output in enumerate(case.outputs):
        # Whether predictions are logits, or hold variances, is no matter of taste.
        needed = {key: value for key, value in output.settings.items() if key in ("from_logits", "variance")}
        for plain in (replace(output, metrics=(), weighted_metrics=()), replace(output, settings=needed)):
            if plain != output:
                yield replace(case, outputs=[*case.outputs[:i], plain, *case.outputs[i + 1 :]])
    for rows in (4, case.rows // 2):
        if rows < case.rows and rows >= 4:
            yield replace(case, rows=rows)


def _smaller_trainings(training: Training) -> Iterator[Training]:
    for i in range(len(training.events)):
        yield replace(training, events=(*training.events[:i], *training.events[i + 1 :]))
    plain: dict[str, Any] = {
        "threads": 1,
        "validation": None,
        "weighted": None,
        "loss_weights": None,
        "shuffle": False,
        "epochs": 1,
    }
    for name, value in plain.items():
        if getattr(training, name) != value:
            yield replace(training, **{name: value})
    settings = training.optimizer["settings"]
    sgd = {"kind": "SGD", "settings": {"learning_rate": settings["learning_rate"]}}
    if training.optimizer != sgd:
        yield replace(training, optimizer=sgd)
    if isinstance(settings["learning_rate"], dict):
        fixed = {**training.optimizer, "settings": {**settings, "learning_rate": 0.01}}
        yield replace(training, optimizer=fixed)
    for name in settings.keys() - {"learning_rate", "momentum"}:
        less = {key: value for key, value in settings.items() if key != name}
        yield replace(training, optimizer={**training.optimizer, "settings": less})


def _smaller_graphs(architecture: Architecture, outputs: list[Any]) -> Iterator[tuple[Architecture, list[Any]]]:
    if len(outputs) > 1:
        for i in range(len(outputs)):
            kept = [place for k, place in enumerate(architecture.outputs) if k != i]
            yield from _checked(replace(architecture, outputs=kept), [o for k, o in enumerate(outputs) if k != i])
    for i, use in enumerate(architecture.uses):
        if use.n_outputs == 1:
            yield from _checked(_without(architecture, i), outputs)
    if architecture.dtype == "float32":
        yield replace(architecture, dtype="float64"), outputs
    for name in ("frozen", "thawed"):
        parts = getattr(architecture, name)
        for i in range(len(parts)):
            yield replace(architecture, **{name: (*parts[:i], *parts[i + 1 :])}), outputs
    for name, value in (("added_late", 0), ("lazy", False)):
        if getattr(architecture, name) != value:
            yield replace(architecture, **{name: value}), outputs
    for name, spec in architecture.layers.items():
        for setting in spec.settings:
            if setting not in ("units", "filters", "kernel_size", "target_shape", "input", "return_state", "l1"):
                less = {key: value for key, value in spec.settings.items() if key != setting}
                yield _with_layer(architecture, name, LayerSpec(spec.kind, less, spec.inside)), outputs
        if spec.kind in ("Sequential", "Model") and len(spec.inside) > 1:
            for i in range(len(spec.inside)):
                inside = (*spec.inside[:i], *spec.inside[i + 1 :])
                yield _with_layer(architecture, name, LayerSpec(spec.kind, spec.settings, inside)), outputs


def _with_layer(architecture: Architecture, name: str, spec: LayerSpec) -> Architecture:
    return replace(architecture, layers={**architecture.layers, name: spec})


def _checked(architecture: Architecture, outputs: list[Any]) -> Iterator[tuple[Architecture, list[Any]]]:
    """Yield a graph without what no output depends on, where there is one and its inputs stay connected."""
    tidy = _without_dead_ends(architecture)
    if tidy is not None:
        yield tidy, outputs


def _without(architecture: Architecture, number: int) -> Architecture:
    """Take out one use: what took its output takes its first input."""
    gone = _first_output(architecture, number)
    target = architecture.uses[number].inputs[0]

    def moved(place: int) -> int:
        place = target if place == gone else place
        return place - 1 if place > gone else place

    uses = [replace(use, inputs=tuple(map(moved, use.inputs))) for use in architecture.uses]
    outputs = [moved(place) for place in architecture.outputs]
    return replace(architecture, uses=[*uses[:number], *uses[number + 1 :]], outputs=outputs)


def _first_output(architecture: Architecture, number: int) -> int:
    return len(architecture.inputs) + sum(use.n_outputs for use in architecture.uses[:number])


def _without_dead_ends(architecture: Architecture) -> Architecture | None:
    needed = set(architecture.outputs)
    n_inputs = len(architecture.inputs)
    kept: list[tuple[Use, list[int]]] = []
    for number in reversed(range(len(architecture.uses))):
        use = architecture.uses[number]
        first = _first_output(architecture, number)
        places = list(range(first, first + use.n_outputs))
        if needed.intersection(places):
            needed.update(use.inputs)
            kept.insert(0, (use, places))
    inputs = [place for place in range(n_inputs) if place in needed]
    if not kept or not inputs or any(place < n_inputs for place in architecture.outputs):
        return None
    renamed = {old: new for new, old in enumerate([*inputs, *(place for _, places in kept for place in places)])}
    uses = [replace(use, inputs=tuple(renamed[place] for place in use.inputs)) for use, _ in kept]
    names = {use.layer for use in uses}

    def there(path: str) -> bool:
        return not path or path.split("/")[0] in names

    return replace(
        architecture,
        inputs=[architecture.inputs[place] for place in inputs],
        layers={name: spec for name, spec in architecture.layers.items() if name in names},
        uses=uses,
        outputs=[renamed[place] for place in architecture.outputs],
        frozen=tuple(filter(there, architecture.frozen)),
        thawed=tuple(filter(there, architecture.thawed)),
    )
