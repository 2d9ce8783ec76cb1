"""Merging layers, arithmetic of symbolic tensors, activations, and classes that compose layers."""

import copy

import numpy as np
import pytest

from nnlite import activations, callbacks, initializers, layers, losses, optimizers, utils
from nnlite.gradcheck import check_layer, check_model
from nnlite.layers import Dense, Input, Layer
from nnlite.models import Model, Sequential, clone_model, load_model, model_from_json, save_model

A, B = np.random.default_rng(0).normal(size=(2, 5, 3))


def draw(*shapes):
    return [3 * np.random.default_rng(seed).normal(size=shape) for seed, shape in enumerate(shapes)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("add", A + B),
        ("subtract", A - B),
        ("multiply", A * B),
        ("average", (A + B) / 2),
        ("maximum", np.maximum(A, B)),
        ("minimum", np.minimum(A, B)),
        ("concatenate", np.concatenate([A, B], axis=-1)),
    ],
)
def test_merging_as_layer_and_as_function(name, expected):
    np.testing.assert_allclose(getattr(layers, name)([A, B]), expected, rtol=1e-6)
    a, b = Input((3,)), Input((3,))
    np.testing.assert_allclose(Model([a, b], getattr(layers, name)([a, b])).predict([A, B]), expected, rtol=1e-6)


@pytest.mark.parametrize("shape", [(3,), (4, 3)])
@pytest.mark.parametrize("kind", ["Subtract", "Multiply", "Divide", "Average", "Maximum", "Minimum"])
def test_merging_layers_have_right_gradients(kind, shape):
    check_layer(getattr(layers, kind)(dtype="float64"), draw((2, *shape), (2, *shape)))


@pytest.mark.parametrize(
    ("axes", "shapes"), [(1, [(3,), (3,)]), (2, [(4, 3), (5, 3)]), ((1, 2), [(3, 4), (5, 3)]), (-1, [(4, 3), (3,)])]
)
@pytest.mark.parametrize("normalize", [False, True])
def test_dot_products(axes, shapes, normalize):
    layer = layers.Dot(axes, normalize=normalize, dtype="float64")
    check_layer(layer, draw(*[(2, *shape) for shape in shapes]))
    if axes == 1 and not normalize:
        np.testing.assert_allclose(layer([A, B]), (A * B).sum(-1, keepdims=True), rtol=1e-6)


def test_broadcast_factors_and_rows_have_right_gradients():
    check_layer(layers.Multiply(dtype="float64"), draw((2, 4, 3), (2, 1, 3)))
    check_layer(layers.Subtract(dtype="float64"), draw((2, 1, 3), (2, 4, 3)))


OPERATORS = {
    "a + b": A + B,
    "a - b": A - B,
    "a * b": A * B,
    "a / b": A / B,
    "2 * a": 2 * A,
    "a / 2 - 1": A / 2 - 1,
    "3 - a": 3 - A,
    "1 / a": 1 / A,
    "-a": -A,
    "abs(a)": np.abs(A),
    "a ** 2": A**2,
    "2 ** a": 2**A,
    "a[:, 0]": A[:, 0],
    "a[:, 1:]": A[:, 1:],
    "a[:, ::-1]": A[:, ::-1],
    "a[:, None, :]": A[:, None],
    "a + np.arange(3)": A + np.arange(3),
    "np.arange(3) * a": np.arange(3) * A,
    "a[:, None, :] * b": A[:, None] * B[:, None],
}


@pytest.mark.parametrize("text", OPERATORS)
def test_an_operator_computes_trains_and_is_saved(text):
    a, b = Input((3,), dtype="float64"), Input((3,), dtype="float64")
    y = eval(text)
    used = [x for x, name in ((a, "a"), (b, "b")) if name in text.replace("abs", "").replace("np.arange", "")]
    model = Model(used, y)
    data = [A, B][: len(used)]
    np.testing.assert_allclose(model.predict(data), OPERATORS[text], rtol=1e-5)
    np.testing.assert_allclose(clone_model(model).predict(data), OPERATORS[text], rtol=1e-5)


