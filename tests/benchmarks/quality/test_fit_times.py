"""Fits of two checkouts are timed in turn."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.quality.fit_times import main, wide_enough
from benchmarks.quality.fit_worker import FitWorker, WorkerError
from tests.benchmarks.quality.made_data import write_tables

ROOT = Path(__file__).parents[3]


def test_this_version_takes_as_long_as_itself(tmp_path, capsys):
    write_tables(tmp_path, ["made"])
    assert main(["--data", str(tmp_path), "--against", str(ROOT), "--rounds", "2"]) == 0
    _, made, total, mean = capsys.readouterr().out.splitlines()
    assert made.split()[:3] == ["made", "90", "3"]
    assert 0.2 < float(made.split()[-2]) < 5
    assert total.startswith("all, sum")
    assert float(mean.split()[-1]) == pytest.approx(float(made.split()[-1]))


def test_tables_with_few_records_for_their_columns_are_left_out(tmp_path):
    (tmp_path / "adbench").mkdir()
    for name, width in (("narrow", 4), ("wide", 5)):
        np.savez(tmp_path / "adbench" / f"{name}.npz", X=np.ones((170, width)), y=[0] * 170)
    assert [(name, train.shape) for name, train in wide_enough(tmp_path)] == [("narrow", (85, 4))]


def test_the_other_version_is_a_checkout(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["--against", str(tmp_path)])
    assert "is no checkout: it has no anomaly/__init__.py" in capsys.readouterr().err


def test_the_detector_is_that_of_the_checkout(tmp_path):
    package = tmp_path / "anomaly"
    package.mkdir()
    (package / "__init__.py").write_text(
        "class AutoencoderDetector:\n"
        "    def __init__(self, random_state): pass\n"
        "    def fit(self, x):\n"
        "        if x.shape[1] == 1: raise ValueError('one column')\n"
    )
    for width in (1, 2):
        np.save(tmp_path / f"{width}.npy", np.zeros((3, width)))
    with FitWorker(tmp_path) as worker:
        seconds, processor_seconds = worker.fit(tmp_path / "2.npy")
        assert 0 <= seconds < 1
        assert 0 <= processor_seconds < 1
        with pytest.raises(WorkerError, match="failed: ValueError: one column"):
            worker.fit(tmp_path / "1.npy")


def test_a_checkout_that_cannot_be_imported_says_why(tmp_path):
    (tmp_path / "anomaly.py").write_text("raise ImportError('too old')\n")
    with pytest.raises(WorkerError, match="failed: ImportError: too old"):
        FitWorker(tmp_path)
