"""Random data for a model: inputs, targets and weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.nnlite.random_models.architecture import Architecture
from tests.nnlite.random_models.layers import Rng
from tests.nnlite.random_models.objectives import Array, Output, draw_targets


@dataclass
class Arrays:
    """What a model is fitted to."""

    x: list[Array]
    y: list[Array]
    sample_weight: list[Array] | None
    class_weight: dict[int, float] | None

    @property
    def all(self) -> tuple[Any, ...]:
        """What `Model.evaluate` takes: x and y."""
        return self.x, self.y

    @property
    def weights(self) -> Any:
        """Weights as `Model.fit` takes them."""
        if self.sample_weight is None:
            return None
        return self.sample_weight if len(self.sample_weight) > 1 else self.sample_weight[0]

    @property
    def rows(self) -> int:
        """Number of records."""
        return len(self.x[0])

    def first(self, rows: int) -> Arrays:
        """Return the first records."""
        weights = None if self.sample_weight is None else [one[:rows] for one in self.sample_weight]
        return Arrays([one[:rows] for one in self.x], [one[:rows] for one in self.y], weights, self.class_weight)


def draw_arrays(
    rng: Rng,
    architecture: Architecture,
    outputs: list[Output],
    shapes: list[tuple[int, ...]],
    rows: int,
    weighted: str | None,
) -> Arrays:
    """Draw the data of a case; `shapes` are those of the model's outputs, without rows."""
    x = [rng.normal(size=(rows, *shape)) for shape in architecture.inputs]
    for use in architecture.uses:
        if architecture.layers[use.layer].kind == "Masking" and use.inputs[0] < len(x):
            # At least one step of each record counts.
            steps = x[use.inputs[0]]
            hidden = rng.random(steps.shape[:2]) < 0.3
            hidden[:, 0] = False
            steps[hidden] = 0.0
    y = [draw_targets(rng, output, (rows, *shape)) for output, shape in zip(outputs, shapes, strict=True)]
    sample_weight = class_weight = None
    if weighted == "classes" and y[0].ndim == 1:
        class_weight = {0: 2.0, 1: 0.5}
    elif weighted is not None:
        sample_weight = [
            rng.uniform(0.2, 2.0, size=_weight_shape(one, output, weighted))
            for one, output in zip(y, outputs, strict=True)
        ]
    return Arrays(x, y, sample_weight, class_weight)


def _weight_shape(y: Array, output: Output, weighted: str) -> tuple[int, ...]:
    """Return the shape of weights: one for each row, or for each step where the loss has steps."""
    samples = y.shape if output.targets == "classes" else y.shape[:-1]
    return samples[:2] if weighted == "steps" and not output.loss.endswith("NLL") else y.shape[:1]
