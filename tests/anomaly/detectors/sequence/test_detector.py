"""Scores, causality, streams and fitting of the sequence detector."""

import numpy as np
import pandas as pd
import pytest

from anomaly import SequenceDetector, load_detector
from anomaly.thresholds import MADThreshold
from tests.anomaly.detectors.waves import ALONE, QUICK, waves

NETWORKS = ("dense", "conv", "lstm", "gru")


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
    settings = {**QUICK, "hidden": (8, 4) if network == "conv" else (8,), "epochs": 1, "network": network}
    detector = SequenceDetector(**settings, method=method).fit(waves(120))
    scores = detector.decision_function(waves(50, seed=1))
    assert scores.shape == (50,)
    assert np.isfinite(scores).all()
    assert (scores >= 0).all()
    assert set(np.unique(detector.predict(waves(50, seed=1)))) <= {0, 1}


@pytest.mark.parametrize("window", [2, 3, 7, 13])
def test_convolutions_reconstruct_windows_of_any_length(window):
    detector = SequenceDetector(
        window=window, network="conv", hidden=(4, 4), epochs=1, random_state=0, network_share=1.0
    ).fit(waves(80))
    assert detector.models_[0].output_shape == (None, window, 2)


def test_a_sensor_that_stops_following_is_an_event():
    series = waves(600, seed=1)
    series[400:440, 1] = 1.0
    detector = SequenceDetector(window=20, epochs=60, smoothing=10, random_state=0, **ALONE).fit(waves(600))
    (event,) = detector.find_events(series, tolerance=30)
    assert 380 <= event.start <= 415
    assert 435 <= event.end <= 475
    parts = detector.explain(series)
    assert parts[410:430, 1].sum() > parts[410:430, 0].sum()


def test_contributions_add_up_to_scores(fitted):
    series = waves(100, seed=2)
    parts = fitted.explain(series)
    assert parts.shape == (100, 2)
    assert (parts >= 0).all()
    np.testing.assert_allclose(parts.sum(axis=1), fitted.decision_function(series))


@pytest.mark.parametrize("settings", [{"causal": True}, {"method": "forecast"}, {"causal": True, "network": "gru"}])
def test_causal_scores_do_not_depend_on_later_steps(settings):
    detector = SequenceDetector(**{**QUICK, "epochs": 1, **settings}).fit(waves(200))
    series, other = waves(100, seed=1), waves(100, seed=1)
    other[60:] = 1e3
    now, later = detector.decision_function(series), detector.decision_function(other)
    np.testing.assert_array_equal(now[:60], later[:60])
    assert not np.allclose(now[60:], later[60:])


def test_other_scores_do(fitted):
    series, other = waves(100, seed=1), waves(100, seed=1)
    other[60:] = 1e3
    assert not np.allclose(fitted.decision_function(series)[55:60], fitted.decision_function(other)[55:60])


@pytest.mark.parametrize("stride", [1, 3, 8])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("cuts", [[1, 2, 50], [7, 8, 9, 99], [64]])
def test_scores_do_not_depend_on_how_a_series_is_cut(stride, causal, cuts):
    detector = SequenceDetector(**{**QUICK, "epochs": 1}, stride=stride, causal=causal).fit(waves(200))
    series = waves(101, seed=1)
    stream = detector.stream()
    scores = [stream.push(piece) for piece in np.split(series, cuts)]
    np.testing.assert_allclose(
        np.concatenate([*scores, stream.finish()]), detector.decision_function(series), rtol=1e-4
    )


def test_a_causal_stream_has_no_delay_and_another_that_of_a_window(causal, fitted):
    assert len(causal.stream().push(waves(30))) == 30
    stream = fitted.stream()
    assert len(stream.push(waves(30))) == 30 - 8
    assert len(stream.finish()) == 8


def test_a_step_is_compared_with_the_mean_of_its_windows(fitted):
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
    # Not as `reconstruct` tells it, which keeps within the values of training.
    expected = detector.network_.expected(x, np.zeros(x.shape, np.bool_))
    u = detector.network_.scale.whiten(x - expected)
    np.testing.assert_allclose(detector.decision_function(series), np.square(u).mean(axis=1), rtol=1e-2)


