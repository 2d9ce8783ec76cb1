"""Images of other sizes and random changes of them, vocabularies, and data sets in Keras's folder."""

import gzip

import numpy as np
import pytest

from nnlite import layers, utils
from nnlite.compat import datasets, keras
from nnlite.gradcheck import check_layer
from nnlite.layers import Dense, Input
from nnlite.models import Model, Sequential, load_model

IMAGES = np.random.default_rng(0).uniform(50, 200, size=(3, 6, 5, 2))
COUNTED = np.arange(40.0, dtype="float32").reshape(2, 5, 4, 1)


def test_sizes_are_those_of_keras():
    # Of Keras 3.15.1 on TensorFlow.
    expected = [[1.333, 1.833, 2.5, 3.167, 3.833, 4.333], [8.0, 8.5, 9.167, 9.833, 10.5, 11.0]]
    np.testing.assert_allclose(layers.Resizing(3, 6)(COUNTED)[0, :2, :, 0], expected, atol=1e-3)
    nearest = layers.Resizing(3, 6, interpolation="nearest")(COUNTED)[0, :, :, 0]
    assert nearest.tolist() == [[0, 1, 1, 2, 3, 3], [8, 9, 9, 10, 11, 11], [16, 17, 17, 18, 19, 19]]
    assert layers.CenterCrop(3, 2)(COUNTED)[0, :, :, 0].tolist() == [[5, 6], [9, 10], [13, 14]]
    resized = layers.CenterCrop(6, 2)(COUNTED)[0, :, :, 0]
    np.testing.assert_allclose(resized[:, 0], [1, 4, 7.333, 10.667, 14, 17], atol=1e-3)


CHANGES = {
    "RandomFlip": [],
    "RandomRotation": [0.2],
    "RandomZoom": [0.3],
    "RandomTranslation": [0.3, 0.2, "constant"],
    "RandomContrast": [0.3],
    "RandomBrightness": [0.1],
    "RandomCrop": [3, 4],
    "Resizing": [4, 7],
    "CenterCrop": [3, 3],
}


@pytest.mark.parametrize("name", CHANGES)
def test_changes_of_images_have_gradients_and_files(name, tmp_path):
    layer = getattr(layers, name)(*CHANGES[name], dtype="float64")
    check_layer(layer, IMAGES, training=True)
    check_layer(type(layer).from_config(layer.get_config()), IMAGES)
    if name.startswith("Random") and name != "RandomCrop":
        np.testing.assert_array_equal(layer(IMAGES), IMAGES)
        assert not np.array_equal(layer(IMAGES, training=True), IMAGES)
    model = Sequential([Input((6, 5, 2)), getattr(layers, name)(*CHANGES[name]), layers.Flatten(), Dense(1)])
    model.compile("adam", "mse")
    model.fit(IMAGES / 200, np.ones(3), epochs=2, verbose=0)
    model.save(tmp_path / "m.npz")
    np.testing.assert_array_equal(load_model(tmp_path / "m.npz").predict(IMAGES), model.predict(IMAGES))


@pytest.mark.parametrize("fill", ["reflect", "wrap", "constant", "nearest"])
def test_what_lies_beyond_an_image(fill):
    row = np.array([[[[1.0], [2.0], [3.0], [4.0]]]])
    shifted = layers.RandomTranslation(0, (0.5, 0.5), fill, fill_value=9.0)(row, training=True).ravel().tolist()
    beyond = {"reflect": [2, 1], "wrap": [3, 4], "constant": [9, 9], "nearest": [1, 1]}[fill]
    assert shifted == [*beyond, 1, 2]


def test_vocabularies_are_those_of_keras():
    # Of Keras 3.15.1: equally frequent ones in falling order.
    strings = layers.StringLookup()
    strings.adapt(["b", "a", "c", "c"])
    assert strings.get_vocabulary() == ["[UNK]", "c", "b", "a"]
    numbers = layers.IntegerLookup()
    numbers.adapt([[3], [1], [7], [7]])
    assert numbers.get_vocabulary() == [-1, 7, 3, 1]
    assert numbers(np.array([[7], [1], [9]])).tolist() == [[1], [3], [0]]
    inputs = Input((1,), dtype="int64")
    one_hot = layers.IntegerLookup(vocabulary=[7, 3, 1], output_mode="one_hot")
    model = Model(inputs, one_hot(inputs))
    assert model.predict(np.array([[7], [1], [9]]), verbose=0).tolist() == [[0, 1, 0, 0], [0, 0, 0, 1], [1, 0, 0, 0]]
    texts = layers.TextVectorization(output_sequence_length=4)
    texts.adapt(["The cat, sat!", "the dog"])
    assert texts.get_vocabulary() == ["", "[UNK]", "the", "sat", "dog", "cat"]
    assert texts(["the cat", "bird dog."]).tolist() == [[2, 5, 0, 0], [1, 4, 0, 0]]
    counts = layers.TextVectorization(output_mode="count", vocabulary=["a", "b"], split="character")
    assert counts("abba!").tolist() == [0, 2, 2]


def test_vocabularies_say_what_is_missing():
    with pytest.raises(ValueError, match="no vocabulary yet"):
        layers.IntegerLookup()(np.ones((1, 1)))
    with pytest.raises(ValueError, match="5 is not in the vocabulary"):
        layers.IntegerLookup(num_oov_indices=0, vocabulary=[1, 2])(np.array([[5.0]]))
    with pytest.raises(ValueError, match="no vocabulary yet"):
        layers.TextVectorization()(["a"])
    with pytest.raises(TypeError, match="before fit"):
        layers.TextVectorization(vocabulary=["a"])(Input((1,)))


def test_data_sets_are_read_from_the_folder_of_keras(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    folder = tmp_path / "datasets"
    (folder / "fashion-mnist").mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match="opens no connections"):
        keras.datasets.mnist.load_data()
    parts = {
        "x_train": np.zeros((3, 28, 28)),
        "y_train": np.ones(3),
        "x_test": np.zeros((1, 28, 28)),
        "y_test": np.ones(1),
    }
    np.savez(folder / "mnist.npz", **parts)
    (x, y), (x_test, _) = datasets.mnist.load_data()
    assert (x.shape, y.shape, x_test.shape) == ((3, 28, 28), (3,), (1, 28, 28))
    np.savez(folder / "boston_housing.npz", x=np.arange(20.0).reshape(10, 2), y=np.arange(10.0))
    (x, y), (x_test, _) = datasets.boston_housing.load_data()
    assert (len(x), len(x_test)) == (8, 2)
    assert (x[:, 0] == 2 * y).all()
    for part in ("train", "t10k"):
        for kind, header, count in (("labels-idx1", 8, 2), ("images-idx3", 16, 2 * 784)):
            with gzip.open(folder / f"fashion-mnist/{part}-{kind}-ubyte.gz", "wb") as file:
                file.write(bytes(header) + bytes([7] * count))
    (x, y), _ = datasets.fashion_mnist.load_data()
    assert x.shape == (2, 28, 28)
    assert y.tolist() == [7, 7]
    with pytest.raises(NotImplementedError, match=r"imdb.*pickled"):
        datasets.imdb.load_data(num_words=100)
    assert utils.get_file("mnist.npz", "http://example.org/mnist.npz") == str(folder / "mnist.npz")
    with pytest.raises(AttributeError, match="nothing"):
        _ = datasets.nothing
