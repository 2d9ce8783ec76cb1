"""Every attribute that training reads may change during a fit, and the engine detects the change.

The attributes are found by inspection of the objects: new attributes are tested too, as soon as one of the models here
has them.
"""

import numpy as np
import pytest

from nnlite import activations, layers, losses, metrics, optimizers, regularizers
from nnlite.callbacks import Callback
from nnlite.config import set_floatx
from nnlite.layers import Dense, Input
from nnlite.likelihoods import BernoulliNLL, GaussianNLL, MaskedGaussianNLL
from nnlite.models import Model, Sequential
from nnlite.optimizers.schedules import LearningRateSchedule
from nnlite.utils import set_random_seed
from tests.nnlite.engine.parity import draw

ROWS = 28
KINDS = (
    layers.Layer,
    losses.Loss,
    metrics.Metric,
    optimizers.Optimizer,
    regularizers.Regularizer,
    activations.ActivationFunction,
)


def chain(*between, shape=(6,), out=4, **compiled):
    """Return a model of a chain of layers, whose outputs are between 0 and 1."""
    ends = [layers.Flatten()] if len(shape) > 1 else []
    model = Sequential([Input(shape), *between, *ends, Dense(out, "sigmoid")])
    model.compile(**{"optimizer": optimizers.SGD(0.1), "loss": "mse", "metrics": ["mae"], **compiled})
    return model


def dense(**settings):
    penalties = {"kernel_regularizer": regularizers.L1L2(0.01, 0.02), "bias_regularizer": regularizers.L2(0.03)}
    return Dense(5, **{**penalties, "activity_regularizer": regularizers.L1(0.01), **settings})


def nested():
    inner = Sequential([Input((6,)), Dense(5, "tanh", kernel_regularizer="l2"), layers.BatchNormalization()])
    return chain(Dense(6), inner, activation_layer())


def activation_layer():
    return layers.Activation("relu")


def several():
    inputs = Input((6,))
    hidden = dense()(inputs)
    a, b = Dense(4, "sigmoid", name="a")(hidden), Dense(3, "softmax", name="b")(hidden)
    model = Model(inputs, [a, b])
    some = {"a": [metrics.MeanSquaredError(), metrics.BinaryAccuracy()], "b": [metrics.CategoricalAccuracy()]}
    model.compile("sgd", [losses.Huber(0.3), losses.CategoricalCrossentropy()], [0.7, 0.4], some, some)
    return model


def of_loss(loss, out=4, before=()):
    return lambda: chain(*before, dense(), out=out, loss=loss())


def likelihood(loss):
    def build():
        inputs = Input((6,))
        model = Model(inputs, Dense(4 if loss is BernoulliNLL else 8)(dense()(inputs)))
        model.compile("sgd", loss())
        return model

    return build


SERIES, PICTURES = (6, 3), (6, 6, 2)
OPTIMIZERS = {
    "SGD": lambda: optimizers.SGD(0.1, momentum=0.3),
    "RMSprop": lambda: optimizers.RMSprop(0.01, epsilon=1e-2, centered=True, momentum=0.3),
    "Adam": lambda: optimizers.Adam(0.01, epsilon=1e-2),
    "AdamW": lambda: optimizers.AdamW(0.01, epsilon=1e-2, amsgrad=True),
    "clipped values": lambda: optimizers.SGD(0.1, clipvalue=0.0137),
    "clipped norms": lambda: optimizers.Adam(0.01, epsilon=1e-2, clipnorm=0.1),
    "clipped norm of all": lambda: optimizers.SGD(0.1, global_clipnorm=0.1),
}
LOSSES = {
    "mse": losses.MeanSquaredError,
    "masked mse": losses.MaskedMeanSquaredError,
    "mae": losses.MeanAbsoluteError,
    "huber": lambda: losses.Huber(0.2),
    "bce": losses.BinaryCrossentropy,
    "cce": losses.CategoricalCrossentropy,
}
METRICS = [
    metrics.MeanSquaredError,
    metrics.RootMeanSquaredError,
    metrics.MeanAbsoluteError,
    metrics.BinaryCrossentropy,
    metrics.CategoricalCrossentropy,
    metrics.BinaryAccuracy,
    metrics.CategoricalAccuracy,
    metrics.FittingAccuracy,
]
ACTIVATIONS = {
    "relu": lambda: activations.ReLU(0.1, 2.0, 0.1),
    "leaky": activations.LeakyReLU,
    "elu": activations.ELU,
    "selu": activations.SELU,
    "gelu": activations.GELU,
    "softmax": activations.Softmax,
    "silu": activations.SiLU,
    "softplus": activations.Softplus,
}


