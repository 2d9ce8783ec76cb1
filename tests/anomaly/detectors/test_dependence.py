"""Rows in the order of time and groups of records: found, held out together, said."""

from __future__ import annotations

import re
import tracemalloc
import warnings

import numpy as np
import pytest

from anomaly import AutoencoderDetector, TableDetector, VariationalDetector, load_detector
from anomaly.detectors.dependence import Dependence, effective_sample_size, follow_in_time
from anomaly.errors import DataError, RowOrderWarning
from benchmarks.quality.normal_tables import MADE
from benchmarks.quality.slow_tables import PROCESSES, make_slow_table

SMALL = {"hidden": (16,), "epochs": 20, "random_state": 0}


def _matrix(columns):
    return np.column_stack([v if v.dtype != object else np.unique(v, return_inverse=True)[1] for v in columns.values()])


def _slow(n=600, seed=0):
    """Return rows of two slow factors in four columns."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(size=(n, 2))
    states = np.zeros((n, 2))
    for i in range(1, n):
        states[i] = 0.98 * states[i - 1] + 0.2 * steps[i]
    return states @ np.random.default_rng(1).normal(size=(2, 4)) + 0.05 * rng.normal(size=(n, 4))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", PROCESSES)
def test_slow_processes_are_found_and_their_shuffled_rows_are_not(name, seed):
    x = make_slow_table(name, seed, 1000, 500).train
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    assert follow_in_time(x)
    assert not follow_in_time(np.random.default_rng(seed).permutation(x))


@pytest.mark.parametrize("n", [40, 100, 1000])
@pytest.mark.parametrize("kind", MADE)
def test_independent_records_are_not_found(kind, n):
    for seed in range(5):
        x = _matrix(MADE[kind](np.random.default_rng(seed), n, 6))
        assert not follow_in_time(np.nan_to_num((x - np.nanmean(x, axis=0)) / np.nanstd(x, axis=0)))


def test_records_sorted_by_a_class_or_a_column_are_not_found():
    rng = np.random.default_rng(0)
    centers = rng.normal(scale=4.0, size=(10, 5))
    assert not follow_in_time(centers[np.repeat(np.arange(10), 100)] + rng.normal(size=(1000, 5)))
    x = rng.normal(size=(1000, 1)) + 0.3 * rng.normal(size=(1000, 2))
    assert not follow_in_time(x[x[:, 0].argsort()])
    assert not follow_in_time(x[x[:, 0].argsort()[::-1]])


def test_few_rows_and_equal_rows_are_not_found():
    assert not follow_in_time(np.cumsum(np.ones((39, 2)), axis=0))
    assert not follow_in_time(np.ones((100, 2)))


def test_halves_and_whole_groups_are_held_out():
    first, second = Dependence("time", 7).folds()
    assert (first.tolist(), second.tolist()) == ([0, 1, 2, 3], [4, 5, 6])
    groups = np.array(list("abcdefg") * 5 + ["z"] * 20, dtype=object)
    folds = Dependence.of(np.zeros((55, 2)), groups).folds()
    assert sorted(np.concatenate(folds).tolist()) == list(range(55))
    members = [set(groups[fold]) for fold in folds]
    assert sum(map(len, members)) == 8
    assert {"z"} in members


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([1, 2], "one value per record (4); found shape (2,)"),
        ([1, 1, 2, 2], "at least 3 groups, since some are held out and others learned; found 2"),
        (["a", "b", None, "c"], "record 2 has none (1 in all)"),
        ([1.0, 2.0, 3.0, np.nan], "record 3 has none"),
    ],
)
def test_unusable_groups_are_refused(groups, message):
    with pytest.raises(DataError, match=re.escape(message)):
        Dependence.of(np.zeros((4, 2)), groups)


@pytest.mark.parametrize("kind", [TableDetector, AutoencoderDetector, VariationalDetector])
def test_rows_in_time_warn_and_have_higher_thresholds_that_files_and_info_know(kind, tmp_path):
    x = _slow()
    with pytest.warns(RowOrderWarning, match="follow each other in time") as caught:
        detector = kind(**SMALL).fit(x)
    assert [warning.filename for warning in caught if warning.category is RowOrderWarning] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error", RowOrderWarning)
        alone = kind(**SMALL).fit(x, groups=np.arange(len(x)))
    assert (detector.dependence_, alone.dependence_) == ("time", "groups")
    later = _slow(1800)[900:]
    assert detector.decision_scores_.mean() > alone.decision_scores_.mean() > alone.decision_function(x).mean()
    detector.save(tmp_path / "model.npz")
    loaded = load_detector(tmp_path / "model.npz")
    assert (loaded.dependence_, loaded.effective_records_) == ("time", detector.effective_records_)
    assert "follow each other in time" in loaded.describe()
    np.testing.assert_array_equal(loaded.decision_function(later), detector.decision_function(later))
    np.testing.assert_array_equal(loaded.p_values(later), detector.p_values(later))


def test_shuffled_rows_change_nothing_but_what_is_random():
    x = np.random.default_rng(0).permutation(_slow())
    with warnings.catch_warnings():
        warnings.simplefilter("error", RowOrderWarning)
        detector = TableDetector(**SMALL).fit(x)
    assert detector.dependence_ == "none"
    np.testing.assert_array_equal(detector.decision_scores_, detector.decision_function(x))
    assert detector.shares_ == TableDetector(**SMALL, neighbors_share=0.88).fit(x).shares_


def test_networks_have_half_of_the_weight_beside_regressions_of_rows_in_time_unless_a_weight_is_given():
    x = _slow()
    for given, weight in (({}, 0.25), ({"neighbors_share": 0.6}, 0.2), ({"linear_share": 0}, 0.5)):
        with pytest.warns(RowOrderWarning):
            assert sum(TableDetector(**SMALL, **given).fit(x).shares_[:3]) == pytest.approx(weight)


@pytest.mark.parametrize("rate", [None, 0.05])
def test_later_changes_of_the_detector_keep_held_out_scores(rate):
    x = _slow()
    with pytest.warns(RowOrderWarning):
        detector = TableDetector(**SMALL, false_alarm_rate=rate).fit(x)
    before = detector.threshold_
    reduced = detector.keep_records("prototypes")
    detector.partial_fit(_slow(800)[600:])
    assert detector.decision_scores_.shape == (800,)
    assert np.median(detector.decision_scores_) > 1.2 * np.median(detector.decision_function(x))
    # Beyond the scores of few independent records, it follows the largest one.
    assert 0.5 < detector.threshold_ / before < (2 if rate is None else 3)
    detector.learn_labels([[9.0, -9.0, 9.0, 9.0], [0.0, 0.0, 0.0, 0.0]], [1, 0])
    assert np.median(detector.decision_scores_) > 1.1 * np.median(detector.decision_function(x))
    assert 0.5 < reduced.threshold_ / before < 2


def test_groups_of_near_copies_raise_the_threshold():
    rng = np.random.default_rng(0)
    people = rng.normal(size=(60, 4))
    groups = rng.permutation(np.repeat(np.arange(60), 10))
    x = people[groups] + 0.05 * rng.normal(size=(600, 4))
    fresh = rng.normal(size=(400, 4))
    rates = {}
    for name, given in (("groups", groups), ("none", None)):
        rates[name] = TableDetector(**SMALL, false_alarm_rate=0.1).fit(x, groups=given).predict(fresh).mean()
    assert rates["groups"] < 0.2 < 0.5 < rates["none"]


@pytest.mark.parametrize(("factor", "fewest", "most"), [(0.9, 60, 200), (0.99, 5, 25), (0.999, 1, 8), (1.0, 1, 8)])
def test_near_copies_are_worth_fewer_records(factor, fewest, most):
    rng = np.random.default_rng(0)
    x = np.zeros((2000, 4))
    for i in range(1, len(x)):
        x[i] = factor * x[i - 1] + rng.normal(size=4)
    assert fewest < effective_sample_size(x) < most
    assert effective_sample_size(rng.permutation(x)) > 1500


def test_a_constant_column_and_a_hole_are_worth_nothing():
    x = np.random.default_rng(0).normal(size=(200, 2))
    x[7, 0] = np.nan
    assert effective_sample_size(np.column_stack([x, np.ones(200)])) == effective_sample_size(x)
    assert effective_sample_size(np.ones((50, 2))) == 1.0


def test_the_warning_says_which_rates_cannot_be_promised():
    with pytest.warns(RowOrderWarning, match=r"worth about \d+ independent ones.*No false_alarm_rate below 0\.\d+"):
        detector = TableDetector(**SMALL, false_alarm_rate=0.05).fit(_slow())
    assert detector.effective_records_ < 19
    assert detector.threshold_ >= detector.calibration_scores_.max()


def test_of_the_following_rows_at_most_twice_the_promised_rate_is_flagged():
    rates = []
    for seed, name in enumerate(["factors", "curved", "daily", "loads", "room"] * 2):
        table = make_slow_table(name, 50 + seed, 1500, 1500)
        with pytest.warns(RowOrderWarning):
            detector = TableDetector(**SMALL, false_alarm_rate=0.05).fit(table.train)
        rates.append(detector.predict(table.later[table.labels == 0]).mean())
    assert np.mean(rates) <= 0.1
    assert np.mean(np.array(rates) <= 0.1) >= 0.7


def test_little_memory_is_taken_beside_a_long_table():
    x = np.cumsum(np.random.default_rng(0).normal(size=(200_000, 20)), axis=0).astype(np.float32)
    tracemalloc.start()
    follow_in_time(x)
    follow = tracemalloc.get_traced_memory()[1]
    effective_sample_size(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert follow < 0.5 * x.nbytes
    # A few transforms of twice the length of one column, whatever the number of columns.
    assert peak < 16 * 2 * 8 * len(x)
