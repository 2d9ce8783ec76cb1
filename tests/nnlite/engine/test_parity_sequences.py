"""The compiled engine computes what the layers for series and images compute."""

import numpy as np
import pytest

from nnlite import config
from nnlite.callbacks import KLWarmUp
from nnlite.engine.lowering import lower_model
from nnlite.initializers import Constant
from nnlite.layers import (
    GRU,
    LSTM,
    ActivityRegularization,
    AveragePooling1D,
    AveragePooling2D,
    Bidirectional,
    Concatenate,
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    Cropping1D,
    Cropping2D,
    Dense,
    Dropout,
    Flatten,
    GaussianLatent,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    Input,
    LayerNormalization,
    Masking,
    MaxPooling1D,
    MaxPooling2D,
    Permute,
    RepeatVector,
    Reshape,
    SimpleRNN,
    SpatialDropout1D,
    TimeDistributed,
    UpSampling1D,
    UpSampling2D,
    ZeroPadding1D,
    ZeroPadding2D,
)
from nnlite.layers.variational import divergence
from nnlite.likelihoods import BernoulliNLL, GaussianNLL
from nnlite.models import Model, Sequential
from nnlite.utils import set_random_seed

TOLERANCE = {"float64": 1e-12, "float32": 1e-5}


@pytest.fixture(autouse=True)
def _restore_floatx():
    before = config.floatx()
    yield
    config.set_floatx(before)


def both(build, shape, dtype="float64", rows=21, batch_size=8, epochs=2, loss="mse", optimizer="sgd", y=None):
    """Return losses, weights, evaluation and predictions of both backends, from the same start.

    21 records in batches of 8 leave a short last batch.
    """
    config.set_floatx(dtype)
    results = []
    x = np.random.default_rng(0).normal(size=(rows, *shape))
    for backend in ("numpy", "numba"):
        set_random_seed(3)
        inputs = Input(shape)
        model = Model(inputs, build(inputs))
        model.compile(optimizer=optimizer, loss=loss)
        # Biases start at zero: what is done with them would not be seen.
        noise = np.random.default_rng(5)
        model.set_weights([w + 0.1 * noise.normal(size=w.shape) for w in model.get_weights()])
        targets = np.random.default_rng(1).normal(size=(rows, *model.output_shape[1:])) if y is None else y
        history = model.fit(x, targets, epochs=epochs, batch_size=batch_size, verbose=0, backend=backend, threads=1)
        results.append(
            [
                np.array(history.history["loss"]),
                model.parameters.copy(),
                np.array(model.evaluate(x, targets, batch_size=batch_size, verbose=0, backend=backend)),
                predictions(model, x, backend),
            ]
        )
    return results


def predictions(model, x, backend):
    return model.predict(x, verbose=0, backend=backend)


