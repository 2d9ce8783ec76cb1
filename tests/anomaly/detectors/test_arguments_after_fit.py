"""What a detector is when its arguments are changed after `fit`, or when a second `fit` fails."""

import numpy as np
import pytest

from anomaly import (
    AutoencoderDetector,
    ImageDetector,
    SequenceDetector,
    TableDetector,
    VariationalDetector,
    load_detector,
)
from anomaly.thresholds import MADThreshold
from tests.anomaly.detectors import waves
from tests.anomaly.detectors.planes import planes

X = planes(120)[0]
STAMPED = waves.stamped()
IMAGES = np.random.default_rng(0).random((12, 8, 8))
MADE = {
    "table": (lambda: TableDetector(hidden=[8], epochs=5, random_state=0), X),
    "autoencoder": (lambda: AutoencoderDetector(hidden=[8], epochs=5, random_state=0), X),
    "variational": (lambda: VariationalDetector(hidden=(8,), latent=2, epochs=5, random_state=0), X),
    "sequence": (lambda: SequenceDetector(**waves.QUICK, time="time"), STAMPED),
    "image": (lambda: ImageDetector(filters=(2,), epochs=1, random_state=0), IMAGES),
}


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("table", {"noise": 0.5}),
        ("table", {"neighbors": 0}),
        ("table", {"hidden": (3, 3), "dates": "number", "false_alarm_rate": 0.1}),
        ("table", {"threshold": MADThreshold(2.5), "draws": 2}),
        ("autoencoder", {"noise": 0, "sparsity": 0.5, "dates": "number"}),
        ("autoencoder", {"hidden": (3, 3), "scaling": "core"}),
        ("variational", {"hidden": (4, 4)}),
        ("variational", {"latent": 3}),
        ("variational", {"variance": 0.1}),
        ("variational", {"activation": "tanh", "score_by": "elbo"}),
        ("sequence", {"window": 9}),
        ("sequence", {"method": "forecast"}),
        ("sequence", {"folds": 2, "members": 2}),
        ("sequence", {"time": None}),
        ("image", {"filters": (4, 4), "threshold": 1.0}),
    ],
)
def test_a_file_holds_the_arguments_of_the_fit(name, changes, tmp_path):
    make, data = MADE[name]
    detector = make().fit(data)
    scores = detector.decision_function(data)
    detector.save(tmp_path / "m.npz")
    detector.set_params(**changes)
    detector.save(tmp_path / "changed.npz")
    assert (tmp_path / "changed.npz").read_bytes() == (tmp_path / "m.npz").read_bytes()
    loaded = load_detector(tmp_path / "changed.npz")
    np.testing.assert_array_equal(loaded.decision_function(data), scores)
    loaded.set_params(**changes)
    loaded.save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "m.npz").read_bytes()
    if name == "image":
        detector.fit(data).save(tmp_path / "anew.npz")
        assert load_detector(tmp_path / "anew.npz").filters == (4, 4)


def test_weights_of_members_are_set_by_fit():
    detector = TableDetector(hidden=[8], epochs=5, random_state=0).fit(X)
    scores, shares = detector.decision_function(X), list(detector.shares_)
    assert sum(shares) == pytest.approx(1)
    detector.set_params(neighbors_share=0.1, fine_share=1.0)
    np.testing.assert_array_equal(detector.decision_function(X), scores)
    assert detector.fit(X).shares_ != shares


def test_arguments_removed_after_the_fit_leave_all_in_the_file(tmp_path):
    detector = TableDetector(hidden=(8,), epochs=2, false_alarm_rate=0.1, random_state=0).fit(X)
    known = detector.calibration_scores_
    detector.hidden = (9,)
    detector.set_params(false_alarm_rate=None).save(tmp_path / "m.npz")
    loaded = load_detector(tmp_path / "m.npz")
    assert loaded.false_alarm_rate == 0.1
    assert loaded.hidden == (8,)
    np.testing.assert_array_equal(loaded.calibration_scores_, known)


def test_later_training_is_saved_with_its_arguments(tmp_path):
    detector = TableDetector(hidden=(8,), epochs=2, random_state=0).fit(X)
    detector.set_params(neighbors=3).partial_fit(X[:20])
    detector.save(tmp_path / "m.npz")
    loaded = load_detector(tmp_path / "m.npz")
    assert loaded.neighbors == 3
    np.testing.assert_array_equal(loaded.decision_function(X), detector.decision_function(X))


@pytest.mark.parametrize(
    ("name", "bad", "changes"),
    [
        ("table", X[:, :1], {}),
        ("table", X[:, :2], {"activation": "nope"}),
        ("table", X[:, :2], {"threshold": "best_f1"}),
        ("variational", X[:, :1], {}),
        ("variational", X[:, :2], {"activation": "nope"}),
        ("sequence", {"time": STAMPED["time"], "a": STAMPED["a"]}, {"threshold": "best_f1"}),
        ("image", IMAGES[:, :6], {"threshold": "best_f1"}),
    ],
)
def test_a_fit_that_fails_leaves_a_fitted_detector_as_it_was(name, bad, changes, tmp_path):
    make, data = MADE[name]
    detector = make().fit(data)
    scores = detector.decision_function(data)
    detector.save(tmp_path / "m.npz")
    with pytest.raises(ValueError, match="at least 2 columns|unknown activation|needs labels"):
        detector.set_params(**changes).fit(bad)
    np.testing.assert_array_equal(detector.decision_function(data), scores)
    detector.save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "m.npz").read_bytes()


@pytest.mark.parametrize("again", ["warm fit", "partial_fit"])
def test_a_preprocessing_that_is_kept_keeps_its_arguments(again, tmp_path):
    detector = TableDetector(hidden=(8,), epochs=2, random_state=0, warm_start=True).fit(X)
    detector.set_params(scaling="robust", dates="number")
    (detector.fit if again == "warm fit" else detector.partial_fit)(X)
    detector.save(tmp_path / "m.npz")
    loaded = load_detector(tmp_path / "m.npz")
    assert (loaded.scaling, loaded.dates) == ("core", "cycles") == (loaded.preprocessor_.scaling, "cycles")


def test_an_inherited_fit_is_all_or_nothing_as_well(tmp_path):
    class Fits:
        def fit(self, X, y=None):
            TableDetector.fit(self, X, y)
            return self

    class Mixed(Fits, TableDetector):
        pass

    detector = Mixed(hidden=(8,), epochs=2, random_state=0).fit(X)
    detector.set_params(hidden=(4,))
    detector.save(tmp_path / "m.npz")
    assert detector._fitted_params["hidden"] == [8]


def test_a_subclass_may_hide_its_arguments():
    class Hides(TableDetector):
        def __init__(self, **settings):
            super().__init__(hidden=(8,), epochs=2, **settings)

    assert Hides(random_state=0).fit(X).predict(X).shape == (len(X),)
