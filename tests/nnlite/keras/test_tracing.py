"""What a method ``call`` computes becomes a graph: with weights, random numbers and losses of its own."""

import numpy as np
import pytest

import nnlite
from nnlite import backend, losses, ops, random
from nnlite.compat import tensorflow as tf
from nnlite.gradcheck import check_model
from nnlite.layers import (
    LSTM,
    RNN,
    Activation,
    Dense,
    Flatten,
    GRUCell,
    Input,
    Lambda,
    Layer,
    LSTMCell,
    SimpleRNNCell,
    StackedRNNCells,
)
from nnlite.models import Model, Sequential, load_model

RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 5, 3))
Y = RNG.normal(size=(6, 2))


@pytest.fixture
def doubles():
    before = nnlite.config.floatx()
    nnlite.config.set_floatx("float64")
    yield
    nnlite.config.set_floatx(before)


class Pooled(Layer):
    """Attention with weights of its own, as many programs write it."""

    def build(self, input_shape):
        self.w = self.add_weight(name="w", shape=(input_shape[-1], 4))
        self.b = self.add_weight(name="b", shape=(4,))
        self.u = self.add_weight(name="u", shape=(4, 1))
        super().build(input_shape)

    def call(self, x):
        h = ops.tanh(ops.matmul(x, self.w) + self.b)
        a = ops.softmax(ops.squeeze(backend.dot(h, self.u), -1), axis=-1)
        self.add_loss(0.1 * ops.mean(ops.square(h)) + 0.01 * ops.sum(ops.abs(self.w)))
        return ops.sum(h * ops.expand_dims(a, -1), axis=1) * ops.exp(self.b)


class Tied(Layer):
    """A dense layer with the transposed kernel of another."""

    def __init__(self, dense, **settings):
        super().__init__(**settings)
        self.dense = dense

    def build(self, input_shape):
        self.bias = self.add_weight("bias", (self.dense.kernel.shape[0],), "zeros")

    def call(self, x):
        return tf.matmul(x, self.dense.kernel, transpose_b=True) + self.bias


def compiled(inputs, outputs):
    model = Model(inputs, outputs)
    model.compile("adam", "mse")
    return model


def test_weights_and_losses_of_a_layer_have_exact_gradients(doubles, tmp_path):
    inputs = Input((5, 3))
    layer = Pooled()
    model = compiled(inputs, Dense(2)(layer(inputs)))
    check_model(model, X, Y)
    assert len(model.trainable_weights) == 5
    assert model.evaluate(X, Y, verbose=0) > np.mean((model.predict(X, verbose=0) - Y) ** 2)
    np.testing.assert_allclose(layer(X), Model(inputs, model.layers[-1].input).predict(X, verbose=0), rtol=1e-12)
    model.fit(X, Y, epochs=2, verbose=0)
    model.save(tmp_path / "m.npz")
    np.testing.assert_array_equal(load_model(tmp_path / "m.npz").predict(X, verbose=0), model.predict(X, verbose=0))


def test_a_weight_that_two_layers_use_gets_both_gradients(doubles):
    dense = Dense(2)
    inputs = Input((3,))
    code = dense(inputs)
    model = compiled(inputs, Tied(dense)(code))
    check_model(model, X[:, 0], X[:, 1])
    assert sorted(w.shape for w in model.weights) == [(2,), (3,), (3, 2)]


def test_a_layer_used_twice_gets_both_gradients(doubles):
    layer = Pooled()
    inputs = Input((5, 3))
    model = compiled(inputs, Dense(2)(layer(inputs) + layer(2.0 * inputs)))
    check_model(model, X, Y)


CALLS = {
    "matmul of series": lambda x: ops.matmul(x, ops.transpose(x, (0, 2, 1))),
    "operator": lambda x: (x @ ops.transpose(x, (0, 2, 1))) / 2.0,
    "max": lambda x: ops.max(x, axis=1),
    "min, kept": lambda x: x - ops.min(x, axis=-1, keepdims=True),
    "variance": lambda x: ops.std(x, axis=1) + ops.var(x, axis=1),
    "clip": lambda x: ops.clip(x, -0.5, 0.5) + ops.maximum(x, 0.1) + ops.minimum(0.3, x),
    "tile and stack": lambda x: tf.tile(x[:, -1:, :], [1, 2, 1]) + ops.stack([x[:, 0], x[:, 1]], axis=1),
    "repeat": lambda x: ops.repeat(x[:, :1], 3, axis=1),
    "split": lambda x: sum(tf.split(x, 3, axis=-1)) + tf.unstack(x, axis=2)[1][:, :, None],
    "total": lambda x: x * ops.mean(ops.square(x)),
    "ellipsis": lambda x: x[..., 1] + x[..., 0:1, 2],
    "nn": lambda x: ops.nn.sigmoid(x) * nnlite.activations.get("tanh")(x),
}


@pytest.mark.parametrize("name", CALLS)
def test_operations_have_exact_gradients_and_the_values_of_numpy(doubles, name):
    inputs = Input((5, 3))
    h = Dense(3)(inputs)
    outputs = Lambda(CALLS[name])(h)
    head = Dense(2)(Flatten()(outputs))
    model = compiled(inputs, head)
    check_model(model, X, Y)
    arrays = Model(inputs, h).predict(X, verbose=0)
    found = Model(inputs, outputs).predict(X, verbose=0)
    np.testing.assert_allclose(found, CALLS[name](nnlite.eager.as_tensor(arrays)), rtol=1e-10)


