"""The command line, as a user types it."""

import csv
import gzip
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import anomaly
from anomaly.cli import main
from anomaly.tables.csv_files import read_csv
from tests.anomaly.command_line import QUICK, fails, rows, run, with_connections


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Make training and test records, and a model fitted on them by the command."""
    return with_connections(tmp_path_factory.mktemp("cli"))


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


def test_score_writes_what_decision_function_returns(folder, capsys, tmp_path):
    out = tmp_path / "scores.csv"
    assert run(capsys, "score", folder / "test.csv", "-m", folder / "m.npz", "-o", out)[0] == 0
    table = rows(out)
    assert table[0] == ["row", "score", "is_anomaly"]
    detector = anomaly.load_detector(folder / "m.npz")
    expected = detector.decision_function(read_csv(folder / "test.csv").drop(["label"]))
    found = np.array([float(row[1]) for row in table[1:]])
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert [row[0] for row in table[1:4]] == ["1", "2", "3"]
    assert [int(row[2]) for row in table[1:]] == (expected > detector.threshold_).astype(int).tolist()


def test_score_keeps_ids_and_names_the_top_columns(folder, capsys, tmp_path):
    out = tmp_path / "scores.csv.gz"
    run(capsys, "score", folder / "numbered.csv", "-m", folder / "m.npz", "-o", out, "--id", "number", "--top", "2")
    with gzip.open(out, "rt", newline="") as file:
        table = list(csv.DictReader(file))
    names = ["number", "score", "is_anomaly", "top_1", "top_1_share", "top_2", "top_2_share"]
    assert list(table[0]) == names
    assert [row["number"] for row in table[:2]] == ["r0", "r1"]
    detector = anomaly.load_detector(folder / "m.npz")
    for row in table:
        assert {row["top_1"], row["top_2"]} <= set(detector.feature_names_in_)
        assert 1 >= float(row["top_1_share"]) >= float(row["top_2_share"]) >= 0


def test_score_writes_each_column_once(folder, capsys):
    common = ["score", folder / "numbered.csv", "-m", folder / "m.npz"]
    _, out, _ = run(capsys, *common, "--id", "number", "--id", "number,label")
    assert out.splitlines()[0] == "number,label,score,is_anomaly"
    lines = (folder / "numbered.csv").read_text().replace("number,", "top_1,", 1)
    (folder / "clash.csv").write_text(lines)
    common[1] = folder / "clash.csv"
    assert run(capsys, *common, "--id", "top_1")[0] == 0
    assert "--id is 'top_1', which a column" in fails(capsys, *common, "--id", "top_1", "--top", "1")


def test_a_column_that_the_model_uses_may_name_the_records(folder, capsys):
    common = ["score", folder / "test.csv", "-m", folder / "m.npz"]
    _, plain, _ = run(capsys, *common)
    code, out, _ = run(capsys, *common, "--id", "duration_s", "--top", "1")
    assert code == 0
    plain, named = ([line.split(",") for line in text.splitlines()] for text in (plain, out))
    durations = read_csv(folder / "test.csv")["duration_s"].tolist()
    assert [row[0] for row in named] == ["duration_s", *durations]
    assert [row[2] for row in named] == [row[2] for row in plain]
    assert "--drop leaves out 'duration_s', which" in fails(capsys, *common, "--drop", "duration_s")


def test_score_knows_what_it_is_told_to_leave_out(folder, capsys, tmp_path):
    common = ["score", folder / "test.csv", "-m", folder / "m.npz"]
    assert "has no column 'nix'; its columns are" in fails(capsys, *common, "--drop", "nix")
    bare = tmp_path / "bare.csv"
    bare.write_text("\n".join(line.rsplit(",", 1)[0] for line in (folder / "test.csv").read_text().splitlines()) + "\n")
    # The model knows of the column of labels, which fresh records do not have.
    assert run(capsys, "score", bare, "-m", folder / "m.npz", "--drop", "label")[0] == 0


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


@pytest.mark.parametrize(
    ("command", "names"),
    [("fit", ["--false-alarm-rate SHARE", "--trim SHARE"]), ("score", ["--p-values", "--prior SHARE", "--expected"])],
)
def test_help_says_what_is_for_tables(capsys, command, names):
    with pytest.raises(SystemExit):
        main([command, "--help"])
    text = " ".join(capsys.readouterr().out.split("options:")[1].split())
    for name in names:
        assert f"{name} of tables" in text


@pytest.mark.parametrize("command", ["fit", "update", "learn-labels", "score", "evaluate", "drift", "plot"])
def test_help_says_that_a_dash_is_standard_input(capsys, command):
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert "- is standard input" in " ".join(capsys.readouterr().out.split())


def test_score_writes_what_was_expected_of_the_top_columns(folder, capsys, tmp_path):
    out = tmp_path / "scores.csv"
    arguments = ["score", folder / "test.csv", "-m", folder / "m.npz", "-o", out, "--top", "2", "--expected"]
    assert run(capsys, *arguments)[0] == 0
    with open(out, newline="") as file:
        table = list(csv.DictReader(file))
    with open(folder / "test.csv", newline="") as file:
        records = list(csv.DictReader(file))
    assert list(table[0])[3:] == [f"top_{k}{part}" for k in (1, 2) for part in ("", "_share", "_value", "_expected")]
    expected = anomaly.load_detector(folder / "m.npz").expected(records)
    for i, (row, record) in enumerate(zip(table, records, strict=True)):
        assert row["top_2_value"] == record[row["top_2"]]
        cell = expected[row["top_2"]][i]
        shown = (f"{cell:.6g}" if isinstance(cell, float) else str(cell)).replace("nan", "").replace("NaT", "")
        assert row["top_2_expected"] == (shown[:19] if isinstance(cell, np.datetime64) else shown)
    assert "--expected goes with --top" in fails(capsys, *arguments[:6], "--expected")


def test_score_writes_p_values(folder, capsys, tmp_path):
    model, out = tmp_path / "m.npz", tmp_path / "scores.csv"
    learn = ["fit", folder / "train.csv", "-m", model, "--label", "label", "--normal", "normal"]
    assert run(capsys, *learn, "--false-alarm-rate", "0.05", *QUICK)[0] == 0
    assert run(capsys, "score", folder / "test.csv", "-m", model, "-o", out, "--p-values", "--prior", "0.1")[0] == 0
    table = rows(out)
    assert table[0] == ["row", "score", "is_anomaly", "p_value", "probability"]
    scores, flags, values = (np.array([float(row[i]) for row in table[1:]]) for i in (1, 2, 3))
    np.testing.assert_array_equal(flags == 1, values <= 0.05)
    chances = anomaly.load_detector(model).predict_proba(read_csv(folder / "test.csv"), prior=0.1)[:, 1]
    np.testing.assert_allclose([float(row[4]) for row in table[1:]], chances, rtol=1e-3)
    order = np.argsort(scores)
    assert (np.diff(values[order]) <= 0).all()


def test_a_record_has_one_score_and_one_p_value_whatever_else_is_asked_for(folder, capsys, tmp_path, monkeypatch):
    model, out, shuffled = (tmp_path / name for name in ("m.npz", "scores.csv", "shuffled.csv"))
    learn = ["fit", folder / "train.csv", "-m", model, "--label", "label", "--normal", "normal", *QUICK]
    assert run(capsys, *learn, "--false-alarm-rate", "0.05")[0] == 0
    head, *lines = (folder / "test.csv").read_text().splitlines(keepends=True)
    order = np.random.default_rng(0).permutation(len(lines))
    shuffled.write_text(head + "".join(lines[i] for i in order))

    def scored(data, *options):
        assert run(capsys, "score", data, "-m", model, "-o", out, *options)[0] == 0
        with open(out, newline="") as file:
            return list(csv.DictReader(file))

    full = scored(folder / "test.csv", "--p-values", "--prior", "0.1")
    names = ("score", "is_anomaly", "p_value", "probability")
    asked = [["--top", "2"], ["--top", "2", "--expected"], ["--top", "99", "--p-values", "--expected"]]
    asked += [["--top", "1", "--p-values", "--prior", "0.1"], ["--p-values"], []]
    for rows_at_a_time in (None, 7):
        if rows_at_a_time:
            monkeypatch.setattr("anomaly.cli.inputs.CHUNK_ROWS", rows_at_a_time)
        for options in asked:
            table = scored(folder / "test.csv", *options)
            for name in names:
                if name in table[0]:
                    assert [row[name] for row in table] == [row[name] for row in full], (name, options)
    mixed = scored(shuffled, "--p-values", "--prior", "0.1", "--top", "1")
    for name in names:
        assert [row[name] for row in mixed] == [full[i][name] for i in order], name


def test_score_of_a_table_refuses_what_is_for_series(folder, capsys):
    common = ["score", folder / "test.csv", "-m", folder / "m.npz"]
    for name in ("--minimum-length", "--tolerance"):
        assert f"{name} is for series" in fails(capsys, *common, name, "3")
    judged = ["evaluate", *common[1:], "--label", "label", "--normal", "normal"]
    assert "--tolerance is for series" in fails(capsys, *judged, "--tolerance", "3")


def test_an_unusable_file_leaves_nothing_on_standard_output(folder, capsys, tmp_path):
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    code, out, err = run(capsys, "score", tmp_path / "other.csv", "-m", folder / "m.npz")
    assert (code, out) == (2, "")
    assert err.startswith("anomaly: error: ")


def test_score_goes_to_standard_output_by_default(folder, capsys):
    _, out, _ = run(capsys, "score", folder / "test.csv", "-m", folder / "m.npz", "--threshold", "0")
    lines = out.splitlines()
    assert lines[0] == "row,score,is_anomaly"
    assert all(line.endswith(",1") for line in lines[1:])


def test_score_in_chunks_is_the_same(folder, capsys, monkeypatch, tmp_path):
    whole, cut = tmp_path / "whole.csv", tmp_path / "cut.csv"
    run(capsys, "score", folder / "test.csv", "-m", folder / "m.npz", "-o", whole)

    monkeypatch.setattr("anomaly.cli.inputs.CHUNK_ROWS", 7)
    run(capsys, "score", folder / "test.csv", "-m", folder / "m.npz", "-o", cut)
    a, b = rows(whole), rows(cut)
    assert [row[0] for row in a] == [row[0] for row in b]
    np.testing.assert_allclose([float(r[1]) for r in a[1:]], [float(r[1]) for r in b[1:]], rtol=1e-5)


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


def test_evaluate_prints_and_writes_the_figures(folder, capsys, tmp_path):
    path = tmp_path / "figures.json"
    code, out, _ = run(
        capsys, "evaluate", folder / "test.csv", "-m", folder / "m.npz", "--label", "label", "--normal", "normal",
        "--json", path,
    )  # fmt: skip
    assert code == 0
    figures = json.loads(path.read_text())
    assert f"{figures['roc_auc']:.4f}" in out
    kinds = {row["label"]: row["records"] for row in figures["by_label"]}
    assert sum(kinds.values()) == figures["n_records"] == len(rows(folder / "test.csv")) - 1
    assert all(kind in out for kind in kinds)
    assert next(iter(kinds)) == "normal"


def test_evaluate_writes_figures_alone_to_standard_output(folder, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, _ = run(
        capsys, "evaluate", folder / "test.csv", "-m", folder / "m.npz", "--label", "label", "--normal", "normal",
        "--json", "-",
    )  # fmt: skip
    assert code == 0
    assert json.loads(out)["n_unlabelled"] == 0
    assert not os.listdir(tmp_path)


def without_labels(folder, path, lost="normal", every=2):
    """Write the test records again, without every so many of one label; return how many that are."""
    table = rows(folder / "test.csv")
    emptied = [row for row in table[1:] if row[-1] == lost][::every]
    for row in emptied:
        row[-1] = " "
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows(table)
    return len(emptied)


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


def test_an_empty_label_may_be_the_normal_one(folder, capsys, tmp_path):
    empty = without_labels(folder, tmp_path / "some.csv", every=1)
    command = ["evaluate", tmp_path / "some.csv", "-m", folder / "m.npz", "--label", "label", "--normal", ""]
    code, out, _ = run(capsys, *command, "--json", "-")
    assert code == 0
    figures = json.loads(out)
    assert figures["by_label"][0]["label"] == ""
    assert figures["by_label"][0]["records"] == empty == figures["n_records"] - figures["n_anomalies"]


def test_plot_leaves_out_records_without_a_label(folder, capsys, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr("anomaly.cli.plot.draw_pictures", lambda *arguments: seen.append(arguments) or [])
    unlabelled = without_labels(folder, tmp_path / "some.csv")
    labels = ["--label", "label", "--normal", "normal"]
    code, out, err = run(capsys, "plot", tmp_path / "some.csv", "-m", folder / "m.npz", "-o", tmp_path / "p", *labels)
    assert (code, out, err) == (0, "", f"anomaly: left out {unlabelled} records without a label\n")
    _, table, truth, _ = seen[0]
    assert len(table) == len(truth) == len(rows(folder / "test.csv")) - 1 - unlabelled
    assert set(truth.tolist()) == {0, 1}


def test_evaluate_at_another_threshold(folder, capsys):
    common = ["evaluate", folder / "test.csv", "-m", folder / "m.npz", "--label", "label", "--normal", "normal"]
    _, out, _ = run(capsys, *common, "--threshold", "-1")
    assert "false alarm rate          1.0000" in " ".join(out.split("\n")) or "1.0000" in out


def test_plot_draws_all_pictures(folder, capsys, tmp_path):
    code, out, _ = run(
        capsys, "plot", folder / "test.csv", "-m", folder / "m.npz", "-o", tmp_path / "new" / "pictures",
        "--label", "label", "--normal", "normal",
    )  # fmt: skip
    assert code == 0
    paths = out.split()
    assert len(paths) == 8
    assert all(Path(path).read_bytes().startswith(b"\x89PNG") for path in paths)


def test_plot_without_labels_draws_what_it_can(folder, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("anomaly.cli.plot._MOST_ROWS", 50)
    _, out, _ = run(capsys, "plot", folder / "test.csv", "-m", folder / "m.npz", "-o", tmp_path)
    assert len(out.split()) == 5


def test_info_describes_the_model(folder, capsys):
    _, out, _ = run(capsys, "info", "-m", folder / "m.npz")
    for part in ("TableDetector, fitted on", "threshold", "settings", "hidden = (8,)", "columns", "network"):
        assert part in out


@pytest.mark.parametrize("data", ["transactions", "connections", "sensors"])
def test_demo_leaves_a_folder(capsys, tmp_path, data):
    code, out, _ = run(capsys, "demo", "--data", data, "--records", "400", "-o", tmp_path / "demo")
    assert code == 0
    found = {path.name for path in (tmp_path / "demo").iterdir()}
    assert found == {
        "README.txt", "data.csv", "evaluation.txt", "model.npz", "pictures", "scores.csv", "train.csv"
    }  # fmt: skip
    text = (tmp_path / "demo" / "README.txt").read_text()
    for name in found - {"README.txt", "pictures"}:
        assert name in text
    for picture in (tmp_path / "demo" / "pictures").iterdir():
        assert f"pictures/{picture.name}" in text
    assert "now read" in out


def test_the_commands_that_the_demo_names_work(capsys, tmp_path, monkeypatch):
    run(capsys, "demo", "--records", "400", "-o", tmp_path)
    text = (tmp_path / "README.txt").read_text()
    monkeypatch.chdir(tmp_path)
    lines = [line.split() for line in text.splitlines() if line.startswith("    anomaly ")]
    assert [line[1] for line in lines] == ["fit", "score", "evaluate", "plot"]
    before = (tmp_path / "scores.csv").read_bytes()
    for line in lines:
        assert run(capsys, *line[1:])[0] == 0
    assert (tmp_path / "scores.csv").read_bytes() == before


# -- bad input ---------------------------------------------------------------------------------


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
    assert "level must be above 0 and below 1" in fails(capsys, *arguments, "--level", "2")
    assert "there is no such file" in fails(capsys, "drift", folder / "none.csv", "-m", folder / "m.npz")


@pytest.mark.parametrize(
    "command", ["demo", "fit", "update", "learn-labels", "score", "evaluate", "drift", "plot", "info"]
)
def test_each_command_has_help_with_an_example(capsys, command):
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    out = capsys.readouterr().out
    assert f"example:\n  anomaly {command}" in out
    # The example parses.
    from anomaly.cli.main import parse

    example = out.split("example:\n  anomaly ")[1].split("\n")[0]
    assert callable(parse(example.split()).run)


def test_version_and_no_command(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert anomaly.__version__ in capsys.readouterr().out
    with pytest.raises(SystemExit) as stop:
        main([])
    assert stop.value.code == 2


def test_python_m_anomaly():
    done = subprocess.run([sys.executable, "-m", "anomaly", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("anomaly ")
