import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.detectors.sequence.moving_limit import FORM, FORMER_FORMS, MovingLimit
from anomaly.detectors.sequence.recent_scale import MEMORY
from anomaly.thresholds.declustered import DeclusteredPeaks, cluster_peaks

GAP = 30


def normal_scores(n, rng, width=15):
    """Return autocorrelated scores around 1."""
    return np.exp(0.5 * np.convolve(rng.normal(size=n + width - 1), np.full(width, width**-0.5), "valid"))


def fitted(n=2000, seed=0, rate=1e-3):
    rng = np.random.default_rng(seed)
    reference = normal_scores(n, rng)
    rule = DeclusteredPeaks(rate, GAP).fit(reference)
    return MovingLimit(rule.threshold_, reference, rate, GAP, unit=rule.mean_excess_), rng


def events(scores, limits):
    return len(cluster_peaks((scores > limits).astype(float), 0.5, GAP))


def test_the_first_limit_is_the_threshold():
    moving, rng = fitted()
    assert moving.limits(normal_scores(5, rng))[0] == pytest.approx(moving.threshold)


def test_events_counted_beforehand_raise_the_first_limits():
    moving, _ = fitted()
    scores = np.full(3000, 0.5)
    counted = MovingLimit(moving.threshold, moving.reference, moving.rate, GAP, counted=1.0, unit=moving.unit)
    ratios = counted.limits(scores) / moving.limits(scores)
    assert ratios[0] == pytest.approx(math.exp(FORM.rise * moving.unit))
    assert (np.diff(ratios) <= 1e-12).all()
    assert ratios[1001:] == pytest.approx(1.0)


def test_no_limit_depends_on_its_step_or_later_ones():
    moving, rng = fitted()
    scores = normal_scores(600, rng)
    other = scores.copy()
    other[300:] *= rng.exponential(5.0, size=300)
    np.testing.assert_array_equal(moving.limits(scores)[:301], moving.limits(other)[:301])
    assert (moving.limits(scores)[301:] != moving.limits(other)[301:]).any()


@given(cuts=st.lists(st.integers(0, 400), max_size=6), seed=st.integers(0, 5))
def test_limits_do_not_depend_on_how_the_series_is_cut(cuts, seed):
    moving, rng = fitted(n=300, seed=seed)
    scores = normal_scores(400, rng) * np.exp(np.cumsum(rng.normal(scale=0.05, size=400)))
    stream = moving.stream()
    pieces = [stream.push(piece) for piece in np.split(scores, sorted(cuts))]
    np.testing.assert_array_equal(np.concatenate(pieces), moving.limits(scores))


def test_the_unit_of_the_scores_does_not_matter():
    moving, rng = fitted()
    scores = normal_scores(3000, rng) * np.r_[np.ones(1000), np.full(2000, 3.0)]
    other = MovingLimit(64 * moving.threshold, 64 * moving.reference, moving.rate, GAP, unit=moving.unit)
    np.testing.assert_allclose(other.limits(64 * scores), 64 * moving.limits(scores), rtol=1e-9)


@pytest.mark.parametrize("rate", [2e-3, 5e-4])
def test_normal_series_have_no_more_events_than_promised(rate):
    counts = []
    for seed in range(12):
        moving, rng = fitted(n=1000, seed=seed, rate=rate)
        scores = normal_scores(5000, rng)
        counts.append(events(scores, moving.limits(scores)))
    assert np.mean(counts) <= 5000 * rate + 3 * np.std(counts) / math.sqrt(len(counts))


