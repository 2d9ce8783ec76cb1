"""Layers for series and images: configurations, files, copies and dtypes."""

import copy
import json
import subprocess
import sys

import numpy as np
import pytest

from nnlite import FileFormatError, layers
from nnlite.layers import (
    GRU,
    LSTM,
    ActivityRegularization,
    AveragePooling1D,
    AveragePooling2D,
    Bidirectional,
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    Cropping1D,
    Cropping2D,
    Dense,
    GaussianLatent,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    Input,
    Masking,
    MaxPooling1D,
    MaxPooling2D,
    Permute,
    RepeatVector,
    SimpleRNN,
    SpatialDropout1D,
    TimeDistributed,
    UpSampling1D,
    UpSampling2D,
    ZeroPadding1D,
    ZeroPadding2D,
    registry,
)
from nnlite.limits import largest_record
from nnlite.models import Model, Sequential, clone_model, load_model
from nnlite.registry import serialize
from tests.nnlite.arrays import draw_single as draw

SERIES, IMAGES, TABLE = (4, 9, 4), (4, 6, 7, 4), (4, 6)
CASES = {
    "conv1d": (lambda: Conv1D(4, 3, 2, "causal", groups=2, kernel_regularizer="l2", bias_regularizer="l1"), SERIES),
    "conv2d": (lambda: Conv2D(3, (2, 3), 2, "same", dilation_rate=(1, 2), activation="relu"), IMAGES),
    "conv1d_transpose": (lambda: Conv1DTranspose(2, 4, 3, "same", output_padding=1), SERIES),
    "conv2d_transpose": (lambda: Conv2DTranspose(2, 4, (3, 1), use_bias=False), IMAGES),
    "max_pooling1d": (lambda: MaxPooling1D(3, 2, "same"), SERIES),
    "max_pooling2d": (lambda: MaxPooling2D((2, 3)), IMAGES),
    "average_pooling1d": (lambda: AveragePooling1D(3, 2, "same"), SERIES),
    "average_pooling2d": (lambda: AveragePooling2D((2, 3)), IMAGES),
    "global_max_pooling1d": (lambda: GlobalMaxPooling1D(keepdims=True), SERIES),
    "global_max_pooling2d": (GlobalMaxPooling2D, IMAGES),
    "global_average_pooling1d": (GlobalAveragePooling1D, SERIES),
    "global_average_pooling2d": (lambda: GlobalAveragePooling2D(keepdims=True), IMAGES),
    "up_sampling1d": (lambda: UpSampling1D(3), SERIES),
    "up_sampling2d": (lambda: UpSampling2D((1, 2), interpolation="bilinear"), IMAGES),
    "zero_padding1d": (lambda: ZeroPadding1D((1, 2)), SERIES),
    "zero_padding2d": (lambda: ZeroPadding2D(((1, 2), (0, 3))), IMAGES),
    "cropping1d": (lambda: Cropping1D((1, 2)), SERIES),
    "cropping2d": (lambda: Cropping2D(((1, 2), (0, 3))), IMAGES),
    "simple_rnn": (lambda: SimpleRNN(3, "relu", recurrent_regularizer="l2", go_backwards=True, seed=1), SERIES),
    "lstm": (lambda: LSTM(3, return_sequences=True, unit_forget_bias=False, dropout=0.1, seed=1), SERIES),
    "gru": (lambda: GRU(3, reset_after=False, recurrent_activation="hard_sigmoid", recurrent_dropout=0.1), SERIES),
    "bidirectional": (lambda: Bidirectional(GRU(3, return_sequences=True), "sum"), SERIES),
    "time_distributed": (lambda: TimeDistributed(Dense(3, "relu")), SERIES),
    "permute": (lambda: Permute((2, 1)), SERIES),
    "repeat_vector": (lambda: RepeatVector(3), TABLE),
    "masking": (lambda: Masking(-1.0), SERIES),
    "spatial_dropout1d": (lambda: SpatialDropout1D(0.3, seed=1), SERIES),
    "activity_regularization": (lambda: ActivityRegularization(0.1, 0.2), TABLE),
    "gaussian_latent": (lambda: GaussianLatent(0.5, True, seed=3), TABLE),
}


@pytest.mark.parametrize("name", CASES)
def test_a_layer_made_from_its_configuration_computes_the_same(name):
    make, shape = CASES[name]
    layer = make()
    y = layer(draw(*shape))
    again = registry.get(json.loads(json.dumps(serialize(layer))))
    again.build(shape)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(draw(*shape)), y)
    assert again.get_config() == layer.get_config()
    assert type(again) is type(layer)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("training", [False, True])