def test_cells_are_layers_of_their_kind(doubles):
    inputs = Input((5, 3))
    cell = LSTMCell(6)
    y, *states = RNN(cell, return_state=True)(inputs)
    step, states = cell(y[:, :3], states=states)
    together = ops.transpose(ops.stack([y, step]), (1, 0, 2))
    model = compiled(inputs, Dense(2)(Flatten()(together)))
    check_model(model, X, Y)
    assert [w.shape for w in cell.weights] == [(3, 24), (6, 24), (24,)]
    assert len(model.weights) == 5
    stacked = RNN(StackedRNNCells([GRUCell(4), SimpleRNNCell(3)]), go_backwards=True)
    check_model(compiled(inputs, Dense(2)(stacked(inputs))), X, Y)
    lstm = LSTM(6)
    lstm.build((None, 5, 3))
    lstm.set_weights(cell.get_weights())
    np.testing.assert_allclose(RNN(cell)(X), lstm(X), rtol=1e-12)
    with pytest.raises(TypeError, match="RNN.*Dense"):
        RNN(Dense(2))


@pytest.mark.parametrize(
    "name",
    [
        "mean_squared_error",
        "mean_absolute_error",
        "huber",
        "kl_divergence",
        "binary_crossentropy",
        "categorical_crossentropy",
    ],
)
def test_losses_of_tensors_have_the_derivatives_of_losses(name):
    y, p = np.random.default_rng(0).uniform(0.1, 0.9, size=(2, 7, 3))
    function = getattr(losses, name)
    doubled = losses.get(lambda a, b: 2.0 * function(a, b))
    np.testing.assert_allclose(doubled.gradient(y, p), 2 * losses.get(name).gradient(y, p), rtol=1e-10)
    with pytest.raises(TypeError, match="log_cosh.*not supported"):
        losses.log_cosh(Input((3,)), Input((3,)))


def test_random_numbers_of_a_graph_are_drawn_anew():
    class Sampling(Layer):
        def call(self, inputs):
            mean, log_variance = inputs
            noise = random.normal(shape=(ops.shape(mean)[0], ops.shape(mean)[1]), seed=random.SeedGenerator(1))
            return mean + ops.exp(0.5 * log_variance) * noise

    inputs = Input((3,))
    code = Sampling()([Dense(2)(inputs), Dense(2)(inputs)])
    other = Lambda(lambda z: z + backend.random_normal(shape=backend.shape(z), stddev=0.1))(code)
    model = Model(inputs, other)
    x = X[:, 0]
    assert np.abs(model.predict(x, verbose=0) - model.predict(x, verbose=0)).min() > 0
    uniform = Model(inputs, Lambda(lambda z: 0.0 * z + random.uniform((None, 3), 1.0, 2.0))(inputs))
    found = uniform.predict(x, verbose=0)
    assert found.min() >= 1
    assert found.max() <= 2
    assert ops.shape(inputs) == (None, 3)


def test_losses_of_a_model_class_join_the_loss():
    class Net(Model):
        def __init__(self):
            super().__init__()
            self.dense = Dense(2)

        def call(self, x):
            y = self.dense(x)
            self.add_loss(ops.sum(ops.square(y)))
            return y

    model = Net()
    model.compile("sgd", "mse")
    x = X[:, 0]
    loss = model.evaluate(x, Y, batch_size=6, verbose=0)
    y = model.predict(x, verbose=0)
    assert loss == pytest.approx(np.mean((y - Y) ** 2) + np.sum(y**2), rel=1e-5)


def test_a_loss_outside_of_a_call_says_what_to_do():
    inputs = Input((3,))
    model = Model(inputs, Dense(2)(inputs))
    with pytest.raises(NotImplementedError, match=r"in a method call alone.*activity_penalty"):
        model.add_loss(ops.mean(inputs))


def test_operators_of_weights_on_their_values():
    layer = Dense(2)
    layer.build((None, 2))
    kernel = layer.kernel.numpy()
    for found, expected in (
        (layer.kernel + 1, kernel + 1),
        (2 - layer.kernel, 2 - kernel),
        (layer.kernel * layer.kernel, kernel**2),
        (1 / (layer.kernel**2), 1 / kernel**2),
        (-layer.kernel / 2, -kernel / 2),
        (np.ones((1, 2), "float32") @ layer.kernel, kernel.sum(axis=0, keepdims=True)),
        (layer.kernel @ layer.kernel, kernel @ kernel),
        (layer.kernel - 1, kernel - 1),
        (3 * layer.kernel, 3 * kernel),
        (1 + layer.kernel, 1 + kernel),
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_functions_and_classes_of_a_program_initialize_weights(tmp_path):
    class Twos(nnlite.initializers.Initializer):
        def __call__(self, shape, dtype=None):
            return np.full(shape, 2.0, dtype)

    def threes(shape, dtype=None):
        return 3.0 * np.ones(shape, dtype)

    model = Sequential([Input((2,)), Dense(2, kernel_initializer=Twos(), bias_initializer=threes), Activation("relu")])
    assert model.get_weights()[0].tolist() == [[2.0, 2.0]] * 2
    assert model.get_weights()[1].tolist() == [3.0, 3.0]
    model.save(tmp_path / "m.npz")
    assert load_model(tmp_path / "m.npz").get_weights()[1].tolist() == [3.0, 3.0]
    wrong = Dense(2, kernel_initializer=lambda shape, dtype: np.ones(7))
    with pytest.raises(ValueError, match=r"values of shape \(3, 2\); found \(7,\)"):
        wrong(np.ones((1, 3)))
