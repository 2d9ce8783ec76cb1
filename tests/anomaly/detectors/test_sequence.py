"""A detector for series: it finds what is unusual, keeps to the past where it must, refuses what it cannot use."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import check_estimator

from anomaly import NotFittedError, SequenceDetector, load_detector
from anomaly.errors import DataError
from anomaly.thresholds import MADThreshold
from nnlite.archive import FileFormatError

QUICK = {"window": 8, "epochs": 3, "hidden": (16,), "random_state": 0}
NETWORKS = ("dense", "conv", "lstm", "gru")


def waves(n=400, seed=0):
    """Two sensors that go together: a wave and its double, with noise."""
    rng = np.random.default_rng(seed)
    t = np.arange(n)
    wave = np.sin(2 * np.pi * t / 20)
    return np.column_stack([wave, 2 * wave + 1]) + 0.05 * rng.normal(size=(n, 2))


@pytest.fixture(scope="module")
def fitted():
    return SequenceDetector(**QUICK).fit(waves())


@pytest.fixture(scope="module")
def causal():
    return SequenceDetector(**QUICK, causal=True).fit(waves())


# -- scoring -----------------------------------------------------------------------------------


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("method", ["reconstruction", "forecast"])
def test_every_network_scores_every_step(network, method):
    settings = {**QUICK, "hidden": (8, 4) if network == "conv" else (8,), "epochs": 1}
    detector = SequenceDetector(**settings, network=network, method=method).fit(waves(120))
    scores = detector.decision_function(waves(50, seed=1))
    assert scores.shape == (50,)
    assert np.isfinite(scores).all()
    assert (scores >= 0).all()
    assert set(np.unique(detector.predict(waves(50, seed=1)))) <= {0, 1}


@pytest.mark.parametrize("window", [2, 3, 7, 13])
def test_convolutions_give_back_windows_of_any_length(window):
    detector = SequenceDetector(window=window, network="conv", hidden=(4, 4), epochs=1, random_state=0).fit(waves(80))
    assert detector.models_[0].output_shape == (None, window, 2)


def test_it_finds_a_sensor_that_stops_following():
    series = waves(600, seed=1)
    series[400:440, 1] = 1.0
    detector = SequenceDetector(window=20, epochs=60, smoothing=10, random_state=0).fit(waves(600))
    (event,) = detector.find_events(series, tolerance=30)
    assert 380 <= event.start <= 415
    assert 435 <= event.end <= 475
    parts = detector.explain(series)
    assert parts[410:430, 1].sum() > parts[410:430, 0].sum()


def test_parts_add_up_to_scores(fitted):
    series = waves(100, seed=2)
    parts = fitted.explain(series)
    assert parts.shape == (100, 2)
    assert (parts >= 0).all()
    np.testing.assert_allclose(parts.sum(axis=1), fitted.decision_function(series))


@pytest.mark.parametrize("settings", [{"causal": True}, {"method": "forecast"}, {"causal": True, "network": "gru"}])
def test_causal_scores_do_not_read_the_future(settings):
    detector = SequenceDetector(**{**QUICK, "epochs": 1}, **settings).fit(waves(200))
    series, other = waves(100, seed=1), waves(100, seed=1)
    other[60:] = 1e3
    now, later = detector.decision_function(series), detector.decision_function(other)
    np.testing.assert_array_equal(now[:60], later[:60])
    assert not np.allclose(now[60:], later[60:])


def test_scores_that_are_not_causal_do(fitted):
    series, other = waves(100, seed=1), waves(100, seed=1)
    other[60:] = 1e3
    assert not np.allclose(fitted.decision_function(series)[55:60], fitted.decision_function(other)[55:60])


@pytest.mark.parametrize("stride", [1, 3, 8])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("cuts", [[1, 2, 50], [7, 8, 9, 99], [64]])
def test_how_a_series_is_cut_changes_no_score(stride, causal, cuts):
    detector = SequenceDetector(**{**QUICK, "epochs": 1}, stride=stride, causal=causal).fit(waves(200))
    series = waves(101, seed=1)
    stream = detector.stream()
    scores = [stream.push(piece) for piece in np.split(series, cuts)]
    np.testing.assert_allclose(
        np.concatenate([*scores, stream.finish()]), detector.decision_function(series), rtol=1e-4
    )


def test_a_causal_stream_owes_nothing_and_another_a_window(causal, fitted):
    assert len(causal.stream().push(waves(30))) == 30
    stream = fitted.stream()
    assert len(stream.push(waves(30))) == 30 - 8
    assert len(stream.finish()) == 8


def test_the_mean_over_windows_is_what_a_step_is_held_against(fitted):
    series = waves(12)
    x = fitted.preprocessor_.columns_.transform(series)
    windows = np.stack([x[k : k + 8] for k in range(5)])
    out = fitted.models_[0].predict(windows)
    fourth = np.mean([out[k, 3 - k] for k in range(4)], axis=0)
    expected = fitted.preprocessor_.columns_.inverse_transform(fourth[np.newaxis].astype(np.float32))
    found = fitted.reconstruct(series)
    np.testing.assert_allclose(found["x1"][3], expected["x1"][0], rtol=1e-4)


def test_smoothing_of_one_smooths_nothing():
    detector = SequenceDetector(**QUICK, smoothing=1).fit(waves())
    series = waves(50, seed=1)
    x = detector.preprocessor_.columns_.transform(series)
    expected = detector.preprocessor_.columns_.transform(detector.reconstruct(series))
    u = detector.residuals_.whiten(x - expected)
    np.testing.assert_allclose(detector.decision_function(series), np.square(u).mean(axis=1), rtol=1e-2)


def test_smoothed_squares_see_an_oscillation_that_smoothed_errors_do_not():
    rng = np.random.default_rng(0)
    usual = rng.normal(size=600)
    series = rng.normal(size=200)
    series[100:150] = 6.0 * (-1.0) ** np.arange(50)
    found = {}
    for smooth in ("errors", "squares"):
        detector = SequenceDetector(window=2, method="forecast", epochs=20, noise=20.0, smooth=smooth, random_state=0)
        detector.fit(usual)
        scores = detector.decision_function(series)
        found[smooth] = scores[110:150].mean() / scores[:100].mean()
    assert found["squares"] > 5 * found["errors"]


# -- fitting -----------------------------------------------------------------------------------


def test_the_network_does_not_see_the_calibration_stretch():
    one, other = waves(), waves()
    other[300:] = 7.0
    a, b = (SequenceDetector(**QUICK).fit(series) for series in (one, other))
    np.testing.assert_array_equal(a.models_[0].get_weights()[0], b.models_[0].get_weights()[0])
    assert a.calibration_.sum() == 100
    assert a.calibration_[300:].all()
    assert a.threshold_ != b.threshold_


def test_the_threshold_is_above_all_of_the_calibration_stretch(fitted):
    assert fitted.threshold_ == pytest.approx(2 * fitted.decision_scores_[fitted.calibration_].max())
    assert fitted.labels_[fitted.calibration_].sum() == 0


def test_thresholds_are_chosen_by_the_calibration_stretch():
    detector = SequenceDetector(**QUICK, contamination=0.1).fit(waves())
    assert detector.labels_[detector.calibration_].mean() == pytest.approx(0.1, abs=0.011)
    assert SequenceDetector(**QUICK, threshold=0.5).fit(waves()).threshold_ == 0.5
    assert SequenceDetector(**QUICK, threshold=MADThreshold(3)).fit(waves()).threshold_ > 0


def test_best_f1_uses_labels():
    series, labels = waves(), np.zeros(400, int)
    series[330:350] += 5.0
    labels[330:350] = 1
    detector = SequenceDetector(**QUICK, smoothing=1, threshold="best_f1").fit(series, labels)
    assert (detector.labels_ == labels).mean() > 0.95
    with pytest.raises(ValueError, match="one label per step"):
        SequenceDetector(**QUICK).fit(series, labels[:5])


def test_without_a_calibration_stretch_all_steps_calibrate():
    detector = SequenceDetector(**QUICK, calibration=0).fit(waves())
    assert detector.calibration_.all()


def test_several_series_are_learned_from_and_scored_one_by_one():
    several = [waves(100), waves(60, seed=1)]
    detector = SequenceDetector(**QUICK).fit(several)
    assert len(detector.decision_scores_) == 160
    assert detector.calibration_.sum() == 40
    scores = detector.decision_function(several)
    assert [len(one) for one in scores] == [100, 60]
    np.testing.assert_allclose(scores[1], detector.decision_function(several[1]))
    assert [len(one) for one in detector.predict(several)] == [100, 60]
    np.testing.assert_allclose(np.concatenate(scores), detector.decision_scores_, rtol=1e-4)


def test_one_sensor_many_kinds_of_series():
    wave = np.sin(np.arange(200.0))
    detector = SequenceDetector(**QUICK).fit(wave)
    expected = detector.decision_function(wave)
    np.testing.assert_array_equal(detector.decision_function(wave[:, np.newaxis]), expected)
    named = SequenceDetector(**QUICK).fit(pd.DataFrame({"speed": wave}))
    np.testing.assert_array_equal(named.decision_function({"speed": wave}), expected)
    np.testing.assert_array_equal(named.decision_function(pd.Series(wave, name="speed")), expected)


def test_text_and_truth_values_are_sensors_too():
    n = 200
    table = {"mode": ["run" if i % 40 < 30 else "idle" for i in range(n)], "speed": np.arange(n) % 40 * 1.0}
    detector = SequenceDetector(**QUICK).fit(table)
    assert detector.explain(table).shape == (n, 2)


def test_the_same_seed_gives_the_same_scores():
    a, b = (SequenceDetector(**QUICK).fit(waves()).decision_scores_ for _ in range(2))
    np.testing.assert_array_equal(a, b)


# -- time and missing samples ------------------------------------------------------------------


def stamped(n=200, start="2024-01-01"):
    time = np.datetime64(start) + np.arange(n).astype("m8[m]")
    return {"time": time, "a": waves(n)[:, 0], "b": waves(n)[:, 1]}


def test_no_window_reaches_across_a_gap():
    detector = SequenceDetector(**QUICK, time="time", causal=True).fit(stamped())
    series = stamped(60)
    series["time"] = np.where(np.arange(60) < 30, series["time"], series["time"] + np.timedelta64(2, "h"))
    whole = detector.decision_function(series)
    second = {name: values[30:] for name, values in series.items()}
    np.testing.assert_allclose(whole[30:], detector.decision_function(second), rtol=1e-5)
    assert not np.allclose(whole[30:], detector.decision_function(stamped(60))[30:])
    assert list(detector.feature_names_in_) == ["a", "b"]


def test_short_breaks_and_repeated_times_are_no_gaps():
    detector = SequenceDetector(**QUICK, time="time").fit(stamped())
    series = stamped(60)
    expected = detector.decision_function(series)
    series["time"] = np.sort(np.where(np.arange(60) % 7 == 0, series["time"] - np.timedelta64(1, "m"), series["time"]))
    np.testing.assert_array_equal(detector.decision_function(series), expected)


def test_stretches_between_gaps_are_streamed_alike():
    detector = SequenceDetector(**QUICK, time="time").fit(stamped())
    series = stamped(60)
    late = np.cumsum(np.where(np.arange(60) % 20 == 13, 60, 0)).astype("m8[m]")
    series["time"] = series["time"] + late
    expected = detector.decision_function(series)
    stream = detector.stream()
    pieces = [{name: values[i : i + 9] for name, values in series.items()} for i in range(0, 60, 9)]
    scores = np.concatenate([*(stream.push(piece) for piece in pieces), stream.finish()])
    np.testing.assert_allclose(scores, expected, rtol=1e-4)


def test_time_that_goes_back_or_is_missing_is_an_error():
    series = stamped()
    back = {**series, "time": series["time"].copy()}
    back["time"][50] = back["time"][10]
    with pytest.raises(DataError, match="row 51, column 'time': time goes back to 2024-01-01T00:10.*sort"):
        SequenceDetector(**QUICK, time="time").fit(back)
    back["time"][50] = np.datetime64("NaT")
    with pytest.raises(DataError, match="row 51, column 'time': the time is missing"):
        SequenceDetector(**QUICK, time="time").fit(back)
    with pytest.raises(DataError, match="no column of times 'when'"):
        SequenceDetector(**QUICK, time="when").fit(series)
    with pytest.raises(DataError, match="holds no times"):
        SequenceDetector(**QUICK, time="time").fit({**series, "time": ["some"] * 200})


def test_time_may_not_go_back_between_pieces_either():
    detector = SequenceDetector(**QUICK, time="time").fit(stamped())
    stream = detector.stream()
    stream.push(stamped(20))
    with pytest.raises(DataError, match="time goes back"):
        stream.push(stamped(20))


def test_missing_samples_are_held_over_and_held_against_nobody(fitted):
    series = waves(60, seed=1)
    holes = series.copy()
    holes[20:23, 0] = np.nan
    parts = fitted.explain(holes)
    assert np.isfinite(parts).all()
    held = series.copy()
    held[20:23, 0] = series[19, 0]
    np.testing.assert_allclose(fitted.explain(holes)[:10], fitted.explain(held)[:10], rtol=1e-4)


def test_a_stretch_of_nothing_but_missing_samples_fades_to_usual(fitted):
    series = np.concatenate([waves(60), np.full((200, 2), np.nan)])
    scores = fitted.decision_function(series)
    assert np.isfinite(scores).all()
    assert scores[-1] < 1e-6
    assert np.isfinite(fitted.decision_function(np.full((30, 2), np.nan))).all()


def test_missing_samples_in_training_are_fine():
    series = waves()
    series[0, 0] = series[50:60, 1] = series[-3:, 0] = np.nan
    detector = SequenceDetector(**QUICK).fit(series)
    assert np.isfinite(detector.decision_scores_).all()
    assert len(detector.preprocessor_.columns_.feature_names_out_) == 2


# -- bad input ---------------------------------------------------------------------------------


def test_a_series_shorter_than_a_window():
    with pytest.raises(ValueError, match="unbroken stretch of at least 8 steps.*the longest has 6.*smaller window"):
        SequenceDetector(**QUICK).fit(waves(8))
    with pytest.raises(ValueError, match="at least 9 steps"):
        SequenceDetector(**QUICK, method="forecast").fit(waves(9))


def test_a_short_series_is_scored_all_the_same(fitted, causal):
    for detector in (fitted, causal):
        for n in (1, 3, 7, 8):
            scores = detector.decision_function(waves(n))
            assert scores.shape == (n,)
            assert np.isfinite(scores).all()


def test_a_constant_sensor_that_moves_is_news():
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
        ({"window": 0}, "window must be a whole number of at least 1; found 0"),
        ({"window": 1}, "window must be at least 2 to be reconstructed"),
        ({"window": 2.5}, "found 2.5"),
        ({"stride": 0}, "stride must be a whole number"),
        ({"stride": 9}, "stride must be at most window \\(8\\)"),
        ({"network": "transformer"}, "network must be one of 'dense', 'conv', 'lstm', 'gru'; found 'transformer'"),
        ({"method": "guess"}, "method must be one of"),
        ({"smooth": "all"}, "smooth must be one of"),
        ({"hidden": ()}, "hidden must be the sizes"),
        ({"noise": -1}, "noise must be a number of at least 0"),
        ({"smoothing": 0}, "smoothing must be a number of at least 1"),
        ({"calibration": 1}, "calibration must be a number of at least 0 and below 1"),
        ({"folds": 0}, "folds must be a whole number"),
        ({"members": 0}, "members must be a whole number"),
        ({"drift": -1}, "drift must be a number of at least 0"),
        ({"margin": 0}, "margin must be a number above 0"),
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
    detector = SequenceDetector(window=1, method="forecast", hidden=(4,), epochs=1, random_state=0).fit(waves(50))
    assert detector.decision_function(waves(20)).shape == (20,)


def test_lists_where_one_series_is_meant(fitted):
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
def test_a_loaded_detector_is_the_same(tmp_path, settings):
    series = stamped() if "time" in settings else waves(200)
    detector = SequenceDetector(**{**QUICK, "epochs": 1}, **settings).fit(series)
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
def test_a_file_that_does_not_fit_together_is_refused(fitted, tmp_path, change):
    from nnlite.archive import read_archive, write_archive

    fitted.save(tmp_path / "m.npz")
    config, arrays = read_archive(tmp_path / "m.npz", "detector")
    for name in ("format", "version", "kind"):
        config.pop(name, None)
    change(config, arrays)
    write_archive(tmp_path / "m.npz", "detector", config, arrays)
    with pytest.raises(FileFormatError):
        load_detector(tmp_path / "m.npz")


def test_with_folds_every_step_is_judged_by_a_network_that_has_not_seen_it(tmp_path):
    one, other = waves(200), waves(200)
    other[150:] = 7.0
    a, b = (SequenceDetector(**QUICK, folds=4, scaling="none").fit(series) for series in (one, other))
    assert len(a.models_) == 4
    assert a.calibration_.all()
    np.testing.assert_array_equal(a.models_[3].get_weights()[0], b.models_[3].get_weights()[0])
    assert not np.array_equal(a.models_[0].get_weights()[0], b.models_[0].get_weights()[0])
    a.save(tmp_path / "m.npz")
    loaded = load_detector(tmp_path / "m.npz")
    np.testing.assert_array_equal(loaded.decision_function(one), a.decision_function(one))


def test_members_take_the_mean_of_what_networks_say(tmp_path):
    detector = SequenceDetector(**QUICK, members=3, folds=2).fit(waves(200))
    assert len(detector.models_) == 6
    series = waves(8, seed=1)
    x = detector.preprocessor_.columns_.transform(series)
    said = np.mean([model.predict(x[np.newaxis])[0] for model in detector.models_], axis=0)
    expected = detector.preprocessor_.columns_.inverse_transform(said.astype(np.float32))
    np.testing.assert_allclose(detector.reconstruct(series)["x1"], expected["x1"], rtol=1e-4)
    detector.save(tmp_path / "m.npz")
    loaded = load_detector(tmp_path / "m.npz")
    np.testing.assert_array_equal(loaded.decision_function(series), detector.decision_function(series))


def test_a_sensor_that_wanders_counts_for_less():
    rng = np.random.default_rng(0)
    series = np.column_stack([rng.normal(size=400), np.cumsum(rng.normal(size=400)) / 5])
    scales = [
        SequenceDetector(**QUICK, folds=2, drift=drift, smoothing=5).fit(series).residuals_.scale_ for drift in (0, 4)
    ]
    assert scales[1][0] < 1.5 * scales[0][0]
    assert scales[1][1] > 1.5 * scales[0][1]


@pytest.mark.parametrize("settings", [{"method": "forecast"}, {}, {"causal": True}])
def test_relative_windows_know_no_level(settings):
    detector = SequenceDetector(**QUICK, relative=True, **settings).fit(waves())
    series = waves(60, seed=1)
    np.testing.assert_allclose(
        detector.decision_function(series + 100.0), detector.decision_function(series), rtol=0.02, atol=1e-4
    )


NOT_OURS = {
    "check_estimators_unfitted": "the error is of our own class, as scikit-learn is not imported",
    "check_outliers_train": "labels are PyOD's: 1 is an anomaly and 0 is normal, not -1 and 1",
    "check_outliers_fit_predict": "labels are PyOD's",
    "check_methods_sample_order_invariance": "the order of the steps of a series is what it is about",
    "check_methods_subset_invariance": "a step is judged beside its neighbours",
    "check_fit1d": "a 1-D array is a series of one sensor",
    "check_fit2d_predict1d": "a 1-D array is a series of one sensor: what is wrong with it is their number",
}


def test_all_of_scikit_learns_checks_that_a_series_can_pass():
    detector = SequenceDetector(window=2, hidden=(4,), epochs=1, random_state=0)
    # They warn of what they skip: an array interface that must be switched on in the environment.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(detector, expected_failed_checks=NOT_OURS, on_fail=None)
    assert [r["check_name"] for r in results if r["status"] == "failed"] == []
    assert sum(r["status"] == "passed" for r in results) >= 36
    assert {r["check_name"] for r in results if r["status"] == "xfail"} == set(NOT_OURS)
