"""Files of a few bytes whose layers would compute gigabytes are refused, unless the caller trusts them."""

import numpy as np
import pytest

from nnlite.archive import FileFormatError, dump_archive, read_archive
from nnlite.layers import (
    LSTM,
    AveragePooling1D,
    Conv1D,
    Dense,
    Flatten,
    Input,
    MaxPooling2D,
    RepeatVector,
    TimeDistributed,
    UpSampling1D,
    UpSampling2D,
    ZeroPadding1D,
    ZeroPadding2D,
)
from nnlite.limits import largest_record
from nnlite.models import Model, Sequential, load_model

HUGE = 2_000_000_000
CASES = {
    "upsampling": [Input((4, 2)), UpSampling1D(HUGE)],
    "upsampling of unknown length": [Input((None, 2)), UpSampling1D(HUGE)],
    "bilinear": [Input((4, 4, 1)), UpSampling2D((HUGE, 2), interpolation="bilinear")],
    "repeat": [Input((2,)), RepeatVector(HUGE)],
    "dilation": [Input((8, 2)), Conv1D(2, 2, padding="causal", dilation_rate=HUGE)],
    "dilation of unknown length": [Input((None, 2)), Conv1D(2, 2, padding="same", dilation_rate=HUGE)],
    "padding": [Input((8, 2)), ZeroPadding1D(HUGE)],
    "padding of images": [Input((8, 8, 2)), ZeroPadding2D(((0, HUGE), (0, 0)))],
    "pool size": [Input((8, 2)), AveragePooling1D(HUGE, strides=1, padding="same")],
    "strides": [Input((8, 8, 2)), MaxPooling2D(2, strides=(HUGE, 1), padding="same")],
    "many steps": [Input((2,)), RepeatVector(10_000_000), LSTM(1)],
    "several that multiply": [Input((4, 2)), UpSampling1D(4000), UpSampling1D(4000)],
    "within a wrapper": [Input((3, 4, 2)), TimeDistributed(UpSampling1D(HUGE))],
    "within a network": [Input((2,)), Sequential([Input((2,)), RepeatVector(HUGE)])],
}


@pytest.mark.parametrize("case", CASES)
def test_a_small_file_cannot_ask_for_gigabytes(case, tmp_path):
    Sequential(CASES[case]).save(tmp_path / "m.npz")
    assert (tmp_path / "m.npz").stat().st_size < 10_000
    with pytest.raises(FileFormatError, match=r"computes [\d,]+ values for one record; the limit is 4,194,304"):
        load_model(tmp_path / "m.npz")


def test_the_caller_may_raise_the_limit(tmp_path):
    inputs = Input((4, 1))
    model = Model(inputs, Flatten()(UpSampling1D(2_000_000)(inputs)))
    model.save(tmp_path / "m.npz")
    with pytest.raises(FileFormatError):
        load_model(tmp_path / "m.npz")
    with largest_record(20_000_000):
        assert load_model(tmp_path / "m.npz").output_shape == (None, 8_000_000)
    with pytest.raises(FileFormatError):
        load_model(tmp_path / "m.npz")
    with pytest.raises(ValueError, match="values must be"), largest_record(0):
        pass


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_refused(value, tmp_path):
    model = Sequential([Input((3,)), Dense(2)])
    model.compile("adam", "mse")
    model.fit(np.ones((4, 3)), np.ones((4, 2)))
    model.save(tmp_path / "m.npz")
    config, arrays = read_archive(tmp_path / "m.npz", "model")
    for name in arrays:
        changed = {**arrays, name: np.where(np.arange(arrays[name].size) == 1, np.float32(value), arrays[name])}
        (tmp_path / "changed.npz").write_bytes(dump_archive("model", config, changed))
        with pytest.raises(FileFormatError, match=f"the array '{name}' holds (nan|inf); expected finite"):
            load_model(tmp_path / "changed.npz")
    (tmp_path / "w.npz").write_bytes(dump_archive("model", {}, {"weights": np.full(8, value, np.float32)}))
    with pytest.raises(FileFormatError, match="expected finite"):
        model.load_weights(tmp_path / "w.npz")
    config["compiled"]["optimizer"]["config"]["learning_rate"] = value
    (tmp_path / "changed.npz").write_bytes(dump_archive("model", config, arrays))
    with pytest.raises(FileFormatError, match=r"optimizer\.config\.learning_rate is"):
        load_model(tmp_path / "changed.npz")


def test_nesting_is_bounded(tmp_path):
    deep = 0
    for _ in range(500):
        deep = [deep]
    (tmp_path / "deep.npz").write_bytes(dump_archive("model", {"model": deep}, {}))
    with pytest.raises(FileFormatError, match="nested more than 100 deep"):
        load_model(tmp_path / "deep.npz")