def recurrent(kind, **settings):
    return layers.Bidirectional(kind(3, return_sequences=True, kernel_regularizer="l2", **settings))


MODELS = {
    "dense": lambda: chain(dense(activation="tanh"), Dense(5, "relu")),
    "batch normalization": lambda: chain(Dense(5), layers.BatchNormalization(momentum=0.7, gamma_regularizer="l2")),
    "bare batch normalization": lambda: chain(Dense(5), layers.BatchNormalization(center=False, scale=False)),
    "layer normalization": lambda: chain(Dense(5), layers.LayerNormalization(beta_regularizer="l1")),
    "layers of activations": lambda: chain(
        layers.LeakyReLU(), Dense(5), layers.ELU(), Dense(5), layers.ReLU(2.0, 0.1, 0.1), Dense(5), layers.Softmax()
    ),
    "activity": lambda: chain(Dense(5), layers.ActivityRegularization(0.01, 0.02)),
    "several": several,
    "nested": nested,
    "convolutions": lambda: chain(
        layers.Conv1D(4, 3, activation="relu", padding="same", kernel_regularizer="l2"),
        layers.MaxPooling1D(2, padding="same"),
        layers.UpSampling1D(2),
        layers.AveragePooling1D(2),
        shape=SERIES,
    ),
    "pictures": lambda: chain(
        layers.ZeroPadding2D(1),
        layers.Conv2D(3, 3, strides=2),
        layers.UpSampling2D(2, interpolation="bilinear"),
        layers.Cropping2D(1),
        layers.Conv2DTranspose(2, 2),
        layers.GlobalAveragePooling2D(keepdims=True),
        shape=PICTURES,
    ),
    "shapes": lambda: chain(
        layers.Permute((2, 1)),
        layers.TimeDistributed(Dense(5, kernel_regularizer="l2")),
        layers.Reshape((5, 3)),
        shape=SERIES,
    ),
    "lstm": lambda: chain(recurrent(layers.LSTM), shape=SERIES),
    "gru": lambda: chain(recurrent(layers.GRU), shape=SERIES),
    "simple rnn": lambda: chain(recurrent(layers.SimpleRNN), shape=SERIES),
    "masking": lambda: chain(
        layers.Masking(0.0), layers.LSTM(3, return_sequences=True), layers.GlobalAveragePooling1D(), shape=SERIES
    ),
    **{f"optimizer {name}": lambda make=make: chain(dense(), optimizer=make()) for name, make in OPTIMIZERS.items()},
    **{f"loss {name}": of_loss(loss) for name, loss in LOSSES.items()},
    "loss likelihood": likelihood(GaussianNLL),
    "loss masked likelihood": likelihood(MaskedGaussianNLL),
    "loss bernoulli": likelihood(BernoulliNLL),
    "metrics": lambda: chain(dense(), metrics=[m() for m in METRICS], weighted_metrics=[m() for m in METRICS]),
    **{
        f"activation {name}": lambda make=make: chain(Dense(5, make()), Dense(5, make()))
        for name, make in ACTIVATIONS.items()
    },
}
OTHERS = {
    "reduction": "sum",
    "max_value": 0.5,
    "clipnorm": 0.05,
    "clipvalue": 0.005,
    "global_clipnorm": 0.05,
    "weight_decay": 0.1,
    "activity_regularizer": regularizers.L2(0.5),
    "activation": activations.Tanh(),
    "recurrent_activation": activations.HardSigmoid(),
    "loss": losses.MeanAbsoluteError(),
    "kernel_regularizer": regularizers.L1(0.5),
    "merge_mode": "ave",
    "interpolation": "nearest",
}
"""New values of attributes that are not numbers; attributes that are None or strings and not listed do not change."""
ABOUT = {"optimizer": "optimizer", "loss": "objective", "metrics": "objective", "activation": "activation"}
"""The attributes that models for a single purpose change: other models change the others."""
RANDOM = {"dropout", "recurrent_dropout", "rate", "stddev", "seed"}
"""Each path draws noise from its own generator, so other tests compare its strength."""


