"""The engine agrees with the layers on recurrent layers and wrappers."""

import numpy as np
import pytest

from nnlite import activations
from nnlite.layers import (
    GRU,
    LSTM,
    ActivityRegularization,
    BatchNormalization,
    Bidirectional,
    Concatenate,
    Conv1D,
    Dense,
    Flatten,
    GaussianLatent,
    Input,
    LayerNormalization,
    Masking,
    MaxPooling2D,
    RepeatVector,
    Reshape,
    SimpleRNN,
    Softmax,
    SpatialDropout1D,
    TimeDistributed,
)
from nnlite.models import Model, Sequential
from tests.nnlite.engine.layer_parity import RECURRENT, assert_parity


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"return_sequences": True},
        {"go_backwards": True},
        {"go_backwards": True, "return_sequences": True},
        {"use_bias": False},
        {"kernel_regularizer": "l2", "recurrent_regularizer": "l1", "activity_regularizer": "l2"},
    ],
    ids=str,
)
def test_recurrent_layers(cell, settings):
    assert_parity(lambda x: cell(3, **settings)(Dense(4)(x)), (5, 2))


def test_one_step(cell):
    assert_parity(lambda x: cell(3)(Dense(4)(x)), (1, 2))


@pytest.mark.parametrize("settings", [{}, {"go_backwards": True, "return_sequences": True}], ids=str)
def test_a_constant_input(cell, settings):
    assert_parity(lambda x: cell(3, **settings)(RepeatVector(4)(Dense(4)(x))), (5,))


def test_a_repeated_vector_that_is_reused(cell):
    def build(x):
        series = RepeatVector(4)(Dense(4)(x))
        return Concatenate()([series, cell(3, return_sequences=True)(series), Reshape((4, 4))(series)])

    assert_parity(build, (5,))


@pytest.mark.parametrize("sequences", [True, False])
def test_states_passed_to_another_layer(cell, sequences):
    def build(x):
        h = Dense(4)(x)
        y, *states = cell(3, return_sequences=sequences, return_state=True)(h)
        z = cell(3, return_sequences=sequences)(h, initial_state=[Dense(3)(state) for state in states])
        return Concatenate()([y, z])

    assert_parity(build, (5, 2))


def test_a_loss_of_the_last_cell_alone():
    assert_parity(lambda x: LSTM(3, return_sequences=True, return_state=True)(Dense(4)(x))[2], (5, 2))


@pytest.mark.parametrize("merge_mode", ["concat", "sum", "ave", "mul"])
@pytest.mark.parametrize("sequences", [True, False])
def test_bidirectional(cell, merge_mode, sequences):
    def build(x):
        return Bidirectional(cell(3, return_sequences=sequences), merge_mode=merge_mode)(Dense(4)(x))

    assert_parity(build, (5, 2))


@pytest.mark.parametrize("sequences", [True, False])
def test_bidirectional_of_two_outputs(cell, sequences):
    def build(x):
        ahead, back = Bidirectional(cell(3, return_sequences=sequences), merge_mode=None)(Dense(4)(x))
        return Concatenate()([Dense(2)(ahead), back])

    assert_parity(build, (5, 2))


@pytest.mark.parametrize("merge_mode", ["concat", None])
@pytest.mark.parametrize("sequences", [True, False])
def test_bidirectional_with_states(cell, merge_mode, sequences):
    def build(x):
        settings = {"return_sequences": sequences, "return_state": True}
        h = Dense(4)(x)
        outputs = Bidirectional(cell(3, **settings), merge_mode=merge_mode)(h)
        *_, states = np.split(np.arange(len(outputs)), [len(outputs) - 2 * cell(1).n_states])
        second = Bidirectional(cell(3, **settings), merge_mode=merge_mode)
        later = second(h, initial_state=[Dense(3)(outputs[k]) for k in states])
        return Concatenate()([Flatten()(y) for y in (*outputs, *later)])

    assert_parity(build, (5, 2))


def test_a_loss_of_some_states_of_two_directions():
    def build(x):
        _, h, _, _, c = Bidirectional(LSTM(3, return_state=True))(Dense(2)(x))
        return Concatenate()([h, c])

    assert_parity(build, (5, 2))


def test_directions_of_different_kinds():
    def build(x):
        return Bidirectional(LSTM(3, activation="relu"), backward_layer=GRU(2, go_backwards=True))(Dense(2)(x))

    assert_parity(build, (5, 2))


def test_a_loss_of_one_of_two_directions():
    def build(x):
        return Bidirectional(LSTM(3, return_sequences=True), merge_mode=None)(Dense(4)(x))[1]

    assert_parity(build, (5, 2))


