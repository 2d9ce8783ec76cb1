"""The engine agrees with the layers on models with several outputs, some of them without a loss."""

import numpy as np
import pytest

from nnlite.layers import Add, Dense, GaussianLatent, Input
from nnlite.metrics import MeanAbsoluteError
from nnlite.models import Model, Sequential
from nnlite.optimizers import SGD
from nnlite.utils import set_random_seed
from tests.nnlite.engine.parity import assert_parity, draw

ROWS = 24
X = draw(ROWS, 3)
Y = [draw(ROWS, 2, seed=1), draw(ROWS, 2, seed=2)]


def branches(**settings):
    """Return a model of two parallel layers: the loss depends on the first alone, `settings` are the second's."""
    inputs = Input((3,))
    model = Model(inputs, [Dense(2, name="a")(inputs), Dense(2, name="b", **settings)(inputs)])
    model.compile(SGD(0.01), ["mse", None])
    return model


def test_a_penalty_on_unused_weights_does_not_accumulate():
    def build():
        return branches(kernel_regularizer="l2", kernel_initializer="ones")

    _, expected = assert_parity(build, X, Y, epochs=40, batch_size=ROWS)
    kernel, bias = expected.get_layer("b").get_weights()
    # Each step takes off 0.01 of the slope of 0.01 w^2.
    np.testing.assert_allclose(kernel, (1 - 2e-4) ** 40, rtol=1e-5)
    assert not bias.any()


def test_an_output_without_a_loss_keeps_its_weights():
    for backend in ("numpy", "numba"):
        set_random_seed(1)
        model = branches()
        model.compile(SGD(0.1), "mse")
        model.fit(X, Y, backend=backend)
        before = model.get_layer("b").get_weights()
        model.compile(SGD(0.1), ["mse", None])
        model.fit(X, Y, epochs=3, backend=backend)
        for weight, old in zip(model.get_layer("b").get_weights(), before, strict=True):
            np.testing.assert_array_equal(weight, old)


def with_hidden(make):
    """Return a maker of models with a second output without a loss, computed by a layer with a penalty."""

    def build():
        inputs = Input((3,))
        shared = Dense(3, name="shared")(inputs)
        model = Model(inputs, [Dense(2, name="a")(shared), make(shared)])
        model.compile(SGD(0.1), ["mse", None])
        return model

    return build


def nested(x):
    penalized = Dense(4, activity_regularizer="l2", name="penalized")
    return Sequential([Input((3,)), penalized, Dense(2, kernel_regularizer="l2")])(x)


def nested_twice(x):
    inner = Sequential([Input((3,)), Dense(4, activity_regularizer="l2"), Dense(3)])
    return Dense(2)(Sequential([Input((3,)), inner])(x))


def nested_and_used_again(x):
    inner = Sequential([Input((3,)), Dense(3, activity_regularizer="l1"), Dense(3)])
    return Dense(2)(inner(Add()([inner(x), x])))


def nested_with_an_end_that_leads_nowhere(x):
    inputs = Input((3,))
    inner = Model(inputs, [Dense(2)(inputs), Dense(2, activity_regularizer="l2")(inputs)])
    return inner(x)[0]


def a_code(x):
    return GaussianLatent()(Dense(4)(x))


HIDDEN = [nested, nested_twice, nested_and_used_again, nested_with_an_end_that_leads_nowhere, a_code]


@pytest.mark.parametrize("make", HIDDEN)
def test_penalties_of_layers_without_a_loss_are_minimized(make):
    found, _ = assert_parity(with_hidden(make), X, Y, epochs=5)
    assert found.history.history["loss"][-1] < found.history.history["loss"][0]


def test_one_metric_for_several_outputs_averages_each():
    def build(of_all, of_all_weighted):
        model = branches()
        model.compile(SGD(0.01), "mse", metrics=of_all, weighted_metrics=of_all_weighted)
        return model

    one = MeanAbsoluteError(name="mae")
    found, _ = assert_parity(lambda: build([one], [one]), X, Y, sample_weight=np.linspace(0, 2, ROWS))
    expected, _ = assert_parity(lambda: build(["mae"], ["mae"]), X, Y, sample_weight=np.linspace(0, 2, ROWS))
    assert found.history.history == expected.history.history
    assert len({found.history.history[name][0] for name in found.history.history}) == 7


def test_one_mapping_as_x_and_y_is_matched_by_names():
    def build():
        a, b = Input((3,), name="a"), Input((3,), name="b")
        model = Model({"a": a, "b": b}, {"b": Dense(3, name="of_b")(b), "a": Dense(3, name="of_a")(a)})
        model.compile(SGD(0.1), "mse")
        return model

    same = {"a": draw(ROWS, 3), "b": draw(ROWS, 3, seed=1)}
    found, _ = assert_parity(build, same, same)
    expected, _ = assert_parity(build, same, {name: array.copy() for name, array in same.items()})
    assert found.evaluate(same, same) == pytest.approx(expected.evaluate(same, dict(same)), rel=1e-6)
    np.testing.assert_allclose(found.parameters, expected.parameters, rtol=1e-6)
