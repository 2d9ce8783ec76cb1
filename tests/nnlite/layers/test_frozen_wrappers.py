"""A wrapper made with ``trainable=False`` freezes the layer inside, in a model too (Keras 3.15.1 trains it there)."""

import numpy as np
import pytest

from nnlite.layers import LSTM, Bidirectional, Dense, Input, TimeDistributed
from nnlite.models import Model


@pytest.mark.parametrize(
    "make",
    [
        lambda: TimeDistributed(Dense(2), trainable=False),
        lambda: Bidirectional(LSTM(2), trainable=False),
    ],
    ids=["TimeDistributed", "Bidirectional"],
)
@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_a_wrapper_frozen_at_construction_does_not_train(make, backend):
    inputs = Input((5, 3))
    wrapper = make()
    outputs = wrapper(inputs)
    model = Model(inputs, Dense(1)(outputs))
    x = np.random.default_rng(0).normal(size=(32, 5, 3))
    y = np.ones((32, *model.output_shape[1:]))
    before = [weight.numpy().copy() for weight in wrapper.weights]
    model.compile("sgd", "mse")
    model.fit(x, y, verbose=0, backend=backend)
    assert wrapper.trainable_weights == []
    assert len(model.trainable_weights) == 2  # those of the Dense layer behind
    for weight, start in zip(wrapper.weights, before, strict=True):
        np.testing.assert_array_equal(weight.numpy(), start)