def assert_parity(build, shape, dtype="float64", **settings):
    expected, found = both(build, shape, dtype, **settings)
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_allclose(other, one, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


# -- convolutions ----------------------------------------------------------------------------------


@pytest.mark.parametrize("padding", ["valid", "same", "causal"])
@pytest.mark.parametrize("size", [1, 2, 5])
@pytest.mark.parametrize(("strides", "dilation"), [(1, 1), (2, 1), (3, 1), (1, 2)])
def test_conv1d(padding, size, strides, dilation):
    def build(x):
        h = Conv1D(2, 3, padding="same", activation="tanh")(x)
        return Conv1D(4, size, strides=strides, padding=padding, dilation_rate=dilation)(h)

    assert_parity(build, (11, 2))


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("size", [1, 2, 5])
@pytest.mark.parametrize(
    ("strides", "output_padding", "dilation"), [(1, None, 1), (2, None, 1), (3, 1, 1), (1, None, 2)]
)
def test_conv1d_transpose(padding, size, strides, output_padding, dilation):
    def build(x):
        h = Conv1D(2, 3, padding="same", activation="tanh")(x)
        return Conv1DTranspose(4, size, strides, padding, output_padding, dilation_rate=dilation)(h)

    assert_parity(build, (5, 2))


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("size", [(2, 3), (3, 1)])
@pytest.mark.parametrize("strides", [1, 2, (2, 1)])
@pytest.mark.parametrize("layer", [Conv2D, Conv2DTranspose])
def test_images(layer, padding, size, strides):
    def build(x):
        h = Conv2D(2, 3, padding="same", activation="tanh")(x)
        return layer(4, size, strides=strides, padding=padding)(h)

    assert_parity(build, (5, 6, 2))


@pytest.mark.parametrize(
    ("build", "shape"),
    [
        (lambda x: Conv1D(6, 3, groups=2, padding="same")(Dense(4)(x)), (7, 2)),
        (lambda x: Conv1D(6, 3, groups=2, dilation_rate=2)(Dense(4)(x)), (7, 2)),
        (lambda x: Conv2D(4, 3, dilation_rate=2, padding="same", groups=2)(Conv2D(2, 2)(x)), (6, 7, 2)),
        (lambda x: Conv2DTranspose(4, 2, dilation_rate=2)(Conv2D(2, 2)(x)), (5, 4, 2)),
        (lambda x: Conv1D(3, 3, use_bias=False)(Conv1D(2, 2, use_bias=False)(x)), (7, 2)),
        (lambda x: Conv1DTranspose(3, 3, use_bias=False)(Conv1D(2, 2)(x)), (7, 2)),
    ],
)
def test_groups_dilation_and_no_bias(build, shape):
    assert_parity(build, shape)


@pytest.mark.parametrize(
    ("build", "shape"),
    [
        # A window of two places five apart, over a series of one step: both fall beside it.
        (lambda x: Conv1D(6, 2, dilation_rate=5, padding="same")(Dense(4)(x)), (1, 2)),
        (lambda x: Conv2D(6, 2, dilation_rate=(5, 1), padding="same")(Dense(4)(x)), (1, 3, 2)),
        # A kernel longer than the series: every window hangs over both ends.
        (lambda x: Conv1D(6, 5, padding="same")(Dense(4)(x)), (2, 2)),
    ],
)
def test_windows_that_see_little_or_nothing(build, shape):
    assert_parity(build, shape)


@pytest.mark.parametrize("batch_size", [1, 5, 21, 64])
def test_convolutions_in_batches_of_any_size(batch_size):
    assert_parity(lambda x: Conv1D(3, 4, strides=2)(Conv1D(9, 3)(x)), (13, 2), batch_size=batch_size)


def test_convolutions_in_single_precision():
    def build(x):
        h = Conv1D(32, 7, strides=2, padding="same", activation="relu")(x)
        return Conv1DTranspose(3, 7, strides=2, padding="same")(h)

    assert_parity(build, (24, 3), "float32", rows=150, batch_size=64)


def test_frozen_convolution_hands_derivatives_on():
    def build(x):
        h = Conv1D(2, 3)(x)
        frozen = Conv1D(3, 2)
        y = frozen(h)
        frozen.trainable = False
        return y

    assert_parity(build, (7, 2))


def test_layer_used_twice_adds_its_gradients():
    def build(x):
        shared = Conv1D(2, 3, padding="same")
        return shared(shared(x))

    assert_parity(build, (7, 2))


def test_convolutional_autoencoder_for_fifty_steps():
    def build(x):
        h = Conv1D(8, 7, strides=2, padding="same", activation="relu")(x)
        h = Conv1D(4, 7, strides=2, padding="same", activation="relu")(h)
        h = Conv1DTranspose(4, 7, strides=2, padding="same", activation="relu")(h)
        h = Conv1DTranspose(8, 7, strides=2, padding="same", activation="relu")(h)
        return Conv1DTranspose(1, 7, padding="same")(h)

    assert_parity(build, (24, 1), rows=75, batch_size=16, epochs=10, optimizer="adam")


def test_image_classifier():
    def build(x):
        return Dense(3, activation="softmax")(Flatten()(Conv2D(4, 3, strides=2, activation="relu")(x)))

    labels = np.eye(3)[np.random.default_rng(2).integers(0, 3, 21)]
    assert_parity(build, (8, 8, 1), loss="categorical_crossentropy", y=labels)


def test_convolutions_train_with_dropout():
    x = np.sin(np.arange(24) + np.arange(64)[:, None])[..., None]
    model = Sequential([Input((24, 1)), Conv1D(8, 5, padding="same"), Dropout(0.2), Conv1D(1, 5, padding="same")])
    model.compile("adam", "mse")
    losses = model.fit(x, x, epochs=40, batch_size=16, verbose=0, backend="numba").history["loss"]
    assert losses[-1] < losses[0] / 4


# -- pooling and resizing --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (MaxPooling1D(2), (7, 2)),
        (MaxPooling1D(3, strides=2, padding="same"), (8, 2)),
        (MaxPooling2D((2, 3), strides=1), (5, 6, 2)),
        (MaxPooling2D(3, strides=2, padding="same"), (5, 6, 2)),
        (AveragePooling1D(3, strides=2, padding="same"), (8, 2)),
        (AveragePooling2D(3, strides=2, padding="same"), (5, 6, 2)),
        (GlobalAveragePooling1D(), (5, 2)),
        (GlobalAveragePooling2D(keepdims=True), (5, 4, 2)),
        (GlobalMaxPooling1D(keepdims=True), (5, 2)),
        (GlobalMaxPooling2D(), (5, 4, 2)),
        (UpSampling1D(3), (5, 2)),
        (UpSampling2D((2, 3)), (4, 5, 2)),
        (ZeroPadding1D((1, 2)), (5, 2)),
        (ZeroPadding2D(((1, 2), (3, 0))), (4, 5, 2)),
        (Cropping1D((1, 2)), (5, 2)),
        (Cropping2D(((1, 2), (3, 0))), (4, 5, 2)),
        (Permute((2, 1)), (4, 5)),
        (Permute((3, 1, 2)), (4, 5, 2)),
        (Flatten(), (4, 5)),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, tuple) else None,
)
def test_pooling_and_resizing(layer, shape):
    def build(x):
        config_of = type(layer).from_config(layer.get_config() | {"dtype": "float64"})
        # relu gives many equal values: who of them is the largest matters.
        return Dense(2)(config_of(Dense(3, activation="relu")(x)))

    assert_parity(build, shape)


