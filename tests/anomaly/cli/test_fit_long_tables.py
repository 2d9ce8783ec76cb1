"""The command fit on tables that are too long for memory, and on folders."""

import numpy as np
import pytest

import anomaly
from anomaly.large import file_parts
from anomaly.tables.csv_form import CsvForm
from tests.anomaly.command_line import QUICK, fails, run

ROWS = 6000
SMALL = "200.2MB"


@pytest.fixture(scope="module")
def lines():
    rng = np.random.default_rng(0)
    load, speed = rng.normal(size=(2, ROWS))
    kind, state = rng.choice(["a", "b", "c"], ROWS), np.where(rng.random(ROWS) < 0.02, "odd", "ok")
    return [f"{x:.6f},{x + 0.1 * y:.6f},{k},{s}" for x, y, k, s in zip(load, speed, kind, state, strict=True)]


@pytest.fixture(scope="module")
def long(lines, tmp_path_factory):
    """Return a folder with a table in one file, and a folder of it in three files."""
    folder = tmp_path_factory.mktemp("long")
    head = "load,speed,kind,state"
    (folder / "all.csv").write_text("\n".join([head, *lines]))
    (folder / "parts").mkdir()
    for number in range(3):
        part = lines[number * ROWS // 3 : (number + 1) * ROWS // 3]
        (folder / "parts" / f"part-{number}.csv").write_text("\n".join([head, *part]))
    (folder / "parts" / "_SUCCESS").write_text("")
    return folder


@pytest.fixture(autouse=True)
def small_files(monkeypatch):
    """Count files of any size, as if they were long."""
    monkeypatch.setattr(file_parts, "_HEAD", 1 << 10)


@pytest.fixture
def model(tmp_path):
    return tmp_path / "m.npz"


def test_rows_with_a_bad_cell_are_left_out_of_a_long_table_too(lines, tmp_path, model, capsys):
    odd = [*lines[:3000], "oops,1.0,a,ok", *lines[3000:5000], "1.0,soon,a,ok", *lines[5000:]]
    (tmp_path / "all.csv").write_text("\n".join(["load,speed,kind,state", *odd]))
    arguments = ("fit", tmp_path / "all.csv", "-m", model, "--on-bad-row", "skip", *QUICK)
    found = [run(capsys, *arguments, *limit) for limit in (("--memory", SMALL), ())]
    for code, _, err in found:
        assert code == 3
        assert err.count("left out 2 rows") == 1
        assert "line 3002: column 'load': found 'oops', unlike most cells of the column; " in err
        assert "line 5003: column 'speed': found 'soon'" in err
    assert "from a random sample" in found[0][1]
    assert "from a random sample" not in found[1][1]
    assert anomaly.load_detector(model).preprocessor_.kinds_["load"] == "number"


def test_a_long_table_is_learned_from_a_sample(long, model, capsys):
    code, out, _ = run(capsys, "fit", long / "all.csv", "-m", model, "--memory", SMALL, *QUICK)
    assert code == 0
    assert "6,000 rows would take about 0.2 GB" in out
    assert "from a random sample of 2,083" in out
    assert "learned from 2,083 records" in out
    detector = anomaly.load_detector(model)
    assert (detector.records_seen_, len(detector.decision_scores_)) == (ROWS, 2083)
    assert detector.preprocessor_.kinds_ == {
        "load": "number",
        "speed": "number",
        "kind": "category",
        "state": "category",
    }


def test_a_table_that_fits_is_fitted_as_ever(long, model, capsys, tmp_path):
    other = tmp_path / "other.npz"
    assert run(capsys, "fit", long / "all.csv", "-m", model, *QUICK)[0] == 0
    assert run(capsys, "fit", long / "all.csv", "-m", other, "--memory", "7GB", *QUICK)[0] == 0
    assert model.read_bytes() == other.read_bytes()
    assert anomaly.load_detector(model).records_seen_ == ROWS == len(anomaly.load_detector(model).decision_scores_)


def test_a_folder_is_one_table(long, model, capsys, tmp_path):
    other = tmp_path / "other.npz"
    assert run(capsys, "fit", long / "parts", "-m", model, *QUICK)[0] == 0
    assert run(capsys, "fit", long / "parts" / "part-*.csv", "-m", other, *QUICK)[0] == 0
    assert model.read_bytes() == other.read_bytes()
    assert len(anomaly.load_detector(model).decision_scores_) == ROWS


def test_normal_records_alone_are_drawn(long, model, capsys):
    code, out, _ = run(
        capsys, "fit", long / "parts", "-m", model, "--memory", SMALL, "--label", "state", "--normal", "ok", *QUICK
    )
    assert code == 0
    seen = anomaly.load_detector(model).records_seen_
    assert 0.97 * ROWS < seen < 0.99 * ROWS
    assert f"{seen:,} rows" in out


def test_labels_of_the_sample_choose_a_threshold(long, model, capsys):
    given = ["--label", "state", "--normal", "ok", "--threshold", "best_f1"]
    assert run(capsys, "fit", long / "all.csv", "-m", model, "--memory", SMALL, *given, *QUICK)[0] == 0
    assert anomaly.load_detector(model).records_seen_ == ROWS
    assert "no record has label 'fine'" in fails(
        capsys, "fit", long / "all.csv", "-m", model, "--memory", SMALL, "--label", "state", "--normal", "fine"
    )


def test_a_column_that_turns_out_to_be_text_is_text_from_the_beginning(
    long, lines, model, capsys, tmp_path, monkeypatch
):
    monkeypatch.setattr("anomaly.cli.source.CHUNK_ROWS", 1000)
    late = tmp_path / "late.csv"
    rows = [f"{index % 7}{'x' if index > ROWS - 900 else ''},{line}" for index, line in enumerate(lines)]
    late.write_text("\n".join(["code,load,speed,kind,state", *rows]))
    assert run(capsys, "fit", late, "-m", model, "--memory", SMALL, *QUICK)[0] == 0
    code = anomaly.load_detector(model).preprocessor_._fitted.categories[0]
    assert set(code.categories) == {*"0123456", *(f"{digit}x" for digit in range(7))}


def test_one_cell_that_is_no_number_is_named(long, lines, model, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("anomaly.cli.source.CHUNK_ROWS", 1000)
    odd = tmp_path / "odd.csv"
    odd.write_text("\n".join(["load,speed,kind,state", *lines[:5500], "o.5,1,a,ok", *lines[5501:]]))
    message = fails(capsys, "fit", odd, "-m", model, "--memory", SMALL, *QUICK)
    assert "line 5502 (row 5501), column 'load': found 'o.5'" in message


def test_files_of_one_table_have_the_same_columns(long, model, capsys, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text((long / "all.csv").read_text().replace("speed", "pace", 1))
    model.write_text("earlier")
    message = fails(capsys, "fit", long / "all.csv", other, "-m", model, "--memory", SMALL)
    assert "other.csv' has not the same columns as what comes before it: 'pace' and 'speed'" in message.replace(
        ",", " and"
    )
    assert model.read_text() == "earlier"


def test_groups_travel_with_the_sample(long, model, capsys):
    assert run(capsys, "fit", long / "all.csv", "-m", model, "--memory", SMALL, "--group", "kind", *QUICK)[0] == 0
    assert anomaly.load_detector(model).dependence_ == "groups"


def test_folders_that_are_no_table_are_refused(model, capsys, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    assert "is a folder without tables" in fails(capsys, "fit", folder, "-m", model)
    (folder / "notes.md").write_text("notes")
    assert "with 'notes.md' in it, which is no table" in fails(capsys, "fit", folder, "-m", model)
    (folder / "notes.md").unlink()
    (folder / "day=1").mkdir()
    (folder / "day=1" / "a.csv").write_text("a,b\n1,2\n")
    assert "'day=1' holds a value of a column" in fails(capsys, "fit", folder, "-m", model)


def test_an_amount_of_memory_has_a_unit(long, model, capsys):
    assert "such as 500MB or 2GB" in fails(capsys, "fit", long / "all.csv", "-m", model, "--memory", "500")


def test_parquet_is_read_by_row_groups(long, lines, model, capsys, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    arrow, feather = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.feather")
    rows = [line.split(",") for line in lines]
    cells = {
        "load": [float(row[0]) for row in rows],
        "speed": [None if i % 50 == 0 else float(row[1]) for i, row in enumerate(rows)],
        "kind": [row[2] for row in rows],
        "on": [None if i == 5000 else i % 3 == 0 for i in range(ROWS)],
    }
    table = arrow.table(cells)
    parquet.write_table(table, tmp_path / "a.parquet", row_group_size=1000)
    feather.write_feather(table, tmp_path / "a.arrow", chunksize=1000)
    found = {}
    for name in ("a.parquet", "a.arrow"):
        assert run(capsys, "fit", tmp_path / name, "-m", model, "--memory", SMALL, *QUICK)[0] == 0
        found[name] = anomaly.load_detector(model)
        whole = run(capsys, "fit", tmp_path / name, "-m", tmp_path / "whole.npz", *QUICK)
        assert whole[0] == 0
        assert found[name].preprocessor_.kinds_ == anomaly.load_detector(tmp_path / "whole.npz").preprocessor_.kinds_
    assert found["a.parquet"].threshold_ == found["a.arrow"].threshold_
    assert found["a.parquet"].preprocessor_.missing_fraction_.tolist() == [0.0, 0.02, 0.0, pytest.approx(1 / ROWS)]
    scores = [run(capsys, "score", tmp_path / name, "-m", model)[1] for name in ("a.parquet", "a.arrow")]
    assert scores[0] == scores[1]
    assert scores[0].count("\n") == ROWS + 1
    (tmp_path / "b.parquet").write_bytes((tmp_path / "a.parquet").read_bytes()[:-100])
    assert "cannot read" in fails(capsys, "fit", tmp_path / "*.parquet", "-m", model, "--memory", SMALL)


def test_memory_follows_from_the_number_of_cells(long):
    need = file_parts.estimated_memory([str(long / "all.csv")], CsvForm())
    assert need.n_cells == pytest.approx(4 * ROWS, rel=0.02)
    assert need.fits(201_000_000)
    assert not need.fits(200_100_000)
