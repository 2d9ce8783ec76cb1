"""Gaps in time and missing samples."""

import numpy as np
import pandas as pd
import pytest

from anomaly import SequenceDetector
from anomaly.errors import ClockWarning, DataError
from anomaly.preprocessing.series import SeriesPreprocessor
from anomaly.tables.series import as_series
from tests.anomaly.detectors.waves import ALONE, QUICK, stamped, waves


@pytest.fixture(scope="module")
def fitted():
    return SequenceDetector(**QUICK).fit(waves())


def test_no_window_crosses_a_gap():
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
    with pytest.warns(ClockWarning, match=r"row 8, column 'time': the time is that of the row before \(8 rows\)"):
        np.testing.assert_array_equal(detector.decision_function(series), expected)


def test_segments_between_gaps_have_the_same_scores_in_a_stream():
    detector = SequenceDetector(**QUICK, time="time").fit(stamped())
    series = stamped(60)
    late = np.cumsum(np.where(np.arange(60) % 20 == 13, 60, 0)).astype("m8[m]")
    series["time"] = series["time"] + late
    expected = detector.decision_function(series)
    stream = detector.stream()
    pieces = [{name: values[i : i + 9] for name, values in series.items()} for i in range(0, 60, 9)]
    scores = np.concatenate([*(stream.push(piece) for piece in pieces), stream.finish()])
    np.testing.assert_allclose(scores, expected, rtol=1e-4)


def test_a_column_without_times_is_an_error():
    series = stamped()
    with pytest.raises(DataError, match="no column of times 'when'"):
        SequenceDetector(**QUICK, time="when").fit(series)
    with pytest.raises(DataError, match="holds no times"):
        SequenceDetector(**QUICK, time="time").fit({**series, "time": ["some"] * 200})
    with pytest.raises(DataError, match="holds no times: all values are missing"):
        SequenceDetector(**QUICK, time="time").fit({**series, "time": [None] * 200})


def test_time_that_goes_back_in_training_is_one_warning_and_two_segments():
    series = stamped()
    series["time"] = np.concatenate([series["time"][:100], series["time"][:100]])
    with pytest.warns(ClockWarning) as caught:
        detector = SequenceDetector(**QUICK, time="time").fit(series)
    assert [str(one.message) for one in caught] == [
        "row 101, column 'time': time goes back from 2024-01-01T01:39 to 2024-01-01T00:00 (1 row): taken as the start "
        "of a new segment"
    ]
    halves = [{name: values[half] for name, values in series.items()} for half in (slice(100), slice(100, None))]
    with pytest.warns(ClockWarning, match="goes back"):
        whole = detector.decision_function(series)
    np.testing.assert_allclose(whole, np.concatenate(detector.decision_function(halves)), rtol=1e-4)


def test_each_kind_is_warned_of_once_however_long_the_series():
    detector = SequenceDetector(**QUICK, time="time").fit(stamped())
    series = stamped(20_000)
    for row in range(5000, 20_000, 100):
        series["time"][row] -= np.timedelta64(20, "m")
        series["time"][row + 50] = series["time"][row + 49]
        series["time"][row + 70] = np.datetime64("NaT", "us")
    with pytest.warns(ClockWarning) as caught:
        scores = detector.decision_function(series)
    assert len(scores) == 20_000
    assert sorted(str(one.message).partition(",")[0] + str(one.message).partition("(")[2][:8] for one in caught) == [
        "row 5001150 rows",
        "row 5051150 rows",
        "row 5071150 rows",
    ]


def test_a_live_stream_warns_once_with_the_row_of_the_series():
    detector = SequenceDetector(**QUICK, time="time").fit(stamped())
    stream = detector.stream()
    stream.push(stamped(20))
    with pytest.warns(ClockWarning, match=r"row 21, column 'time': time goes back .*\(1 row\)"):
        stream.push(stamped(20))
    stream.push(stamped(20))  # what has been told is not told again
    stream.finish()


def test_missing_samples_are_forward_filled_and_score_0(fitted):
    series = waves(60, seed=1)
    holes = series.copy()
    holes[20:23, 0] = np.nan
    parts = fitted.explain(holes)
    assert np.isfinite(parts).all()
    held = series.copy()
    held[20:23, 0] = series[19, 0]
    np.testing.assert_allclose(fitted.explain(holes)[:10], fitted.explain(held)[:10], rtol=1e-4)


def test_scores_of_a_segment_without_samples_fade_to_0(fitted):
    series = np.concatenate([waves(60), np.full((200, 2), np.nan)])
    scores = fitted.decision_function(series)
    assert np.isfinite(scores).all()
    assert scores[-1] < 1e-6
    assert np.isfinite(fitted.decision_function(np.full((30, 2), np.nan))).all()


def test_missing_samples_in_training():
    series = waves()
    series[0, 0] = series[50:60, 1] = series[-3:, 0] = np.nan
    detector = SequenceDetector(**QUICK).fit(series)
    assert np.isfinite(detector.decision_scores_).all()
    assert len(detector.preprocessor_.columns_.feature_names_out_) == 2


def _two_sensors(seed=0, n=4000):
    t = np.arange(n)
    return np.column_stack([np.sin(t / 5), np.cos(t / 7)]) + 0.1 * np.random.default_rng(seed).normal(size=(n, 2))


