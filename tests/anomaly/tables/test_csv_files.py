import csv
import errno
import gzip
import io
import os
import random
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anomaly.errors import DataError
from anomaly.tables import as_table
from anomaly.tables.csv_files import iter_csv, read_csv
from anomaly.tables.csv_writer import CsvWriter, write_csv

# Compressed data that goes wrong in the middle.
DAMAGED = gzip.compress(b"a,b\n" + random.Random(0).randbytes(999).hex().encode(), mtime=0)[:200] + b"\0" * 99


@pytest.fixture
def csv_file(tmp_path):
    def write(content, name="data.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def rows(table):
    return [list(row) for row in zip(*table.columns, strict=True)]


# -- reading -----------------------------------------------------------------------------------


def test_cells_are_unchanged_text(csv_file):
    table = read_csv(csv_file("a,b\n1, x \n,NaN\n"))
    assert table.names == ("a", "b")
    assert rows(table) == [["1", " x "], ["", "NaN"]]
    assert table["a"].dtype == object


def test_names_are_stripped(csv_file):
    assert read_csv(csv_file("a, b\n1,2\n")).names == ("a", "b")


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_delimiter_is_inferred(csv_file, mark):
    table = read_csv(csv_file(f"a{mark}b{mark}c\n1{mark}2{mark}3\n"))
    assert rows(table) == [["1", "2", "3"]]


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("time;value\n1;2,5\n2;3,5\n", ("time", "value")),  # decimal commas
        ("a,b;c\n1,2;x\n2,3\n", ("a", "b;c")),
        ('a|b\n"1,2,3"|x\n', ("a", "b")),  # commas within quotes
        ('a,b\n"x\ny;z",2\n', ("a", "b")),  # lines within quotes
        ("single\n1\n2\n", ("single",)),
        ("a;b\n" + "1;2\n" * 500, ("a", "b")),
    ],
)
def test_the_inferred_delimiter_fits_all_lines(csv_file, content, names):
    assert read_csv(csv_file(content)).names == names


def test_the_delimiter_can_be_given(csv_file):
    assert rows(read_csv(csv_file("a,b\n1,2\n"), delimiter=";")) == [["1,2"]]


@pytest.mark.parametrize("delimiter", ["", ",,", '"', "\n", "\0"])
def test_invalid_delimiters_are_refused(csv_file, delimiter):
    with pytest.raises(ValueError, match="delimiter must be one character"):
        read_csv(csv_file("a\n1\n"), delimiter=delimiter)
    with pytest.raises(ValueError, match="delimiter must be one character"):
        CsvWriter("-", delimiter=delimiter)


def test_without_a_header_columns_are_numbered(csv_file):
    table = read_csv(csv_file("1,2\n3,4\n"), header=False)
    assert table.names == ("0", "1")
    assert rows(table) == [["1", "2"], ["3", "4"]]
    assert table.position(0) == "line 1 (row 1)"


def test_quoted_fields_contain_any_character(csv_file):
    table = read_csv(csv_file('a,b\n"1,5","two\nlines"\n"say ""hi""",5" disk\n'))
    assert rows(table) == [["1,5", "two\nlines"], ['say "hi"', '5" disk']]
    assert table.position(1) == "line 4 (row 2)"


def test_blank_lines_are_skipped_and_counted(csv_file):
    table = read_csv(csv_file("\na,b\n\n1,2\n   \n,\n\n\n3,4\n\n"))
    assert rows(table) == [["1", "2"], ["3", "4"]]
    assert [table.position(i) for i in range(2)] == ["line 4 (row 1)", "line 9 (row 2)"]


def test_a_quoted_empty_field_in_a_single_column_is_a_row(csv_file):
    assert rows(read_csv(csv_file('a\n1\n""\n\n2\n'))) == [["1"], [""], ["2"]]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_lines_may_end_in_any_way(csv_file, newline):
    table = read_csv(csv_file(newline.join(["a,b", "1,2", "3,4"])))
    assert rows(table) == [["1", "2"], ["3", "4"]]
    assert table.position(1) == "line 3 (row 2)"


def test_a_byte_order_mark_is_no_part_of_the_name(csv_file):
    assert read_csv(csv_file(b"\xef\xbb\xbfa,b\n1,2\n")).names == ("a", "b")


