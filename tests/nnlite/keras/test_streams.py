"""Generators, datasets and other iterables of batches in fit, evaluate and predict; windows, sequences and images."""

import numpy as np
import pytest

from nnlite import preprocessing, utils
from nnlite.callbacks import TensorBoard
from nnlite.layers import Dense, Input
from nnlite.models import Sequential
from nnlite.preprocessing import Dataset, PyDataset, image, timeseries_dataset_from_array
from nnlite.preprocessing.sequence import TimeseriesGenerator, pad_sequences

X = np.random.default_rng(0).normal(size=(24, 3)).astype(np.float32)
Y = X.sum(axis=1, keepdims=True)


def model_of(first=True):
    utils.set_random_seed(0)
    model = Sequential([*([Input((3,))] if first else []), Dense(4, activation="tanh"), Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    return model


def endless():
    while True:
        for start in range(0, 24, 6):
            yield X[start : start + 6], Y[start : start + 6]


class Batches(PyDataset):
    def __init__(self):
        super().__init__()
        self.ended = 0

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return X[6 * index : 6 * index + 6], Y[6 * index : 6 * index + 6]

    def on_epoch_end(self):
        self.ended += 1


class Loader:
    """Lists of batches, as PyTorch's loaders give them."""

    def __iter__(self):
        return iter([[X[i : i + 6], Y[i : i + 6]] for i in range(0, 24, 6)])

    def __len__(self):
        return 4


SOURCES = {
    "generator": (endless, {"steps_per_epoch": 4}),
    "PyDataset": (Batches, {"shuffle": False}),
    "loader": (Loader, {}),
    "dataset": (lambda: Dataset.from_tensor_slices((X, Y)).batch(6).prefetch(1), {}),
    "repeated dataset": (lambda: Dataset.from_tensor_slices((X, Y)).batch(6).repeat(), {"steps_per_epoch": 4}),
    "cached dataset": (lambda: Dataset.from_generator(lambda: zip(X, Y, strict=True)).batch(6).cache(), {}),
    "arrays in steps": (lambda: (X, Y), {"steps_per_epoch": 4, "shuffle": False, "batch_size": 6}),
}


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("first", [True, False], ids=["with input", "without"])
def test_a_source_trains_like_its_arrays(name, first):
    make, settings = SOURCES[name]
    source = make()
    given = source if isinstance(source, tuple) else (source,)
    model = model_of(first)
    history = model.fit(*given, epochs=3, verbose=0, **settings)
    expected = model_of(first)
    of_arrays = expected.fit(X, Y, batch_size=6, epochs=3, shuffle=False, verbose=0, backend="numpy")
    for key, values in of_arrays.history.items():
        assert history.history[key] == pytest.approx(values, rel=1e-5)
    np.testing.assert_allclose(model.predict(X), expected.predict(X), rtol=1e-4, atol=1e-6)


def test_validation_evaluation_and_prediction_on_sources():
    model = model_of()
    history = model.fit(
        endless(), steps_per_epoch=4, epochs=2, verbose=0, validation_data=endless(), validation_steps=4
    )
    assert history.history["val_loss"][-1] == pytest.approx(model.evaluate(X, Y, verbose=0)[0], rel=1e-5)
    assert model.evaluate(Batches(), verbose=0) == pytest.approx(model.evaluate(X, Y, verbose=0), rel=1e-5)
    assert model.evaluate(endless(), steps=4, verbose=0) == pytest.approx(model.evaluate(X, Y, verbose=0), rel=1e-5)
    dataset = Dataset.from_tensor_slices((X, Y)).batch(7)
    np.testing.assert_allclose(model.predict(dataset), model.predict(X), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(model.predict(endless(), steps=1), model.predict(X[:6]), rtol=1e-4, atol=1e-6)
    for data, settings in (((X, Y), {"validation_data": Batches()}), ((X, Y), {"validation_split": 0.25})):
        found = model.fit(*data, steps_per_epoch=2, verbose=0, **settings)
        assert "val_mae" in found.history
    assert "val_mae" in model.fit(Batches(), validation_data=(X, Y), verbose=0).history


def test_order_and_end_of_epochs_of_a_py_dataset():
    batches = Batches()
    model = model_of()
    model.fit(batches, epochs=3, verbose=0)
    assert batches.ended == 3
    other = model_of()
    other.fit(Batches(), epochs=3, verbose=0, shuffle=False)
    assert not np.array_equal(model.get_weights()[0], other.get_weights()[0])


def test_a_generator_that_ends_warns_and_an_empty_one_is_refused(capsys):
    model = model_of()
    with pytest.warns(UserWarning, match="ended before epoch 2"):
        history = model.fit(((X[i : i + 8], Y[i : i + 8]) for i in (0, 8)), epochs=3)
    assert history.epoch == [0]
    assert "2/2" in capsys.readouterr().out
    with pytest.raises(ValueError, match="gives no batches"):
        model.fit(iter([]), verbose=0)
    with pytest.raises(ValueError, match="y is missing"):
        model.fit(iter([X]), verbose=0)
    with pytest.raises(ValueError, match="4 parts"):
        model.fit(iter([(X, Y, Y, Y)]), verbose=0)
    with pytest.raises(ValueError, match="leave y, sample_weight and validation_split out"):
        model.fit(Batches(), Y, verbose=0)
    with pytest.raises(ValueError, match="computed by the layers"):
        model.fit(Batches(), verbose=0, backend="numba")


def test_sample_and_class_weights_of_batches():
    labels = (Y > 0).astype(np.float32)
    weights = np.where(labels[:, 0] == 1, 3.0, 1.0)
    kernels = []
    for x, settings in (
        (Dataset.from_tensor_slices((X, labels)).batch(6), {"class_weight": {1: 3.0}}),
        (Dataset.from_tensor_slices((X, labels, weights)).batch(6), {}),
    ):
        model = model_of()
        model.fit(x, verbose=0, **settings)
        kernels.append(model.get_weights()[0])
    np.testing.assert_allclose(*kernels, rtol=1e-6)


# -- datasets -------------------------------------------------------------------------------------


def lists(dataset):
    return [np.asarray(one).tolist() for one in dataset]


def test_methods_of_datasets():
    ten = Dataset.range(10)
    assert lists(ten.take(3)) == [0, 1, 2]
    assert lists(ten.skip(8)) == [8, 9]
    assert lists(ten.filter(lambda x: x % 5 == 0)) == [0, 5]
    assert lists(ten.batch(4, drop_remainder=True)) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert lists(ten.batch(4).unbatch()) == list(range(10))
    assert lists(ten.take(2).repeat(2)) == [0, 1, 0, 1]
    assert lists(ten.take(1).concatenate(ten.skip(9))) == [0, 9]
    assert sorted(lists(ten.shuffle(4, seed=1))) == list(range(10)) != lists(ten.shuffle(4, seed=1))
    fixed = ten.shuffle(10, seed=3, reshuffle_each_iteration=False)
    assert lists(fixed) == lists(fixed)
    assert [len(d) for d in (ten.batch(3), ten.take(20), ten.skip(4), ten.repeat(3))] == [4, 10, 6, 30]
    with pytest.raises(TypeError, match="unknown"):
        len(ten.repeat())
    pairs = Dataset.zip((ten, ten.map(lambda x: x**2))).batch(3)
    assert [part.tolist() for part in next(iter(pairs))] == [[0, 1, 2], [0, 1, 4]]
    named = Dataset.from_tensor_slices({"a": np.arange(4), "b": np.zeros((4, 2))}).batch(4)
    assert next(iter(named))["b"].numpy().shape == (4, 2)
    with pytest.raises(ValueError, match="same number of rows"):
        Dataset.from_tensor_slices((X, Y[:3]))


def test_windows_of_a_series_by_hand():
    series = np.arange(10)
    batches = timeseries_dataset_from_array(series, 10 * series, 3, sequence_stride=2, sampling_rate=2, batch_size=2)
    (x, y), (x2, y2) = batches
    assert x.tolist() == [[0, 2, 4], [2, 4, 6]]
    assert (y.tolist(), x2.tolist(), y2.tolist()) == ([0, 20], [[4, 6, 8]], [40])
    assert len(batches) == 2
    part = timeseries_dataset_from_array(series, 10 * series, 3, start_index=2, end_index=6)
    assert [one.tolist() for one in next(iter(part))] == [[[2, 3, 4], [3, 4, 5]], [20, 30]]
    alone = timeseries_dataset_from_array(series, None, 9, batch_size=None)
    assert lists(alone) == [list(range(9)), list(range(1, 10))]
    shuffled = timeseries_dataset_from_array(series, None, 2, shuffle=True, seed=0)
    assert sorted(lists(shuffled)[0]) == [[i, i + 1] for i in range(9)]
    with pytest.raises(ValueError, match="sequence_stride must be"):
        timeseries_dataset_from_array(series, None, 2, sequence_stride=0)


def test_windows_of_keras_2():
    windows = TimeseriesGenerator(np.arange(10), np.arange(10), length=4, sampling_rate=2, stride=3, batch_size=2)
    assert [part.tolist() for part in windows[0]] == [[[0, 2], [3, 5]], [4, 7]]
    assert len(windows) == 1
    with pytest.raises(ValueError, match="no window"):
        TimeseriesGenerator(np.arange(3), np.arange(3), length=4)


def test_sequences_are_padded_and_cut_as_in_keras():
    assert pad_sequences([[1, 2, 3], [4]], maxlen=2, padding="post", truncating="post").tolist() == [[1, 2], [4, 0]]
    assert pad_sequences([[1, 2, 3], [4]], value=9).tolist() == [[1, 2, 3], [9, 9, 4]]
    with pytest.raises(ValueError, match="padding must be"):
        pad_sequences([[1]], padding="both")


def test_images_in_a_folder(tmp_path):
    for name, value in (("dark", 10), ("light", 200)):
        (tmp_path / name).mkdir()
        for k in range(3):
            image.save_img(tmp_path / name / f"{k}.png", np.full((4, 6, 3), value), scale=False)
    images = preprocessing.image_dataset_from_directory(tmp_path, image_size=(2, 3), batch_size=4, shuffle=False)
    (x, y), (_, rest) = images
    assert x.shape == (4, 2, 3, 3)
    assert [*y.tolist(), *rest.tolist()] == [0, 0, 0, 1, 1, 1]
    assert x[0].mean() == 10
    parts = [
        preprocessing.image_dataset_from_directory(tmp_path, validation_split=1 / 3, subset=subset, seed=1)
        for subset in ("training", "validation")
    ]
    assert [sum(len(y) for _, y in part) for part in parts] == [4, 2]
    assert image.img_to_array(utils.load_img(tmp_path / "dark" / "0.png", color_mode="grayscale")).shape == (4, 6, 1)
    with pytest.raises(ValueError, match="holds no images"):
        preprocessing.image_dataset_from_directory(tmp_path / "dark")


def test_further_utilities(tmp_path):
    assert utils.normalize([[3.0, 4.0], [0.0, 0.0]]).tolist() == [[0.6, 0.8], [0.0, 0.0]]
    left, right = utils.split_dataset(np.arange(10), left_size=0.7)
    assert (lists(left), lists(right)) == (list(range(7)), [7, 8, 9])
    assert utils.Sequence is PyDataset
    with pytest.raises(RuntimeError, match="downloads nothing"):
        utils.get_file("a", "http://example.org/a")
    utils.plot_model(model_of(), tmp_path / "model.png", show_shapes=True, show_layer_names=True)
    assert (tmp_path / "model.png").stat().st_size > 1000
    with pytest.raises(ValueError, match="no graph yet"):
        utils.plot_model(Sequential([Dense(1)]))
    with pytest.warns(UserWarning, match="TensorBoard does nothing here"):
        callback = TensorBoard(log_dir="logs", histogram_freq=1)
    model_of().fit(X, Y, verbose=0, callbacks=[callback])
