"""The command score with an alarm budget."""

import csv
import gzip

import numpy as np
import pytest

from anomaly import load_detector
from anomaly.tables.csv_files import read_csv
from anomaly.thresholds import AlarmBudget, alarms_within_budget
from tests.anomaly.command_line import fails, rows, run


@pytest.fixture
def timed(folder, tmp_path):
    """The test records with a column of times that is no feature, in no order."""
    table = rows(folder / "test.csv")
    times = np.datetime64("2024-03-01T12:00") + np.random.default_rng(0).integers(0, 5 * 1440, len(table) - 1).astype(
        "m8[m]"
    )
    with open(tmp_path / "timed.csv", "w", newline="") as file:
        csv.writer(file).writerows(
            [["when", *table[0]], *([f"{time}Z", *row] for time, row in zip(times, table[1:], strict=True))]
        )
    return tmp_path / "timed.csv", times


def score(capsys, data, folder, *arguments):
    command = ["score", data, "-m", folder / "m.npz", "--label", "label", "--threshold", "1", *arguments]
    code, out, err = run(capsys, *command)
    assert code == 0
    return [line.split(",") for line in out.splitlines()], err


def test_the_highest_scores_of_the_batch_are_alarms(folder, capsys):
    plain, _ = score(capsys, folder / "test.csv", folder)
    found, err = score(capsys, folder / "test.csv", folder, "--budget", "7")
    assert [row[:2] for row in found] == [row[:2] for row in plain]
    scores = np.array([float(row[1]) for row in plain[1:]])
    np.testing.assert_array_equal([int(row[2]) for row in found[1:]], alarms_within_budget(scores, 7))
    above = sum(row[2] == "1" for row in plain)
    assert err == f"anomaly: 7 of {above} records above the threshold are alarms: the budget is 7\n"


def test_a_budget_for_each_day(timed, folder, capsys, monkeypatch):
    # So small that days are spread over many chunks.
    monkeypatch.setattr("anomaly.cli.source.CHUNK_ROWS", 40)
    monkeypatch.setattr("anomaly.cli.held_rows.CHUNK_ROWS", 30)
    data, times = timed
    zone = ["--time-zone", "America/New_York"]
    found, _ = score(
        capsys, data, folder, "--budget", "3/day", "--time", "when", "--id", "when,protocol", "--top", "1", *zone
    )
    assert found[0] == ["when", "protocol", "score", "is_anomaly", "top_1", "top_1_share", "rare_missing"]
    detector = load_detector(folder / "m.npz")
    scores = detector.decision_function(read_csv(folder / "test.csv").drop(["label"]))
    expected = alarms_within_budget(scores, AlarmBudget.parse("3/day", zone[1]), 1.0, times)
    np.testing.assert_array_equal([int(row[3]) for row in found[1:]], expected)
    assert expected.sum() == 3 * 6


def test_the_output_may_be_any_file(folder, capsys, tmp_path):
    out, zipped = tmp_path / "s.csv", tmp_path / "s.csv.gz"
    for path in (out, zipped):
        run(capsys, "score", folder / "test.csv", "-m", folder / "m.npz", "--budget", "2", "-o", path)
    with gzip.open(zipped, "rt", newline="") as file:
        assert file.read() == out.read_text()
    assert sum(row[2] == "1" for row in rows(out)) == 2


def test_cells_with_breaks_and_quotes_come_through(folder, capsys, tmp_path):
    table = rows(folder / "numbered.csv")[:4]
    names = ['a "b"', "c\rd,e", "f\ng", ""]
    with open(tmp_path / "odd.csv", "w", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows(
            [table[0], *([name, *row[1:]] for name, row in zip(names, table[1:], strict=False))]
        )
    common = ["score", tmp_path / "odd.csv", "-m", folder / "m.npz", "--id", "number"]
    run(capsys, *common, "-o", tmp_path / "plain.csv")
    run(capsys, *common, "-o", tmp_path / "budget.csv", "--budget", "100")
    assert (tmp_path / "budget.csv").read_bytes() == (tmp_path / "plain.csv").read_bytes()


def test_a_time_that_the_model_has_stays_a_feature(fresh_folder, capsys):
    plain, _ = score(capsys, fresh_folder / "fresh.csv", fresh_folder)
    found, _ = score(capsys, fresh_folder / "fresh.csv", fresh_folder, "--budget", "3/hour", "--time", "time")
    assert [row[1] for row in found] == [row[1] for row in plain]


def test_records_without_a_time_are_told_of(timed, folder, capsys):
    data, _ = timed
    lines = data.read_text().splitlines()
    lines[1] = "," + lines[1].split(",", 1)[1]
    data.write_text("\n".join(lines) + "\n")
    _, err = score(capsys, data, folder, "--budget", "3/day", "--time", "when")
    assert err.startswith(f"anomaly: warning: 1 of {len(lines) - 1} records have no time")


def test_a_budget_that_suffices_is_silent(folder, capsys):
    plain, _ = score(capsys, folder / "test.csv", folder)
    assert score(capsys, folder / "test.csv", folder, "--budget", "100000") == (plain, "")


def test_options_that_do_not_go_together(timed, folder, series_folder, capsys):
    data, _ = timed
    common = ["score", data, "-m", folder / "m.npz", "--label", "label"]
    for arguments, words in (
        (["--budget", "5/year"], "--budget: a budget must be a number of alarms"),
        (["--budget", "5/day"], "--budget 5/day needs the times of the records: give --time COL"),
        (["--budget", "5", "--time", "when"], "--time goes with a budget for each period, such as --budget 5/day"),
        (["--time", "when"], "--time goes with --budget N/PERIOD"),
        (["--time-zone", "UTC"], "--time-zone goes with --budget N/PERIOD"),
        (["--budget", "5/day", "--time", "when", "--time-zone", "Mars"], "must be the IANA name of a time zone"),
        (["--budget", "5/day", "--time", "nowhere"], "has no column 'nowhere'"),
        (["--budget", "5/day", "--time", "protocol"], "expected a date and time such as 2024-12-31 23:59"),
    ):
        assert words in fails(capsys, *common, *arguments)
    err = fails(capsys, "score", series_folder / "test.csv", "-m", series_folder / "m.npz", "--budget", "5")
    assert "--budget is for tables" in err
