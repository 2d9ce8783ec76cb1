"""The command fit, on tables and series."""

import numpy as np
import pytest

import anomaly
from anomaly import load_detector
from anomaly.cli import main
from tests.anomaly.command_line import (
    LABELS,
    QUICK,
    QUICK_SERIES,
    fails,
    rows,
    run,
    without_labels_of_rows,
    without_some_labels,
)


def test_fit_says_what_it_did(folder, capsys, tmp_path):
    code, out, _ = run(
        capsys, "fit", folder / "train.csv", "-m", tmp_path / "m.npz", "--label", "label", "--normal", "normal", *QUICK
    )
    assert code == 0
    assert "learned from" in out
    assert "threshold" in out
    assert f"model written to {tmp_path / 'm.npz'}" in out
    detector = anomaly.load_detector(tmp_path / "m.npz")
    assert "label" not in detector.feature_names_in_


def test_fit_leaves_out_a_column_without_values_and_says_so(capsys, tmp_path):
    lines = [f"{i % 7},{i % 5}," for i in range(40)]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,c", *lines]))
    code, _, err = run(capsys, "fit", tmp_path / "t.csv", "-m", tmp_path / "m.npz", *QUICK)
    assert code == 0
    assert err.count("\n") == 1
    assert "all values missing in the training rows" in err
    assert "'c'" in err


def test_fit_learns_from_normal_records_alone(folder):
    detector = anomaly.load_detector(folder / "m.npz")
    normal = sum(row[-1] == "normal" for row in rows(folder / "train.csv")[1:])
    assert len(detector.labels_) == normal


def test_fit_takes_its_settings(folder, capsys, tmp_path):
    settings = [
        *QUICK,
        "--noise",
        "0.2",
        "--sparsity",
        "0.01",
        "--batch-size",
        "32",
        "--scaling",
        "robust",
        "--contamination",
        "0.1",
    ]
    run(
        capsys, "fit", folder / "numbered.csv", "-m", tmp_path / "m.npz", "--label", "label", "--id", "number",
        "--drop", "duration_s,protocol", "--seed", "7", *settings,
    )  # fmt: skip
    detector = anomaly.load_detector(tmp_path / "m.npz")
    parameters = detector.get_params()
    assert parameters["hidden"] == (8,)
    assert (parameters["noise"], parameters["batch_size"], parameters["random_state"]) == (0.2, 32, 7)
    assert parameters["sparsity"] == 0.01
    assert parameters["scaling"] == "robust"
    assert detector.labels_.mean() == pytest.approx(0.1, abs=0.01)
    assert not {"label", "number", "duration_s", "protocol"} & set(detector.feature_names_in_)


def test_the_same_seed_gives_the_same_file(folder, capsys, tmp_path):
    for name in ("a.npz", "b.npz"):
        run(capsys, "fit", folder / "train.csv", "-m", tmp_path / name, "--label", "label", *QUICK)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


@pytest.mark.parametrize("rule", ["sigma", "pot", "0.75"])
def test_fit_with_a_threshold_rule(folder, capsys, tmp_path, rule):
    path = tmp_path / "m.npz"
    code, _, err = run(capsys, "fit", folder / "train.csv", "-m", path, "--label", "label", "--threshold", rule, *QUICK)
    # These few records are fewer than the probability of "pot" asks for.
    few = "anomaly: warning: false_alarm_probability=0.001 cannot be promised by " if rule == "pot" else ""
    assert code == 0
    assert err.startswith(few)
    assert err.count("\n") == (rule == "pot")
    if rule == "0.75":
        assert anomaly.load_detector(path).threshold_ == 0.75


def test_fit_with_the_best_f1_keeps_the_anomalies(folder, capsys, tmp_path):
    path = tmp_path / "m.npz"
    labels = ["--label", "label", "--normal", "normal"]
    assert run(capsys, "fit", folder / "train.csv", "-m", path, *labels, "--threshold", "best_f1", *QUICK)[0] == 0
    assert len(anomaly.load_detector(path).labels_) == len(rows(folder / "train.csv")) - 1


def test_fit_with_a_target_for_the_recall_or_the_precision(folder, capsys, tmp_path):
    path = tmp_path / "m.npz"
    common = ["fit", folder / "train.csv", "-m", path, "--label", "label", "--normal", "normal", *QUICK]
    truth = np.array([row[-1] != "normal" for row in rows(folder / "train.csv")[1:]])
    assert run(capsys, *common, "--threshold", "recall:0.8")[0] == 0
    assert anomaly.load_detector(path).labels_[truth].mean() >= 0.8
    assert run(capsys, *common, "--threshold", "precision:0.1")[0] == 0
    detector = anomaly.load_detector(path)
    assert truth[detector.labels_ == 1].mean() >= 0.1
    assert detector.threshold == "precision:0.1"
    assert "no threshold has a precision of 1" in fails(capsys, *common, "--threshold", "precision:1")


