"""Runs are measured once for each version of a detector, here or in another Python."""

import json
import stat
import sys

import numpy as np
import pytest

from benchmarks.quality import measure as module
from benchmarks.quality.contestants import CONTESTANTS
from benchmarks.quality.elsewhere import NoSuchPython, main, measure_there, missing_here, missing_there
from benchmarks.quality.measure import evaluate, measure, measure_into
from benchmarks.quality.protocols import split
from benchmarks.quality.results import Plan, append, key_of, read
from tests.benchmarks.quality.made_data import labelled, write_tables


def plan(folder, detectors=("kNN",), protocols=("one-class",), seeds=1, tables=()):
    return Plan(tuple(detectors), tuple(protocols), seeds, tuple(tables), str(folder))


def test_a_result_says_what_was_run_and_what_came_out(tmp_path):
    write_tables(tmp_path)
    results = list(measure(plan(tmp_path, ["kNN", "IForest"], seeds=2, tables=["other"]), {}))
    assert [key_of(result) for result in results] == [
        ("one-class", "other", seed, name) for seed in (0, 1) for name in ("kNN", "IForest")
    ]
    for result in results:
        assert result["auroc"] > 0.9
        assert result["ap"] > 0.5
        assert result["fit_seconds"] > 0
        assert result["chance"] == pytest.approx(20 / 110)
        assert result["version"].startswith("scikit-learn")


def test_what_is_done_is_not_measured_again_unless_the_version_differs(tmp_path):
    write_tables(tmp_path, ["made"])
    (result,) = measure(plan(tmp_path), {})
    key = key_of(result)
    assert list(measure(plan(tmp_path), {key: result["version"]})) == []
    (again,) = measure(plan(tmp_path), {key: "scikit-learn 0.1"})
    assert again["auroc"] == result["auroc"]


def test_a_detector_that_fails_does_not_end_the_comparison(tmp_path, monkeypatch):
    write_tables(tmp_path, ["made"])
    whole = module.evaluate

    def broken(name, data, seed):
        if name == "kNN":
            raise ValueError("no")
        return whole(name, data, seed)

    monkeypatch.setattr(module, "evaluate", broken)
    failed, found = measure(plan(tmp_path, ["kNN", "IForest"]), {})
    assert failed["error"] == "ValueError('no')"
    assert failed["chance"] == found["chance"]
    assert "auroc" not in failed
    assert "error" not in found


def test_scores_that_are_not_finite_are_an_error(monkeypatch):
    class Broken:
        def fit(self, train):
            pass

        def scores(self, test):
            return np.full(len(test), np.nan)

    monkeypatch.setattr(module, "make", lambda *_: Broken())
    with pytest.raises(ValueError, match="110 of 110 scores are not finite"):
        evaluate("broken", split(*labelled(), "one-class", 0), 0)


def test_the_last_result_of_a_run_counts(tmp_path):
    assert read(tmp_path / "none.jsonl") == []
    one = {"protocol": "p", "table": "t", "seed": 0, "detector": "d", "version": "1", "auroc": 0.5}
    append(tmp_path / "some.jsonl", [one])
    append(tmp_path / "some.jsonl", [{**one, "version": "2"}, {**one, "seed": 1}])
    assert read(tmp_path / "some.jsonl") == [{**one, "version": "2"}, {**one, "seed": 1}]


def test_another_python_measures_into_the_same_file(tmp_path, capfd):
    write_tables(tmp_path, ["made"])
    path = tmp_path / "results.jsonl"
    measure_into(path, plan(tmp_path, ["kNN"]))
    measure_there(sys.executable, path, plan(tmp_path, ["LOF"]))
    assert [result["detector"] for result in read(path)] == ["kNN", "LOF"]
    assert "one-class made 0 LOF AUROC" in capfd.readouterr().out


def test_another_python_is_asked_what_it_lacks(capsys):
    assert missing_there(sys.executable) == missing_here()
    main(["{}"])
    assert set(json.loads(capsys.readouterr().out)) == set(CONTESTANTS)


def test_a_python_that_cannot_run_the_comparison_is_refused(tmp_path):
    with pytest.raises(NoSuchPython, match="'/no/python' cannot be run"):
        missing_there("/no/python")
    bare = tmp_path / "python"
    bare.write_text("#!/bin/sh\necho \"ModuleNotFoundError: No module named 'pandas'\" >&2\nexit 1\n")
    bare.chmod(bare.stat().st_mode | stat.S_IXUSR)
    with pytest.raises(NoSuchPython, match="needs numpy, pandas and scikit-learn at least.*'pandas'"):
        missing_there(str(bare))
