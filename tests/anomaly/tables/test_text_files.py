"""Text files: plain or gzipped, with errors that name the line."""

import gzip

import pytest

from anomaly.errors import DataError
from anomaly.tables.byte_source import ByteSource
from anomaly.tables.text_files import create_text, describe_path, open_bytes
from anomaly.tables.text_lines import TextLines


def lines_of(path, encoding="utf-8"):
    with open_bytes(path) as opened:
        return list(TextLines(ByteSource(opened.stream, encoding, "file", opened.is_live), "file"))


def test_paths_are_quoted_and_a_dash_is_standard_input(tmp_path):
    assert describe_path("-") == "standard input"
    assert describe_path(tmp_path / "a b.csv") == repr(str(tmp_path / "a b.csv"))


@pytest.mark.parametrize("name", ["text.csv", "text.csv.gz"])
def test_written_text_is_read_unchanged(tmp_path, name):
    path = tmp_path / name
    with create_text(path) as stream:
        stream.write("é,b\r\nc")
    assert (path.read_bytes()[:2] == b"\x1f\x8b") == name.endswith("gz")
    assert lines_of(path) == ["é,b\r\n", "c"]


def write_and_fail(path):
    with create_text(path) as stream:
        stream.write("later")
        raise RuntimeError("stop")


def test_an_error_leaves_the_earlier_file(tmp_path):
    path = tmp_path / "text.csv"
    path.write_text("earlier")
    with pytest.raises(RuntimeError, match="stop"):
        write_and_fail(path)
    assert path.read_text() == "earlier"
    assert [file.name for file in tmp_path.iterdir()] == ["text.csv"]


@pytest.mark.parametrize(
    ("content", "encoding", "message"),
    [
        (b"a\nb\xff", "utf-8", "file, line 2: found the byte 0xff, which is not text in encoding 'utf-8'"),
        (b"a\n\n\0", "utf-8", "file, line 3: found a NUL character"),
        (b"a", "nonsense", "encoding 'nonsense' is unknown to Python"),
        (gzip.compress(b"a\nb\n", mtime=0)[:-4], "utf-8", "file, after line 2: the gzip data is truncated or damaged"),
    ],
)
def test_errors_name_the_line(tmp_path, content, encoding, message):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        lines_of(path, encoding)
