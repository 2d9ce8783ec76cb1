"""The command that checks random models."""

import subprocess
import sys

import pytest

from benchmarks.fuzz import command
from benchmarks.speed.environment import PROJECT
from nnlite.layers import Dense


def test_some_models_are_checked_and_counted(capsys):
    assert command.main(["--models", "2", "--checks", "batches", "configurations"]) == 0
    text = capsys.readouterr().out
    assert "2 models in" in text
    assert "failures: 0" in text


def test_one_seed_is_printed_with_its_model(capsys):
    assert command.main(["--seed", "3", "--checks", "batches"]) == 0
    text = capsys.readouterr().out
    assert "seed 3\n  t0 = Input(" in text
    assert "1 models in" in text


def test_a_failure_names_its_seed_and_its_smallest_model(capsys, monkeypatch):
    backward = Dense.backward
    monkeypatch.setattr(Dense, "backward", lambda self, dy, cache: 2 * backward(self, dy, cache))
    assert command.main(["--models", "12", "--checks", "gradients"]) == 1
    text = capsys.readouterr().out
    assert ", gradients: Mismatch: the gradient is off by" in text
    assert "losses: " in text
    assert "failures: 0" not in text


def test_time_ends_it():
    arguments = ["--minutes", "0.001", "--checks", "evaluation"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "fuzz", *arguments],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "models in" in done.stdout


def test_mistakes_are_said(capsys):
    with pytest.raises(SystemExit):
        command.main(["--minutes", "0"])
    assert "must be above 0" in capsys.readouterr().err