def test_gradients_pass_through_arithmetic():
    from nnlite.config import set_floatx

    set_floatx("float64")
    try:
        x = Input((3,))
        h = Dense(3)(x)
        y = (2 * h - 1) * abs(h) / (h**2 + 1) + h[:, :1] * (1 - h)
        model = Model(x, y)
        model.compile("sgd", "mse")
        check_model(model, A, B)
    finally:
        set_floatx("float32")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a[0]", "must be ':'"),
        ("a[:, 7]", "has no part"),
        ("a + 'x'", "unsupported operand"),
        ("a + np.zeros((4, 5))", "do not fit together"),
        ("list(a)", "cannot be iterated"),
        ("bool(a)", "no truth value"),
        ("a ** a", "not supported"),
    ],
)
def test_impossible_arithmetic_is_refused(text, message):
    a = Input((3,))  # noqa: F841 - the text names it
    with pytest.raises((TypeError, ValueError), match=message):
        eval(text)


@pytest.mark.parametrize("name", ["relu6", "softsign", "mish", "hard_silu", "celu", "log_sigmoid", "log_softmax"])
def test_more_activations_have_right_gradients(name):
    check_layer(layers.Activation(name, dtype="float64"), *draw((4, 3)))


def test_activations_take_settings_as_functions():
    x = np.array([[-2.0, 1.0, 8.0]])
    assert activations.relu(x, max_value=6, negative_slope=0.5).tolist() == [[-1.0, 1.0, 6.0]]
    np.testing.assert_allclose(activations.softmax(x, axis=0), [[1.0, 1.0, 1.0]])
    np.testing.assert_allclose(activations.gelu(x, approximate=True), activations.GELU(True)(x))


def scaled(x):
    return 2 * np.tanh(x / 2)


def test_functions_and_layers_are_activations(tmp_path):
    x = np.array([[-2.0, 1.0]])
    for layer in (layers.LeakyReLU(negative_slope=0.5), layers.ReLU(negative_slope=0.5), "leaky"):
        if layer == "leaky":
            layer = layers.LeakyReLU(alpha=0.5)
        assert Dense(2, activation=layer, kernel_initializer="identity")(x).tolist() == [[-1.0, 1.0]]
    np.testing.assert_allclose(layers.Activation(scaled)(x), scaled(x), rtol=1e-6)
    check_layer(Dense(3, activation=scaled, dtype="float64"), *draw((4, 3)))
    model = Sequential([Input((2,)), Dense(2, activation=scaled)])
    model.save(tmp_path / "model.npz")
    restored = load_model(tmp_path / "model.npz", {"scaled": scaled})
    np.testing.assert_array_equal(restored.predict(x), model.predict(x))


def test_an_activation_that_mixes_numbers_is_refused():
    layer = Dense(3, activation=lambda x: x - x.mean())
    y, cache = layer.build((None, 3)), None
    y, cache = layer.forward(A.astype(np.float32))
    with pytest.raises(ValueError, match="depend on more than their own input"):
        layer.backward(y, cache)
    with pytest.raises(ValueError, match="must keep the shape"):
        layers.Activation(lambda x: x.sum())(A)


def test_initializers_have_keras_names():
    assert type(initializers.get("normal")) is initializers.RandomNormal
    assert type(initializers.get("uniform")) is initializers.RandomUniform
    assert initializers.he_normal(seed=1)((2, 2)).shape == (2, 2)
    layer = Dense(2, bias_initializer=None)
    layer.build((None, 3))
    assert np.any(layer.bias.numpy())


# -- masks ----------------------------------------------------------------------------------------


def test_a_second_positional_array_is_the_mask():
    x = np.arange(24.0).reshape(2, 3, 4)
    mask = np.array([[1, 1, 0], [0, 1, 0]])
    pool = layers.GlobalAveragePooling1D()
    assert pool(x, mask)[0, 0] == 2
    np.testing.assert_array_equal(pool(x, mask), pool(x, mask=mask))
    assert layers.Softmax()(np.zeros((1, 3)), [[1, 1, 0]]).tolist() == [[0.5, 0.5, 0.0]]
    assert layers.Softmax()(np.zeros((1, 2)), mask=np.array([[True, False]])).tolist() == [[1.0, 0.0]]


