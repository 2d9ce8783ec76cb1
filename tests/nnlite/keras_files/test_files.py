"""Files that Keras 3.15.1 wrote (see `make_golden`), files for it, and files that try to do harm."""

import gzip
import io
import json
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from nnlite import losses, metrics, optimizers
from nnlite.archive import FileFormatError
from nnlite.keras_files.attention import LAYERS as ATTENTION
from nnlite.keras_files.from_keras import plain
from nnlite.keras_files.names import LAYERS, NOT_IN_FILES, RENAMED
from nnlite.layers import GRU, LSTM, BatchNormalization, Bidirectional, Dense, GaussianLatent, Input, Layer, Masking
from nnlite.layers.later import MODULES
from nnlite.models import Model, Sequential, clone_model, load_model
from tests.nnlite.arrays import draw_single as draw

GOLDEN = Path(__file__).parent / "golden"
NAMES = ("nested", "series", "images", "attention", "pixels")


@pytest.fixture
def h5py():
    return pytest.importorskip("h5py", reason="files of Keras need h5py, the extra keras-files")


def unpacked(folder, name):
    (folder / name).write_bytes(gzip.decompress((GOLDEN / f"{name}.gz").read_bytes()))
    return folder / name


def known(name):
    found = json.loads((GOLDEN / f"{name}.json").read_text())
    return {key: np.array(value, np.float32) for key, value in found.items()}


def small():
    model = Sequential([Input((3,), name="in"), Dense(2, "relu", name="first"), Dense(2, name="second")], name="net")
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(draw(8, 3), draw(8, 2, seed=1), verbose=0)
    return model


def rewritten(path, change, name="config.json"):
    """Write a file again with one member changed."""
    with zipfile.ZipFile(path) as archive:
        members = {one: archive.read(one) for one in archive.namelist()}
    members[name] = change(members[name])
    with zipfile.ZipFile(path, "w") as archive:
        for one, content in members.items():
            archive.writestr(one, content)
    return path


# -- from Keras ----------------------------------------------------------------------------------


def inputs_of(case):
    return case["x"] if "x" in case else [case["x0"], case["x1"]]


@pytest.mark.parametrize("name", [*NAMES, "cells"])
@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_a_model_of_keras_predicts_and_trains_on_as_there(h5py, tmp_path, name, ending):
    model, case = load_model(unpacked(tmp_path, f"{name}.{ending}")), known(name)
    np.testing.assert_allclose(model.predict(inputs_of(case), verbose=0), case["predictions"], atol=2e-6)
    history = model.fit(inputs_of(case), case["y"], epochs=2, batch_size=4, shuffle=False, verbose=0)
    np.testing.assert_allclose(history.history["loss"], case["losses"], rtol=1e-4)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("ending", ["weights.h5", "keras", "h5"])
def test_weights_of_keras_are_loaded_by_the_order_of_the_layers(h5py, tmp_path, name, ending):
    model = clone_model(load_model(unpacked(tmp_path, f"{name}.keras"), compile=False))
    model.load_weights(unpacked(tmp_path, f"{name}.{ending}"))
    case = known(name)
    np.testing.assert_allclose(model.predict(inputs_of(case), verbose=0), case["predictions"], atol=2e-6)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_written_for_keras_has_the_arrays_that_keras_wrote(h5py, tmp_path, name):
    theirs = unpacked(tmp_path, f"{name}.keras")
    load_model(theirs).save(tmp_path / "ours.keras")
    opened = []
    for path in (theirs, tmp_path / "ours.keras"):
        file = h5py.File(io.BytesIO(zipfile.ZipFile(path).read("model.weights.h5")))
        found = {}
        file.visititems(lambda key, one, found=found: found.update({key: one[()]}) if hasattr(one, "shape") else None)
        opened.append(found)
    assert opened[0].keys() == opened[1].keys()
    for key, array in opened[0].items():
        np.testing.assert_array_equal(opened[1][key], array, err_msg=key)


