"""Files in forms that are not plainly a table: read with a warning, or refused with what to do."""

import bz2
import lzma
import warnings

import numpy as np
import pytest

from anomaly.errors import DataError, FileFormWarning, SpellingWarning
from anomaly.preprocessing import TablePreprocessor
from anomaly.tables.csv_files import iter_csv, read_csv

RNG = np.random.default_rng(0)
ROWS = [
    f"{x:.2f},{y:.3f},{z}"
    for x, y, z in zip(RNG.normal(20, 2, 60), RNG.normal(50, 5, 60), RNG.choice(["on", "off"], 60), strict=True)
]
HEADER = "temp,pressure,mode"
LOGGER = [
    '"TOA5","CR1000","CR1000","1234","CR1000.Std.32","CPU:x.CR1","555","Table1"',
    '"TIMESTAMP","temp","pressure"',
    '"TS","Deg C","hPa"',
    '"","Avg","Smp"',
]

READ = {
    "units": ([HEADER, "C,bar,-", *ROWS], "line 2: left out as units, types or a rule below the header: 'C, bar, -'"),
    "one unit with a symbol": ([HEADER, "°C,,", *ROWS], "line 2: left out as units"),
    "units in brackets": ([HEADER, "[C],[bar],[]", *ROWS], "line 2: left out as units"),
    "units in parentheses": ([HEADER, "(°C),(hPa),", *ROWS], "line 2: left out as units"),
    "types": ([HEADER, "float,float,str", *ROWS], "line 2: left out as units"),
    "a rule": ([HEADER, "---,---,---", *ROWS], "line 2: left out as units"),
    "a rule with colons": ([HEADER, ":---,---:,:---:", *ROWS], "line 2: left out as units"),
    "a header in the middle": ([HEADER, *ROWS[:30], HEADER, *ROWS[30:]], r"line 32 \(row 31\): left out the header"),
    "headers in the middle": (
        [HEADER, *ROWS[:20], HEADER, *ROWS[20:40], HEADER, *ROWS[40:]],
        r"line 22 \(row 21\): left out the header",
    ),
}


def write(path, lines):
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("name", READ)
def test_rows_that_are_no_records_are_left_out_with_a_warning(name, backend, tmp_path):
    lines, warning = READ[name]
    path, plain = write(tmp_path / "a.csv", lines), write(tmp_path / "b.csv", [HEADER, *ROWS])
    expected = read_csv(plain, numbers=["temp", "pressure"])
    with pytest.warns(FileFormWarning, match=warning):
        table = read_csv(path, numbers=["temp", "pressure"], backend=backend)
    assert table.names == expected.names
    for column, other in zip(table.columns, expected.columns, strict=True):
        assert column.astype(other.dtype).tolist() == other.tolist()
    with pytest.warns(FileFormWarning, match=warning):
        assert sum(map(len, iter_csv(path, chunk_rows=7, backend=backend))) == 60


def test_a_logger_s_four_lines_of_header_are_understood(tmp_path):
    records = [f'"2024-01-01 00:{i:02}:00",{row.rpartition(",")[0]}' for i, row in enumerate(ROWS)]
    path = write(tmp_path / "a.csv", [*LOGGER, *records])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        table = read_csv(path)
    assert (table.names, len(table)) == (("TIMESTAMP", "temp", "pressure"), 60)
    assert [str(one.message).split(": left out")[0].rpartition(", ")[2] for one in caught[1:]] == ["line 3", "line 4"]


@pytest.mark.parametrize("first", ["x,50.1,on", "oops,51,off", "n/a,n/a,on", ",,on", "?,?,?"])
def test_a_record_with_an_error_or_missing_cells_is_no_row_of_units(first, tmp_path):
    assert len(read_csv(write(tmp_path / "a.csv", [HEADER, first, *ROWS]))) == 61


REFUSED = {
    "bzip2": bz2.compress(HEADER.encode()),
    "xz": lzma.compress(HEADER.encode()),
    "Parquet": b"PAR1" + bytes(100),
    "Excel": b"PK\x03\x04" + bytes(100),
    "old Excel": b"\xd0\xcf\x11\xe0" + bytes(100),
    "SQLite": b"SQLite format 3\0" + bytes(100),
    "HDF5": b"\x89HDF\r\n\x1a\n" + bytes(100),
    "PDF": b"%PDF-1.4\n" + bytes(100),
    "LVM": b"LabVIEW Measurement\t\nWriter_Version\t2\n",
    "TDMS": b"TDSm" + bytes(100),
    "MDF": b"MDF     4.10    " + bytes(100),
    "NetCDF": b"CDF\x01" + bytes(100),
    "SPSS": b"$FL2@(#) SPSS" + bytes(100),
    "Stata": b"<stata_dta><header>" + bytes(100),
    "Avro": b"Obj\x01" + bytes(100),
    "ORC": b"ORC" + bytes(100),
    "7z": b"7z\xbc\xaf\x27\x1c" + bytes(100),
    "word processor": b"{\\rtf1\\ansi}\n",
    "pickle": b"\x80\x04\x95" + bytes(100),
    "NumPy": b"\x93NUMPY\x01\x00" + bytes(100),
    "HTML": b"<!DOCTYPE html>\n<html><body><table>\n",
    "XML": b"\xef\xbb\xbf<?xml version='1.0'?>\n<a>1</a>\n",
    "JSON": b'{"a": 1, "b": 2}\n{"a": 3, "b": 4}\n',
}


@pytest.mark.parametrize("name", REFUSED)
def test_files_of_other_formats_are_refused_by_name(name, tmp_path):
    (tmp_path / "a.csv").write_bytes(REFUSED[name])
    with pytest.raises(DataError, match=f"'.*a.csv' is no CSV file, but .*{name.split()[-1]}"):
        read_csv(tmp_path / "a.csv")


def test_commas_that_may_be_either_are_decimal_where_those_of_another_column_are():
    cells = {"a": [f"{row.split(',')[0]}".replace(".", ",") for row in ROWS], "b": []}
    cells["b"] = [row.split(",")[1].replace(".", ",") for row in ROWS]
    with pytest.warns(SpellingWarning, match="column 'b': '.*' has a decimal comma, as other columns do"):
        both = TablePreprocessor("none", missing="nan").fit(cells)
    with pytest.warns(SpellingWarning, match="commas are marks of thousands"):
        alone = TablePreprocessor("none", missing="nan").fit({"b": cells["b"]})
    assert 40 < both.transform(cells)[:, 1].mean() < 60
    assert alone.transform({"b": cells["b"]}).mean() > 40_000


@pytest.mark.parametrize("mark", ["^", "~", ":", "::", "#", "/", "\x1f"])
def test_one_column_of_which_each_line_holds_a_rare_delimiter_is_refused(mark, tmp_path):
    path = write(tmp_path / "a.csv", [row.replace(",", mark) for row in (HEADER, *ROWS)])
    with pytest.raises(DataError, match=r"one column, 'temp.*, of which each line holds 2: .*delimiter"):
        read_csv(path)
    assert len(read_csv(path, delimiter=",").names) == 1
    if len(mark) == 1:
        assert read_csv(path, delimiter=mark).names == tuple(HEADER.split(","))


@pytest.mark.parametrize("lines", [["time", "12:30", "12:31", "12:45"], ["a/b", "1/2/3", "4/5", "5/6"]])
def test_a_column_that_holds_such_a_character_is_one(lines, tmp_path):
    assert read_csv(write(tmp_path / "a.csv", lines)).names == (lines[0],)
