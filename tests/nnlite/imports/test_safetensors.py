"""The reader of safetensors files: what is whole is read, what is damaged is refused by one kind of error."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnlite.archive import FileFormatError
from nnlite.imports import read_safetensors
from tests.nnlite.imports.files import REFERENCE, content_of

ARRAYS = {
    "a": np.arange(6, dtype=np.float32).reshape(2, 3),
    "b.c": np.float64(7.5).reshape(()),
    "counts": np.array([1, -2]),
    "empty": np.zeros((0, 3), np.float16),
}


def read(folder, content):
    path = folder / "w.safetensors"
    path.write_bytes(content)
    return read_safetensors(path)


def test_arrays_are_read_as_they_were(tmp_path):
    found = read(tmp_path, content_of(ARRAYS))
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_bfloat16_becomes_float32(tmp_path):
    bits = np.array([0x3F80, 0xC040], np.uint16)
    found = read(tmp_path, content_of({"a": bits}, dtype="BF16"))["a"]
    assert found.tolist() == [1.0, -3.0]
    assert found.dtype == np.float32


HUGE = (2**63).to_bytes(8, "little")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a safetensors file"),
        (HUGE + b"{}", "not a safetensors file"),
        ((2).to_bytes(8, "little") + b"[]", "not a safetensors file"),
        ((2).to_bytes(8, "little") + b"{!", "not valid JSON"),
        ((15).to_bytes(8, "little") + b'{"a":{},"a":{}}', "a name stands in it twice"),
        ((8).to_bytes(8, "little") + b'{"a":{}}', "needs dtype, shape and data_offsets"),
        (content_of(ARRAYS)[:-1], "may be truncated"),
        (content_of(ARRAYS) + b"x", "1 bytes at its end belong to no array"),
        (content_of({"a": ARRAYS["a"]}, dtype="F8_E4M3"), "has the dtype 'F8_E4M3'; expected one of"),
        (content_of({"a": ARRAYS["a"]}, shape=[2**62, 2**62]), "does not fit its place"),
        (content_of({"a": ARRAYS["a"]}, shape=[-2, -3]), "needs dtype, shape"),
        (content_of({"a": ARRAYS["a"]}, shape=[True, 6]), "needs dtype, shape"),
        (content_of({"a": ARRAYS["a"], "b": ARRAYS["a"]}, data_offsets=[0, 24]), "overlap or leave a gap"),
        (content_of({"a": ARRAYS["a"]}, data_offsets=[4, 0]), "does not fit its place"),
        (content_of({"a": np.zeros((0,), np.float32)}, shape=[0, 2**70]), "impossible shape"),
    ],
)
def test_a_damaged_file_is_refused(content, message, tmp_path):
    with pytest.raises(FileFormatError, match=message):
        read(tmp_path, content)


@given(st.data())
def test_any_change_of_bytes_is_read_or_refused(tmp_path_factory, data):
    content = bytearray(REFERENCE.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        # The header is where meaning is.
        content[data.draw(st.integers(0, 3000))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("damaged") / "w.safetensors"
    path.write_bytes(content)
    try:
        arrays = read_safetensors(path)
    except FileFormatError:
        return
    assert sum(array.nbytes for array in arrays.values()) <= len(content)