def drifting(kind, n, rng):
    scores, t = normal_scores(n, rng), np.arange(n)
    if kind == "growth":
        return scores * np.exp(3 * t / n)
    if kind == "season":
        return scores * np.exp(np.sin(2 * np.pi * t / 2000))
    if kind == "random walk":
        return scores * np.exp(np.cumsum(rng.normal(scale=0.02, size=n)))
    if kind == "levels":
        return scores * np.exp(rng.normal(size=n)[t // 1000])
    if kind == "new level":
        return 8 * scores
    return scores ** np.linspace(1, 4, n)


KINDS = ["growth", "season", "random walk", "levels", "new level", "spread"]


@pytest.mark.parametrize("kind", KINDS)
def test_drift_raises_few_alarms_that_end(kind):
    flagged, counts, fixed = [], [], []
    for seed in range(4):
        moving, rng = fitted(seed=seed)
        scores = drifting(kind, 8000, rng)
        limits = moving.limits(scores)
        flagged.append((scores > limits).mean())
        counts.append(events(scores, limits))
        fixed.append((scores > moving.threshold).mean())
    assert np.mean(flagged) <= 0.03
    # The scores grow up to twentyfold, and the bar with them; what is clearly above the others is an alarm beside that.
    assert np.mean(counts) <= 8000 * 1e-3 + math.log2(1 + math.log(20) / moving.unit) + (kind == "spread") * 6
    assert np.mean(flagged) < 0.5 * np.mean(fixed)


@pytest.mark.parametrize("kind", [*KINDS, "adversary"])
@pytest.mark.parametrize(("seed", "form"), [(0, FORM), (1, FORM), (2, FORM), (0, FORMER_FORMS[-1])])
def test_the_number_of_events_is_bounded_for_any_scores(kind, seed, form):
    moving, rng = fitted(seed=seed, rate=2e-3)
    moving = MovingLimit(moving.threshold, moving.reference, 2e-3, GAP, unit=moving.unit, form=form)
    if kind == "adversary":
        # Each score is chosen just above its limit, as far as a ceiling allows, to raise an alarm again and again.
        stream, scores, limits = moving.stream(), [], []
        limit = moving.threshold
        for step in range(3000):
            scores.append(min(limit * 1.001, 1e6) if step % (GAP + 2) == 0 else 0.5)
            limits.append(stream.push(scores[-1:])[0])
            limit = limits[-1]
        scores, limits = np.array(scores), np.array(limits)
    else:
        scores = drifting(kind, 3000, rng)
        limits = moving.limits(scores)
    # The bar is what the limit has above the scale, which no score can exceed by more than its own height.
    highest = math.log(max(scores.max(), moving.threshold) / min(scores.min(), moving.reference.min()))
    rate = form.second_fall or 2e-3
    bound = rate * 3000 + math.log2(1 + highest / (form.rise * moving.unit)) + 1
    assert events(scores, limits) <= bound


@pytest.mark.parametrize("length", [1, 20, 100, 300, 390])
def test_an_anomaly_does_not_hide_itself(length):
    moving, rng = fitted()
    scores = normal_scores(3000, rng)
    scores[1500 : 1500 + length] = 6 * moving.threshold
    alarms = scores > moving.limits(scores)
    assert alarms[1500 : 1500 + length].all()


@pytest.mark.parametrize(("start", "excess"), [(1700, 8), (2900, 3), (1500, 8)])
def test_nor_does_it_hide_the_next_one_for_long_or_a_larger_one(start, excess):
    moving, rng = fitted(n=MEMORY)
    scores = normal_scores(4000, rng)
    scores[1000:1300] = moving.threshold * math.exp(8 * moving.unit)
    scores[start : start + 20] = moving.threshold * math.exp(excess * moving.unit)
    alarms = scores > moving.limits(scores)
    assert alarms[1000:1300].all()
    assert alarms[start : start + 20].any()


@pytest.mark.parametrize("between", [400, 1200, 1600])
@pytest.mark.parametrize("length", [20, 100, 300])
@pytest.mark.parametrize("excess", [3, 8, 20])
@pytest.mark.parametrize("seed", range(3))
def test_an_event_hides_no_later_one_of_equal_size(between, length, excess, seed):
    moving, rng = fitted(n=MEMORY, seed=seed, rate=2e-4)
    scores = normal_scores(1500 + between, rng)
    for start in (1000, 1000 + between):
        scores[start : start + length] = moving.threshold * math.exp(excess * moving.unit)
    alarms = scores > moving.limits(scores)
    assert alarms[1000 : 1000 + length].any()
    assert alarms[1000 + between : 1000 + between + length].any()


def frequent_faults(rng, moving, n=12_000, every=600, excess=8):
    """Return scores of faults of up to 150 steps that exceed the limit by so many units, and their places."""
    scores, places = normal_scores(n, rng), []
    for start in range(500, n - 200, every):
        length = int(rng.integers(10, 150))
        places.append(slice(start, start + length))
        scores[places[-1]] = moving.threshold * math.exp(excess * moving.unit)
    return scores, places


@pytest.mark.parametrize("every", [500, 1200])
@pytest.mark.parametrize("excess", [7, 15])
def test_frequent_faults_hide_no_later_one(every, excess):
    moving, rng = fitted(n=MEMORY, rate=2e-4)
    scores, places = frequent_faults(rng, moving, every=every, excess=excess)
    found = {}
    for form in (FORM, FORMER_FORMS[-1]):
        rule = MovingLimit(moving.threshold, moving.reference, 2e-4, GAP, unit=moving.unit, form=form)
        alarms = scores > rule.limits(scores)
        found[form] = np.mean([alarms[place].any() for place in places])
        assert events(scores, rule.limits(scores)) <= len(places) + 1
    assert found[FORM] >= 0.95
    assert found[FORMER_FORMS[-1]] < (0.6 if excess < 10 else 0.9)


def test_scores_that_windows_raise_around_two_faults_are_not_the_new_normal():
    moving, rng = fitted(n=MEMORY, rate=2e-4)
    scores, causes = normal_scores(4000, rng), np.ones(4000, bool)
    for start in (1000, 1300, 2600):
        around = slice(start - 200, start + 250)
        scores[around] = np.maximum(scores[around], moving.threshold * math.exp(3 * moving.unit))
        causes[around] = False
    for start in (1000, 1300, 2600):
        scores[start : start + 50] = moving.threshold * math.exp(8 * moving.unit)
        causes[start : start + 50] = True
    alarms = (scores > moving.stream().push(scores, causes)) & causes
    assert [bool(alarms[start : start + 50].any()) for start in (1000, 1300, 2600)] == [True] * 3
    assert not alarms[3000:].any()


def test_the_limit_of_an_event_is_that_of_its_start_but_for_a_slow_climb():
    moving, rng = fitted()
    scores = normal_scores(1500, rng)
    scores[1000:1100] = 6 * moving.threshold
    limits = np.log(moving.limits(scores))
    assert limits[1000:1100] - limits[1000] == pytest.approx(np.arange(100) * moving.unit * FORM.climb, abs=1e-9)
    # Another event has to exceed it by more.
    assert limits[1100 + 2 * GAP] - limits[1000] > moving.unit


@pytest.mark.parametrize("excess", [0.5, 40])
def test_an_event_lasts_as_long_as_its_excess_is_large(excess):
    moving, rng = fitted()
    scores = normal_scores(3000, rng)
    scores[1500:1850] = moving.limits(scores)[1500] * math.exp(excess * moving.unit)
    alarms = (scores > moving.limits(scores))[1500:1850]
    assert alarms.all() if excess > 1 else 30 < alarms.sum() <= 150


def test_steps_in_alarm_are_few_in_the_long_run_for_any_scores():
    moving, rng = fitted()
    # Always far above the limit, which climbs as slowly as it may, for less than a run lasts.
    stream, n_alarms, n = moving.stream(), 0, 30_000
    highest = 40 * moving.threshold
    for _ in range(n // 500):
        scores = np.r_[np.full(390, highest), normal_scores(110, rng)]
        n_alarms += int((scores > stream.push(scores)).sum())
    bar = math.log(highest / min(moving.reference.min(), 0.01))
    assert n_alarms <= 0.24 * n + 67 * bar / moving.unit


def test_the_rule_of_earlier_versions_raises_the_limit_at_once():
    moving, rng = fitted()
    former = MovingLimit(moving.threshold, moving.reference, moving.rate, GAP, form=FORMER_FORMS[0])
    scores = normal_scores(1500, rng)
    scores[1000:1100] = 6 * moving.threshold
    limits = np.log(former.limits(scores))
    assert limits[1001] - limits[1000] > 0.2


@pytest.mark.parametrize("form", [FORM, *FORMER_FORMS])
def test_a_new_level_at_the_start_becomes_normal_at_once(form):
    moving, rng = fitted()
    moving = MovingLimit(moving.threshold, moving.reference, moving.rate, GAP, unit=moving.unit, form=form)
    scores = 10 * normal_scores(4000, rng)
    assert (scores > moving.limits(scores)).sum() <= 100


@pytest.mark.parametrize(("start", "most"), [(100, 0.02), (1500, 0.01)])
def test_a_new_level_becomes_normal_after_a_while_later(start, most):
    moving, rng = fitted()
    scores = normal_scores(4000, rng)
    scores[start:] *= 10
    alarms = scores > moving.limits(scores)
    assert 250 <= alarms[start : start + 450].sum() <= 450
    assert alarms[start + 450 :].mean() < most


def test_a_gap_ends_the_run_and_the_event():
    moving, rng = fitted()
    before, after = normal_scores(1000, rng), normal_scores(500, rng)
    before[-5:] = after[:5] = 5 * moving.threshold
    stream = moving.stream()
    stream.push(before)
    whole = stream.push(after)
    stream = moving.stream()
    stream.push(before)
    stream.restart()
    restarted = stream.push(after)
    # An event that goes on has the limit of its start, and a new one has that of an event before it.
    assert restarted[0] > whole[0] * math.exp(0.9 * moving.unit)


@pytest.mark.parametrize("threshold", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_scores_that_do_not_vary(value, threshold):
    moving = MovingLimit(max(threshold, value), np.full(100, value))
    scores = np.full(500, value)
    limits = moving.limits(scores)
    assert np.isfinite(limits).all()
    assert not (scores > limits).any()
    scores[250] = 5.0
    assert np.flatnonzero(scores > moving.limits(scores)).tolist() == [250]


def test_an_infinite_score_is_an_alarm_and_no_more():
    moving, rng = fitted()
    scores = normal_scores(300, rng)
    plain = moving.limits(scores)
    scores[100] = np.inf
    limits = moving.limits(scores)
    assert np.isfinite(limits).all()
    assert limits[299] < math.exp(1.1 * FORM.rise * moving.unit) * plain[299]


def test_an_equal_limit_comes_from_what_it_keeps():
    moving, rng = fitted(n=MEMORY + 100)
    assert len(moving.reference) == MEMORY
    scores = normal_scores(200, rng)
    copy = MovingLimit(moving.threshold, moving.reference, moving.rate, moving.gap, unit=moving.unit)
    np.testing.assert_array_equal(copy.limits(scores), moving.limits(scores))


def test_streams_do_not_share_their_state():
    moving, rng = fitted()
    scores = normal_scores(200, rng)
    first, second = moving.stream(), moving.stream()
    pairs = [(first.push(scores[i : i + 1])[0], second.push(scores[i : i + 1])[0]) for i in range(50)]
    assert all(a == b for a, b in pairs)
    assert first.push([]).shape == (0,)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"threshold": -1}, "threshold must be a number of at least 0; found -1"),
        ({"threshold": math.nan}, "threshold must be"),
        ({"rate": 1}, "rate must be"),
        ({"gap": 0}, "gap must be"),
        ({"counted": -1}, "counted must be"),
        ({"reference": []}, "reference"),
        ({"reference": [1.0, math.nan]}, "reference"),
    ],
)
def test_arguments(changed, message):
    with pytest.raises(ValueError, match=message):
        MovingLimit(**{"threshold": 1.0, "reference": [1.0, 2.0], **changed})


def test_memory_is_bounded():
    moving, rng = fitted()
    stream = moving.stream()
    for scores in itertools.repeat(normal_scores(1000, rng), 8):
        stream.push(scores)
    sizes = [len(value) for value in vars(stream).values() if hasattr(value, "__len__")]
    assert max(sizes) <= MEMORY
