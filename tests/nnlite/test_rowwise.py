"""Outputs of networks that are independent of the batch."""

import numpy as np
import pytest

from nnlite.layers import Dense, Input
from nnlite.models import Sequential
from nnlite.rowwise import outputs_by_record


@pytest.fixture(scope="module")
def model():
    return Sequential([Input((37,)), Dense(61, "relu"), Dense(19, "tanh")])


@pytest.mark.parametrize("copies", [1, 3])
def test_a_record_has_the_same_outputs_in_every_batch(model, copies):
    x = np.random.default_rng(0).normal(size=(5000 // copies, copies, 37)).astype(np.float32)
    outputs = outputs_by_record(model, x)
    assert outputs.shape == (5000 // copies, copies, 19)
    order = np.random.default_rng(1).permutation(len(x))
    np.testing.assert_array_equal(outputs_by_record(model, x[order]), outputs[order])
    for i in range(0, len(x), 97):
        np.testing.assert_array_equal(outputs_by_record(model, x[i : i + 1])[0], outputs[i])


def test_they_are_the_outputs_of_the_network(model):
    x = np.random.default_rng(0).normal(size=(50, 37)).astype(np.float32)
    np.testing.assert_allclose(outputs_by_record(model, x[:, np.newaxis])[:, 0], model.predict(x), rtol=1e-5, atol=1e-6)


def test_of_no_records_there_are_no_outputs(model):
    assert outputs_by_record(model, np.zeros((0, 2, 37), np.float32)).shape == (0, 2, 19)
