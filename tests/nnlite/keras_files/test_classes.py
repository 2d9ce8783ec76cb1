"""Weights of classes with ``call`` are in the order of Keras 3.15.1, in lists and in files (`make_class_golden`)."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import nnlite
from nnlite import layers, ops, registry
from nnlite.archive import FileFormatError
from nnlite.layers import Dense, Input, Layer
from nnlite.models import Model, Sequential, clone_model, load_model
from tests.nnlite.arrays import draw_single as draw
from tests.nnlite.keras_files.class_models import models, with_known_weights

KNOWN = json.loads((Path(__file__).parent / "golden" / "classes.json").read_text())
NNLITE = SimpleNamespace(layers=layers, ops=ops, Model=Model, Sequential=Sequential, Input=Input)


@pytest.mark.parametrize("name", models(NNLITE))
def test_weights_are_in_the_order_of_keras(name):
    model, x = with_known_weights(NNLITE, name)
    known = KNOWN[name]
    assert [list(one.shape) for one in model.get_weights()] == known["shapes"]
    assert [one.trainable for one in model.weights] == known["trainable"]
    assert [type(one).__name__ for one in model.layers] == known["layers"]
    np.testing.assert_allclose(model.predict(x, verbose=0), known["output"], rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize("name", models(NNLITE))
def test_files_of_weights_have_the_groups_of_keras(tmp_path, name):
    h5py = pytest.importorskip("h5py", reason="files of Keras need h5py, the extra keras-files")
    model, x = with_known_weights(NNLITE, name)
    model.save_weights(tmp_path / "m.weights.h5")
    found = {}
    with h5py.File(tmp_path / "m.weights.h5") as file:
        file.visititems(lambda key, one: found.update({key: one[()].sum()}) if hasattr(one, "shape") else None)
    assert found == pytest.approx(KNOWN[name]["arrays"], rel=1e-5)
    before = model.predict(x, verbose=0)
    model.set_weights([np.zeros_like(one) for one in model.get_weights()])
    model.load_weights(tmp_path / "m.weights.h5")
    np.testing.assert_array_equal(model.predict(x, verbose=0), before)


@pytest.mark.parametrize("name", ["late", "autoencoder", "graph", "transformer", "random 3"])
def test_own_files_keep_their_order(tmp_path, name):
    model, x = with_known_weights(NNLITE, name)
    model.compile("adam", "mse")
    model.fit(x, model.predict(x, verbose=0) * 0.9, verbose=0)
    model.save(tmp_path / "m.npz")
    loaded = load_model(tmp_path / "m.npz")
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))
    np.testing.assert_array_equal(loaded.parameters, model.parameters)


class Inner(Layer):
    def __init__(self, units, **settings):
        super().__init__(**settings)
        self.units, self.second, self.first = units, Dense(units), Dense(units, activation="tanh")

    def call(self, x):
        return x + self.second(self.first(x))

    def get_config(self):
        return {**super().get_config(), "units": self.units}


class Autoencoder(Model):
    def __init__(self, size, **settings):
        super().__init__(**settings)
        self.size = size
        self.decoder, self.inner, self.encoder = Dense(size), Inner(size), Dense(size)

    def call(self, x):
        return self.decoder(self.encoder(self.inner(x)))

    def get_config(self):
        return {**super().get_config(), "size": self.size}


def trained(model, x):
    model.compile("adam", "mse")
    model.fit(x, x, epochs=2, verbose=0)
    return model


def test_a_class_with_a_configuration_returns_from_a_file_of_keras(tmp_path):
    pytest.importorskip("h5py", reason="files of Keras need h5py, the extra keras-files")
    x = draw(8, 4)
    model = trained(Autoencoder(4), x)
    model.save(tmp_path / "m.keras")
    loaded = load_model(tmp_path / "m.keras", custom_objects={"Autoencoder": Autoencoder})
    assert type(loaded) is Autoencoder
    np.testing.assert_array_equal(loaded.encoder(x), model.encoder(x))
    losses = [one.fit(x, x, epochs=2, shuffle=False, verbose=0).history["loss"] for one in (model, loaded)]
    assert losses[0] == losses[1]
    with pytest.raises(FileFormatError, match=r"custom_objects=\{'Name': Class\}"):
        load_model(tmp_path / "m.keras")


def test_a_registered_layer_class_in_a_graph_returns_from_a_file_of_keras(tmp_path):
    pytest.importorskip("h5py", reason="files of Keras need h5py, the extra keras-files")
    decorated = registry.register_keras_serializable(package="tests")(Autoencoder)
    assert registry.registered_name(decorated) == "tests>Autoencoder"
    inputs, x = Input((4,)), draw(8, 4)
    model = trained(Model(inputs, Dense(4)(Inner(4)(inputs))), x)
    model.save(tmp_path / "m.keras")
    loaded = load_model(tmp_path / "m.keras", custom_objects={"Inner": Inner})
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))
    whole = trained(decorated(4), x)
    whole.save(tmp_path / "whole.keras")
    assert type(load_model(tmp_path / "whole.keras")) is Autoencoder


def test_layers_of_blocks_may_have_one_name():
    class Named(Layer):
        def __init__(self):
            super().__init__()
            self.dense = Dense(4, name="dense_of_block")

        def call(self, x):
            return self.dense(x)

    inputs, x = Input((4,)), draw(3, 4)
    model = Model(inputs, Dense(4, name="dense_of_block_1")(Named()(Named()(inputs))))
    np.testing.assert_array_equal(Model.from_config(model.get_config()).predict(x, verbose=0).shape, (3, 4))
    assert len({layer.name for layer in model.graph_layers}) == 4
    assert model.layers[-1].name == "dense_of_block_1"


def test_a_layer_that_is_called_on_constants_is_trained():
    class Positions(Layer):
        def __init__(self):
            super().__init__()
            self.places = layers.Embedding(5, 4, embeddings_initializer="ones")

        def call(self, x):
            return x + self.places(np.arange(5))

    inputs, x = Input((5, 4)), draw(8, 5, 4)
    layer = Positions()
    model = Model(inputs, layer(inputs))
    model.compile("sgd", "mse")
    model.fit(x, x, verbose=0)
    assert len(model.trainable_weights) == 1
    assert not np.allclose(layer.places.embeddings.numpy(), 1.0)
    np.testing.assert_allclose(model.predict(x, verbose=0), x + layer.places.embeddings.numpy(), rtol=1e-5)


def test_training_reaches_the_layers_of_a_class():
    class Dropped(Model):
        def __init__(self):
            super().__init__()
            self.inner = Sequential([layers.Dropout(0.5, seed=0)])

        def call(self, x):
            return self.inner(x)

    model, x = Dropped(), np.ones((20, 10))
    assert (np.asarray(model(x)) == 1).all()
    assert (np.asarray(model(x, training=True)) == 0).any()


def test_build_of_a_model_class_declares_weights_before_the_graph_is_made():
    class Scaled(Model):
        def build(self, input_shape):
            self.scale = self.add_weight((input_shape[-1],), "ones")
            self.dense = Dense(2)
            super().build(input_shape)

        def call(self, x):
            return self.dense(x * self.scale)

    for use in (lambda model: model(draw(3, 4)), lambda model: model.build((None, 4))):
        model = Scaled()
        use(model)
        assert [one.shape for one in model.weights] == [(4,), (4, 2), (2,)]
    assert nnlite.layers.Dense(2).weights == []


def test_fit_trains_a_class_whose_call_has_no_argument_training():
    class Normalized(Model):
        def __init__(self):
            super().__init__()
            self.norm, self.dropout = layers.BatchNormalization(), layers.Dropout(0.9, seed=0)

        def call(self, x):
            return self.dropout(self.norm(x))

    model, x = Normalized(), draw(64, 4)
    model.compile("sgd", "mse")
    losses = model.fit(x, x, verbose=0).history["loss"]
    assert losses[0] > 1.5 * model.evaluate(x, x, verbose=0)
    assert np.any(model.norm.moving_mean.numpy())


def test_a_configuration_is_made_again_with_classes_of_ones_own():
    class Doubled(Dense):
        pass

    model = Sequential([Input((4,)), Doubled(3)])
    graph = Model(model.inputs, Dense(2)(model.outputs[0]))
    for one in (model, graph):
        with pytest.raises(ValueError, match="Doubled"):
            type(one).from_config(one.get_config())
        made = type(one).from_config(one.get_config(), custom_objects={"Doubled": Doubled})
        assert [type(layer) for layer in made.layers] == [type(layer) for layer in one.layers]


def test_a_clone_function_reaches_the_layers_of_models_inside():
    inner = Sequential([Input((4,)), Dense(3)], name="inner")
    inputs = Input((4,))
    model = Model(inputs, Dense(2)(inner(inputs)))
    seen = {True: [], False: []}

    def copied(recursive):
        def function(layer):
            seen[recursive].append(type(layer).__name__)
            return type(layer).from_config(layer.get_config())

        return function

    for recursive in (True, False):
        clone = clone_model(model, clone_function=copied(recursive), recursive=recursive)
        assert clone.get_layer("inner").count_params() == 15
    assert seen == {True: ["Dense", "Dense"], False: ["Sequential", "Dense"]}


def test_only_classes_with_call_take_further_arguments():
    class Doubling(Layer):
        def call(self, x, double=False, training=False):
            return 2 * x if double else x

    x = draw(3, 4)
    np.testing.assert_array_equal(Doubling()(x, True), 2 * x)
    np.testing.assert_array_equal(Doubling()(x, training=True), x)
    inputs = Input((4,))
    np.testing.assert_array_equal(Model(inputs, Doubling()(inputs, double=True)).predict(x, verbose=0), 2 * x)
    with pytest.raises(TypeError, match="call has .*tripled"):
        Doubling()(x, tripled=True)
    for arguments, named in (((x, True), {}), ((), {"double": True})):
        with pytest.raises(TypeError, match="called with inputs, training and mask"):
            Dense(2)(x, *arguments, **named)
