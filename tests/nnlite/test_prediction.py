"""Prediction: outputs independent of batches and threads, and errors for invalid data."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from nnlite.layers import Dense, Input
from nnlite.models import Model, Sequential
from tests.nnlite.arrays import draw_single as draw


def autoencoder():
    inputs = Input((4,))
    return Model(inputs, Dense(4)(Dense(2, "relu")(inputs)))


def test_the_error_for_a_wrong_shape_names_the_input():
    model = autoencoder()
    with pytest.raises(ValueError, match=r"must have shape \(rows, 4\); found \(2, 5\)"):
        model.predict(draw(2, 5))
    with pytest.raises(ValueError, match="must be an array of numbers"):
        model.predict([["a", "b", "c", "d"]])


def test_predict_does_not_depend_on_the_batch_size():
    model = autoencoder()
    x = draw(101, 4)
    np.testing.assert_allclose(model.predict(x, batch_size=7), model.predict(x), rtol=1e-6)
    np.testing.assert_allclose(model.predict_on_batch(x), model.predict(x), rtol=1e-6)


def test_predictions_for_no_rows_are_empty():
    assert autoencoder().predict(np.zeros((0, 4))).shape == (0, 4)


def test_a_vector_is_accepted_for_one_feature():
    model = Sequential([Input((1,)), Dense(2)])
    assert model.predict(np.arange(3.0)).shape == (3, 2)


def test_predictions_in_eight_threads_are_equal_bit_by_bit():
    model = autoencoder()
    x = draw(500, 4)
    expected = model.predict(x)
    with ThreadPoolExecutor(8) as pool:
        for result in pool.map(lambda _: model.predict(x), range(32)):
            np.testing.assert_array_equal(result, expected)
