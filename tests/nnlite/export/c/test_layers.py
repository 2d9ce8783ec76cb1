"""Every layer in C, beside `predict`: one model with an output for each, so that one file is compiled."""

import shutil

import numpy as np
import pytest

from nnlite import activations, layers
from nnlite.export import NotExportable
from nnlite.export.c.program import has_c_rule
from nnlite.layers import Input, arithmetic
from nnlite.models import Model, Sequential
from tests.nnlite.export.c.running import (
    OTHER_PROCESSORS,
    assert_same_results,
    compiled,
    needs_gcc,
    with_random_weights,
)

L = layers
SHAPES = {"vector": (6,), "series": (7, 4), "image": (6, 5, 2)}

CASES = {
    "vector": {
        "Dense": lambda: L.Dense(3, activation="tanh"),
        "ReLU": lambda: L.ReLU(max_value=1.0, negative_slope=0.1, threshold=0.2),
        "LeakyReLU": lambda: L.LeakyReLU(),
        "ELU": lambda: L.ELU(0.5),
        "Sigmoid": lambda: L.Sigmoid(),
        "Tanh": lambda: L.Tanh(),
        "Dropout": lambda: L.Dropout(0.5),
        "AlphaDropout": lambda: L.AlphaDropout(0.5),
        "GaussianDropout": lambda: L.GaussianDropout(0.5),
        "GaussianNoise": lambda: L.GaussianNoise(0.5),
        "ActivityRegularization": lambda: L.ActivityRegularization(l2=0.5),
        "Identity": lambda: L.Identity(),
        "GaussianLatent": lambda: L.GaussianLatent(),
        "RepeatVector": lambda: L.RepeatVector(3),
    },
    "series": {
        "Dense of a series": lambda: L.Dense(3, use_bias=False),
        "Activation": lambda: L.Activation("silu"),
        "Softmax": lambda: L.Softmax(axis=1),
        "SpatialDropout1D": lambda: L.SpatialDropout1D(0.5),
        "BatchNormalization": lambda: L.BatchNormalization(),
        "BatchNormalization of steps": lambda: L.BatchNormalization(axis=1, scale=False, center=False),
        "Normalization": lambda: L.Normalization(mean=[1.0, 2.0, 3.0, 0.0], variance=[4.0, 0.0, 9.0, 1.0]),
        "Normalization, inverse": lambda: L.Normalization(mean=1.0, variance=4.0, invert=True),
        "Rescaling": lambda: L.Rescaling(2.0, [1.0, 2.0, 3.0, 4.0]),
        "Rescaling by one": lambda: L.Rescaling(1 / 255),
        "Affine": lambda: arithmetic.Affine(2.0, [1.0, 2.0, 3.0, 4.0]),
        "Conv1D": lambda: L.Conv1D(4, 3, strides=2, padding="same", activation="relu"),
        "Conv1D, causal": lambda: L.Conv1D(4, 2, padding="causal", dilation_rate=2, groups=2),
        "PReLU": lambda: L.PReLU("ones", shared_axes=[1]),
        "DepthwiseConv1D": lambda: L.DepthwiseConv1D(2, depth_multiplier=2, padding="same"),
        "SeparableConv1D": lambda: L.SeparableConv1D(3, 2, depth_multiplier=2),
        "Conv1DTranspose": lambda: L.Conv1DTranspose(4, 2, strides=3),
        "Conv1DTranspose, same": lambda: L.Conv1DTranspose(4, 4, strides=2, padding="same"),
        "MaxPooling1D": lambda: L.MaxPooling1D(3, strides=2, padding="same"),
        "AveragePooling1D": lambda: L.AveragePooling1D(3, strides=2, padding="same"),
        "GlobalMaxPooling1D": lambda: L.GlobalMaxPooling1D(),
        "GlobalAveragePooling1D": lambda: L.GlobalAveragePooling1D(keepdims=True),
        "UpSampling1D": lambda: L.UpSampling1D(3),
        "ZeroPadding1D": lambda: L.ZeroPadding1D((0, 2)),
        "Cropping1D": lambda: L.Cropping1D((0, 2)),
        "SimpleRNN": lambda: L.SimpleRNN(4),
        "SimpleRNN, all steps": lambda: L.SimpleRNN(3, activation="relu", return_sequences=True, go_backwards=True),
        "LSTM": lambda: L.LSTM(5),
        "LSTM, all steps": lambda: L.LSTM(
            3, return_sequences=True, use_bias=False, recurrent_activation="hard_sigmoid"
        ),
        "GRU": lambda: L.GRU(5),
        "GRU, reset before": lambda: L.GRU(4, reset_after=False, return_sequences=True),
        "GRU without bias": lambda: L.GRU(4, use_bias=False, go_backwards=True),
        "Bidirectional": lambda: L.Bidirectional(L.GRU(4, return_sequences=True)),
        "Bidirectional, mean of the last": lambda: L.Bidirectional(L.LSTM(4), merge_mode="ave"),
        "TimeDistributed": lambda: L.TimeDistributed(L.Dense(3, activation="softsign")),
    },
    "image": {
        "LayerNormalization": lambda: L.LayerNormalization(),
        "LayerNormalization of several axes": lambda: L.LayerNormalization(axis=[1, -1]),
        "Flatten": lambda: L.Flatten(),
        "Reshape": lambda: L.Reshape((5, -1)),
        "Permute": lambda: L.Permute((3, 1, 2)),
        "Conv2D": lambda: L.Conv2D(4, (2, 3), strides=(1, 2), padding="same"),
        "Conv2D, dilated": lambda: L.Conv2D(4, 2, dilation_rate=(2, 3), groups=2, use_bias=False),
        "SpatialDropout2D": lambda: L.SpatialDropout2D(0.5),
        "DepthwiseConv2D": lambda: L.DepthwiseConv2D(2, strides=2, activation="tanh"),
        "SeparableConv2D": lambda: L.SeparableConv2D(3, 2, padding="same", activation="relu"),
        "Conv2DTranspose": lambda: L.Conv2DTranspose(3, (3, 2), strides=2, padding="same", output_padding=1),
        "Conv2DTranspose, dilated": lambda: L.Conv2DTranspose(3, 2, dilation_rate=(2, 1), activation="elu"),
        "MaxPooling2D": lambda: L.MaxPooling2D((2, 3), strides=1),
        "AveragePooling2D": lambda: L.AveragePooling2D(2, padding="same"),
        "GlobalMaxPooling2D": lambda: L.GlobalMaxPooling2D(keepdims=True),
        "GlobalAveragePooling2D": lambda: L.GlobalAveragePooling2D(),
        "UpSampling2D": lambda: L.UpSampling2D((1, 3)),
        "ZeroPadding2D": lambda: L.ZeroPadding2D(((1, 0), (2, 3))),
        "Cropping2D": lambda: L.Cropping2D(((1, 0), (2, 1))),
    },
}
MERGING = {
    "Add": lambda x, s: L.Add()([x, x, x]),
    "Add, broadcast": lambda x, s: L.Add()([s, L.RepeatVector(1)(L.Dense(4)(x))]),
    "Subtract": lambda x, s: L.Subtract()([x, L.Dense(6)(x)]),
    "Multiply": lambda x, s: L.Multiply()([x, x]),
    "Average": lambda x, s: L.Average()([x, L.Dense(6)(x), x]),
    "Maximum": lambda x, s: L.Maximum()([x, L.Dense(6)(x)]),
    "Minimum": lambda x, s: L.Minimum()([x, L.Dense(6)(x)]),
    "Divide": lambda x, s: L.Divide()([x, L.Rescaling(1.0, 1.0)(L.Sigmoid()(x))]),
    "Concatenate": lambda x, s: L.Concatenate(axis=1)([s, L.RepeatVector(2)(L.Dense(4)(x))]),
    "Concatenate of features": lambda x, s: L.Concatenate()([x, L.Dense(2)(x)]),
}
_NOT_NAMED = (activations.ActivationFunction, activations.FunctionActivation, activations.Sparsemax)
_FUNCTIONS = [getattr(activations, name) for name in activations.__all__ if name[0].isupper()]
ACTIVATIONS = {kind.__name__: kind for kind in _FUNCTIONS if kind not in _NOT_NAMED}
REFUSED = {
    "Attention",
    "AdditiveAttention",
    "MultiHeadAttention",
    "Masking",
    "StringLookup",
    "Embedding",
    "CategoryEncoding",
    "Discretization",
    "Dot",
    "GroupNormalization",
    "UnitNormalization",
}
NOT_LAYERS = {"Layer", "Input", "InputLayer", "Lambda"}


