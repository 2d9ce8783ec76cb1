"""Processes take turns, and whoever cannot is left out with a reason."""

import sys

import pytest

from benchmarks.speed.contestants import Contestant
from benchmarks.speed.environment import worker_environment
from benchmarks.speed.figures import JobResult
from benchmarks.speed.networks import TrainingJob, mean_squared_error
from benchmarks.speed.rounds import Settings, alternate

JOB = TrainingJob(64, (6, 3, 6), 16, 2)
FAKE = Contestant("fake", "Fake", "tests.benchmarks.fake_peers")


def settings(**more):
    said = []
    options = {"peers": [], "python": sys.executable, "peers_python": sys.executable, "rounds": 3, "threads": ("one",)}
    return Settings(**{**options, "say": said.append, **more}), said


def test_every_contestant_has_a_turn_a_round_and_reports_its_loss():
    chosen, said = settings()
    result = JobResult("train", "training")
    alternate(chosen, [FAKE], "train", JOB.to_message(), result)
    (one,) = result.measurements
    assert (one.contestant, one.threads, len(one.values), one.note) == ("Fake", "one", 3, "fake")
    assert all(0.01 <= value < 1 for value in one.values)
    assert len(one.processor) == 3
    assert max(one.processor) < min(one.values) / 2  # it sleeps
    assert one.loss == pytest.approx(mean_squared_error(JOB.initial_weights(), JOB.data(), "linear"))
    assert said[-1] == "  round 3 of 3"


def test_parts_are_measured_apart_and_a_run_of_many_is_divided():
    chosen, _ = settings(rounds=2)
    result = JobResult("gemm", "products")
    alternate(chosen, [FAKE], "product", {"parts": ["a", "b"]}, result, ["a", "b"])
    assert [one.part for one in result.measurements] == ["a", "b"]
    assert all(0.002 <= value < 0.2 for one in result.measurements for value in one.values)
    assert all(one.loss is None for one in result.measurements)


def test_who_cannot_take_part_is_named_with_the_reason():
    chosen, _ = settings(rounds=1)
    missing = Contestant("missing", "Missing", "tests.benchmarks.fake_missing")
    crash = Contestant("crash", "Crash", "tests.benchmarks.fake_crash")
    result = JobResult("train", "training")
    alternate(chosen, [missing, crash, FAKE], "train", JOB.to_message(), result)
    assert "not installed: No module named 'a_library_that_nobody_has'" in result.skipped["Missing"]
    assert "out of luck" in result.skipped["Crash"]
    assert [one.contestant for one in result.measurements] == ["Fake"]


def test_reasons_of_its_own_are_passed_on():
    chosen, _ = settings(rounds=1)
    result = JobResult("pair", "pair")
    alternate(chosen, [FAKE], "pair", {}, result)
    assert result.skipped == {"Fake": "is alone"}
    assert result.measurements == []


def test_no_blas_kernel_is_forced_and_one_thread_is_one_for_everybody(monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setenv("OPENBLAS_L2_SIZE", "512")
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    one, everything = worker_environment("one"), worker_environment("all")
    for environment in (one, everything):
        assert not {"OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"} & set(environment)
    libraries = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
    assert {one[name] for name in libraries} == {"1"}
    assert not {*libraries, "XLA_FLAGS"} & set(everything)


def test_jobs_survive_the_way_through_json():
    assert TrainingJob.from_message(JOB.to_message()) == JOB


def test_data_are_standardised_and_the_same_each_time():
    x = TrainingJob(2000, (12, 4, 12), 32, 1).data()
    assert x.dtype == "float32"
    assert x.mean(axis=0) == pytest.approx(0, abs=1e-5)
    assert x.std(axis=0) == pytest.approx(1, abs=1e-5)
    assert (x == TrainingJob(2000, (12, 4, 12), 32, 1).data()).all()
