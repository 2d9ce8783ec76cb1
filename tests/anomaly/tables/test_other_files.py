"""Tables in files other than CSV, each where its library is installed."""

import numpy as np
import pytest

from anomaly.cli import main
from anomaly.errors import DataError, FileFormWarning
from anomaly.tables.other_files import read_other_file

ARFF = """@relation trial
@attribute size numeric
@attribute color {red, blue}
@data
1.5,red
?,blue
2.5,?
"""


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


def test_arff(tmp_path):
    pytest.importorskip("scipy", reason="SciPy reads ARFF")
    path = tmp_path / "data.arff"
    path.write_text(ARFF)
    found = read_other_file(path)
    assert found["color"].tolist() == ["red", "blue", None]
    assert np.isnan(found["size"][1])
    assert found.categorical == {"color"}


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
