"""Lines of a pipe as they arrive."""

import gzip
import os
import tracemalloc

import pytest

from anomaly.errors import DataError
from anomaly.tables.byte_source import ByteSource
from anomaly.tables.csv_files import iter_csv
from anomaly.tables.text_lines import TextLines


@pytest.fixture
def pipe():
    read_end, write_end = os.pipe()
    with open(read_end, "rb") as reader, open(write_end, "wb", buffering=0) as writer:
        yield reader, writer


def live_lines(reader, encoding="utf-8"):
    return TextLines(ByteSource(reader, encoding, "pipe", is_live=True), "pipe")


def test_lines_end_as_in_a_file(pipe):
    reader, writer = pipe
    writer.write("\ufeffa\r\nb\rc\u2028d\x0ce\n\nf".encode())
    lines = live_lines(reader, "utf-8-sig")
    assert [next(lines) for _ in range(4)] == ["a\r\n", "b\r", "c\u2028d\x0ce\n", "\n"]
    assert not lines.has_next()
    writer.close()
    assert lines.has_next()
    assert list(lines) == ["f"]
    assert lines.has_next()


def test_a_character_or_a_line_end_may_come_in_two_parts(pipe):
    reader, writer = pipe
    lines = live_lines(reader)
    writer.write(b"caf\xc3")
    assert not lines.has_next()
    writer.write(b"\xa9\r")
    assert not lines.has_next()
    writer.write(b"\nnext\n")
    assert [next(lines), next(lines)] == ["café\r\n", "next\n"]


def test_an_undecodable_byte_is_the_error_of_its_line(pipe):
    reader, writer = pipe
    lines = live_lines(reader)
    writer.write(b"fine\n")
    assert next(lines) == "fine\n"
    writer.write(b"\xff\n")
    assert lines.has_next()
    with pytest.raises(DataError, match="pipe, line 2: found the byte 0xff"):
        next(lines)


def test_tables_end_where_the_next_row_has_not_arrived(tmp_path):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    write_end = os.open(path, os.O_RDWR)
    try:
        os.write(write_end, b"a;b\n1,5;2\n")
        tables = iter_csv(path)
        first = next(tables)
        assert (first.names, first["a"].tolist()) == (("a", "b"), ["1,5"])
        os.write(write_end, b"3;4\n\n5;6\n7;")
        second = next(tables)
        assert second["b"].tolist() == ["4", "6"]
        assert second.position(1) == "line 5 (row 3)"
        os.write(write_end, b"8\n1\n")
        with pytest.raises(DataError, match="line 7: found 1 fields, expected 2"):
            next(tables)
    finally:
        os.close(write_end)


def test_long_input_comes_in_whole_chunks(tmp_path):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    write_end = os.open(path, os.O_RDWR)
    try:
        os.write(write_end, b"a\n" + b"1\n" * 250)
        assert [len(next(iter_csv(path, chunk_rows=100)))] == [100]
    finally:
        os.close(write_end)


def test_an_endless_line_takes_no_memory_without_limit(tmp_path):
    path = tmp_path / "zeros.csv.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(10):
            file.write(b"0" * 1_000_000)
    tracemalloc.start()
    with pytest.raises(DataError, match="line 1: the line has more than 4,194,304 characters"):
        next(iter_csv(path))
    assert tracemalloc.get_traced_memory()[1] < 40e6
    tracemalloc.stop()