def test_layers_keep_the_dtype_and_their_input_forwards_and_backwards(name, dtype, training):
    make, shape = CASES[name]
    config = make().get_config()
    for inner in ("layer", "backward_layer"):
        if inner in config:
            config[inner]["config"]["dtype"] = dtype
    layer = type(make()).from_config({**config, "dtype": dtype})
    x = draw(*shape).astype(dtype)
    layer.build(x.shape)
    layer.allocate_gradients()
    before = x.copy()
    y, cache = layer.forward(x, training)
    assert y.shape[1:] == layer.build((None, *shape[1:]))[1:]
    dx = layer.backward(np.ones_like(y), cache)
    assert y.dtype == dx.dtype == dtype
    assert dx.shape == x.shape
    assert all(weight.value.dtype == weight.gradient.dtype == dtype for weight in layer.weights)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("name", CASES)
def test_default_names_equal_those_of_keras(name):
    make, _ = CASES[name]
    assert make().name.startswith(name)


@pytest.mark.parametrize("name", CASES)
def test_models_are_saved_loaded_and_copied(name, tmp_path):
    make, shape = CASES[name]
    layer = make()
    if isinstance(layer, GaussianLatent):
        layer.sample_at_inference = False
    model = Sequential([Input(shape[1:]), layer])
    x = draw(*shape)
    y = model.predict(x)
    model.save(tmp_path / "model.npz")
    np.testing.assert_array_equal(load_model(tmp_path / "model.npz").predict(x), y)
    np.testing.assert_array_equal(copy.deepcopy(model).predict(x), y)
    assert clone_model(model).predict(x).shape == y.shape
    assert model.predict(x[:0]).shape == (0, *y.shape[1:])


def test_a_model_with_states_unknown_lengths_and_masks_is_saved_and_loaded(tmp_path):
    inputs, others = Input((None, 2)), Input((None, 2))
    _, *states = LSTM(3, return_state=True)(Masking()(inputs))
    decoded = LSTM(3, return_sequences=True)(others, initial_state=states)
    model = Model([inputs, others], TimeDistributed(Dense(2))(decoded))
    model.compile("adam", "mse")
    x = [draw(4, 9, 2), draw(4, 7, 2)]
    model.fit(x, x[1], verbose=0)
    model.save(tmp_path / "model.npz")
    again = load_model(tmp_path / "model.npz")
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    assert again.train_on_batch(x, x[1]) == model.train_on_batch(x, x[1])


def test_every_exported_layer_exists():
    for name in layers.__all__:
        assert getattr(layers, name) is not None
        assert name in dir(layers)
    with pytest.raises(AttributeError, match="no attribute 'Conv9D'"):
        _ = layers.Conv9D


@pytest.mark.parametrize(
    "layer",
    [
        LSTM(1),
        Bidirectional(GRU(1, return_sequences=True)),
        RepeatVector(10**9),
        AveragePooling1D(2),
        UpSampling1D(10**6),
        ZeroPadding1D(10**9),
        Conv1D(1, 3, dilation_rate=10**8, padding="same"),
        Conv1DTranspose(1, 2, strides=10**6),
        UpSampling2D((10**6, 2), interpolation="bilinear"),
    ],
    ids=lambda layer: layer.name,
)
def test_loading_a_model_that_claims_to_be_long_takes_neither_time_nor_memory(layer, tmp_path):
    shape = {RepeatVector: (2,), UpSampling2D: (10**6, 3, 1)}.get(type(layer), (10**9, 1))
    Sequential([Input(shape), layer]).save(tmp_path / "model.npz")
    with pytest.raises(FileFormatError, match=r"values for one record; the limit is"):
        load_model(tmp_path / "model.npz")
    with largest_record(10**19):
        assert load_model(tmp_path / "model.npz").predict(np.zeros((0, *shape))).shape[0] == 0


def test_importing_nnlite_imports_only_the_layers_for_tables():
    code = "import sys, nnlite; print(*(m for m in sys.modules if m.startswith('nnlite.layers.')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported = {name.removeprefix("nnlite.layers.") for name in done.stdout.split()}
    assert imported.isdisjoint({"convolution", "pooling", "resizing", "recurrent", "lstm", "wrappers", "variational"})
