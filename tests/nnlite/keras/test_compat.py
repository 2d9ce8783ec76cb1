"""Programs written for Keras: the stand-ins, the command that runs them, and the check of what is missing."""

import subprocess
import sys

import numpy as np
import pytest

from nnlite import backend, layers, ops
from nnlite.compat import keras
from nnlite.compat import tensorflow as tf
from nnlite.compat.__main__ import main
from nnlite.compat.checking import check_source
from nnlite.gradcheck import check_layer, check_model
from nnlite.layers import Dense, Input
from nnlite.models import Model, Sequential, load_model
from nnlite.optimizers import Adam

X = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)

PROGRAM = """
import sys
import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers, backend as K
from keras.layers import *
from tensorflow.keras.callbacks import EarlyStopping

tf.random.set_seed(int(sys.argv[1]))
x = np.random.rand(32, 4).astype("float32")
model = keras.Sequential([keras.Input((4,)), Dense(2, activation="relu"), layers.Dense(4)])
model.compile(optimizer=tf.keras.optimizers.Adam(0.01), loss="mse")
K.set_value(model.optimizer.learning_rate, 0.5)
history = model.fit(x, x, epochs=2, callbacks=[EarlyStopping(monitor="loss")], verbose=0)
error = tf.keras.losses.mae(model.predict(x), x)
print(len(history.history["loss"]), tf.reduce_mean(error).numpy() > 0, K.get_value(model.optimizer.learning_rate))
"""


def run(*arguments):
    return subprocess.run([sys.executable, "-m", "nnlite.compat", *arguments], capture_output=True, text=True)


def test_a_program_runs_unchanged(tmp_path):
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)
    done = run(str(script), "7")
    assert (done.stdout, done.stderr) == ("2 True 0.5\n", "")


def test_the_check_lists_lines_before_anything_runs(tmp_path, capsys):
    script = tmp_path / "program.py"
    script.write_text("print('run')\nfrom keras.layers import Dense, Conv9D\nDense(2, wrong=1)\n")
    done = run("--check", str(script))
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        f"{script}:2: keras.layers.Conv9D is not supported",
        f"{script}:3: keras.layers.Dense takes no argument 'wrong'",
        f"2 lines of {script} are not supported",
    ]
    assert done.stderr == ""
    with pytest.raises(SystemExit):
        main(["--check", str(tmp_path / "absent.py")])
    assert "cannot read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("import tensorflow as tf\nwith tf.GradientTape() as t: pass", "GradientTape is not supported: no derivative"),
        ("import keras\nclass A(keras.Model):\n  def train_step(self, x): pass", "train_step is not supported"),
        ("import keras\nkeras.applications.VGG16()", "trained networks are not part"),
        ("from keras.layers import LSTM\nLSTM(3, stateful=True)", "stateful=True) is not supported: layers keep no"),
        ("from keras import Input\nInput((1,), dtype='string')", "models take numbers"),
        ("from keras.models import Model\nModel().fit_generator(3)", ".fit_generator() is not supported: fit takes"),
        ("import tensorflow.keras.layers as L\nL.Foo(1)", "tensorflow.keras.layers.Foo is not supported"),
        ("import tensorflow as tf\ntf.distribute.Strategy()", "tensorflow.distribute"),
        ("from keras.layers import *\nDense(1, unit=2)", "keras.layers.Dense takes no argument 'unit'"),
    ],
)
def test_what_the_check_finds(text, what):
    (found,) = check_source(text)
    assert what in found.what
    assert found.line == text.count("\n", 0, max(text.rfind("train_step"), text.rfind("\n") + 1)) + 1


def test_the_check_finds_nothing_in_what_runs():
    assert check_source(PROGRAM) == []
    assert check_source("import numpy as np\nnp.anything(1)\nfrom . import keras") == []


# -- stand-ins ------------------------------------------------------------------------------------


def test_arithmetic_on_arrays_and_settings():
    assert tf.reduce_mean(tf.square(tf.constant([1.0, 3.0]))).numpy() == 5
    assert tf.cast([1.7], tf.int32).tolist() == [1]
    assert tf.math.less([1, 3], 2).numpy().tolist() == [True, False]
    assert tf.concat([[[1]], [[2]]], axis=1).tolist() == [[1, 2]]
    assert tf.one_hot([1], 2).tolist() == [[0, 1]]
    assert tf.random.normal((2, 3), seed=1).dtype == tf.float32
    assert X[:, tf.newaxis].shape == (6, 1, 3)
    assert tf.config.list_physical_devices("GPU") == [] == tf.config.experimental.list_physical_devices()
    assert tf.data.AUTOTUNE == -1
    assert tf.keras.__version__ == keras.__version__ == "3.15.1"
    variable = tf.Variable([1.0])
    assert variable.assign_add([2.0]).numpy().tolist() == [3.0]
    with tf.device("/CPU:0"):
        assert tf.function(lambda: 3)() == tf.function(jit_compile=True)(lambda: 3)() == 3
    with pytest.raises(NotImplementedError, match="forward and backward"):
        tf.GradientTape()
    with pytest.raises(AttributeError, match=r"tensorflow.distribute is not supported"):
        _ = tf.distribute


