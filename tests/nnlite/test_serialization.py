import io
import json
import os
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlite.archive import FileFormatError, dump_archive, read_archive, write_archive
from nnlite.files import atomic_write
from nnlite.layers import Add, BatchNormalization, Dense, Input, Layer
from nnlite.losses import Loss
from nnlite.models import Model, Sequential, load_model
from nnlite.optimizers import Adam
from tests.nnlite.arrays import draw_single as draw


def trained():
    a, b = Input((4,), name="a"), Input((4,), name="b")
    shared = Dense(4, "gelu", kernel_regularizer="l2", name="shared")
    inner = Sequential([Input((4,)), BatchNormalization(), Dense(3)], name="inner")
    model = Model([a, b], [inner(Add()([shared(a), shared(b)])), Dense(1, name="out")(b)])
    model.compile(Adam(0.01, clipnorm=1.0), ["mse", "huber"], [1.0, 0.5], metrics=[["mae"], []])
    x, y = [draw(9, 4), draw(9, 4, seed=1)], [draw(9, 3, seed=2), draw(9, 1, seed=3)]
    model.fit(x, y, epochs=3)
    return model, x, y


def simple():
    return Sequential([Input((3,), name="in"), Dense(2, "relu", name="only")], name="net")


def test_a_loaded_model_predicts_and_continues_training_bit_by_bit(tmp_path):
    model, x, y = trained()
    model.save(tmp_path / "m.npz")
    loaded = load_model(tmp_path / "m.npz")
    for one, other in zip(model.predict(x), loaded.predict(x), strict=True):
        np.testing.assert_array_equal(one, other)
    assert loaded.evaluate(x, y) == model.evaluate(x, y)
    assert loaded.optimizer.iterations == 3
    for m in (model, loaded):
        m.fit(x, y, epochs=2, shuffle=False)
    np.testing.assert_array_equal(model.parameters, loaded.parameters)


def test_frozen_layers_stay_frozen(tmp_path):
    model = Sequential([Input((3,)), Dense(2, name="cold"), Dense(1)])
    model.get_layer("cold").trainable = False
    model.compile("adam", "mse")
    model.fit(draw(4, 3), draw(4, 1))
    model.save(tmp_path / "m.npz")
    loaded = load_model(tmp_path / "m.npz")
    assert not loaded.get_layer("cold").trainable
    assert loaded.weight_vector.n_trainable == 3
    np.testing.assert_array_equal(loaded.predict(draw(4, 3)), model.predict(draw(4, 3)))


def test_an_uncompiled_model_is_loaded_uncompiled(tmp_path):
    simple().save(tmp_path / "m.npz")
    assert not load_model(tmp_path / "m.npz").compiled


def test_a_compiled_model_can_be_loaded_uncompiled(tmp_path):
    model, x, _ = trained()
    model.save(tmp_path / "m.npz")
    loaded = load_model(tmp_path / "m.npz", compile=False)
    assert not loaded.compiled
    np.testing.assert_array_equal(loaded.predict(x)[0], model.predict(x)[0])


def test_weighted_metrics_are_saved(tmp_path):
    model = simple()
    model.compile("sgd", "mse", weighted_metrics=["mae"])
    model.save(tmp_path / "m.npz")
    data = (draw(4, 3), draw(4, 2))
    found = load_model(tmp_path / "m.npz").evaluate(*data, return_dict=True)
    assert found == model.evaluate(*data, return_dict=True)
    assert set(found) == {"loss", "mae"}


def test_a_sequential_without_input_is_saved_without_weights(tmp_path):
    Sequential([Dense(2)]).save(tmp_path / "m.npz")
    loaded = load_model(tmp_path / "m.npz")
    assert not loaded.built
    assert loaded.predict(draw(4, 3)).shape == (4, 2)


class Cubic(Loss):
    def per_sample(self, y_true, y_pred):
        return (np.abs(y_pred - y_true) ** 3).mean(axis=-1)

    def slope(self, y_true, y_pred):
        return 3 * (y_pred - y_true) * np.abs(y_pred - y_true) / y_pred.shape[-1]


def test_a_sequential_without_input_is_saved_compiled(tmp_path):
    model = Sequential([Dense(2)])
    model.compile(Adam(0.5), Cubic(), metrics=["mae"])
    model.save(tmp_path / "m.npz")
    with pytest.raises(FileFormatError, match="unknown loss 'Cubic'"):
        load_model(tmp_path / "m.npz")
    assert not load_model(tmp_path / "m.npz", compile=False).compiled
    # The loss is made while loading: later on, nobody says what the name stands for.
    loaded = load_model(tmp_path / "m.npz", custom_objects={"Cubic": Cubic})
    history = loaded.fit(draw(8, 3), draw(8, 2)).history
    assert set(history) == {"loss", "mae"}
    assert loaded.optimizer.learning_rate == 0.5