def test_layers_that_are_random_in_training_have_the_settings_of_keras(h5py, tmp_path):
    theirs = unpacked(tmp_path, "random.keras")
    model, case = load_model(theirs), known("random")
    np.testing.assert_allclose(model.predict(case["x"], verbose=0), case["predictions"], atol=2e-6)
    assert not np.allclose(model(case["x"], training=True), case["predictions"], atol=0.01)


@pytest.mark.parametrize("name", [*NAMES, "random"])
def test_what_is_written_for_keras_has_its_arguments_with_its_values(h5py, tmp_path, name):
    theirs = unpacked(tmp_path, f"{name}.keras")
    load_model(theirs).save(tmp_path / "ours.keras")
    listed = []
    for path in (theirs, tmp_path / "ours.keras"):
        config = json.loads(zipfile.ZipFile(path).read("config.json"))["config"]
        layers = {one["config"]["name"]: one for one in config["layers"] if one["module"].startswith("keras.layers")}
        listed.append(layers)
    assert listed[0].keys() == listed[1].keys()
    for own, entry in listed[1].items():
        known_arguments = listed[0][own]["config"]
        for argument, value in entry["config"].items():
            if argument not in ("dtype", "trainable", "layer", "backward_layer", "output_shape"):
                assert plain(value) == plain(known_arguments[argument]), (own, argument)
        if entry["class_name"] in ATTENTION:
            uses = [one["inbound_nodes"][0]["kwargs"] for one in (entry, listed[0][own])]
            assert uses[0] == {key: value for key, value in uses[1].items() if value is True}


def test_every_layer_can_be_in_files_or_is_refused_with_a_reason():
    with_files = LAYERS | RENAMED.keys() | NOT_IN_FILES.keys()
    assert set(MODULES) == with_files
    assert not LAYERS & NOT_IN_FILES.keys()


# -- for Keras and back ----------------------------------------------------------------------------


@pytest.mark.parametrize("rule", ["sgd", "rmsprop", "adam", "nadam", "adamax", "adagrad", "adadelta", "ftrl", "lion"])
def test_a_model_returns_from_its_own_file_with_the_state_of_training(h5py, tmp_path, rule):
    inputs = Input((5, 2))
    x = Bidirectional(LSTM(3, return_sequences=True))(Masking()(inputs))
    model = Model(inputs, Dense(2, "gelu")(BatchNormalization()(GRU(2)(x))))
    model.compile(rule, "huber")
    data, y = draw(8, 5, 2), draw(8, 2, seed=1)
    model.fit(data, y, epochs=2, verbose=0)
    model.save(tmp_path / "m.keras")
    loaded = load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(loaded.predict(data, verbose=0), model.predict(data, verbose=0))
    losses = [one.fit(data, y, epochs=2, shuffle=False, verbose=0).history["loss"] for one in (model, loaded)]
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-5)
    assert loaded.optimizer.iterations == model.optimizer.iterations


def test_weights_return_from_their_own_file(h5py, tmp_path):
    model = small()
    model.save_weights(tmp_path / "m.weights.h5")
    assert h5py.is_hdf5(tmp_path / "m.weights.h5")
    other = clone_model(model)
    other.load_weights(tmp_path / "m.weights.h5")
    np.testing.assert_array_equal(other.parameters, model.parameters)


def test_other_names_keep_the_format_of_nnlite_and_old_files_are_known_by_content(tmp_path):
    model = small()
    model.save(tmp_path / "m.npz")
    (tmp_path / "m.keras").write_bytes((tmp_path / "m.npz").read_bytes())
    assert json.loads(zipfile.ZipFile(tmp_path / "m.npz").read("config.json"))["format"] == "nnlite"
    for name in ("m.npz", "m.keras"):
        np.testing.assert_array_equal(load_model(tmp_path / name).parameters, model.parameters)
        small().load_weights(tmp_path / name)


def test_equal_models_give_equal_files(h5py, tmp_path):
    model = small()
    model.save(tmp_path / "a.keras")
    model.save(tmp_path / "b.keras")
    assert (tmp_path / "a.keras").read_bytes() == (tmp_path / "b.keras").read_bytes()


# -- without h5py ----------------------------------------------------------------------------------


def test_without_h5py_files_of_keras_name_the_extra(tmp_path, monkeypatch):
    path = unpacked(tmp_path, "images.keras")
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ImportError, match="keras-files"):
        load_model(path)