@pytest.mark.parametrize("missing", [slice(2950, None), slice(3000, 3990), slice(3000, 3900), slice(3500, None)])
def test_a_sensor_missing_in_the_calibration_segment(missing):
    settings = {"random_state": 0, "epochs": 3, "folds": 1, **ALONE}
    x, fresh = _two_sensors(), _two_sensors(1)
    whole = SequenceDetector(**settings).fit(x)
    x[missing, 0] = np.nan
    detector = SequenceDetector(**settings).fit(x)
    assert detector.network_.scale.scale_[0] == pytest.approx(whole.network_.scale.scale_[0], rel=1.5)
    assert detector.network_.scale.scale_[0] > 0.8 * whole.network_.scale.scale_[0]
    assert detector.predict(fresh).mean() == 0
    fresh[2000:2200, 0] += 1
    assert detector.predict(fresh)[2000:2200].mean() > 0.8


def test_half_of_the_samples_missing_at_random_hardly_change_the_threshold():
    settings = {"random_state": 0, "epochs": 3, "folds": 1, **ALONE}
    x = _two_sensors()
    whole = SequenceDetector(**settings).fit(x)
    x[np.random.default_rng(2).random(len(x)) < 0.5, 0] = np.nan
    detector = SequenceDetector(**settings).fit(x)
    assert detector.threshold_ < 1.3 * whole.threshold_
    assert detector.predict(_two_sensors(1)).mean() == 0


@pytest.mark.parametrize("folds", [1, 4])
def test_the_error_names_a_sensor_that_is_hardly_present(folds):
    x = _two_sensors(n=800)
    x[3:, 1] = np.nan
    with pytest.raises(DataError, match=r"column 'x1' has 3 value\(s\) in 800 steps"):
        SequenceDetector(epochs=1, random_state=0, folds=folds, **ALONE).fit(x)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(
    "nothing", [np.zeros((0, 2)), {"x0": [], "x1": []}, pd.DataFrame({"x0": [], "x1": []}), []], ids=type
)
def test_a_piece_without_steps_changes_nothing(nothing, causal):
    x = _two_sensors(n=200)
    detector = SequenceDetector(window=8, epochs=1, random_state=0, causal=causal, **ALONE).fit(x)
    stream = detector.stream()
    assert stream.push(nothing).shape == (0,)
    pieces = [stream.push(x[:50])]
    assert stream.push_parts(nothing).shape == (0, 2)
    pieces += [stream.push(x[50:]), stream.finish()]
    np.testing.assert_allclose(np.concatenate(pieces), detector.decision_function(x), rtol=1e-4)
    with pytest.raises(DataError):
        stream.push(np.float64(1.0))


@pytest.fixture(scope="module")
def machine():
    """A detector of three sensors with one period, and further normal steps."""
    rng, t = np.random.default_rng(0), np.arange(3000)
    phase = 2 * np.pi * t / 50
    sensors = np.column_stack([20 + 3 * np.sin(phase), 100 + 10 * np.cos(phase), 50 + 5 * np.sin(phase + 1)])
    series = sensors + rng.normal(size=(3000, 3)) * [0.1, 0.5, 0.2]
    detector = SequenceDetector(window=50, random_state=0).fit(series[:2000])
    return detector, series[2000:]


@pytest.mark.parametrize("steps", [5, 20, 300])
def test_steps_without_samples_raise_no_alarm_in_them_or_beside_them(machine, steps):
    detector, series = machine
    series = series.copy()
    series[400 : 400 + steps] = np.nan
    assert not detector.predict(series).any()


@pytest.mark.parametrize("steps", [20, 300, 600])
def test_a_missing_sensor_does_not_raise_the_scores_of_the_others(machine, steps):
    detector, series = machine
    series = series.copy()
    series[300 : 300 + steps, 0] = np.nan
    assert not detector.predict(series).any()
    series[310:318, 1] += 20
    assert detector.predict(series)[308:330].any()


@pytest.mark.parametrize("setting", [{}, {"causal": True}, {"relative": True}, {"stride": 3}])
def test_scores_with_missing_samples_do_not_depend_on_how_a_series_is_cut(setting):
    detector = SequenceDetector(window=8, hidden=(8,), epochs=2, gap=4.0, random_state=0, **setting, **ALONE).fit(
        waves(200)
    )
    series = waves(120, seed=1)
    series[20:23] = series[40:45] = series[60:90] = series[115:] = np.nan
    series[30:36, 0] = series[92:110, 1] = np.nan
    whole = detector.decision_function(series)
    for cuts in ([41], [44, 45, 46], [61, 64, 65, 66, 70, 89, 90, 91], list(range(1, 120))):
        stream = detector.stream()
        scores = np.concatenate([*(stream.push(piece) for piece in np.split(series, cuts)), stream.finish()])
        np.testing.assert_allclose(scores, whole, rtol=1e-4, atol=1e-6)
    # More than four steps without samples are a gap.
    assert (whole[64:90] == 0).all()


def test_more_than_gap_steps_without_samples_are_a_gap():
    series = waves(60)
    series[20:30] = np.nan
    reader = SeriesPreprocessor(gap=4.0).fit([as_series(waves(60))]).reader()
    parts = reader.read(as_series(series))
    assert [len(part.features) for part in parts] == [24, 6, 30]
    assert not any(part.continues for part in parts)
    assert np.isfinite(np.concatenate([part.features for part in parts])).all()
    assert [len(part.features) for part in reader.read(as_series(series[:24]))] == [24]