def test_padding_stays_zero_where_others_add_to_it():
    def build(x):
        h = ZeroPadding1D(1)(Dense(3)(x))
        cut = Cropping1D(1)(h)
        return Concatenate()([Conv1D(2, 3, padding="same", activation="relu")(h), ZeroPadding1D(1)(cut)])

    assert_parity(build, (5, 2), epochs=3)


# -- recurrent layers ------------------------------------------------------------------------------

LAYERS = {
    "SimpleRNN": SimpleRNN,
    "LSTM": LSTM,
    "GRU": GRU,
    "GRU, reset before": lambda units, **settings: GRU(units, reset_after=False, **settings),
}


@pytest.fixture(params=LAYERS.values(), ids=LAYERS.keys())
def cell(request):
    return request.param


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
def test_the_same_at_every_step(cell, settings):
    assert_parity(lambda x: cell(3, **settings)(RepeatVector(4)(Dense(4)(x))), (5,))


def test_repeated_vector_that_others_look_at_too(cell):
    def build(x):
        series = RepeatVector(4)(Dense(4)(x))
        return Concatenate()([series, cell(3, return_sequences=True)(series), Reshape((4, 4))(series)])

    assert_parity(build, (5,))


@pytest.mark.parametrize("sequences", [True, False])
def test_states_handed_on(cell, sequences):
    def build(x):
        h = Dense(4)(x)
        y, *states = cell(3, return_sequences=sequences, return_state=True)(h)
        z = cell(3, return_sequences=sequences)(h, initial_state=[Dense(3)(state) for state in states])
        return Concatenate()([y, z])

    assert_parity(build, (5, 2))


def test_only_the_last_cell_is_looked_at():
    assert_parity(lambda x: LSTM(3, return_sequences=True, return_state=True)(Dense(4)(x))[2], (5, 2))


@pytest.mark.parametrize("merge_mode", ["concat", "sum", "ave", "mul"])
@pytest.mark.parametrize("sequences", [True, False])
def test_bidirectional(cell, merge_mode, sequences):
    def build(x):
        return Bidirectional(cell(3, return_sequences=sequences), merge_mode=merge_mode)(Dense(4)(x))

    assert_parity(build, (5, 2))


@pytest.mark.parametrize("activation", ["relu", "linear", "sigmoid"])
def test_activations_of_the_simple_layer(activation):
    assert_parity(lambda x: SimpleRNN(3, activation=activation, return_sequences=True)(x), (5, 2))


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


