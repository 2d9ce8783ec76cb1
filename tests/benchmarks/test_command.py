"""The command, from its arguments to its files."""

import json
import subprocess
import sys

import pytest

from benchmarks.speed import command
from benchmarks.speed.contestants import Contestant
from benchmarks.speed.environment import PROJECT
from benchmarks.speed.figures import Figure, JobResult, Target
from benchmarks.speed.jobs import JOBS
from benchmarks.speed.picture import draw_growth, draw_ratios, save_all
from benchmarks.speed.rounds import Settings


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    folder = tmp_path_factory.mktemp("speed")
    arguments = ["--quick", "--peers", "none", "--threads", "one", "--jobs", "train-middle,growth", "--silent"]
    arguments += ["--output", str(folder / "results.json"), "--picture", str(folder / "speed.png")]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "speed", *arguments],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


def test_a_quick_run_without_peers_measures_us(quick):
    _, text = quick
    assert "train-middle: 2,000 x 41" in text
    assert "nnlite" in text
    assert "skipped" not in text
    assert "targets met" not in text  # a smaller job has no verdict


def test_the_json_says_what_was_measured_where_and_how(quick):
    folder, _ = quick
    content = json.loads((folder / "results.json").read_text())
    assert set(content) == {"schema", "date", "machine", "versions", "settings", "jobs"}
    assert content["schema"] == 1
    assert content["settings"] == {"rounds": 2, "quick": True, "threads": ["one"], "peers": []}
    assert {"numpy", "nnlite", "BLAS of NumPy"} <= set(content["versions"])
    assert [job["name"] for job in content["jobs"]] == ["train-middle", "growth"]
    for job in content["jobs"]:
        assert set(job) == {"name", "title", "measurements", "figures", "skipped", "curves"}
        for one in job["measurements"]:
            assert len(one["values"]) == 2
            assert min(one["values"]) <= one["quartiles"][0] <= one["median"] <= one["quartiles"][1]
        for figure in job["figures"]:
            assert figure["met"] is None
    assert content["jobs"][0]["measurements"][0]["loss"] < 1
    assert set(content["jobs"][1]["curves"]) == {"rows", "weights"}


def test_growth_is_drawn_beside_the_picture(quick):
    folder, _ = quick
    assert (folder / "speed-growth.png").read_bytes().startswith(b"\x89PNG")
    assert not (folder / "speed.png").exists()  # without peers there are no ratios


def test_a_peer_is_measured_beside_us_and_compared(tmp_path, capsys):
    fake = Contestant("fake", "Fake", "tests.benchmarks.fake_peers")
    settings = Settings([fake], sys.executable, sys.executable, rounds=2, threads=("one",), quick=True)
    command.run(settings, ["train-middle"], tmp_path / "results.json", tmp_path / "speed.png")
    (job,) = json.loads((tmp_path / "results.json").read_text())["jobs"]
    ours, theirs = job["measurements"]
    assert (ours["contestant"], theirs["contestant"]) == ("nnlite", "Fake")
    (figure,) = job["figures"]
    assert figure["what"] == "faster than Fake, one thread"
    assert figure["value"] == pytest.approx(theirs["median"] / ours["median"])
    assert "DIFFERS" in capsys.readouterr().out  # it has not learned anything
    assert (tmp_path / "speed.png").exists()


def test_the_benchmarks_introduce_themselves():
    done = subprocess.run([sys.executable, "-m", "benchmarks"], capture_output=True, text=True, cwd=PROJECT, check=True)
    assert "speed" in done.stdout
    unknown = subprocess.run(
        [sys.executable, "-m", "benchmarks", "sped"], capture_output=True, text=True, cwd=PROJECT, check=False
    )
    assert unknown.returncode == 2
    assert "'sped'" in unknown.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--jobs", "train-tiny"], "unknown: train-tiny; choose from train-small"),
        (["--peers", "theano"], "unknown: theano; choose from torch"),
        (["--rounds", "0"], "at least 1; found 0"),
        (["--output", "/no/such/folder/a.json"], "there is no folder"),
    ],
)
def test_mistakes_are_said_before_anything_is_measured(arguments, message, capsys):
    with pytest.raises(SystemExit) as stop:
        command.main(arguments)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_every_job_says_what_it_is():
    assert all(job.__doc__ for job in JOBS.values())


def test_ratios_are_bars_with_their_targets(tmp_path):
    figures = [
        Figure("faster than A, one thread", 130.0, 120.0, 140.0, target=Target("at least", 120)),
        Figure("faster than B, one thread", 0.5, 0.4, 0.6),
        Figure("noise: faster than C, one thread", 2.0, 1.0, 3.0),
        Figure("something else", 1.0, 1.0, 1.0),
    ]
    results = [JobResult("train", "a job", figures=figures)]
    axes = draw_ratios(results).axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == [
        "A, one thread",
        "B, one thread",
        "noise: C, one thread",
    ]
    assert [bar.get_x() + bar.get_width() for bar in axes.patches] == pytest.approx([130.0, 0.5, 2.0])
    assert draw_growth(results) is None
    assert save_all(tmp_path / "speed.png", results) == [tmp_path / "speed.png"]