def test_smoothed_squares_detect_an_oscillation_that_smoothed_errors_do_not():
    rng = np.random.default_rng(0)
    normal = rng.normal(size=600)
    series = rng.normal(size=200)
    series[100:150] = 6.0 * (-1.0) ** np.arange(50)
    found = {}
    for smooth in ("errors", "squares"):
        detector = SequenceDetector(
            window=2, method="forecast", epochs=20, noise=20.0, smooth=smooth, random_state=0, **ALONE
        )
        detector.fit(normal)
        scores = detector.decision_function(series)
        found[smooth] = scores[110:150].mean() / scores[:100].mean()
    assert found["squares"] > 5 * found["errors"]


# -- fitting -----------------------------------------------------------------------------------


def test_the_network_is_not_trained_on_the_calibration_segment():
    one, other = waves(), waves()
    other[300:] = 7.0
    a, b = (SequenceDetector(**QUICK).fit(series) for series in (one, other))
    np.testing.assert_array_equal(a.models_[0].get_weights()[0], b.models_[0].get_weights()[0])
    assert a.calibration_.sum() == 100
    assert a.calibration_[300:].all()
    assert a.threshold_ != b.threshold_


def test_the_threshold_is_above_all_calibration_scores(fitted):
    assert fitted.labels_[fitted.calibration_].sum() == 0


def test_the_threshold_rises_as_the_effective_sample_size_falls():
    over, noise = {}, np.random.default_rng(0).normal(size=(800, 2))
    for smoothing in (1, 5, 40):
        detector = SequenceDetector(**QUICK, smoothing=smoothing, margin=3.0).fit(noise)
        over[smoothing] = detector.threshold_ / (3.0 * detector.decision_scores_[detector.calibration_].max())
    assert 1.0 < over[1] < over[5] < over[40]
    assert over[1] < 1.2


def test_thresholds_are_chosen_on_the_calibration_segment():
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


def test_without_a_calibration_segment_all_steps_calibrate():
    detector = SequenceDetector(**QUICK, calibration=0).fit(waves())
    assert detector.calibration_.all()


def test_several_series_are_scored_one_by_one():
    several = [waves(100), waves(60, seed=1)]
    detector = SequenceDetector(**QUICK).fit(several)
    assert len(detector.decision_scores_) == 160
    assert detector.calibration_.sum() == 40
    scores = detector.decision_function(several)
    assert [len(one) for one in scores] == [100, 60]
    np.testing.assert_allclose(scores[1], detector.decision_function(several[1]))
    assert [len(one) for one in detector.predict(several)] == [100, 60]
    np.testing.assert_allclose(np.concatenate(scores), detector.decision_scores_, rtol=1e-4)


def test_one_sensor_in_containers_of_several_kinds():
    wave = np.sin(np.arange(200.0))
    detector = SequenceDetector(**QUICK).fit(wave)
    expected = detector.decision_function(wave)
    np.testing.assert_array_equal(detector.decision_function(wave[:, np.newaxis]), expected)
    named = SequenceDetector(**QUICK).fit(pd.DataFrame({"speed": wave}))
    np.testing.assert_array_equal(named.decision_function({"speed": wave}), expected)
    np.testing.assert_array_equal(named.decision_function(pd.Series(wave, name="speed")), expected)


def test_text_columns_are_sensors_too():
    n = 200
    table = {"mode": ["run" if i % 40 < 30 else "idle" for i in range(n)], "speed": np.arange(n) % 40 * 1.0}
    detector = SequenceDetector(**QUICK).fit(table)
    assert detector.explain(table).shape == (n, 2)


def test_the_same_seed_gives_the_same_scores():
    a, b = (SequenceDetector(**QUICK).fit(waves()).decision_scores_ for _ in range(2))
    np.testing.assert_array_equal(a, b)


