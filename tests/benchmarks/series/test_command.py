"""The command, from its arguments to its files, on made-up files of the same form."""

import json
import sys

import numpy as np
import pytest

from benchmarks.__main__ import main as benchmarks
from benchmarks.entries import Entry
from benchmarks.series import elsewhere
from benchmarks.series.command import main
from benchmarks.series.contestants import CONTESTANTS, entry, variant
from benchmarks.series.measure import PARTS, Plan, measure_into, read
from benchmarks.series.report import asked, report_all
from tests.benchmarks.series.made_data import write_nab, write_series, write_skab


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    write_series(folder)
    write_skab(folder)
    write_nab(folder)
    return folder


def run(data, *arguments):
    return main(["--data", str(data), "--output", str(data.parent / "out"), "--quick", *arguments])


def summary(data):
    return json.loads((data.parent / "out" / "summary.json").read_text())


def test_every_part_is_measured_and_summarized(data, capsys):
    assert run(data, "--detectors", "kNN") == 0
    out = capsys.readouterr().out
    for words in (
        "families: 2 series; VUS-PR as TSB-AD defines it",
        "PAIR (1)",
        "Affiliation-F1 flatters: flagging every step has 0.",
        "SKAB's labels stand at nearly one place in most files",
        "a look at any sensor, has F1",
        "windows found",
        "alarms a week",
        "AUROC of the steps",
        "one of many frozen",
    ):
        assert words in out
    content = summary(data)
    assert set(content["parts"]) == set(PARTS)
    assert content["versions"]["kNN"].startswith("scikit-learn ")
    found = content["parts"]["families"]["detectors"]["kNN"]
    assert found["vus_pr"] == pytest.approx((found["one_column"] + found["many_columns"]) / 2)
    assert found["one_column"] > 0.7
    assert content["parts"]["skab"]["detectors"]["kNN"]["f1"] > 0.5
    assert content["parts"]["nab"]["detectors"]["kNN"]["windows_found"] == 1
    assert content["parts"]["faults"]["detectors"]["kNN"]["auroc"]["level shift"] > 0.9
    assert not any(part["errors"] for part in content["parts"].values())
    assert (data.parent / "out" / "series.png").stat().st_size > 10_000


def test_ours_runs_with_its_defaults_and_with_settings(data, capsys):
    names = ("--parts", "families", "--names", "WAVE_1", "--detectors", "SequenceDetector")
    assert run(data, *names, "--setting", "causal=true,gap=20") == 0
    assert "causal" in capsys.readouterr().out
    detectors = summary(data)["parts"]["families"]["detectors"]
    assert set(detectors) == {"SequenceDetector", variant({"causal": True, "gap": 20})}
    assert detectors["SequenceDetector"]["vus_pr"] > 0.5
    # The present sources were measured already.
    run(data, *names)
    assert "WAVE_1 0" not in capsys.readouterr().out


def test_another_python_measures_what_this_one_cannot(data, capsys, monkeypatch):
    monkeypatch.setattr("benchmarks.series.command.missing_here", lambda: {name: ["x"] for name in CONTESTANTS})
    monkeypatch.setattr("benchmarks.series.command.missing_there", lambda _: {name: [] for name in CONTESTANTS})
    arguments = ("--parts", "families", "--names", "WAVE_1", "--detectors", "IForest", "--peers-python", sys.executable)
    assert run(data, *arguments) == 0
    assert list(summary(data)["parts"]["families"]["detectors"]) == ["IForest"]


def test_the_other_python_says_what_it_lacks(capsys):
    elsewhere.main(["{}"])
    assert set(json.loads(capsys.readouterr().out)) == set(CONTESTANTS)


class Broken:
    def __init__(self, *_, **__):
        self.threshold = 1.0

    def fit(self, train):
        pass

    def scores(self, segment):
        return np.full(len(segment), np.nan if segment.shape[1] == 2 else 0.0)


def test_a_detector_that_fails_does_not_end_the_comparison(data, capsys, monkeypatch):
    monkeypatch.setitem(CONTESTANTS, "kNN", Entry(Broken, ("scikit-learn",), "broken"))
    assert run(data, "--parts", "families", "--detectors", "kNN") == 0
    out = capsys.readouterr().out
    assert "kNN refused 1 of 2 cases, which count as equal scores without alarms" in out
    content = summary(data)["parts"]["families"]
    assert list(content["errors"]["kNN"]) == ["PAIR_a"]
    assert content["detectors"]["kNN"]["silent"] == 2


def test_a_result_is_measured_again_for_another_version(data, monkeypatch):
    path = data.parent / "results.jsonl"
    plan = Plan(("IForest",), ("families",), ("WAVE_1",), 1, True, str(data))
    measure_into(path, plan)
    measure_into(path, plan)
    assert len(path.read_text().splitlines()) == 1
    monkeypatch.setattr("benchmarks.series.measure.version_of", lambda _: "another")
    measure_into(path, plan)
    assert len(path.read_text().splitlines()) == 2
    assert [result["version"] for result in read(path)] == ["another"]


def test_parts_without_data_are_skipped(tmp_path, capsys):
    write_series(tmp_path / "data")
    assert run(tmp_path / "data", "--detectors", "IForest", "--names", "PAIR_a") == 0
    captured = capsys.readouterr()
    assert "skipped skab: there is no skab/*/*.csv" in captured.err
    assert "families: 1 series" in captured.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--parts", "nothing"], "unknown: nothing"),
        (["--detectors", "nothing"], "unknown: nothing"),
        (["--setting", "window"], "expected NAME=VALUE"),
        (["--parts", "families", "--names", "nothing"], "no case nothing; they have PAIR_a, WAVE_1"),
        (["--data", "nowhere", "--parts", "families"], "nowhere"),
        (["--peers-python", "nowhere"], "'nowhere' cannot be run"),
    ],
)
def test_bad_arguments(data, capsys, arguments, message):
    with pytest.raises(SystemExit):
        run(data, *arguments)
    assert message in capsys.readouterr().err


def test_a_detector_whose_packages_are_missing(data, capsys, monkeypatch):
    monkeypatch.setitem(CONTESTANTS, "kNN", Entry(Broken, ("no-such-package",), "rare"))
    with pytest.raises(SystemExit):
        run(data, "--detectors", "kNN")
    assert "kNN cannot be run: this Python has no no-such-package" in capsys.readouterr().err


def test_it_is_one_of_the_benchmarks(capsys):
    with pytest.raises(SystemExit):
        benchmarks(["series", "--help"])
    out = capsys.readouterr().out
    assert all(name in out for name in (*PARTS, *CONTESTANTS))
    assert entry(variant({"window": 9})).description == "ours, with other settings"


def test_a_detector_without_a_result_for_every_case_is_left_out(data, capsys):
    run(data, "--parts", "families", "--detectors", "IForest", "--names", "PAIR_a")
    found, left_out = asked(
        read(data.parent / "out" / "results.jsonl"),
        Plan(("IForest",), ("families",), (), 1, True, str(data)),
        by_name=True,
    )
    assert (found, left_out) == ({"families": {}}, {"families": ["IForest"]})
    text, content = report_all(found, left_out, Plan((), ("families",), (), 1, True, str(data)))
    assert text == "families: no detector has a result for every case"
    assert content["parts"] == {}
