"""Alarms of a series: none at the start of clean segments, short ones for short causes, the same however cut."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anomaly import SequenceDetector
from anomaly.detectors.sequence.alarms import AlarmRule, AlarmSettings
from anomaly.detectors.sequence.causes import CausalCauseStream, alarm_labels, causes_of
from anomaly.detectors.sequence.moving_limit import FORM, FORMER_FORMS

CAUSAL = pytest.mark.parametrize("causal", [False, True])


def scored(n=400, seed=0):
    """Return scores with high steps, and the parts of the steps."""
    rng = np.random.default_rng(seed)
    scores = rng.lognormal(sigma=0.2, size=n)
    for start in rng.integers(0, n, 4):
        scores[start : start + 15] += 3
    return scores, rng.exponential(size=n)


def rule(causal=False):
    normal = np.random.default_rng(9).lognormal(sigma=0.2, size=2000)
    chosen, _ = AlarmSettings(1e-3, gap=8, width=6, reach=12, causal=causal, is_promised=False).choose([normal])
    return chosen


def labels_by(alarm_rule, scores, parts, cuts=(), known=None):
    """Return the labels of a segment that is cut."""
    stream, is_known = alarm_rule.stream(), np.zeros(len(scores), np.bool_) if known is None else known
    pieces = zip(*(np.split(values, cuts) for values in (scores, parts, is_known)), strict=True)
    return np.concatenate([*(stream.push(*piece) for piece in pieces), stream.finish_segment()])


# -- rules -------------------------------------------------------------------------------------


@CAUSAL
@settings(max_examples=40)
@given(cuts=st.lists(st.integers(0, 400), max_size=8).map(sorted), seed=st.integers(0, 99))
def test_labels_do_not_depend_on_how_a_segment_is_cut(causal, cuts, seed):
    scores, parts = scored(seed=seed)
    known = np.arange(400) % 100 < 30
    whole = labels_by(rule(causal), scores, parts, known=known)
    np.testing.assert_array_equal(labels_by(rule(causal), scores, parts, cuts, known), whole)


def test_an_alarm_is_joined_and_restricted_to_its_causes():
    scores, parts = scored()
    limits = rule().moving.stream().push(scores, causes_of(parts, 6, 12))
    expected = alarm_labels(scores > limits, causes_of(parts, 6, 12), 8)
    np.testing.assert_array_equal(labels_by(rule(), scores, parts), expected)
    assert expected.any()


@given(st.integers(1, 399))
def test_a_causal_label_does_not_depend_on_later_steps(n):
    scores, parts = scored()
    later, of_later = scores.copy(), parts.copy()
    later[n:], of_later[n:] = 50, 50
    whole = labels_by(rule(True), scores, parts)
    np.testing.assert_array_equal(labels_by(rule(True), later, of_later)[:n], whole[:n])
    assert len(rule(True).stream().push(scores[:n], parts[:n], np.zeros(n, np.bool_))) == n


@CAUSAL
def test_labels_are_final_after_the_delay(causal):
    scores, parts = scored()
    assert len(rule(causal).stream().push(scores, parts, np.zeros(400, np.bool_))) == 400 - rule(causal).delay
    assert (rule(causal).delay == 0) == causal


def test_a_threshold_that_was_given_is_all_that_matters():
    scores, parts = scored()
    np.testing.assert_array_equal(labels_by(AlarmRule(1.5), scores, parts), scores > 1.5)


def test_steps_of_training_have_a_limit_of_their_own():
    scores, parts = scored()
    known, with_limit = np.ones(400, np.bool_), replace(rule(True), of_training=2.5)
    causes = CausalCauseStream(6, 12).push(parts)
    expected = (scores > 2.5) & causes
    np.testing.assert_array_equal(labels_by(with_limit, scores, parts, known=known), expected)
    assert expected.any()
    # As long as the segment is training scored again; earlier versions had it wherever such steps came up.
    known[100:120] = False
    plain = labels_by(rule(True), scores, parts, known=np.zeros(400, np.bool_))
    found = labels_by(with_limit, scores, parts, known=known)
    np.testing.assert_array_equal(found[:100], expected[:100])
    np.testing.assert_array_equal(found[120:], plain[120:])
    assert (plain[120:] != expected[120:]).any()
    former = labels_by(replace(with_limit, anywhere=True), scores, parts, known=known)
    np.testing.assert_array_equal(former[120:], expected[120:])


# -- detectors ---------------------------------------------------------------------------------


def series(n, n_sensors, seed):
    rng = np.random.default_rng(seed)
    phases = np.random.default_rng(n_sensors).uniform(0, 6, n_sensors)
    wave = np.sin(2 * np.pi * (np.arange(n)[:, np.newaxis] + rng.integers(0, 20)) / 20 + phases)
    mixing = np.random.default_rng(7).normal(size=(1 + n_sensors // 4, n_sensors))
    common = rng.normal(size=(n, len(mixing))) @ mixing
    return wave + 0.1 * common + 0.1 * rng.normal(size=(n, n_sensors))


def stamped(values, starts=()):
    time = np.arange(len(values)) + 1000.0 * np.isin(np.arange(len(values)), starts).cumsum()
    return {"time": time, **{f"s{j}": column for j, column in enumerate(values.T)}}


FITTED = {}


def fitted(causal, n_sensors):
    if (causal, n_sensors) not in FITTED:
        detector = SequenceDetector(causal=causal, time="time", random_state=0)
        FITTED[causal, n_sensors] = detector.fit(stamped(series(1000, n_sensors, 0)))
    return FITTED[causal, n_sensors]


@CAUSAL
@pytest.mark.parametrize("n_sensors", [1, 5])
def test_the_start_of_a_clean_segment_is_no_alarm(causal, n_sensors):
    detector = fitted(causal, n_sensors)
    # Ten series of 12 segments of 10 to 70 steps, from half of a window to more than three.
    alarms = []
    for seed in range(1, 11):
        starts = np.cumsum(np.random.default_rng(seed).integers(10, 70, 12))
        labels = detector.predict(stamped(series(int(starts[-1]), n_sensors, seed), starts[:-1]))
        alarms += [labels[start : start + 20].any() for start in [0, *starts[:-1]]]
    assert np.mean(alarms) < 0.05


@CAUSAL
@pytest.mark.parametrize("n_sensors", [1, 5])
def test_the_steps_around_a_hole_are_no_alarm(causal, n_sensors):
    alarms = []
    for seed in range(1, 11):
        values = series(400, n_sensors, seed)
        for start, length in ((100, 3), (200, 8), (300, 40)):
            values[start : start + length, : 1 + n_sensors // 2] = np.nan
        labels = fitted(causal, n_sensors).predict(stamped(values))
        alarms += [labels[start : start + length + 20].any() for start, length in ((100, 3), (200, 8), (300, 40))]
    assert np.mean(alarms) <= 0.1


@CAUSAL
@pytest.mark.parametrize("n_sensors", [1, 5])
def test_one_odd_sample_is_a_short_alarm(causal, n_sensors):
    lengths, hits = [], []
    for seed in range(1, 7):
        values = series(400, n_sensors, seed)
        values[200, 0] += 3
        labels = fitted(causal, n_sensors).predict(stamped(values))
        hits.append(labels[200:210].any())
        lengths.append(labels[150:300].sum())
    assert np.mean(hits) > 0.8
    # Windows that hold it have up to 80 steps.
    assert np.median(lengths) <= 5
    # One of a kind, where another step is above the limit within a window.
    assert max(lengths) <= 50


def test_a_fault_does_not_hide_the_next_one():
    rng, t = np.random.default_rng(0), np.arange(3400)
    level = 20 + 5 * np.sin(2 * np.pi * t / 96) + 0.3 * rng.normal(size=3400)
    table = np.column_stack([level, 2 * level + 0.5 * rng.normal(size=3400)])
    detector = SequenceDetector(random_state=0).fit(table[:2000])
    table[2500:2560, 0] = table[2499, 0]
    table[2900, 1] += 30.0
    labels = detector.predict(table[2000:])
    assert labels[500:560].mean() > 0.5
    assert labels[895:906].any()


@pytest.mark.parametrize("kind", ["spikes", "standstills", "steps", "noise"])
@pytest.mark.parametrize("between", [400, 1200, 1600])
@pytest.mark.parametrize("seed", range(2))
def test_two_equal_faults_are_both_found(kind, between, seed):
    rng, t = np.random.default_rng(seed), np.arange(4200)
    # All times between faults are whole cycles.
    level = 20 + 5 * np.sin(2 * np.pi * t / 80) + 0.3 * rng.normal(size=len(t))
    table = np.column_stack([level, 2 * level + 0.5 * rng.normal(size=len(t))])
    detector = equal_detector(seed, table[:1800])
    starts = 2200, 2200 + between
    for start in starts:
        fault = slice(start, start + (1 if kind == "spikes" else 60))
        if kind == "spikes":
            table[fault, 1] += 15.0
        elif kind == "standstills":
            table[fault, 0] = table[start - 1, 0]
        elif kind == "steps":
            table[fault, 0] += 3.0
        else:
            table[fault, 1] += 3.0 * rng.normal(size=60)
    labels = detector.predict(table[1800:])
    for start in starts:
        assert labels[start - 1805 : start - 1795 + (0 if kind == "spikes" else 60)].any()


EQUAL = {}


def equal_detector(seed, training):
    if seed not in EQUAL:
        EQUAL[seed] = SequenceDetector(random_state=0).fit(training)
    return EQUAL[seed]


@CAUSAL
def test_files_of_earlier_versions_have_the_rule_they_were_saved_with(causal):
    detector = fitted(causal, 1)
    config, arrays = detector.to_state()
    # At first files had neither a unit nor a form of the limit, then no form.
    third = {**config, "alarm_form": 2}
    second = {name: value for name, value in config.items() if name != "alarm_form"}
    first = {name: value for name, value in second.items() if name != "alarm_unit"}
    again, *former = (SequenceDetector.from_state(of, arrays, "file") for of in (config, third, second, first))
    reach, (one, two, three) = detector.alarms_.reach, FORMER_FORMS
    found = [(d.alarms_.moving.form, d.alarms_.moving.hold, d.alarms_.fraction) for d in (detector, again, *former)]
    expected = [(form, max(400, reach), 0.1) for form in (FORM, FORM, three, two)]
    assert found == [*expected, (one, 400 + 2 * reach, 0.05)]
    assert [d.alarms_.anywhere for d in (detector, again, *former)] == [False, False, False, True, True]
    assert again.alarms_.moving.unit == detector.alarms_.moving.unit
    for saved, of in zip((third, second, first), former, strict=True):
        assert of.to_state()[0] == saved
    with pytest.raises(ValueError, match="expected a form of the limit from 0 to 3; found 4"):
        SequenceDetector.from_state({**config, "alarm_form": 4}, arrays, "file")


@pytest.mark.parametrize("seed", [0, 1])
def test_noisy_steps_beside_a_fault_are_no_alarms_however_long_the_period(seed):
    """Windows of four steps are noisy, and of the long ones each raises the scores of hundreds of steps."""
    rng, t = np.random.default_rng(seed), np.arange(6000)
    load = 50 + 20 * np.sin(2 * np.pi * t / 240) + 5 * np.sin(2 * np.pi * t / 37) + rng.normal(size=6000)
    temperature = np.full(6000, 60.0)
    for step in range(1, 6000):
        temperature[step] = temperature[step - 1] + 0.05 * (20 + 0.8 * load[step] - temperature[step - 1])
    sensors = np.column_stack([load, temperature + 0.3 * rng.normal(size=6000), 0.02 * load])
    sensors[:, 2] += 1 + 0.1 * rng.normal(size=6000)
    sensors[4200:4260, 2] += 0.6
    sensors[5100:5220, 1] = sensors[5100, 1]
    labels = np.r_[np.zeros(3500), SequenceDetector(random_state=0).fit(sensors[:3500]).predict(sensors[3500:])]
    assert labels[4200:4260].any()
    assert labels[5100:5220].any()
    labels[4200:4260] = labels[5100:5220] = 0
    assert labels[3500:].mean() < 0.05


def test_faults_of_a_machine_with_a_long_period_are_no_longer_than_their_causes():
    rng, t = np.random.default_rng(1), np.arange(6000)
    load = np.sin(2 * np.pi * t / 240)
    sensors = np.column_stack([20 + 5 * load, 50 + 8 * np.roll(load, 20), 3 + 0.5 * np.abs(load)])
    sensors += rng.normal(size=(6000, 3)) * [0.3, 0.5, 0.05]
    sensors[4200:4260, 2] += 0.6 * np.abs(rng.normal(size=60))
    sensors[5100:5220, 0] = sensors[5099, 0]
    detector = SequenceDetector(random_state=0).fit(sensors[:3500])
    labels = np.r_[np.zeros(3500), detector.predict(sensors[3500:])]
    is_fault = np.zeros(6000, np.bool_)
    is_fault[4200:4260] = is_fault[5100:5220] = True
    assert detector.period_ == 240
    assert labels[4200:4260].any()
    assert labels[5100:5220].any()
    assert labels[3500:][~is_fault[3500:]].mean() < 0.03
