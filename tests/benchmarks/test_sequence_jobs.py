"""The two training jobs on series."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.speed import command
from benchmarks.speed.contestants import PEERS, Contestant
from benchmarks.speed.figures import JobResult, Measurement
from benchmarks.speed.jobs import series
from benchmarks.speed.peers import ours
from benchmarks.speed.peers.base import Peer
from benchmarks.speed.rounds import Settings
from benchmarks.speed.sequences import CONVOLUTIONAL, LSTM, SequenceJob, forward

SMALL_LSTM = replace(LSTM, rows=40, steps=7, features=3, batch=16, units=(5, 4))
SMALL_CONV = replace(CONVOLUTIONAL, rows=40, steps=24, batch=16, units=(4, 3, 3, 4))
SMALL = pytest.mark.parametrize("job", [SMALL_LSTM, SMALL_CONV], ids=["lstm", "conv"])


@SMALL
def test_our_model_is_the_network_of_the_job(job):
    # The layers of nnlite are held to Keras value by value, so that this holds `forward` to Keras too.
    model = ours.build_sequence(job)
    model.set_weights(job.initial_weights())
    x = job.data()
    assert forward(job, job.initial_weights(), x) == pytest.approx(model.predict(x, verbose=0), rel=1e-4, abs=1e-5)


@SMALL
def test_we_start_and_learn_as_the_job_says(job):
    peer = ours.Peer()
    peer.prepare("sequence", job.to_message())
    x = job.data()
    first = np.mean((forward(job, job.initial_weights(), x) - x) ** 2)
    assert peer.loss() == pytest.approx(first, rel=1e-5)
    peer.run()
    assert peer.loss() < first


@SMALL
def test_who_trains_another_network_is_not_compared(job):
    class Other(Peer):
        def prepare_sequence(self, _):
            pass

        def reconstruct(self, x):
            return 1.01 * forward(self.job, self.job.initial_weights(), x)

    with pytest.raises(RuntimeError, match="its first loss is .*, that of the network's weights"):
        Other().prepare("sequence", job.to_message())


@SMALL
def test_jobs_survive_the_way_through_json_and_windows_are_the_same_each_time(job):
    again = SequenceJob.from_message(json.loads(json.dumps(job.to_message())))
    assert again == job
    assert job.data().shape == (40, job.steps, job.features)
    assert job.data().dtype == "float32"
    assert (again.data() == job.data()).all()


def test_the_jobs_are_those_that_were_asked_for():
    assert SequenceJob("lstm", 2000, 30, 8, 32, 1, (64, 64)) == LSTM
    assert SequenceJob("conv", 2000, 288, 1, 128, 1, (32, 16, 16, 32)) == CONVOLUTIONAL
    assert LSTM.data().std() == pytest.approx(1, abs=0.05)
    shapes = [array.shape for array in CONVOLUTIONAL.initial_weights()[::2]]
    assert shapes == [(7, 1, 32), (7, 32, 16), (7, 16, 16), (7, 32, 16), (7, 1, 32)]
    assert CONVOLUTIONAL.shortened(10).rows == 256  # two batches at least


@pytest.mark.parametrize("job", ["train-lstm", "train-conv"])
def test_a_peer_is_measured_beside_us_and_the_fastest_is_judged(job, tmp_path):
    fake = Contestant("torch", "Fake", "tests.benchmarks.fake_peers")
    scan = Contestant("jax", "has no such network", "tests.benchmarks.fake_peers")
    settings = Settings([fake, scan], sys.executable, sys.executable, rounds=2, threads=("one",), quick=True)
    settings.say = lambda _: None
    command.run(settings, [job], tmp_path / "results.json")
    (content,) = json.loads((tmp_path / "results.json").read_text())["jobs"]
    assert content["skipped"] == {}
    mine, theirs = content["measurements"]
    assert (mine["contestant"], theirs["contestant"]) == ("nnlite", "Fake")
    assert mine["loss"] < theirs["loss"]  # it has not learned anything
    faster, fastest = content["figures"]
    assert faster["what"] == "faster than Fake, one thread"
    assert faster["target"] is None
    assert fastest["what"] == "faster than the fastest of them, Fake, one thread"
    assert fastest["target"] == {"sense": "at least", "bound": 2.0}


def test_the_fastest_is_told_apart_for_each_number_of_threads():
    times = {("nnlite", "one"): 1.0, ("A", "one"): 3.0, ("B", "one"): 1.9, ("nnlite", "all"): 1.0, ("A", "all"): 2.5}
    result = JobResult("train", "training", [Measurement(*who, [value] * 2) for who, value in times.items()])
    series.compare(result, ["A", "B"], "one")
    series.compare(result, ["A", "B"], "all")
    judged = {figure.what: (figure.value, figure.met) for figure in result.figures if figure.target}
    assert judged == {
        "faster than the fastest of them, B, one thread": (1.9, False),
        "faster than the fastest of them, A, all threads": (2.5, True),
    }
    series.compare(result, ["C"], "one")  # nobody took part
    assert len(result.figures) == 5


def test_tensorflow_has_an_interpreter_of_its_own_if_it_is_given_one():
    by_name = {peer.name: peer for peer in PEERS}
    settings = Settings([], "ours", "theirs", tensorflow_python="tensorflow's")
    found = [settings.python_of(by_name[name]) for name in ("blas", "torch", "keras", "keras-tensorflow")]
    assert found == ["ours", "theirs", "theirs", "tensorflow's"]
    assert replace(settings, tensorflow_python="").python_of(by_name["keras-tensorflow"]) == "theirs"