def test_the_same_model_gives_the_same_bytes(tmp_path):
    model = simple()
    model.save(tmp_path / "a.npz")
    model.save(tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_numpy_can_read_the_file(tmp_path):
    model = simple()
    model.save(tmp_path / "m.npz")
    with np.load(tmp_path / "m.npz", allow_pickle=False) as file:
        assert file["weights"].shape == (8,)
        config = json.loads(file["config.json"])
    assert (config["format"], config["version"], config["kind"]) == ("nnlite", 1, "model")


def test_weights_alone(tmp_path):
    model, other = simple(), simple()
    model.save_weights(tmp_path / "w.npz")
    other.load_weights(tmp_path / "w.npz")
    np.testing.assert_array_equal(model.parameters, other.parameters)
    larger = Sequential([Input((3,)), Dense(5)])
    with pytest.raises(FileFormatError, match=r"weights must be 20 numbers .* shape \(8,\)"):
        larger.load_weights(tmp_path / "w.npz")


def test_overwrite_false_keeps_an_existing_file(tmp_path):
    simple().save(tmp_path / "m.npz")
    with pytest.raises(FileExistsError, match="pass overwrite=True"):
        simple().save(tmp_path / "m.npz", overwrite=False)


class Doubling(Layer):
    def forward(self, x, training=False):
        return 2 * x, None

    def backward(self, dy, cache):
        return 2 * dy


def test_custom_layers_load_only_as_custom_objects(tmp_path):
    Sequential([Input((2,)), Doubling()]).save(tmp_path / "m.npz")
    with pytest.raises(FileFormatError, match="unknown layer 'Doubling'"):
        load_model(tmp_path / "m.npz")
    loaded = load_model(tmp_path / "m.npz", custom_objects={"Doubling": Doubling})
    assert loaded.predict([[1.0, 2.0]]).tolist() == [[2, 4]]
    with pytest.raises(FileFormatError, match="not a Layer"):
        load_model(tmp_path / "m.npz", custom_objects={"Doubling": lambda **_: 3})


# -- files that are not what they should be ----------------------------------------------------


def saved(tmp_path):
    path = tmp_path / "m.npz"
    simple().save(path)
    return path


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such file"):
        load_model(tmp_path / "none.npz")
    with pytest.raises(IsADirectoryError, match="is a folder"):
        load_model(tmp_path)
    with pytest.raises(IsADirectoryError, match="is a folder"):
        simple().save(tmp_path)
    with pytest.raises(FileNotFoundError, match="create it first"):
        simple().save(tmp_path / "no" / "m.npz")


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", b"PK\x03\x04", np.random.default_rng(0).bytes(500)],
    ids=("empty", "text", "zip", "noise"),
)
def test_a_file_in_another_format_raises_a_clear_error(tmp_path, content):
    path = tmp_path / "m.npz"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match="not a file that nnlite wrote"):
        load_model(path)


def test_every_truncation_is_detected(tmp_path):
    content = saved(tmp_path).read_bytes()
    for size in range(0, len(content), 37):
        (tmp_path / "cut.npz").write_bytes(content[:size])
        with pytest.raises(FileFormatError):
            load_model(tmp_path / "cut.npz")


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_altered_byte_crashes_the_reader(tmp_path_factory, data):
    content = bytearray(dump_archive("model", {"model": {}}, {"weights": np.arange(4.0)}))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    try:
        config, arrays = read_archive(bytes(content), "model")
    except FileFormatError:
        return
    # What the checksums don't cover (dates, attributes) may change, the contents may not.
    assert config == {"model": {}}
    np.testing.assert_array_equal(arrays["weights"], np.arange(4.0))


def rewritten(path, change=None, **members):
    """Change members of an archive as an attacker would: checksums made anew."""
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    if change:
        config = json.loads(contents["config.json"])
        change(config)
        contents["config.json"] = json.dumps(config).encode()
    contents.update(members)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return path


def npy(header, data=b""):
    text = header.encode().ljust(118 - 11, b" ") + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


def layer_config(config):
    return config["model"]["config"]["layers"][0]["config"]


ALTERED = {
    "format": lambda c: c.update(format="other"),
    "version text": lambda c: c.update(version="1"),
    "version zero": lambda c: c.update(version=0),
    "kind": lambda c: c.update(kind="detector"),
    "no model": lambda c: c.pop("model"),
    "unknown class": lambda c: c["model"].update(class_name="os.system"),
    "config no mapping": lambda c: c["model"].update(config=[1]),
    "layers no list": lambda c: c["model"]["config"].update(layers=3),
    "unknown layer": lambda c: c["model"]["config"]["layers"][0].update(class_name="Evil"),
    "other units": lambda c: layer_config(c).update(units=3),
    "units huge": lambda c: layer_config(c).update(units=10**15),
    "units text": lambda c: layer_config(c).update(units="2"),
    "unknown argument": lambda c: layer_config(c).update(callback="x"),
    "activation": lambda c: layer_config(c).update(activation={"class_name": "Exec", "config": {}}),
    "activation number": lambda c: layer_config(c).update(activation=3),
    "slope text": lambda c: layer_config(c).update(
        activation={"class_name": "ReLU", "config": {"negative_slope": "x"}}
    ),
    "dtype": lambda c: layer_config(c).update(dtype="object"),
    "input shape": lambda c: c["model"]["config"]["input"]["config"].update(shape=[10**12]),
    "compiled": lambda c: c.update(compiled={"optimizer": "adam"}),
    "optimizer": lambda c: c.update(
        compiled={
            "optimizer": {"class_name": "Adam", "config": {"nope": 1}},
            "loss": ["mse"],
            "loss_weights": [1],
            "metrics": [[]],
            "iterations": 0,
        }
    ),
}


