"""Fifty random models, and their generator: reproducible, complete, and able to find faults.

Other models than those of every day: ``NNLITE_RANDOM_MODELS=1000 python -m pytest tests/nnlite/test_random_models.py``;
thousands: ``python -m benchmarks fuzz --minutes 30``.
"""

import os

import numpy as np
import pytest

from nnlite import layers
from nnlite.layers import Dense, Layer, LayerNormalization
from nnlite.losses import MeanSquaredError
from nnlite.models import Model
from nnlite.optimizers import SGD, Optimizer
from tests.nnlite.random_models.cases import data_of, draw_case
from tests.nnlite.random_models.checks import CHECKS, failure, failures
from tests.nnlite.random_models.shrinking import shrink

FIRST = int(os.environ.get("NNLITE_RANDOM_MODELS", "0"))
KNOWN = (84, 112, 268)
"""Seeds that once found faults in loss weights, evaluation and normalization changed by callbacks during a fit."""
SEEDS = [*range(FIRST, FIRST + 50 - len(KNOWN)), *KNOWN]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", SEEDS)
def test_properties_of_every_model(seed):
    case = draw_case(seed)
    found = failures(case)
    messages = "\n".join(f"{check}: {message}" for check, message in found.items())
    assert not found, f"python -m benchmarks fuzz --seed {seed}\n{case}\n{messages}"


def test_the_same_seed_draws_the_same_case():
    for seed in range(20):
        case, again = draw_case(seed), draw_case(seed)
        assert case == again
        assert str(case) == str(again)
        for one, other in zip(data_of(case).x, data_of(again).x, strict=True):
            np.testing.assert_array_equal(one, other)
    assert len({str(draw_case(seed)) for seed in range(20)}) == 20


def test_every_layer_optimizer_and_change_is_drawn():
    cases = [draw_case(seed) for seed in range(500)]
    specs = [spec for case in cases for spec in case.architecture.layers.values()]
    kinds = {spec.kind for spec in specs} | {inner.kind for spec in specs for inner in spec.inside}
    every = {getattr(layers, name).__name__ for name in layers.__all__ if name[0].isupper()}
    every -= {"Layer", "Input", "InputLayer", "Average", "Divide", "Dot", "Maximum", "Minimum", "Multiply", "Subtract"}
    every -= {"CategoryEncoding", "Discretization", "Embedding", "Lambda", "Normalization"}
    every -= {"StringLookup", "Attention", "AdditiveAttention", "MultiHeadAttention"}
    assert every - kinds == set()
    optimizers = [case.training.optimizer for case in cases]
    assert {one["kind"] for one in optimizers} == {"SGD", "RMSprop", "Adam", "AdamW"}
    rates = [one["settings"]["learning_rate"] for one in optimizers]
    assert len({rate["kind"] for rate in rates if isinstance(rate, dict)}) == 6
    assert len({event.action for case in cases for event in case.training.events}) == 13
    assert {case.training.threads for case in cases} == {1, 2}
    assert any(len(case.architecture.inputs) > 1 and len(case.outputs) > 1 for case in cases)
    assert any(len(case.architecture.uses) > len(case.architecture.layers) for case in cases)


# -- faults that are planted, and found ------------------------------------------------------------


def scaled(method, factor):
    """Return a method whose result is wrong by a factor."""
    return lambda self, *args: method(self, *args) * factor


def wrong_backward(monkeypatch):
    monkeypatch.setattr(Dense, "backward", scaled(Dense.backward, 1.01))


def wrong_step(monkeypatch):
    step = SGD.update
    monkeypatch.setattr(SGD, "update", lambda self, w, g, rate: step(self, w, g, 1.01 * rate))


def company(monkeypatch):
    forward = LayerNormalization.forward
    monkeypatch.setattr(
        LayerNormalization, "forward", lambda self, x, training=False: forward(self, x + len(x) * x**2, training)
    )


def wrong_loss(monkeypatch):
    monkeypatch.setattr(MeanSquaredError, "per_sample", scaled(MeanSquaredError.per_sample, 1.01))


def forgotten_steps(monkeypatch):
    state = Optimizer.get_state
    monkeypatch.setattr(Optimizer, "get_state", lambda self: (0, state(self)[1]))


def forgotten_slots(monkeypatch):
    fit = Model.fit

    def afresh(self, *args, **settings):
        for slot in self.optimizer.slots.values():
            slot[...] = 0
        return fit(self, *args, **settings)

    monkeypatch.setattr(Model, "fit", afresh)


def forgotten_freezing(monkeypatch):
    monkeypatch.setattr(Model, "restore_trainable", lambda self, config: None)


def nothing_frozen(monkeypatch):
    monkeypatch.setattr(Layer, "set_own_trainable", lambda self, value: None)


FAULTS = {
    "gradients": wrong_backward,
    "backends": wrong_step,
    "batches": company,
    "evaluation": wrong_loss,
    "files": forgotten_steps,
    "two fits": forgotten_slots,
    "configurations": forgotten_freezing,
    "frozen": nothing_frozen,
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("check", CHECKS)
def test_an_injected_fault_is_found_and_shrunk(check, monkeypatch):
    sound = [case for case in map(draw_case, range(60)) if failure(case, check) is None]
    FAULTS[check](monkeypatch)
    found = next(case for case in sound if failure(case, check) is not None)
    smaller = shrink(found, check)
    assert failure(smaller, check) is not None
    assert len(smaller.architecture.uses) <= min(3, len(found.architecture.uses))
    assert len(str(smaller).splitlines()) <= len(str(found).splitlines())
