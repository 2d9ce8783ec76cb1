"""Every layer in ONNX Runtime, beside `predict`."""

import numpy as np
import pytest

from nnlite import layers
from nnlite.export import NotExportable
from nnlite.export.graph import exports, rule_of
from nnlite.layers import Input, Layer, arithmetic
from nnlite.models import Model, Sequential
from tests.nnlite.export.running import assert_same_results, model_of, run

L = layers
SERIES, IMAGE, VECTOR = (7, 3), (6, 5, 2), (6,)

CASES = {
    "Dense": (lambda: L.Dense(3, activation="tanh"), VECTOR),
    "Dense of a series": (lambda: L.Dense(3, use_bias=False), SERIES),
    "Activation": (lambda: L.Activation("silu"), SERIES),
    "ReLU": (lambda: L.ReLU(max_value=1.0, negative_slope=0.1, threshold=0.2), VECTOR),
    "LeakyReLU": (lambda: L.LeakyReLU(), VECTOR),
    "ELU": (lambda: L.ELU(0.5), VECTOR),
    "Sigmoid": (lambda: L.Sigmoid(), VECTOR),
    "Tanh": (lambda: L.Tanh(), VECTOR),
    "Softmax": (lambda: L.Softmax(axis=1), SERIES),
    "Dropout": (lambda: L.Dropout(0.5), VECTOR),
    "AlphaDropout": (lambda: L.AlphaDropout(0.5), SERIES),
    "GaussianDropout": (lambda: L.GaussianDropout(0.5), SERIES),
    "SpatialDropout2D": (lambda: L.SpatialDropout2D(0.5), IMAGE),
    "PReLU": (lambda: L.PReLU("ones", shared_axes=[1]), SERIES),
    "UnitNormalization": (lambda: L.UnitNormalization(), SERIES),
    "GroupNormalization": (lambda: L.GroupNormalization(-1), SERIES),
    "GroupNormalization of steps": (lambda: L.GroupNormalization(1, axis=1), SERIES),
    "DepthwiseConv1D": (lambda: L.DepthwiseConv1D(2, depth_multiplier=2, padding="same"), SERIES),
    "DepthwiseConv2D": (lambda: L.DepthwiseConv2D(2, strides=2, activation="tanh"), IMAGE),
    "SeparableConv1D": (lambda: L.SeparableConv1D(3, 2, depth_multiplier=2), SERIES),
    "SeparableConv2D": (lambda: L.SeparableConv2D(3, 2, padding="same", activation="relu"), IMAGE),
    "SpatialDropout1D": (lambda: L.SpatialDropout1D(0.5), SERIES),
    "GaussianNoise": (lambda: L.GaussianNoise(0.5), VECTOR),
    "ActivityRegularization": (lambda: L.ActivityRegularization(l2=0.5), VECTOR),
    "Identity": (lambda: L.Identity(), VECTOR),
    "GaussianLatent": (lambda: L.GaussianLatent(), VECTOR),
    "BatchNormalization": (lambda: L.BatchNormalization(), SERIES),
    "BatchNormalization of steps": (lambda: L.BatchNormalization(axis=1, scale=False, center=False), SERIES),
    "LayerNormalization": (lambda: L.LayerNormalization(), IMAGE),
    "LayerNormalization of several axes": (lambda: L.LayerNormalization(axis=[1, -1]), IMAGE),
    "Normalization": (lambda: L.Normalization(mean=[1.0, 2.0, 3.0], variance=[4.0, 0.0, 9.0]), SERIES),
    "Normalization, inverse": (lambda: L.Normalization(mean=1.0, variance=4.0, invert=True), SERIES),
    "Rescaling": (lambda: L.Rescaling(2.0, [1.0, 2.0, 3.0]), SERIES),
    "Flatten": (lambda: L.Flatten(), IMAGE),
    "Reshape": (lambda: L.Reshape((5, -1)), IMAGE),
    "Permute": (lambda: L.Permute((3, 1, 2)), IMAGE),
    "RepeatVector": (lambda: L.RepeatVector(3), VECTOR),
    "Conv1D": (lambda: L.Conv1D(4, 3, strides=2, padding="same", activation="relu"), SERIES),
    "Conv1D, causal": (lambda: L.Conv1D(4, 2, padding="causal", dilation_rate=2, groups=2), (7, 4)),
    "Conv2D": (lambda: L.Conv2D(4, (2, 3), strides=(1, 2), padding="same"), IMAGE),
    "Conv2D, dilated": (lambda: L.Conv2D(4, 2, dilation_rate=(2, 3), groups=2, use_bias=False), IMAGE),
    "Conv1DTranspose": (lambda: L.Conv1DTranspose(4, 2, strides=3), SERIES),
    "Conv1DTranspose, same": (lambda: L.Conv1DTranspose(4, 4, strides=2, padding="same"), SERIES),
    "Conv2DTranspose": (lambda: L.Conv2DTranspose(3, (3, 2), strides=2, padding="same", output_padding=1), IMAGE),
    "Conv2DTranspose, dilated": (lambda: L.Conv2DTranspose(3, 2, dilation_rate=(2, 1), activation="elu"), IMAGE),
    "MaxPooling1D": (lambda: L.MaxPooling1D(3, strides=2, padding="same"), SERIES),
    "MaxPooling2D": (lambda: L.MaxPooling2D((2, 3), strides=1), IMAGE),
    "AveragePooling1D": (lambda: L.AveragePooling1D(3, strides=2, padding="same"), SERIES),
    "AveragePooling2D": (lambda: L.AveragePooling2D(2, padding="same"), IMAGE),
    "GlobalMaxPooling1D": (lambda: L.GlobalMaxPooling1D(), SERIES),
    "GlobalMaxPooling2D": (lambda: L.GlobalMaxPooling2D(keepdims=True), IMAGE),
    "GlobalAveragePooling1D": (lambda: L.GlobalAveragePooling1D(keepdims=True), SERIES),
    "GlobalAveragePooling2D": (lambda: L.GlobalAveragePooling2D(), IMAGE),
    "UpSampling1D": (lambda: L.UpSampling1D(3), SERIES),
    "UpSampling2D": (lambda: L.UpSampling2D((1, 3)), IMAGE),
    "UpSampling2D, bilinear": (lambda: L.UpSampling2D((3, 2), interpolation="bilinear"), IMAGE),
    "ZeroPadding1D": (lambda: L.ZeroPadding1D((0, 2)), SERIES),
    "ZeroPadding2D": (lambda: L.ZeroPadding2D(((1, 0), (2, 3))), IMAGE),
    "Cropping1D": (lambda: L.Cropping1D((0, 2)), SERIES),
    "Cropping2D": (lambda: L.Cropping2D(((1, 0), (2, 1))), IMAGE),
    "TimeDistributed": (lambda: L.TimeDistributed(L.Conv1D(2, 3)), IMAGE),
    "SimpleRNN": (lambda: L.SimpleRNN(4), SERIES),
    "LSTM": (lambda: L.LSTM(4, return_sequences=True, return_state=True), SERIES),
    "GRU": (lambda: L.GRU(4), SERIES),
    "Bidirectional": (lambda: L.Bidirectional(L.GRU(4, return_sequences=True)), SERIES),
    "Add": (lambda: L.Add(), VECTOR, VECTOR, VECTOR),
    "Add, broadcast": (lambda: L.Add(), SERIES, (1, 3)),
    "Subtract": (lambda: L.Subtract(), VECTOR, VECTOR),
    "Multiply": (lambda: L.Multiply(), VECTOR, VECTOR),
    "Divide": (lambda: L.Divide(), VECTOR, VECTOR),
    "Average": (lambda: L.Average(), VECTOR, VECTOR, VECTOR),
    "Maximum": (lambda: L.Maximum(), VECTOR, VECTOR),
    "Minimum": (lambda: L.Minimum(), VECTOR, VECTOR),
    "Concatenate": (lambda: L.Concatenate(axis=1), SERIES, (2, 3)),
    "Dot": (lambda: L.Dot(axes=1, normalize=True), VECTOR, VECTOR),
    "Dot of matrices": (lambda: L.Dot(axes=(2, 1)), (4, 3), (3, 2)),
    "Affine": (lambda: arithmetic.Affine(2.0, [1.0, 2.0, 3.0]), SERIES),
    "GetItem": (lambda: arithmetic.GetItem([[None, None, -2], -1, "new"]), SERIES),
    "GetItem, new first": (lambda: arithmetic.GetItem(["new", 2, [1, None, None]]), SERIES),
    "Reduce": (lambda: arithmetic.Reduce([-1, 1], keepdims=True), IMAGE),
    "Reduce, mean": (lambda: arithmetic.Reduce(1, mean=True), IMAGE),
}
"""Layers with the shapes of their inputs: any numbers."""

