"""Many machines in one file (``--group``), and intervals left out (``--exclude``), from end to end."""

import csv
import json
import re

import numpy as np
import pytest

from tests.anomaly.cli.test_score_live import Live
from tests.anomaly.command_line import QUICK_SERIES, fails, rows, run

FAULT = slice(200, 230)


def write_plant(path, n=300, seed=0, machines=("press", "mill"), fault=None):
    """Write interleaved rows of machines of different scale; the fault is one of the last machine."""
    rng = np.random.default_rng(seed)
    t = np.arange(n)
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["time", "machine", "a", "b", "state"])
        values = []
        for k, _ in enumerate(machines):
            a = np.sin(t / 3 + k) + 0.05 * rng.normal(size=n)
            values.append(np.column_stack([a, 2 * a + 0.05 * rng.normal(size=n)]) * 100.0**k)
        if fault:
            values[-1][fault, 1] += 8 * 100.0 ** (len(machines) - 1)
        for i in range(n):
            time = str(np.datetime64("2024-01-01T00:00") + i)
            for name, own in zip(machines, values, strict=True):
                is_fault = bool(fault) and name == machines[-1] and fault.start <= i < fault.stop
                writer.writerow([time, name, *own[i].round(5), "fault" if is_fault else "ok"])
    return path


@pytest.fixture(scope="module")
def plant(tmp_path_factory):
    """A model of two machines, and fresh rows with a fault of one."""
    from anomaly.cli import main

    folder = tmp_path_factory.mktemp("plant")
    write_plant(folder / "train.csv")
    write_plant(folder / "test.csv", seed=1, fault=FAULT)
    for name, more in (("m", []), ("causal", ["--causal"])):
        fit = ["fit", folder / "train.csv", "-m", folder / f"{name}.npz", "--time", "time", "--label", "state"]
        assert main([str(one) for one in [*fit, "--group", "machine", *QUICK_SERIES, *more]]) == 0
    return folder


def test_fit_and_info_tell_of_the_machines(plant, capsys):
    _, out, _ = run(capsys, "info", "-m", plant / "m.npz")
    assert "GroupedDetector, fitted on 600 steps with 2 columns" in out
    assert re.search(r"press: 300 steps, threshold [\d.]+\n *mill: 300 steps, threshold", out)
    assert re.search(r"delay: a live stream gives the score of a step when \d+ more of its group have followed", out)


def test_a_report_has_a_time_line_for_each_machine(plant, capsys, tmp_path):
    page = tmp_path / "report.html"
    code, out, err = run(
        capsys,
        "report",
        plant / "test.csv",
        "-m",
        plant / "m.npz",
        "--label",
        "state",
        "--normal",
        "ok",
        "-o",
        page,
        "--json",
    )
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert (found["n_rows"], found["n_without_score"], found["threshold"], found["drifted"]) == (600, 0, 1.0, None)
    text = page.read_text(encoding="utf-8")
    values = json.loads(re.search(r'id="values">(.*?)</script>', text)[1])
    assert {one["name"]: one["count"] for one in values["series"]} == {"mill": 300, "press": 300}
    assert values["series"][0]["name"] == "mill"  # which has the fault, and so the most alarms
    assert any(alarm["from"].startswith("2024-01-01 03:") for alarm in values["series"][0]["alarms"])
    assert values["series"][0]["truth"] == [[FAULT.start, FAULT.stop]]
    assert re.search(r"of 2 groups were tested|There was no test for drift", text)


def test_scores_come_in_the_order_of_the_rows_and_events_with_the_machine(plant, capsys, tmp_path):
    score = ["score", plant / "test.csv", "-m", plant / "m.npz", "--label", "state", "--top", 1]
    code, out, err = run(capsys, *score, "--events", tmp_path / "e.csv", "--tolerance", 20)
    assert (code, err) == (0, "")
    head, *found = list(csv.reader(out.splitlines()))
    assert head == ["row", "machine", "score", "is_anomaly", "top_1", "top_1_share"]
    assert [row[:2] for row in found] == [[str(i + 1), ["press", "mill"][i % 2]] for i in range(600)]
    # The limit follows the scores from the threshold on, which is 1 for all machines.
    assert all(float(row[2]) > 0.9 for row in found if row[3] == "1")
    flagged = {name: [row for row in found if row[3] == "1" and row[1] == name] for name in ("mill", "press")}
    assert len(flagged["press"]) < 10 < len(flagged["mill"])
    events = rows(tmp_path / "e.csv")
    assert events[0][:3] == ["machine", "start", "end"]
    score_at = events[0].index("peak_score")
    event = max((event for event in events[1:] if event[0] == "mill"), key=lambda event: float(event[score_at]))
    assert all(int(number) % 2 == 0 for number in event[1:4])  # rows of the file, of which every second is a mill's
    assert event[6].startswith("2024-01-01T03:")


