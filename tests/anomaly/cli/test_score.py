"""The command score, on tables and series."""

import csv
import gzip
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import anomaly
from anomaly.cli import main
from anomaly.tables.csv_files import read_csv
from tests.anomaly.command_line import QUICK, QUICK_SERIES, fails, rows, run


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
    names = ["number", "score", "is_anomaly", "top_1", "top_1_share", "top_2", "top_2_share", "rare_missing"]
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


def test_dropped_columns_are_in_the_file_or_ignored_by_the_model(folder, capsys, tmp_path):
    common = ["score", folder / "test.csv", "-m", folder / "m.npz"]
    assert "has no column 'nix'; its columns are" in fails(capsys, *common, "--drop", "nix")
    bare = tmp_path / "bare.csv"
    bare.write_text("\n".join(line.rsplit(",", 1)[0] for line in (folder / "test.csv").read_text().splitlines()) + "\n")
    # The model knows of the column of labels, which fresh records do not have.
    assert run(capsys, "score", bare, "-m", folder / "m.npz", "--drop", "label")[0] == 0


def test_score_writes_what_was_expected_of_the_top_columns(folder, capsys, tmp_path):
    out = tmp_path / "scores.csv"
    arguments = ["score", folder / "test.csv", "-m", folder / "m.npz", "-o", out, "--top", "2", "--expected"]
    assert run(capsys, *arguments)[0] == 0
    with open(out, newline="") as file:
        table = list(csv.DictReader(file))
    with open(folder / "test.csv", newline="") as file:
        records = list(csv.DictReader(file))
    assert list(table[0])[3:-1] == [f"top_{k}{part}" for k in (1, 2) for part in ("", "_share", "_value", "_expected")]
    expected = anomaly.load_detector(folder / "m.npz").expected(records)
    for i, (row, record) in enumerate(zip(table, records, strict=True)):
        assert row["top_2_value"] == record[row["top_2"]]
        cell = expected[row["top_2"]][i]
        shown = (f"{cell:.6g}" if isinstance(cell, float) else str(cell)).replace("nan", "").replace("NaT", "")
        if isinstance(cell, float) and "." in row["top_2_value"]:
            # Zeros may follow, up to the decimals of the value beside it.
            written, decimals = row["top_2_expected"], len(row["top_2_value"].partition(".")[2])
            assert written.startswith(shown)
            assert written == shown or len(written.partition(".")[2]) <= decimals
            assert not written.removeprefix(shown).strip(".0")
        else:
            assert row["top_2_expected"] == (shown[:19] if isinstance(cell, np.datetime64) else shown)
    assert "--expected goes with --top" in fails(capsys, *arguments[:6], "--expected")


def test_a_textbook_autoencoder_is_scored_by_the_same_command(folder, capsys, tmp_path):
    model, out = tmp_path / "plain.npz", tmp_path / "scores.csv"
    train = read_csv(folder / "test.csv").drop(["label"])
    detector = anomaly.AutoencoderDetector(hidden=(8, 2, 8), epochs=2, random_state=0).fit(train)
    detector.save(model)
    common = ["score", folder / "test.csv", "-m", model, "-o", out, "--top", "1", "--label", "label"]
    code, _, err = run(capsys, *common, "--p-values", "--prior", "0.1")
    assert code == 0, err
    assert rows(out)[0] == [
        "row",
        "score",
        "is_anomaly",
        "p_value",
        "probability",
        "top_1",
        "top_1_share",
        "rare_missing",
    ]
    found = np.array([[float(cell) for cell in row[1:4:2]] for row in rows(out)[1:]])
    np.testing.assert_allclose(found[:, 0], detector.decision_function(train), rtol=1e-6)
    np.testing.assert_allclose(found[:, 1], detector.p_values(train), rtol=1e-3)
    assert "class AutoencoderDetector, which has no expected values" in fails(capsys, *common, "--expected")
    assert "class AutoencoderDetector, which this command cannot use" in fails(
        capsys, "drift", folder / "test.csv", "-m", model, "--label", "label"
    )


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
            monkeypatch.setattr("anomaly.cli.source.CHUNK_ROWS", rows_at_a_time)
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
    evaluated = ["evaluate", *common[1:], "--label", "label", "--normal", "normal"]
    assert "--tolerance is for series" in fails(capsys, *evaluated, "--tolerance", "3")


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

    monkeypatch.setattr("anomaly.cli.source.CHUNK_ROWS", 7)
    run(capsys, "score", folder / "test.csv", "-m", folder / "m.npz", "-o", cut)
    a, b = rows(whole), rows(cut)
    assert [row[0] for row in a] == [row[0] for row in b]
    np.testing.assert_allclose([float(r[1]) for r in a[1:]], [float(r[1]) for r in b[1:]], rtol=1e-5)


