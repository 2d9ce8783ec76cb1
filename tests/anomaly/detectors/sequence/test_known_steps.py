"""Steps of training are recognized, and have the scores of training when they are scored again."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anomaly import SequenceDetector
from anomaly.detectors.sequence.known_steps import LENGTH, UNKNOWN, KnownSteps

CAUSAL = pytest.mark.parametrize("causal", [False, True])


def noise(n=100, seed=0):
    return np.random.default_rng(seed).normal(size=(n, 2)).astype(np.float32)


def places(known, steps, causal=False, cuts=()):
    stream = known.stream(causal)
    return np.concatenate([*(stream.push(part) for part in np.split(steps, cuts)), stream.finish()])


# -- places ------------------------------------------------------------------------------------


@CAUSAL
def test_steps_of_training_are_at_their_places(causal):
    known = KnownSteps().fit([noise(50), noise(70, 1)])
    assert places(known, noise(50), causal).tolist() == list(range(50))
    assert places(known, noise(70, 1), causal).tolist() == list(range(50, 120))


def test_a_part_of_training_is_recognized():
    known = KnownSteps().fit([noise()])
    assert places(known, noise()[30:60]).tolist() == list(range(30, 60))
    # Without later steps, only when so many have been seen.
    assert places(known, noise()[30:60], causal=True).tolist() == [UNKNOWN] * (LENGTH - 1) + list(range(45, 60))


@CAUSAL
def test_other_steps_are_not_known(causal):
    known = KnownSteps().fit([noise()])
    assert (places(known, noise(seed=1), causal) == UNKNOWN).all()
    changed = noise()
    changed[50, 1] = np.nextafter(changed[50, 1], np.float32(9))
    found = places(known, changed, causal)
    assert found[50] == UNKNOWN
    assert found[:50].tolist() == list(range(50))
    later = found[51:] if not causal else found[50 + LENGTH :]
    assert (later == np.arange(100 - len(later), 100)).all()


@CAUSAL
def test_steps_of_another_order_are_at_their_places(causal):
    known = KnownSteps().fit([noise()])
    found = places(known, np.concatenate([noise()[60:], noise()[:40]]), causal)
    first = LENGTH - 1 if causal else 0
    assert found[first:40].tolist() == list(range(60 + first, 100))
    assert found[40 + first :].tolist() == list(range(first, 40))


@CAUSAL
def test_a_sensor_that_stands_still_is_known_between_known_steps(causal):
    still = noise()
    still[20:80] = still[20]
    assert places(KnownSteps().fit([still]), still, causal).tolist() == list(range(100))
    # A longer standstill is not that of training.
    longer = np.concatenate([still[:80], still[60:]])
    assert (places(KnownSteps().fit([still]), longer, causal)[82:84] == UNKNOWN).all()


@CAUSAL
def test_steps_that_repeat_are_known_as_a_whole_alone(causal):
    periodic = np.tile(noise(20), (10, 1))
    known = KnownSteps().fit([periodic])
    assert places(known, periodic, causal).tolist() == list(range(200))
    assert (places(known, periodic[5:100], causal) == UNKNOWN).all()


@CAUSAL
def test_a_segment_shorter_than_a_sequence_is_known_as_a_whole(causal):
    known = KnownSteps().fit([noise(5), noise(9, 1), noise()])
    assert places(known, noise(9, 1), causal).tolist() == list(range(5, 14))
    assert (places(known, noise(9, 2), causal) == UNKNOWN).all()
    # No more than a part of it; a causal stream cannot know that it ends.
    assert places(known, noise(9, 1)[:7], causal).tolist() == (list(range(5, 12)) if causal else [UNKNOWN] * 7)


@CAUSAL
def test_no_place_is_beyond_the_segment_of_training(causal):
    known = KnownSteps().fit([noise(30), noise(30, 1)])
    found = places(known, np.concatenate([noise(30), noise(30, 1)[:3], noise(40, 2)]), causal)
    assert found[:30].tolist() == list(range(30))
    assert (found[30:] == UNKNOWN).all()


@CAUSAL
@given(cuts=st.lists(st.integers(0, 150), max_size=8).map(sorted), n=st.integers(1, 150), seed=st.integers(0, 9))
def test_places_do_not_depend_on_how_a_segment_is_cut(causal, cuts, n, seed):
    rng = np.random.default_rng(seed)
    # Few values repeat often, so that there are many sequences that training has several times.
    steps = rng.integers(0, 2, size=(150, 1)).astype(np.float32) * (rng.random((150, 1)) < 0.3)
    known = KnownSteps().fit([steps[:90], steps[90:]])
    scored = np.concatenate([steps[:70], 1 - steps[70:80], steps[80:]])[:n]
    inside = [min(cut, n) for cut in cuts]
    np.testing.assert_array_equal(places(known, scored, causal, inside), places(known, scored, causal))
    found = places(known, scored, causal)
    assert (steps[found[found >= 0]] == scored[found >= 0]).all()


@given(st.integers(1, 99))
def test_a_causal_place_does_not_depend_on_later_steps(n):
    known = KnownSteps().fit([noise()])
    later = np.concatenate([noise()[:n], noise(seed=1)])
    np.testing.assert_array_equal(places(known, later, causal=True)[:n], places(known, noise(), causal=True)[:n])
    assert len(known.stream(causal=True).push(noise()[:n])) == n


def test_a_negative_zero_is_a_zero():
    steps = np.where(noise() > 0, noise(), 0)
    assert (places(KnownSteps().fit([steps]), np.where(steps == 0, np.float32(-0.0), steps)) >= 0).all()


def test_known_steps_from_their_state():
    known = KnownSteps().fit([noise(50), noise(7, 1)])
    again = KnownSteps.from_state(known.get_state(), 57)
    for steps in (noise(50), noise(7, 1), noise(50)[20:]):
        np.testing.assert_array_equal(places(again, steps), places(known, steps))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("steps", lambda a: a[1:]),
        ("steps", lambda a: a[np.newaxis]),
        ("steps", lambda a: a.astype(np.int32)),
        ("steps", lambda a: a.astype(np.float64)),
        ("starts", lambda a: a[1:]),
        ("starts", lambda a: a[:0]),
        ("starts", lambda a: a[::-1]),
        ("starts", lambda a: a + 50),
        ("starts", lambda a: a - 1),
        ("starts", lambda a: a[np.newaxis]),
        ("starts", lambda a: a.astype(np.float64)),
    ],
)
def test_known_steps_that_are_not_valid(name, change):
    state = KnownSteps().fit([noise(50), noise(7, 1)]).get_state()
    with pytest.raises(ValueError, match="expected"):
        KnownSteps.from_state({**state, name: change(state[name])}, 57)


# -- scores of training ------------------------------------------------------------------------


def wave(n=300, n_sensors=2, seed=0):
    rng = np.random.default_rng(seed)
    return np.sin(2 * np.pi * np.arange(n)[:, np.newaxis] / 20 + np.arange(n_sensors)) + 0.1 * rng.normal(
        size=(n, n_sensors)
    )


def still(n_sensors):
    series = np.round(wave(n_sensors=n_sensors), 1)
    series[100:160] = series[100]
    return series


def with_missing(n_sensors):
    series = wave(n_sensors=n_sensors)
    series[100:130, 0] = np.nan
    series[np.random.default_rng(0).random(series.shape) < 0.05] = np.nan
    return series


SERIES = {
    "noisy": lambda n_sensors: wave(n_sensors=n_sensors),
    "still": still,
    "missing": with_missing,
    "constant": lambda n_sensors: np.ones((300, n_sensors)),
    "periodic": lambda n_sensors: np.tile(np.round(wave(20, n_sensors), 2), (15, 1)),
    "pulses": lambda n_sensors: np.repeat((np.arange(300) % 30 == 0)[:, np.newaxis], n_sensors, axis=1) * 1.0,
}


@CAUSAL
@pytest.mark.parametrize("n_sensors", [1, 3])
@pytest.mark.parametrize("kind", SERIES)
def test_a_training_series_has_its_scores_when_it_is_scored_again(kind, n_sensors, causal):
    series = SERIES[kind](n_sensors)
    detector = SequenceDetector(causal=causal, random_state=0).fit(series)
    np.testing.assert_allclose(detector.decision_function(series), detector.decision_scores_, rtol=1e-6)
    np.testing.assert_array_equal(detector.predict(series), detector.labels_)


@pytest.fixture(scope="module", params=[False, True])
def fitted(request):
    return SequenceDetector(causal=request.param, random_state=0).fit(wave())


@settings(max_examples=10)
@given(cuts=st.lists(st.integers(0, 300), max_size=6).map(sorted))
def test_a_training_series_in_pieces_has_its_scores(fitted, cuts):
    stream = fitted.stream()
    scores = np.concatenate([*(stream.push(part) for part in np.split(wave(), cuts)), stream.finish()])
    np.testing.assert_allclose(scores, fitted.decision_scores_, rtol=1e-6)


def test_a_part_of_a_training_series_has_its_scores(fitted):
    first = LENGTH - 1 if fitted.causal else 0
    found = fitted.decision_function(wave()[120:250])
    np.testing.assert_allclose(found[first:], fitted.decision_scores_[120 + first : 250], rtol=1e-6)


def test_a_fault_put_into_a_training_series_is_found_and_the_rest_has_its_scores(fitted):
    faulty = wave()
    faulty[150:170] = 2.5
    found = fitted.decision_function(faulty)
    later = 170 + (LENGTH - 1 if fitted.causal else 0)
    same = np.r_[0:150, later:300]
    np.testing.assert_allclose(found[same], fitted.decision_scores_[same], rtol=1e-6)
    assert found[155:170].min() > np.delete(found, np.r_[150:later]).max()


def test_segments_of_training_have_their_scores_whatever_their_length():
    time = np.arange(300) + np.cumsum(np.isin(np.arange(300), [100, 107, 117, 290])) * 1000
    series = {"time": time, "a": wave()[:, 0], "b": wave()[:, 1]}
    for causal in (False, True):
        detector = SequenceDetector(time="time", causal=causal, random_state=0).fit(series)
        np.testing.assert_allclose(detector.decision_function(series), detector.decision_scores_, rtol=1e-6)
