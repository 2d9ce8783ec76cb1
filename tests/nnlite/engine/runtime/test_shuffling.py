"""Orders drawn in compiled code, and the generator's state after them, are those of NumPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlite.engine.runtime import shuffling
from nnlite.engine.runtime.shuffling import draw_orders
from nnlite.layers import Dense, Input
from nnlite.models import Sequential
from nnlite.utils import set_random_seed


@given(st.integers(0, 2**64), st.lists(st.tuples(st.integers(1, 300), st.integers(1, 4), st.booleans()), max_size=5))
@settings(max_examples=50)
def test_orders_and_generator_state_agree_with_numpy(seed, rounds):
    ours, theirs = np.random.default_rng(seed), np.random.default_rng(seed)
    for records, epochs, odd in rounds:
        if odd:  # leaves 32 bits over, for the next draw to begin with
            assert ours.integers(2**32, dtype=np.uint32) == theirs.integers(2**32, dtype=np.uint32)
        orders = draw_orders(ours, records, epochs)
        assert orders.tolist() == [theirs.permutation(records).tolist() for _ in range(epochs)]
        assert ours.bit_generator.state == theirs.bit_generator.state


def test_other_generators_use_numpy():
    assert draw_orders(np.random.Generator(np.random.Philox(0)), 10, 1) is None


@pytest.mark.parametrize("agrees", [True, False])
def test_a_seed_gives_the_same_training_with_both_shufflers(monkeypatch, agrees):
    monkeypatch.setattr(shuffling, "_agrees_with_numpy", lambda: agrees)
    x = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)

    def trained(backend):
        set_random_seed(3)
        model = Sequential([Input((3,)), Dense(2, activation="tanh"), Dense(3)])
        model.compile(optimizer="adam", loss="mse")
        model.fit(x, x, epochs=3, batch_size=8, verbose=0, backend=backend)
        return model.weight_vector.values.copy()

    np.testing.assert_allclose(trained("numba"), trained("numpy"), rtol=1e-5, atol=1e-6)