def test_other_encodings_can_be_given(csv_file):
    assert rows(read_csv(csv_file("a\né\n".encode("latin-1")), encoding="latin-1")) == [["é"]]
    assert rows(read_csv(csv_file("a\né\n".encode("utf-16")), encoding="utf-16")) == [["é"]]


def test_gzip_is_recognised_by_its_bytes_not_its_name(csv_file):
    assert rows(read_csv(csv_file(gzip.compress(b"a\n1\n"), "data.csv"))) == [["1"]]
    assert rows(read_csv(csv_file(b"a\n1\n", "data.csv.gz"))) == [["1"]]


class Input:
    def __init__(self, content):
        self.buffer = io.BufferedReader(io.BytesIO(content))


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_dash_is_standard_input(monkeypatch, pack):
    source = Input(pack(b"a,b\n1,2\n"))
    monkeypatch.setattr(sys, "stdin", source)
    assert rows(read_csv("-")) == [["1", "2"]]
    assert not source.buffer.closed


def test_standard_input_is_named_in_messages(monkeypatch):
    monkeypatch.setattr(sys, "stdin", Input(b""))
    with pytest.raises(DataError, match="^standard input is empty"):
        read_csv("-")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "data.csv' is empty"),
        (b"\n\n", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"a,b\n", "has a header and no rows"),
        (b"a,b\n1,2\n\n3\n4,5\n", "line 4: found 1 fields, expected 2"),
        (b"a,b\n1,2\n3,4,5\n", "line 3: found 3 fields, expected 2"),
        (b"a,b,a\n1,2,3\n", "line 1: column names must be distinct; found more than once: 'a'"),
        (b"\na,,c\n1,2,3\n", "line 2: column 2 has no name; name every column.*--no-header"),
        (b"a,b,\n1,2,\n1,2,3\n", "line 3: found '3' in column 3, which has no name"),
        (b'a,b\n1,2\n"3,4\n5,6\n', "record that starts on line 3 cannot be read: unexpected end"),
        (b'a,b\n"1"x,2\n', "record that starts on line 2 cannot be read: ',' expected after '\"'"),
        (b"a,b\n1,2\n3,\xff\n", "line 3: found the byte 0xff, which is not text in encoding 'utf-8'"),
        (b"a,b\n1,2\n3,\0\n", "line 3: found a NUL character"),
        ("a,b\n1,2\n".encode("utf-16")[2:], "line 1: found a NUL character.*perhaps 'utf-16-le'"),
        ("a,b\n1,2\n".encode("utf-16-be"), "line 1: found a NUL character.*perhaps 'utf-16-be'"),
        ("a,b\né,2\n".encode("latin-1"), "line 2: found the byte 0xe9.*perhaps 'cp1252'"),
        (b"\x89\xfe\r\n\x1a\n", "line 1: found the byte 0x89"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0)[:-4], "gzip data is truncated or damaged"),
        (b"\x1f\x8bnonsense", "gzip data is truncated or damaged"),
        (DAMAGED, "truncated or damaged"),
        (b"a,b\n1,2\n" + b"x" * 200_000 + b",3\n", "line 3.*: field larger than field limit"),
    ],
)
def test_errors_in_invalid_files_name_the_line(csv_file, content, message):
    with pytest.raises(DataError, match=message):
        read_csv(csv_file(content))


def test_errors_in_undecodable_bytes_name_the_line_in_long_files(csv_file):
    good = b"some,words\n" * 5000
    with pytest.raises(DataError, match="line 5001: found the byte 0xfe"):
        read_csv(csv_file(good + b"a,\xfe\n" + good))


def test_utf16_without_byte_order_mark_is_refused(csv_file):
    with pytest.raises(
        DataError,
        match="line 1: (UTF-16 stream does not start with BOM; give the file's encoding|.*perhaps 'utf-16-be')",
    ):
        read_csv(csv_file("a,b\n".encode("utf-16-be")), encoding="utf-16")


def test_unknown_encodings_are_refused(csv_file):
    with pytest.raises(DataError, match="encoding 'nonsense' is unknown to Python; give one such as 'utf-8'"):
        read_csv(csv_file("a\n1\n"), encoding="nonsense")


def test_missing_files_and_folders_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"cannot read '.*nowhere.csv': there is no such file"):
        read_csv(tmp_path / "nowhere.csv")
    with pytest.raises(DataError, match=r"cannot read '.*': it is a folder"):
        read_csv(tmp_path)


