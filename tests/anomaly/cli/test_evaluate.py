"""The command evaluate."""

import json
import os

from tests.anomaly.command_line import rows, run, without_labels, without_labels_of_rows


def test_evaluate_prints_and_writes_the_figures(folder, capsys, tmp_path):
    path = tmp_path / "figures.json"
    code, out, _ = run(
        capsys, "evaluate", folder / "test.csv", "-m", folder / "m.npz", "--label", "label", "--normal", "normal",
        "--json", path,
    )  # fmt: skip
    assert code == 0
    figures = json.loads(path.read_text())
    assert f"{figures['roc_auc']:.4f}" in out
    counts = {row["label"]: row["records"] for row in figures["by_label"]}
    assert sum(counts.values()) == figures["n_records"] == len(rows(folder / "test.csv")) - 1
    assert all(label in out for label in counts)
    assert next(iter(counts)) == "normal"


def test_evaluate_writes_figures_alone_to_standard_output(folder, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, _ = run(
        capsys, "evaluate", folder / "test.csv", "-m", folder / "m.npz", "--label", "label", "--normal", "normal",
        "--json", "-",
    )  # fmt: skip
    assert code == 0
    assert json.loads(out)["n_unlabelled"] == 0
    assert not os.listdir(tmp_path)


def test_evaluate_leaves_out_records_without_a_label(folder, capsys, tmp_path):
    path, figures = tmp_path / "some.csv", tmp_path / "figures.json"
    unlabelled = without_labels(folder, path)
    command = ["evaluate", path, "-m", folder / "m.npz", "--label", "label", "--json", figures]
    code, out, err = run(capsys, *command, "--normal", "normal")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == f"left out {unlabelled} records without a label"
    found = json.loads(figures.read_text())
    known = [row for row in rows(path)[1:] if row[-1] != " "]
    assert found["n_records"] == len(known)
    assert found["n_anomalies"] == sum(row[-1] != "normal" for row in known)
    assert found["n_unlabelled"] == unlabelled
    assert "" not in {row["label"] for row in found["by_label"]}


def test_evaluate_at_another_threshold(folder, capsys):
    common = ["evaluate", folder / "test.csv", "-m", folder / "m.npz", "--label", "label", "--normal", "normal"]
    _, out, _ = run(capsys, *common, "--threshold", "-1")
    assert "false alarm rate          1.0000" in " ".join(out.split("\n")) or "1.0000" in out


def test_evaluate_adds_figures_by_event(series_folder, capsys, tmp_path):
    code, out, _ = run(
        capsys, "evaluate", series_folder / "test.csv", "-m", series_folder / "m.npz", "--label", "state",
        "--normal", "ok", "--tolerance", "20", "--json", tmp_path / "f.json",
    )  # fmt: skip
    assert code == 0
    for words in (
        "event by event",
        "event recall",
        "affiliation precision",
        "affiliation recall",
        "median delay",
        "vus pr",
        "vus roc",
        "range f1",
        "composite f1",
        "the last one flatters",
        "affiliation and event metrics flatter",
        "Normal steps flagged: ",
        "false events per 1,000 steps: ",
        "affiliation F1 of flagging every step: ",
    ):
        assert words in out
    figures = json.loads((tmp_path / "f.json").read_text())
    assert figures["events"]["n_events"] == figures["events"]["n_found"] == 1
    assert 0.9 < figures["events"]["affiliation_precision"] <= 1
    assert 0.9 < figures["events"]["affiliation_recall"] <= 1
    assert figures["n_anomalies"] == 30
    assert figures["events"]["false_alarm_rate"] == figures["false_alarm_rate"]
    assert 0.5 < figures["events"]["vus_pr"] <= 1


def test_an_alarm_that_never_ends_does_not_pass_for_a_good_one(series_folder, capsys):
    code, out, _ = run(
        capsys, "evaluate", series_folder / "test.csv", "-m", series_folder / "m.npz", "--label", "state",
        "--normal", "ok", "--threshold", "-1",
    )  # fmt: skip
    assert code == 0
    assert "Normal steps flagged: 100.0%" in out
    assert "correct alarms cover 100% of the normal steps" in out


def test_evaluate_leaves_out_rows_without_a_label(series_folder, capsys, tmp_path):
    data = without_labels_of_rows(series_folder / "test.csv", tmp_path / "some.csv", slice(170, 200))
    common = ["evaluate", data, "-m", series_folder / "m.npz", "--label", "state", "--normal", "ok"]
    code, out, err = run(capsys, *common)
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "left out 30 records without a label"
    code, out, _ = run(capsys, *common, "--json", "-")
    figures = json.loads(out)
    assert (figures["n_records"], figures["n_anomalies"], figures["n_unlabelled"]) == (270, 20, 30)
    assert figures["events"]["n_events"] == 1