def test_frozen_recurrent_layer_hands_derivatives_on(cell):
    def build(x):
        h = Dense(3)(x)
        frozen = cell(3)
        y = frozen(h)
        frozen.trainable = False
        return y

    assert_parity(build, (4, 2))


# -- wrappers and the rest -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "shape"),
    [
        (lambda x: TimeDistributed(Dense(3, activation="relu"))(x), (4, 2)),
        (lambda x: TimeDistributed(LayerNormalization())(Dense(3)(x)), (4, 2)),
        (lambda x: TimeDistributed(Conv1D(3, 2, activation="relu"))(Dense(3)(x)), (4, 5, 2)),
        (lambda x: LSTM(3)(TimeDistributed(Flatten())(TimeDistributed(MaxPooling2D(2))(Dense(3)(x)))), (3, 4, 5, 2)),
        (lambda x: TimeDistributed(Dense(3, activation="softmax"))(x), (4, 2)),
    ],
)
def test_time_distributed(build, shape):
    assert_parity(build, shape)


def test_activity_regularization():
    assert_parity(lambda x: Dense(2)(ActivityRegularization(0.1, 0.2)(Dense(3)(x))), (4,))


@pytest.mark.parametrize("layer", [SpatialDropout1D(0.4), LSTM(8, dropout=0.4, return_sequences=True)])
def test_dropout_of_whole_channels_trains(layer):
    x = np.sin(np.arange(12) + np.arange(64)[:, None])[..., None]
    model = Sequential([Input((12, 1)), Dense(8), layer, TimeDistributed(Dense(1))])
    model.compile("adam", "mse")
    losses = model.fit(x, x, epochs=60, batch_size=16, verbose=0, backend="numba").history["loss"]
    assert losses[-1] < losses[0] * 0.8


def test_spatial_dropout_drops_a_channel_at_all_steps_or_at_none():
    # The product with a frozen one: what is dropped shows in the gradient of the bias behind it.
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
        (lambda x: LSTM(3)(Masking()(x)), (4, 2)),
        (lambda x: LSTM(3, recurrent_dropout=0.2)(x), (4, 2)),
        (lambda x: LSTM(3, activation="relu")(x), (4, 2)),
        (lambda x: UpSampling2D(interpolation="bilinear")(x), (4, 3, 2)),
        (lambda x: Concatenate()(Bidirectional(LSTM(3), merge_mode=None)(x)), (4, 2)),
        (lambda x: TimeDistributed(LSTM(3))(x), (4, 3, 2)),
    ],
)
def test_what_has_no_compiled_form_is_left_to_the_layers(build, shape):
    x = np.random.default_rng(0).normal(size=(9, *shape))
    inputs = Input(shape)
    model = Model(inputs, build(inputs))
    model.compile("sgd", "mse")
    y = np.zeros((9, *model.output_shape[1:]))
    with pytest.raises(ValueError, match="no compiled form"):
        model.fit(x, y, verbose=0, backend="numba")
    assert model.fit(x, y, verbose=0).backend == "numpy"


# -- variational -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "units", "activation"),
    [
        (GaussianNLL(), 3, None),
        (GaussianNLL(variance=0.3), 3, None),
        (GaussianNLL(variance=0.3, reduction="sum"), 3, None),
        (GaussianNLL(variance=None), 6, None),
        # Half of the log variances lie below this: they are held, and have no slope.
        (GaussianNLL(variance=None, minimum_variance=1.0), 6, None),
        (GaussianNLL(variance=None, reduction="sum"), 6, None),
        (BernoulliNLL(), 3, "sigmoid"),
        (BernoulliNLL(from_logits=True), 3, None),
        (BernoulliNLL(from_logits=True, reduction="sum"), 3, None),
    ],
    ids=lambda value: str(value.get_config()) if hasattr(value, "get_config") else None,
)
@pytest.mark.parametrize("shape", [(4,), (5, 4)])
def test_likelihoods(loss, units, activation, shape):
    y = np.random.default_rng(2).random((21, *shape[:-1], 3))
    assert_parity(lambda x: Dense(units, activation=activation)(x), shape, loss=loss, y=y, optimizer="adam")


