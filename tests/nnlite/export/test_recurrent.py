"""Recurrent layers in ONNX Runtime: orders of gates, directions, states and activations."""

import numpy as np
import pytest

from nnlite.export import NotExportable
from nnlite.layers import GRU, LSTM, Bidirectional, Input, SimpleRNN
from nnlite.models import Model
from tests.nnlite.export.running import assert_same_results, model_of, run, with_random_weights

KINDS = {
    "SimpleRNN": SimpleRNN,
    "LSTM": LSTM,
    "GRU": GRU,
    "GRU, reset before": lambda units, **settings: GRU(units, reset_after=False, **settings),
}
STATES = {"LSTM": 2}
SETTINGS = [
    {},
    {"return_sequences": True},
    {"go_backwards": True, "return_sequences": True, "return_state": True},
    {"use_bias": False, "go_backwards": True},
    {"activation": "relu"},
    {"activation": "linear", "return_sequences": True},
]


def series(scale=1.0):
    return scale * np.random.default_rng(0).normal(size=(40, 9, 3))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_a_layer(kind, settings, tmp_path):
    assert_same_results(model_of(KINDS[kind](5, **settings), (9, 3)), tmp_path / "m.onnx", series())


@pytest.mark.parametrize("kind", KINDS)
def test_large_inputs(kind, tmp_path):
    """Gates of 0 and 1; the runtime's sigmoid function is off by up to 1.7e-7, relative to gates of 1."""
    model = model_of(KINDS[kind](5, return_sequences=True), (9, 3))
    for scale in (30.0, 1e6):
        assert_same_results(model, tmp_path / "m.onnx", series(scale))


@pytest.mark.parametrize("kind", KINDS)
def test_initial_states(kind, tmp_path):
    x, *states = (Input(shape) for shape in [(9, 3), *[(5,)] * STATES.get(kind, 1)])
    model = with_random_weights(Model([x, *states], KINDS[kind](5)(x, initial_state=states)))
    given = [np.random.default_rng(i).normal(size=(40, 5)) for i in range(len(states))]
    assert_same_results(model, tmp_path / "m.onnx", series(), *given)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", ["concat", "sum", "ave", "mul", None])
@pytest.mark.parametrize("sequences", [True, False])
def test_both_directions(kind, mode, sequences, tmp_path):
    layer = Bidirectional(KINDS[kind](4, return_sequences=sequences), merge_mode=mode)
    assert_same_results(model_of(layer, (9, 3)), tmp_path / "m.onnx", series())


def test_states_of_both_directions(tmp_path):
    layer = Bidirectional(LSTM(4, return_sequences=True, return_state=True))
    assert_same_results(model_of(layer, (9, 3)), tmp_path / "m.onnx", series())


CELLS = ["tanh", "sigmoid", "linear", "relu", "leaky_relu", "elu", "softsign", "softplus", "hard_sigmoid"]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("gate", ["sigmoid", "hard_sigmoid"])
def test_activations_with_parameters(cell, gate, tmp_path):
    """The parameters of several functions stand in one list, in the order of those that have some."""
    for layer in (LSTM(4, cell, gate), GRU(4, cell, gate), SimpleRNN(4, cell)):
        assert_same_results(model_of(layer, (9, 3)), tmp_path / "m.onnx", 0.3 * series())


def test_an_activation_that_cells_of_onnx_do_not_have(tmp_path):
    with pytest.raises(NotExportable, match="layer 'memory' \\(LSTM\\) has the activation 'gelu'.*use one of tanh"):
        model_of(LSTM(4, activation="gelu", name="memory"), (9, 3)).export(tmp_path / "m.onnx")


def test_any_number_of_steps(tmp_path):
    inputs = Input((None, 3))
    model = with_random_weights(Model(inputs, GRU(4, return_sequences=True)(LSTM(4, return_sequences=True)(inputs))))
    model.export(tmp_path / "m.onnx")
    for steps in (1, 4, 50):
        x = np.random.default_rng(steps).normal(size=(3, steps, 3))
        np.testing.assert_allclose(run(tmp_path / "m.onnx", x)[0], model.predict(x, verbose=0), atol=1e-6)