def test_the_machine_may_be_an_id(plant, capsys):
    score = ["score", plant / "test.csv", "-m", plant / "m.npz", "--label", "state"]
    _, out, _ = run(capsys, *score, "--id", "machine", "--id", "time")
    assert out.splitlines()[:2] == ["machine,time,score,is_anomaly", out.splitlines()[1]]
    assert out.splitlines()[1].startswith("press,2024-01-01T00:00,")


def test_evaluate_counts_the_events_of_each_machine(plant, capsys, tmp_path):
    evaluate = ["evaluate", plant / "test.csv", "-m", plant / "m.npz", "--label", "state", "--normal", "ok"]
    code, _, _ = run(capsys, *evaluate, "--json", tmp_path / "e.json", "--tolerance", 3)
    metrics = json.loads((tmp_path / "e.json").read_text())
    assert code == 0
    assert metrics["roc_auc"] > 0.95
    # Thirty faulty rows of one machine are one event, although rows of the other lie between them.
    events = metrics["events"]
    assert events["n_events"] == 1
    assert events["n_found"] == 1


def test_machines_without_a_model_have_empty_scores(plant, capsys, tmp_path):
    write_plant(tmp_path / "three.csv", n=100, seed=2, machines=("press", "mill", "saw"))
    score = ["score", tmp_path / "three.csv", "-m", plant / "m.npz", "--label", "state", "--top", 1]
    code, out, err = run(capsys, *score)
    assert code == 0
    assert "line 4 (row 3), column 'machine': there is no detector for 'saw' (100 rows of such groups): no" in err
    assert err.count("\n") == 1
    assert out.splitlines()[3] == "3,saw,,0,,"
    assert len(out.splitlines()) == 301


def test_a_model_of_one_machine_scores_each_of_a_file_as_a_series_of_its_own(series_folder, capsys, tmp_path):
    lines = (series_folder / "test.csv").read_text().splitlines()
    both = [lines[0] + ",unit", *(f"{line},{unit}" for line in lines[1:] for unit in "AB")]
    (tmp_path / "both.csv").write_text("\n".join(both) + "\n")
    model = series_folder / "m.npz"
    _, alone, _ = run(capsys, "score", series_folder / "test.csv", "-m", model)
    code, out, err = run(capsys, "score", tmp_path / "both.csv", "-m", model, "--group", "unit")
    assert (code, err) == (0, "")
    expected = [float(line.split(",")[1]) for line in alone.splitlines()[1:]]
    for unit in "AB":
        own = [float(line.split(",")[2]) for line in out.splitlines()[1:] if line.split(",")[1] == unit]
        np.testing.assert_allclose(own, expected, rtol=1e-4)


def test_interleaved_rows_are_answered_one_by_one(plant):
    lines = (plant / "test.csv").read_text().splitlines(keepends=True)
    with Live("-m", plant / "causal.npz", "--label", "state") as live:
        live.tell(lines[0] + lines[1])
        assert [live.answer(), live.answer().split(",")[:2]] == ["row,machine,score,is_anomaly", ["1", "press"]]
        for row in range(2, 20):
            live.tell(lines[row])
            assert live.answer().split(",")[:2] == [str(row), ["mill", "press"][row % 2]]
        assert live.end()[0] == 0


# -- intervals ---------------------------------------------------------------------------------


def write_intervals(path, *intervals, head="start,end"):
    path.write_text("\n".join([head, *intervals]) + "\n")
    return path