def test_likelihoods_of_weighted_records():
    x = np.random.default_rng(0).normal(size=(21, 4))
    y, weight = np.random.default_rng(1).normal(size=(21, 3)), np.random.default_rng(2).random(21)
    results = []
    for backend in ("numpy", "numba"):
        set_random_seed(1)
        model = Sequential([Input((4,)), Dense(6)])
        model.compile("sgd", GaussianNLL(variance=None))
        model.fit(x, y, sample_weight=weight, batch_size=8, verbose=0, backend=backend)
        results.append(model.parameters)
    np.testing.assert_allclose(results[1], results[0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("shape", [(4,), (5, 4)])
def test_divergence_of_a_gaussian_code(shape):
    # Variances of next to nothing: no draw differs from the mean by more than a rounding error.
    def build(x):
        code = Concatenate()([Dense(3)(x), Dense(3, kernel_initializer="zeros", bias_initializer=Constant(-66.0))(x)])
        return Dense(2)(GaussianLatent(beta=0.7)(code))

    assert_parity(build, shape, rows=21, optimizer="sgd")


def _variational(beta=1.0):
    set_random_seed(0)
    model = Sequential([Input((6,)), Dense(16, activation="tanh"), Dense(4), GaussianLatent(beta), Dense(6)])
    model.compile("adam", GaussianNLL(variance=0.1))
    return model


def test_variational_autoencoder_trains_as_on_the_layers():
    t = np.random.default_rng(0).random((500, 2)) * 6
    x = np.sin(t @ np.ones((2, 6)) + np.arange(6))
    ends = []
    for backend in ("numpy", "numba"):
        model = _variational()
        history = model.fit(x, x, epochs=60, batch_size=50, verbose=0, backend=backend)
        ends.append(np.mean(history.history["loss"][-5:]))
    assert ends[0] == pytest.approx(ends[1], abs=0.3)
    assert history.history["loss"][0] > ends[1] + 3


def test_draws_have_the_spread_that_the_encoder_says():
    # The loss of a model that does nothing but draw: the noise's variance, 4 here.
    model = Sequential([Input((2,)), GaussianLatent(beta=0.0), Reshape((1,))])
    model.compile("sgd", "mse")
    x = np.column_stack([np.full(20000, 0.5), np.full(20000, np.log(4.0))])
    loss = model.fit(x, np.full((20000, 1), 0.5), batch_size=1000, verbose=0, backend="numba").history["loss"][0]
    assert loss == pytest.approx(4.0, rel=0.06)


def test_beta_may_change_between_epochs():
    x = np.random.default_rng(0).normal(size=(40, 6))
    added = []
    for backend in ("numpy", "numba"):
        model = _variational()
        latent = model.layers[-2]
        judged = []
        for beta in (0.0, 2.0):
            latent.beta = beta
            judged.append(model.evaluate(x, x, verbose=0, backend=backend))
        added.append(judged[1] - judged[0])
    assert added[1] == pytest.approx(added[0], rel=1e-4)
    assert added[0] > 0.01


def test_beta_of_a_warm_up_reaches_the_compiled_epochs():
    # A fixed code far from N(0, I), and no reconstruction to speak of: the loss is beta times the divergence.
    x = np.full((32, 2), 3.0)
    model = Sequential([Input((2,)), GaussianLatent(), Dense(1, kernel_initializer="zeros", trainable=False)])
    model.compile("sgd", "mse")
    history = model.fit(
        x, np.zeros((32, 1)), epochs=4, batch_size=32, verbose=0, backend="numba", callbacks=[KLWarmUp(4)]
    )
    betas = np.array(history.history["loss"]) / float(divergence(x[:1, :1], x[:1, 1:])[0])
    assert (np.diff(betas) > 0.1).all()
    assert betas[-1] <= 1 + 1e-5


def test_engine_is_asked_where_few_weights_are_used_at_many_positions():
    x = np.random.default_rng(0).normal(size=(2000, 288, 1))
    model = Sequential([Input((288, 1)), Conv1D(32, 7, padding="same"), Conv1D(1, 7, padding="same")])
    model.compile("sgd", "mse")
    assert model.fit(x, x, batch_size=128, verbose=0).backend == "numba"


def test_many_windows_of_an_image_are_planned_in_little_time():
    inputs = Input((64, 64, 1))
    model = Model(inputs, Conv2D(2, 7, padding="same")(inputs))
    program = lower_model(model, 8, training=False)
    # One product for the windows within and one for each that hangs over, for every row of image and kernel.
    assert len(program.instructions) < 64 * 7 * 7 + 10