def test_without_a_header_one_line_is_enough_and_none_is_not(csv_file):
    assert rows(read_csv(csv_file("1,2"), header=False)) == [["1", "2"]]
    with pytest.raises(DataError, match="is empty"):
        read_csv(csv_file(""), header=False)


def test_equal_fields_share_one_text_object(csv_file):
    column = read_csv(csv_file("a\n" + "some text\n" * 500))["a"]
    assert len({id(cell) for cell in column}) == 1


# -- chunks ------------------------------------------------------------------------------------


@pytest.mark.parametrize("chunk_rows", [1, 3, 10, 2048, 2049, 50_000])
def test_concatenated_chunks_are_the_file(csv_file, chunk_rows):
    path = csv_file("a,b\n" + "".join(f"{i},{-i}\n" for i in range(5000)))
    chunks = list(iter_csv(path, chunk_rows=chunk_rows))
    assert [len(chunk) for chunk in chunks[:-1]] == [chunk_rows] * (len(chunks) - 1)
    assert [cell for chunk in chunks for cell in chunk["a"]] == [str(i) for i in range(5000)]
    assert chunks[-1].position(len(chunks[-1]) - 1) == "line 5001 (row 5000)"
    assert chunks[-1].first_row == 5001 - len(chunks[-1])


def test_an_error_comes_after_the_chunks_before_it(csv_file):
    chunks = iter_csv(csv_file("a,b\n1,2\n3\n"), chunk_rows=1)
    assert len(next(chunks)) == 1
    with pytest.raises(DataError, match="line 3: found 1 fields"):
        next(chunks)


def test_chunks_need_rows(csv_file):
    with pytest.raises(ValueError, match="chunk_rows must be at least 1; found 0"):
        next(iter_csv(csv_file("a\n1\n"), chunk_rows=0))


def test_memory_does_not_grow_with_the_file(csv_file):
    def peak(n_rows):
        path = csv_file("a,b,c\n" + "".join(f"{i},{i / 7},text\n" for i in range(n_rows)), f"{n_rows}.csv")
        tracemalloc.start()
        for _ in iter_csv(path, chunk_rows=1000):
            pass
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    assert peak(20_000) < 1.2 * peak(5_000)


# -- writing -----------------------------------------------------------------------------------


def test_columns_are_written_so_that_they_read_the_same(tmp_path):
    path = tmp_path / "out.csv"
    with CsvWriter(path) as writer:
        writer.write_row(["f", "g", "i", "b", "t", "d", "u"])
        writer.write_columns(
            [
                np.array([0.1 + 0.2, np.nan]),
                np.array([0.1, np.nan], dtype=np.float32),
                np.array([1, -2]),
                np.array([True, False]),
                np.array(["a,b", None], dtype=object),
                np.array(["2020-01-01", "NaT"], dtype="M8[D]"),
                np.array(["x", "y\nz"]),
            ]
        )
    assert path.read_text() == (
        'f,g,i,b,t,d,u\n0.30000000000000004,0.1,1,True,"a,b",2020-01-01,x\n,,-2,False,,,"y\nz"\n'
    )


def test_chunks_are_appended(tmp_path):
    table = as_table({"a": [1.5, 2.5], "b": ["x", None]})
    write_csv(tmp_path / "one.csv", table)
    write_csv(tmp_path / "two.csv", iter([table.rows([0]), table.rows([1])]))
    assert (tmp_path / "one.csv").read_text() == "a,b\n1.5,x\n2.5,\n"
    assert (tmp_path / "two.csv").read_bytes() == (tmp_path / "one.csv").read_bytes()


def test_the_delimiter_of_output_can_be_given(tmp_path):
    write_csv(tmp_path / "out.csv", as_table({"a": [1], "b": ["x;y"]}), delimiter=";")
    assert (tmp_path / "out.csv").read_text() == 'a;b\n1.0;"x;y"\n'


def test_names_that_end_in_gz_are_compressed_and_reproducible(tmp_path):
    table = as_table({"a": ["x"] * 1000})
    write_csv(tmp_path / "one.csv.gz", table)
    write_csv(tmp_path / "two.csv.gz", table)
    content = (tmp_path / "one.csv.gz").read_bytes()
    assert content == (tmp_path / "two.csv.gz").read_bytes()
    assert gzip.decompress(content) == b"a\n" + b"x\n" * 1000
    assert rows(read_csv(tmp_path / "one.csv.gz")) == rows(table)


