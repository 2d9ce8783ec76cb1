"""Networks in files of detectors: those of the usual form are read without building a model."""

import copy
import json
import pickle

import numpy as np
import pytest

from anomaly import TableDetector, load_detector
from anomaly.detectors.table.denoiser import Denoiser
from anomaly.detectors.table.saved_networks import built_network, usual_network
from nnlite.archive import FileFormatError
from nnlite.limits import largest_record
from nnlite.models import Model
from nnlite.registry import get_custom_objects
from nnlite.saved_network import SavedNetwork
from nnlite.serialization import model_to_parts

X = np.random.default_rng(0).normal(size=(80, 3))


@pytest.fixture(scope="module")
def detector():
    return TableDetector(hidden=(5, 4), noise=(0.2, 1.0), epochs=1, random_state=0).fit(X)


@pytest.fixture
def parts(detector):
    config, arrays = model_to_parts(detector.model_)
    return json.loads(json.dumps(config)), arrays


def test_what_the_detector_saves_is_the_usual_form(parts):
    network = usual_network(*parts, "file")
    assert isinstance(network, SavedNetwork)
    assert (network.input_shape, network.output_shape) == ((None, 3), (None, 3))
    assert [(layer.kernel.shape, layer.bias.shape, layer.relu) for layer in network.layers] == [
        ((3, 5), (5,), True),
        ((5, 4), (4,), True),
        ((4, 3), (3,), False),
    ]
    assert not network.is_built


def test_so_is_what_was_trained_with_missing_cells():
    x = X.copy()
    x[:8, 1] = np.nan
    detector = TableDetector(hidden=(4,), noise=0.5, epochs=1, random_state=0).fit(x)
    assert usual_network(*model_to_parts(detector.model_), "file")


def test_the_model_is_built_when_it_is_asked_for(detector, parts):
    network = usual_network(*parts, "file")
    model = network.model
    assert network.is_built
    assert network.model is model
    np.testing.assert_array_equal(model.parameters, detector.model_.parameters)
    again, arrays = model_to_parts(model)
    assert json.dumps(again) == json.dumps(parts[0])
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, parts[1][name])


def test_scores_are_those_of_the_model_to_the_last_bit(detector, tmp_path):
    detector.save(tmp_path / "model.npz")
    loaded, scores = load_detector(tmp_path / "model.npz"), detector.decision_function(X)
    np.testing.assert_array_equal(loaded.decision_function(X), scores)
    np.testing.assert_array_equal(loaded.explain(X[:9]), detector.explain(X[:9]))
    assert isinstance(loaded.model_, Model)
    np.testing.assert_array_equal(loaded.decision_function(X), scores)
    for network in loaded.ensemble_.networks:
        network.model.parameters[:] *= 2
    assert (loaded.decision_function(X) != scores).any()


def test_it_learns_further_as_the_saved_one(detector, tmp_path):
    detector.save(tmp_path / "model.npz")
    loaded = load_detector(tmp_path / "model.npz")
    further = [copy.deepcopy(one).partial_fit(X[:20]) for one in (detector, loaded)]
    np.testing.assert_array_equal(further[0].decision_function(X), further[1].decision_function(X))


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_copies_score_the_same(detector, copied):
    member = detector.ensemble_.networks[0]
    x = X.astype(np.float32)
    again = Denoiser.from_state(*member.get_state(), "file")
    np.testing.assert_array_equal(copied(again).scores(x), member.scores(x))
    np.testing.assert_array_equal(again.with_draws(2).scores(x), member.with_draws(2).scores(x))


def _set(path, value):
    def change(config, arrays):
        *above, last = path
        for name in above:
            config = config[name]
        config[last] = value

    return change


LAYERS = ("model", "config", "layers")
CHANGES = {
    "another class": _set((*LAYERS, 2, "class_name"), "Conv1D"),
    "another activation": _set((*LAYERS, 2, "config", "activation", "config", "negative_slope"), 0.1),
    "other units": _set((*LAYERS, 2, "config", "units"), 6),
    "units that are no number": _set((*LAYERS, 2, "config", "units"), "5"),
    "true in place of 1": _set((*LAYERS, 2, "config", "units"), True),
    "another graph": _set(("model", "config", "nodes", 2, "inputs"), [0]),
    "another learning rate": _set(("compiled", "optimizer", "config", "learning_rate"), -1.0),
    "another loss": _set(("compiled", "loss", 0, "class_name"), "MeanAbsoluteError"),
    "steps that are no number": _set(("compiled", "iterations"), "1"),
    "no training": lambda config, _: config.pop("compiled"),
    "fewer layers": _set(LAYERS, []),
    "fewer weights": lambda _, arrays: arrays.update(weights=arrays["weights"][:-1]),
    "another dtype": lambda _, arrays: arrays.update(weights=arrays["weights"].astype(np.float64)),
    "other slots": lambda _, arrays: arrays.update(slot=arrays.pop("optimizer/velocity")),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_is_written_otherwise_is_left_to_the_model(parts, change):
    config, arrays = parts
    change(config, arrays)
    assert usual_network(config, arrays, "file") is None


def test_it_is_not_read_so_where_its_names_or_its_size_may_mean_something_else(parts):
    with largest_record(10):
        assert usual_network(*parts, "file") is None
        with pytest.raises(FileFormatError, match="the limit is 10"):
            built_network(*parts, "file")
    get_custom_objects()["Dense"] = object
    try:
        assert usual_network(*parts, "file") is None
    finally:
        del get_custom_objects()["Dense"]
    assert usual_network(*parts, "file")
