"""Flag rates by the values of a column."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from anomaly.metrics import flag_rates, precision_score, recall_score, wilson_interval
from anomaly.metrics.groups import MISSING, OTHER


@given(st.integers(1, 300), st.data(), st.sampled_from([0.8, 0.95, 0.99]))
def test_intervals_are_those_of_scipy(n, data, confidence):
    count = data.draw(st.integers(0, n))
    expected = binomtest(count, n).proportion_ci(confidence, method="wilson")
    np.testing.assert_allclose(wilson_interval(count, n, confidence), expected, atol=1e-12)


_texts = st.lists(st.sampled_from(["a", "b", "c", "d", "", None]), min_size=1, max_size=200)
_numbers = st.lists(st.floats(-1e6, 1e6) | st.integers(0, 3) | st.just(math.nan), min_size=1, max_size=200)


@given(_texts | _numbers, st.integers(0, 2**31), st.integers(1, 5), st.integers(1, 12))
def test_every_record_is_in_one_group(values, seed, most, least):
    rng = np.random.default_rng(seed)
    flags, labels = rng.integers(0, 2, len(values)), rng.integers(-1, 2, len(values))
    groups = flag_rates(values, flags, labels, most_values=most, least_records=least)
    for name, total in (
        ("n_records", len(values)),
        ("n_flagged", flags.sum()),
        ("n_labelled", (labels >= 0).sum()),
        ("n_anomalies", (labels == 1).sum()),
    ):
        assert sum(getattr(group, name) for group in groups) == total
    names = [group.value for group in groups]
    assert len(set(names)) == len(names)
    assert all(group.n_records > 0 and group.low <= group.flag_rate <= group.high for group in groups)


def test_rates_are_those_of_the_records_of_a_value():
    rng = np.random.default_rng(0)
    values, flags = rng.choice(["a", "b"], 400), rng.integers(0, 2, 400)
    labels = rng.integers(0, 2, 400)
    labels[:40] = -1
    for group in flag_rates(values, flags, labels):
        own = values == group.value
        known = own & (labels >= 0)
        assert group.n_records == own.sum()
        assert group.flag_rate == flags[own].mean()
        assert (group.low, group.high) == wilson_interval(flags[own].sum(), own.sum())
        assert group.n_labelled == known.sum()
        assert group.precision == precision_score(labels[known], flags[known])
        assert group.recall == recall_score(labels[known], flags[known])
        assert group.false_alarm_rate == flags[known & (labels == 0)].mean()


def test_what_is_not_defined_is_none():
    (group,) = flag_rates(np.zeros(20), np.zeros(20))
    assert (group.n_labelled, group.precision, group.recall, group.false_alarm_rate) == (0, None, None, None)
    (group,) = flag_rates(np.zeros(20), np.zeros(20), np.ones(20))
    assert (group.precision, group.recall, group.false_alarm_rate) == (None, 0.0, None)
    assert group.to_dict()["recall"] == 0.0


def test_numbers_are_divided_at_their_quartiles():
    values = np.random.default_rng(0).permutation(np.arange(1.0, 101.0))
    groups = flag_rates(values, values > 80)
    assert [group.value for group in groups] == ["up to 25", "25 to 50", "50 to 75", "above 75"]
    assert [group.n_records for group in groups] == [25, 25, 25, 25]
    assert [group.n_flagged for group in groups] == [0, 0, 0, 20]


def test_equal_quartiles_are_one():
    mostly_0 = np.r_[np.zeros(60), np.arange(1.0, 41.0)]
    assert [group.value for group in flag_rates(mostly_0, mostly_0 > 0)] == ["up to 0", "0 to 15", "above 15"]
    mostly_the_largest = np.r_[np.full(90, 50.0), np.arange(20.0)]
    groups = flag_rates(mostly_the_largest, np.zeros(110))
    assert [(group.value, group.n_records) for group in groups] == [("up to 19", 20), ("above 19", 90)]


def test_few_numbers_are_values_in_their_order():
    counts = np.repeat([3, 10, 1], [20, 50, 30])
    assert [group.value for group in flag_rates(counts, counts == 1)] == ["1", "3", "10"]


def test_dates_are_divided_too():
    days = np.datetime64("2024-01-01") + np.arange(40)
    groups = flag_rates(days, np.zeros(40))
    assert [group.value for group in groups] == [
        "up to 2024-01-10T00:00:00",
        "2024-01-10T00:00:00 to 2024-01-20T00:00:00",
        "2024-01-20T00:00:00 to 2024-01-30T00:00:00",
        "above 2024-01-30T00:00:00",
    ]


def test_rare_and_missing_values_come_last():
    values = np.array(["big"] * 30 + ["rare"] * 9 + ["once"] + [None] * 5 + ["small"] * 10, dtype=object)
    groups = flag_rates(values, np.zeros(55))
    assert [(group.value, group.n_records) for group in groups] == [
        ("big", 30),
        ("small", 10),
        (OTHER, 10),
        (MISSING, 5),
    ]
    groups = flag_rates(np.repeat(np.arange(9).astype(str), 20), np.zeros(180), most_values=3)
    assert [group.value for group in groups] == ["0", "1", "2", OTHER]
    assert groups[-1].n_records == 120


@pytest.mark.parametrize(
    "missing", [np.array([1.0, np.nan] * 10), np.array(["2024-01-01", "NaT"] * 10, "M8[D]"), [1, None] * 10]
)
def test_every_kind_may_be_missing(missing):
    groups = flag_rates(missing, np.tile([0, 1], 10))
    assert [(group.value, group.flag_rate) for group in groups][1] == (MISSING, 1.0)
    assert len(groups) == 2


def test_close_numbers_have_names_of_their_own():
    values = 1 + np.repeat([1e-9, 2e-9, 3e-9], 20)
    assert len({group.value for group in flag_rates(values, np.zeros(60))}) == 3


def test_invalid_arguments():
    for arguments, words in (
        (([1, 2], [0]), r"values and y_pred must be of one length; found shapes \(2,\) and \(1,\)"),
        (([1, 2], [0, 2]), "y_pred must hold 0"),
        (([1, 2], [0, 1], [0]), r"one label per record \(2\).*found \(1,\)"),
        (([1, 2], [0, 1], [0, 5]), r"-1 without one; found \[0, 5\]"),
        (([], []), "y_pred must hold one label per record"),
    ):
        with pytest.raises(ValueError, match=words):
            flag_rates(*arguments)
    for name in ("most_values", "least_records", "confidence"):
        with pytest.raises(ValueError, match=f"{name} must be a"):
            flag_rates([1], [0], **{name: 0})
