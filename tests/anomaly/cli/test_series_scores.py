"""The command line on series."""

import csv
import json
import tracemalloc

import numpy as np
import pytest

import anomaly
from anomaly.cli import main
from anomaly.tables.csv_files import read_csv
from tests.anomaly.command_line import rows, run

QUICK = ["--window", "8", "--epochs", "3", "--hidden", "8"]


def write(path, n=300, seed=0, fault=None, gap=False):
    rng = np.random.default_rng(seed)
    t = np.arange(n)
    a = np.sin(t / 3) + 0.05 * rng.normal(size=n)
    b = 2 * a + 0.05 * rng.normal(size=n)
    state = np.array(["ok"] * n, dtype=object)
    if fault:
        b[slice(*fault)] += 8
        state[slice(*fault)] = "fault"
    time = np.datetime64("2024-01-01") + (t + (t > n // 2) * (500 if gap else 0)).astype("m8[m]")
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["time", "a", "b", "state"])
        writer.writerows(zip(time.astype(str), a.round(5), b.round(5), state, strict=True))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("series")
    write(path / "train.csv")
    write(path / "test.csv", seed=1, fault=(150, 180), gap=True)
    fit = ["fit", str(path / "train.csv"), "--model", str(path / "m.npz"), "--label", "state", "--time", "time"]
    assert main([*fit, *QUICK]) == 0
    return path


def test_fit_with_a_window_learns_a_series(folder, capsys, tmp_path):
    settings = ["--network", "conv", "--stride", "2", "--method", "forecast", "--smoothing", "5", "--folds", "2"]
    code, out, _ = run(
        capsys, "fit", folder / "train.csv", "-m", tmp_path / "m.npz", "--drop", "state", "--time", "time", *QUICK,
        *settings, "--margin", "3", "--gap", "20", "--causal", "--relative",
    )  # fmt: skip
    assert code == 0
    assert "learned from 300 steps of 2 sensors, in windows of 8" in out
    detector = anomaly.load_detector(tmp_path / "m.npz")
    parameters = detector.get_params()
    assert (parameters["network"], parameters["stride"], parameters["method"]) == ("conv", 2, "forecast")
    assert (parameters["folds"], parameters["margin"], parameters["gap"]) == (2, 3.0, 20.0)
    assert parameters["causal"]
    assert parameters["relative"]


def test_fit_cuts_out_what_is_not_normal(folder, capsys, tmp_path):
    run(
        capsys, "fit", folder / "test.csv", "-m", tmp_path / "m.npz", "--label", "state", "--normal", "ok",
        "--time", "time", *QUICK,
    )  # fmt: skip
    assert len(anomaly.load_detector(tmp_path / "m.npz").labels_) == 270


@pytest.mark.parametrize("chunk", [1, 7, 64, 8192])
def test_score_streams_and_chunks_do_not_matter(folder, capsys, monkeypatch, tmp_path, chunk):
    monkeypatch.setattr("anomaly.cli.inputs.CHUNK_ROWS", chunk)
    out = tmp_path / "scores.csv"
    code, _, _ = run(
        capsys, "score", folder / "test.csv", "-m", folder / "m.npz", "-o", out, "--id", "time", "--top", 1
    )
    assert code == 0
    table = rows(out)
    assert table[0] == ["time", "score", "is_anomaly", "top_1", "top_1_share"]
    detector = anomaly.load_detector(folder / "m.npz")
    data = read_csv(folder / "test.csv")
    expected = detector.decision_function(data)
    np.testing.assert_allclose([float(row[1]) for row in table[1:]], expected, rtol=1e-4)
    assert [row[0] for row in table[1:]] == data["time"].tolist()
    named = [row[3] for row in table[155:180]]
    assert named.count("b") > named.count("a")


def test_score_numbers_the_rows(folder, capsys):
    _, out, _ = run(capsys, "score", folder / "test.csv", "-m", folder / "m.npz")
    assert [line.split(",")[0] for line in out.splitlines()[1:]] == [str(i) for i in range(1, 301)]


@pytest.mark.parametrize("chunk", [7, 8192])
def test_score_writes_events(folder, capsys, monkeypatch, tmp_path, chunk):
    monkeypatch.setattr("anomaly.cli.inputs.CHUNK_ROWS", chunk)
    out = tmp_path / "events.csv"
    code, _, _ = run(
        capsys, "score", folder / "test.csv", "-m", folder / "m.npz", "--events", out, "--tolerance", 20,
        "--minimum-length", 5, "-o", tmp_path / "scores.csv",
    )  # fmt: skip
    assert code == 0
    head, (start, end, peak, _, steps, *times) = rows(out)
    assert head == ["start", "end", "peak", "peak_score", "steps", "start_time", "end_time", "peak_time"]
    clock = [line[0] for line in rows(folder / "test.csv")]
    assert times == [clock[int(row)] for row in (start, end, peak)]
    assert 140 < int(start) <= int(peak) <= int(end) < 220
    assert int(steps) == int(end) - int(start) + 1


def test_events_of_a_table_are_refused(folder, capsys, tmp_path):
    assert main(["fit", str(folder / "train.csv"), "-m", str(tmp_path / "m.npz"), *QUICK[2:]]) == 0
    code, _, err = run(
        capsys, "score", folder / "train.csv", "-m", tmp_path / "m.npz", "--events", tmp_path / "e.csv",
        "-o", tmp_path / "s.csv",
    )  # fmt: skip
    assert code == 2
    assert "--events is for series" in err


def test_evaluate_adds_figures_by_event(folder, capsys, tmp_path):
    code, out, _ = run(
        capsys, "evaluate", folder / "test.csv", "-m", folder / "m.npz", "--label", "state", "--normal", "ok",
        "--tolerance", "20", "--json", tmp_path / "f.json",
    )  # fmt: skip
    assert code == 0
    for words in (
        "event by event",
        "event recall",
        "affiliation precision",
        "affiliation recall",
        "median delay",
        "volume under surface",
        "the last one flatters",
    ):
        assert words in out
    figures = json.loads((tmp_path / "f.json").read_text())
    assert figures["events"]["n_events"] == figures["events"]["n_found"] == 1
    assert 0.9 < figures["events"]["affiliation_precision"] <= 1
    assert 0.9 < figures["events"]["affiliation_recall"] <= 1
    assert figures["n_anomalies"] == 30


def test_plot_draws_the_series(folder, capsys, tmp_path):
    code, out, _ = run(
        capsys,
        "plot",
        folder / "test.csv",
        "-m",
        folder / "m.npz",
        "-o",
        tmp_path,
        "--label",
        "state",
        "--normal",
        "ok",
    )
    assert code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["contributions.png", "reconstruction.png", "series.png"]
    assert len(out.split()) == 3


def test_info_describes_the_model(folder, capsys):
    _, out, _ = run(capsys, "info", "-m", folder / "m.npz")
    for part in ("SequenceDetector, fitted on 300 records", "window = 8", "columns", "network", "dense_reconstruction"):
        assert part in out


def test_memory_is_flat_however_long_the_series(folder, capsys, tmp_path):
    detector = anomaly.load_detector(folder / "m.npz")
    detector.time = None
    piece = np.random.default_rng(0).normal(size=(2000, 2))
    detector.preprocessor_.time = None
    peaks = []
    for count in (5, 25):
        tracemalloc.start()
        stream = detector.stream()
        for _ in range(count):
            stream.push(piece)
        stream.finish()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--stride", "2"], "--stride is for series: give --window STEPS too"),
        (["--causal"], "--causal is for series"),
        (["--window", "0"], "window must be a whole number of at least 1"),
        (["--window", "1"], "window must be at least 2"),
        (["--window", "400"], "at least 400 steps"),
        (["--window", "8", "--time", "nope"], "no column of times 'nope'"),
        (["--window", "8", "--time", "state"], "column 'state' holds no times"),
        (["--window", "8", "--stride", "9"], "stride must be at most window"),
    ],
)
def test_arguments_that_do_not_fit(folder, capsys, tmp_path, arguments, message):
    code, _, err = run(
        capsys, "fit", folder / "train.csv", "-m", tmp_path / "m.npz", "--label", "state", "--epochs", "1", *arguments
    )
    assert code == 2
    assert message in err
    assert err.count("\n") == 1