POSITIVE = {
    "Power": (lambda: arithmetic.Power(1.5), VECTOR),
    **{f"Function {name}": (lambda name=name: arithmetic.Function(name), VECTOR) for name in arithmetic.FUNCTIONS},
}
"""Functions that are not defined for negative numbers, or grow fast."""

WHOLE = {
    "Embedding": (lambda: L.Embedding(5, 3), VECTOR),
    "CategoryEncoding": (lambda: L.CategoryEncoding(5), VECTOR),
    "CategoryEncoding, counts": (lambda: L.CategoryEncoding(5, output_mode="count"), VECTOR),
    "CategoryEncoding, one-hot": (lambda: L.CategoryEncoding(5, output_mode="one_hot"), (1,)),
    "CategoryEncoding, one-hot of several": (lambda: L.CategoryEncoding(5, output_mode="one_hot"), VECTOR),
    "Discretization": (lambda: L.Discretization([0.0, 1.0, 2.5]), VECTOR),
    "Discretization, multi-hot": (lambda: L.Discretization([0.0, 1.0, 2.5], output_mode="multi_hot"), VECTOR),
}
"""Layers that take whole numbers from 0 to 4."""

REFUSED = {"Masking", "StringLookup", "Attention", "AdditiveAttention", "MultiHeadAttention"}
NOT_LAYERS = {"Layer", "Input", "InputLayer", "Lambda"}
"""Names that no model has as layers: a `Lambda` becomes the layers that it is made of."""


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("scale", [1.0, 30.0])
def test_a_layer_of_random_numbers(name, scale, tmp_path):
    build, *shapes = CASES[name]
    rng = np.random.default_rng(0)
    inputs = [scale * rng.normal(size=(300, *shape)) for shape in shapes]
    assert_same_results(model_of(build(), *shapes), tmp_path / "m.onnx", *inputs)


