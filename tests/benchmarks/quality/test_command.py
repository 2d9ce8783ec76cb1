"""The command, from its arguments to its files."""

import json
import subprocess
import sys

import pytest

from benchmarks.__main__ import main as benchmarks
from benchmarks.quality.command import main, make_parser
from benchmarks.quality.contestants import CONTESTANTS, Entry
from benchmarks.quality.protocols import PROTOCOLS
from benchmarks.quality.results import read
from tests.benchmarks.quality.made_data import write_connections, write_mixed, write_tables


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    write_tables(folder)
    write_mixed(folder)
    write_connections(folder)
    return folder


def run(data, *arguments):
    return main(["--data", str(data), "--output", str(data.parent / "out"), *arguments])


def test_every_protocol_of_files_is_measured_and_summarized(data, capsys):
    names = "one-class,unsupervised,contaminated,missing,mixed,nslkdd"
    assert run(data, "--protocols", names, "--detectors", "kNN,LOF") == 0
    out = capsys.readouterr().out
    for protocol in ("one-class", "unsupervised", "contaminated", "missing-0", "missing-5", "missing-20", "mixed"):
        assert f"\n{protocol}: " in out
    assert "refused  " in out
    folder = data.parent / "out"
    assert len(read(folder / "results.jsonl")) == (2 * 6 + 2) * 2 * 2
    content = json.loads((folder / "summary.json").read_text())
    assert len(content["protocols"]) == 8
    assert all(one["refused"] == 0 for part in content["protocols"].values() for one in part["detectors"])
    pictures = {path.name for path in folder.glob("*.png")}
    assert {"quality.png", "missing.png", "ranks-one-class.png"} <= pictures


def test_ours_is_measured_on_mixed_columns_and_on_the_package_s_datasets(data, capsys):
    run(data, "--protocols", "mixed,uses", "--detectors", "TableDetector", "--seeds", "1", "--tables", "parts,sensors")
    results = read(data.parent / "out" / "results.jsonl")
    assert [(one["protocol"], one["table"], "error" in one) for one in results] == [
        ("mixed", "parts", False),
        ("uses", "sensors", False),
    ]
    assert all(one["auroc"] > 0.8 for one in results)
    assert "mixed: 1 table, 1 seed" in capsys.readouterr().out


def test_a_second_run_measures_what_is_missing_alone(data, capsys):
    arguments = ["--protocols", "one-class", "--seeds", "1", "--detectors"]
    run(data, *arguments, "kNN")
    first = read(data.parent / "out" / "results.jsonl")
    run(data, *arguments, "kNN,LOF")
    assert read(data.parent / "out" / "results.jsonl")[: len(first)] == first
    capsys.readouterr()
    run(data, *arguments, "LOF")
    out = capsys.readouterr().out
    assert "AUROC 0" not in out, "nothing is measured again"
    assert "LOF" in out
    assert "kNN" not in out, "only what was named is reported"


def test_results_of_other_sources_of_ours_are_not_reported(data, capsys):
    run(data, "--protocols", "groups", "--detectors", "kNN", "--seeds", "1")
    path = data.parent / "out" / "results.jsonl"
    old = [{**one, "detector": "TableDetector", "version": "sources 0"} for one in read(path)]
    with path.open("a") as file:
        file.writelines(json.dumps(one) + "\n" for one in old)
    capsys.readouterr()
    run(data, "--protocols", "groups", "--detectors", "kNN,TableDetector", "--seeds", "1")
    assert "groups at 5, 0.3 wide 0 TableDetector AUROC" in capsys.readouterr().out
    ours = [one for one in read(path) if one["detector"] == "TableDetector"]
    assert len(ours) == 2 * 6
    assert "sources 0" not in {one["version"] for one in ours}