@pytest.mark.parametrize("make", [lambda: Dense(2), layers.Flatten, lambda: layers.Dropout(0.5)])
def test_a_layer_without_masks_refuses_an_array_as_training(make):
    with pytest.raises(TypeError, match="takes no mask"):
        make()(A, np.ones(5))
    with pytest.raises(TypeError, match="training must be True or False"):
        make()(A, training=object())


# -- classes that compose layers -------------------------------------------------------------------


class Autoencoder(Model):
    def __init__(self, code=2):
        super().__init__()
        self.encoder = Sequential([Dense(4, activation="relu"), Dense(code)])
        self.decoder = Sequential([Dense(4, activation="relu"), Dense(3)])

    def call(self, x):
        return self.decoder(self.encoder(x))


def test_a_model_class_trains_and_its_parts_share_the_weights(tmp_path):
    model = Autoencoder()
    model.compile("adam", "mse", metrics=["mae"])
    history = model.fit(A, A, epochs=30, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]
    codes = model.encoder(A).numpy()
    assert type(codes) is np.ndarray
    np.testing.assert_allclose(model.decoder(codes), model.predict(A), rtol=1e-5)
    np.testing.assert_allclose(model(A), model.predict(A), rtol=1e-5)
    assert model.count_params() == model.encoder.count_params() + model.decoder.count_params()
    model.save(tmp_path / "model.npz")
    np.testing.assert_array_equal(load_model(tmp_path / "model.npz").predict(A), model.predict(A))
    np.testing.assert_array_equal(copy.deepcopy(model).predict(A), model.predict(A))


def test_a_model_class_is_built_before_data_are_there():
    model = Autoencoder()
    with pytest.raises(ValueError, match=r"inputs= and outputs="):
        Model()
    model.build((None, 3))
    assert model.built
    assert model.output_shape == (None, 3)
    assert len(model.layers) == 2


class Residual(Layer):
    def __init__(self, units, **settings):
        super().__init__(**settings)
        self.first, self.second = Dense(units, activation="relu"), Dense(units)
        self.dropout = layers.Dropout(0.5)

    def call(self, inputs, training=None):
        return inputs + self.dropout(self.second(self.first(inputs)), training=training)


def test_a_layer_class_composes_layers():
    x = Input((3,))
    block = Residual(3)
    model = Model(x, Dense(1)(Residual(3)(block(x))))
    model.compile("sgd", "mse")
    model.fit(A, B[:, :1], verbose=0)
    assert len(block.weights) == len(block.trainable_variables) == 4
    expected = A + block.second(block.first(A))
    np.testing.assert_allclose(block(A), expected, rtol=1e-5)
    assert model.predict(A).shape == (5, 1)


def test_a_layer_class_takes_several_inputs():
    class Sum(Layer):
        def call(self, inputs):
            return inputs[0] + inputs[1]

    a, b = Input((3,)), Input((3,))
    np.testing.assert_allclose(Model([a, b], Sum()([a, b])).predict([A, B]), A + B, rtol=1e-6)
    np.testing.assert_allclose(Sum()([A, B]), A + B)


def test_tensor_code_of_its_own_is_refused_with_the_way_out():
    class Own(Layer):
        def call(self, inputs):
            return np.tanh(inputs)

    with pytest.raises(TypeError, match=r"Own.call cannot be written as a graph.*forward and backward"):
        Own()(Input((3,)))

    class Constant(Layer):
        def call(self, inputs):
            return np.zeros(3)

    with pytest.raises(TypeError, match="must return results of layers; found ndarray"):
        Constant()(Input((3,)))


def test_steps_and_losses_of_its_own_are_refused_with_the_way_out():
    class Vae(Model):
        def __init__(self, encoder):
            super().__init__()
            self.encoder = encoder

        def train_step(self, data):
            return {}

    with pytest.raises(NotImplementedError, match=r"Vae.train_step is not supported.*GaussianLatent"):
        Vae(Dense(2))


# -- models ---------------------------------------------------------------------------------------


