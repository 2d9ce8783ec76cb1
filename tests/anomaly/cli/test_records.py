"""The option --records of the commands that write a model, and the line of info about it."""

import re
import shutil

import numpy as np
import pytest

from anomaly import load_detector
from anomaly.tables.csv_files import read_csv
from tests.anomaly.command_line import LABELS, QUICK, QUICK_SERIES, fails, run


@pytest.fixture(scope="module", params=["prototypes", "none"])
def shared(request, tmp_path_factory, folder):
    """A folder with a model without records, and what is kept of them."""
    path = tmp_path_factory.mktemp(request.param)
    for name in ("train.csv", "test.csv"):
        shutil.copy(folder / name, path)
    from anomaly.cli import main

    fit = ["fit", str(path / "train.csv"), "-m", str(path / "m.npz"), *LABELS, *QUICK, "--records", request.param]
    assert main(fit) == 0
    return path, request.param


def test_fit_writes_a_model_without_records(shared, folder):
    path, records = shared
    found, whole = load_detector(path / "m.npz"), load_detector(folder / "m.npz")
    assert found.records_ == records
    test = read_csv(path / "test.csv").drop(["label"])
    if records == "none":
        assert found.neighbors == 0
        return
    np.testing.assert_array_equal(found.decision_function(test), whole.keep_records(records).decision_function(test))


def test_fit_prints_the_threshold_of_the_model_that_it_writes(folder, capsys, tmp_path):
    command = ["fit", folder / "train.csv", "-m", tmp_path / "m.npz", *LABELS, *QUICK, "--records", "prototypes"]
    _, out, _ = run(capsys, *command)
    assert f"threshold {load_detector(tmp_path / 'm.npz').threshold_:.6g}:" in out


def test_info_says_what_is_held(shared, folder, capsys):
    path, records = shared
    _, out, _ = run(capsys, "info", "-m", path / "m.npz")
    assert out.splitlines()[2].startswith("holds no training records" + ", but" * (records == "prototypes"))
    _, out, _ = run(capsys, "info", "-m", folder / "m.npz")
    held = len(load_detector(folder / "m.npz").labels_)
    assert out.splitlines()[2].startswith(f"holds {held} of the training records, whose values can be computed")


def test_info_of_a_series_says_how_many_windows_are_held(series_folder, capsys):
    _, out, _ = run(capsys, "info", "-m", series_folder / "m.npz")
    assert re.fullmatch(r"holds [1-9][\d,]* windows of training", out.splitlines()[2])


def test_what_goes_on_without_records(shared, capsys, tmp_path):
    path, _ = shared
    data = [path / "test.csv", "-m", path / "m.npz"]
    assert run(capsys, "score", *data, "--label", "label", "--top", "2", "--expected", "--p-values")[0] == 0
    assert run(capsys, "evaluate", *data, *LABELS)[0] == 0
    assert run(capsys, "learn-labels", *data, *LABELS, "-o", tmp_path / "learned.npz")[0] == 0
    assert load_detector(tmp_path / "learned.npz").records_ == shared[1]


@pytest.mark.parametrize("command", ["drift", "update"])
def test_what_needs_records_is_one_line(shared, capsys, command):
    path, _ = shared
    err = fails(capsys, command, path / "test.csv", "-m", path / "m.npz", "--label", "label")
    assert "needs remembered records" in err
    assert "--records" in err


def test_a_false_alarm_rate_without_records_is_that_of_the_networks(folder, capsys, tmp_path):
    fit = ["fit", folder / "train.csv", "-m", tmp_path / "m.npz", *LABELS, *QUICK, "--false-alarm-rate", "0.05"]
    assert run(capsys, *fit, "--records", "none")[0] == 0
    detector = load_detector(tmp_path / "m.npz")
    assert (detector.neighbors, detector.false_alarm_rate, detector.records_) == (0, 0.05, "none")


@pytest.mark.parametrize("command", ["update", "learn-labels"])
def test_other_commands_may_leave_the_records_out(fresh_folder, capsys, command):
    data = [fresh_folder / "fresh.csv", "-m", fresh_folder / "m.npz", *LABELS]
    code, out, err = run(capsys, command, *data, "-o", fresh_folder / "n.npz", "--records", "prototypes")
    assert (code, err) == (0, "")
    found = load_detector(fresh_folder / "n.npz")
    assert found.records_ == "prototypes"
    assert f"threshold {found.threshold_:.6g}: {found.labels_.sum()} of {len(found.labels_)}" in out
    assert load_detector(fresh_folder / "m.npz").records_ == "all"


def test_it_is_for_tables(series_folder, capsys, tmp_path):
    err = fails(
        capsys, "fit", series_folder / "train.csv", "-m", tmp_path / "m.npz", *QUICK_SERIES, "--records", "none"
    )
    assert "--records is for tables" in err
