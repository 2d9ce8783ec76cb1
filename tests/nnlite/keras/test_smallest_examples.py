"""The smallest lines that Keras takes and that were refused, one by one."""

import numpy as np
import pytest

import nnlite
from nnlite import layers, losses, metrics, ops
from nnlite.callbacks import ModelCheckpoint
from nnlite.layers import Dense, Input, Layer
from nnlite.models import Model, Sequential

x = np.random.default_rng(0).normal(size=(16, 3)).astype(np.float32)
y = x.sum(axis=1, keepdims=True)
a, b = Input((3,)), Input((3,))


class A(Model):
    def __init__(self):
        super().__init__()
        self.d = layers.Dense(3)

    def call(self, x):
        return self.d(x)


class S(Layer):
    def call(self, inputs):
        return inputs[0] + inputs[1]


def fitted(optimizer="sgd", loss="mse", *data, **settings):
    model = Sequential([Input((3,)), Dense(1)])
    model.compile(optimizer, loss)
    model.fit(*(data or (x, y)), verbose=0, **settings)
    return model


def compiled(**settings):
    model = Sequential([Input((3,)), Dense(1)])
    model.compile("adam", "mse", **settings)
    return model


EXAMPLES = {
    "clear_session": lambda: nnlite.backend.clear_session() is None,
    "optimizers": lambda: [fitted(name) for name in ("nadam", "adagrad", "adamax", "adadelta", "ftrl", "lion")],
    "generator": lambda: fitted("sgd", "mse", ((x[i : i + 8], y[i : i + 8]) for i in (0, 8)), steps_per_epoch=2),
    "generator without steps": lambda: fitted("sgd", "mse", ((x[i : i + 8], y[i : i + 8]) for i in (0, 8))),
    "to_json": lambda: fitted().to_json(),
    "merging functions": lambda: layers.concatenate([a, b]).shape == (None, 6),
    "arithmetic": lambda: [a + b, 2 * a, a[:, 0]],
    "adapt": lambda: layers.Normalization().adapt(x) is None,
    "losses as functions": lambda: losses.binary_crossentropy(y > 0, np.clip(y, 0.1, 0.9)).shape == (16,),
    "metrics are called": lambda: metrics.Mean()(3.0) == 3,
    "numpy": lambda: fitted()(x).numpy().shape == (16, 1),
    "model class": lambda: A()(x).shape == (16, 3),
    "layer class": lambda: S()([a, b]).shape == (None, 3),
    "loss in ops": lambda: fitted("adam", lambda y, p: ops.mean((y - p) ** 2)),
    "run_eagerly": lambda: compiled(run_eagerly=True, jit_compile=True, steps_per_execution=2),
    "initializer None": lambda: [
        Sequential([Input((5, 3)), make(2, bias_initializer=None)])
        for make in (Dense, lambda n, **s: layers.Conv1D(n, 3, **s), layers.LSTM)
    ],
    "normalization initializer None": lambda: layers.BatchNormalization(beta_initializer=None)(x).shape == x.shape,
    "InputLayer": lambda: layers.InputLayer(input_shape=(3,)).shape == (3,),
    "LeakyReLU": lambda: layers.LeakyReLU(alpha=0.1)(-x).shape == x.shape,
}


@pytest.mark.filterwarnings("ignore:the loss function")
@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_is_taken(name):
    result = EXAMPLES[name]()
    assert result is not None
    assert result is not False


@pytest.mark.filterwarnings("ignore:.*files of Keras need h5py")
def test_pictures_and_folders(tmp_path):
    model = fitted(callbacks=[ModelCheckpoint(str(tmp_path / "new" / "a.keras"))])
    assert (tmp_path / "new" / "a.keras").exists()
    nnlite.utils.plot_model(model, tmp_path / "model.png")
    assert (tmp_path / "model.png").exists()