def test_outputs_by_name_are_dictionaries():
    i = Input((3,))
    model = Model(i, {"a": Dense(2, name="first")(i), "b": Dense(1, name="second")(i)})
    model.compile("sgd", {"a": "mse", "b": "mae"})
    model.fit(A, {"a": A[:, :2], "b": A[:, :1]}, verbose=0)
    for found in (model.predict(A), model(A), model.predict_on_batch(A), model.output, clone_model(model).predict(A)):
        assert list(found) == ["a", "b"]
    assert model(A)["a"].shape == (5, 2)


def test_a_model_is_called_with_inputs_by_name():
    u, v = Input((3,), name="u"), Input((3,), name="v")
    model = Model([u, v], layers.Subtract()([u, v]))
    np.testing.assert_allclose(model({"v": B, "u": A}), A - B, rtol=1e-5)
    np.testing.assert_allclose(model.predict({"v": B, "u": A}), A - B, rtol=1e-5)


def test_numpy_integers_are_sizes():
    size = np.prod((28, 28))
    assert Input(shape=(size,)).shape == Input(batch_shape=(None, size)).shape == (None, 784)
    assert Input(shape=size).shape == (None, 784)
    for first in (Dense(1, input_dim=np.int64(3)), Dense(1, input_shape=(np.int64(3),)), layers.InputLayer((3,))):
        assert Sequential([first, Dense(1)]).input_shape == (None, 3)
    assert Sequential([layers.InputLayer(input_shape=(3,)), Dense(1)]).input_shape == (None, 3)


def test_json_describes_a_model():
    i = Input((3,))
    for model in (Sequential([i, Dense(2)]), Model(i, 2 * Dense(2)(i))):
        made = model_from_json(model.to_json(indent=1))
        assert type(made) is type(model)
        assert made.to_json() == model.to_json()
    empty = '{"class_name": "Sequential", "config": {}}'
    wrong = (("no json", "text that is no JSON"), ("[1]", "list"), ("[" * 100_000, "no JSON"), (empty, "not describe"))
    for text, found in wrong:
        with pytest.raises(ValueError, match=found):
            model_from_json(text)


def test_a_clone_may_have_other_layers():
    model = Sequential([Input((3,)), Dense(2, name="one"), Dense(1)])
    clone = clone_model(model, clone_function=lambda layer: Dense(layer.units, activation="relu"))
    assert [layer.activation.name for layer in clone.layers] == ["relu", "relu"]
    assert clone.layers[0].name == "one"
    with pytest.raises(ValueError, match="input_tensors must be None"):
        clone_model(model, input_tensors=[])


def test_compile_takes_keras_settings_and_no_loss():
    model = Sequential([Input((3,)), Dense(2)])
    model.compile(optimizer="adam", run_eagerly=True, jit_compile=False, steps_per_execution=1)
    assert model.predict(A).shape == (5, 2)
    with pytest.raises(ValueError, match="nothing to minimize"):
        model.fit(A, A[:, :2], verbose=0)
    penalized = Sequential([Input((3,)), Dense(2, activity_regularizer="l2")])
    penalized.compile("sgd")
    before = np.abs(penalized.predict(A)).mean()
    penalized.fit(A, epochs=20, verbose=0)
    assert np.abs(penalized.predict(A)).mean() < before


def test_the_summary_shows_nested_and_frozen_layers(capsys):
    inner = Sequential([Input((3,)), Dense(2, name="inside")], name="inner")
    inner.trainable = False
    Sequential([Input((3,)), inner]).summary(expand_nested=True, show_trainable=True)
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("  inside (Dense) frozen") for line in lines)


def test_fit_prints_into_a_pipe(capsys):
    model = Sequential([Input((3,)), Dense(3)])
    model.compile("sgd", "mse")
    model.fit(A, A, epochs=2)
    assert capsys.readouterr().out.count("loss:") == 2