def test_reasons_are_evaluated_on_tables_of_every_family(data, capsys):
    assert run(data, "--protocols", "reasons", "--seeds", "1", "--tables", "other,parts,small") == 0
    out = capsys.readouterr().out
    assert "reasons: how often the altered column is named first\nmade-up\n" in out
    assert "\nnumbers\n" in out
    assert "\nmixed\n" in out
    assert {"reasons.json", "reasons.png"} <= {path.name for path in (data.parent / "out").iterdir()}
    with pytest.raises(SystemExit):
        run(data, "--protocols", "reasons", "--tables", "others")
    assert "the chosen protocols have no table others" in capsys.readouterr().err


def test_a_process_of_the_peers_that_ends_early_leaves_its_results(data, capsys, monkeypatch):
    def ended(python, path, plan):
        raise subprocess.CalledProcessError(9, python)

    lacking = {name: [] if name == "kNN" else ["pyod"] for name in CONTESTANTS}
    monkeypatch.setattr("benchmarks.quality.command.missing_here", lambda: lacking)
    monkeypatch.setattr("benchmarks.quality.command.missing_there", lambda _: {name: [] for name in lacking})
    monkeypatch.setattr("benchmarks.quality.command.measure_there", ended)
    arguments = ["--protocols", "nslkdd", "--seeds", "1", "--detectors", "kNN,PyOD-KNN", "--peers-python", "other"]
    assert run(data, *arguments) == 1
    captured = capsys.readouterr()
    assert "other ended with 9; its results so far are kept" in captured.err
    assert "nslkdd: 1 table, 1 seed" in captured.out


def test_without_named_protocols_those_without_data_are_skipped(tmp_path, capsys, monkeypatch):
    write_tables(tmp_path / "data")
    few = {name: PROTOCOLS[name] for name in ("one-class", "mixed")}
    monkeypatch.setattr("benchmarks.quality.command.PROTOCOLS", few)
    assert run(tmp_path / "data", "--detectors", "kNN", "--seeds", "1", "--tables", "made,other") == 0
    captured = capsys.readouterr()
    assert "skipped: protocol 'mixed' reads mixed/*.csv" in captured.err
    assert "one-class: 2 tables" in captured.out


@pytest.fixture
def lacking(monkeypatch):
    """A contestant whose package is not installed."""
    monkeypatch.setitem(CONTESTANTS, "Rare", Entry(lambda _: None, ("no-such-package",), "rare"))


@pytest.mark.usefixtures("lacking")
def test_a_detector_without_its_package_is_left_out_unless_it_is_named(data, capsys):
    run(data, "--protocols", "nslkdd", "--seeds", "1", "--detectors", "kNN")
    with pytest.raises(SystemExit) as stop:
        run(data, "--detectors", "kNN,Rare")
    assert stop.value.code == 2
    message = capsys.readouterr().err
    assert "Rare cannot be run: this Python has no no-such-package" in message
    assert "--peers-python" in message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--protocols", "one-clas"], "unknown: one-clas; choose from one-class"),
        (["--detectors", "KNN"], "unknown: KNN; choose from TableDetector"),
        (["--seeds", "0"], "at least 1; found 0"),
        (["--protocols", "mixed", "--data", "/no/such"], "'mixed' reads mixed/*.csv, and '/no/such' has no such file"),
        (["--protocols", "uses", "--tables", "cardio"], "the chosen protocols have no table cardio"),
        (["--peers-python", "/no/python"], "'/no/python' cannot be run"),
    ],
)
def test_mistakes_are_said_before_anything_is_measured(arguments, message, capsys, tmp_path):
    with pytest.raises(SystemExit) as stop:
        main(["--output", str(tmp_path / "out"), *arguments])
    assert stop.value.code == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_help_names_all_protocols_and_detectors():
    text = make_parser().format_help()
    assert all(f"  {name} " in text for name in (*PROTOCOLS, *CONTESTANTS))


def test_a_benchmark_whose_package_is_not_installed_says_so(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "benchmarks.quality.command", None)
    assert benchmarks(["quality"]) == 2
    assert "quality needs benchmarks.quality.command, which is not installed" in capsys.readouterr().err
