"""ARFF files: what each line may hold, what is refused with its number, and the values of SciPy on plain files."""

import io
import time
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.errors import DataError, FileFormWarning
from anomaly.tables.arff_files import read_arff

CELLS = {
    "levels with a comma": ("c {'a,b',c}", ["'a,b'", "c"], ["a,b", "c"]),
    "an escaped quote": (r"c {'it\'s',c}", [r"'it\'s'", "c"], ["it's", "c"]),
    "double quotes": ('"my c" {"a b",c}', ['"a b"', "c"], ["a b", "c"]),
    "blanks around": ("c { a , b }", ["  a ", "b"], ["a", "b"]),
    "a question mark in quotes is no missing value": ("c {'?',b}", ["'?'", "?"], ["?", None]),
    "letters beyond ASCII": ("c {ä,ö}", ["ä", "ö"], ["ä", "ö"]),
    "text": ("c string", ["'x, y'", "?"], ["x, y", None]),
    "an integer with decimals": ("c integer", ["1.5", "?"], [1.5, np.nan]),
    "a range": ("c real [0,1]", ["0.5", "-inf"], [0.5, -np.inf]),
    "a date": ("c date", ["2024-01-02T03:04:05", "?"], [np.datetime64("2024-01-02T03:04:05"), np.datetime64("NaT")]),
    "a date of its own format": (
        "c date \"dd.MM.yyyy 'at' HH:mm\"",
        ['"02.01.2024 at 03:04"'],
        [datetime(2024, 1, 2, 3, 4)],
    ),
}


def _write(path, attributes, rows):
    lines = ["@RELATION r", *(f"@Attribute {a}" for a in attributes), "% a comment", "", "@DATA", *rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("kind", CELLS)
def test_cells(tmp_path, kind):
    attribute, cells, expected = CELLS[kind]
    path = _write(tmp_path / "data.arff", [attribute, "x real"], [f"{cell},{i}" for i, cell in enumerate(cells)])
    found = read_arff(path)
    np.testing.assert_array_equal(found.columns[0], expected)
    assert found["x"].tolist() == list(range(len(cells)))


def test_sparse_records_hold_zeros_and_first_levels(tmp_path):
    path = _write(tmp_path / "data.arff", ["x real", "c {no,yes}", "s string"], ["{1 yes, 0 2.5}", "{}", "{2 'a, b'}"])
    found = read_arff(path)
    assert found["x"].tolist() == [2.5, 0.0, 0.0]
    assert found["c"].tolist() == ["yes", "no", "no"]
    assert found["s"].tolist() == [None, None, "a, b"]
    assert found.categorical == {"c"}


@pytest.mark.parametrize(
    ("attributes", "row", "message"),
    [
        (["x real", "y real"], "1,2,3", "line 7: found 3 cells, expected 2"),
        (["x real", "y real"], "1", "line 7: found 1 cells, expected 2"),
        (["c {a,b}"], "A", "line 6: column 'c': expected one of 'a', 'b'; found 'A'"),
        (["x real"], "1_0", "line 6: column 'x': expected a number; found '1_0'"),
        (["x real"], "'1", "line 6: quotes do not match"),
        (["x real"], "{3 1}", "line 6: expected the position of an attribute, 0 to 0; found '3 1'"),
        (["d date"], "2024", "line 6: column 'd': expected a date like %Y-%m-%dT%H:%M:%S; found '2024'"),
        (["x real", "x real"], "1,2", "line 6: attributes must have distinct names; found 'x', 'x'"),
        (["x relational"], "1", "line 2: attribute 'x' is 'relational'; expected numeric, string, date, or levels"),
        (["d date 'w'"], "1", "line 2: date 'd': the letter 'w' of the format 'w' has no counterpart here"),
        (["c {a,"], "a", "line 2: the levels of 'c' must end in '}' on the same line"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path, attributes, row, message):
    path = _write(tmp_path / "data.arff", attributes, [row])
    with pytest.raises(DataError) as found:
        read_arff(path)
    assert message in str(found.value)


def test_weights_and_latin_1_are_told(tmp_path):
    path = tmp_path / "data.arff"
    path.write_bytes("@relation r\n@attribute größe real\n@data\n1, {5}\n2\n".encode("latin-1"))
    with pytest.warns(FileFormWarning) as told:
        found = read_arff(str(path))
    assert found["größe"].tolist() == [1.0, 2.0]
    assert {str(w.message).partition(": ")[2] for w in told} == {
        "not UTF-8, and read as Latin-1",
        "weights of records are not used",
    }


numbers = st.floats(allow_nan=False, width=32)


@given(rows=st.lists(st.tuples(numbers, st.sampled_from(["red", "dark blue"]), numbers), min_size=1, max_size=20))
def test_plain_files_are_read_as_by_scipy(tmp_path_factory, rows):
    arff = pytest.importorskip("scipy.io.arff", reason="SciPy is the reference")
    attributes = ["x real", "c {red,'dark blue'}", "'y y' numeric"]
    path = _write(tmp_path_factory.mktemp("arff") / "data.arff", attributes, [f"{x},'{c}',{y!r}" for x, c, y in rows])
    found = read_arff(path)
    with open(path, encoding="utf-8") as file:
        reference, _ = arff.loadarff(io.StringIO(file.read()))
    np.testing.assert_array_equal(found["x"], reference["x"])
    np.testing.assert_array_equal(found["y y"], reference["y y"])
    assert found["c"].tolist() == [value.decode() for value in reference["c"]]


@given(body=st.text(alphabet="@dataribute relnmcsg{}'\",?%\\\n 01.5x", max_size=120))
def test_any_text_is_read_or_refused(tmp_path_factory, body):
    path = tmp_path_factory.mktemp("arff") / "data.arff"
    path.write_text(body + "\n@attribute z real\n@data\n" + body, encoding="utf-8")
    try:
        found = read_arff(str(path))
    except DataError:
        return
    assert len(found) > 0


def test_blanks_before_a_brace_are_read_once(tmp_path):
    path = tmp_path / "m.arff"
    path.write_text("@relation r\n@attribute a numeric\n@attribute c {x}\n@data\n1,x" + " " * 200_000 + "y}\n")
    start = time.process_time()
    with pytest.raises(DataError, match="line 5: column 'c'"):
        read_arff(str(path))
    assert time.process_time() - start < 3  # half a minute, if each blank is a start


def test_a_small_sparse_file_is_no_large_table(tmp_path, monkeypatch):
    path = tmp_path / "m.arff"
    attributes = "".join(f"@attribute a{i} numeric\n" for i in range(100))
    path.write_text(f"@relation r\n{attributes}@data\n" + "{}\n" * 100)
    assert len(read_arff(str(path))) == 100
    monkeypatch.setattr("anomaly.tables.arff_files._MOST_CELLS", 5000)
    with pytest.raises(DataError, match="a sparse file of this size has at most"):
        read_arff(str(path))