def test_the_seed_is_that_of_everything():
    drawn = []
    for _ in range(2):
        tf.random.set_seed(3)
        drawn.append([tf.random.uniform((2,)).tolist(), np.random.rand(), Dense(2)(X).tolist()])  # noqa: NPY002
    assert drawn[0] == drawn[1]


def test_the_backend_module():
    model = Sequential([Input((3,)), Dense(2)])
    model.compile(Adam(0.25), "mse")
    assert backend.int_shape(model.output) == (None, 2)
    assert (backend.epsilon(), backend.floatx(), backend.image_data_format()) == (1e-7, "float32", "channels_last")
    rate = model.optimizer.learning_rate
    assert backend.get_value(rate) == rate.numpy() == rate.value == 0.25
    backend.set_value(model.optimizer.learning_rate, 0.5)
    assert model.optimizer.learning_rate == 0.5
    backend.set_value(model.layers[0].kernel, np.ones((3, 2)))
    assert backend.get_value(model.layers[0].kernel).tolist() == np.ones((3, 2)).tolist()
    assert backend.mean(backend.square(X)).numpy() == pytest.approx(np.mean(X**2))
    backend.clear_session()
    assert Dense(1).name == "dense"
    for call, message in (
        (lambda: backend.set_value(3.0, 1.0), "sets weights"),
        (lambda: backend.set_epsilon(1e-3), "epsilon is 1e-07"),
        (lambda: backend.set_image_data_format("channels_first"), "channels last"),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            call()


SYMBOLIC = {
    "exp": (lambda t: ops.exp(t), np.exp),
    "log of square": (lambda t: ops.log(ops.square(t) + 1), lambda x: np.log(x**2 + 1)),
    "mean": (lambda t: ops.mean(t, axis=-1, keepdims=True), lambda x: x.mean(-1, keepdims=True)),
    "sum": (lambda t: tf.reduce_sum(t, axis=1), lambda x: x.sum(1)),
    "expand and squeeze": (lambda t: ops.squeeze(ops.expand_dims(t, 1), 1), lambda x: x),
    "concat": (lambda t: tf.concat([t, 2 * t], axis=-1), lambda x: np.concatenate([x, 2 * x], -1)),
    "relu": (lambda t: tf.nn.relu(t), lambda x: np.maximum(x, 0)),
    "maximum": (lambda t: ops.maximum(t, 0), lambda x: np.maximum(x, 0)),
    "reshape": (lambda t: tf.reshape(t, (-1, 3, 1)), lambda x: x[..., np.newaxis]),
    "lambda": (layers.Lambda(lambda t, k: k * t[:, 0:1], arguments={"k": 3}), lambda x: 3 * x[:, :1]),
}


@pytest.mark.parametrize("name", SYMBOLIC)
def test_operations_on_symbolic_tensors_are_layers(name, tmp_path):
    of_tensor, of_array = SYMBOLIC[name]
    x = Input((3,))
    model = Model(x, of_tensor(x))
    np.testing.assert_allclose(model.predict(X), of_array(X), rtol=1e-5)
    np.testing.assert_allclose(of_tensor(X), of_array(X), rtol=1e-5)
    model.save(tmp_path / "model.npz")
    np.testing.assert_array_equal(load_model(tmp_path / "model.npz").predict(X), model.predict(X))


def test_operations_on_symbolic_tensors_have_right_gradients():
    x = Input((3,), dtype="float64")
    h = Dense(3, dtype="float64")(x)
    settings = {"dtype": "float64"}
    parts = [layers.Function(name, **settings)(h) for name in ("exp", "expm1", "square", "sin", "cos", "abs")]
    positive = layers.Affine(offset=3.0, **settings)(layers.Function("square", **settings)(h))
    parts += [layers.Function(name, **settings)(positive) for name in ("log", "log1p", "sqrt")]
    parts += [layers.Power(1.5, **settings)(positive), layers.Reduce(1, True, True, **settings)(h)]
    model = Model(x, layers.Concatenate(**settings)(parts))
    model.compile("sgd", "mse")
    y = np.random.default_rng(1).normal(size=(6, 31))
    check_model(model, X.astype(float), y)


def test_operations_that_need_arrays_say_so():
    with pytest.raises(TypeError, match=r"floor of a symbolic tensor is not supported.*forward and backward"):
        ops.floor(Input((3,)))
    with pytest.raises(TypeError, match="over axes of its records"):
        ops.mean(Input((3,)), axis=0)
    with pytest.raises(TypeError, match=r"max of a symbolic tensor with axis=None.*forward and backward"):
        ops.max(Input((3,)))


# -- layers that prepare data ---------------------------------------------------------------------


def test_normalization_is_that_of_keras(tmp_path):
    data = np.array([[1.0, 10], [3, 30], [8, 20]])
    layer = layers.Normalization()
    layer.adapt(data)
    np.testing.assert_allclose(
        layer(np.array([[1.0, 10], [2, 2]])), [[-1.0190493, -1.2247449], [-0.6793662, -2.2045407]], rtol=1e-6
    )
    assert [w.shape for w in layer.weights] == [(2,), (2,), ()]
    assert layer.get_weights()[1].tolist() == pytest.approx([8.666667, 66.666664])
    model = Sequential([Input((2,)), layer, Dense(1)])
    model.compile("sgd", "mse")
    model.fit(data, data[:, :1], verbose=0)
    assert layer.get_weights()[0].tolist() == [4, 20]
    model.save(tmp_path / "model.npz")
    np.testing.assert_array_equal(load_model(tmp_path / "model.npz").predict(data), model.predict(data))
    inverse = layers.Normalization(axis=None, mean=3.0, variance=4.0, invert=True)
    assert inverse(np.array([[1.0, 2.0]])).tolist() == [[5.0, 7.0]]
    with pytest.raises(ValueError, match="nothing to adapt"):
        inverse.adapt(data)
    with pytest.raises(ValueError, match="given together"):
        layers.Normalization(mean=1.0)


@pytest.mark.parametrize(
    "layer",
    [
        layers.Normalization(mean=[1.0, 2.0, 3.0], variance=[1.0, 4.0, 9.0], dtype="float64"),
        layers.Rescaling(0.5, 1.0, dtype="float64"),
        layers.Identity(dtype="float64"),
    ],
)
def test_scalings_have_right_gradients(layer):
    check_layer(layer, np.random.default_rng(0).normal(size=(4, 3)))


def test_categories_and_intervals_are_those_of_keras():
    pairs = np.array([[1, 1], [0, 3]])
    assert layers.CategoryEncoding(4, output_mode="count")(pairs).tolist() == [[0, 2, 0, 0], [1, 0, 0, 1]]
    assert layers.CategoryEncoding(4)(pairs).tolist() == [[0, 1, 0, 0], [1, 0, 0, 1]]
    assert layers.CategoryEncoding(2, output_mode="one_hot")(np.array([[1], [0]])).tolist() == [[0, 1], [1, 0]]
    with pytest.raises(ValueError, match="categories must be from 0 to 1"):
        layers.CategoryEncoding(2)(pairs)
    assert layers.Discretization([0.0, 1.0])(np.array([[-1, 0, 0.5, 1, 5]])).tolist() == [[0, 1, 1, 2, 2]]
    quartiles = layers.Discretization(num_bins=4, output_mode="one_hot")
    with pytest.raises(ValueError, match="call adapt"):
        quartiles(np.ones((2, 1)))
    quartiles.adapt(np.arange(100))
    assert quartiles(np.array([[10.0], [60.0]])).argmax(-1).tolist() == [0, 2]
    x = Input((1,))
    model = Model(x, Dense(1)(layers.CategoryEncoding(3, output_mode="one_hot")(x)))
    model.compile("sgd", "mse")
    model.fit(np.array([[0], [2]]), np.ones((2, 1)), verbose=0)


def test_strings_become_numbers():
    layer = layers.StringLookup()
    layer.adapt(np.array(["b", "a", "b", "c"]))
    # Of Keras 3.15.1: equally frequent ones from z to a.
    assert layer.get_vocabulary() == ["[UNK]", "b", "c", "a"]
    assert layer(np.array([["a", "z"]])).tolist() == [[3, 0]]
    back = layers.StringLookup(vocabulary=["b", "a", "c"], invert=True)
    assert back(np.array([[2, 0]])).tolist() == [["a", "[UNK]"]]
    strict = layers.StringLookup(vocabulary=["a"], num_oov_indices=0, output_mode="one_hot")
    assert strict(["a"]).tolist() == [[1.0]]
    with pytest.raises(ValueError, match="'z' is not in the vocabulary"):
        strict(["z"])
    with pytest.raises(TypeError, match="takes arrays of strings"):
        strict(Input((1,)))


def test_an_embedding_equals_a_dense_layer_on_one_hot_vectors(tmp_path):
    numbers = np.array([[0, 2, 2], [1, 0, 2]])
    table = np.random.default_rng(0).normal(size=(3, 2))
    layer = layers.Embedding(3, 2, weights=[table], dtype="float64")
    y = layer(numbers)
    np.testing.assert_allclose(y, table[numbers])
    dy = np.random.default_rng(1).normal(size=y.shape)
    layer.backward(dy, numbers)
    one_hot = np.eye(3)[numbers].reshape(-1, 3)
    np.testing.assert_allclose(layer.embeddings.gradient, one_hot.T @ dy.reshape(-1, 2))
    with pytest.raises(ValueError, match="from 0 to 2; found 0 to 3"):
        layer(np.array([[0, 3]]))
    model = Sequential([Input((3,)), layers.Embedding(3, 2, mask_zero=True), layers.LSTM(2), Dense(1)])
    model.compile("adam", "mse")
    model.fit(numbers, np.ones((2, 1)), verbose=0)
    padded = np.array([[2, 1, 0]])
    assert model.predict(padded) == pytest.approx(model.predict(np.array([[0, 2, 1]])), rel=1e-5)
    model.save(tmp_path / "model.npz")
    np.testing.assert_array_equal(load_model(tmp_path / "model.npz").predict(padded), model.predict(padded))


def test_a_sequential_with_functions_of_unknown_lengths_is_saved(tmp_path):
    model = Sequential(
        [
            layers.Lambda(lambda x: tf.expand_dims(x, axis=-1) / 10, input_shape=[None]),
            layers.LSTM(3),
            Dense(1),
            layers.Lambda(lambda x: 100 * x),
        ]
    )
    model.compile("sgd", "mse")
    model.fit(X, X[:, :1], verbose=0)
    model.save(tmp_path / "model.npz")
    restored = load_model(tmp_path / "model.npz")
    np.testing.assert_array_equal(restored.predict(X), model.predict(X))
    x = Input((None, 2))
    assert x[:, -1].shape == (None, 2)
    assert x[:, 1:, 0].shape == (None, None)
    with pytest.raises(ValueError, match="too few axes"):
        _ = x[:, 0, 0, 0]


def test_weights_are_indexed_and_are_arrays():
    layer = Dense(2, kernel_initializer="ones")
    layer.build((None, 3))
    assert layer.kernel[:, 0].numpy().tolist() == [1, 1, 1]
    layer.kernel[0][...] = 5  # a copy
    assert np.asarray(layer.kernel).sum() == 6


def test_further_functions_of_arrays():
    assert tf.math.squared_difference([1.0, 3.0], [2.0, 1.0]).tolist() == [1, 4]
    assert [part.tolist() for part in tf.split(np.arange(4), [1, 3])] == [[0], [1, 2, 3]]
    assert [part.tolist() for part in tf.split(np.arange(4), 2)] == [[0, 1], [2, 3]]
    assert [part.tolist() for part in tf.unstack(np.eye(2), axis=1)] == [[1, 0], [0, 1]]
    assert tf.reverse([1, 2], axis=0).tolist() == [2, 1]
    assert tf.math.confusion_matrix([0, 2], [2, 2]).tolist() == [[0, 0, 1], [0, 0, 0], [0, 0, 1]]
    assert tf.losses.MeanSquaredError is keras.losses.MeanSquaredError


def test_windows_of_datasets():
    windows = tf.data.Dataset.range(5).window(3, shift=1, drop_remainder=True).flat_map(lambda w: w.batch(3))
    assert [w.tolist() for w in windows] == [[0, 1, 2], [1, 2, 3], [2, 3, 4]]
    assert [len(w) for w in tf.data.Dataset.range(5).window(2)] == [2, 2, 1]
    (batch,) = tf.data.Dataset.range(3).batch(3)
    batch.set_shape([None])
    assert batch.get_shape() == (3,)


def test_the_package_itself_stands_for_keras():
    import nnlite

    assert nnlite.saving.load_model is load_model
    assert nnlite.saving.CustomObjectScope is nnlite.utils.custom_object_scope
    assert keras.saving.register_keras_serializable is nnlite.utils.register_keras_serializable
    assert keras.random.normal((2,), seed=1).tolist() == nnlite.random.normal((2,), seed=1).tolist()
    drawn = nnlite.random.uniform((1000,), 2.0, 3.0, dtype="float64", seed=0)
    assert drawn.dtype == np.float64
    assert 2 <= drawn.min() < drawn.max() < 3
    with pytest.raises(AttributeError, match="no attribute 'datasets'"):
        _ = nnlite.datasets
