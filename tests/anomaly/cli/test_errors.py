"""Invalid input and arguments: one line that names the cause, and no file left behind."""

import csv
import os

import pytest

from tests.anomaly.command_line import LABELS, fails, rows, run, with_file


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["update", "--label", "label", "--normal", "never"], "no records to learn from: no record has label 'never'"),
        (["update", "--label", "label", "--normal", "never"], "; found bearing_wear, "),
        (
            ["learn-labels", "--label", "label", "--normal", "never"],
            "no record has label 'never' in column 'label'; fo",
        ),
        (["update", "--drop", "nix"], "has no column 'nix'"),
        (["update", "-o", "-", *LABELS], "a model cannot go to standard output"),
        (["update", "--normal", "normal"], "give --label COL too"),
        (["update", "--drop", "temperature_c"], "temperature_c"),
        (["learn-labels", *LABELS, "--drop", "temperature_c"], "--drop leaves out 'temperature_c', which 'm.npz' was"),
        (["learn-labels", "--label", "nope", "--normal", "normal"], "no column 'nope'"),
        (["update", "--label", "label", "-o", "fresh.csv"], "is read as the data"),
        (["update", "--label", "label", "-o", "nowhere/m.npz"], "there is no folder"),
    ],
)
def test_what_is_wrong_is_one_line_and_changes_nothing(fresh_folder, capsys, monkeypatch, command, message):
    monkeypatch.chdir(fresh_folder)
    before = (fresh_folder / "m.npz").read_bytes()
    code, out, err = run(capsys, command[0], "fresh.csv", "-m", "m.npz", *command[1:])
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert (fresh_folder / "m.npz").read_bytes() == before


def test_models_of_series_are_refused(fresh_folder, capsys):
    learn = [
        "fit",
        fresh_folder / "train.csv",
        "-m",
        fresh_folder / "s.npz",
        "--label",
        "label",
        "--window",
        "4",
        "--epochs",
        "1",
    ]
    assert run(capsys, *learn)[0] == 0
    for command in ("update", "learn-labels"):
        code, _, err = run(capsys, command, fresh_folder / "fresh.csv", "-m", fresh_folder / "s.npz", *LABELS)
        assert code == 2
        assert f"was fitted on a series; {command} is for tables" in err
    code, _, err = run(capsys, "score", fresh_folder / "fresh.csv", "-m", fresh_folder / "s.npz", "--p-values")
    assert code == 2
    assert "--p-values is for tables" in err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("a,b\n", "no rows"),
        ("a,b\n1,2\n3\n", "line 3"),
        ("a\n1\ninf\n", "'a'"),
        ("a\n1\n", "at least 2 records"),
        ("a,a\n1,2\n3,4\n", "'a'"),
    ],
)
def test_fit_on_unusable_files(capsys, tmp_path, text, message):
    error = fails(capsys, "fit", with_file(tmp_path, text), "-m", tmp_path / "m.npz")
    assert message in error
    assert not (tmp_path / "m.npz").exists()


def test_score_on_unusable_files(folder, capsys, tmp_path):
    good = (folder / "test.csv").read_text().splitlines()
    names = good[0].split(",")
    number = names.index("duration_s")
    fields = good[5].split(",")
    fields[number] = "abc"
    spoiled = with_file(tmp_path, "\n".join([*good[:5], ",".join(fields), *good[6:]]) + "\n")
    out = tmp_path / "scores.csv"
    out.write_text("earlier\n")
    error = fails(capsys, "score", spoiled, "-m", folder / "m.npz", "-o", out)
    for part in ("line 6", "row 5", "'duration_s'", "'abc'", "number"):
        assert part in error
    assert out.read_text() == "earlier\n"
    assert sorted(os.listdir(tmp_path)) == ["bad.csv", "scores.csv"]


def test_missing_and_unknown_columns_are_named(folder, capsys, tmp_path):
    table = rows(folder / "test.csv")
    path = tmp_path / "bad.csv"
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows(row[1:] for row in table)
    assert repr(table[0][0]) in fails(capsys, "score", path, "-m", folder / "m.npz")
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([*row, "surplus"] for row in table)
    assert "'surplus'" in fails(capsys, "score", path, "-m", folder / "m.npz")