@pytest.fixture(scope="module")
def every():
    """Return a model with an output for every case, and the names of the cases."""
    inputs = {name: Input(shape, name=name) for name, shape in SHAPES.items()}
    outputs = {case: build()(inputs[kind]) for kind, cases in CASES.items() for case, build in cases.items()}
    outputs |= {case: build(inputs["vector"], inputs["series"]) for case, build in MERGING.items()}
    outputs = {case: one if not isinstance(one, list) else one[0] for case, one in outputs.items()}
    return with_random_weights(Model(list(inputs.values()), list(outputs.values()))), list(outputs)


@pytest.fixture(scope="module")
def functions():
    """Return a model with an output for every activation function."""
    x = Input((8,))
    return Model(x, [L.Activation(kind())(x) for kind in ACTIVATIONS.values()])


@pytest.fixture(scope="module")
def chain():
    """Return models whose buffers share places, with a model inside and shared layers."""
    rng = [L.Dense(4, activation="relu"), L.Dense(6)]
    inner = Sequential([Input((6,)), *rng], name="inner")
    x = Input((6,))
    y = L.Add()([inner(x), x])
    y = L.LayerNormalization()(inner(y))
    deep = Model(x, [L.Softmax()(L.Dense(3)(y)), x, y, y])
    image = Sequential(
        [
            Input((12, 10, 1)),
            L.Conv2D(8, 3, activation="relu", padding="same"),
            L.MaxPooling2D(2),
            L.BatchNormalization(),
            L.Conv2D(4, 3, activation="gelu", strides=2),
            L.UpSampling2D(2),
            L.Flatten(),
            L.Dense(5, activation="log_softmax"),
        ]
    )
    return [with_random_weights(deep), with_random_weights(image)]