def reachable(model):
    """Return the paths to all parts of a model except the loss weights: the arguments of `find`."""
    paths, seen = [], set()

    def visit(owner, path):
        if isinstance(owner, (list, tuple)):
            for i, one in enumerate(owner):
                visit(one, (*path, i))
        elif isinstance(owner, KINDS) and id(owner) not in seen and not isinstance(owner, LearningRateSchedule):
            seen.add(id(owner))
            paths.append(path)
            for name, value in vars(owner).items():
                if name != "nodes":
                    visit(value, (*path, name))

    for name in ("layers", "optimizer", "objective"):
        if name != "objective":
            visit(getattr(model, name), (name,))
            continue
        for part in ("losses", "metrics", "weighted_metrics"):
            visit(getattr(model.objective, part), (name, part))
    return paths


# What only the layers compute, so that a compiled fit in which it is turned on ends with an error.
WITHOUT_COMPILED_FORM = {"use_ema"}


def find(model, path):
    for step in path:
        model = model[step] if isinstance(step, int) else getattr(model, step)
    return model


def other(name, value):
    """Return another value for an attribute; None if there is none to try."""
    if name in OTHERS:
        return OTHERS[name]
    if isinstance(value, bool):
        return not value
    return value * 0.5 + 0.1 if isinstance(value, float) else None


def changes():
    """Return (model, path, attribute) for every attribute that can change."""
    result = {}
    for key, build in MODELS.items():
        model = build()
        about = ABOUT.get(key.partition(" ")[0], "")
        for path in reachable(model):
            if about not in path and about:
                continue
            owner = find(model, path)
            public = {name.lstrip("_") if name in ("_trainable", "_rate") else name for name in vars(owner)}
            for name in sorted(public - RANDOM):
                name = {"rate": "learning_rate"}.get(name, name)
                if not name.startswith("_") and other(name, getattr(owner, name)) is not None:
                    result[f"{key}: {type(owner).__name__}.{name} at {'.'.join(map(str, path))}"] = key, path, name
    return result


CHANGES = changes()


class Change(Callback):
    """Changes an attribute in the middle of the second epoch."""

    def __init__(self, path, name):
        super().__init__()
        self.path, self.name, self.epoch = path, name, 0

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if self.epoch == 1 and batch == 1:
            owner = find(self.model, self.path)
            setattr(owner, self.name, other(self.name, getattr(owner, self.name)))


def data_of(model):
    x = draw(ROWS, *model.inputs[0].shape[1:])
    rng = np.random.default_rng(2)
    y = []
    for output in model.outputs:
        width = output.shape[-1]
        y.append(np.eye(width)[rng.integers(width, size=ROWS)])
    return x, y if len(y) > 1 else y[0]


def trained(key, callbacks, backend):
    set_floatx("float64")
    set_random_seed(5)
    model = MODELS[key]()
    x, y = data_of(model)
    weights = [np.linspace(0.5, 1.5, ROWS)] * len(model.outputs)
    model.fit(
        x,
        y,
        8,
        3,
        0,
        callbacks,
        sample_weight=weights if len(weights) > 1 else weights[0],
        shuffle=False,
        validation_data=(x, y),
        backend=backend,
    )
    return model


def assert_alike(found, expected):
    for figure, curve in expected.history.history.items():
        np.testing.assert_allclose(found.history.history[figure], curve, rtol=1e-9, atol=1e-10, err_msg=figure)
    for weight, one in zip(found.weights, expected.weights, strict=True):
        np.testing.assert_allclose(weight.value, one.value, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("name", CHANGES)
def test_an_attribute_changes_during_an_epoch(name):
    key, path, attribute = CHANGES[name]
    try:
        expected = trained(key, [Change(path, attribute)], "numpy")
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        pytest.skip(f"no such change is possible: {error}")
    if attribute in WITHOUT_COMPILED_FORM:
        with pytest.raises(ValueError, match="was changed during a fit.*has no compiled form.*backend='numpy'"):
            trained(key, [Change(path, attribute)], "numba")
        return
    assert_alike(trained(key, [Change(path, attribute)], "numba"), expected)
