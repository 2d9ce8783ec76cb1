"""The command evaluate, by the values of a column."""

import json

import numpy as np

from anomaly import load_detector
from anomaly.metrics import flag_rates
from anomaly.tables.csv_files import read_csv
from tests.anomaly.command_line import LABELS, fails, rows, run, without_labels


def test_rates_are_those_of_the_columns(folder, capsys, tmp_path):
    command = [
        "evaluate",
        folder / "test.csv",
        "-m",
        folder / "m.npz",
        *LABELS,
        "--by",
        "protocol",
        "--by",
        "duration_s",
    ]
    code, out, _ = run(capsys, *command, "--json", tmp_path / "f.json")
    assert code == 0
    found = json.loads((tmp_path / "f.json").read_text())
    assert "roc_auc" in found
    table, detector = read_csv(folder / "test.csv"), load_detector(folder / "m.npz")
    flags, truth = detector.predict(table.drop(["label"])), table["label"] != "normal"
    protocol = flag_rates(table["protocol"], flags, truth.astype(int))
    assert found["by_column"]["protocol"][:-1] == [group.to_dict() for group in protocol]
    durations = flag_rates([float(cell or "nan") for cell in table["duration_s"]], flags, truth.astype(int))
    assert found["by_column"]["duration_s"][:-1] == [group.to_dict() for group in durations]
    for groups in found["by_column"].values():
        assert groups[-1]["value"] == "(all)"
        assert groups[-1]["n_flagged"] == flags.sum()
        assert groups[-1]["recall"] == found["recall"]
    for group in (*protocol, *durations):
        assert f"{group.value} " in out
        assert f"{group.low:.1%} to {group.high:.1%}" in out


def test_no_labels_are_needed(folder, capsys):
    command = ["evaluate", folder / "test.csv", "-m", folder / "m.npz", "--label", "label", "--by", "protocol"]
    code, out, _ = run(capsys, *command)
    assert code == 0
    assert out.splitlines()[0].split() == ["protocol", "records", "flagged", "share", "95", "%", "interval"]
    _, out, _ = run(capsys, *command, "--json", "-", "--threshold", "-1")
    found = json.loads(out)
    assert list(found) == ["command", "version", "by_column"]
    assert found["by_column"]["protocol"][-1]["flag_rate"] == 1.0


def test_a_column_that_is_no_feature_may_be_compared(folder, capsys):
    command = ["evaluate", folder / "numbered.csv", "-m", folder / "m.npz", *LABELS]
    code, out, _ = run(capsys, *command, "--by", "number", "--drop", "number")
    assert code == 0
    assert "(other values)" in out
    assert run(capsys, *command, "--by", "number")[0] == 0
    assert "has no column 'nowhere'" in fails(capsys, *command, "--drop", "number", "--by", "nowhere")


def test_records_without_a_label_count_for_the_rates_alone(folder, capsys, tmp_path):
    unlabelled = without_labels(folder, tmp_path / "some.csv")
    command = ["evaluate", tmp_path / "some.csv", "-m", folder / "m.npz", *LABELS, "--by", "protocol", "--json", "-"]
    _, out, _ = run(capsys, *command)
    found = json.loads(out)
    overall = found["by_column"]["protocol"][-1]
    assert overall["n_records"] == len(rows(tmp_path / "some.csv")) - 1
    assert overall["n_labelled"] == found["n_records"] == overall["n_records"] - unlabelled


def test_steps_of_a_series_are_compared(series_folder, capsys, tmp_path):
    table = rows(series_folder / "test.csv")
    lines = [",".join([*row, shift]) for row, shift in zip(table, ["shift", *"am" * (len(table) // 2)], strict=False)]
    (tmp_path / "shifts.csv").write_text("\n".join(lines) + "\n")
    command = ["evaluate", tmp_path / "shifts.csv", "-m", series_folder / "m.npz", "--label", "state", "--normal", "ok"]
    code, out, _ = run(capsys, *command, "--by", "shift")
    assert code == 0
    assert "event by event" in out
    flags = load_detector(series_folder / "m.npz").predict(read_csv(series_folder / "test.csv").drop(["state"]))
    shifts = {line.split()[0]: line.split()[1:3] for line in out.splitlines() if line[:2] in ("a ", "m ")}
    assert shifts == {name: ["150", str(flags[start::2].sum())] for start, name in enumerate("am")}


def test_without_labels_and_columns_there_is_nothing_to_evaluate(folder, capsys):
    for arguments in ([], ["--label", "label"]):
        err = fails(capsys, "evaluate", folder / "test.csv", "-m", folder / "m.npz", *arguments)
        assert "an evaluation needs labels: give --label COL and --normal VALUE, or --by COL" in err
    err = fails(
        capsys, "evaluate", folder / "test.csv", "-m", folder / "m.npz", "--normal", "normal", "--by", "protocol"
    )
    assert "--normal names a value of the label column: give --label COL too" in err


def test_the_numbers_of_a_column_are_text_if_one_of_them_is(folder, capsys, tmp_path):
    table = rows(folder / "test.csv")
    extra = np.where(np.arange(len(table) - 1) % 2, "7", "seven").tolist()
    lines = [",".join([*row, cell]) for row, cell in zip(table, ["extra", *extra], strict=True)]
    (tmp_path / "extra.csv").write_text("\n".join(lines) + "\n")
    _, out, _ = run(capsys, "evaluate", tmp_path / "extra.csv", "-m", folder / "m.npz", *LABELS, "--by", "extra")
    assert {"7", "seven"} <= {line.split()[0] for line in out.splitlines() if line}
