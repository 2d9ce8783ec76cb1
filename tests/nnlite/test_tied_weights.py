"""Weights that several layers share: they stay shared in files, copies, clones and resumed training."""

import copy
import pickle

import numpy as np
import pytest

from nnlite import ops
from nnlite.archive import FileFormatError
from nnlite.callbacks import BackupAndRestore
from nnlite.gradcheck import check_model
from nnlite.layers import (
    LSTM,
    RNN,
    Dense,
    Flatten,
    Input,
    Layer,
    LSTMCell,
    MultiHeadAttention,
    Reshape,
    TimeDistributed,
)
from nnlite.models import Model, Sequential, clone_model, load_model, model_from_json, model_from_parts
from nnlite.serialization import model_to_parts
from nnlite.utils import set_random_seed
from tests.nnlite.arrays import draw_single as draw


class Transposed(Layer):
    """A decoder with the kernel of its encoder."""

    def __init__(self, encoder, **settings):
        super().__init__(**settings)
        self.encoder = encoder

    def call(self, x):
        return ops.matmul(x, ops.transpose(self.encoder.kernel))


def of_a_layer():
    encoder, inputs = Dense(3), Input((4,))
    return Model(inputs, Transposed(encoder)(encoder(inputs)))


def of_a_chain():
    encoder = Dense(3)
    return Sequential([Input((4,)), encoder, Transposed(encoder)])


def of_a_class():
    class Autoencoder(Model):
        def __init__(self):
            super().__init__()
            self.encoder = Dense(3)
            self.decoder = Transposed(self.encoder)

        def call(self, x):
            return self.decoder(self.encoder(x))

    model = Autoencoder()
    model.build((None, 4))
    return model


def of_two_models():
    layer = Dense(4, "tanh")
    first, second = Sequential([Input((4,)), layer]), Sequential([Input((4,)), layer, Dense(4)])
    inputs = Input((4,))
    return Model(inputs, second(first(inputs)))


def of_a_chain_of_layers_built_apart():
    first, second = Dense(4, "tanh"), Dense(4)
    first.build((None, 4))
    second.kernel = first.kernel
    return Sequential([Input((4,)), first, second])


def of_the_steps():
    layer, inputs = Dense(2, "tanh"), Input((4,))
    steps = TimeDistributed(Sequential([Input((2,)), layer]))
    return Model(inputs, Flatten()(steps(steps(Reshape((2, 2))(inputs)))))


def of_a_cell():
    cell, inputs = LSTMCell(2), Input((4,))
    once = RNN(cell, return_sequences=True)(Reshape((2, 2))(inputs))
    return Model(inputs, Flatten()(RNN(cell, return_sequences=True)(once)))


MODELS = [of_a_layer, of_a_chain, of_a_class, of_two_models, of_a_chain_of_layers_built_apart, of_the_steps, of_a_cell]


def fitted(build):
    model = build()
    model.compile("adam", "mse")
    x = draw(20, 4)
    model.fit(x, x, epochs=2, verbose=0)
    return model, x


