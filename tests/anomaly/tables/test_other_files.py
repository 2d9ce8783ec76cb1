"""Tables in files other than CSV, each where its library is installed."""

from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import pytest

from anomaly.cli import main
from anomaly.errors import DataError, FileFormWarning
from anomaly.tables.other_files import read_other_file


@pytest.mark.parametrize("ending", ["parquet", "feather"])
def test_arrow_files(tmp_path, ending):
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow reads Parquet and Feather")
    writer = pytest.importorskip(f"pyarrow.{ending}")
    table = pyarrow.table(
        {
            "n": pyarrow.array([1, None, 3]),
            "x": [0.5, 1.5, 2.5],
            "t": ["a", None, "b"],
            "c": pyarrow.array(["u", "v", "u"]).dictionary_encode(),
            "b": [True, False, None],
        }
    )
    path = tmp_path / f"data.{ending}"
    (writer.write_table if ending == "parquet" else writer.write_feather)(table, str(path))
    found = read_other_file(path)
    assert found.names == ("n", "x", "t", "c", "b")
    assert found["n"].tolist()[::2] == [1.0, 3.0]
    assert np.isnan(found["n"][1])
    assert found["t"].tolist() == ["a", None, "b"]
    assert found.categorical == {"c"}


def test_mat(tmp_path):
    scipy_io = pytest.importorskip("scipy.io", reason="SciPy reads MATLAB's files")
    matrix, labels = np.arange(12.0).reshape(6, 2), np.array([[0], [1], [0], [0], [0], [1]])
    scipy_io.savemat(tmp_path / "data.mat", {"X": matrix, "y": labels})
    found = read_other_file(tmp_path / "data.mat")
    assert found.names == ("x0", "x1", "y")
    assert found["x1"].tolist() == matrix[:, 1].tolist()
    assert found["y"].tolist() == labels.ravel().tolist()
    scipy_io.savemat(tmp_path / "turned.mat", {"X": matrix.T, "y": labels})
    with pytest.warns(FileFormWarning, match="X has 6 columns, as many as there are labels: it is transposed"):
        turned = read_other_file(tmp_path / "turned.mat")
    assert turned["x1"].tolist() == matrix[:, 1].tolist()
    scipy_io.savemat(tmp_path / "two.mat", {"A": matrix, "B": matrix})
    with pytest.raises(DataError, match="expected one matrix, or one with the name X; found 'A', 'B'"):
        read_other_file(tmp_path / "two.mat")


def test_mat_of_version_7_3(tmp_path):
    h5py = pytest.importorskip("h5py", reason="h5py reads MATLAB's files of version 7.3")
    matrix = np.arange(12.0).reshape(6, 2)
    with h5py.File(tmp_path / "data.mat", "w", userblock_size=512) as file:
        file["X"], file["y"] = matrix.T, np.zeros((1, 6))
    found = read_other_file(tmp_path / "data.mat")
    assert found.names == ("x0", "x1", "y")
    assert found["x0"].tolist() == matrix[:, 0].tolist()


def test_xlsx(tmp_path):
    openpyxl = pytest.importorskip("openpyxl", reason="openpyxl reads Excel's files")
    book = openpyxl.Workbook()
    for row in (["size", "color"], [1.5, "red"], [None, "blue"]):
        book.active.append(row)
    book.create_sheet("notes")
    book.save(tmp_path / "data.xlsx")
    with pytest.warns(FileFormWarning, match="read the first of 2 sheets"):
        found = read_other_file(tmp_path / "data.xlsx")
    assert found["color"].tolist() == ["red", "blue"]
    assert found["size"][0] == 1.5


def test_what_cannot_be_read_is_refused_by_name(tmp_path, monkeypatch):
    with pytest.raises(DataError, match="there is no such file"):
        read_other_file(tmp_path / "nowhere.mat")
    (tmp_path / "data.mat").write_bytes(b"nonsense")
    with pytest.raises(DataError, match=r"cannot read '.*data.mat'|install scipy"):
        read_other_file(tmp_path / "data.mat")

    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr("anomaly.tables.libraries.import_module", missing)
    with pytest.raises(DataError, match=r"install scipy \(pip install scipy\), or write it as CSV"):
        read_other_file(tmp_path / "data.mat")