@pytest.mark.parametrize("name", [name for name in CASES if not name.startswith("Dot")])
def test_a_layer_of_extreme_numbers(name, tmp_path):
    """Powers of ten up to 1e15, whose squares are finite in float32."""
    build, *shapes = CASES[name]
    rng = np.random.default_rng(1)
    for exponent in (-30, -8, 8, 15):
        inputs = [10.0**exponent * rng.choice([-1.0, 0.0, 0.5, 1.0], size=(20, *shape)) for shape in shapes]
        inputs = [x + 10.0**exponent * 2 for x in inputs] if name == "Divide" else inputs
        assert_same_results(model_of(build(), *shapes), tmp_path / "m.onnx", *inputs)


@pytest.mark.parametrize("name", POSITIVE)
def test_a_function_of_positive_numbers(name, tmp_path):
    build, *shapes = POSITIVE[name]
    x = np.geomspace(1e-20, 80.0, 600).reshape(100, *shapes[0])
    model = model_of(build(), *shapes)
    model.export(tmp_path / "m.onnx")
    (found,) = run(tmp_path / "m.onnx", x)
    np.testing.assert_allclose(
        found, model.predict(x, verbose=0), rtol=1e-5, atol=1e-6 if "sin" in name or "cos" in name else 1.2e-38
    )


