"""The command drift."""

import csv

from tests.anomaly.command_line import fails, rows, run


def test_drift_answers_with_its_exit_code(folder, capsys, tmp_path, monkeypatch):
    normal = [row for row in rows(folder / "train.csv") if row[-1] in ("label", "normal")]
    same = tmp_path / "same.csv"
    with open(same, "w", newline="") as file:
        csv.writer(file).writerows(normal)
    code, whole, err = run(capsys, "drift", same, "-m", folder / "m.npz", "--label", "label")
    assert (code, err) == (0, "")
    assert whole.startswith("no drift\nScores have not drifted")
    monkeypatch.setattr("anomaly.cli.inputs.CHUNK_ROWS", 7)
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