def test_from_the_command_line(tmp_path, monkeypatch):
    scipy_io = pytest.importorskip("scipy.io", reason="SciPy reads MATLAB's files")
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    scipy_io.savemat("train.mat", {"X": rng.normal(size=(80, 3)), "y": np.zeros((80, 1))})
    assert main(["fit", "train.mat", "-m", "m.npz", "--drop", "y", "--epochs", "2", "--hidden", "4"]) == 0
    assert main(["score", "train.mat", "-m", "m.npz", "--drop", "y", "-o", "s.csv"]) == 0
    assert len((tmp_path / "s.csv").read_text().splitlines()) == 81


def test_mat_names_what_becomes_no_column(tmp_path):
    scipy_io = pytest.importorskip("scipy.io", reason="SciPy reads MATLAB's files")
    matrix = np.arange(12.0).reshape(6, 2)
    scipy_io.savemat(tmp_path / "data.mat", {"X": matrix, "kinds": np.array(["a", "b"]), "t": np.arange(5), "one": 3.0})
    with pytest.warns(FileFormWarning, match=r"left out: 't' \(1 x 5\), 'kinds' \(text\)"):
        found = read_other_file(tmp_path / "data.mat")
    assert found.names == ("x0", "x1")
    scipy_io.savemat(tmp_path / "nested.mat", {"run": {"X": matrix}})
    with pytest.raises(DataError, match=r"found none; beside it 'run' \(structures\)"):
        read_other_file(tmp_path / "nested.mat")


def test_mat_of_version_7_3_tells_text_and_empty_matrices_by_their_attributes(tmp_path):
    h5py = pytest.importorskip("h5py", reason="h5py reads MATLAB's files of version 7.3")
    matrix = np.arange(12.0).reshape(6, 2)
    with h5py.File(tmp_path / "data.mat", "w", userblock_size=512) as file:
        file["X"] = matrix.T
        # As MATLAB writes them: six characters, and an empty matrix by its shape.
        file["unit"] = np.array([[109, 109, 47, 115, 101, 99]], np.uint16).T
        file["unit"].attrs["MATLAB_class"] = np.bytes_("char")
        file["none"] = np.array([0, 3], np.uint64)
        file["none"].attrs.update(MATLAB_class=np.bytes_("double"), MATLAB_empty=np.uint8(1))
        file.create_group("settings")
    with pytest.warns(FileFormWarning, match=r"'none' \(empty\), 'settings' \(a structure\), 'unit' \(text\)"):
        found = read_other_file(tmp_path / "data.mat")
    assert found.names == ("x0", "x1")


def _write_xlsx(path, rows):
    openpyxl = pytest.importorskip("openpyxl", reason="openpyxl reads Excel's files")
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def test_xlsx_with_titles_units_and_row_names(tmp_path):
    head = [["Plant 7"], ["from", "2024"], [], [None, "t", "p", "valve"], [None, "°C", "bar", None]]
    path = _write_xlsx(tmp_path / "data.xlsx", [*head, *([f"r{i}", 20.0 + i, 1.5, "open"] for i in range(5))])
    with pytest.warns(FileFormWarning) as told:
        found = read_other_file(path)
    assert [str(w.message).partition(": ")[2].partition(":")[0] for w in told] == [
        "left out 2 rows above the header, such as 'Plant 7'",
        "left out as units, types or a rule below the header",
        "the first column has no name, and is left out as the number or the name of each row; name it in the file to "
        "use it",
    ]
    assert found.names == ("t", "p", "valve")
    assert found["t"].tolist() == [20.0, 21.0, 22.0, 23.0, 24.0]
    assert found.position(0) == "line 6 (row 1)"


