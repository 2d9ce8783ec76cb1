"""Random optimizers, with schedules and clipping, as plain values."""

from __future__ import annotations

from typing import Any

from nnlite import optimizers
from nnlite.optimizers import schedules
from tests.nnlite.random_models.layers import Rng, Settings, chance, pick, some

Described = dict[str, Any]
"""``{"kind": class name, "settings": arguments}``; the rate may be described so itself."""


def make_optimizer(described: Described) -> Any:
    """Make the optimizer that a description describes."""
    settings = dict(described["settings"])
    rate = settings["learning_rate"]
    if isinstance(rate, dict):
        settings["learning_rate"] = getattr(schedules, rate["kind"])(**rate["settings"])
    return getattr(optimizers, described["kind"])(**settings)


def draw_optimizer(rng: Rng, dtype: str) -> Described:
    """Draw an optimizer, half of them with a schedule."""
    kind = pick(rng, ("SGD", "SGD", "RMSprop", "Adam", "AdamW"))
    rate = float(pick(rng, (0.003, 0.01, 0.03)))
    settings: Settings = {"learning_rate": _schedule(rng, rate) if chance(rng, 0.5) else rate}
    if kind == "SGD":
        settings |= some(rng, momentum=(0.6, lambda: 0.9), nesterov=(0.3, lambda: True))
        if "momentum" not in settings:
            settings.pop("nesterov", None)
    elif kind == "RMSprop":
        settings |= some(rng, momentum=(0.4, lambda: 0.5), centered=(0.4, lambda: True))
    else:
        settings |= some(rng, amsgrad=(0.4, lambda: True))
    if kind != "SGD":
        # Where a gradient is zero but for rounding, a tiny epsilon would make a step of the rounding.
        settings["epsilon"] = 1e-2 if dtype == "float32" else 1e-4
    clip = pick(rng, (None, None, {"clipnorm": 0.1}, {"clipvalue": 0.01}, {"global_clipnorm": 0.2}))
    settings |= clip or {}
    settings |= some(rng, weight_decay=(0.2, lambda: 0.02))
    return {"kind": kind, "settings": settings}


def _schedule(rng: Rng, rate: float) -> Described:
    kind = pick(
        rng,
        (
            "ExponentialDecay",
            "PiecewiseConstantDecay",
            "PolynomialDecay",
            "InverseTimeDecay",
            "CosineDecay",
            "CosineDecayRestarts",
        ),
    )
    steps = int(rng.integers(1, 12))
    settings: Settings = {"initial_learning_rate": rate}
    if kind == "PiecewiseConstantDecay":
        return {"kind": kind, "settings": {"boundaries": [steps, steps + 3], "values": [rate, rate / 2, rate / 5]}}
    if kind == "CosineDecayRestarts":
        return {"kind": kind, "settings": {**settings, "first_decay_steps": steps, "m_mul": 0.8}}
    settings["decay_steps"] = steps
    if kind in ("ExponentialDecay", "InverseTimeDecay"):
        settings |= {"decay_rate": 0.7, **some(rng, staircase=(0.3, lambda: True))}
    elif kind == "PolynomialDecay":
        settings |= {"power": 2.0, **some(rng, cycle=(0.4, lambda: True))}
    else:
        settings |= some(rng, alpha=(0.4, lambda: 0.1), warmup_steps=(0.4, lambda: 3))
        if "warmup_steps" in settings:
            settings["warmup_target"] = 2 * rate
    return {"kind": kind, "settings": settings}
