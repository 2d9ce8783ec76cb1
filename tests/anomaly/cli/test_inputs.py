"""Input files: format, header, standard input."""

import csv
import gzip
import io
import sys

import numpy as np
import pytest

import anomaly
from tests.anomaly.command_line import LABELS, QUICK, fails, rows, run


@pytest.mark.parametrize("mark", ["tab", "\\t", "\t"])
def test_a_tab_may_be_spelled_out(folder, capsys, tmp_path, mark):
    (tmp_path / "tabs.tsv").write_text((folder / "test.csv").read_text().replace(",", "\t"))
    _, plain, _ = run(capsys, "score", folder / "test.csv", "-m", folder / "m.npz")
    assert run(capsys, "score", tmp_path / "tabs.tsv", "-m", folder / "m.npz", "--delimiter", mark)[1] == plain


@pytest.mark.parametrize("command", ["score", "evaluate", "drift", "plot"])
def test_a_dash_is_standard_input(folder, capsys, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    # A file of that name is another thing.
    (tmp_path / "-").write_text("not,this\n")
    monkeypatch.setattr(
        sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO((folder / "test.csv").read_bytes())))
    )
    label = ["--label", "label"] + (["--normal", "normal"] if command == "evaluate" else [])
    output = {"score": ["-o", "-"], "plot": ["-o", "pictures"]}.get(command, [])
    code, out, err = run(capsys, command, "-", "-m", folder / "m.npz", *label, *output)
    assert (code in (0, 1), err) == (True, "")
    assert out


@pytest.mark.parametrize(
    ("header", "warned"),
    [
        ("5.1,3.5,ok", True),
        ("1,2,ok", True),
        ("a,3.5,ok", False),
        ("2001,2004,2003,state", True),
        *[(names, False) for names in ("2001,2002,2005,state", "0,1,ok", "a,b,c")],
    ],
)
def test_a_header_that_was_forgotten_is_warned_of(capsys, tmp_path, header, warned):
    names = header.split(",")
    values = ["a", "b", "c"]
    lines = [",".join([*(f"{i}.{i % 7}" for _ in names[1:]), values[i % 3]]) for i in range(20)]
    path = tmp_path / "data.csv"
    path.write_text("\n".join([header, *lines]) + "\n")
    common = [path, "-m", tmp_path / "m.npz"]
    code, _, err = run(capsys, "fit", *common, *QUICK)
    assert code == 0
    assert err.count("\n") == warned
    if warned:
        assert err.startswith(f"anomaly: warning: {str(path)!r}: the first line looks like a record: it has ")
        assert err.endswith("; if the file has no header, use --no-header\n")
    # A model that was fitted on such names takes them as names; and so does who says that there is no header.
    assert run(capsys, "score", *common)[2] == ""
    if warned:
        assert run(capsys, "fit", *common, "--no-header", *QUICK)[2] == ""


def test_columns_may_come_in_another_order_and_other_formats(folder, capsys, tmp_path):
    table = rows(folder / "test.csv")
    with gzip.open(tmp_path / "turned.csv", "wt", newline="") as file:
        csv.writer(file, delimiter=";", quoting=csv.QUOTE_ALL).writerows(row[::-1] for row in table)
    _, straight, _ = run(capsys, "score", folder / "test.csv", "-m", folder / "m.npz")
    _, turned, _ = run(capsys, "score", tmp_path / "turned.csv", "-m", folder / "m.npz")
    assert turned == straight


def test_without_a_header_columns_go_by_number(folder, capsys, tmp_path):
    lines = (folder / "test.csv").read_text().splitlines()[1:]
    path, model = tmp_path / "bare.csv", tmp_path / "m.npz"
    path.write_text("\n".join(lines) + "\n")
    label = str(len(rows(path)[0]) - 1)
    common = ["--no-header", "--label", label]
    assert run(capsys, "fit", path, "-m", model, *common, "--normal", "normal", *QUICK)[0] == 0
    code, out, _ = run(capsys, "evaluate", path, "-m", model, *common, "--normal", "normal")
    assert code == 0
    assert "roc auc" in out
    # The column of labels is known to the model: it need not be named again.
    assert run(capsys, "score", path, "-m", model, "--no-header")[0] == 0


@pytest.mark.parametrize("command", ["fit", "update", "learn-labels"])
def test_a_dash_is_standard_input_of_training(fresh_folder, capsys, monkeypatch, command):
    monkeypatch.setattr(
        sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO((fresh_folder / "fresh.csv").read_bytes())))
    )
    settings = QUICK if command == "fit" else []
    code, out, _ = run(capsys, command, "-", "-m", fresh_folder / "m.npz", *LABELS, *settings)
    assert code == 0
    assert "learned from" in out


def test_standard_input_is_named_in_errors(fresh_folder, capsys, monkeypatch):
    for arguments, message in (
        (["--label", "label", "--normal", "never"], "standard input has no records to learn from"),
        (["--drop", "nix"], "standard input has no column 'nix'"),
    ):
        data = io.BytesIO((fresh_folder / "fresh.csv").read_bytes())
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(data)))
        code, _, err = run(capsys, "update", "-", "-m", fresh_folder / "m.npz", *arguments)
        assert code == 2
        assert message in err


def test_models_that_no_command_supports_are_refused(capsys, tmp_path):
    x = np.random.default_rng(0).normal(size=(50, 2))
    anomaly.VariationalDetector(hidden=(4,), epochs=1, random_state=0).fit(x).save(tmp_path / "m.npz")
    error = fails(capsys, "info", "-m", tmp_path / "m.npz")
    assert "holds a detector of class VariationalDetector, which this command cannot use" in error
