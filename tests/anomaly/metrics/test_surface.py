"""Volumes under surfaces; the references are of TSB-AD 1.5 and aeon 1.6.0 (`benchmarks.series.metric_references`)."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.metrics.surface import range_auc, volume_under_surface, vus_pr, vus_roc
from benchmarks.series.metric_references import CASES

# VUS-ROC and VUS-PR.
REFERENCES = {
    "three events, one of a single step": {
        "tsb-ad": (0.870179625247, 0.679124798240),
        "aeon": (0.823064564612, 0.617699257281),
    },
    "events at both ends, buffers that meet": {
        "tsb-ad": (0.866959557050, 0.596937769350),
        "aeon": (0.803104080452, 0.528408317244),
    },
    "fewer steps than thresholds, two levels": {
        "tsb-ad": (0.741281607627, 0.329841979303),
        "aeon": (0.721094451242, 0.560926818022),
    },
    "long buffers, many events": {
        "tsb-ad": (0.884421870714, 0.658868236162),
        "aeon": (0.794733641080, 0.586869010746),
    },
    "no buffer": {
        "tsb-ad": (0.970630997383, 0.863101298692),
        "aeon": (0.970630997383, 0.861159087863),
    },
}


@pytest.mark.parametrize("definition", ["tsb-ad", "aeon"])
@pytest.mark.parametrize("name", CASES)
def test_volumes_are_those_of_both_packages(name, definition):
    case = CASES[name]
    found = [function(*case, definition=definition) for function in (vus_roc, vus_pr)]
    assert found == pytest.approx(REFERENCES[name][definition], abs=1e-11)


def test_the_definitions_differ_where_packages_do():
    case = CASES["fewer steps than thresholds, two levels"]
    assert vus_pr(*case, definition="aeon") > vus_pr(*case) + 0.2


def literal(truth, scores, buffer):
    """The formulas of the module's page for "tsb-ad", step by step, with a threshold for each distinct score."""
    edges = np.diff(np.r_[0, truth, 0])
    events = list(zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1, strict=True))
    half, soft = buffer // 2, truth.astype(float)
    for first, last in events:
        for k in range(1, half + 1):
            for step in (first - k, last + k):
                if 0 <= step < len(truth):
                    soft[step] = min(1.0, soft[step] + math.sqrt(1 - k / buffer))
    zones = []
    for first, last in events:
        if zones and first - half <= zones[-1][1]:
            zones[-1][1] = last + half
        else:
            zones.append([first - half, last + half])
    curve = [(0.0, 0.0, 1.0)]
    for threshold in sorted(set(scores), reverse=True):
        flags = scores >= threshold
        hits = (soft * flags).sum()
        positives = truth.sum() + (soft * flags)[truth == 0].sum() / 2
        found = np.mean([flags[max(a, 0) : b + 1].any() for a, b in zones])
        curve.append(
            ((flags.sum() - hits) / (len(truth) - positives), min(1, hits / positives) * found, hits / flags.sum())
        )
    pr = sum((b[1] - a[1]) * b[2] for a, b in itertools.pairwise(curve))
    return sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in itertools.pairwise([*curve, (1.0, 1.0, 0.0)])), pr


labelled_steps = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 5)), min_size=2, max_size=40).filter(
    lambda steps: len({label for label, _ in steps}) == 2
)


@given(labelled_steps, st.integers(0, 12))
def test_areas_are_those_of_the_formulas(steps, buffer):
    truth, scores = np.array(steps).T
    found = [range_auc(truth, scores, buffer, curve=curve, n_thresholds=None) for curve in ("roc", "pr")]
    assert found == pytest.approx(literal(truth, scores, buffer))


@given(labelled_steps, st.integers(0, 12), st.sampled_from(["roc", "pr"]), st.sampled_from(["tsb-ad", "aeon"]))
def test_areas_are_fractions_and_only_the_order_of_scores_counts(steps, buffer, curve, definition):
    truth, scores = np.array(steps).T
    area = range_auc(truth, scores, buffer, curve=curve, definition=definition)
    assert -1e-9 <= area <= 1 + 1e-9
    again = range_auc(truth, 3.0 * scores - 7.0, buffer, curve=curve, definition=definition)
    assert again == pytest.approx(area)


def test_area_without_a_buffer_by_hand():
    # Scores from the highest: step 1 (normal), 2 (event), 0 (normal), 4 (event, the other one), 3 (normal).
    truth, scores = [0, 0, 1, 0, 1], [3, 5, 4, 1, 2]
    # Points (FPR, TPR): (0, 0), (1/3, 0), (1/3, 1/2 * 1/2), (2/3, 1/4), (2/3, 1), (1, 1).
    assert range_auc(truth, scores, 0) == pytest.approx(1 / 3 * 1 / 4 + 1 / 3 * 1)
    # Precision 1/2 at the recall of 1/4, and 1/2 where it rises to 1.
    assert range_auc(truth, scores, 0, curve="pr") == pytest.approx(1 / 4 * 1 / 2 + 3 / 4 * 1 / 2)
    # Trapezoids: from precision 1 to 0 at recall 0, and from 0 to 1/2, 1/2 to 1/3, and 1/3 to 1/2.
    assert range_auc(truth, scores, 0, curve="pr", definition="aeon") == pytest.approx(1 / 4 * 1 / 4 + 3 / 4 * 5 / 12)


def test_the_volume_is_the_mean_over_all_buffers():
    case = CASES["long buffers, many events"]
    areas = [range_auc(case.truth, case.scores, buffer) for buffer in range(case.largest_buffer + 1)]
    assert volume_under_surface(*case) == pytest.approx(np.mean(areas))
    assert volume_under_surface(case.truth, case.scores, curve="pr") == vus_pr(case.truth, case.scores, 100)


def test_an_alarm_that_comes_early_is_forgiven_by_the_buffer():
    truth, early = np.zeros(100, int), np.zeros(100)
    truth[50:60] = 1
    early[43:49] = 1.0
    for curve in ("roc", "pr"):
        assert range_auc(truth, early, 20, curve=curve) > range_auc(truth, early, 0, curve=curve) + 0.1


def test_equal_scores_separate_nothing():
    truth = [0, 1, 0, 0]
    assert range_auc(truth, np.ones(4), 0) == pytest.approx(0.5)
    assert range_auc(truth, np.ones(4), 0, curve="pr") == pytest.approx(0.25)
    assert range_auc(truth, np.ones(4), 0, curve="pr", definition="aeon") == 0.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: range_auc([0, 1], [0.0], 1), "of one length"),
        (lambda: range_auc([0, 1], [0.0, np.nan], 1), "finite numbers; found nan at step 1"),
        (lambda: range_auc([0, 1], [0.0, 1.0], -1), "buffer must be at least 0"),
        (lambda: range_auc([0, 1], [0.0, 1.0], 1.5), "a whole number; found 1.5"),
        (lambda: volume_under_surface([0, 1], [0.0, 1.0], -1), "largest_buffer must be at least 0"),
        (lambda: vus_pr([0, 0], [0.0, 1.0]), "normal steps and anomalies; found normal steps alone"),
        (lambda: vus_pr([0, 1], [0.0, 1.0], definition="vus"), "definition must be one of 'tsb-ad', 'aeon'"),
        (lambda: vus_pr([0, 1], [0.0, 1.0], n_thresholds=1), "n_thresholds must be"),
        (lambda: range_auc([0, 1], [0.0, 1.0], 1, curve="prc"), "curve must be one of 'pr', 'roc'"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
