"""Forms of files that are inferred: each is read, warned of, or refused by name; in both ways of reading."""

import warnings

import pytest

from anomaly.errors import DataError, FileFormWarning
from anomaly.tables.csv_files import read_csv
from anomaly.tables.csv_form import CsvForm

NAMES = ("a", "b")
ROWS = [["1", "x"], ["2", "y"], ["3", "z"]]
PLAIN = {
    "sep line": ("sep=;\na;b\n1;x\n2;y\n3;z\n", {}),
    "sep line in quotes, of a rare delimiter": ('"sep=~"\r\na~b\r\n1~x\r\n2~y\r\n3~z\r\n', {}),
    "delimiters at the ends of lines": ("a;b;;\n1;x;;\n2;y;;\n3;z;;\n", {}),
    "delimiters at the ends of records": ("a,b\n1,x,\n2,y,\n3,z,\n", {}),
    "rows of delimiters alone": ("a;b\n1;x\n;\n2;y\n;;;\n3;z\n ; \n", {}),
    "comments": ("# made by a logger\na,b\n1,x\n# more\n2,y\n3,z\n", {"comment": "#"}),
    "lines to leave out": ("one, two, three\nfour\na,b\n1,x\n2,y\n3,z\n", {"skip_lines": 2}),
    "blanks as asked for": ("a   b\n1   x\n2\ty\n  3 z  \n", {"delimiter": " "}),
    "UTF-16 with a mark": ("a,b\n1,x\n2,y\n3,z\n".encode("utf-16"), {}),
    "UTF-16 without a mark": ("a,b\n1,x\n2,y\n3,z\n".encode("utf-16-le"), {"encoding": "utf-16-le"}),
    "UTF-32 with a mark": ("a,b\n1,x\n2,y\n3,z\n".encode("utf-32"), {}),
}
WARNED = {
    "an index without a name": (",a,b\n0,1,x\n1,2,y\n2,3,z\n", "line 1: the first column has no name"),
    "names of rows, as R writes them": (
        '"a","b"\n"r1",1,"x"\n"r2",2,"y"\n"r3",3,"z"\n',
        "the first column has no name",
    ),
    "a title": ("Report of May\n\na,b,c\n1,x,0\n2,y,0\n3,z,0\n", "left out 1 line above .*'Report of May'"),
    "titles and decimal commas": (
        "Station 7\nunits: C\na;b;c\n1;x;0,5\n2;y;1,5\n3;z;2,5\n",
        "left out 2 lines above the header, such as 'Station 7'",
    ),
}


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("form", PLAIN)
def test_forms_that_are_plain(tmp_path, form, backend):
    content, options = PLAIN[form]
    path = tmp_path / "data.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = read_csv(path, backend=backend, **options)
    assert table.names == NAMES
    assert [list(row) for row in zip(*table.columns, strict=True)] == ROWS


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("form", WARNED)
def test_forms_that_are_read_with_a_warning(tmp_path, form, backend):
    content, message = WARNED[form]
    path = tmp_path / "data.csv"
    path.write_text(content)
    with pytest.warns(FileFormWarning, match=message):
        table = read_csv(path, backend=backend)
    assert table.names[:2] == NAMES
    assert [list(row[:2]) for row in zip(*table.columns, strict=True)] == ROWS
    assert table.position(2) == f"line {len(content.splitlines())} (row 3)"


def test_columns_of_numbers_between_blanks_are_recognised(tmp_path):
    path = tmp_path / "data.txt"
    path.write_text("  time   x\n 0.0  1.5\n 0.1  2.5\n")
    table = read_csv(path, numbers=["x"])
    assert (table.names, table["x"].tolist()) == (("time", "x"), [1.5, 2.5])


def test_text_with_blanks_is_one_column(tmp_path):
    path = tmp_path / "data.txt"
    path.write_text("remark\nall well\nall done\n")
    assert read_csv(path)["remark"].tolist() == ["all well", "all done"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,2,3\n1,4,5\n", "line 2: found 3 fields, expected 2"),  # not all different: no names of rows
        ("a,,c\n1,2,3\n", "column 2 has no name"),
        ("a,b,\n1,2,3\n", "line 2: found '3' in column 3, which has no name"),
    ],
)
@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_forms_that_are_refused(tmp_path, content, message, backend):
    path = tmp_path / "data.csv"
    path.write_text(content)
    with pytest.raises(DataError, match=message):
        read_csv(path, backend=backend)


@pytest.mark.parametrize(
    "options",
    [{"decimal": ";"}, {"comment": "##"}, {"skip_lines": -1}, {"delimiter": ",", "decimal": ","}, {"delimiter": '"'}],
)
def test_forms_that_contradict_themselves_are_refused(options):
    with pytest.raises(ValueError, match="must|cannot"):
        CsvForm(**options)


def test_a_form_is_restored_from_its_state():
    form = CsvForm(delimiter=";", decimal=",", missing=("-200", "x"), skip_lines=2)
    assert CsvForm.from_state(form.get_state()) == form
    assert CsvForm().get_state() == {}
    for state in ({"other": 1}, {"missing": [1]}, {"decimal": "?"}, {"encoding": "nonsense"}, {"header": 1}, []):
        with pytest.raises(DataError, match="form of files"):
            CsvForm.from_state(state)


def test_a_title_with_empty_fields_behind_it_is_above_the_header(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("Logger 7;;\ntime;load;state\n1;2;ok\n2;3;ok\n3;4;ok\n")
    with pytest.warns(FileFormWarning, match="Logger 7"):
        table = read_csv(path)
    assert table.names == ("time", "load", "state")
    assert len(table) == 3
