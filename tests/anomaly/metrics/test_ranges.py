"""Range-based precision and recall; reference values are of TSB-AD 1.5, by `benchmarks.series.metric_references`."""

import numpy as np
import pytest

from anomaly.metrics.affiliation import affiliation_precision_recall
from anomaly.metrics.events import composite_f1
from anomaly.metrics.ranges import range_precision_recall_f1
from benchmarks.series.metric_references import CASES

# Range-based F1 (R-based-F1 there), composite F1 (Event-based-F1), affiliation F1 (Affiliation-F).
REFERENCES = {
    "three events, one of a single step": (0.243372446762, 0.658227848101, 0.872130283612),
    "events at both ends, buffers that meet": (0.295704919495, 0.392452830189, 0.679092464688),
    "fewer steps than thresholds, two levels": (0.261159310952, 0.436363636364, 0.782091179814),
    "long buffers, many events": (0.180821917808, 0.116504854369, 0.778939459928),
    "no buffer": (0.379935965848, 0.823529411765, 0.933376332774),
}


@pytest.mark.parametrize("name", CASES)
def test_metrics_of_flags_are_those_of_tsb_ad(name):
    truth, flags = CASES[name].truth, CASES[name].flags
    precision, recall = affiliation_precision_recall(truth, flags)
    found = range_precision_recall_f1(truth, flags)[2], composite_f1(truth, flags), 2 / (1 / precision + 1 / recall)
    assert found == pytest.approx(REFERENCES[name], abs=1e-11)


def test_overlaps_by_hand():
    #        0  1  2  3  4  5  6  7  8  9
    truth = [0, 0, 1, 1, 1, 1, 0, 0, 1, 1]
    flags = [1, 1, 1, 0, 1, 1, 0, 0, 0, 0]
    # The alarm 0..2 lies in an event with a third, the alarm 4..5 as a whole.
    # The event 2..5 is flagged in three of four steps by two alarms; that at 8 is not.
    precision, recall, f1 = range_precision_recall_f1(truth, flags, existence_weight=0.5)
    assert precision == pytest.approx((1 / 3 + 1) / 2)
    assert recall == pytest.approx((0.5 + 0.5 * 3 / 4 / 2) / 2)
    assert f1 == pytest.approx(2 * precision * recall / (precision + recall))


def test_an_alarm_that_never_ends_is_not_precise():
    truth = np.zeros(1000, int)
    truth[500:510] = 1
    precision, recall, f1 = range_precision_recall_f1(truth, np.ones(1000, int))
    assert (precision, recall) == (0.01, 1.0)
    assert f1 < 0.02


def test_nothing_flagged_and_nothing_to_find():
    assert range_precision_recall_f1([0, 1, 0], [0, 0, 0]) == (0.0, 0.0, 0.0)
    assert range_precision_recall_f1([0, 0, 0], [0, 1, 0]) == (0.0, 0.0, 0.0)


def test_a_weight_out_of_range():
    with pytest.raises(ValueError, match="existence_weight must be"):
        range_precision_recall_f1([0, 1], [0, 1], existence_weight=1.5)