def test_a_repair_is_left_out_of_training_scores_and_evaluation(series_folder, capsys, tmp_path):
    # The fault stands in rows 151 to 180 of the test file, with a gap of hours after the first of them.
    repair = write_intervals(tmp_path / "repairs.csv", "2024-01-01 02:30,2024-01-01 11:19")
    test, events = series_folder / "test.csv", tmp_path / "e.csv"
    fit = ["fit", test, "-m", tmp_path / "m.npz", "--label", "state", "--time", "time", *QUICK_SERIES]
    code, out, err = run(capsys, *fit, "--exclude", repair)
    assert (code, err) == (0, "")
    assert "learned from 270 steps" in out
    for model in (series_folder / "m.npz", tmp_path / "m.npz"):
        code, out, err = run(capsys, "score", test, "-m", model, "--exclude", repair, "--events", events, "--top", 1)
        assert (code, err) == (0, "")
        found = list(csv.reader(out.splitlines()[1:]))
        assert len(found) == 300
        assert [row for row in found if row[1] == ""] == [[str(i), "", "0", "", ""] for i in range(151, 181)]
    evaluate = ["evaluate", test, "-m", tmp_path / "m.npz", "--by", "state", "--exclude", repair]
    _, out, _ = run(capsys, *evaluate)
    assert "left out 30 rows without a score" in out
    assert "fault" not in out


def test_intervals_of_one_machine(plant, capsys, tmp_path):
    repair = write_intervals(tmp_path / "r.csv", "2024-01-01 03:20,2024-01-01 03:49,mill", head="start,end,unit")
    score = ["score", plant / "test.csv", "-m", plant / "m.npz", "--label", "state", "--exclude", repair]
    code, out, err = run(capsys, *score)
    assert (code, err) == (0, "")
    empty = [line for line in out.splitlines()[1:] if line.split(",")[2] == ""]
    assert empty == [f"{2 * i + 2},mill,,0" for i in range(200, 230)]
    err = fails(capsys, *score[:2], "-m", plant / "m.npz", "--label", "state", "--group", "state", "--exclude", repair)
    assert "the groups are those of column 'machine'" in err


def test_row_numbers_stand_for_times(series_folder, capsys, tmp_path):
    fit = ["fit", series_folder / "train.csv", "-m", tmp_path / "m.npz", "--drop", "time,state", *QUICK_SERIES]
    repair = write_intervals(tmp_path / "r.csv", "11,20", "5000,6000")
    code, out, err = run(capsys, *fit, "--exclude", repair)
    assert code == 0
    assert "learned from 290 steps" in out
    assert "1 of 2 intervals to exclude match no row, the first from '5000' to '6000'" in err
    _, out, err = run(capsys, "score", series_folder / "test.csv", "-m", tmp_path / "m.npz", "--exclude", repair)
    assert [line for line in out.splitlines() if ",," in line] == [f"{i},,0" for i in range(11, 21)]
    assert err.count("match no row") == 1


def test_errors_of_intervals_and_groups_are_one_line(series_folder, folder, capsys, tmp_path):
    score = ["score", series_folder / "test.csv", "-m", series_folder / "m.npz", "--exclude"]
    late = write_intervals(tmp_path / "late.csv", "2024-01-02,2024-01-01")
    assert "line 2 (row 1) of the intervals: it ends before it begins" in fails(capsys, *score, late)
    number = write_intervals(tmp_path / "number.csv", "3,4")
    assert "found '3' as 'start', expected a date" in fails(capsys, *score, number)
    named = write_intervals(tmp_path / "named.csv", "2024-01-01,2024-01-02,A", head="start,end,machine")
    assert "--group COL" in fails(capsys, *score, named)
    assert "must have the columns start and end" in fails(capsys, *score, series_folder / "train.csv")
    assert "--exclude is for series" in fails(
        capsys, "score", folder / "test.csv", "-m", folder / "m.npz", "--exclude", late
    )
    missing = fails(capsys, "fit", folder / "train.csv", "-m", tmp_path / "x", "--group", "a")
    assert "--group names 'a', which the data do not have" in missing
    assert "--group and --drop both name 'a'" in fails(
        capsys, "fit", series_folder / "train.csv", "-m", tmp_path / "x", "--group", "a", "--drop", "a", "--window", "8"
    )
