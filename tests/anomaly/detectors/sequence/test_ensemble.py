"""The blend of window comparisons: parts, cuts, causality, files, and unusual series."""

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anomaly import SequenceDetector, load_detector
from anomaly.detectors.sequence.windows.quiet import QuietWindows
from nnlite.archive import FileFormatError, read_archive, write_archive

CAUSAL = pytest.mark.parametrize("causal", [False, True])
SENSORS = pytest.mark.parametrize("n_sensors", [1, 3])


def series(n=300, n_sensors=3, seed=0):
    rng = np.random.default_rng(seed)
    wave = np.sin(2 * np.pi * np.arange(n)[:, np.newaxis] / 20 + np.arange(n_sensors))
    return wave + 0.1 * rng.normal(size=(n, n_sensors))


def disturbed(n=200, n_sensors=3):
    """Return a series with a dead sensor, missing samples, a hole in all sensors and an outlier."""
    found = series(n, n_sensors, 1)
    found[np.random.default_rng(0).random(found.shape) < 0.05] = np.nan
    found[40:44] = np.nan
    found[n // 2 :, 0] = np.nan
    found[60, -1] += 4
    return found


def in_segments(values):
    time = np.arange(len(values)) + 1000.0 * np.cumsum(np.isin(np.arange(len(values)), [3, 50, 58, 170]))
    return {"time": time, **{f"s{j}": column for j, column in enumerate(values.T)}}


FITTED = {}


def fitted(causal=False, n_sensors=3, **options):
    key = (causal, n_sensors, *options.items())
    if key not in FITTED:
        FITTED[key] = SequenceDetector(causal=causal, random_state=0, **options).fit(series(n_sensors=n_sensors))
    return FITTED[key]


def in_time(causal, n_sensors):
    if ("time", causal, n_sensors) not in FITTED:
        detector = SequenceDetector(causal=causal, time="time", random_state=0)
        FITTED["time", causal, n_sensors] = detector.fit(in_segments(series(n_sensors=n_sensors)))
    return FITTED["time", causal, n_sensors]


def rows(table, start, end):
    return {name: column[start:end] for name, column in table.items()}


@SENSORS
@CAUSAL
@settings(max_examples=8)
@given(cuts=st.lists(st.integers(0, 200), max_size=8).map(sorted))
def test_scores_do_not_depend_on_how_a_series_is_cut(causal, n_sensors, cuts):
    detector, table = in_time(causal, n_sensors), in_segments(disturbed(n_sensors=n_sensors))
    stream, edges = detector.stream(), [0, *cuts, 200]
    scores, labels = [], []
    for start, end in itertools.pairwise(edges):
        scores.append(stream.push(rows(table, start, end)))
        labels.append(stream.labels)
    scores.append(stream.finish())
    labels.append(stream.labels)
    np.testing.assert_allclose(np.concatenate(scores), detector.decision_function(table), rtol=1e-4)
    np.testing.assert_array_equal(np.concatenate(labels), detector.predict(table))


@SENSORS
@settings(max_examples=15)
@given(n=st.integers(1, 199))
def test_causal_scores_and_labels_do_not_depend_on_later_steps(n_sensors, n):
    detector, later = fitted(True, n_sensors), disturbed(n_sensors=n_sensors)
    later[n:] = 50
    whole = disturbed(n_sensors=n_sensors)
    np.testing.assert_allclose(detector.decision_function(later)[:n], detector.decision_function(whole)[:n], rtol=1e-5)
    np.testing.assert_array_equal(detector.predict(later)[:n], detector.predict(whole)[:n])
    stream = detector.stream()
    assert len(stream.push(whole[:n])) == len(stream.labels) == n


@SENSORS
def test_scores_do_not_depend_on_steps_beyond_the_delay(n_sensors):
    detector, whole = fitted(False, n_sensors), series(400, n_sensors, 1)
    later = whole.copy()
    later[300:] = 50
    n = 300 - detector.ensemble_.delay
    np.testing.assert_allclose(detector.decision_function(later)[:n], detector.decision_function(whole)[:n], rtol=1e-5)


@SENSORS
@CAUSAL
def test_contributions_are_not_negative_and_add_up(causal, n_sensors):
    detector = fitted(causal, n_sensors)
    parts = detector.explain(disturbed(n_sensors=n_sensors))
    assert (parts >= 0).all()
    np.testing.assert_allclose(parts.sum(axis=1), detector.decision_function(disturbed(n_sensors=n_sensors)))


@CAUSAL
@pytest.mark.parametrize("sensor", range(3))
def test_a_sensor_that_moves_alone_contributes_most(causal, sensor):
    moved = series(seed=1)
    moved[100:120, sensor] += 1.5
    assert (fitted(causal).explain(moved)[104:120].argmax(axis=1) == sensor).mean() > 0.9


@CAUSAL
def test_a_constant_sensor_that_moves_is_told(causal):
    def with_constant(seed):
        return np.insert(series(seed=seed), 1, 7.0, axis=1)

    detector = SequenceDetector(causal=causal, random_state=0).fit(with_constant(0))
    normal, moved = with_constant(1), with_constant(1)
    moved[100:120, 1] = 7.5
    parts = detector.explain(moved)
    assert (parts[100:120].argmax(axis=1) == 1).all()
    assert (np.delete(parts, np.r_[100:120], axis=0)[:, 1] == 0).all()
    np.testing.assert_allclose(parts[100:120].sum(axis=1), 2 * detector.decision_function(normal)[100:120], rtol=1e-6)
    assert detector.predict(moved)[100:120].any()


@CAUSAL
def test_scores_are_about_one_for_normal_steps(causal):
    assert 0.8 < np.median(fitted(causal).decision_function(series(1000, seed=1))) < 1.3
    assert np.median(fitted(causal).decision_scores_) == pytest.approx(1, abs=0.1)


# -- unusual series ----------------------------------------------------------------------------


def column(n, seed=0):
    return series(n, 1, seed)[:, 0]


UNUSUAL = {
    "integers": lambda n: np.round(10 * series(n)).astype(int),
    "booleans": lambda n: series(n) > 0,
    "constants": lambda n: np.ones((n, 2)),
    "large": lambda n: 1e30 * series(n),
    "tiny": lambda n: 1e-30 * series(n),
    "far": lambda n: 1e6 + series(n),
    "outlier": lambda n: np.where(np.arange(n)[:, np.newaxis] == 5, 1e30, series(n)),
    "a category": lambda n: {"a": column(n), "mode": np.array(["run", "stop"])[(np.arange(n) // 30) % 2]},
    "categories alone": lambda n: {"mode": np.array(["run", "stop", "idle"])[(np.arange(n) // 7) % 3]},
    "a switch": lambda n: {"a": column(n), "on": np.arange(n) // 30 % 2 == 0},
    "few steps": lambda n: series(8),
    "one step to score": lambda n: series(n if n > 250 else 1),
}


@CAUSAL
@pytest.mark.filterwarnings("ignore::anomaly.errors.FewRecordsWarning")
@pytest.mark.parametrize("kind", UNUSUAL)
def test_unusual_series_are_scored_without_warnings_of_numpy(kind, causal):
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        detector = SequenceDetector(causal=causal, random_state=0).fit(UNUSUAL[kind](260))
        scored = UNUSUAL[kind](120)
        parts = detector.explain(scored)
    n = len(next(iter(scored.values()))) if isinstance(scored, dict) else len(scored)
    assert len(parts) == n
    assert np.isfinite(parts).all()


@SENSORS
@CAUSAL
def test_sensors_without_samples_are_scored(causal, n_sensors):
    dead = series(n_sensors=n_sensors, seed=1)
    dead[:, 0] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        parts, labels = (
            scored(dead) for scored in (fitted(causal, n_sensors).explain, fitted(causal, n_sensors).predict)
        )
    assert np.isfinite(parts).all()
    assert labels.sum() == 0


@SENSORS
@CAUSAL
@pytest.mark.parametrize("value", [1e30, -1e30, 3e38])
def test_a_huge_value_is_an_alarm_and_not_an_error(value, causal, n_sensors):
    huge = series(n_sensors=n_sensors, seed=1)
    huge[150] = value
    detector = fitted(causal, n_sensors)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        scores, labels = detector.decision_function(huge), detector.predict(huge)
    assert np.isfinite(scores).all()
    assert labels[150] == 1


# -- files -------------------------------------------------------------------------------------


@SENSORS
@CAUSAL
def test_a_detector_from_its_file_gives_the_same_bits(causal, n_sensors, tmp_path):
    detector = fitted(causal, n_sensors)
    detector.save(tmp_path / "series.anomaly")
    again = load_detector(tmp_path / "series.anomaly")
    for scored in (series(n_sensors=n_sensors), disturbed(n_sensors=n_sensors)):
        np.testing.assert_array_equal(again.explain(scored), detector.explain(scored))
        np.testing.assert_array_equal(again.predict(scored), detector.predict(scored))
    for name in ("decision_scores_", "labels_", "calibration_"):
        np.testing.assert_array_equal(getattr(again, name), getattr(detector, name))
    again.save(tmp_path / "again.anomaly")
    assert (tmp_path / "again.anomaly").read_bytes() == (tmp_path / "series.anomaly").read_bytes()


CHANGES = {
    "missing": lambda a: a * np.nan if a.dtype.kind == "f" else None,
    "infinite": lambda a: a + np.inf if a.dtype.kind == "f" else None,
    "shorter": lambda a: a[:-1],
    "empty": lambda a: a[:0],
    "of another rank": lambda a: a[np.newaxis],
    "wider": lambda a: np.concatenate([a, a], axis=-1) if a.ndim > 1 else None,
    "of another type": lambda a: a.astype(np.float32 if a.dtype == np.float64 else np.float64),
    "integers": lambda a: a.astype(np.uint8),
}


@SENSORS
def test_a_file_with_an_array_that_is_not_valid_is_refused(n_sensors, tmp_path):
    path, accepted = tmp_path / "series.anomaly", []
    fitted(False, n_sensors).save(path)
    config, arrays = read_archive(path, "detector")
    head = {name: value for name, value in config.items() if name not in ("format", "version", "kind", "arrays")}
    # Early files have no labels, and whole numbers are labels in any type.
    names = [name for name in arrays if not name.startswith(("preprocessing/", "labels"))]
    assert len(names) > 8
    for name in names:
        for what, change in CHANGES.items():
            changed = change(arrays[name])
            # Fewer remembered windows are valid.
            if changed is None or (name.endswith("remembered") and what == "shorter"):
                continue
            write_archive(path, "detector", head, {**arrays, name: changed})
            try:
                load_detector(path)
            except FileFormatError:
                continue
            accepted.append(f"{name} {what}")
        without = {other: array for other, array in arrays.items() if other != name}
        write_archive(path, "detector", head, without)
        try:
            load_detector(path)
        except FileFormatError:
            continue
        accepted.append(f"without {name}")
    # Files of earlier versions do not say what training saw.
    assert accepted == ["without limits"]


def test_members_that_are_silent_in_training_change_no_other_spread():
    rng = np.random.default_rng(0)
    wave = np.sin(np.arange(900) / 5) + 0.1 * rng.normal(size=900)
    ensemble = SequenceDetector(random_state=0).fit(wave).ensemble_
    is_silent = np.array([isinstance(member, QuietWindows) for member in ensemble.members_])
    assert is_silent.sum() == 2
    others = ensemble.spreads_[~is_silent]
    np.testing.assert_allclose(ensemble.spreads_[is_silent], others.mean())
    np.testing.assert_allclose(ensemble.blend_.units[~is_silent], np.maximum(others, others.mean() / 2))
