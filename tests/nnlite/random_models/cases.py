"""Cases: a model, its data and its training, drawn from a seed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnlite.config import floatx, set_floatx
from nnlite.utils import set_random_seed
from tests.nnlite.random_models.architecture import Architecture, build
from tests.nnlite.random_models.data import Arrays, draw_arrays
from tests.nnlite.random_models.graphs import draw_architecture
from tests.nnlite.random_models.objectives import Output
from tests.nnlite.random_models.training import Acting, Training, compile_model, draw_training


@dataclass(frozen=True)
class Case:
    """A model, its data and its training as plain values."""

    seed: int
    architecture: Architecture
    outputs: list[Output]
    training: Training
    rows: int

    def __str__(self) -> str:
        losses = [
            f"{output.loss}({', '.join(f'{k}={v!r}' for k, v in output.settings.items())})"
            + "".join(f" + {name}" for name in (*output.metrics, *(f"weighted {m}" for m in output.weighted_metrics)))
            for output in self.outputs
        ]
        lines = [*self.architecture.lines(), "losses: " + ", ".join(losses), *self.training.lines()]
        return "\n".join(f"  {line}" for line in [*lines, f"{self.rows} rows"])


def draw_case(seed: int) -> Case:
    """Draw a case; the same seed gives the same one."""
    rng = np.random.default_rng(seed)
    with float_type("float64"):
        architecture, outputs = draw_architecture(rng)
    return Case(seed, architecture, outputs, draw_training(rng, architecture, outputs), int(rng.integers(4, 30)))


@contextmanager
def float_type(name: str) -> Iterator[None]:
    """Let models that are made within the block compute in a float type."""
    before = floatx()
    set_floatx(name)
    try:
        yield
    finally:
        set_floatx(before)


def data_of(case: Case) -> Arrays:
    """Draw the data of a case."""
    model = build_model(case, compiled=False)
    rng = np.random.default_rng([case.seed, 1])
    if not model.outputs:
        model.build((None, *case.architecture.inputs[0]))
    shapes = [tuple(tensor.shape[1:]) for tensor in model.outputs]
    return draw_arrays(rng, case.architecture, case.outputs, shapes, case.rows, case.training.weighted)


def build_model(case: Case, compiled: bool = True) -> Any:
    """Build the model of a case, and compile it; the same weights and draws each time."""
    set_random_seed(case.seed % 2**32)
    model = build(case.architecture)
    if compiled:
        compile_model(model, case.outputs, case.training)
    return model


def ready_model(case: Case, data: Arrays) -> Any:
    """Build and compile a model that knows its shapes, and whose biases are not zero: zeros sit on kinks."""
    model = build_model(case)
    model.predict(data.x, verbose=0, backend="numpy")
    rng = np.random.default_rng([case.seed, 2])
    # What is a variance stays one.
    model.set_weights([weight + 0.1 * rng.random(weight.shape) for weight in model.get_weights()])
    set_random_seed((case.seed + 1) % 2**32)
    return model


def fit(case: Case, model: Any, data: Arrays, backend: str, **settings: Any) -> Acting:
    """Fit a model as described; return the callback that has done what the events say."""
    training = case.training
    acting = Acting(case, data, backend)
    validation: dict[str, Any] = {}
    if training.validation == "split" and data.rows > 2:
        validation = {"validation_split": 0.34}
    elif training.validation == "data":
        few = data.first(3)
        given = few.all if few.weights is None else (*few.all, few.weights)
        validation = {"validation_data": given, "validation_batch_size": 2}
    model.fit(
        *data.all,
        **{
            "batch_size": training.batch_size,
            "epochs": training.epochs,
            "shuffle": training.shuffle,
            "threads": training.threads,
            "sample_weight": data.weights,
            "class_weight": data.class_weight,
            "callbacks": [acting] if training.events else None,
            **validation,
            **settings,
        },
        verbose=0,
        backend=backend,
    )
    return acting