@pytest.mark.parametrize("chunk", [1, 7, 64, 8192])
def test_score_streams_and_chunks_do_not_matter(series_folder, capsys, monkeypatch, tmp_path, chunk):
    monkeypatch.setattr("anomaly.cli.source.CHUNK_ROWS", chunk)
    out = tmp_path / "scores.csv"
    code, _, _ = run(
        capsys,
        "score",
        series_folder / "test.csv",
        "-m",
        series_folder / "m.npz",
        "-o",
        out,
        "--id",
        "time",
        "--top",
        1,
    )
    assert code == 0
    table = rows(out)
    assert table[0] == ["time", "score", "is_anomaly", "top_1", "top_1_share"]
    detector = anomaly.load_detector(series_folder / "m.npz")
    data = read_csv(series_folder / "test.csv")
    expected = detector.decision_function(data)
    np.testing.assert_allclose([float(row[1]) for row in table[1:]], expected, rtol=1e-4)
    assert [row[0] for row in table[1:]] == data["time"].tolist()
    named = [row[3] for row in table[155:180]]
    assert named.count("b") > named.count("a")


def test_score_numbers_the_rows(series_folder, capsys):
    _, out, _ = run(capsys, "score", series_folder / "test.csv", "-m", series_folder / "m.npz")
    assert [line.split(",")[0] for line in out.splitlines()[1:]] == [str(i) for i in range(1, 301)]


@pytest.mark.parametrize("chunk", [7, 8192])
def test_score_writes_events(series_folder, capsys, monkeypatch, tmp_path, chunk):
    monkeypatch.setattr("anomaly.cli.source.CHUNK_ROWS", chunk)
    out = tmp_path / "events.csv"
    code, _, _ = run(
        capsys, "score", series_folder / "test.csv", "-m", series_folder / "m.npz", "--events", out, "--tolerance", 20,
        "--minimum-length", 5, "-o", tmp_path / "scores.csv",
    )  # fmt: skip
    assert code == 0
    head, (start, end, peak, _, steps, *times) = rows(out)
    assert head == ["start", "end", "peak", "peak_score", "steps", "start_time", "end_time", "peak_time"]
    clock = [line[0] for line in rows(series_folder / "test.csv")]
    assert times == [clock[int(row)] for row in (start, end, peak)]
    assert 140 < int(start) <= int(peak) <= int(end) < 220
    assert int(steps) == int(end) - int(start) + 1


def test_events_of_a_table_are_refused(series_folder, capsys, tmp_path):
    assert main(["fit", str(series_folder / "train.csv"), "-m", str(tmp_path / "m.npz"), *QUICK_SERIES[2:]]) == 0
    code, _, err = run(
        capsys, "score", series_folder / "train.csv", "-m", tmp_path / "m.npz", "--events", tmp_path / "e.csv",
        "-o", tmp_path / "s.csv",
    )  # fmt: skip
    assert code == 2
    assert "--events is for series" in err


def test_memory_is_flat_however_long_the_series(series_folder, capsys, tmp_path):
    detector = anomaly.load_detector(series_folder / "m.npz")
    detector.time = None
    piece = np.random.default_rng(0).normal(size=(2000, 2))
    detector.preprocessor_.time = None
    peaks = []
    # The search for neighbors is compiled after some time of it, once, and its modules then stay; its index, of three
    # quarters of a megabyte, is made where the queries of a stream pay for it. So the shorter stream is long, too.
    for count in (20, 20, 40, 40):
        tracemalloc.start()
        stream = detector.stream()
        for _ in range(count):
            stream.push(piece)
        stream.finish()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert min(peaks[2:]) < 1.2 * peaks[1]


