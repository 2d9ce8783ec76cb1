"""The engine agrees with the layers: each layer, activation, loss, metric, optimizer, size and graph by itself."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnlite import losses, metrics, optimizers
from nnlite.activations import GELU
from nnlite.layers import (
    ELU,
    Activation,
    Add,
    BatchNormalization,
    Concatenate,
    Dense,
    Dropout,
    Flatten,
    GaussianNoise,
    Input,
    LayerNormalization,
    LeakyReLU,
    ReLU,
    Reshape,
    Sigmoid,
    Softmax,
    Tanh,
)
from nnlite.models import Model, Sequential
from nnlite.optimizers import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Ftrl,
    Lion,
    Nadam,
    RMSprop,
    schedules,
)
from nnlite.regularizers import L1, L1L2, L2
from nnlite.utils import set_random_seed, to_categorical
from tests.nnlite.engine.parity import assert_agree, assert_parity, draw

ROWS = 27  # batches of 8, and a last one of 3


def chain(*layers, inputs=5, outputs=3, optimizer="sgd", loss="mse", activation=None, **compiled):
    """Return a maker of models: new layers for each."""

    def build():
        shape = inputs if isinstance(inputs, tuple) else (inputs,)
        made = [Input(shape), Dense(7), *(layer() for layer in layers), Dense(outputs, activation=activation)]
        model = Sequential(made)
        model.compile(optimizer() if callable(optimizer) else optimizer, loss, **compiled)
        return model

    return build


# -- layers ----------------------------------------------------------------------------------------

ACTIVATIONS = [
    "relu", "leaky_relu", "elu", "selu", "gelu", "sigmoid", "hard_sigmoid", "tanh", "silu", "softplus", "softmax",
    "exponential", "linear",
]  # fmt: skip

LAYERS = {
    **{f"activation {name}": lambda name=name: Activation(name) for name in ACTIVATIONS},
    "relu layer": ReLU,
    "relu with a ceiling": lambda: ReLU(max_value=0.5),
    "relu bent": lambda: ReLU(negative_slope=0.2, threshold=0.3, max_value=1.0),
    "leaky relu layer": lambda: LeakyReLU(negative_slope=0.1),
    "elu layer": lambda: ELU(alpha=0.7),
    "sigmoid layer": Sigmoid,
    "tanh layer": Tanh,
    "softmax layer": Softmax,
    "dense without bias": lambda: Dense(6, use_bias=False),
    "dense of one unit": lambda: Dense(1, activation="tanh"),
    "batch normalization": BatchNormalization,
    "batch normalization bare": lambda: BatchNormalization(center=False, scale=False, momentum=0.8, epsilon=1e-2),
    "layer normalization": LayerNormalization,
    "layer normalization bare": lambda: LayerNormalization(center=False, scale=False, epsilon=1e-2),
    "reshape": lambda: Reshape((7, 1)),
    "flatten": Flatten,
    "dropout of nothing": lambda: Dropout(0.0),
    "no noise": lambda: GaussianNoise(0.0),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_between_two_dense_layers(dtype, name):
    found, expected = assert_parity(chain(LAYERS[name]), draw(ROWS, 5), draw(ROWS, *_outputs(name)))
    for weight, before in zip(expected.trainable_weights, expected.weights_before, strict=False):
        assert not np.array_equal(weight.value, before), "nothing was trained"
    assert_agree(found.predict(draw(9, 5)), expected.predict(draw(9, 5)), dtype, "prediction")


def _outputs(name):
    return (7, 3) if name == "reshape" else (3,)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_within_a_layer(dtype, name):
    target = np.abs(draw(ROWS, 3))
    assert_parity(chain(lambda: Dense(6, activation=name), activation=name), draw(ROWS, 5), target)


def test_approximate_gelu(dtype):
    assert_parity(chain(lambda: Dense(6, activation=GELU(approximate=True))), draw(ROWS, 5), draw(ROWS, 3))


LOSSES = {
    "mse": (losses.MeanSquaredError, None, "real"),
    "mae": (losses.MeanAbsoluteError, None, "real"),
    "huber": (lambda: losses.Huber(0.4), None, "real"),
    "mse sum": (lambda: losses.MeanSquaredError(reduction="sum"), None, "real"),
    "binary": (losses.BinaryCrossentropy, "sigmoid", "ones"),
    "binary logits": (lambda: losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1), None, "ones"),
    "categorical": (losses.CategoricalCrossentropy, "softmax", "one-hot"),
    "categorical of anything": (losses.CategoricalCrossentropy, "sigmoid", "one-hot"),
    "categorical logits": (
        lambda: losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1), None, "one-hot",
    ),
    "sparse": (losses.SparseCategoricalCrossentropy, "softmax", "numbers"),
    "sparse logits": (lambda: losses.SparseCategoricalCrossentropy(from_logits=True), None, "numbers"),
}  # fmt: skip


def target(kind, rows=ROWS):
    """Return targets for three outputs."""
    numbers = np.random.default_rng(1).integers(0, 3, rows)
    return {
        "real": draw(rows, 3, seed=1),
        "ones": (draw(rows, 3, seed=1) > 0).astype(float),
        "one-hot": to_categorical(numbers, 3),
        "numbers": numbers,
    }[kind]


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("name", LOSSES)
def test_a_loss(dtype, name, weighted):
    make, activation, kind = LOSSES[name]
    weights = np.random.default_rng(2).random(ROWS) if weighted else None
    build = chain(loss=make(), activation=activation, optimizer=lambda: SGD(0.02))
    found, expected = assert_parity(build, draw(ROWS, 5), target(kind), sample_weight=weights)
    evaluated = [
        model.evaluate(draw(ROWS, 5), target(kind), backend=backend, verbose=0, batch_size=6)
        for model, backend in [(found, "numba"), (expected, "numpy")]
    ]
    assert_agree(*evaluated, dtype, "evaluated loss")


METRICS = {
    "real": (None, ["mse", "mae", metrics.RootMeanSquaredError()]),
    "ones": ("sigmoid", ["accuracy", metrics.BinaryAccuracy(threshold=0.4), metrics.BinaryCrossentropy()]),
    "one-hot": ("softmax", ["accuracy", metrics.CategoricalAccuracy(), metrics.CategoricalCrossentropy()]),
    "numbers": ("softmax", ["accuracy", metrics.SparseCategoricalAccuracy()]),
}
OF_KIND = {"real": "mse", "ones": "mse", "one-hot": "mse", "numbers": "sparse_categorical_crossentropy"}


@pytest.mark.parametrize("kind", METRICS)
def test_metrics_in_training_and_validation(dtype, kind):
    activation, chosen = METRICS[kind]
    if kind == "ones":
        chosen = chosen[1:]
    build = chain(activation=activation, loss=OF_KIND[kind], metrics=chosen)
    found, _ = assert_parity(build, draw(ROWS, 5), target(kind), validation_split=0.3)
    assert len(found.history.history) == 2 * (1 + len(chosen))


def test_accuracy_of_a_single_output(dtype):
    y = (draw(ROWS, 1) > 0).astype(float)
    build = chain(outputs=1, activation="sigmoid", loss="binary_crossentropy", metrics=["accuracy"])
    assert_parity(build, draw(ROWS, 5), y, sample_weight=np.linspace(0, 2, ROWS))


# -- optimizers ------------------------------------------------------------------------------------

OPTIMIZERS = {
    "sgd": lambda **s: SGD(0.05, **s),
    "momentum": lambda **s: SGD(0.02, momentum=0.9, **s),
    "nesterov": lambda **s: SGD(0.02, momentum=0.9, nesterov=True, **s),
    "rmsprop": lambda **s: RMSprop(0.01, epsilon=1e-3, **s),
    "rmsprop with momentum": lambda **s: RMSprop(0.01, rho=0.8, momentum=0.5, epsilon=1e-3, **s),
    "rmsprop centered": lambda **s: RMSprop(0.01, centered=True, epsilon=1e-2, **s),
    "rmsprop centered with momentum": lambda **s: RMSprop(0.01, centered=True, momentum=0.5, epsilon=1e-2, **s),
    "adam": lambda **s: Adam(0.01, epsilon=1e-4, **s),
    "adam of other betas": lambda **s: Adam(0.01, beta_1=0.8, beta_2=0.9, epsilon=1e-3, **s),
    "amsgrad": lambda **s: Adam(0.01, amsgrad=True, epsilon=1e-4, **s),
    "adamw": lambda **s: AdamW(0.01, epsilon=1e-4, **s),
    "nadam": lambda **s: Nadam(0.01, epsilon=1e-3, **s),
    "nadam on a schedule": lambda **s: Nadam(schedules.ExponentialDecay(0.05, 3, 0.5), epsilon=1e-3, **s),
    "adamax": lambda **s: Adamax(0.01, epsilon=1e-3, **s),
    "adagrad": lambda **s: Adagrad(0.05, **s),
    "adadelta": lambda **s: Adadelta(0.5, epsilon=1e-4, **s),
    "lion": lambda **s: Lion(0.001, **s),
    "ftrl": lambda **s: Ftrl(0.1, l1_regularization_strength=0.01, beta=0.1, **s),
}
CHANGES = {
    "clipped values": {"clipvalue": 0.05},
    "clipped norms": {"clipnorm": 0.1},
    "clipped norm of all": {"global_clipnorm": 0.2},
    "nothing to clip": {"clipnorm": 1e6},
    "decay": {"weight_decay": 0.1},
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer(dtype, name):
    build = chain(Tanh, optimizer=OPTIMIZERS[name])
    assert_parity(build, draw(ROWS, 5), draw(ROWS, 3, seed=1), epochs=4)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", ["momentum", "rmsprop", "adam"])
def test_an_optimizer_with_clipping_or_decay(dtype, name, change):
    plain, other = (
        assert_parity(chain(Tanh, optimizer=lambda s=s: OPTIMIZERS[name](**s)), draw(ROWS, 5), draw(ROWS, 3, seed=1))[0]
        for s in ({}, CHANGES[change])
    )
    changed = not np.array_equal(plain.weight_vector.values, other.weight_vector.values)
    assert changed == (change != "nothing to clip")


SCHEDULES = {
    "exponential": schedules.ExponentialDecay(0.05, 3, 0.5),
    "exponential steps": schedules.ExponentialDecay(0.05, 3, 0.5, staircase=True),
    "piecewise": schedules.PiecewiseConstantDecay([2, 6], [0.05, 0.01, 0.002]),
    "polynomial": schedules.PolynomialDecay(0.05, 5, power=2.0),
    "polynomial cycle": schedules.PolynomialDecay(0.05, 5, cycle=True),
    "inverse time": schedules.InverseTimeDecay(0.05, 3, 0.5),
    "cosine": schedules.CosineDecay(0.001, 6, warmup_target=0.05, warmup_steps=3),
    "cosine restarts": schedules.CosineDecayRestarts(0.05, 3),
}


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("kind", [SGD, Adam])
def test_a_schedule(dtype, kind, name):
    settings = {"epsilon": 1e-3} if kind is Adam else {}
    build = chain(Tanh, optimizer=lambda: kind(SCHEDULES[name], **settings))
    assert_parity(build, draw(ROWS, 5), draw(ROWS, 3, seed=1), epochs=3)


@pytest.mark.parametrize("regularizer", [L1(0.01), L2(0.02), L1L2(0.01, 0.02)], ids=["l1", "l2", "both"])
@pytest.mark.parametrize("place", ["kernel_regularizer", "bias_regularizer", "activity_regularizer"])
def test_a_regularizer(dtype, place, regularizer):
    build = chain(lambda: Dense(6, activation="tanh", **{place: regularizer}))
    found, _ = assert_parity(build, draw(ROWS, 5), draw(ROWS, 3, seed=1), validation_split=0.3)
    free, _ = assert_parity(chain(lambda: Dense(6, activation="tanh")), draw(ROWS, 5), draw(ROWS, 3, seed=1))
    assert found.history.history["loss"] != free.history.history["loss"]


# -- sizes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, 2, 7, 33])
@pytest.mark.parametrize("features", [1, 3, 17])
@pytest.mark.parametrize("units", [1, 3, 17, 33])
def test_odd_sizes(dtype, rows, features, units):
    build = chain(lambda: Dense(units, activation="tanh"), inputs=features, outputs=units)
    x, y = draw(rows, features), draw(rows, units, seed=1)
    for batch_size in (1, 5, 64):
        assert_parity(build, x, y, batch_size=batch_size)


@given(
    st.integers(1, 40),
    st.integers(1, 20),
    st.lists(st.integers(1, 40), max_size=2),
    st.integers(1, 50),
    st.sampled_from(["tanh", "relu", "softmax", "gelu"]),
    st.sampled_from([None, BatchNormalization, LayerNormalization]),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_size(dtype, rows, features, units, batch_size, activation, normalization):
    def build():
        set_random_seed(7)
        hidden = [Dense(n, activation=activation) for n in units]
        between = [] if normalization is None else [normalization(epsilon=0.1)]
        model = Sequential([Input((features,)), *hidden, *between, Dense(2)])
        model.compile(SGD(0.01), "mse", metrics=["mae"])
        return model

    x, y = draw(rows, features), draw(rows, 2, seed=1)
    assert_parity(build, x, y, batch_size=batch_size, epochs=1)


@pytest.mark.parametrize("optimizer", [lambda: SGD(0.05), lambda: Adam(0.005)], ids=["sgd", "adam"])
def test_two_hundred_steps(dtype, optimizer):
    rows = 20 * 32 - 5
    x = draw(rows, 10)
    build = chain(Tanh, lambda: Dense(5, activation="softplus"), inputs=10, outputs=10, optimizer=optimizer)
    found, _ = assert_parity(build, x, x, batch_size=32, epochs=10)
    assert found.optimizer.iterations == 200


def test_large_layers_with_a_product_workspace(dtype):
    build = chain(lambda: Dense(200, activation="tanh"), inputs=130, outputs=130)
    assert_parity(build, draw(300, 130), draw(300, 130, seed=1), batch_size=128, epochs=1)


# -- graphs ----------------------------------------------------------------------------------------


def two_in_two_out():
    a, b = Input((4,), name="a"), Input((3,), name="b")
    shared = Dense(5, activation="tanh", name="shared")
    left = shared(a)
    right = shared(Dense(4)(b))
    joined = Concatenate()([left, right, a])
    summed = Add()([left, right, Dense(5)(joined)])
    first = Dense(2, name="first")(joined)
    second = Dense(3, activation="softmax", name="second")(summed)
    model = Model([a, b], [first, second])
    model.compile(
        SGD(0.05),
        {"first": "mae", "second": "sparse_categorical_crossentropy"},
        loss_weights={"first": 0.7, "second": 1.3},
        metrics={"first": ["mse"], "second": ["accuracy"]},
    )
    return model


def test_several_inputs_and_outputs(dtype):
    x, y = [draw(ROWS, 4), draw(ROWS, 3)], [draw(ROWS, 2, seed=1), target("numbers")]
    found, _ = assert_parity(two_in_two_out, x, y, validation_split=0.3, epochs=3)
    assert {"first_loss", "second_loss", "first_mse", "second_accuracy"} <= set(found.history.history)


def test_several_outputs_with_a_weight_for_each_record(dtype):
    x, y = [draw(ROWS, 4), draw(ROWS, 3)], [draw(ROWS, 2, seed=1), target("numbers")]
    assert_parity(two_in_two_out, x, y, sample_weight=[np.linspace(0, 1, ROWS), np.linspace(2, 0, ROWS)])


def test_an_output_without_a_loss(dtype):
    def build():
        a = Input((4,))
        h = Dense(3, activation="tanh")(a)
        model = Model(a, [Dense(2, name="used")(h), Dense(2, name="unused")(h)])
        model.compile("sgd", {"used": "mse", "unused": None})
        return model

    assert_parity(build, draw(ROWS, 4), [draw(ROWS, 2), draw(ROWS, 2)])


def test_a_nested_model_used_twice(dtype):
    def build():
        inner_in = Input((4,))
        hidden = Dense(6, activation="relu")(inner_in)
        inner = Model(inner_in, Dense(4, kernel_regularizer=L2(0.01))(BatchNormalization()(hidden)), name="inner")
        a, b = Input((4,)), Input((4,))
        model = Model([a, b], Dense(2)(Add()([inner(a), inner(b)])))
        model.compile("sgd", "mse")
        return model

    assert_parity(build, [draw(ROWS, 4), draw(ROWS, 4, seed=1)], draw(ROWS, 2, seed=2))


def test_a_tensor_with_many_uses(dtype):
    def build():
        a = Input((4,))
        h = Dense(4, activation="tanh")(a)
        again = Activation("relu")(h)
        flat = Flatten()(Reshape((2, 2))(h))
        model = Model(a, Dense(2)(Add()([h, again, flat, h, Concatenate()([Dense(2)(h), Dense(2)(again)])])))
        model.compile("sgd", "mse")
        return model

    assert_parity(build, draw(ROWS, 4), draw(ROWS, 2, seed=1))


def test_a_residual_ladder_of_activations_on_one_tensor(dtype):
    def build():
        a = Input((5,))
        h = Dense(5)(a)
        parts = [Activation(name)(h) for name in ("relu", "sigmoid", "softmax", "gelu", "linear")]
        model = Model(a, Dense(2)(Concatenate()([h, *parts])))
        model.compile("sgd", "mse")
        return model

    assert_parity(build, draw(ROWS, 5), draw(ROWS, 2, seed=1))


@pytest.mark.parametrize("normalization", [None, BatchNormalization, LayerNormalization])
def test_records_of_rank_two(dtype, normalization):
    def build():
        a = Input((4, 3))
        h = Dense(5, activation="softmax")(a)
        if normalization is not None:
            h = normalization(epsilon=0.1)(h)
        side = Concatenate(axis=1)([h, Dense(5)(a)])
        joined = Concatenate(axis=-1)([side, side])
        model = Model(a, Reshape((4, 5))(Dense(20)(Flatten()(joined))))
        model.compile("sgd", "mae", metrics=["mse"])
        return model

    assert_parity(build, draw(ROWS, 4, 3), draw(ROWS, 4, 5, seed=1))


def test_normalization_over_two_axes(dtype):
    def build():
        model = Sequential([Input((4, 3)), Dense(5), LayerNormalization(axis=[1, 2], epsilon=0.1), Dense(2)])
        model.compile("sgd", "mse")
        return model

    assert_parity(build, draw(ROWS, 4, 3), draw(ROWS, 4, 2, seed=1))


def test_frozen_layers_are_constant_and_propagate_gradients(dtype):
    def build():
        layers = [Dense(6, activation="tanh"), BatchNormalization(), Dense(6, activation="tanh"), Dense(3)]
        model = Sequential([Input((5,)), *layers])
        model.layers[1].trainable = model.layers[2].trainable = False
        model.compile(optimizers.get("adam"), "mse")
        return model

    found, _ = assert_parity(build, draw(ROWS, 5), draw(ROWS, 3, seed=1))
    frozen = {id(weight) for layer in found.layers if not layer.trainable for weight in layer.weights}
    changed = {
        id(weight)
        for weight, before in zip(found.weights, found.weights_before, strict=True)
        if not np.array_equal(weight.value, before)
    }
    assert len(frozen) == 6
    assert not frozen & changed
    assert len(changed) == 4


def test_an_autoencoder_whose_target_is_its_input(dtype):
    x = draw(ROWS, 5).astype(dtype)
    assert_parity(chain(Tanh, outputs=5), x, x)
