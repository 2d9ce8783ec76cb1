"""The commands that change a model: update and learn-labels."""

import shutil

import numpy as np
import pytest

from anomaly import load_detector
from anomaly.cli import main
from anomaly.csvfiles import read_csv
from anomaly.datasets import make_sensors
from tests.anomaly.command_line import run

QUICK = ["--epochs", "3", "--hidden", "8"]


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


LABELS = ["--label", "label", "--normal", "normal"]


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
    monkeypatch.setattr("anomaly.command_inputs.CHUNK_ROWS", 100)
    calls = []
    from anomaly import AutoencoderDetector

    learn = AutoencoderDetector.partial_fit

    def counted(self, X, y=None):
        calls.append(len(X))
        return learn(self, X, y)

    monkeypatch.setattr(AutoencoderDetector, "partial_fit", counted)
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
        (["update", "--label", "label", "--normal", "never"], "has no records to learn from"),
        (["update", "--normal", "normal"], "give --label COL too"),
        (["update", "--drop", "temperature_c"], "temperature_c"),
        (["learn-labels", "--label", "label", "--normal", "never", "--drop", "temperature_c"], "temperature_c"),
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
