"""Every class that nnlite offers by name has a compiled form, or is among those that only the layers compute."""

import numpy as np
import pytest

from nnlite import activations, layers, losses, metrics, optimizers, regularizers
from nnlite.engine.lowering.rules import Unsupported, rule_for
from nnlite.layers import Dense, Input, Reshape
from nnlite.layers.later import MODULES
from nnlite.models import Sequential
from tests.nnlite.engine.parity import assert_parity, draw

ROWS = 11
NOT_OF_PREDICTIONS = {"Mean", "mean"}
"""Metrics without a comparison, which have no meaning after a layer."""

# What only the layers compute: rare in training, where it then takes their time.
LOSSES_OF_LAYERS = {
    losses.BinaryFocalCrossentropy,
    losses.CategoricalFocalCrossentropy,
    losses.CategoricalGeneralizedCrossEntropy,
    losses.CategoricalHinge,
    losses.Dice,
    losses.Tversky,
    losses.CosineSimilarity,
    losses.FunctionLoss,
    losses.Hinge,
    losses.KLDivergence,
    losses.LogCosh,
    losses.MeanAbsolutePercentageError,
    losses.MeanSquaredLogarithmicError,
    losses.Poisson,
    losses.SquaredHinge,
}
METRICS_OF_ENGINE = {
    metrics.FittingAccuracy,
    metrics.BinaryAccuracy,
    metrics.BinaryCrossentropy,
    metrics.CategoricalAccuracy,
    metrics.CategoricalCrossentropy,
    metrics.MeanAbsoluteError,
    metrics.MeanSquaredError,
    metrics.RootMeanSquaredError,
    metrics.SparseCategoricalAccuracy,
}
ACTIVATIONS_OF_LAYERS = {
    activations.CELU,
    activations.HardShrink,
    activations.HardTanh,
    activations.SoftShrink,
    activations.SparsePlus,
    activations.SparseSigmoid,
    activations.Sparsemax,
    activations.SquarePlus,
    activations.TanhShrink,
    activations.Threshold,
    activations.FunctionActivation,
    activations.HardSiLU,
    activations.LogSigmoid,
    activations.LogSoftmax,
    activations.Mish,
    activations.ReLU6,
    activations.Softsign,
}
# Its gradient takes products of all rows with each other, where those of the engine take each weight by itself.
REGULARIZERS_OF_LAYERS = {regularizers.OrthogonalRegularizer}
# Its step takes the norm of each array of weights, whose parts the engine divides among threads.
OPTIMIZERS_OF_LAYERS = {"Lamb", "lamb"}
LAYERS_OF_LAYERS = {
    "AdditiveAttention",
    "AlphaDropout",
    "Attention",
    "Average",
    "CategoryEncoding",
    "Discretization",
    "Divide",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "Dot",
    "Embedding",
    "GaussianDropout",
    "GroupNormalization",
    "Identity",
    "Lambda",
    "Maximum",
    "Minimum",
    "MultiHeadAttention",
    "Multiply",
    "Normalization",
    "PReLU",
    "Rescaling",
    "SeparableConv1D",
    "SeparableConv2D",
    "SeparableConvolution1D",
    "SeparableConvolution2D",
    "SpatialDropout2D",
    "StringLookup",
    "Subtract",
    "UnitNormalization",
}


def names_of(registry, *, but=(), only=None):
    """Return the names in a registry of classes that are not in `but`, or are in `only`."""
    functions = {"FunctionLoss", "FunctionActivation", "FunctionRegularizer", "MeanMetricWrapper"}
    # What cannot be made without arguments: metrics of rates and of numbers of classes.
    functions |= {name for name in registry.names() if name.lower().endswith(("iou", "atrecall", "atprecision"))}
    functions |= {name for name in registry.names() if name.lower().endswith(("atspecificity", "atsensitivity"))}
    kinds = {name: type(registry.create(name)) for name in registry.names() if name not in functions}
    return sorted(name for name, kind in kinds.items() if (kind in only if only else kind not in but))


def assert_compiled(loss="mse", optimizer="sgd", activation="sigmoid", numbers=False, **settings):
    compiled = {name: settings.pop(name) for name in ("metrics", "weighted_metrics") if name in settings}

    def build():
        model = Sequential([Input((4,)), Dense(3, activation=activation, **settings)])
        model.compile(optimizer, loss, **compiled)
        return model

    y = np.arange(ROWS) % 3 if numbers else np.eye(3)[np.arange(ROWS) % 3]
    assert_parity(build, draw(ROWS, 4), y, sample_weight=np.linspace(0, 1, ROWS))


