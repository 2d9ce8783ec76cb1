"""Named columns, one series and several series as input of the sequence detector."""

import numpy as np
import pandas as pd
import pytest

from anomaly import SequenceDetector
from anomaly.errors import DataError
from tests.anomaly.detectors.waves import QUICK, waves


@pytest.fixture(scope="module")
def on_arrays():
    return SequenceDetector(**QUICK).fit(waves())


@pytest.fixture(scope="module")
def on_one_sensor():
    return SequenceDetector(**QUICK).fit(waves()[:, 0])


# -- names of columns --------------------------------------------------------------------------


def with_missing_samples():
    series = waves(60, seed=1)
    series[20:30, 1] = np.nan
    return series


@pytest.mark.parametrize("names", [("speed", "heat"), ("x1", "x0"), ("x1", "x2")])
@pytest.mark.parametrize("kind", [pd.DataFrame, dict])
def test_fitted_on_an_array_it_takes_named_columns_by_position(on_arrays, names, kind):
    series = with_missing_samples()
    named = kind({names[0]: series[:, 0], names[1]: series[:, 1]})
    expected = on_arrays.explain(series)
    np.testing.assert_array_equal(on_arrays.explain(named), expected)
    np.testing.assert_array_equal(on_arrays.decision_function(named), expected.sum(axis=1))
    np.testing.assert_array_equal(on_arrays.reconstruct(named)["x1"], on_arrays.reconstruct(series)["x1"])
    assert on_arrays.find_events(named) == on_arrays.find_events(series)


def test_pieces_may_have_other_names_than_the_array(on_arrays):
    series = with_missing_samples()
    stream = on_arrays.stream()
    pieces = [series[:25], pd.DataFrame(series[25:40], columns=["a", "b"]), dict(zip("ba", series[40:].T, strict=True))]
    scores = np.concatenate([*map(stream.push, pieces), stream.finish()])
    np.testing.assert_allclose(scores, on_arrays.decision_function(series), rtol=1e-4)


def test_a_named_column_is_the_one_sensor_of_an_array(on_one_sensor):
    wave = waves(60, seed=1)[:, 0]
    expected = on_one_sensor.decision_function(wave)
    np.testing.assert_array_equal(on_one_sensor.decision_function(pd.Series(wave, name="speed")), expected)
    np.testing.assert_array_equal(on_one_sensor.decision_function(pd.DataFrame({"speed": wave})), expected)


def test_named_columns_must_have_the_names_of_training():
    detector = SequenceDetector(**QUICK).fit({"a": waves()[:, 0], "b": waves()[:, 1]})
    series = with_missing_samples()
    swapped = {"b": series[:, 1], "a": series[:, 0]}
    np.testing.assert_array_equal(detector.explain(swapped), detector.explain(series))
    with pytest.raises(DataError, match="columns missing: 'a'"):
        detector.explain({"b": series[:, 1], "c": series[:, 0]})


# -- one series or several ---------------------------------------------------------------------


@pytest.mark.parametrize("kind", [np.asarray, pd.Series, lambda wave: pd.Series(wave, name="speed")])
def test_a_list_of_series_of_one_sensor_each(kind):
    many = [kind(waves(n, seed=n)[:, 0]) for n in (150, 90, 120)]
    detector = SequenceDetector(**QUICK).fit(many)
    assert detector.n_features_in_ == 1
    assert len(detector.decision_scores_) == 360
    scores = detector.decision_function(many)
    assert list(map(len, scores)) == list(map(len, many))
    np.testing.assert_array_equal(scores[1], detector.explain(many[1])[:, 0])
    for one, labels in zip(scores, detector.predict(many), strict=True):
        np.testing.assert_array_equal(labels, one > detector.threshold_)


def test_numbers_in_a_list_are_one_series(on_one_sensor):
    wave = waves(60, seed=1)[:, 0]
    expected = on_one_sensor.decision_function(wave)
    for same in (wave.tolist(), wave.astype(object), wave[:, np.newaxis].tolist()):
        np.testing.assert_array_equal(on_one_sensor.decision_function(same), expected)
    stream = on_one_sensor.stream()
    streamed = np.concatenate([stream.push(wave[:20].tolist()), stream.push(wave[20:].tolist()), stream.finish()])
    np.testing.assert_allclose(streamed, expected, rtol=1e-4)


def test_rows_in_a_list_are_one_series(on_arrays):
    series = waves(60, seed=1)
    np.testing.assert_array_equal(on_arrays.explain(series.tolist()), on_arrays.explain(series))
    records = [{"x0": a, "x1": b} for a, b in series.tolist()]
    np.testing.assert_array_equal(on_arrays.explain(records), on_arrays.explain(series))


@pytest.mark.parametrize("call", ["explain", "reconstruct", "observe", "find_events"])
def test_several_series_in_place_of_one_are_refused(on_one_sensor, call):
    with pytest.raises(ValueError, match="found a list of 2: pass them one by one.*a 2-D array or a list of lists"):
        getattr(on_one_sensor, call)([waves()[:, 0], waves()[:, 0]])


# -- expected values ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def on_related_sensors():
    rng, t = np.random.default_rng(0), np.arange(900)
    load = np.sin(t / 9) + 0.05 * rng.normal(size=900)
    sensors = np.column_stack([load, 10 + 2 * load, 5 - load]) + 0.02 * rng.normal(size=(900, 3))
    return SequenceDetector(random_state=0).fit(sensors[:700]), sensors


def test_no_expected_value_is_outside_of_training(on_related_sensors):
    detector, sensors = on_related_sensors
    faulty = sensors[700:].copy()
    faulty[80:110, 0] += 40.0
    lowest, highest = sensors[:700].min(axis=0), sensors[:700].max(axis=0)
    config, arrays = detector.to_state()
    again = SequenceDetector.from_state(config, arrays, "file")
    for own in (detector, again):
        table = own.reconstruct(faulty)
        found = np.column_stack([table[name] for name in table.names])
        assert (found >= lowest - 1e-4).all()
        assert (found <= highest + 1e-4).all()
    # Files of earlier versions do not say what training saw, and expect what correlations say.
    before = SequenceDetector.from_state(config, {n: a for n, a in arrays.items() if n != "limits"}, "file")
    second = before.reconstruct(faulty)[before.feature_names_in_[1]]
    assert max(second.max() - highest[1], lowest[1] - second.min()) > 1
    np.testing.assert_array_equal(before.decision_function(faulty), detector.decision_function(faulty))


def test_limits_of_a_file_are_validated(on_related_sensors):
    config, arrays = on_related_sensors[0].to_state()
    with pytest.raises(ValueError, match="its limits must be the lowest and the highest value of each feature"):
        SequenceDetector.from_state(config, {**arrays, "limits": arrays["limits"][::-1].copy()}, "file")
