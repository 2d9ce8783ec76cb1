"""The commands that change a model: update and learn-labels."""

import io
import shutil
import sys

import numpy as np
import pytest

from anomaly import load_detector
from anomaly.cli import main
from anomaly.datasets import make_sensors
from anomaly.tables.csv_files import read_csv, write_csv
from tests.anomaly.command_line import run

QUICK = ["--epochs", "3", "--hidden", "8"]
LABELS = ["--label", "label", "--normal", "normal"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with records to learn from, fresh ones, and a model of the first."""
    folder = tmp_path_factory.mktemp("changed")
    train, fresh = make_sensors(n_records=600, random_state=0).split(test_size=0.5, random_state=0)
    train.to_csv(folder / "train.csv")
    fresh.to_csv(folder / "fresh.csv")
    learn = ["fit", str(folder / "train.csv"), "-m", str(folder / "m.npz"), "--label", "label", "--normal", "normal"]
    assert main([*learn, *QUICK]) == 0
    return folder


@pytest.fixture
def folder(made, tmp_path):
    """A copy of it, to be changed."""
    return shutil.copytree(made, tmp_path / "copy")


def test_update_learns_from_further_records(folder, capsys):
    before = load_detector(folder / "m.npz")
    code, out, err = run(capsys, "update", folder / "fresh.csv", "-m", folder / "m.npz", *LABELS)
    assert (code, err) == (0, "")
    fresh = read_csv(folder / "fresh.csv")
    normal = fresh.rows(np.flatnonzero(fresh["label"] == "normal")).drop(["label"])
    expected = before.partial_fit(normal)
    after = load_detector(folder / "m.npz")
    assert after.records_seen_ == expected.records_seen_
    np.testing.assert_array_equal(after.decision_function(normal), expected.decision_function(normal))
    assert f"learned from {len(normal)} more records, {after.records_seen_} in all" in out


def test_update_may_leave_the_model_as_it_is(folder, capsys):
    bytes_before = (folder / "m.npz").read_bytes()
    command = ["update", folder / "fresh.csv", "-m", folder / "m.npz", "--label", "label"]
    assert run(capsys, *command, "-o", folder / "new.npz")[0] == 0
    assert (folder / "m.npz").read_bytes() == bytes_before
    seen = load_detector(folder / "new.npz").records_seen_ - load_detector(folder / "m.npz").records_seen_
    assert seen == len(read_csv(folder / "fresh.csv"))


def test_update_of_a_long_file_goes_piece_by_piece(folder, capsys, monkeypatch):
    monkeypatch.setattr("anomaly.cli.inputs.CHUNK_ROWS", 100)
    calls = []
    from anomaly import TableDetector

    learn = TableDetector.partial_fit

    def counted(self, X, y=None):
        calls.append(len(X))
        return learn(self, X, y)

    monkeypatch.setattr(TableDetector, "partial_fit", counted)
    assert run(capsys, "update", folder / "fresh.csv", "-m", folder / "m.npz", "--label", "label")[0] == 0
    assert calls == [100, 100, 100]


def test_learn_labels_changes_the_scores(folder, capsys):
    before = load_detector(folder / "m.npz")
    code, out, err = run(capsys, "learn-labels", folder / "fresh.csv", "-m", folder / "m.npz", *LABELS)
    assert (code, err) == (0, "")
    fresh = read_csv(folder / "fresh.csv")
    truth = fresh["label"] != "normal"
    expected = before.learn_labels(fresh.drop(["label"]), truth.astype(int))
    after = load_detector(folder / "m.npz")
    np.testing.assert_array_equal(after.column_weights_, expected.column_weights_)
    assert f"learned from {truth.sum()} labelled anomalies and {(~truth).sum()} normal records" in out
    assert {line.split()[0] for line in out.splitlines()[5:]} == set(after.feature_names_in_)


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
def test_what_is_wrong_is_one_line_and_changes_nothing(folder, capsys, monkeypatch, command, message):
    monkeypatch.chdir(folder)
    before = (folder / "m.npz").read_bytes()
    code, out, err = run(capsys, command[0], "fresh.csv", "-m", "m.npz", *command[1:])
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert (folder / "m.npz").read_bytes() == before


def test_models_of_series_are_refused(folder, capsys):
    learn = ["fit", folder / "train.csv", "-m", folder / "s.npz", "--label", "label", "--window", "4", "--epochs", "1"]
    assert run(capsys, *learn)[0] == 0
    for command in ("update", "learn-labels"):
        code, _, err = run(capsys, command, folder / "fresh.csv", "-m", folder / "s.npz", *LABELS)
        assert code == 2
        assert f"was fitted on a series; {command} is for tables" in err
    code, _, err = run(capsys, "score", folder / "fresh.csv", "-m", folder / "s.npz", "--p-values")
    assert code == 2
    assert "--p-values is for tables" in err


def without_labels(folder, every=3, instead=""):
    """Take the label from every so many of the fresh records; return how many that are, and the table."""
    lines = (folder / "fresh.csv").read_text().splitlines()
    for i in range(1, len(lines), every):
        lines[i] = lines[i].rsplit(",", 1)[0] + "," + instead
    (folder / "some.csv").write_text("\n".join(lines) + "\n")
    return len(range(1, len(lines), every)), read_csv(folder / "some.csv")


@pytest.mark.parametrize("instead", ["", "NA", "nan"])
def test_learn_labels_leaves_out_records_without_a_label(folder, capsys, instead):
    unlabelled, table = without_labels(folder, instead=instead)
    code, out, err = run(
        capsys, "learn-labels", folder / "some.csv", "-m", folder / "m.npz", "-o", folder / "n.npz", *LABELS
    )
    assert (code, err) == (0, "")
    known = table.rows(np.flatnonzero([label not in (None, instead) for label in table["label"]]))
    expected = load_detector(folder / "m.npz").learn_labels(known.drop(["label"]), known["label"] != "normal")
    after = load_detector(folder / "n.npz")
    np.testing.assert_array_equal(after.column_weights_, expected.column_weights_)
    assert out.splitlines()[-1] == f"left out {unlabelled} records without a label"


def test_learn_labels_says_when_labels_are_no_evidence(folder, capsys, monkeypatch):
    def nothing(*_):
        return 0.0

    monkeypatch.setattr("anomaly.detectors.table.label_learning._chosen_step", nothing)
    before = load_detector(folder / "m.npz")
    code, out, err = run(capsys, "learn-labels", folder / "fresh.csv", "-m", folder / "m.npz", *LABELS)
    assert (code, err) == (0, "")
    assert "the labels are no evidence for other weights: records score as without labels" in out
    fresh = read_csv(folder / "fresh.csv").drop(["label"])
    after = load_detector(folder / "m.npz").decision_function(fresh)
    np.testing.assert_array_equal(after, before.decision_function(fresh))


def test_learn_labels_of_normal_records_alone_are_refused_in_the_words_of_the_command(folder, capsys):
    table = read_csv(folder / "fresh.csv")
    write_csv(folder / "usual.csv", table.rows(np.flatnonzero(table["label"] == "normal")))
    before = (folder / "m.npz").read_bytes()
    code, out, err = run(capsys, "learn-labels", folder / "usual.csv", "-m", folder / "m.npz", *LABELS)
    assert (code, out) == (2, "")
    assert "records are normal ('normal'); learn-labels needs at least one anomaly, a record with another label" in err
    assert (folder / "m.npz").read_bytes() == before


@pytest.mark.parametrize("threshold", [None, "best_f1"])
def test_fit_leaves_out_records_without_a_label(folder, capsys, threshold):
    unlabelled, table = without_labels(folder)
    rule = [] if threshold is None else ["--threshold", threshold]
    code, out, _ = run(capsys, "fit", folder / "some.csv", "-m", folder / "n.npz", *LABELS, *QUICK, *rule)
    assert code == 0
    used = table["label"] == "normal" if threshold is None else table["label"] != ""
    assert len(load_detector(folder / "n.npz").labels_) == used.sum()
    assert out.splitlines()[-1] == f"left out {unlabelled} records without a label"


def test_an_empty_label_may_be_the_normal_one(folder, capsys):
    _, table = without_labels(folder)
    labels = ["--label", "label", "--normal", ""]
    code, out, _ = run(capsys, "fit", folder / "some.csv", "-m", folder / "n.npz", *labels, *QUICK)
    assert code == 0
    assert "without a label" not in out
    assert len(load_detector(folder / "n.npz").labels_) == (table["label"] == "").sum()


@pytest.mark.parametrize("command", ["fit", "update", "learn-labels"])
def test_a_dash_is_standard_input(folder, capsys, monkeypatch, command):
    monkeypatch.setattr(
        sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO((folder / "fresh.csv").read_bytes())))
    )
    settings = QUICK if command == "fit" else []
    code, out, _ = run(capsys, command, "-", "-m", folder / "m.npz", *LABELS, *settings)
    assert code == 0
    assert "learned from" in out


def test_standard_input_is_named_in_errors(folder, capsys, monkeypatch):
    for arguments, message in (
        (["--label", "label", "--normal", "never"], "standard input has no records to learn from"),
        (["--drop", "nix"], "standard input has no column 'nix'"),
    ):
        data = io.BytesIO((folder / "fresh.csv").read_bytes())
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(data)))
        code, _, err = run(capsys, "update", "-", "-m", folder / "m.npz", *arguments)
        assert code == 2
        assert message in err
