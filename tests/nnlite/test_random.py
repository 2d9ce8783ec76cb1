"""Generators of layers: made on first use, with the seeds that they would have had at once."""

import copy

import numpy as np
import pytest

from nnlite import random
from nnlite.layers import LSTM, Dropout, GaussianLatent, GaussianNoise
from nnlite.random import seeded
from nnlite.utils import set_random_seed

LAYERS = [lambda **seed: Dropout(0.5, **seed), lambda **seed: GaussianNoise(1.0, **seed), GaussianLatent]
LAYERS.append(lambda **seed: LSTM(2, dropout=0.5, **seed))


@pytest.mark.parametrize("make", LAYERS)
def test_seeds_are_drawn_in_the_order_of_building(make):
    set_random_seed(3)
    layers = [make(), make()]
    source = np.random.default_rng(3)
    wanted = [np.random.default_rng(int(source.integers(2**63))).random() for _ in layers]
    # Asked for in the opposite order, and after other draws.
    random.global_generator().random()
    assert [layer.rng.random() for layer in layers[::-1]] == wanted[::-1]


def test_a_block_with_a_seed_decides():
    with seeded(5):
        layer = GaussianNoise(1.0)
    wanted = np.random.default_rng(int(np.random.default_rng(5).integers(2**63)))
    assert layer.rng.random() == wanted.random()


def test_copies_draw_the_same_numbers_though_nobody_set_a_seed(monkeypatch):
    monkeypatch.setattr(random, "_shared", [])
    layer = GaussianNoise(1.0)
    assert random._shared == []
    assert copy.deepcopy(layer).rng.random() == layer.rng.random()
    assert GaussianNoise(1.0).rng.random() != layer.rng.random()


@pytest.mark.parametrize("make", LAYERS)
def test_a_given_seed_is_taken_and_an_unusable_one_refused_at_once(make):
    assert make(seed=7).rng.random() == np.random.default_rng(7).random()
    with pytest.raises(ValueError, match="non-negative"):
        make(seed=-1)


def test_shallow_copies_share_a_generator():
    layer = GaussianNoise(1.0)
    assert copy.copy(layer).rng is layer.rng
