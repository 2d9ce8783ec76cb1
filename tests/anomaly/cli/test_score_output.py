"""What comes after scoring: order, limit, columns carried along, formats, and reasons in words."""

import csv
import io
import json
import subprocess
import sys

import numpy as np
import pytest

import anomaly
from anomaly.cli import main
from anomaly.cli.held_rows import HeldRows
from anomaly.report.reasons import cell_text
from anomaly.tables.csv_files import read_csv
from anomaly.tables.csv_writer import CsvWriter
from tests.anomaly.command_line import QUICK, fails, rows, run


def records(capsys, *arguments):
    """Return the rows that score writes, as dicts."""
    code, out, err = run(capsys, "score", *arguments)
    assert code == 0, err
    return list(csv.DictReader(io.StringIO(out)))


@pytest.fixture
def common(folder):
    return [folder / "numbered.csv", "-m", folder / "m.npz", "--id", "number", "--label", "label"]


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    """A model of a sensor that follows another, with rare sites, and new records of which three are anomalies."""
    path, rng, n = tmp_path_factory.mktemp("machine"), np.random.default_rng(0), 300
    load = rng.uniform(10, 100, n)
    vibration = 0.02 * load + 1 + rng.normal(0, 0.05, n)
    site = np.where(
        rng.uniform(size=n) < 0.1, rng.choice([f"rare {k}" for k in range(12)], n), rng.choice(["a", "b"], n)
    )
    strange = vibration.copy()
    strange[[5, 50]] += 7
    sites = site.copy()
    sites[9] = "unseen"
    for name, columns in (("train", (load, vibration, site)), ("new", (load, strange, sites))):
        with open(path / f"{name}.csv", "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["load", "vibration_mm_s", "site"])
            writer.writerows(zip(columns[0].round(2), columns[1].round(2), columns[2], strict=True))
    assert main(["fit", str(path / "train.csv"), "-m", str(path / "m.npz"), *QUICK]) == 0
    return path


def test_the_highest_scores_come_first(common, capsys, monkeypatch):
    plain = records(capsys, *common, "--top", "1")
    monkeypatch.setattr("anomaly.cli.source.CHUNK_ROWS", 40)
    monkeypatch.setattr("anomaly.cli.held_rows.CHUNK_ROWS", 30)
    expected = sorted(plain, key=lambda row: -float(row["score"]))
    assert records(capsys, *common, "--top", "1", "--sort") == expected
    assert records(capsys, *common, "--top", "1", "--sort", "--limit", "7") == expected[:7]
    highest = [row["number"] for row in expected[:7]]
    assert records(capsys, *common, "--top", "1", "--limit", "7") == [row for row in plain if row["number"] in highest]
    assert len(records(capsys, *common, "--limit", "100000")) == len(plain)


def test_a_budget_and_an_order_go_together(common, capsys):
    found = records(capsys, *common, "--threshold", "1", "--budget", "4", "--sort", "--limit", "6")
    assert [row["is_anomaly"] for row in found] == ["1"] * 4 + ["0"] * 2
    assert [float(row["score"]) for row in found] == sorted((float(row["score"]) for row in found), reverse=True)


def test_rows_without_a_score_are_last(series_folder, capsys, tmp_path):
    (tmp_path / "pause.csv").write_text("start,end\n2024-01-01T00:10,2024-01-01T00:20\n")
    command = [series_folder / "test.csv", "-m", series_folder / "m.npz", "--label", "state", "--id", "time"]
    found = records(capsys, *command, "--exclude", tmp_path / "pause.csv", "--sort")
    scores = [row["score"] for row in found]
    assert "" not in scores[:-11]
    assert scores[-11:] == [""] * 11
    assert list(map(float, scores[:-11])) == sorted(map(float, scores[:-11]), reverse=True)


def test_columns_are_carried_along_as_they_are(common, folder, capsys, tmp_path):
    plain, carried = records(capsys, *common), records(capsys, *common, "--columns", "duration_s, label")
    assert list(carried[0]) == ["number", "score", "is_anomaly", "duration_s", "label"]
    assert [row["score"] for row in carried] == [row["score"] for row in plain]
    source = rows(folder / "numbered.csv")
    every = records(capsys, *common, "--columns", "*")
    assert list(every[0]) == ["number", "score", "is_anomaly", *source[0][1:]]
    assert [[row[name] for name in source[0]] for row in every] == source[1:]
    # A column that the model does not know needs no --drop.
    lines = (folder / "numbered.csv").read_text().splitlines()
    text = "\n".join([f"note,{lines[0]}", *(f'"n, {k}",{line}' for k, line in enumerate(lines[1:]))])
    (tmp_path / "noted.csv").write_text(f"{text}\n")
    noted = records(capsys, tmp_path / "noted.csv", *common[1:], "--columns", "note")
    assert [row["note"] for row in noted] == [f"n, {k}" for k in range(len(plain))]
    assert [row["score"] for row in noted] == [row["score"] for row in plain]


def test_columns_that_cannot_be_carried(common, folder, capsys, tmp_path):
    assert "has no column 'durations'; its columns are" in fails(capsys, "score", *common, "--columns", "durations")
    text = (folder / "numbered.csv").read_text().replace("number,", "why,", 1)
    (tmp_path / "why.csv").write_text(text)
    command = ["score", tmp_path / "why.csv", *common[1:3], "--label", "label", "--why"]
    assert "--columns has 'why', which a column of the scores" in fails(capsys, *command, "--columns", "why")
    assert "--id is 'why', which a column of the scores" in fails(capsys, *command, "--id", "why")


def test_columns_of_a_series_stay_with_their_scores(series_folder, capsys, monkeypatch):
    monkeypatch.setattr("anomaly.cli.source.CHUNK_ROWS", 40)
    command = [series_folder / "test.csv", "-m", series_folder / "m.npz", "--id", "time"]
    found = records(capsys, *command, "--columns", "state,b", "--why")
    source = rows(series_folder / "test.csv")
    assert [[row["time"], row["b"], row["state"]] for row in found] == [[row[0], row[2], row[3]] for row in source[1:]]
    worst = max(found, key=lambda row: float(row["score"]))
    # What is expected of a step depends on the steps around it, which other chunks may hold.
    expected = anomaly.load_detector(series_folder / "m.npz").reconstruct(
        read_csv(series_folder / "test.csv").drop(["state"])
    )
    value = cell_text(expected["b"][[row["time"] for row in found].index(worst["time"])])
    assert f"b is {cell_text(float(worst['b']))}, expected about {value}" in worst["why"]


@pytest.mark.parametrize("name", ["scores.jsonl", "scores.ndjson.gz", "-"])
def test_json_lines_have_the_values_of_csv(common, capsys, tmp_path, name):
    options = ["--top", "2", "--p-values", "--prior", "0.1", "--columns", "duration_s,protocol"]
    plain = records(capsys, *common, *options)
    path = name if name == "-" else tmp_path / name
    code, out, _ = run(capsys, "score", *common, *options, "-o", path, *(["--format", "jsonl"] if name == "-" else []))
    assert code == 0
    if name != "-":
        import gzip

        data = path.read_bytes()
        out = (gzip.decompress(data) if name.endswith(".gz") else data).decode()
    found = [json.loads(line) for line in out.splitlines()]
    assert [list(row) for row in found] == [list(row) for row in plain]
    numbers = ["score", "p_value", "probability", "top_1_share", "top_2_share", "is_anomaly", "duration_s"]
    for row, text in zip(found, plain, strict=True):
        assert [row[one] for one in numbers] == [float(text[one]) if text[one] else None for one in numbers]
        assert [row[one] for one in ("number", "top_1", "protocol")] == [
            text[one] for one in ("number", "top_1", "protocol")
        ]
    assert isinstance(found[0]["is_anomaly"], int)


def test_a_row_without_a_score_is_null_in_json(series_folder, capsys, tmp_path):
    (tmp_path / "pause.csv").write_text("start,end\n2024-01-01T00:10,2024-01-01T00:20\n")
    command = ["score", series_folder / "test.csv", "-m", series_folder / "m.npz", "--label", "state"]
    _, out, _ = run(capsys, *command, "--exclude", tmp_path / "pause.csv", "--format", "jsonl", "--sort", "--why")
    last = json.loads(out.splitlines()[-1])
    assert (last["score"], last["is_anomaly"], last["why"]) == (None, 0, "")


def test_parquet_has_the_values_of_csv(common, capsys, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    options = ["--top", "1", "--columns", "duration_s,protocol", "--sort"]
    plain, path = records(capsys, *common, *options), tmp_path / "scores.parquet"
    assert run(capsys, "score", *common, *options, "-o", path)[0] == 0
    found = parquet.read_table(path)
    types = {field.name: str(field.type) for field in found.schema}
    assert types == {
        "number": "string", "score": "double", "is_anomaly": "int64", "top_1": "string", "top_1_share": "double",
        "rare_missing": "string", "duration_s": "double", "protocol": "string",
    }  # fmt: skip
    assert [row["score"] for row in found.to_pylist()] == [float(row["score"]) for row in plain]
    # What this program writes it reads.
    again = read_csv(common[0])
    assert len(again) == found.num_rows


def test_parquet_without_its_library_or_a_file(common, folder, capsys, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "old.parquet").write_text("old")
    err = fails(capsys, "score", *common, "-o", tmp_path / "old.parquet")
    assert "as Parquet, install pyarrow" in err
    assert (tmp_path / "old.parquet").read_text() == "old"
    assert "Parquet cannot go to standard output" in fails(capsys, "score", *common, "--format", "parquet")
    assert "--spreadsheet is for CSV" in fails(capsys, "score", *common, "--format", "jsonl", "--spreadsheet")


def test_an_error_leaves_an_earlier_file_of_any_format(machine, capsys, tmp_path):
    lines = (machine / "new.csv").read_text().splitlines()
    (tmp_path / "bad.csv").write_text("\n".join([*lines, "abc,1,a"]) + "\n")
    for name in ("scores.csv", "scores.jsonl"):
        (tmp_path / name).write_text("earlier")
        fails(capsys, "score", tmp_path / "bad.csv", "-m", machine / "m.npz", "-o", tmp_path / name)
        assert (tmp_path / name).read_text() == "earlier"


def test_reasons_are_in_words(machine, capsys):
    found = records(capsys, machine / "new.csv", "-m", machine / "m.npz", "--why", "--sort", "--limit", "3")
    assert list(found[0]) == ["row", "score", "is_anomaly", "why"]
    by_row = {row["row"]: row["why"] for row in found}
    new = rows(machine / "new.csv")
    expected = anomaly.load_detector(machine / "m.npz").expected(read_csv(machine / "new.csv"))
    for row in ("6", "51"):
        number, wanted = float(new[int(row)][1]), expected["vibration_mm_s"][int(row) - 1]
        assert by_row[row].split("; ")[0] == f"vibration_mm_s is {number:.4g}, expected about {wanted:.4g}"
    # With the values as they are in the file, the words are the same.
    options = ["--why", "--top", "3", "--expected", "--sort", "--limit", "3"]
    assert [row["why"] for row in records(capsys, machine / "new.csv", "-m", machine / "m.npz", *options)] == [
        row["why"] for row in found
    ]


def test_what_adds_little_to_a_score_is_no_reason(machine, capsys):
    found = records(capsys, machine / "new.csv", "-m", machine / "m.npz", "--why", "--top", "3")
    for row in found:
        shares = [float(row[f"top_{k}_share"]) for k in (1, 2, 3)]
        telling = [k for k, share in enumerate(shares) if share > 0 and (not k or share >= 0.1)]
        assert abs(len(row["why"].split("; ")) - len(telling)) <= any(abs(share - 0.1) < 1e-3 for share in shares)


@pytest.mark.parametrize("neighbors", [0, 10])
def test_no_column_is_expected_to_be_rare(machine, neighbors):
    train, new = read_csv(machine / "train.csv"), read_csv(machine / "new.csv")
    # One column of frequent and rare categories, one of rare ones alone.
    fitted = {**dict(zip(train.names, train.columns, strict=True)), "tag": [f"t{k % 60}" for k in range(len(train))]}
    detector = anomaly.TableDetector(hidden=(8,), epochs=2, draws=1, neighbors=neighbors, random_state=0).fit(fitted)
    found = {**dict(zip(new.names, new.columns, strict=True)), "tag": [f"t{k % 61}" for k in range(len(new))]}
    expected = detector.expected(found)
    for name in ("site", "tag"):
        assert set(expected[name].tolist()) <= {*map(str, fitted[name]), None}


def test_a_model_without_expected_values_says_what_was_found(machine, capsys, tmp_path):
    detector = anomaly.AutoencoderDetector(hidden=(4,), epochs=1, random_state=0).fit(read_csv(machine / "train.csv"))
    detector.save(tmp_path / "plain.npz")
    found = records(capsys, machine / "new.csv", "-m", tmp_path / "plain.npz", "--why", "--sort", "--limit", "1")
    assert " is " in found[0]["why"]
    assert "expected" not in found[0]["why"]


def test_json_lines_of_a_pipe_appear_as_rows_arrive(machine):
    command = [sys.executable, "-m", "anomaly", "score", "-", "-m", "m.npz", "--format", "jsonl", "--why"]
    lines = (machine / "new.csv").read_text().splitlines(keepends=True)
    with subprocess.Popen(command, cwd=machine, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        process.stdin.writelines(lines[:7])
        process.stdin.flush()
        first = [json.loads(process.stdout.readline()) for _ in range(6)]
        process.stdin.close()
        assert process.wait() == 0
    assert [row["row"] for row in first] == [1, 2, 3, 4, 5, 6]
    assert first[5]["why"].startswith("vibration_mm_s is ")


def test_rows_that_wait_are_written_like_those_that_do_not(tmp_path):
    columns = [
        np.array(["2026-01-02T03:04:05.678901", "NaT"], "M8[us]"), np.array([1.5, np.nan]),
        np.array(["a\r\nb", None], dtype=object), np.array([1, 0]),
    ]  # fmt: skip
    with CsvWriter(tmp_path / "direct.csv", head=["when", "number", "text", "flag"]) as writer:
        writer.write_columns(columns)
    with CsvWriter(tmp_path / "held.csv") as writer, HeldRows(writer, 3, 1.0, limit=2) as held:
        writer.begin(["when", "number", "text", "flag"])
        held.write(columns, np.array([2.0, 1.0]), None)
        held.finish()
    assert (tmp_path / "held.csv").read_bytes() == (tmp_path / "direct.csv").read_bytes()


@pytest.mark.parametrize("name", ["s.xlsx", "s.json", "s.feather", "s.csv.zip"])
def test_a_name_that_promises_another_format_is_refused(folder, common, tmp_path, capsys, name):
    message = fails(capsys, "score", *common, "-o", tmp_path / name)
    assert "--format csv" in message
    assert not (tmp_path / name).exists()
    assert run(capsys, "score", *common, "-o", tmp_path / name, "--format", "csv")[0] == 0


def test_a_report_is_a_page(folder, tmp_path, capsys):
    message = fails(capsys, "report", folder / "numbered.csv", "-m", folder / "m.npz", "-o", tmp_path / "r.pdf")
    assert ".html" in message
