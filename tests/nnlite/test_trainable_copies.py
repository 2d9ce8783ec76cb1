"""Copies of frozen models and layers are frozen: files, pickles, configurations, clones."""

import copy
import json
import pickle

import numpy as np
import pytest

from nnlite import layers
from nnlite.archive import FileFormatError, write_archive
from nnlite.layers import GRU, BatchNormalization, Dense, Flatten, Input, Layer, MaxPooling1D, TimeDistributed
from nnlite.layers.base import registry
from nnlite.layers.later import MODULES
from nnlite.metrics import MeanAbsoluteError
from nnlite.models import Model, Sequential, clone_model, load_model
from nnlite.optimizers import Adam
from nnlite.registry import serialize
from nnlite.serialization import model_to_parts
from tests.nnlite.arrays import draw_single as draw

ARGUMENTS = {
    "Activation": ["relu"],
    "AlphaDropout": [0.5],
    "AveragePooling1D": [2],
    "AveragePooling2D": [2],
    "Bidirectional": [GRU(2)],
    "Conv1D": [2, 2],
    "Conv1DTranspose": [2, 2],
    "Conv2D": [2, 2],
    "Conv2DTranspose": [2, 2],
    "Dense": [2],
    "DepthwiseConv1D": [2],
    "DepthwiseConv2D": [2],
    "Dropout": [0.5],
    "CategoryEncoding": [2],
    "CenterCrop": [2, 2],
    "Discretization": [[0.0]],
    "Dot": [1],
    "Embedding": [3, 2],
    "Rescaling": [1.0],
    "GRU": [2],
    "GaussianDropout": [0.5],
    "GaussianNoise": [0.5],
    "MaxPooling1D": [2],
    "MultiHeadAttention": [2, 3],
    "InputLayer": [(3,)],
    "LSTM": [2],
    "GRUCell": [2],
    "LSTMCell": [2],
    "RandomBrightness": [0.1],
    "RandomContrast": [0.1],
    "RandomCrop": [2, 2],
    "RandomRotation": [0.1],
    "RandomTranslation": [0.1, 0.1],
    "RandomZoom": [0.1],
    "Resizing": [2, 2],
    "SimpleRNNCell": [2],
    "Permute": [(2, 1)],
    "RepeatVector": [2],
    "Reshape": [(2, 2)],
    "SeparableConv1D": [2, 2],
    "SeparableConv2D": [2, 2],
    "SimpleRNN": [2],
    "SpatialDropout1D": [0.5],
    "SpatialDropout2D": [0.5],
    "TimeDistributed": [Dense(2)],
}
LAYERS = sorted(
    {getattr(layers, name).__name__ for name in (*layers.__all__, *MODULES) if name[0].isupper()}
    # What has no configuration of its own: these become other layers in a graph, or take what a graph makes.
    - {"Input", "Lambda", "Layer", "RNN"}
    - {
        "Affine",
        "Function",
        "GetItem",
        "Power",
        "Reduce",
        "Broadcast",
        "Clip",
        "Extreme",
        "MatMul",
        "Total",
        "Transpose",
    }
    - {"Compare", "Where", "AddedLoss", "Constant", "Parameter", "RandomValues"}
)


@pytest.mark.parametrize("trainable", [False, True])
@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_made_from_its_configuration_is_as_frozen(name, trainable):
    layer = getattr(layers, name)(*ARGUMENTS.get(name, []))
    layer.trainable = trainable
    made = registry.get(json.loads(json.dumps(serialize(layer))))
    assert made.trainable is trainable
    assert made.get_config() == layer.get_config()


class Plain(Layer):
    """A layer whose constructor takes nothing that concerns freezing."""

    def __init__(self, name=None, dtype=None):
        super().__init__(name=name, dtype=dtype)

    def build(self, input_shape):
        self.kernel = self.add_weight("kernel", (input_shape[-1],))
        return input_shape

    def forward(self, x, training=False):
        return x * self.kernel.value, x

    def backward(self, dy, cache):
        self.kernel.gradient[...] = (dy * cache).sum(axis=0)
        return dy * self.kernel.value


def test_a_custom_layer_need_not_accept_trainable(tmp_path):
    model = Sequential([Input((3,)), Plain()])
    model.trainable = False
    model.save(tmp_path / "m.npz")
    loaded = load_model(tmp_path / "m.npz", custom_objects={"Plain": Plain})
    assert not loaded.trainable
    assert loaded.trainable_weights == []


def flags(layer):
    """Return what each layer says of itself, down to the last, with what its weights say."""
    inner = getattr(layer, "layers", [])
    own = [(weight.name, weight.trainable) for weight in layer.weights]
    return [(layer.name, layer.trainable, own), *(flag for one in inner for flag in flags(one))]


def nested():
    inputs = Input((4, 2))
    steps = TimeDistributed(Sequential([Input((2,)), Dense(3), BatchNormalization()], name="step"), name="steps")
    code = Sequential([Flatten(), Dense(2, name="first"), Dense(2, name="second")], name="code")
    return Model(inputs, Dense(1, name="out")(code(MaxPooling1D(2, name="pool")(steps(inputs)))))


def freeze_nothing(model):
    pass


def freeze_all(model):
    model.trainable = False


def freeze_a_layer(model):
    model.get_layer("out").trainable = False


def freeze_what_has_no_weights(model):
    model.get_layer("pool").trainable = False


def freeze_a_nested_model(model):
    model.get_layer("code").trainable = False


def freeze_part_of_a_nested_model(model):
    model.get_layer("code").get_layer("first").trainable = False


def freeze_a_wrapper(model):
    model.get_layer("steps").trainable = False