def test_xlsx_with_formulas_that_were_never_computed(tmp_path):
    rows = [[float(i), f"=A{i + 2}*2" if i < 3 else 7.0] for i in range(5)]
    path = _write_xlsx(tmp_path / "data.xlsx", [["a", "b"], *rows])
    with pytest.warns(
        FileFormWarning, match="column 'b': 3 of 5 cells are formulas without a computed value, taken as"
    ):
        found = read_other_file(path)
    assert np.isnan(found["b"]).tolist() == [True] * 3 + [False] * 2
    all_formulas = _write_xlsx(tmp_path / "all.xlsx", [["a", "b"], [1.0, 2.0], ["=A2", "=B2"], [3.0, 4.0]])
    with pytest.warns(FileFormWarning, match="1 of 3 cells are formulas") as told:
        assert len(read_other_file(all_formulas)) == 2
    assert len(told) == 2


def test_errors_in_cells_of_excel_are_missing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    numbers = np.random.default_rng(0).normal(size=(80, 2)).tolist()
    numbers[3][1] = "#DIV/0!"
    _write_xlsx("train.xlsx", [["a", "b"], *numbers])
    assert main(["fit", "train.xlsx", "-m", "m.npz", "--epochs", "1", "--hidden", "4"]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.strip().startswith("b "))
    assert "number" in line
    assert "1.25 % missing" in line


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (b'<row r="2000000000"><c r="A2000000000"><v>1</v></c></row>', "at most 1,048,576 rows"),
        (
            b"".join(b'<row r="%d"><c r="XFD%d"><v>1</v></c></row>' % (r, r) for r in range(9, 400)),
            "empty ones included",
        ),
        (b" " * 70_000_000, "when it is unpacked"),
    ],
    ids=["a cell far below", "cells far to the right", "a bomb"],
)
def test_a_small_workbook_is_no_large_table(tmp_path, monkeypatch, more, words):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (["a", "b"], [1, 2], [3, 4]):
        book.active.append(row)
    book.save(tmp_path / "small.xlsx")
    with ZipFile(tmp_path / "small.xlsx") as old, ZipFile(tmp_path / "m.xlsx", "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"</sheetData>", more + b"</sheetData>"))
    # The limit of cells, for a quick test.
    monkeypatch.setattr("anomaly.tables.excel_files._MOST_CELLS", 2**20)
    with pytest.raises(DataError, match=words):
        read_other_file(tmp_path / "m.xlsx")
    assert len(read_other_file(tmp_path / "small.xlsx")) == 2


def test_a_mat_file_does_not_read_other_files(tmp_path):
    h5py = pytest.importorskip("h5py")
    (tmp_path / "secret").write_bytes(np.arange(12.0).tobytes())
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["X"] = np.ones((6, 2))
    with h5py.File(tmp_path / "m.mat", "w") as file:
        file.create_dataset("stored", shape=(6, 2), dtype="f8", external=[(str(tmp_path / "secret"), 0, 96)])
        file["linked"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "X")
        layout = h5py.VirtualLayout(shape=(6, 2), dtype="f8")
        layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "X", shape=(6, 2))
        file.create_virtual_dataset("composed", layout)
        file["X"] = np.zeros((2, 6))
    with pytest.warns(FileFormWarning) as caught:
        assert not any(column.any() for column in read_other_file(tmp_path / "m.mat").columns)
    assert str(caught[0].message).count("a link to another file") == 3


def test_a_small_mat_file_is_no_large_matrix(tmp_path, monkeypatch):
    h5py, scipy_io = pytest.importorskip("h5py"), pytest.importorskip("scipy.io")
    with h5py.File(tmp_path / "new.mat", "w") as file:
        file.create_dataset("X", shape=(10**6, 10**6), dtype="f8", chunks=(1000, 1000))
    scipy_io.savemat(tmp_path / "old.mat", {"X": np.zeros((300, 400))}, do_compression=True)
    assert len(read_other_file(tmp_path / "old.mat")) == 300
    monkeypatch.setattr("anomaly.tables.mat_files._MOST_UNPACKED", 2**16)
    for name in ("new.mat", "old.mat"):
        with pytest.raises(DataError, match=r"'X' becomes [\d,]+ bytes when it is unpacked"):
            read_other_file(tmp_path / name)