def test_with_folds_every_step_is_scored_by_a_network_trained_without_it(tmp_path):
    one, other = waves(200), waves(200)
    other[150:] = 7.0
    a, b = (SequenceDetector(**{**QUICK, "folds": 4}, scaling="none").fit(series) for series in (one, other))
    assert len(a.models_) == 4
    assert a.calibration_.all()
    np.testing.assert_array_equal(a.models_[3].get_weights()[0], b.models_[3].get_weights()[0])
    assert not np.array_equal(a.models_[0].get_weights()[0], b.models_[0].get_weights()[0])
    a.save(tmp_path / "m.npz")
    loaded = load_detector(tmp_path / "m.npz")
    np.testing.assert_array_equal(loaded.decision_function(one), a.decision_function(one))


def test_short_series_have_several_folds_by_default(tmp_path):
    settings = {"window": 8, "epochs": 1, "hidden": (8,), "smoothing": 2, "random_state": 0, **ALONE}
    short = SequenceDetector(**settings).fit(waves(200))
    assert (short.folds_, len(short.models_)) == (4, 4)
    assert short.calibration_.all()
    short.save(tmp_path / "m.npz")
    loaded = load_detector(tmp_path / "m.npz")
    assert loaded.folds_ == 4
    np.testing.assert_array_equal(loaded.decision_function(waves(50)), short.decision_function(waves(50)))
    # Not so if the calibration segment is long enough or empty, or if quarters leave no windows.
    assert SequenceDetector(**settings).fit(waves(400)).folds_ == 1
    assert SequenceDetector(**settings, calibration=0).fit(waves(200)).folds_ == 1
    assert SequenceDetector(**{**settings, "window": 32}).fit(waves(60)).folds_ == 1


def test_the_mean_output_of_members_is_used(tmp_path):
    detector = SequenceDetector(**{**QUICK, "folds": 2}, members=3).fit(waves(200))
    assert len(detector.models_) == 6
    series = waves(8, seed=1)
    x = detector.preprocessor_.columns_.transform(series)
    mean = np.mean([model.predict(x[np.newaxis])[0] for model in detector.models_], axis=0)
    expected = detector.preprocessor_.columns_.inverse_transform(mean.astype(np.float32))
    np.testing.assert_allclose(detector.reconstruct(series)["x1"], expected["x1"], rtol=1e-4)
    detector.save(tmp_path / "m.npz")
    loaded = load_detector(tmp_path / "m.npz")
    np.testing.assert_array_equal(loaded.decision_function(series), detector.decision_function(series))


def test_a_sensor_with_random_walk_drift_weighs_less():
    rng = np.random.default_rng(0)
    series = np.column_stack([rng.normal(size=400), np.cumsum(rng.normal(size=400)) / 5])
    scales = [
        SequenceDetector(**{**QUICK, "folds": 2}, drift_allowance=drift, smoothing=5).fit(series).network_.scale.scale_
        for drift in (0, 4)
    ]
    assert scales[1][0] < 1.5 * scales[0][0]
    assert scales[1][1] > 1.5 * scales[0][1]


@pytest.mark.parametrize("settings", [{"method": "forecast"}, {}, {"causal": True}])
def test_relative_windows_are_independent_of_the_level(settings):
    detector = SequenceDetector(**QUICK, relative=True, **settings).fit(waves())
    series = waves(60, seed=1)
    np.testing.assert_allclose(
        detector.decision_function(series + 100.0), detector.decision_function(series), rtol=0.02, atol=1e-4
    )


def test_parameters_changed_after_the_fit_apply_from_the_next_fit():
    detector, series = SequenceDetector(**QUICK).fit(waves()), waves(60, seed=1)
    scores = detector.decision_function(series)
    detector.set_params(window=5, stride=2, smoothing=3, smooth="squares", causal=True, relative=True, members=2)
    np.testing.assert_array_equal(detector.decision_function(series), scores)
    assert not np.array_equal(detector.fit(waves()).decision_function(series), scores)