def thaw_what_is_in_a_frozen_wrapper(model):
    model.get_layer("steps").trainable = False
    model.get_layer("steps").layer.trainable = True


def thaw_a_layer_of_a_frozen_model(model):
    model.trainable = False
    model.get_layer("out").trainable = True


PARTS = [
    freeze_nothing,
    freeze_all,
    freeze_a_layer,
    freeze_what_has_no_weights,
    freeze_a_nested_model,
    freeze_part_of_a_nested_model,
    freeze_a_wrapper,
    thaw_what_is_in_a_frozen_wrapper,
    thaw_a_layer_of_a_frozen_model,
]


def through_a_file(model, path):
    model.save(path / "m.npz")
    return load_model(path / "m.npz")


KEEPING_ROADS = {
    "file": through_a_file,
    "deepcopy": lambda model, path: copy.deepcopy(model),
    "pickle": lambda model, path: pickle.loads(pickle.dumps(model)),
}
ROADS = {
    **KEEPING_ROADS,
    "configuration": lambda model, path: type(model).from_config(json.loads(json.dumps(model.get_config()))),
    "clone": lambda model, path: clone_model(model),
    "registry": lambda model, path: registry.get(serialize(model)),
}


@pytest.mark.parametrize("road", ROADS.values(), ids=ROADS)
@pytest.mark.parametrize("freeze", PARTS)
def test_a_copy_is_as_frozen_as_the_model(freeze, road, tmp_path):
    model = nested()
    freeze(model)
    made = road(model, tmp_path)
    assert flags(made) == flags(model)
    assert made.weight_vector.n_trainable == model.weight_vector.n_trainable
    assert made.get_config() == model.get_config()


@pytest.mark.parametrize("road", KEEPING_ROADS.values(), ids=KEEPING_ROADS)
@pytest.mark.parametrize("freeze", PARTS)
def test_a_copy_continues_training_as_the_model_does(freeze, road, tmp_path):
    model = nested()
    freeze(model)
    model.compile(Adam(0.01), "mse", metrics=[MeanAbsoluteError()])
    x, y = draw(9, 4, 2), draw(9, 1, seed=1)
    model.fit(x, y, epochs=2)
    made = road(model, tmp_path)
    np.testing.assert_array_equal(made.predict(x), model.predict(x))
    assert made.evaluate(x, y, return_dict=True) == model.evaluate(x, y, return_dict=True)
    for one in (model, made):
        one.fit(x, y, epochs=2, shuffle=False)
    assert made.history.history == model.history.history
    np.testing.assert_array_equal(made.parameters, model.parameters)
    assert made.optimizer.iterations == model.optimizer.iterations == 4
    for name, slot in model.optimizer.slots.items():
        np.testing.assert_array_equal(made.optimizer.slots[name], slot)


@pytest.mark.parametrize("road", KEEPING_ROADS.values(), ids=KEEPING_ROADS)
@pytest.mark.parametrize("freeze", PARTS)
def test_a_copy_of_a_model_frozen_after_training_continues_training_as_the_model_does(freeze, road, tmp_path):
    model = nested()
    model.compile(Adam(0.01), "mse")
    x, y = draw(9, 4, 2), draw(9, 1, seed=1)
    model.fit(x, y, epochs=2)
    freeze(model)
    made = road(model, tmp_path)
    for one in (model, made):
        one.fit(x, y, epochs=2, shuffle=False)
    np.testing.assert_array_equal(made.parameters, model.parameters)
    assert made.optimizer.iterations == model.optimizer.iterations == 4


def test_a_state_of_another_size_is_rejected(tmp_path):
    model = Sequential([Input((3,)), Dense(2)])
    model.compile(Adam(0.01), "mse")
    model.fit(draw(4, 3), draw(4, 2))
    config, arrays = model_to_parts(model)
    arrays["optimizer/momentum"] = np.zeros(9, np.float32)
    write_archive(tmp_path / "m.npz", "model", config, arrays)
    with pytest.raises(FileFormatError, match="the state of Adam consists of"):
        load_model(tmp_path / "m.npz")


# -- files of frozen models as they were written when none could be read --------------------------


def early(description):
    """Take out of a configuration what early files did not say: whether a model itself is frozen."""
    if isinstance(description, list):
        return [early(one) for one in description]
    if not isinstance(description, dict):
        return description
    kept = {key: early(value) for key, value in description.items()}
    if "layers" in kept:
        del kept["trainable"]
    return kept


@pytest.mark.parametrize("freeze", PARTS[:-1])
def test_early_files_of_frozen_models_can_be_read(freeze, tmp_path):
    model = nested()
    freeze(model)
    config, arrays = model_to_parts(model)
    write_archive(tmp_path / "m.npz", "model", early(config), arrays)
    loaded = load_model(tmp_path / "m.npz")
    x = draw(5, 4, 2)
    np.testing.assert_array_equal(loaded.predict(x), model.predict(x))
    assert flags(loaded) == flags(model)


def test_an_early_configuration_of_a_frozen_chain_can_be_read():
    off = {"dtype": "float32", "trainable": False}
    dense = {**off, "kernel_regularizer": None, "bias_regularizer": None, "units": 2, "use_bias": True}
    first = {"class_name": "InputLayer", "config": {"name": "in", **off, "shape": [4, 3], "batch_size": None}}
    inside = {"class_name": "Dense", "config": {"name": "each", **dense}}
    config = {
        "name": "net",
        "input": first,
        "layers": [{"class_name": "TimeDistributed", "config": {"name": "steps", **off, "layer": inside}}],
    }
    model = Sequential.from_config(config)
    assert not model.trainable
    assert [trainable for _, trainable, _ in flags(model)] == [False, False, False]
    model.trainable = True
    assert len(model.trainable_weights) == 2