def test_times_out_of_order_name_the_line(folder, capsys, tmp_path):
    lines = (folder / "test.csv").read_text().splitlines()
    lines[20], lines[21] = lines[21], lines[20]
    (tmp_path / "bad.csv").write_text("\n".join(lines) + "\n")
    code, _, err = run(capsys, "score", tmp_path / "bad.csv", "-m", folder / "m.npz")
    assert code == 2
    assert "line 22 (row 21), column 'time': time goes back" in err
    assert "on the command line: as a file each" in err


def test_events_without_times_are_named_by_row_or_id(folder, capsys, tmp_path):
    fit = ["fit", folder / "train.csv", "-m", tmp_path / "m.npz", "--drop", "time,state", *QUICK]
    assert run(capsys, *fit)[0] == 0
    score = ["score", folder / "test.csv", "-m", tmp_path / "m.npz", "-o", tmp_path / "s.csv", "--tolerance", 20]
    run(capsys, *score, "--drop", "state,time", "--events", tmp_path / "rows.csv")
    run(capsys, *score, "--drop", "state", "--id", "time", "--events", tmp_path / "times.csv")
    clock = [line[0] for line in rows(folder / "test.csv")]
    by_row, by_id = rows(tmp_path / "rows.csv"), rows(tmp_path / "times.csv")
    assert by_row[0] == by_id[0] == ["start", "end", "peak", "peak_score", "steps"]
    assert [[clock[int(row)] for row in line[:3]] for line in by_row[1:]] == [line[:3] for line in by_id[1:]]
    assert len(by_row) > 1


