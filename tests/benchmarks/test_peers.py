"""What all contestants share."""

import time

import numpy as np
import pytest

from benchmarks.speed.networks import SMALL, forward, mean_squared_error
from benchmarks.speed.peers import ours
from benchmarks.speed.peers.base import Peer
from benchmarks.speed.peers.blas import _products


def broken():
    raise OSError("no compiler")


def test_the_fastest_candidate_that_works_is_taken():
    ways = {"broken": broken, "slow": lambda: time.sleep(0.02), "fast": lambda: time.sleep(0.001)}
    assert Peer().fastest(ways) == "fast"


def test_a_hopeless_candidate_is_tried_once_after_warming_up():
    runs = []

    def slow():
        runs.append("slow")
        time.sleep(0.1)

    assert Peer().fastest({"slow": slow, "fast": lambda: time.sleep(0.001)}) == "fast"
    assert len(runs) == 2


def test_if_no_candidate_works_the_reasons_are_given():
    with pytest.raises(RuntimeError, match="broken: OSError: no compiler"):
        Peer().fastest({"broken": broken})


def test_wrong_predictions_stop_a_contestant():
    class Wrong(Peer):
        def prepare_predict(self, rows):
            return lambda x: x

    with pytest.raises(RuntimeError, match="its predictions disagree with the network's weights"):
        Wrong().prepare("predict-one", {"network": SMALL.to_message()})


def test_our_model_is_the_network_of_the_job():
    x = SMALL.data()
    expected = forward(SMALL.initial_weights(), x, SMALL.output)
    assert ours.build(SMALL).predict(x, verbose=0) == pytest.approx(expected, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("kind", ["predict-one", "predict-many"])
def test_our_predictions_are_taken_from_the_public_functions(kind):
    peer = ours.Peer()
    peer.prepare(kind, {"network": SMALL.to_message(), "rows": 50})
    peer.run()
    assert peer.note == {"predict-one": "make_predict_function", "predict-many": "predict"}[kind]
    assert peer.x.shape == {"predict-one": (10,), "predict-many": (50, 10)}[kind]


def test_our_loss_is_measured_on_our_trained_weights():
    job = SMALL.shortened(10)
    peer = ours.Peer()
    peer.prepare("train", job.to_message())
    first = mean_squared_error(job.initial_weights(), job.data(), job.output)
    assert peer.loss() < first
    peer.reset()
    assert peer.loss() == pytest.approx(first)


def test_the_products_of_a_step_are_those_of_forward_and_backward():
    products = _products(SMALL, 32)
    assert all((a @ b).shape == out.shape for a, b, out in products)
    multiplications = sum(a.shape[0] * a.shape[1] * b.shape[1] for a, b, _ in products)
    # Forward, and backward by the weights, for both layers; backward by the input for the second alone.
    assert multiplications == 32 * (2 * (10 * 5 + 5 * 10) + 5 * 10)


def test_the_sigmoid_is_the_sigmoid():
    weights = [(np.eye(2, dtype=np.float32), np.zeros(2, np.float32))]
    assert forward(weights, np.array([[0.0, 100.0]]), "sigmoid") == pytest.approx(np.array([[0.5, 1.0]]))