@pytest.fixture(scope="module")
def program(every, functions, chain, tmp_path_factory):
    return compiled([every[0], functions, *chain], tmp_path_factory.mktemp("c"))


@needs_gcc
@pytest.mark.parametrize("scale", [1.0, 30.0])
def test_layers_of_random_numbers(every, program, scale):
    rng = np.random.default_rng(0)
    inputs = [scale * rng.normal(size=(300, *shape)) for shape in SHAPES.values()]
    assert_same_results(program, 0, every[0], inputs, every[1])


@needs_gcc
@pytest.mark.parametrize("exponent", [-30, -8, 8, 15])
def test_layers_of_extreme_numbers(every, program, exponent):
    """Powers of ten up to 1e15, whose squares are finite in float32."""
    rng = np.random.default_rng(1)
    inputs = [10.0**exponent * rng.choice([-1.0, 0.0, 0.5, 1.0], size=(20, *shape)) for shape in SHAPES.values()]
    inputs[0] += 2 * 10.0**exponent
    assert_same_results(program, 0, every[0], inputs, every[1])


@needs_gcc
def test_activation_functions_over_the_whole_range(functions, program):
    magnitude = np.geomspace(1e-38, 3e38, 4000)
    x = np.concatenate([-magnitude, magnitude, [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, 2.0, 3.0]]).reshape(-1, 8)
    plain = np.linspace(-20, 20, 8000).reshape(-1, 8)
    with np.errstate(all="ignore"):
        for values in (plain, *([row] for row in x[:: len(x) // 40]), [[np.nan, 1, 2, 3, 4, 5, 6, np.inf]]):
            assert_same_results(program, 1, functions, [np.asarray(values)], list(ACTIVATIONS), {"TanhShrink"})


@needs_gcc
@pytest.mark.parametrize("number", [2, 3])
def test_models_whose_buffers_share_places(chain, program, number):
    rng = np.random.default_rng(0)
    model = chain[number - 2]
    for scale in (1e-10, 1.0, 10.0):
        assert_same_results(program, number, model, [scale * rng.normal(size=(200, *model.inputs[0].shape[1:]))])


@pytest.mark.parametrize("processor", OTHER_PROCESSORS)
def test_other_processors_compute_the_same(every, functions, processor, tmp_path):
    compiler, emulator = OTHER_PROCESSORS[processor]
    if shutil.which(compiler) is None or shutil.which(emulator) is None:
        pytest.skip(f"{compiler} or {emulator} is not installed: packages gcc-aarch64-linux-gnu, qemu-user and others")
    program = [emulator, compiled([every[0], functions], tmp_path, compiler, ["-static"])]
    rng = np.random.default_rng(0)
    for scale in (1.0, 30.0, 1e15):
        inputs = [scale * rng.normal(size=(20, *shape)) for shape in SHAPES.values()]
        assert_same_results(program, 0, every[0], inputs, every[1])
    assert_same_results(program, 1, functions, [np.linspace(-20, 20, 800).reshape(-1, 8)], list(ACTIVATIONS))


def test_every_layer_has_a_rule_and_a_case_or_is_refused():
    every = {getattr(layers, name).__name__: getattr(layers, name) for name in layers.__all__ if name[0].isupper()}
    every = {name: kind for name, kind in every.items() if isinstance(kind, type) and name not in NOT_LAYERS}
    assert {name for name, kind in every.items() if not has_c_rule(kind)} == REFUSED
    tested = {name.partition(",")[0].split()[0] for cases in (*CASES.values(), MERGING) for name in cases}
    assert set(every) - tested == REFUSED


@pytest.mark.parametrize(
    ("build", "shape", "words"),
    [
        (lambda: L.Masking(name="skip"), (3, 1), r"layer 'skip' \(Masking\) is not exported to C.*ONNX"),
        (lambda: L.Embedding(3, 2), (4,), "Embedding"),
        (lambda: L.LSTM(2), (None, 3), r"fixed sizes.*Input\(shape="),
        (lambda: L.Conv2D(2, 2), (None, 5, 1), "fixed sizes"),
        (lambda: L.Dense(2, activation=np.tanh), (4,), "activation 'tanh', which is not exported to C"),
        (lambda: L.Dense(2, activation="sparsemax"), (4,), "activation 'sparsemax'"),
        (lambda: L.Conv2D(2, 2, data_format="channels_first"), (1, 4, 4), "channels first.*Permute"),
        (lambda: L.UpSampling2D(2, interpolation="bilinear"), (4, 4, 1), "nearest"),
        (lambda: L.GaussianLatent(sample_at_inference=True), (4,), "sample_at_inference=False"),
        (lambda: L.TimeDistributed(L.Conv1D(2, 2)), (3, 4, 1), "Conv1D to every step"),
        (lambda: L.SimpleRNN(2, activation="softmax"), (3, 4), "softmax"),
    ],
)
def test_what_is_not_exported_is_refused_by_name_before_anything_is_written(build, shape, words, tmp_path):
    model = Sequential([Input(shape), build()])
    with pytest.raises(NotExportable, match=words):
        model.export(tmp_path / "net", format="c")
    assert not list(tmp_path.iterdir())


def test_a_state_is_refused(tmp_path):
    x = Input((3, 2))
    with pytest.raises(NotExportable, match="return_state=False"):
        Model(x, L.LSTM(2, return_state=True)(x)).export(tmp_path, format="c")
