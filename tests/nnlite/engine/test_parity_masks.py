"""The engine agrees with the layers on masked series."""

import numpy as np
import pytest

from nnlite import config
from nnlite.layers import (
    GRU,
    LSTM,
    Activation,
    Add,
    BatchNormalization,
    Bidirectional,
    Concatenate,
    Conv1D,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling1D,
    Input,
    Masking,
    RepeatVector,
    Reshape,
    TimeDistributed,
)
from nnlite.likelihoods import GaussianNLL
from nnlite.losses import SparseCategoricalCrossentropy
from nnlite.models import Model, Sequential
from nnlite.utils import set_random_seed
from tests.nnlite.engine.parity import assert_agree, assert_same_state, train

FILL = -1.5


def series(rows, *shape):
    """Return series with masked steps at their ends, in their middles, at their beginnings; one is fully masked."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, *shape))
    x[rng.random((rows, *shape[:-1])) < 0.3] = FILL
    x[0] = FILL
    x[1::4, shape[0] // 2 :] = FILL
    return x


def assert_parity(
    build, shape=(5, 2), dtype="float64", rows=21, batch_size=8, loss="mse", optimizer="sgd", weight=None, **settings
):
    """Train, evaluate and predict by both backends: 21 records in batches of 8 leave a short last batch."""
    config.set_floatx(dtype)
    x = series(rows, *shape)

    def make():
        inputs = Input(shape)
        model = Model(inputs, build(inputs))
        model.compile(optimizer, loss, metrics=["mae"])
        noise = np.random.default_rng(5)
        model.set_weights([w + 0.1 * noise.normal(size=w.shape) for w in model.get_weights()])
        return model

    y = np.random.default_rng(1).normal(size=(rows, *make().output_shape[1:]))
    settings = {"batch_size": batch_size, "sample_weight": weight, "threads": 1, **settings}
    expected, found = (train(backend, make, x, y, **settings) for backend in ("numpy", "numba"))
    assert_same_state(found, expected)
    assert_agree(found.predict(x, backend="numba"), expected.predict(x, backend="numpy"), dtype, "predictions", least=1)
    one = found.make_predict_function()
    for record, prediction in zip(x[:3], expected.predict(x[:3], backend="numpy"), strict=True):
        assert_agree(one(record), prediction, dtype, "predictions of one record", least=1)
    evaluated = [model.evaluate(x, y, batch_size=batch_size, verbose=0, backend=b) for b, model in
              (("numba", found), ("numpy", expected))]  # fmt: skip
    assert_agree(*evaluated, dtype, "evaluation")
    return found


def masked(x):
    return Masking(FILL)(x)


def masked_late(x):
    """Mask the output of a layer."""
    return Masking(0.0)(Dense(2, activation="relu", use_bias=False)(x))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"return_sequences": True},
        {"go_backwards": True},
        {"go_backwards": True, "return_sequences": True},
        {"use_bias": False, "return_sequences": True},
    ],
    ids=str,
)
def test_recurrent_layers(cell, settings):
    assert_parity(lambda x: cell(3, **settings)(masked(x)))


@pytest.mark.parametrize("sequences", [True, False])
def test_gradients_bypass_masked_steps(cell, sequences):
    # The mask depends on the inputs; the gradient of the previous layer bypasses the steps.
    assert_parity(lambda x: Dense(2)(cell(3, return_sequences=sequences)(Dense(4)(masked(x)))))


@pytest.mark.parametrize("units", [1, 3, 17])
@pytest.mark.parametrize("steps", [1, 4])
def test_sizes(cell, units, steps):
    assert_parity(lambda x: cell(units)(cell(units, return_sequences=True)(masked(x))), (steps, 2))


@pytest.mark.parametrize(("rows", "batch_size"), [(1, 1), (1, 8), (21, 1), (21, 64), (33, 32)])
def test_batches(cell, rows, batch_size):
    assert_parity(lambda x: cell(3, return_sequences=True)(masked(x)), rows=rows, batch_size=batch_size)


def test_single_precision(cell):
    def build(x):
        return TimeDistributed(Dense(2))(cell(8, return_sequences=True)(cell(8, return_sequences=True)(masked(x))))

    assert_parity(build, (6, 2), "float32", rows=75, batch_size=32)


def test_training_runs(cell):
    def build(x):
        code = cell(4)(masked(x))
        return TimeDistributed(Dense(2))(cell(4, return_sequences=True)(RepeatVector(5)(code)))

    assert_parity(build, rows=45, epochs=8, optimizer="adam")


@pytest.mark.parametrize("sequences", [True, False])
def test_states_passed_to_another_layer(cell, sequences):
    def build(x):
        h = masked(x)
        y, *states = cell(3, return_sequences=sequences, return_state=True)(h)
        z = cell(3, return_sequences=sequences)(h, initial_state=[Dense(3)(state) for state in states])
        return Concatenate()([y, z])

    assert_parity(build)


@pytest.mark.parametrize("merge_mode", ["concat", "sum", "ave", "mul"])
@pytest.mark.parametrize("sequences", [True, False])
def test_bidirectional(cell, merge_mode, sequences):
    def build(x):
        return Bidirectional(cell(3, return_sequences=sequences), merge_mode=merge_mode)(Dense(2)(masked(x)))

    assert_parity(build)


@pytest.mark.parametrize("sequences", [True, False])
def test_bidirectional_with_states(cell, sequences):
    def build(x):
        h = masked(x)
        y, *states = Bidirectional(cell(3, return_sequences=sequences, return_state=True))(h)
        z = Bidirectional(cell(3))(h, initial_state=[Dense(3)(state) for state in states])
        return Concatenate()([Flatten()(y), z, *states])

    assert_parity(build)


def test_bidirectional_with_two_masked_outputs():
    def build(x):
        ahead, back = Bidirectional(GRU(3, return_sequences=True), merge_mode=None)(masked(x))
        return Add()([LSTM(2)(ahead), LSTM(2)(back)])

    assert_parity(build)


# -- other layers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "build",
    [
        masked_late,
        lambda x: Dense(3, activation="tanh")(masked(x)),
        lambda x: GlobalAveragePooling1D()(Dense(3)(masked(x))),
        lambda x: GlobalAveragePooling1D(keepdims=True)(Dense(3)(masked(x))),
        lambda x: LSTM(3)(Dropout(0.0)(BatchNormalization()(masked(x)))),
        lambda x: Conv1D(3, 2)(BatchNormalization(momentum=0.5)(Dense(3)(masked(x)))),
        lambda x: BatchNormalization(center=False, scale=False, epsilon=0.1)(Dense(3)(masked(x))),
        lambda x: LSTM(3)(TimeDistributed(BatchNormalization())(masked_late(x))),
        lambda x: LSTM(3)(Conv1D(3, 2, padding="same")(masked(x))),
        lambda x: LSTM(3)(TimeDistributed(Dense(2))(masked(Masking(FILL)(x)))),
        lambda x: LSTM(3)(Reshape((5, 2))(masked(x))),
        lambda x: LSTM(3)(masked_late(masked(x))),
    ],
    ids=[
        "nothing",
        "dense",
        "mean",
        "mean that keeps its axis",
        "normalization",
        "normalization that later steps see",
        "normalization without weights",
        "normalization at every step",
        "convolution",
        "two masks",
        "new shape",
        "a mask of what was made",
    ],
)
def test_layers_after_a_mask(build):
    assert_parity(build)


def test_normalization_of_images_of_masked_rows():
    assert_parity(lambda x: BatchNormalization()(Dense(3)(masked(x))), (4, 3, 2))


def test_normalization_of_masked_records():
    assert_parity(lambda x: Dense(2)(BatchNormalization()(masked(x))), (3,))


def test_normalization_under_a_mask_of_fewer_axes():
    assert_parity(lambda x: Conv2D(2, 2)(BatchNormalization()(Reshape((5, 2, 1))(masked(x)))), (5, 2))


def test_normalization_of_masked_steps_along_another_axis_uses_the_layers():
    model = Sequential([Input((5, 2)), Masking(FILL), BatchNormalization(axis=1)])
    model.compile("sgd", "mse")
    x = series(9, 5, 2)
    with pytest.raises(ValueError, match="the normalization of masked steps along axis 1 has no compiled form"):
        model.fit(x, x, verbose=0, backend="numba")
    model.fit(x, x, verbose=0)
    assert model.history.backend == "numpy"


@pytest.mark.parametrize("axis", [-1, 1])
def test_masks_of_concatenated_series(axis):
    def build(x):
        return GRU(3)(Concatenate(axis=axis)([Masking(FILL)(x), Dense(2)(x), masked(Activation("relu")(x))]))

    assert_parity(build)


def test_masks_of_sums():
    def build(x):
        one, other = masked(x), masked_late(x)
        return GRU(3)(Concatenate()([Add()([one, other]), GRU(2, return_sequences=True)(Add()([one, x]))]))

    assert_parity(build)


def test_a_nested_model_propagates_masks():
    def build(x):
        inner_input = Input((5, 2))
        inner = Model(inner_input, Dense(3)(Masking(FILL)(inner_input)))
        second_input = Input((5, 3))
        second = Model(second_input, GRU(3, return_sequences=True)(second_input))
        return second(inner(x))

    assert_parity(build)


def test_masked_values_may_be_infinite():
    x = series(9, 4, 2)
    x[x == FILL] = np.inf
    results = []
    for backend in ("numpy", "numba"):
        set_random_seed(0)
        model = Sequential([Input((4, 2)), Masking(np.inf), LSTM(3)])
        model.compile("sgd", "mse")
        model.fit(x, np.ones((9, 3)), verbose=0, backend=backend)
        results.append(model.parameters)
    assert np.isfinite(results[1]).all()
    np.testing.assert_allclose(results[1], results[0], rtol=1e-5, atol=1e-6)


# -- the loss --------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["mse", "mae", "huber", "categorical_crossentropy", "binary_crossentropy"])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_loss_skips_masked_steps(loss, weighted):
    weight = np.random.default_rng(3).random(21) if weighted else None
    activation = "softmax" if "categorical" in loss else "sigmoid"
    assert_parity(lambda x: Dense(3, activation=activation)(masked(x)), loss=loss, weight=weight)


def test_the_loss_of_class_numbers():
    x, y = series(21, 5, 2), np.random.default_rng(0).integers(0, 3, (21, 5))

    def make():
        model = Sequential([Input((5, 2)), Masking(FILL), GRU(3, return_sequences=True), Dense(3)])
        model.compile("sgd", SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
        return model

    config.set_floatx("float64")
    assert_same_state(train("numba", make, x, y), train("numpy", make, x, y))


def test_the_loss_of_images_of_masked_rows():
    def build(x):
        return Dense(3)(masked(x))

    assert_parity(build, (4, 3, 2))


def test_masked_records():
    assert_parity(masked_late, (3,))


def test_a_mask_weights_one_of_two_losses():
    x = series(21, 5, 2)
    y = [np.random.default_rng(0).normal(size=(21, 5, 3)), np.random.default_rng(1).normal(size=(21, 2))]

    def make():
        inputs = Input((5, 2))
        h = GRU(3, return_sequences=True, name="series")(Masking(FILL)(inputs))
        model = Model(inputs, [h, GRU(2, name="code")(h)])
        model.compile("sgd", ["mse", "mae"], loss_weights=[0.3, 2.0], metrics=[["mae"], ["mse"]])
        return model

    config.set_floatx("float64")
    assert_same_state(train("numba", make, x, y), train("numpy", make, x, y))


def test_a_likelihood_of_whole_records_takes_no_mask():
    model = Sequential([Input((5, 2)), Masking(FILL), Dense(2)])
    model.compile("sgd", GaussianNLL())
    x = series(9, 5, 2)
    with pytest.raises(ValueError, match="sample weights of shape \\(5,\\) have no compiled form"):
        model.fit(x, x, verbose=0, backend="numba")


@pytest.mark.parametrize("sequences", [True, False])
def test_two_threads_agree_with_one(cell, sequences):
    config.set_floatx("float64")
    x = series(37, 5, 2)

    def make():
        h = [Input((5, 2)), Masking(FILL), Bidirectional(cell(3, return_sequences=True))]
        model = Sequential([*h, cell(4, return_sequences=sequences)])
        model.compile("sgd", "mse")
        return model

    y = np.random.default_rng(0).normal(size=(37, 5, 4) if sequences else (37, 4))
    one, two = (train("numba", make, x, y, threads=threads) for threads in (1, 2))
    assert_same_state(two, one)
    assert_agree(two.predict(x, backend="numba", threads=2), one.predict(x, backend="numba"), "float64", "predictions")