@pytest.mark.parametrize("function", ["expm1", "log1p"])
def test_a_function_near_zero_from_below(function, tmp_path):
    x = -np.geomspace(1e-20, 0.999, 600).reshape(100, 6)
    model = model_of(arithmetic.Function(function), VECTOR)
    model.export(tmp_path / "m.onnx")
    np.testing.assert_allclose(run(tmp_path / "m.onnx", x)[0], model.predict(x, verbose=0), rtol=1e-5)


@pytest.mark.parametrize("name", WHOLE)
def test_a_layer_of_whole_numbers(name, tmp_path):
    build, *shapes = WHOLE[name]
    x = np.random.default_rng(0).integers(5, size=(40, *shapes[0])).astype(float)
    assert_same_results(model_of(build(), *shapes), tmp_path / "m.onnx", x)


def test_every_layer_has_a_rule_and_a_case():
    every = {getattr(layers, name).__name__: getattr(layers, name) for name in layers.__all__ if name[0].isupper()}
    every = {name: kind for name, kind in every.items() if isinstance(kind, type) and name not in NOT_LAYERS}
    # Masks are refused by a rule of their own.
    assert {name for name, kind in every.items() if rule_of(kind) is None} == REFUSED - {"Masking"}
    tested = {name.partition(",")[0].split()[0] for name in (*CASES, *POSITIVE, *WHOLE)}
    assert set(every) - tested == REFUSED


def test_a_mask_is_refused_by_name(tmp_path):
    model = Sequential([Input((3, 1)), L.Masking(name="skip"), L.LSTM(2)])
    with pytest.raises(
        NotExportable, match="layer 'skip' \\(Masking\\) masks steps, and ONNX has no masks.*without it"
    ):
        model.export(tmp_path / "m.onnx")
    with pytest.raises(NotExportable, match="mask_zero=False"):
        model_of(L.Embedding(3, 2, mask_zero=True), (4,)).export(tmp_path / "m.onnx")


def test_random_codes_are_refused(tmp_path):
    with pytest.raises(NotExportable, match="sample_at_inference=False"):
        model_of(L.GaussianLatent(sample_at_inference=True), (4,)).export(tmp_path / "m.onnx")


def test_a_layer_of_ones_own_needs_a_rule(tmp_path):
    class Halved(Layer):
        def forward(self, x, training=False):
            return x / 2, None

    model = model_of(Halved(name="half"), (3,))
    with pytest.raises(NotExportable, match="layer 'half' \\(Halved\\) has no counterpart in ONNX.*exports"):
        model.export(tmp_path / "m.onnx")
    exports(Halved)(lambda graph, layer, inputs: graph.add("Div", inputs[0].name, graph.floats(2.0)))
    assert_same_results(model, tmp_path / "m.onnx", np.ones((2, 3)))


def test_a_class_derived_from_a_layer_is_not_taken_for_it(tmp_path):
    class Doubled(L.Dense):
        def forward(self, x, training=False):
            y, cache = super().forward(x, training)
            return 2 * y, cache

    with pytest.raises(NotExportable, match="Doubled"):
        model_of(Doubled(2), (3,)).export(tmp_path / "m.onnx")


def test_a_large_mean_does_not_cancel(tmp_path):
    """A folded product and sum, x s + (b - m s), would be off by 1e-3 here."""
    layer = L.BatchNormalization(epsilon=0.0)
    inputs = Input((1,))
    model = Model(inputs, layer(inputs))
    layer.set_weights([np.ones(1), np.zeros(1), np.full(1, 30000.0), np.full(1, 1e-4)])
    x = np.float32(30000) + np.linspace(-0.05, 0.05, 11, dtype=np.float32)[:, np.newaxis]
    assert_same_results(model, tmp_path / "m.onnx", x)