@pytest.mark.parametrize(("save", "name"), [("save", "m.keras"), ("save_weights", "m.weights.h5")])
def test_without_h5py_a_file_is_written_in_the_format_of_nnlite_with_a_warning(tmp_path, monkeypatch, save, name):
    monkeypatch.setattr("nnlite.keras_files.formats.find_spec", lambda name: None)
    model = small()
    with pytest.warns(UserWarning, match="keras-files") as caught:
        getattr(model, save)(tmp_path / name)
    assert caught[0].filename == __file__
    small().load_weights(tmp_path / name)


# -- what is refused -------------------------------------------------------------------------------


class Custom(Dense):
    pass


def test_what_keras_does_not_have_is_written_in_our_own_format(h5py, tmp_path):
    path = tmp_path / "m.keras"
    for layer, match in ((Custom(2), "Custom"), (GaussianLatent(), "GaussianLatent")):
        with pytest.warns(UserWarning, match=f"own format.*no layer {match}"):
            Sequential([Input((4,)), layer]).save(path)
        assert load_model(path, custom_objects={"Custom": Custom}).count_params() == layer.count_params()
    model = small()
    model.compile("adam", "masked_mse")
    with pytest.warns(UserWarning, match="no loss MaskedMeanSquaredError"):
        model.save(path)
    assert load_model(path).loss is not None
    path.unlink()
    with pytest.raises(ValueError, match="input shape"):
        Sequential([Dense(2)]).save(path)
    assert not path.exists()


def cubic(y_true, y_pred):
    return np.mean(np.abs(y_pred - y_true) ** 3, axis=-1)


cubic.gradient = lambda y_true, y_pred: (
    3 * np.sign(y_pred - y_true) * (y_pred - y_true) ** 2 / np.float32(y_pred.shape[-1])
)


def test_functions_as_losses_and_metrics_travel_by_name(h5py, tmp_path):
    path = tmp_path / "m.keras"
    model = small()
    model.compile("adam", cubic, metrics=[cubic])
    x = np.random.default_rng(0).normal(size=(8, model.input_shape[-1])).astype(np.float32)
    y = np.zeros_like(model.predict(x, verbose=0))
    model.fit(x, y, verbose=0)
    model.save(path)
    loaded = load_model(path, custom_objects={"cubic": cubic})
    assert loaded.evaluate(x, y, verbose=0) == pytest.approx(model.evaluate(x, y, verbose=0))
    with pytest.raises(ValueError, match="cubic"):
        load_model(path)
    assert load_model(path, compile=False).count_params() == model.count_params()


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ('"class_name": "Dense"', '"class_name": "Lambda"', "Lambda.*never run"),
        ('"class_name": "Dense"', '"class_name": "RandomCrop"', "RandomCrop.*at inference"),
        (
            '"module": "keras.layers", "class_name": "Dense"',
            '"module": "os", "class_name": "system"',
            "unknown layer 'system'",
        ),
        ('"units": 2', '"units": 3', "shape"),
        ('"units": 2', '"units": 1000000000', "shape|values for one record"),
        ('"name": "second"', '"name": "third"', "belongs to layer 'second'"),
        ('"class_name": "Sequential"', '"class_name": "Mine"', "expected a Sequential or Functional"),
        ('"relu"', '"evil"', "evil"),
        ('"class_name": "Adam"', '"class_name": "Evil"', "Evil"),
        ('{"module"', '[{"module"', "cannot be read"),
        ('"units": 2', '"units": 2, "kernel_constraint": "evil"', "evil"),
    ],
)
def test_an_altered_configuration_is_refused_by_name(h5py, tmp_path, old, new, match):
    small().save(tmp_path / "m.keras")
    path = rewritten(tmp_path / "m.keras", lambda text: text.decode().replace(old, new).encode())
    with pytest.raises(FileFormatError, match=match):
        load_model(path)


def edited(h5py, path, change):
    with h5py.File(path, "r+") as file:
        change(file)
    return path


def with_link(file):
    import h5py

    file["layers/dense/vars/9"] = h5py.ExternalLink("/etc/passwd", "x")


