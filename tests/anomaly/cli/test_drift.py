"""The command drift."""

import csv

from tests.anomaly.cli.test_groups import write_intervals, write_plant
from tests.anomaly.command_line import QUICK_SERIES, fails, rows, run, write_series


def test_drift_answers_with_its_exit_code(folder, capsys, tmp_path, monkeypatch):
    normal = [row for row in rows(folder / "train.csv") if row[-1] in ("label", "normal")]
    same = tmp_path / "same.csv"
    with open(same, "w", newline="") as file:
        csv.writer(file).writerows(normal)
    code, whole, err = run(capsys, "drift", same, "-m", folder / "m.npz", "--label", "label")
    assert (code, err) == (0, "")
    assert whole.startswith("no drift\nScores have not drifted")
    monkeypatch.setattr("anomaly.cli.source.CHUNK_ROWS", 7)
    assert run(capsys, "drift", same, "-m", folder / "m.npz", "--label", "label")[1] == whole

    column = normal[0].index("duration_s")
    for row in normal[1:]:
        row[column] = str(float(row[column] or 0) * 3 + 1)
    with open(tmp_path / "moved.csv", "w", newline="") as file:
        csv.writer(file).writerows(normal)
    code, out, _ = run(capsys, "drift", tmp_path / "moved.csv", "-m", folder / "m.npz", "--drop", "label")
    assert code == 1
    assert out.startswith("drifted\n")
    assert out.splitlines()[-1].startswith("duration_s")


def test_drift_says_what_is_wrong(folder, capsys):
    arguments = ["drift", folder / "test.csv", "-m", folder / "m.npz", "--label", "label"]
    assert "level must be a number above 0 and below 1; found 2.0" in fails(capsys, *arguments, "--level", "2")
    assert "there is no such file" in fails(capsys, "drift", folder / "none.csv", "-m", folder / "m.npz")


def shifted(source, path, column, by, where=slice(None)):
    """Write a file again with a value added to some rows of a column."""
    head, *lines = rows(source)
    for line in lines[where]:
        line[head.index(column)] = str(float(line[head.index(column)]) + by)
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([head, *lines])
    return path


def test_drift_of_a_series(capsys, tmp_path):
    write_series(tmp_path / "train.csv", n=1500)
    fresh, model = tmp_path / "fresh.csv", tmp_path / "m.npz"
    write_series(fresh, n=1000, seed=1)
    fit = ["fit", tmp_path / "train.csv", "-m", model, "--label", "state", "--time", "time", *QUICK_SERIES]
    assert run(capsys, *fit)[0] == 0
    code, out, err = run(capsys, "drift", fresh, "-m", model, "--label", "state")
    assert (code, err) == (0, "")
    assert out.startswith("no drift\nScores have not drifted")
    assert "fresh blocks and" in out
    moved = shifted(fresh, tmp_path / "moved.csv", "a", 0.8, slice(200, 700))
    code, out, _ = run(capsys, "drift", moved, "-m", model, "--label", "state")
    assert code == 1
    assert "a (level)" in out
    repair = write_intervals(tmp_path / "r.csv", "2024-01-01 03:20,2024-01-01 11:39")
    assert run(capsys, "drift", moved, "-m", model, "--label", "state", "--exclude", repair)[0] == 0
    assert "too few to compare" in fails(capsys, "drift", "-m", model, short(fresh, tmp_path), "--label", "state")


def short(source, folder):
    (folder / "short.csv").write_text("\n".join(source.read_text().splitlines()[:8]) + "\n")
    return folder / "short.csv"


def test_drift_of_each_machine(capsys, tmp_path):
    write_plant(tmp_path / "train.csv", n=1500)
    write_plant(tmp_path / "fresh.csv", n=1000, seed=1)
    fit = ["fit", tmp_path / "train.csv", "-m", tmp_path / "m.npz", "--label", "state", "--time", "time"]
    assert run(capsys, *fit, "--group", "machine", *QUICK_SERIES)[0] == 0
    moved = shifted(tmp_path / "fresh.csv", tmp_path / "moved.csv", "b", 40, slice(1, None, 2))
    code, out, _ = run(capsys, "drift", moved, "-m", tmp_path / "m.npz", "--label", "state")
    assert code == 1
    assert out.startswith("press: no drift\n")
    assert "\n\nmill: drifted\n" in out


def test_update_and_learn_labels_say_what_to_do_with_a_series(series_folder, capsys):
    model, data = series_folder / "m.npz", series_folder / "test.csv"
    err = fails(capsys, "update", data, "-m", model)
    assert "was fitted on a series; update is for tables, whose records are independent: fit the series anew" in err
    err = fails(capsys, "learn-labels", data, "-m", model, "--label", "state", "--normal", "ok")
    assert "learn-labels is for tables: fit the series anew with labels" in err
    assert "--threshold best_f1" in err
