"""Bad input, saved files and the estimator contract of the sequence detector."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import check_estimator

from anomaly import NotFittedError, SequenceDetector, load_detector
from anomaly.errors import DataError, FewRecordsWarning
from nnlite.archive import FileFormatError
from tests.anomaly.detectors.waves import ALONE, QUICK, stamped, waves


@pytest.fixture(scope="module")
def fitted():
    return SequenceDetector(**QUICK).fit(waves())


@pytest.fixture(scope="module")
def causal():
    return SequenceDetector(**QUICK, causal=True).fit(waves())


# -- bad input ---------------------------------------------------------------------------------


def test_a_series_shorter_than_a_window():
    with pytest.raises(ValueError, match="segment without gaps of at least 8 steps.*the longest has 6.*smaller window"):
        SequenceDetector(**QUICK).fit(waves(8))
    with pytest.raises(ValueError, match="at least 9 steps"):
        SequenceDetector(**QUICK, method="forecast").fit(waves(9))


def test_a_series_shorter_than_a_window_is_scored(fitted, causal):
    for detector in (fitted, causal):
        for n in (1, 3, 7, 8):
            scores = detector.decision_function(waves(n))
            assert scores.shape == (n,)
            assert np.isfinite(scores).all()


def test_a_change_of_a_constant_sensor_is_anomalous():
    series = np.column_stack([waves()[:, 0], np.full(400, 7.0)])
    detector = SequenceDetector(**QUICK).fit(series)
    moved = series[:100].copy()
    moved[50:60, 1] = 8.0
    assert detector.predict(series[:100]).sum() == 0
    assert detector.predict(moved)[50:60].any()


def test_sensors_missing_at_scoring_time_are_named():
    detector = SequenceDetector(**QUICK).fit({"a": waves()[:, 0], "b": waves()[:, 1]})
    with pytest.raises(DataError, match="columns missing: 'b'"):
        detector.decision_function({"a": waves()[:, 0]})
    with pytest.raises(DataError, match="'c'"):
        detector.decision_function({"a": waves()[:, 0], "b": waves()[:, 1], "c": waves()[:, 1]})
    ignoring = SequenceDetector(**QUICK, ignore=["c"]).fit({"a": waves()[:, 0], "c": waves()[:, 1]})
    assert ignoring.n_features_in_ == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"window": 0}, "window must be .*whole number of at least 1.*; found 0"),
        ({"window": 1}, "window must be at least 2 to be reconstructed"),
        ({"window": 2.5}, "found 2.5"),
        ({"stride": 0}, "stride must be a whole number"),
        ({"stride": 9}, "stride must be at most window \\(8\\)"),
        (
            {"network": "transformer"},
            "network must be one of 'auto', None, 'dense', .*; found 'transformer'",
        ),
        ({"method": "guess"}, "method must be one of"),
        ({"smooth": "all"}, "smooth must be one of"),
        ({"causal": "yes"}, "causal must be True or False; found 'yes'"),
        ({"relative": 1}, "relative must be True or False; found 1"),
        ({"hidden": ()}, "hidden must be the sizes"),
        ({"noise": -1}, "noise must be a number of at least 0"),
        ({"smoothing": 0}, "smoothing must be a number of at least 1"),
        ({"calibration": 1}, "calibration must be a number of at least 0 and below 1"),
        ({"folds": 0}, "folds must be a whole number"),
        ({"members": 0}, "members must be a whole number"),
        ({"drift_allowance": -1}, "drift_allowance must be a number of at least 0"),
        ({"margin": 0}, "margin must be a number above 0"),
        ({"network_share": 0}, "network_share must be a number above 0 and at most 1"),
        ({"false_alarms": "often"}, "such as 1/week"),
        ({"false_alarms": "1/week", "contamination": 0.1}, "leave out threshold and contamination"),
        ({"epochs": 0}, "epochs must be a whole number"),
        ({"batch_size": 0}, "batch_size"),
        ({"learning_rate": 0}, "learning_rate"),
        ({"gap": 0}, "gap must be a number above 0"),
        ({"time": 3}, "time must be the name of a column; found 3"),
        ({"ignore": "label"}, "ignore must be a list"),
        ({"contamination": 0.9}, "contamination"),
        ({"threshold": "nope"}, "threshold must be"),
        ({"random_state": -1}, "random_state"),
        ({"scaling": "nope"}, "scaling"),
    ],
)
def test_fit_refuses_bad_parameters(arguments, message):
    with pytest.raises(ValueError, match=message):
        SequenceDetector(**{**QUICK, "epochs": 1, **arguments}).fit(waves(100))


def test_a_window_of_one_is_enough_to_forecast():
    detector = SequenceDetector(window=1, method="forecast", hidden=(4,), epochs=1, random_state=0, **ALONE).fit(
        waves(50)
    )
    assert detector.decision_function(waves(20)).shape == (20,)


def test_a_list_of_series_in_place_of_one(fitted):
    with pytest.raises(ValueError, match="expected one series; found a list of 2"):
        fitted.explain([waves(), waves()])


def test_an_unfitted_detector_says_so(tmp_path):
    detector = SequenceDetector()
    for call in (
        lambda: detector.decision_function(waves()),
        lambda: detector.explain(waves()),
        lambda: detector.reconstruct(waves()),
        lambda: detector.stream(),
        lambda: detector.save(tmp_path / "m.npz"),
    ):
        with pytest.raises(NotFittedError, match="call fit"):
            call()


# -- contract and files ------------------------------------------------------------------------


def test_clone_and_parameters():
    detector = SequenceDetector(window=5, network="gru")
    assert clone(detector).get_params() == detector.get_params()
    assert repr(detector) == "SequenceDetector(window=5, network='gru')"


@pytest.mark.parametrize("settings", [{}, {"method": "forecast"}, {"network": "lstm"}, {"time": "time"}])
def test_a_loaded_detector_gives_the_same_scores(tmp_path, settings):
    series = stamped() if "time" in settings else waves(200)
    detector = SequenceDetector(**{**QUICK, "epochs": 1, **settings}).fit(series)
    detector.save(tmp_path / "m.npz")
    loaded = load_detector(tmp_path / "m.npz")
    np.testing.assert_array_equal(loaded.decision_function(series), detector.decision_function(series))
    np.testing.assert_array_equal(loaded.labels_, detector.labels_)
    np.testing.assert_array_equal(loaded.calibration_, detector.calibration_)
    assert loaded.get_params() == detector.get_params()
    loaded.save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "m.npz").read_bytes()


def altered(name, value):
    def change(config, arrays):
        if isinstance(value, np.ndarray):
            arrays[name] = value
        elif name in config:
            config[name] = value
        elif name in config["parameters"]:
            config["parameters"][name] = value
        else:
            config["preprocessing"][name] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        altered("window", 9),
        altered("method", "forecast"),
        altered("time", "t"),
        altered("step", -1.0),
        altered("gap", "x"),
        altered("columns", {}),
        altered("calibration", np.ones(3, np.bool_)),
        altered("residuals/scale", np.zeros(2)),
        altered("folds", 2),
        altered("residuals/whitening", np.eye(3)),
    ],
)
def test_an_inconsistent_file_is_refused(fitted, tmp_path, change):
    from nnlite.archive import read_archive, write_archive

    fitted.save(tmp_path / "m.npz")
    config, arrays = read_archive(tmp_path / "m.npz", "detector")
    for name in ("format", "version", "kind"):
        config.pop(name, None)
    change(config, arrays)
    write_archive(tmp_path / "m.npz", "detector", config, arrays)
    with pytest.raises(FileFormatError):
        load_detector(tmp_path / "m.npz")


NOT_OURS = {
    "check_outliers_train": "labels are PyOD's: 1 is an anomaly and 0 is normal, not -1 and 1",
    "check_outliers_fit_predict": "labels are PyOD's",
    "check_methods_sample_order_invariance": "scores depend on the order of the steps",
    "check_methods_subset_invariance": "the score of a step depends on its neighbours",
    "check_fit1d": "a 1-D array is a series of one sensor",
    "check_fit2d_predict1d": "a 1-D array is a series of one sensor, and the error names the number of sensors",
}


def test_the_checks_of_scikit_learn_that_apply_to_series():
    detector = SequenceDetector(window=2, hidden=(4,), epochs=1, random_state=0, **ALONE)
    # They warn of what they skip: an array interface that must be switched on in the environment.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(detector, expected_failed_checks=NOT_OURS, on_fail=None)
    assert [r["check_name"] for r in results if r["status"] == "failed"] == []
    assert sum(r["status"] == "passed" for r in results) >= 36
    assert {r["check_name"] for r in results if r["status"] == "xfail"} == set(NOT_OURS)


def test_a_limit_chosen_from_few_steps_is_warned_of():
    with pytest.warns(FewRecordsWarning, match=r"chosen from 26 steps.*give 100 at least") as found:
        SequenceDetector(random_state=0).fit(waves(26))
    assert found[0].filename == __file__