def test_fit_with_a_window_learns_a_series(series_folder, capsys, tmp_path):
    settings = ["--network", "conv", "--stride", "2", "--method", "forecast", "--smoothing", "5", "--folds", "2"]
    code, out, _ = run(
        capsys, "fit", series_folder / "train.csv", "-m", tmp_path / "m.npz", "--drop", "state", "--time", "time",
        *QUICK_SERIES, *settings, "--margin", "3", "--gap", "20", "--causal", "--relative",
    )  # fmt: skip
    assert code == 0
    assert "learned from 300 steps of 2 sensors, in windows of multiples of 8" in out
    detector = anomaly.load_detector(tmp_path / "m.npz")
    parameters = detector.get_params()
    assert (parameters["network"], parameters["stride"], parameters["method"]) == ("conv", 2, "forecast")
    assert (parameters["folds"], parameters["margin"], parameters["gap"]) == (2, 3.0, 20.0)
    assert parameters["causal"]
    assert parameters["relative"]


def test_fit_cuts_out_what_is_not_normal(series_folder, capsys, tmp_path):
    run(
        capsys, "fit", series_folder / "test.csv", "-m", tmp_path / "m.npz", "--label", "state", "--normal", "ok",
        "--time", "time", *QUICK_SERIES,
    )  # fmt: skip
    assert len(anomaly.load_detector(tmp_path / "m.npz").labels_) == 270


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--stride", "2"], "--stride is for series: give --series too"),
        (["--causal"], "--causal is for series"),
        (["--window", "0"], "window must be a whole number of at least 1"),
        (["--window", "1"], "window must be at least 2"),
        (["--window", "400"], "at least 400 steps"),
        (["--window", "8", "--time", "nope"], "no column of times 'nope'"),
        (["--window", "8", "--time", "state"], "column 'state' holds no times"),
        (["--window", "8", "--stride", "9"], "stride must be at most window"),
    ],
)
def test_arguments_of_series_that_do_not_fit(series_folder, capsys, tmp_path, arguments, message):
    code, _, err = run(
        capsys,
        "fit",
        series_folder / "train.csv",
        "-m",
        tmp_path / "m.npz",
        "--label",
        "state",
        "--epochs",
        "1",
        *arguments,
    )
    assert code == 2
    assert message in err
    assert err.count("\n") == 1


def test_the_time_is_not_left_out(series_folder, capsys, tmp_path):
    code, _, err = run(
        capsys,
        "fit",
        series_folder / "train.csv",
        "-m",
        tmp_path / "m.npz",
        "--time",
        "time",
        "--drop",
        "state,time",
        *QUICK_SERIES,
    )
    assert code == 2
    assert "--time and --drop both name 'time'" in err


@pytest.mark.parametrize(("threshold", "learned"), [([], 250), (["--threshold", "best_f1"], 270)])
def test_fit_leaves_out_rows_without_a_label(series_folder, capsys, tmp_path, threshold, learned):
    data = without_labels_of_rows(series_folder / "test.csv", tmp_path / "some.csv", slice(170, 200))
    code, out, _ = run(
        capsys, "fit", data, "-m", tmp_path / "m.npz", "--label", "state", "--normal", "ok", "--time", "time",
        *threshold, *QUICK_SERIES,
    )  # fmt: skip
    assert code == 0
    assert len(anomaly.load_detector(tmp_path / "m.npz").labels_) == learned
    assert out.splitlines()[-1] == "left out 30 records without a label"


def test_help_names_the_defaults_of_series(capsys):
    with pytest.raises(SystemExit):
        main(["fit", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    for default in (
        "(default: core; series: standard)",
        "(default: several; series: 0.2)",
        "(default: 128,128; series: 32,16 with --network conv, 64 with lstm and gru)",
        "(default: up to 128; series: 64)",
    ):
        assert default in text


@pytest.mark.parametrize("threshold", [None, "best_f1"])
def test_fit_leaves_out_records_without_a_label(fresh_folder, capsys, threshold):
    unlabelled, table = without_some_labels(fresh_folder)
    rule = [] if threshold is None else ["--threshold", threshold]
    code, out, _ = run(capsys, "fit", fresh_folder / "some.csv", "-m", fresh_folder / "n.npz", *LABELS, *QUICK, *rule)
    assert code == 0
    used = table["label"] == "normal" if threshold is None else table["label"] != ""
    assert len(load_detector(fresh_folder / "n.npz").labels_) == used.sum()
    assert out.splitlines()[-1] == f"left out {unlabelled} records without a label"


@pytest.mark.parametrize(
    ("options", "rule", "share"),
    [
        (["--label", "class", "--normal", "ok"], "one_class", (0, 0.03)),
        (["--label", "class", "--normal", "ok", "--contamination", "0.1"], "None", (0.05, 0.1)),
        (["--drop", "class"], "None", (0.2, 0.4)),
    ],
)
def test_a_rarer_group_of_records_that_are_known_to_be_normal_is_no_anomaly(capsys, tmp_path, options, rule, share):
    rng = np.random.default_rng(0)
    usual, other = rng.normal(size=(600, 2)) * 0.1, rng.uniform(-40, 40, size=(200, 2))
    lines = ["a,b,class", *(f"{a:.6f},{b:.6f},ok" for a, b in np.concatenate([usual, other]))]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    code, out, _ = run(capsys, "fit", tmp_path / "t.csv", "-m", tmp_path / "m.npz", *options, *QUICK)
    assert code == 0
    detector = anomaly.load_detector(tmp_path / "m.npz")
    assert str(detector.threshold) == rule
    assert share[0] <= detector.labels_.mean() <= share[1]
    assert ("the scores of so many are apart" in out) == (share[0] == 0.2)