def test_small_things_of_keras_programs(tmp_path):
    assert Dense(2, use_bias=False).bias is None
    assert layers.Conv1D(2, 3, use_bias=False).bias is None
    assert layers.Flatten(data_format="channels_last")(np.zeros((2, 3, 4))).shape == (2, 12)
    with pytest.raises(ValueError, match="data_format must be one of None, 'channels_last'"):
        layers.Flatten(data_format="rows_first")
    first = np.arange(24.0).reshape(2, 4, 3)
    flat = layers.Flatten(data_format="channels_first")(first)
    np.testing.assert_array_equal(flat, np.moveaxis(first, 1, -1).reshape(2, 12))
    model = Sequential([Input((3,)), Dense(2)])
    save_model(model, tmp_path / "model.npz")
    assert load_model(tmp_path / "model.npz", safe_mode=False).output_shape == (None, 2)
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="rounded down as in Keras"):
        model.fit(np.ones((10, 3)), np.ones((10, 2)), validation_split=0.95)


def test_a_registered_class_is_loaded_without_custom_objects(tmp_path):
    @utils.register_keras_serializable(package="mine")
    class Doubled(Dense):
        pass

    Sequential([Input((3,)), Doubled(2)]).save(tmp_path / "model.npz")
    assert type(load_model(tmp_path / "model.npz").layers[0]) is Doubled
    del utils.get_custom_objects()["Doubled"]
    with pytest.raises(ValueError, match="unknown layer 'Doubled'"):
        load_model(tmp_path / "model.npz")


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: layers.GroupNormalization(groups=0), ValueError),
        (lambda: layers.GroupNormalization(groups="32"), ValueError),
        (lambda: layers.LayerNormalization(axis={"axis": -1}), TypeError),
        (lambda: layers.UnitNormalization(axis=1.5), TypeError),
        (lambda: optimizers.AdamW(weight_decay=None), ValueError),
        (lambda: callbacks.BackupAndRestore(""), ValueError),
    ],
)
def test_arguments_are_refused_by_the_kind_of_error_of_keras(make, error):
    with pytest.raises(error, match=r"must be"):
        make()


def test_masks_of_merged_tensors_are_joined_in_any_shape():
    masks = [np.array([[True, False, False]]), np.array([[False, False, True]])]
    assert layers.Add().compute_mask([np.ones((1, 3))] * 2, masks).tolist() == [[True, False, True]]
    assert layers.Add().compute_mask([np.ones((1, 3))] * 2, [masks[0], None]) is None


def test_a_loss_in_a_list_of_its_own_is_that_loss():
    inputs = layers.Input(shape=(2,))
    model = Model(inputs, [layers.Dense(1, name="a")(inputs), layers.Dense(1, name="b")(inputs)])
    for loss in (["mse", ["mae"]], {"a": "mse", "b": ["mae"]}):
        model.compile("sgd", loss)
        logs = model.evaluate(np.ones((4, 2)), [np.zeros((4, 1))] * 2, verbose=0, return_dict=True)
        assert logs["loss"] == pytest.approx(logs["a_loss"] + logs["b_loss"])


def test_a_loss_does_not_count_masked_samples_of_its_predictions():
    series = np.array([[[1.0], [0.0], [3.0], [5.0]]], "float32")
    masked = layers.Masking()(series)
    # The mean of 1, 9 and 25; that of 4 steps would be 8.75.
    assert losses.MeanSquaredError()(np.zeros((1, 4, 1)), masked) == pytest.approx(35 / 3)
    assert losses.MeanSquaredError(reduction="sum")(np.ones((1, 4, 1)), masked) == pytest.approx(20)
    assert losses.MeanSquaredError()(np.zeros((1, 4, 1)), masked, np.zeros((1, 4))) == 0
    masked._keras_mask = masked._keras_mask[..., np.newaxis]
    assert losses.MeanSquaredError()(np.zeros((1, 4, 1)), masked) == pytest.approx(35 / 3)


def test_inputs_of_whole_numbers_are_those_of_embeddings():
    model = Sequential([Input((None,), dtype="int32"), layers.Embedding(9, 2), layers.GlobalMaxPooling1D()])
    assert model.predict(np.array([[1, 8, 3]]), verbose=0).shape == (1, 2)


def test_inputs_are_not_optional():
    assert Input((3,), optional=False).shape == (None, 3)
    with pytest.raises(ValueError, match="optional=True is not supported"):
        Input((3,), optional=True)
    layer = Dense(2, name="d")
    layer.build((None, 3))
    assert [weight.path for weight in layer.weights] == ["kernel", "bias"]