def test_times_out_of_order_are_one_warning_that_names_the_line(series_folder, capsys, tmp_path):
    lines = (series_folder / "test.csv").read_text().splitlines()
    lines[20], lines[21] = lines[21], lines[20]
    (tmp_path / "bad.csv").write_text("\n".join(lines) + "\n")
    code, out, err = run(capsys, "score", tmp_path / "bad.csv", "-m", series_folder / "m.npz")
    assert code == 0
    assert [line.split(",")[0] for line in out.splitlines()] == ["row", *map(str, range(1, 301))]
    assert err.count("\n") == 1
    assert "anomaly: warning: line 22 (row 21), column 'time': time goes back" in err


def test_another_sampling_step_is_one_warning(series_folder, capsys, tmp_path):
    lines = (series_folder / "test.csv").read_text().splitlines()
    (tmp_path / "rare.csv").write_text("\n".join([lines[0], *lines[1::5]]) + "\n")
    code, _, err = run(capsys, "score", tmp_path / "rare.csv", "-m", series_folder / "m.npz")
    assert (code, err.count("\n")) == (0, 1)
    assert "column 'time': the median step is 5 min, and in training it was 1 min" in err


def test_events_without_times_are_named_by_row_or_id(series_folder, capsys, tmp_path):
    fit = ["fit", series_folder / "train.csv", "-m", tmp_path / "m.npz", "--drop", "time,state", *QUICK_SERIES]
    assert run(capsys, *fit)[0] == 0
    score = ["score", series_folder / "test.csv", "-m", tmp_path / "m.npz", "-o", tmp_path / "s.csv", "--tolerance", 20]
    run(capsys, *score, "--drop", "state,time", "--events", tmp_path / "rows.csv")
    run(capsys, *score, "--drop", "state", "--id", "time", "--events", tmp_path / "times.csv")
    clock = [line[0] for line in rows(series_folder / "test.csv")]
    by_row, by_id = rows(tmp_path / "rows.csv"), rows(tmp_path / "times.csv")
    assert by_row[0] == by_id[0] == ["start", "end", "peak", "peak_score", "steps"]
    assert [[clock[int(row)] for row in line[:3]] for line in by_row[1:]] == [line[:3] for line in by_id[1:]]
    assert len(by_row) > 1


@pytest.mark.parametrize("events", ["s.csv", "./s.csv", "ABSOLUTE"])
@pytest.mark.parametrize("there", [False, True])
def test_scores_and_events_are_not_written_to_one_file(series_folder, capsys, tmp_path, monkeypatch, events, there):
    monkeypatch.chdir(tmp_path)
    if there:
        (tmp_path / "s.csv").write_text("earlier\n")
    events = events.replace("ABSOLUTE", str(tmp_path / "s.csv"))
    code, _, err = run(
        capsys, "score", series_folder / "test.csv", "-m", series_folder / "m.npz", "-o", "s.csv", "--events", events
    )
    assert code == 2
    assert f"--events is {events!r}, which is written to as --output: name another file to write to" in err
    assert [path.read_text() for path in tmp_path.iterdir()] == (["earlier\n"] if there else [])


def test_scores_and_events_do_not_share_standard_output(series_folder, capsys, tmp_path):
    common = ["score", series_folder / "test.csv", "-m", series_folder / "m.npz", "--events", "-"]
    code, out, err = run(capsys, *common)
    assert (code, out) == (2, "")
    assert "--events is standard output, which is written to as --output: name a file for one of them" in err
    code, out, _ = run(capsys, *common, "-o", tmp_path / "s.csv")
    assert code == 0
    assert out.startswith("start,end,peak,peak_score,steps,start_time,end_time,peak_time\n")


@pytest.mark.parametrize("name", ["--minimum-length", "--tolerance"])
def test_what_is_for_events_needs_events(series_folder, capsys, name):
    code, out, err = run(capsys, "score", series_folder / "test.csv", "-m", series_folder / "m.npz", name, "3")
    assert (code, out) == (2, "")
    assert f"{name} goes with --events" in err