ACTIVATIONS = {
    "relu": "relu",
    "linear": "linear",
    "sigmoid": "sigmoid",
    "hard_sigmoid": "hard_sigmoid",
    "leaky_relu": activations.LeakyReLU(0.1),
    "relu6": activations.ReLU(max_value=0.6, negative_slope=0.1),
    "elu": "elu",
    "selu": "selu",
    "exponential": "exponential",
    "softplus": "softplus",
    "silu": "silu",
    "gelu": "gelu",
    "gelu, approximate": activations.GELU(approximate=True),
    "softmax": "softmax",
}


@pytest.mark.parametrize("activation", ACTIVATIONS.values(), ids=ACTIVATIONS.keys())
def test_activations(cell, activation):
    assert_parity(lambda x: cell(3, activation=activation, return_sequences=True)(Dense(2)(x)), (4, 2))


@pytest.mark.parametrize("activation", ["tanh", "hard_sigmoid", "relu", "softmax", "silu"])
@pytest.mark.parametrize("layer", [LSTM, GRU, RECURRENT["GRU, reset before"]], ids=["LSTM", "GRU", "GRU, reset before"])
def test_activations_of_the_gates(layer, activation):
    def build(x):
        first = layer(3, recurrent_activation=activation, return_sequences=True)(x)
        return layer(3, activation="gelu", recurrent_activation=activation)(first)

    assert_parity(build, (4, 2))


@pytest.mark.parametrize("layer", [LSTM, GRU, RECURRENT["GRU, reset before"]], ids=["LSTM", "GRU", "GRU, reset before"])
def test_unbounded_gates(layer):
    # In few steps: products of states and gates grow without bounds too.
    assert_parity(lambda x: layer(3, recurrent_activation="linear")(x), (2, 2))


@pytest.mark.parametrize("units", [1, 17])
@pytest.mark.parametrize("batch_size", [1, 8, 64])
def test_other_activations_at_any_size(cell, units, batch_size):
    def build(x):
        h = cell(units, activation="relu", return_sequences=True, return_state=True, go_backwards=True)(x)
        y = cell(units, activation="softplus", return_sequences=True)(h[0], initial_state=h[1:])
        return cell(units, activation="relu")(y)

    assert_parity(build, (3, 2), batch_size=batch_size)


def test_other_activations_with_masks(cell):
    def build(x):
        h = Masking()(Dense(2, activation="relu", use_bias=False)(x))
        return cell(3, activation="silu", return_sequences=True)(cell(3, activation="relu", return_sequences=True)(h))

    assert_parity(build, (4, 2))


def test_other_activations_in_single_precision(cell):
    def build(x):
        return cell(16, activation="elu", return_sequences=True)(RepeatVector(5)(cell(16, activation="silu")(x)))

    assert_parity(build, (6, 4), "float32", rows=75, batch_size=32)


@pytest.mark.parametrize("batch_size", [1, 5, 21, 64])
def test_recurrence_in_batches_of_any_size(cell, batch_size):
    assert_parity(
        lambda x: cell(9, return_sequences=True)(cell(3, return_sequences=True)(x)), (4, 2), batch_size=batch_size
    )


def test_recurrence_in_single_precision(cell):
    def build(x):
        return TimeDistributed(Dense(8))(cell(32, return_sequences=True)(RepeatVector(6)(cell(32)(x))))

    assert_parity(build, (6, 8), "float32", rows=75, batch_size=32)


def test_recurrent_autoencoder_for_fifty_steps():
    def build(x):
        return TimeDistributed(Dense(2))(LSTM(8, return_sequences=True)(RepeatVector(6)(LSTM(8)(x))))

    assert_parity(build, (6, 2), rows=75, batch_size=16, epochs=10, optimizer="adam")


def test_a_frozen_recurrent_layer_propagates_gradients(cell):
    def build(x):
        h = Dense(3)(x)
        frozen = cell(3)
        y = frozen(h)
        frozen.trainable = False
        return y

    assert_parity(build, (4, 2))


# -- wrappers and the rest -------------------------------------------------------------------------


def _autoencoder():
    """Make a model of a series, of which a part is masked."""
    return Sequential([Input((4, 2)), Masking(), GRU(3), RepeatVector(4), GRU(3, return_sequences=True), Dense(2)])


def _with_a_bypass():
    x = Input((2,))
    h = Dense(3, activation="tanh")(x)
    return Model(x, Concatenate()([x, h, Dense(2)(h)]))