def test_a_dash_is_standard_output(capsys):
    write_csv("-", as_table({"a": [1], "b": ["é"]}))
    assert capsys.readouterr().out == "a,b\n1.0,é\n"
    print("still open")
    assert capsys.readouterr().out == "still open\n"


def broken(table):
    yield table
    raise RuntimeError("no more")


@pytest.mark.parametrize("name", ["out.csv", "out.csv.gz"])
def test_an_error_leaves_the_earlier_file_and_nothing_else(tmp_path, name):
    (tmp_path / name).write_text("old")
    with pytest.raises(RuntimeError, match="no more"):
        write_csv(tmp_path / name, broken(as_table({"a": ["x"] * 10_000})))
    assert (tmp_path / name).read_text() == "old"
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("name", ["out.csv", "out.csv.gz"])
def test_a_full_disk_leaves_the_earlier_file_and_nothing_else(tmp_path, name, monkeypatch):
    (tmp_path / name).write_text("old")

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_csv(tmp_path / name, as_table({"a": ["x"]}))
    assert (tmp_path / name).read_text() == "old"
    assert os.listdir(tmp_path) == [name]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_noticed_while_writing():
    with pytest.raises(OSError, match="No space left"):
        write_csv("/dev/full", as_table({"a": ["x" * 1000] * 1000}))


def test_files_in_no_folder_are_refused(tmp_path):
    with pytest.raises(OSError, match="no folder"):
        write_csv(tmp_path / "nowhere" / "out.csv", as_table({"a": [1]}))


def test_different_tables_do_not_go_into_one_file(tmp_path):
    with pytest.raises(DataError, match="same columns; found 'a' and 'b'"):
        write_csv(tmp_path / "out.csv", [as_table({"a": [1]}), as_table({"b": [1]})])
    with pytest.raises(DataError, match="no table to write"):
        write_csv(tmp_path / "out.csv", [])
    assert os.listdir(tmp_path) == []


# -- there and back ----------------------------------------------------------------------------

# All that can stand in a file of text: no NUL, no halves of characters. Quotes, delimiters and line ends are frequent.
characters = st.one_of(
    st.sampled_from('\r\n",;\t| a'), st.characters(exclude_categories=["Cs"], exclude_characters="\0")
)
text = st.one_of(st.just(""), st.text(characters, max_size=8))


@settings(max_examples=60, deadline=None)
@given(
    cells=st.integers(1, 4).flatmap(
        lambda width: st.lists(st.lists(text, min_size=width, max_size=width), min_size=1, max_size=6)
    ),
    delimiter=st.sampled_from(",;\t|"),
    suffix=st.sampled_from(["", ".gz"]),
)
def test_any_text_survives_writing_and_reading(tmp_path_factory, cells, delimiter, suffix):
    path = tmp_path_factory.mktemp("csv") / f"data.csv{suffix}"
    table = as_table({f"c{j}": list(column) for j, column in enumerate(zip(*cells, strict=True))})
    write_csv(path, table, delimiter=delimiter)
    assert rows(read_csv(path, delimiter=delimiter)) == cells


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_numbers_survive_to_the_last_bit(tmp_path_factory, numbers):
    path = tmp_path_factory.mktemp("csv") / "data.csv"
    write_csv(path, as_table({"a": numbers}))
    assert [float(cell) for cell in read_csv(path)["a"]] == numbers


def test_a_lone_carriage_return_is_quoted_in_its_row_alone(tmp_path):
    write_csv(tmp_path / "data.csv", as_table({"a": ["x", "y\rz"], "b": ["1", "2"]}))
    assert (tmp_path / "data.csv").read_bytes() == b'a,b\nx,1\n"y\rz","2"\n'


def test_empty_cells_in_a_single_column_stay_rows(tmp_path):
    write_csv(tmp_path / "data.csv", as_table({"a": ["", None, " ", "x"]}))
    assert rows(read_csv(tmp_path / "data.csv")) == [[""], [""], [" "], ["x"]]


def test_files_of_another_writer_are_read(tmp_path):
    path = tmp_path / "data.csv"
    with open(path, "w", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([["a", "b"], ["1", 'x "y"\r\nz']])
    assert rows(read_csv(path)) == [["1", 'x "y"\r\nz']]
