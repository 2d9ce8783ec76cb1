"""One detector for each group of rows."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from anomaly import GroupedDetector, NotFittedError, SequenceDetector, load_detector
from anomaly.errors import DataError, GroupWarning
from nnlite.archive import FileFormatError
from tests.anomaly.detectors.waves import QUICK, waves

SCALE = {"press": 1.0, "mill": 100.0}


def plant(n=300, seed=0, names=("press", "mill")):
    """Return the interleaved rows of machines whose sensors differ in scale, with times a minute apart."""
    parts = {name: waves(n, seed=seed + k) * SCALE.get(name, 1.0) for k, name in enumerate(names)}
    return {
        "time": np.repeat(np.datetime64("2024-01-01") + np.arange(n).astype("m8[m]"), len(names)),
        "machine": np.array(names * n, dtype=object),
        "a": np.column_stack([part[:, 0] for part in parts.values()]).ravel(),
        "b": np.column_stack([part[:, 1] for part in parts.values()]).ravel(),
    }


def of(rows, name):
    chosen = rows["machine"] == name
    return {key: values[chosen] for key, values in rows.items() if key != "machine"}


def made(**settings):
    return GroupedDetector(SequenceDetector(**{**QUICK, "time": "time", **settings}))


@pytest.fixture(scope="module")
def fitted():
    return made().fit(plant())


def test_each_machine_is_scored_by_its_own_detector_in_units_of_its_threshold(fitted):
    fresh = plant(seed=5)
    scores = fitted.decision_function(fresh)
    for name in SCALE:
        alone = SequenceDetector(**QUICK, time="time").fit(of(plant(), name))
        own = fresh["machine"] == name
        expected = alone.decision_function(of(fresh, name)) / alone.threshold_
        np.testing.assert_allclose(scores[own], expected, rtol=1e-4)
        np.testing.assert_allclose(fitted.decision_scores_[own], alone.decision_scores_ / alone.threshold_, rtol=1e-5)
    assert fitted.threshold_ == 1.0
    assert (fitted.predict(fresh) == (scores > 1)).all()
    np.testing.assert_allclose(fitted.explain(fresh).sum(axis=1), scores)
    assert fitted.required_columns_ == ["a", "b", "time", "machine"]


def test_a_frame_and_an_order_by_machine_give_the_same_scores(fitted):
    fresh = plant(seed=5)
    frame = pd.DataFrame(fresh)
    np.testing.assert_array_equal(fitted.decision_function(frame), fitted.decision_function(fresh))
    order = np.argsort(fresh["machine"], kind="stable")
    by_machine = fitted.decision_function(frame.iloc[order])
    np.testing.assert_allclose(by_machine, fitted.decision_function(fresh)[order], rtol=1e-4)
    refitted = made().fit(pd.DataFrame(plant()).iloc[order])
    np.testing.assert_array_equal(refitted.decision_function(frame), fitted.decision_function(frame))


def test_events_carry_the_machine(fitted):
    fresh = plant(seed=5)
    rows = np.flatnonzero(fresh["machine"] == "mill")[100:120]
    fresh["b"][rows] += 500
    (event,) = fitted.find_events(fresh, tolerance=30)
    assert event.group == "mill"
    assert event.start < 120
    assert event.end > 100
    assert event.peak_time == fresh["time"][fresh["machine"] == "mill"][event.peak]


def test_machines_that_cannot_be_fitted_are_left_out_and_have_no_scores(tmp_path):
    train = plant(300, names=("press", "mill", "saw"))
    saw = np.flatnonzero(train["machine"] == "saw")[5:]
    train = {key: np.delete(values, saw) for key, values in train.items()}
    with pytest.warns(GroupWarning, match=r"1 of 3 groups are left out.*'saw'; 'saw': fit needs a segment"):
        detector = made().fit(train)
    assert list(detector.detectors_) == ["press", "mill"]
    assert np.isnan(detector.decision_scores_).sum() == 5
    fresh = plant(50, seed=4, names=("press", "mill", "saw", "new"))
    with pytest.warns(GroupWarning, match=r"row 3, column 'machine': there is no detector for 'saw' \(100 rows of"):
        scores = detector.decision_function(fresh)
    assert np.isnan(scores).reshape(50, 4).tolist() == [[False, False, True, True]] * 50
    with pytest.warns(GroupWarning):
        assert not detector.predict(fresh).reshape(50, 4)[:, 2:].any()
    with pytest.warns(GroupWarning):
        np.testing.assert_array_equal(np.isnan(detector.p_values(fresh)), np.isnan(scores))
    assert "left out: 'saw': fit needs a segment" in detector.describe()
    detector.save(tmp_path / "m.npz")
    assert load_detector(tmp_path / "m.npz").left_out_ == detector.left_out_


def test_no_machine_that_can_be_fitted_is_an_error():
    with pytest.raises(
        DataError, match=r"all 2 groups of column 'machine' are left out.*; 'press': fit needs a segment"
    ):
        made().fit(plant(5))
    with pytest.raises(DataError, match="there is no column of groups 'unit'; the columns are 'time', 'machine'"):
        GroupedDetector(SequenceDetector(**QUICK), group="unit").fit(plant())
    with pytest.raises(ValueError, match="detector must be a detector of series"):
        GroupedDetector().fit(plant())
    with pytest.raises(NotFittedError, match="call fit"):
        made().decision_function(plant())


def test_rows_without_a_machine_are_left_out_with_a_warning():
    train = plant()
    train["machine"][10] = None
    with pytest.warns(GroupWarning, match=r"the value is missing in 1 row\(s\)"):
        detector = made(time=None, ignore=["time"]).fit(train)
    assert np.flatnonzero(np.isnan(detector.decision_scores_)).tolist() == [10]


def test_a_repair_of_one_machine_is_left_out():
    train = plant()
    press = np.flatnonzero(train["machine"] == "press")
    train["a"][press[100:120]] += 50
    repair = {"start": ["2024-01-01T01:40"], "end": ["2024-01-01T01:59"], "machine": ["press"]}
    detector = made().fit(train, exclude=repair)
    assert np.flatnonzero(np.isnan(detector.decision_scores_)).tolist() == press[100:120].tolist()
    scores = detector.decision_function(train, exclude=repair)
    assert np.flatnonzero(np.isnan(scores)).tolist() == press[100:120].tolist()
    assert detector.find_events(train)
    assert not detector.find_events(train, exclude=repair)


def test_one_file_holds_all(fitted, tmp_path):
    fitted.save(tmp_path / "m.npz")
    loaded = load_detector(tmp_path / "m.npz")
    fresh = plant(seed=5)
    np.testing.assert_array_equal(loaded.decision_function(fresh), fitted.decision_function(fresh))
    np.testing.assert_array_equal(loaded.p_values(fresh), fitted.p_values(fresh))
    assert repr(loaded) == repr(fitted)
    assert loaded.describe() == fitted.describe()
    assert "delay: a live stream gives the score of a step when 8 more of its group have followed" in fitted.describe()
    data = (tmp_path / "m.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(data[: len(data) // 2])
    with pytest.raises(FileFormatError):
        load_detector(tmp_path / "cut.npz")


def test_it_is_an_estimator_of_scikit_learn():
    detector = made()
    copied = clone(detector)
    assert copied.detector is not detector.detector
    assert copied.set_params(detector__window=9, group="unit").get_params()["detector__window"] == 9
    assert (copied.group, detector.detector.window) == ("unit", 8)
    with pytest.raises(ValueError, match="no parameter 'windows'"):
        copied.set_params(detector__windows=3)
    assert not hasattr(detector.fit(plant()).detector, "threshold_")


def test_labels_choose_the_threshold_of_each_machine():
    train = plant()
    labels = np.zeros(600, int)
    for name in SCALE:
        rows = np.flatnonzero(train["machine"] == name)[250:260]
        train["b"][rows] += 6 * SCALE[name]
        labels[rows] = 1
    detector = made(threshold="best_f1").fit(train, labels)
    assert detector.labels_[labels == 1].any()
    for name in SCALE:
        alone = SequenceDetector(**QUICK, time="time", threshold="best_f1")
        alone.fit(of(train, name), labels[train["machine"] == name])
        assert detector.detectors_[name].threshold_ == alone.threshold_


def test_each_machine_is_tested_for_drift(fitted):
    train = plant(1500)
    detector = made().fit(train)
    fresh = plant(1500, seed=5)
    assert {name: result.drifted for name, result in detector.drift(fresh).items()} == {"press": False, "mill": False}
    fresh["a"][fresh["machine"] == "mill"] += 50
    halves = ({key: values[half] for key, values in fresh.items()} for half in (slice(0, 700), slice(700, None)))
    assert {name: result.drifted for name, result in detector.drift(halves).items()} == {"press": False, "mill": True}
    fresh["machine"][fresh["machine"] == "mill"] = "new"
    with pytest.warns(GroupWarning, match="1 of 2 groups are not tested for drift: 'new'; 'new': there is no detector"):
        assert list(detector.drift(fresh)) == ["press"]