def test_labels_that_do_not_fit(folder, capsys, tmp_path):
    common = [folder / "test.csv", "-m", folder / "m.npz"]
    error = fails(capsys, "evaluate", *common, "--label", "nope", "--normal", "normal")
    assert "no column 'nope'" in error
    error = fails(capsys, "evaluate", *common, "--label", "label", "--normal", "fine")
    assert "needs normal records and anomalies; found exfiltration, flood, " in error
    error = fails(capsys, "fit", folder / "train.csv", "-m", tmp_path / "m.npz", "--label", "label", "--normal", "fine")
    assert "no record has label 'fine'" in error
    assert "found" in error
    error = fails(capsys, "fit", folder / "train.csv", "-m", tmp_path / "m.npz", "--normal", "normal")
    assert "give --label" in error
    error = fails(capsys, "plot", *common, "-o", tmp_path, "--normal", "normal")
    assert "give --label" in error
    error = fails(capsys, "fit", folder / "train.csv", "-m", tmp_path / "m.npz", "--threshold", "best_f1")
    assert "needs labels" in error


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--contamination", "0.7"], "contamination must be 'auto' or the fraction of anomalies"),
        (["--contamination", "lots"], "--contamination must be 'auto' or a number; found 'lots'"),
        (["--hidden", "8,x"], "--hidden must be sizes such as 128,128; found '8,x'"),
        (["--hidden", "0"], "hidden must be the sizes"),
        (["--epochs", "0"], "epochs must be"),
        (["--epochs", "many"], "must be a whole number; found 'many'"),
        (["--threshold", "nope"], "threshold must be a number"),
        (["--threshold", "recall:most"], "the target of threshold 'recall' must be a number"),
        (["--threshold", "recall:0.8"], "--threshold recall:0.8 needs labels: give --label COL and --normal VALUE"),
        (["--drop", "nope"], "no column 'nope'"),
        (["--categorical", "nope"], "'nope'"),
        (["--false-alarm-rate", "2"], "found 2"),
        (["--false-alarm-rate", "0.01", "--threshold", "mad"], "--false-alarm-rate chooses the threshold: leave out"),
        (["--trim", "0.7"], "trim must be 'auto' or a number from 0 to 0.5; found 0.7"),
        (["--false-alarm-rate", "0.01", "--window", "8"], "--false-alarm-rate is for tables"),
        (["--sparsity", "0.01", "--window", "8"], "--sparsity is for tables"),
        (["--delimiter", "long"], "delimiter"),
        (["--surplus"], "unrecognized arguments: --surplus"),
    ],
)
def test_arguments_that_do_not_fit(folder, capsys, tmp_path, arguments, message):
    assert message in fails(capsys, "fit", folder / "train.csv", "-m", tmp_path / "m.npz", *arguments)


def test_paths_that_do_not_work(folder, capsys, tmp_path):
    model = folder / "m.npz"
    assert "nowhere.csv" in fails(capsys, "score", tmp_path / "nowhere.csv", "-m", model)
    assert "nowhere.npz" in fails(capsys, "score", folder / "test.csv", "-m", tmp_path / "nowhere.npz")
    assert "is a folder" in fails(capsys, "info", "-m", tmp_path)
    assert "create it first" in fails(
        capsys, "score", folder / "test.csv", "-m", model, "-o", tmp_path / "no" / "s.csv"
    )
    assert "create it first" in fails(capsys, "fit", folder / "train.csv", "-m", tmp_path / "no" / "m.npz")
    assert "is a folder" in fails(capsys, "fit", folder / "train.csv", "-m", tmp_path)
    (tmp_path / "foreign.npz").write_bytes(b"hello")
    assert "not a file that nnlite wrote" in fails(capsys, "info", "-m", tmp_path / "foreign.npz")
    assert "--top" in fails(capsys, "score", folder / "test.csv", "-m", model, "--top", "-1")
    assert "at least 200" in fails(capsys, "demo", "--records", "10", "-o", tmp_path / "demo")


def test_a_folder_that_may_not_be_written_to_is_noticed_before_training(folder, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    error = fails(capsys, "fit", folder / "train.csv", "-m", tmp_path / "m.npz")
    assert "is not writable" in error


def test_a_full_disk_is_one_line(folder, capsys, tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    out = tmp_path / "scores.csv"
    out.write_text("earlier\n")
    error = fails(capsys, "score", folder / "test.csv", "-m", folder / "m.npz", "-o", out)
    assert "No space left on device" in error
    assert out.read_text() == "earlier\n"
    assert os.listdir(tmp_path) == ["scores.csv"]