@pytest.mark.parametrize(
    ("build", "shape"),
    [
        (lambda x: TimeDistributed(Dense(3, activation="relu"))(x), (4, 2)),
        (lambda x: TimeDistributed(LayerNormalization())(Dense(3)(x)), (4, 2)),
        (lambda x: TimeDistributed(Conv1D(3, 2, activation="relu"))(Dense(3)(x)), (4, 5, 2)),
        (lambda x: LSTM(3)(TimeDistributed(Flatten())(TimeDistributed(MaxPooling2D(2))(Dense(3)(x)))), (3, 4, 5, 2)),
        (lambda x: TimeDistributed(Dense(3, activation="softmax"))(x), (4, 2)),
        (lambda x: TimeDistributed(LSTM(3))(Dense(2)(x)), (4, 3, 2)),
        (lambda x: TimeDistributed(GRU(3, return_sequences=True, activation="relu"))(x), (4, 3, 2)),
        (lambda x: TimeDistributed(Bidirectional(SimpleRNN(3)))(x), (1, 3, 2)),
        (lambda x: TimeDistributed(TimeDistributed(Conv1D(2, 2)))(x), (2, 3, 4, 2)),
        (lambda x: TimeDistributed(Softmax(axis=1))(Dense(3)(x)), (4, 2)),
        (lambda x: TimeDistributed(_autoencoder())(Dense(2)(x)), (3, 4, 2)),
        (lambda x: LSTM(3)(TimeDistributed(_with_a_bypass())(x)), (4, 2)),
    ],
)
def test_time_distributed(build, shape):
    assert_parity(build, shape)


def test_activity_regularization():
    assert_parity(lambda x: Dense(2)(ActivityRegularization(0.1, 0.2)(Dense(3)(x))), (4,))


@pytest.mark.parametrize("layer", [SpatialDropout1D(0.4), LSTM(8, dropout=0.4, return_sequences=True)])
def test_training_with_dropout_of_whole_channels(layer):
    x = np.sin(np.arange(12) + np.arange(64)[:, None])[..., None]
    model = Sequential([Input((12, 1)), Dense(8), layer, TimeDistributed(Dense(1))])
    model.compile("adam", "mse")
    losses = model.fit(x, x, epochs=60, batch_size=16, verbose=0, backend="numba").history["loss"]
    assert losses[-1] < losses[0] * 0.8


def test_spatial_dropout_drops_a_channel_at_all_steps_or_at_none():
    # A factor of a frozen kernel: the dropped steps show in the gradient of the next bias.
    model = Sequential([Input((6, 4)), SpatialDropout1D(0.5, seed=1), Dense(1, use_bias=False)])
    model.compile("sgd", "mse")
    kernel = model.layers[-1].kernel
    x = np.ones((1, 6, 4))
    for _ in range(5):
        kernel.assign(np.zeros((4, 1)))
        model.fit(x, np.ones((1, 6, 1)), verbose=0, backend="numba")
        # Each weight's gradient is the mean over the steps of a mask that is 0 or 2 at all of them.
        steps = kernel.numpy().ravel() / 0.04
        np.testing.assert_allclose(steps, np.round(steps), atol=1e-5)
        assert set(np.round(steps)) <= {0.0, 1.0}


@pytest.mark.parametrize(
    ("build", "shape"),
    [
        (lambda x: TimeDistributed(Sequential([Input((2,)), Dense(3), BatchNormalization()]))(x), (4, 2)),
        (lambda x: TimeDistributed(Sequential([Input((2,)), Dense(3, activity_regularizer="l2")]))(x), (4, 2)),
        (lambda x: TimeDistributed(GaussianLatent())(x), (4, 2)),
    ],
)
def test_layers_without_a_compiled_form_use_numpy(build, shape):
    x = np.random.default_rng(0).normal(size=(9, *shape))
    inputs = Input(shape)
    model = Model(inputs, build(inputs))
    model.compile("sgd", "mse")
    y = np.zeros((9, *model.output_shape[1:]))
    with pytest.raises(ValueError, match="no compiled form"):
        model.fit(x, y, verbose=0, backend="numba")
    assert model.fit(x, y, verbose=0).backend == "numpy"


def test_normalization_within_steps_has_compiled_predictions():
    # In training its statistics are those of all steps together.
    model = Sequential([Input((4, 2)), TimeDistributed(Sequential([Input((2,)), Dense(3), BatchNormalization()]))])
    x = np.random.default_rng(0).normal(size=(9, 4, 2))
    found, expected = (model.predict(x, backend=backend) for backend in ("numba", "numpy"))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
