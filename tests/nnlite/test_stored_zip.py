"""Uncompressed zip files, read without `zipfile`."""

import io
import zipfile

import numpy as np
import pytest

from nnlite.archive import FileFormatError, dump_archive, read_archive
from nnlite.stored_zip import stored_members


def _written(**options):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", **options) as archive:
        archive.writestr("one", b"first bytes")
        archive.writestr("two/three", b"")
        archive.writestr("four", bytes(range(256)))
    return buffer.getvalue()


def test_members_are_those_of_zipfile():
    content = _written()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert stored_members(content) == {name: archive.read(name) for name in archive.namelist()}


def test_an_empty_archive_has_no_members():
    buffer = io.BytesIO()
    zipfile.ZipFile(buffer, "w").close()
    assert stored_members(buffer.getvalue()) == {}


@pytest.mark.parametrize("content", [b"", b"PK", bytes(100), _written()[:-1], _written() + b"\0", _written()[1:]])
def test_what_is_no_such_file_is_left_to_others(content):
    assert stored_members(content) is None


def test_compressed_members_are_left_to_others():
    assert stored_members(_written(compression=zipfile.ZIP_DEFLATED)) is None


def test_two_members_of_one_name_are_left_to_others():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a", b"1")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a", b"2")
    assert stored_members(buffer.getvalue()) is None


def test_names_beyond_ascii_are_left_to_others():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("grün", b"1")
    assert stored_members(buffer.getvalue()) is None


def test_a_changed_byte_is_found_or_changes_nothing():
    content, known = _written(), stored_members(_written())
    for place in range(len(content)):
        for bit in (1, 128):
            changed = bytearray(content)
            changed[place] ^= bit
            found = stored_members(bytes(changed))
            assert found is None or list(found.values()) == list(known.values())


def test_large_sizes_take_no_memory():
    content = bytearray(_written())
    place = content.index(b"PK\1\2")
    content[place + 20 : place + 28] = b"\xf0\xff\xff\xff" * 2
    assert stored_members(bytes(content)) is None


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(3, np.float32),
        np.zeros((2, 0, 3), np.int64),
        np.ones((1, 2), bool),
        np.zeros(4, np.uint8),
    ],
)
def test_headers_of_numpy_are_read(array):
    _, arrays = read_archive(dump_archive("model", {}, {"a": array}), "model")
    assert arrays["a"].dtype == array.dtype
    assert arrays["a"].shape == array.shape
    np.testing.assert_array_equal(arrays["a"], array)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"(2, 3), }", b"(3, 2), }"),
        (b"(2, 3), }", b"[2, 3], }"),
        (b"(2, 3), }", b"(2, -3), "),
        (b"(2, 3), }", b"(2, 4), }"),
        (b"'<f8'", b"'|O8'"),
        (b"'<f8'", b"'>f8'"),
        (b"False", b"True "),
    ],
)
def test_other_headers_are_refused_or_read_as_numpy_does(before, after):
    member = io.BytesIO()
    np.lib.format.write_array(member, np.arange(6.0).reshape(2, 3), version=(1, 0))
    content = member.getvalue().replace(before, after)
    config = dump_archive("model", {}, {"a": np.zeros(1)})
    with zipfile.ZipFile(io.BytesIO(config)) as archive:
        head = archive.read("config.json")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("config.json", head)
        archive.writestr("a.npy", content)
    if after == b"(3, 2), }":
        assert read_archive(buffer.getvalue(), "model")[1]["a"].shape == (3, 2)
        return
    with pytest.raises(FileFormatError):
        read_archive(buffer.getvalue(), "model")
