"""Cases and metrics of the parts, by hand."""

import numpy as np
import pytest

from anomaly.metrics import nab_score, vus_pr
from benchmarks.series.faults import KINDS, OF_MANY, QUIET, inject
from benchmarks.series.normal_series import MADE_UP, real
from benchmarks.series.parts import alarms, families, faults, nab, skab
from benchmarks.series.parts.part import Case, Outcome, Segment, without_gaps
from tests.benchmarks.series.made_data import write_nab, write_series, write_skab


def one_segment(labels, n_columns=1, train=50):
    labels = np.asarray(labels)
    series = np.zeros((len(labels), n_columns))
    return Case("name", "group", np.zeros((train, n_columns)), [Segment(series, labels)])


def outcome(*flags):
    return Outcome([np.asarray(one, float) for one in flags], [np.asarray(one) for one in flags], 1.0, 2.0)


# -- families ----------------------------------------------------------------------------------


def test_series_are_fitted_on_their_training_part_or_as_a_whole(tmp_path):
    write_series(tmp_path)
    wave, pair = families.cases(tmp_path, 0, False)
    assert (wave.group, wave.train.shape, wave.segments[0].series.shape) == ("WAVE", (300, 1), (400, 1))
    assert np.flatnonzero(wave.segments[0].labels)[[0, -1]].tolist() == [200, 239]
    assert pair.train is pair.segments[0].series
    assert pair.train.shape == (400, 2)


def test_what_the_alarms_of_a_series_are_worth():
    labels = np.zeros(1000, int)
    labels[500:550] = 1
    flags = np.zeros(1000, int)
    flags[540:560] = flags[100:104] = 1
    found = families.figures(one_segment(labels), outcome(flags))
    # The training part is constant and has no period: the buffer is the largest.
    assert found["vus_pr"] == vus_pr(labels, flags, 60, n_thresholds=60)
    assert found["false_alarm_rate"] == pytest.approx(14 / 950)
    assert found["false_events_per_1000_steps"] == 1.0
    assert (found["event_recall"], found["silent"], found["seconds"]) == (1.0, 0, 3.0)
    assert families.refused(one_segment(labels))["silent"] == 1


def test_missing_values_are_filled_from_before():
    assert without_gaps(np.array([[np.nan, 1], [2, np.nan], [np.nan, np.nan]])).tolist() == [[0, 1], [2, 1], [2, 1]]


# -- SKAB and NAB ------------------------------------------------------------------------------


def test_counts_and_rates_of_skab_by_hand():
    assert skab.counts(np.array([1, 1, 0, 0, 0]), np.array([1, 0, 1, 0, 0])) == [1, 1, 1, 2]
    rates = skab.rates(np.array([1, 1, 1, 2]))
    assert rates == {"f1": 0.5, "false_alarm_rate": pytest.approx(1 / 3), "missed_alarm_rate": 0.5}


def test_the_rule_without_sensors_flags_half_to_85_percent_of_the_whole_file(tmp_path):
    write_skab(tmp_path)
    (case,) = skab.cases(tmp_path, 0, False)
    assert case.train.shape == (400, 2)
    found = skab.figures(case, outcome(case.segments[0].labels))
    assert found["counts"] == [50, 0, 0, 70]
    # Of 520 rows those from 400 to 441 are flagged, and 450 to 499 are anomalous.
    assert found["counts_without_sensors"] == [0, 42, 50, 28]


def test_nab_is_scored_as_a_corpus(tmp_path):
    write_nab(tmp_path)
    (case,) = nab.cases(tmp_path, 0, False)
    labels = case.segments[0].labels
    assert np.flatnonzero(labels)[[0, -1]].tolist() == [2290, 2400]
    assert case.causal
    flags = np.zeros(len(labels), int)
    flags[[100, 2300, 2450]] = 1
    found = nab.figures(case, outcome(flags)) | {"case": "a"}
    # The alarm in the training week does not count; that at 2450 is less than a day from the window's.
    assert (found["windows_found"], found["false_events"]) == (1, 0)
    flags[100] = 0
    _, content = nab.report({"one": [found]})
    assert content["detectors"]["one"]["standard"] == pytest.approx(nab_score(labels, flags, 0.5).score)