def test_help_names_the_defaults_of_series(capsys):
    with pytest.raises(SystemExit):
        main(["fit", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    for default in (
        "(default: core; of series standard)",
        "(default: several; of series 0.2)",
        "(default: 128,128; of series with --network conv 32,16, with lstm and gru 64)",
        "(default: up to 128; of series 64)",
    ):
        assert default in text


# -- outputs, and what goes together -----------------------------------------------------------


@pytest.mark.parametrize("events", ["s.csv", "./s.csv", "ABSOLUTE"])
@pytest.mark.parametrize("there", [False, True])
def test_scores_and_events_are_not_written_to_one_file(folder, capsys, tmp_path, monkeypatch, events, there):
    monkeypatch.chdir(tmp_path)
    if there:
        (tmp_path / "s.csv").write_text("earlier\n")
    events = events.replace("ABSOLUTE", str(tmp_path / "s.csv"))
    code, _, err = run(capsys, "score", folder / "test.csv", "-m", folder / "m.npz", "-o", "s.csv", "--events", events)
    assert code == 2
    assert f"--events is {events!r}, which is written to as --output: name another file to write to" in err
    assert [path.read_text() for path in tmp_path.iterdir()] == (["earlier\n"] if there else [])


def test_scores_and_events_do_not_share_standard_output(folder, capsys, tmp_path):
    common = ["score", folder / "test.csv", "-m", folder / "m.npz", "--events", "-"]
    code, out, err = run(capsys, *common)
    assert (code, out) == (2, "")
    assert "--events is standard output, which is written to as --output: name a file for one of them" in err
    code, out, _ = run(capsys, *common, "-o", tmp_path / "s.csv")
    assert code == 0
    assert out.startswith("start,end,peak,peak_score,steps,start_time,end_time,peak_time\n")


@pytest.mark.parametrize("name", ["--minimum-length", "--tolerance"])
def test_what_is_for_events_needs_events(folder, capsys, name):
    code, out, err = run(capsys, "score", folder / "test.csv", "-m", folder / "m.npz", name, "3")
    assert (code, out) == (2, "")
    assert f"{name} goes with --events" in err


@pytest.mark.parametrize(("name", "value", "least"), [("--minimum-length", "0", 1), ("--tolerance", "-1", 0)])
def test_what_is_for_events_has_a_least_value(folder, capsys, tmp_path, name, value, least):
    common = ["score", str(folder / "test.csv"), "-m", str(folder / "m.npz"), "-o", str(tmp_path / "s.csv")]
    with pytest.raises(SystemExit) as stop:
        main([*common, "--events", str(tmp_path / "e.csv"), name, value])
    assert stop.value.code == 2
    assert f"{name}: must be a whole number of at least {least}; found '{value}'" in capsys.readouterr().err


def test_a_column_that_the_model_uses_may_name_the_rows(folder, capsys, tmp_path):
    out, plain = tmp_path / "s.csv", tmp_path / "plain.csv"
    common = ["score", folder / "test.csv", "-m", folder / "m.npz"]
    assert run(capsys, *common, "-o", plain)[0] == 0
    assert run(capsys, *common, "-o", out, "--id", "time,a", "--id", "time")[0] == 0
    assert rows(out)[0] == ["time", "a", "score", "is_anomaly"]
    assert [row[2:] for row in rows(out)] == [row[1:] for row in rows(plain)]


def test_the_time_is_not_left_out(folder, capsys, tmp_path):
    code, _, err = run(
        capsys, "fit", folder / "train.csv", "-m", tmp_path / "m.npz", "--time", "time", "--drop", "state,time", *QUICK
    )
    assert code == 2
    assert "--time and --drop both name 'time'" in err


def without_labels(source, path, where):
    """Write a series again, with no labels on some of its rows."""
    table = rows(source)
    for row in table[1:][where]:
        row[-1] = ""
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows(table)
    return path


def test_evaluate_leaves_out_rows_without_a_label(folder, capsys, tmp_path):
    data = without_labels(folder / "test.csv", tmp_path / "some.csv", slice(170, 200))
    common = ["evaluate", data, "-m", folder / "m.npz", "--label", "state", "--normal", "ok"]
    code, out, err = run(capsys, *common)
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "left out 30 records without a label"
    code, out, _ = run(capsys, *common, "--json", "-")
    figures = json.loads(out)
    assert (figures["n_records"], figures["n_anomalies"], figures["n_unlabelled"]) == (270, 20, 30)
    assert figures["events"]["n_events"] == 1


@pytest.mark.parametrize(("threshold", "learned"), [([], 250), (["--threshold", "best_f1"], 270)])
def test_fit_leaves_out_rows_without_a_label(folder, capsys, tmp_path, threshold, learned):
    data = without_labels(folder / "test.csv", tmp_path / "some.csv", slice(170, 200))
    code, out, _ = run(
        capsys, "fit", data, "-m", tmp_path / "m.npz", "--label", "state", "--normal", "ok", "--time", "time",
        *threshold, *QUICK,
    )  # fmt: skip
    assert code == 0
    assert len(anomaly.load_detector(tmp_path / "m.npz").labels_) == learned
    assert out.splitlines()[-1] == "left out 30 records without a label"


def test_plot_draws_a_series_that_is_all_normal(folder, capsys, tmp_path):
    labels = ["--label", "state", "--normal"]
    code, out, _ = run(capsys, "plot", folder / "train.csv", "-m", folder / "m.npz", "-o", tmp_path, *labels, "ok")
    assert (code, len(out.split())) == (0, 3)
    code, _, err = run(capsys, "plot", folder / "train.csv", "-m", folder / "m.npz", "-o", tmp_path, *labels, "fine")
    assert code == 2
    assert "no record has label 'fine'" in err


def test_plot_marks_no_row_without_a_label(folder, capsys, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(
        "anomaly.cli.series_scores.draw", lambda detector, table, labels, path: seen.append(labels) or []
    )
    data = without_labels(folder / "test.csv", tmp_path / "some.csv", slice(170, 200))
    labels = ["--label", "state", "--normal", "ok"]
    assert run(capsys, "plot", data, "-m", folder / "m.npz", "-o", tmp_path / "p", *labels)[0] == 0
    assert set(seen[0].tolist()) == {0, 1}
    assert seen[0].sum() == 20


def test_a_step_has_one_score_whatever_else_is_asked_for(folder, capsys, tmp_path):
    out, events = tmp_path / "scores.csv", tmp_path / "events.csv"

    def scored(*options):
        common = ["score", folder / "test.csv", "-m", folder / "m.npz", "-o", out]
        assert run(capsys, *common, *options)[0] == 0
        return [row[:3] for row in rows(out)]

    alone = scored()
    for options in (["--top", "1"], ["--top", "99"], ["--events", events], ["--top", "2", "--events", events]):
        assert scored(*options) == alone, options
