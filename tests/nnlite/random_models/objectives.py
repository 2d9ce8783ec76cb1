"""Random losses and metrics, each with a head for the model and targets that fit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nnlite import likelihoods, losses, metrics
from tests.nnlite.random_models.layers import LayerSpec, Rng, Settings, Shape, chance, pick, some

Array = np.ndarray


@dataclass(frozen=True)
class Output:
    """What an output is trained for, as plain values.

    Attributes
    ----------
    loss : str
        Name of its class.
    settings : dict
        Arguments of its constructor.
    targets : str
        ``"numbers"``, ``"gaps"``, ``"bits"``, ``"one-hot"``, ``"classes"`` or, with twice as many outputs, ``"half"``
        and ``"half with gaps"``.
    metrics, weighted_metrics : tuple of str
        Names of further figures.
    """

    loss: str
    settings: Settings = field(default_factory=dict)
    targets: str = "numbers"
    metrics: tuple[str, ...] = ()
    weighted_metrics: tuple[str, ...] = ()

    def make_loss(self) -> Any:
        """Make the loss."""
        return getattr(likelihoods if self.loss.endswith("NLL") else losses, self.loss)(**self.settings)

    def make_metrics(self, names: tuple[str, ...]) -> list[Any]:
        """Make metrics by the names of their classes."""
        return [getattr(metrics, name)() for name in names]


_METRICS = {
    "numbers": ("MeanSquaredError", "MeanAbsoluteError", "RootMeanSquaredError"),
    "gaps": (),
    "bits": ("BinaryAccuracy", "MeanSquaredError"),
    "one-hot": ("CategoricalAccuracy", "MeanAbsoluteError"),
    "classes": ("SparseCategoricalAccuracy",),
    "half": (),
    "half with gaps": (),
}


def draw_output(rng: Rng, shape: Shape) -> tuple[LayerSpec | None, Output]:
    """Draw a loss for a tensor, and the layer that must come between, if any."""
    reduction: Settings = some(rng, reduction=(0.1, lambda: "sum"))
    kind = pick(rng, ("numbers", "numbers", "numbers", "bits", "one-hot", "classes", "likelihood"))
    units = int(rng.integers(2, 5))
    head: LayerSpec | None = LayerSpec("Dense", {"units": units})
    if kind == "numbers":
        loss = pick(
            rng, ("MeanSquaredError", "MeanSquaredError", "MaskedMeanSquaredError", "MeanAbsoluteError", "Huber")
        )
        if loss == "MaskedMeanSquaredError":
            kind = "gaps"
        delta = {"delta": 0.5} if loss == "Huber" and chance(rng, 0.5) else {}
        return (None if chance(rng, 0.5) else head), _with_metrics(rng, loss, {**reduction, **delta}, kind)
    if kind == "likelihood":
        if chance(rng, 0.4):
            return head, _with_metrics(rng, "BernoulliNLL", {"from_logits": True}, "bits", logits=True)
        learned = chance(rng, 0.5)
        settings = {"variance": None} if learned else {"variance": 0.5}
        head = LayerSpec("Dense", {"units": 2 * units})
        if chance(rng, 0.3):
            return head, _with_metrics(rng, "MaskedGaussianNLL", settings, "half with gaps" if learned else "gaps")
        return head, _with_metrics(rng, "GaussianNLL", settings, "half" if learned else "numbers")
    logits = chance(rng, 0.4)
    final = "sigmoid" if kind == "bits" else "softmax"
    head = LayerSpec("Dense", {"units": units, **({} if logits else {"activation": final})})
    name = {
        "bits": "BinaryCrossentropy",
        "one-hot": "CategoricalCrossentropy",
        "classes": "SparseCategoricalCrossentropy",
    }[kind]
    settings = {**reduction, **({"from_logits": True} if logits else {})}
    if kind != "classes" and chance(rng, 0.3):
        settings["label_smoothing"] = 0.1
    return head, _with_metrics(rng, name, settings, kind, logits)


def _with_metrics(rng: Rng, loss: str, settings: Settings, targets: str, logits: bool = False) -> Output:
    names = () if logits and targets == "bits" else _METRICS[targets]
    plain = tuple(name for name in names if chance(rng, 0.3))
    weighted = tuple(name for name in names if chance(rng, 0.15))
    return Output(loss, settings, targets, plain, weighted)


def draw_targets(rng: Rng, output: Output, shape: tuple[int, ...]) -> Array:
    """Draw targets for an output of a shape, rows first."""
    if output.targets.startswith("half"):
        shape = (*shape[:-1], shape[-1] // 2)
    if output.targets.endswith("gaps"):
        # At least one target of each sample is known: any part of the rows can be trained or validated on.
        unknown = rng.random(shape) < 0.3
        unknown[..., 0] = False
        return np.where(unknown, np.nan, rng.normal(size=shape))
    if output.targets == "bits":
        return rng.integers(0, 2, size=shape).astype(float)
    if output.targets == "one-hot":
        return np.eye(shape[-1])[rng.integers(0, shape[-1], size=shape[:-1])]
    if output.targets == "classes":
        return rng.integers(0, shape[-1], size=shape[:-1]).astype(float)
    return rng.normal(size=shape)