@pytest.mark.parametrize("name", names_of(losses.registry, but=LOSSES_OF_LAYERS))
def test_every_loss(name):
    assert_compiled(name, numbers="parse" in name)


@pytest.mark.parametrize("name", names_of(metrics.registry, only=METRICS_OF_ENGINE))
def test_every_metric(name):
    numbers = "parse" in name
    loss = "sparse_categorical_crossentropy" if numbers else "mse"
    assert_compiled(loss, metrics=[name], weighted_metrics=[name], numbers=numbers)


@pytest.mark.parametrize("name", sorted(set(optimizers.registry.names()) - OPTIMIZERS_OF_LAYERS))
def test_every_optimizer(name):
    assert_compiled(optimizer=name)


@pytest.mark.parametrize("name", names_of(regularizers.registry, but=REGULARIZERS_OF_LAYERS))
@pytest.mark.parametrize("place", ["kernel_regularizer", "bias_regularizer", "activity_regularizer"])
def test_every_regularizer(name, place):
    assert_compiled(**{place: name})


@pytest.mark.parametrize("name", names_of(activations.registry, but=ACTIVATIONS_OF_LAYERS))
def test_every_activation(name):
    assert_compiled(activation=name)


LAYER_CLASSES = sorted(
    {name for name in layers.__all__ if name[0].isupper()}
    - {"Input", "InputLayer", "Layer", "Masking"}
    - LAYERS_OF_LAYERS
)


# What prepares data, what a cell and a method `call` become, and what `RNN` returns: other layers, or NumPy.
OTHER_LAYERS_OF_LAYERS = {
    *("CenterCrop", "Resizing", "IntegerLookup", "TextVectorization", "RNN", "GRUCell", "LSTMCell", "SimpleRNNCell"),
    *("RandomBrightness", "RandomContrast", "RandomCrop", "RandomFlip", "RandomRotation", "RandomTranslation"),
    *("RandomZoom", "Affine", "Function", "GetItem", "Power", "Reduce", "Broadcast", "Clip", "Extreme", "MatMul"),
    *("Total", "Transpose", "Compare", "Where", "AddedLoss", "Constant", "Parameter", "RandomValues"),
}


def test_layers_that_are_not_listed_are_computed_by_the_layers():
    assert set(MODULES) - set(layers.__all__) == OTHER_LAYERS_OF_LAYERS
    for name in (*OTHER_LAYERS_OF_LAYERS - {"RNN"}, *LAYERS_OF_LAYERS - {"Lambda"}):
        kind = getattr(layers, name)
        layer = kind.__new__(kind)
        layer.name = name
        with pytest.raises(Unsupported, match="no compiled form"):
            rule_for(layer)


@pytest.mark.parametrize("name", LAYER_CLASSES)
def test_every_layer_has_a_rule(name):
    kind = getattr(layers, name)
    layer = kind.__new__(kind)
    layer.name = name
    assert callable(rule_for(layer))


@pytest.mark.parametrize(
    "settings",
    [
        {"loss": "log_cosh"},
        {"loss": "kl_divergence"},
        {"metrics": ["auc"]},
        {"metrics": ["cosine_similarity"]},
        {"activation": "mish"},
        {"kernel_regularizer": "orthogonal_regularizer"},
    ],
)
def test_what_only_the_layers_compute_is_computed_by_them(settings):
    own = {"activation": "sigmoid"} | {key: settings[key] for key in settings if key not in ("loss", "metrics")}
    model = Sequential([Input((4,)), Dense(3, **own)])
    model.compile("sgd", settings.get("loss", "mse"), metrics=settings.get("metrics"))
    x, y = draw(ROWS, 4), np.eye(3)[np.arange(ROWS) % 3]
    with pytest.raises(ValueError, match="has no compiled form"):
        model.fit(x, y, backend="numba", verbose=0)
    assert model.fit(x, y, verbose=0, epochs=50).backend == "numpy"


def test_outputs_without_an_axis_use_the_layers():
    model = Sequential([Input((4,)), Dense(1), Reshape(())])
    model.compile("sgd", "mse", metrics=["accuracy"])
    with pytest.raises(ValueError, match="outputs without a feature axis"):
        model.fit(draw(ROWS, 4), draw(ROWS), backend="numba", verbose=0)
    assert model.fit(draw(ROWS, 4), draw(ROWS), verbose=0).backend == "numpy"


def test_a_layer_without_a_rule_is_named():
    with pytest.raises(Unsupported, match="layer 'mine': Layer has no compiled form"):
        rule_for(layers.Layer(name="mine"))
