"""The column of labels."""

import csv
import json

import pytest

from anomaly import load_detector
from tests.anomaly.command_line import QUICK, fails, rows, run, without_labels, without_some_labels


def test_labels_found_are_listed_and_counted(capsys, tmp_path, folder):
    table = rows(folder / "test.csv")
    for i, row in enumerate(table[1:]):
        row[-1] = f"kind {i % 13:02}"
    with open(tmp_path / "kinds.csv", "w", newline="") as file:
        csv.writer(file).writerows(table)
    labels = ["--label", "label", "--normal", "0"]
    error = fails(capsys, "evaluate", tmp_path / "kinds.csv", "-m", folder / "m.npz", *labels)
    assert "none is '0'" in error
    assert "; found kind 00, kind 01, " in error
    assert error.endswith("kind 09 and 3 more\n")
    error = fails(capsys, "fit", tmp_path / "kinds.csv", "-m", tmp_path / "m.npz", *labels)
    assert error.endswith("kind 09 and 3 more\n")
    for row in table[1:]:
        row[-1] = ""
    with open(tmp_path / "none.csv", "w", newline="") as file:
        csv.writer(file).writerows(table)
    error = fails(capsys, "evaluate", tmp_path / "none.csv", "-m", folder / "m.npz", *labels)
    assert error.endswith("found no label at all\n")


@pytest.mark.parametrize("other", ["Normal", "NORMAL ", "n\u00a0ormal"])
def test_labels_that_differ_only_in_capitals_are_told(other, capsys, tmp_path):
    normal = "n ormal" if "\u00a0" in other else "normal"
    lines = [f"{i % 7}.5,{i % 5},{(normal, other)[i % 2]}" for i in range(60)]
    (tmp_path / "a.csv").write_text("a,b,y\n" + "\n".join(lines) + "\n", encoding="utf-8")
    fit = ["fit", tmp_path / "a.csv", "-m", tmp_path / "m.npz", "--label", "y", "--normal", normal, *QUICK]
    _, _, err = run(capsys, *fit)
    assert "differ only in capitals or blanks, and are different labels" in err


def test_an_empty_label_may_be_the_normal_one(folder, capsys, tmp_path):
    empty = without_labels(folder, tmp_path / "some.csv", every=1)
    command = ["evaluate", tmp_path / "some.csv", "-m", folder / "m.npz", "--label", "label", "--normal", ""]
    code, out, _ = run(capsys, *command, "--json", "-")
    assert code == 0
    figures = json.loads(out)
    assert figures["by_label"][0]["label"] == ""
    assert figures["by_label"][0]["records"] == empty == figures["n_records"] - figures["n_anomalies"]


def test_learn_labels_takes_an_empty_label_as_the_normal_one(fresh_folder, capsys):
    _, table = without_some_labels(fresh_folder)
    labels = ["--label", "label", "--normal", ""]
    code, out, _ = run(capsys, "fit", fresh_folder / "some.csv", "-m", fresh_folder / "n.npz", *labels, *QUICK)
    assert code == 0
    assert "without a label" not in out
    assert len(load_detector(fresh_folder / "n.npz").labels_) == (table["label"] == "").sum()


@pytest.mark.parametrize(
    ("spellings", "normal"), [(("0", "0.0"), "0"), (("False", "false"), "FALSE"), (("1e0", "1"), "1.0")]
)
def test_labels_are_compared_as_values_by_every_command(capsys, tmp_path, folder, spellings, normal):
    table = rows(folder / "test.csv")
    n_normal = sum(row[-1] == "normal" for row in table)
    for i, row in enumerate(table[1:]):
        row[-1] = spellings[i % 2] if row[-1] == "normal" else "attack"
    with open(tmp_path / "mixed.csv", "w", newline="") as file:
        csv.writer(file).writerows(table)
    labels = ["--label", "label", "--normal", normal]
    model, data = tmp_path / "m.npz", tmp_path / "mixed.csv"
    code, out, _ = run(capsys, "fit", data, "-m", model, *labels, *QUICK)
    assert (code, out.split()[2]) == (0, str(n_normal))
    code, out, _ = run(capsys, "evaluate", data, "-m", model, *labels, "--json", "-")
    figures = json.loads(out)
    assert figures["n_records"] - figures["n_anomalies"] == n_normal
    assert len(figures["by_label"]) == 2
    for command in ("update", "learn-labels", "plot"):
        output = ["-o", tmp_path / "pictures"] if command == "plot" else []
        code, out, err = run(capsys, command, data, "-m", model, *labels, *output)
        assert code == 0, err
    assert load_detector(model).records_seen_ == 2 * n_normal