@pytest.mark.parametrize(("name", "value", "least"), [("--minimum-length", "0", 1), ("--tolerance", "-1", 0)])
def test_what_is_for_events_has_a_least_value(series_folder, capsys, tmp_path, name, value, least):
    common = [
        "score",
        str(series_folder / "test.csv"),
        "-m",
        str(series_folder / "m.npz"),
        "-o",
        str(tmp_path / "s.csv"),
    ]
    with pytest.raises(SystemExit) as stop:
        main([*common, "--events", str(tmp_path / "e.csv"), name, value])
    assert stop.value.code == 2
    assert f"{name}: must be a whole number of at least {least}; found '{value}'" in capsys.readouterr().err


def test_a_column_that_the_model_uses_may_name_the_rows(series_folder, capsys, tmp_path):
    out, plain = tmp_path / "s.csv", tmp_path / "plain.csv"
    common = ["score", series_folder / "test.csv", "-m", series_folder / "m.npz"]
    assert run(capsys, *common, "-o", plain)[0] == 0
    assert run(capsys, *common, "-o", out, "--id", "time,a", "--id", "time")[0] == 0
    assert rows(out)[0] == ["time", "a", "score", "is_anomaly"]
    assert [row[2:] for row in rows(out)] == [row[1:] for row in rows(plain)]


def test_a_step_has_one_score_whatever_else_is_asked_for(series_folder, capsys, tmp_path):
    out, events = tmp_path / "scores.csv", tmp_path / "events.csv"

    def scored(*options):
        common = ["score", series_folder / "test.csv", "-m", series_folder / "m.npz", "-o", out]
        assert run(capsys, *common, *options)[0] == 0
        return [row[:3] for row in rows(out)]

    alone = scored()
    for options in (["--top", "1"], ["--top", "99"], ["--events", events], ["--top", "2", "--events", events]):
        assert scored(*options) == alone, options


def test_expected_values_of_a_model_without_any_are_refused(folder, capsys, monkeypatch):
    owner = next(cls for cls in anomaly.TableDetector.__mro__ if "expected" in vars(cls))
    monkeypatch.delattr(owner, "expected")
    error = fails(capsys, "score", folder / "test.csv", "-m", folder / "m.npz", "--top", "1", "--expected")
    assert "holds a detector of class TableDetector, which has no expected values" in error


def test_top_names_the_columns_that_are_missing_though_they_rarely_are(folder, capsys, tmp_path):
    table = rows(folder / "test.csv")
    detector = anomaly.load_detector(folder / "m.npz")
    rare = detector.preprocessor_.missing_fraction_ < 0.05
    assert rare.any()
    assert not rare.all()
    emptied = [["" if name != "label" else cell for name, cell in zip(table[0], table[1], strict=True)], *table[1:]]
    with open(tmp_path / "empty.csv", "w", newline="") as file:
        csv.writer(file).writerows([table[0], *emptied])
    out = tmp_path / "s.csv"
    assert run(capsys, "score", tmp_path / "empty.csv", "-m", folder / "m.npz", "-o", out, "--top", "1")[0] == 0
    with open(out, newline="") as file:
        found = [row["rare_missing"] for row in csv.DictReader(file)]
    assert found[0] == "; ".join(detector.feature_names_in_[rare])
    expected = detector.rare_missing(read_csv(folder / "test.csv").drop(["label"])).any(axis=1)
    np.testing.assert_array_equal([bool(names) for names in found[1:]], expected)


def test_top_of_an_earlier_file_says_nothing_of_missing_cells(capsys, tmp_path):
    anomaly.datasets.make_transactions(n_records=5, random_state=0).to_csv(tmp_path / "t.csv")
    model = Path(__file__).parents[1] / "detectors" / "saved" / "first_format.npz"
    _, out, _ = run(capsys, "score", tmp_path / "t.csv", "-m", model, "--label", "label", "--top", "1")
    assert out.splitlines()[0] == "row,score,is_anomaly,top_1,top_1_share"