# -- normal series and false alarms ------------------------------------------------------------


@pytest.mark.parametrize("name", MADE_UP)
def test_made_up_series_are_of_any_length_and_by_seed(name):
    make = MADE_UP[name]
    one, same, other = (make(300, np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert len(one) == 300
    assert (one == same).all()
    assert (one != other).any()


def test_real_normal_series_are_those_in_the_folder(tmp_path):
    write_skab(tmp_path)
    write_nab(tmp_path)
    write_series(tmp_path)
    # The labelled series is too short, and NAB's has a window.
    assert [name for name, _ in real(tmp_path)] == ["SKAB normal operation"]


def test_alarms_are_counted_by_the_week_and_at_the_start():
    case = Case("x", "made-up", np.zeros((9, 1)), [Segment(np.zeros((504, 1)), np.zeros(504, int))] * 2)
    first, second = np.zeros(504, int), np.zeros(504, int)
    first[[3, 4, 200]] = second[64] = 1
    found = alarms.figures(case, outcome(first, second)) | {"case": "x", "group": "made-up"}
    _, content = alarms.report({"one": [found]})
    means = content["detectors"]["one"]["made-up"]
    assert means["alarms_a_week"] == pytest.approx(3 * 10)
    assert means["segments_alarmed"] == 1.0
    assert means["segments_alarmed_at_start"] == 0.5
    assert means["false_alarm_rate"] == pytest.approx(4 / 1008)


# -- faults ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_changes_its_steps_alone(kind):
    rng = np.random.default_rng(0)
    train, series = (MADE_UP["six sensors"](600, rng) for _ in range(2))
    faulty, labels = inject(kind, series, 300, 100, train, rng)
    changed = faulty != series
    assert not changed[:300].any()
    assert not changed[400:].any()
    assert changed.any(axis=1)[labels == 1].mean() > 0.95
    assert labels.sum() == (5 if kind == "spikes" else 100)
    columns = changed.any(axis=0).sum()
    if kind in ("frozen", "too regular", "too slow", "higher frequency"):
        assert columns == 6
    elif kind in ("together", "process fault"):
        assert columns > 1
    else:
        assert columns == 1


@pytest.mark.parametrize("kind", QUIET)
def test_quiet_faults_leave_the_range_of_the_series(kind):
    rng = np.random.default_rng(1)
    train, series = (MADE_UP["six sensors"](900, rng) for _ in range(2))
    faulty, labels = inject(kind, series, 300, 200, train, rng)
    rows = faulty[labels == 1]
    assert (rows <= series.max(axis=0) + 1e-9).all()
    assert (rows >= series.min(axis=0) - 1e-9).all()


def test_faults_of_many_columns_need_many(tmp_path):
    write_skab(tmp_path)
    every = list(faults.cases(tmp_path, 0, False))
    by_columns = {case.train.shape[1]: {segment.name for segment in case.segments} for case in every}
    assert set(by_columns) == {1, 2, 6}
    assert by_columns[6] == set(KINDS)
    assert by_columns[1] == set(KINDS) - set(OF_MANY)


def test_auroc_is_by_kind():
    labels = np.repeat([0, 1], [80, 20])
    segments = [Segment(np.zeros((100, 1)), labels, kind) for kind in ("frozen", "drift")]
    case = Case("x", "x", np.zeros((9, 1)), segments)
    found = faults.figures(case, outcome(labels, 1 - labels))
    assert found["auroc"] == {"frozen": 1.0, "drift": 0.0}
    assert found["flagged"] == {"frozen": 1.0, "drift": 0.0}
    assert found["false_alarm_rate"] == 0.5
    _, content = faults.report({"one": [found]})
    assert content["detectors"]["one"]["auroc"] == {"frozen": 1.0, "drift": 0.0, "quiet kinds": 1.0, "all": 0.5}