@pytest.mark.parametrize("change", ALTERED.values(), ids=ALTERED)
def test_an_altered_configuration_raises_a_clear_error(tmp_path, change):
    with pytest.raises(FileFormatError):
        load_model(rewritten(saved(tmp_path), change))


def test_the_error_for_a_later_version_suggests_an_update(tmp_path):
    path = rewritten(saved(tmp_path), lambda config: config.update(version=99))
    with pytest.raises(FileFormatError, match="has format version 99, .* reads up to 1; update"):
        load_model(path)


@pytest.mark.parametrize("text", [b"[1]", b"{", b"\xff", b"[" * 100_000, b"3"])
def test_an_invalid_configuration_is_rejected(tmp_path, text):
    with pytest.raises(FileFormatError):
        load_model(rewritten(saved(tmp_path), **{"config.json": text}))


HEADERS = {
    "more than there is": "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }",
    "less than there is": "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }",
    "negative": "{'descr': '<f4', 'fortran_order': False, 'shape': (-8,), }",
    "objects": "{'descr': '|O', 'fortran_order': False, 'shape': (4,), }",
    "text": "{'descr': '<U2', 'fortran_order': False, 'shape': (4,), }",
    "records": "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (8,), }",
    "big-endian": "{'descr': '>f4', 'fortran_order': False, 'shape': (8,), }",
    "columns first": "{'descr': '<f4', 'fortran_order': True, 'shape': (8,), }",
    "a call": "__import__('os').getcwd()",
    "no literal": "{'descr': ",
    "deep": "(" * 90,
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_an_altered_array_raises_a_clear_error(tmp_path, header):
    path = rewritten(saved(tmp_path), **{"weights.npy": npy(header, bytes(32))})
    with pytest.raises(FileFormatError):
        load_model(path)


def test_pickled_arrays_are_rejected(tmp_path):
    content = io.BytesIO()
    np.save(content, np.array([print], dtype=object), allow_pickle=True)
    path = rewritten(saved(tmp_path), **{"weights.npy": content.getvalue()})
    with pytest.raises(FileFormatError, match="dtype object"):
        load_model(path)


def test_compressed_members_are_rejected(tmp_path):
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", b" " * 50_000_000)
    with pytest.raises(FileFormatError, match="claims to hold more than"):
        load_model(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", os.urandom(100))
    with pytest.raises(FileFormatError, match="compressed|claims"):
        load_model(path)


def test_duplicate_members_are_rejected(tmp_path):
    path = tmp_path / "twice.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", b"{}")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("config.json", b"{}")
    with pytest.raises(FileFormatError, match="two members of one name"):
        load_model(path)


def test_an_archive_without_configuration(tmp_path):
    path = tmp_path / "plain.npz"
    np.savez(path, weights=np.zeros(3))
    with pytest.raises(FileFormatError, match=r"holds no config.json"):
        load_model(path)


def test_missing_or_misshapen_weights(tmp_path):
    for arrays in ({}, {"weights": np.zeros(3)}, {"weights": np.zeros(8, np.int64)}):
        config = {"model": {"class_name": "Sequential", "config": simple().get_config()}}
        write_archive(tmp_path / "m.npz", "model", config, arrays)
        with pytest.raises(FileFormatError, match="weights must be 8 numbers"):
            load_model(tmp_path / "m.npz")


def test_arrays_of_other_dtypes_are_not_written(tmp_path):
    with pytest.raises(ValueError, match="array 'names' has dtype"):
        write_archive(tmp_path / "m.npz", "model", {}, {"names": np.array(["a"])})
    assert list(tmp_path.iterdir()) == []


# -- nothing is lost on an error ---------------------------------------------------------------


def test_a_full_disk_keeps_the_old_file(tmp_path, monkeypatch):
    path = saved(tmp_path)
    before = path.read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        simple().save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupted_write_leaves_nothing(tmp_path):
    def write_half():
        with atomic_write(tmp_path / "x") as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert list(tmp_path.iterdir()) == []


def test_a_replaced_file_keeps_its_permissions(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"old")
    path.chmod(0o640)
    with atomic_write(path) as file:
        file.write(b"new")
    assert path.stat().st_mode & 0o777 == 0o640
    with atomic_write(tmp_path / "y") as file:
        file.write(b"new")
    mask = os.umask(0)
    os.umask(mask)
    assert (tmp_path / "y").stat().st_mode & 0o777 == 0o666 & ~mask