def assert_goes_on(copied, model, x):
    assert copied.count_params() == model.count_params()
    np.testing.assert_allclose(copied.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-6)
    for one in (copied, model):
        one.fit(x, x, epochs=2, shuffle=False, verbose=0)
    np.testing.assert_allclose(copied.parameters, model.parameters, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("build", MODELS)
@pytest.mark.parametrize("name", ["m.npz", "pickle", "deepcopy"])
def test_a_copy_shares_as_its_model_does(build, name, tmp_path):
    model, x = fitted(build)
    if name == "pickle":
        copied = pickle.loads(pickle.dumps(model))
    elif name == "deepcopy":
        copied = copy.deepcopy(model)
    else:
        model.save(tmp_path / name)
        copied = load_model(tmp_path / name)
    assert_goes_on(copied, model, x)


@pytest.mark.parametrize("build", MODELS)
@pytest.mark.parametrize("way", ["clone", "json"])
def test_a_clone_shares_as_its_model_does(build, way):
    model, x = fitted(build)
    made = clone_model(model) if way == "clone" else model_from_json(model.to_json())
    made.set_weights(model.get_weights())
    made.compile("adam", "mse")
    model.compile("adam", "mse")
    assert_goes_on(made, model, x)


# One layer that is used twice is nothing special for Keras.
@pytest.mark.parametrize("build", [build for build in MODELS if build is not of_the_steps])
def test_a_file_for_keras_refuses_what_keras_cannot_say(build, tmp_path):
    pytest.importorskip("h5py")
    model, x = fitted(build)
    with pytest.warns(UserWarning, match="nnlite's own format, which Keras cannot read"):
        model.save(tmp_path / "m.keras")
    assert_goes_on(load_model(tmp_path / "m.keras"), model, x)


@pytest.mark.parametrize("build", MODELS)
@pytest.mark.parametrize("name", ["w.npz", "w.weights.h5"])
def test_weights_go_to_another_model_that_shares(build, name, tmp_path):
    if name.endswith("h5"):
        pytest.importorskip("h5py")
    model, x = fitted(build)
    model.save_weights(tmp_path / name)
    other = build()
    other.load_weights(tmp_path / name)
    np.testing.assert_allclose(other.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-6)


def test_a_copy_of_a_copy_in_a_larger_model():
    inner, x = fitted(of_a_class)
    inputs = Input((4,))
    model = Model(inputs, inner(pickle.loads(pickle.dumps(inner))(inputs)))
    model.compile("adam", "mse")
    model.fit(x, x, verbose=0)
    assert_goes_on(pickle.loads(pickle.dumps(model)), model, x)


def test_layers_that_share_train_with_the_sum_of_their_gradients():
    first, second, inputs = Dense(4, "tanh", dtype="float64"), Dense(4, dtype="float64"), Input((4,), dtype="float64")
    hidden = first(inputs)
    second.kernel = first.kernel
    model = Model(inputs, second(hidden))
    model.compile("sgd", "mse")
    assert model.count_params() == 4 * 4 + 4 + 4
    check_model(model, draw(5, 4).astype(float), draw(5, 4, seed=1).astype(float))
    loaded = pickle.loads(pickle.dumps(model))
    check_model(loaded, draw(5, 4).astype(float), draw(5, 4, seed=1).astype(float))


@pytest.mark.parametrize("layer", [Dense(4), LSTM(4)])
def test_a_weight_is_not_replaced_by_another(layer):
    other = Dense(4)
    other.build((None, 4))
    layer.build((None, 3, 4) if isinstance(layer, LSTM) else (None, 4))
    with pytest.raises(AttributeError, match="kernel of .* cannot be replaced.*call one layer several times"):
        layer.kernel = other.kernel


def test_a_frozen_layer_that_shares_stays_frozen():
    model, _ = fitted(of_two_models)
    model.layers[1].trainable = False
    copied = pickle.loads(pickle.dumps(model))
    assert [w.trainable for w in copied.weights] == [w.trainable for w in model.weights]


@pytest.mark.parametrize("ties", [[[0, 0]], [[9, 0]], [[1, 0]], [["1", 0]], [[1]], 3, [[1, -1]]])
def test_a_file_with_other_ties_is_refused(ties):
    config, arrays = model_to_parts(Sequential([Input((3,)), Dense(2)]))
    config["model"]["config"]["ties"] = ties
    with pytest.raises(FileFormatError, match="does not describe a model"):
        model_from_parts(config, arrays, "the file")


def test_projections_of_attention_are_shared():
    inputs = Input((3, 4))
    first, second = (MultiHeadAttention(2, 3) for _ in range(2))
    model = Model(inputs, second(first(inputs, inputs), inputs))
    for name, weight in first.own_weights.items():
        second.share_weight(name, weight)
    x = draw(5, 3, 4)
    copied = pickle.loads(pickle.dumps(model))
    assert copied.count_params() == model.count_params() == first.count_params()
    np.testing.assert_allclose(copied.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-6)


@pytest.mark.parametrize("build", MODELS)
def test_training_resumes_where_a_checkpoint_was_written(build, tmp_path):
    x = draw(20, 4)

    def trained(epochs, start=None, **settings):
        set_random_seed(3)
        model = build()
        if start is not None:
            model.set_weights(start)
        start = model.get_weights()
        model.compile("adam", "mse")
        model.fit(x, x, epochs=epochs, verbose=0, **settings)
        return model, start

    expected, start = trained(4)
    trained(2, start, callbacks=[BackupAndRestore(tmp_path, delete_checkpoint=False)])
    resumed, _ = trained(4, resume=tmp_path)
    np.testing.assert_array_equal(resumed.parameters, expected.parameters)