def with_circle(file):
    file["layers/dense/again"] = file["layers"]


def with_compressed(file):
    del file["layers/dense/vars/0"]
    file.create_dataset("layers/dense/vars/0", data=np.zeros((3, 2)), compression="gzip")


def without_bytes(file):
    del file["layers/dense/vars/0"]
    file.create_dataset("layers/dense/vars/0", (3, 2_000_000_000), "f4", chunks=(3, 1000))


def with_texts(file):
    del file["layers/dense/vars/0"]
    file["layers/dense/vars/0"] = "text"


def with_nan(file):
    file["layers/dense/vars/0"][0, 0] = np.nan


def with_more(file):
    file["layers/dense/vars/2"] = np.zeros(2)


def with_less(file):
    del file["layers/dense_1/vars/1"]


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (with_link, "is a link"),
        (with_circle, "occurs twice"),
        (with_compressed, "compressed"),
        (without_bytes, "more than the bytes there are"),
        (with_texts, "expected numbers"),
        (with_nan, "NaN"),
        (with_more, "no layer of this model has"),
        (with_less, "holds no array 'layers/dense_1/vars/1'"),
    ],
)
def test_altered_weights_are_refused_and_change_nothing(h5py, tmp_path, change, match):
    model = small()
    model.save_weights(tmp_path / "m.weights.h5")
    before = model.parameters.copy()
    with pytest.raises(FileFormatError, match=match):
        model.load_weights(edited(h5py, tmp_path / "m.weights.h5", change))
    np.testing.assert_array_equal(model.parameters, before)


def test_a_truncated_file_is_refused(h5py, tmp_path):
    content = gzip.decompress((GOLDEN / "images.h5.gz").read_bytes())
    for length in (100, 3000, len(content) - 2000):
        (tmp_path / "cut.h5").write_bytes(content[:length])
        with pytest.raises(FileFormatError):
            load_model(tmp_path / "cut.h5")


def test_weights_alone_are_no_model(h5py, tmp_path):
    with pytest.raises(FileFormatError, match="weights alone"):
        load_model(unpacked(tmp_path, "images.weights.h5"))


def test_a_mask_of_the_users_own_is_refused(h5py, tmp_path):
    path = unpacked(tmp_path, "series.keras")
    # The comparison is no longer that of the Masking layer.
    rewritten(path, lambda text: text.replace(b'"mask_value": -1.0', b'"mask_value": -2.0'))
    with pytest.raises(FileFormatError, match="mask of its own"):
        load_model(path)


def test_custom_layers_are_created_only_if_they_are_passed(h5py, tmp_path):
    class Twice(Layer):
        def forward(self, x, training=False):
            return 2 * x, None

        def backward(self, dy, cache):
            return 2 * dy

    small().save(tmp_path / "m.keras")
    path = rewritten(
        tmp_path / "m.keras",
        lambda text: text.replace(
            b'"registered_name": null}], "build_input_shape"',
            b'"registered_name": null}, {"module": "mine", "class_name": "Twice", "config": {"name": "t", '
            b'"trainable": true}}],'
            b' "build_input_shape"',
        ),
    )
    with pytest.raises(FileFormatError, match="unknown layer 'Twice'"):
        load_model(path)
    x, loaded = draw(4, 3), load_model(path, custom_objects={"Twice": Twice}, compile=False)
    np.testing.assert_allclose(loaded.predict(x, verbose=0), 2 * Sequential(loaded.layers[:-1]).predict(x, verbose=0))


def test_every_optimizer_loss_and_metric_has_a_form_for_keras():
    from nnlite.keras_files.to_keras import compile_entry
    from nnlite.registry import serialize

    for rule in ("Adam", "SGD"):
        entry = compile_entry(
            {
                "optimizer": serialize(optimizers.get(rule)),
                "loss": [serialize(losses.get("mse"))],
                "loss_weights": [1.0],
                "metrics": [[serialize(metrics.get("accuracy"))]],
                "weighted_metrics": [[]],
            }
        )
        assert entry["optimizer"]["class_name"] == rule
        assert entry["metrics"] == ["accuracy"]
